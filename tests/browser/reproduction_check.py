#!/usr/bin/env python3
"""Looks at the page of a reproduced experiment in a headless Chromium: reproduction_check.py PAGE [--screenshot FILE]

Exit code 0: all good; 1: the faults on standard error; 77: no browser here.
"""
import argparse
import sys

import report_check
from report_check import check, colours_can_be_read, everything_has_a_name, labels_do_not_cover_each_other, quiet, tip

FIGURES = ["figure-1", "figure-2", "figure-3", "figure-4"]


def figures_say_what_the_data_say(browser):
    for name, kinds in zip(FIGURES, (["accuracy", "nac"], ["snac_pack", "circuit"], ["snac_pack", "circuit"], None)):
        rows = browser.run("return snac.figures.get(arguments[0]).spec.table().slice(1)", name)
        wanted = browser.run("""const kinds = arguments[0]; return kinds === null ? d3.sum(snac.data.parts, (p) => p.models.length)
            : d3.sum(snac.data.parts.filter((p) => kinds.includes(p.part)), (p) => p.trials.name.length) + snac.data.published.global.length""", kinds)
        check(len(rows) == wanted, f"{name}: {len(rows)} rows, {wanted} in the data")
        if kinds:
            chosen = [row for row in rows if row[-1] == 1]
            check(len(chosen) == len(kinds) * browser.run("return snac.data.seeds.length"), f"{name}: {len(chosen)} networks are marked as chosen")
    stars = browser.run("return [...document.querySelectorAll('#figure-1 path.mark')].length")
    check(stars >= 2 + 4, f"figure-1: {stars} marks for two chosen and four published networks")
    browser.run("document.querySelector('#figure-1 input').click()")
    fewer = browser.run("return [...document.querySelectorAll('#figure-1 path.mark')].length")
    check(fewer == stars - 4, "the published networks cannot be hidden")
    browser.run("document.querySelectorAll('#figure-1 input').forEach((i) => i.click())")


def keys_walk(browser):
    browser.run("document.querySelector('#figure-4 svg').focus()")
    browser.press("ArrowRight")
    check("accuracy" in tip(browser), "arrow keys say nothing")
    browser.press("Escape")


def look(browser, arguments):
    browser.dark(False)
    browser.size(1280, 900)
    browser.open(arguments.page)
    quiet(browser, "loading")
    check(browser.run("return performance.getEntriesByType('resource').length") == 0, "the page asks for other files")
    report_check.FIGURES = FIGURES
    browser.run("document.documentElement.style.scrollBehavior = 'auto'; snac.drawAll()")
    report_check.marks_are_somewhere(browser, [])
    if arguments.screenshot:
        browser.screenshot(arguments.screenshot)
    figures_say_what_the_data_say(browser)
    keys_walk(browser)
    everything_has_a_name(browser)
    report_check.figures_can_be_saved(browser, [])
    colours_can_be_read(browser, "light")
    browser.click("#theme")
    colours_can_be_read(browser, "dark")
    for width in (390, 1280):
        browser.size(width, 844, width < 500)
        browser.wait("return [...snac.figures.values()].every((f) => f.width === 0 || Math.abs(f.root.clientWidth - f.room) <= 1)")
        check(browser.run("return document.documentElement.scrollWidth") <= width, f"wider than a window of {width}")
        labels_do_not_cover_each_other(browser, f"{width} wide")
    quiet(browser, "in use")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("page")
    parser.add_argument("--screenshot", help="also write a picture of the page")
    arguments = parser.parse_args()
    return report_check.run_check(look, arguments)


if __name__ == "__main__":
    sys.exit(main())
