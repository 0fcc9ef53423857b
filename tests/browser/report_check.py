#!/usr/bin/env python3
"""Looks at a report in a headless Chromium as a user does: report_check.py PAGE FRONT_CSV [--empty FIGURE...]

PAGE is what 'snac report' wrote, FRONT_CSV what 'snac front --csv' says of the same study; --empty names figures that have nothing to show.
Exit code 0: all good; 1: the faults on standard error; 77: no browser here.
"""
import argparse
import csv
import itertools
import random
import sys
import xml.etree.ElementTree

from webdriver import Browser, Unavailable

FIGURES = ["search-front", "progress-trials", "progress-time", "model-front", "pruning", "confusion", "roc", "layers", "estimates", "search-estimates", "pipeline",
           "importance", "parallel"]
faults = []


def check(good, fault):
    if not good:
        faults.append(fault)


def quiet(browser, when):
    for message in browser.console():
        faults.append(f"{when}: console: {message['message']}")


def tip(browser):
    return browser.run("const t = document.getElementById('tip'); return t.hidden ? '' : t.textContent")


def centre(browser, selector):
    """Of an element in the window, after it was scrolled into view."""
    return browser.run("""const e = document.querySelector(arguments[0]); e.scrollIntoView({block: 'center', behavior: 'instant'});
        const r = e.getBoundingClientRect(); return [r.left + r.width / 2, r.top + r.height / 2]""", selector)


def figures_are_drawn(browser, empty):
    check(browser.wait("return snac.figures.get('search-front').width > 0") if "search-front" not in empty else True, "the first figure is not drawn by itself")
    browser.run("snac.drawAll()")
    marks_are_somewhere(browser, empty)


def marks_are_somewhere(browser, empty):
    for name in FIGURES:
        marks, text, message = browser.run("""const f = document.getElementById(arguments[0]), s = f.querySelector('svg');
            return [s ? s.querySelectorAll('path, circle, rect, line').length : 0, s ? s.outerHTML : '', (f.querySelector('.empty') || {}).textContent || '']""", name)
        if name in empty:
            check(marks == 0 and message, f"{name}: drawn, or no word why not")
            continue
        check(marks > 5, f"{name}: {marks} marks, {message!r}")
        check("NaN" not in text and "undefined" not in text and "Infinity" not in text, f"{name}: a mark without a place")
        check(browser.run("return Number(document.querySelector(arguments[0]).getAttribute('height'))", f"#{name} svg") > 60, f"{name}: flat")


def labels_do_not_cover_each_other(browser, where):
    """Ticks, names of axes, legends."""
    hits = browser.run("""
        const hits = [];
        for (const svg of document.querySelectorAll('figure svg')) {
          const groups = [[...svg.querySelectorAll('.tick text, .legend text, .x-name, .y-name')]];
          for (const group of groups) {
            const boxes = group.map((t) => [t.getBoundingClientRect(), t.textContent]).filter(([b]) => b.width > 0);
            for (let i = 0; i < boxes.length; ++i) for (let j = i + 1; j < boxes.length; ++j) {
              const [a, ta] = boxes[i], [b, tb] = boxes[j];
              if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 2 && b.top < a.bottom - 2) hits.push(`${svg.parentNode.id}: ${ta} | ${tb}`);
            }
          }
        }
        return hits""")
    for hit in hits:
        faults.append(f"{where}: labels overlap: {hit}")


def hovering_shows_what_a_point_is(browser):
    x, y = centre(browser, "#search-front .front circle")
    browser.point(x, y)
    text = browser.wait("const t = document.getElementById('tip'); return t.hidden ? '' : t.textContent", 3) or ""
    for part in ["m", "accuracy: ", "resources: "]:
        check(part in text, f"tip of a point lacks {part!r}: {text!r}")
    browser.point(2, 2)
    check(tip(browser) == "", "the tip stays when the pointer has left")


def keys_walk_along_the_front(browser):
    browser.run("document.querySelector('#search-front svg').focus()")
    seen = []
    for _ in range(2):
        browser.press("ArrowRight")
        seen.append(tip(browser))
    check(seen[0] and (seen[0] != seen[1] or browser.run("return snac.searchFront.size") == 1), f"arrow keys do not walk: {seen}")
    check("accuracy" in browser.run("return document.getElementById('live').textContent"), "nothing is said to a screen reader")
    browser.press("Escape")
    check(tip(browser) == "", "Escape does not hide the tip")


def filters_work(browser):
    count = "return document.getElementById('filter-count').textContent"
    drawn = "return snac.kept().filter(Boolean).length"
    total = browser.run("return snac.trials.length")
    limit = browser.run("return d3.median(snac.trials, (r) => r.values.lut)")
    browser.type("#filter", f"lut<={limit}")
    browser.wait(count)
    kept = browser.run(drawn)
    check(kept == browser.run("return snac.trials.filter((r) => r.values.lut <= arguments[0]).length", limit), "the condition keeps the wrong networks")
    check(browser.run(count).startswith(f"{kept} of {total}"), f"count: {browser.run(count)!r}")
    check(browser.run("return document.querySelectorAll('#search-front .front circle').length") <= kept, "filtered networks are still drawn")
    browser.type("#filter", "nosuchnetwork")
    check(browser.wait("return document.querySelector('#search-front svg').textContent.includes('nothing matches')"), "an empty filter result is not said")
    browser.run("const f = document.getElementById('filter'); f.value = ''; f.dispatchEvent(new Event('input'))")
    browser.wait(f"return {drawn[7:]} === {total}")
    # The upper half of the accuracy axis.
    box = browser.run("""const a = [...document.querySelectorAll('#parallel .axis')].find((g) => g.textContent.includes('accuracy'));
        a.scrollIntoView({block: 'center', behavior: 'instant'}); const r = a.querySelector('.brush .overlay').getBoundingClientRect();
        return [r.left + r.width / 2, r.top, r.height]""")
    browser.drag(box[0], box[1] + 2, box[0], box[1] + box[2] / 2)
    browser.wait(count)
    kept = browser.run(drawn)
    check(0 < kept < total, f"brushing an axis keeps {kept} of {total}")
    check(browser.run("return snac.trials.filter((r, i) => snac.kept()[i]).every((r) => snac.trials.every((q, j) => snac.kept()[j] || q.values.accuracy <= r.values.accuracy))"),
          "brushing does not keep the most accurate")
    browser.run("snac.filter.ranges.clear(); snac.filterChanged()")


def axes_can_be_chosen(browser):
    name = "return document.querySelector('#search-front .x-name').textContent"
    before = browser.run(name)
    browser.run("const s = document.querySelector('#search-front select'); s.value = 'macs'; s.dispatchEvent(new Event('change'))")
    check(browser.run(name) == "multiply-accumulates" and before != browser.run(name), f"the horizontal axis stays {before!r}")
    browser.run("document.querySelectorAll('#search-front input').forEach((i) => i.click())")


def the_front_is_that_of_the_program(browser, front_csv):
    with open(front_csv, newline="", encoding="utf-8") as file:
        wanted = sorted(row["name"] for row in csv.DictReader(file))
    shown = sorted(browser.run("return snac.trials.filter((r) => snac.searchFront.has(r.index)).map((r) => r.name)"))
    check(shown == wanted, f"front: the page shows {shown}, snac front {wanted}")


def volumes_are_exact(browser):
    cells = 8
    generator = random.Random(5)
    for dimensions in (1, 2, 3, 4):
        points = [[generator.randrange(cells + 1) for _ in range(dimensions)] for _ in range(6)]
        counted = sum(any(all(v >= p for v, p in zip(cell, point)) for point in points) for cell in itertools.product(range(cells), repeat=dimensions))
        got = browser.run("return snac.hypervolume(arguments[0], arguments[1])", points, [cells] * dimensions)
        check(abs(got - counted) < 1e-9, f"hypervolume of {points}: {got}, counted {counted}")
    # Groups explain all, nothing (a value below zero is none), and what cannot be said.
    check(browser.run("return snac.varianceShare(['a', 'a', 'b', 'b'], [1, 1, 2, 2])") == 1, "variance share of groups that explain all")
    check(browser.run("return snac.varianceShare(['a', 'b', 'a', 'b'], [1, 1, 2, 2])") == 0, "variance share of groups that explain nothing")
    check(browser.run("return snac.varianceShare(['a', 'a', null], [1, 2, 3])") is None, "variance share of one group")


def figures_can_be_saved(browser, empty):
    browser.run("window.saved = []; snac.download = (blob, name) => window.saved.push([blob.type, blob.size, name])")
    for name in FIGURES:
        if name in empty:
            continue
        picture = browser.run("return snac.picture(snac.figures.get(arguments[0]))", name)
        try:
            root = xml.etree.ElementTree.fromstring(picture)
            check(float(root.get("width")) > 200 and float(root.get("height")) > 100, f"{name}: small SVG")
        except xml.etree.ElementTree.ParseError as error:
            faults.append(f"{name}: SVG: {error}")
        check("var(--" not in picture.split("style=")[0], f"{name}: SVG needs the page's style sheet")
        for kind in ("SVG", "PNG", "CSV"):
            browser.run("[...document.querySelectorAll(`#${arguments[0]} .saves button`)].find((b) => b.textContent === arguments[1]).click()", name, kind)
        check(browser.wait("return window.saved.length === 3"), f"{name}: only {browser.run('return window.saved')} saved")
        for kind, least, ending in (("image/png", 5000, ".png"), ("image/svg+xml", 2000, ".svg"), ("text/csv", 20, ".csv")):
            check(browser.run("return window.saved.some(([t, size, n]) => t === arguments[0] && size > arguments[1] && n.endsWith(arguments[2]))", kind, least, ending),
                  f"{name}: no {kind} of some size: {browser.run('return window.saved')}")
        browser.run("window.saved = []")
        rows = list(csv.reader(browser.run("return snac.csv(snac.figures.get(arguments[0]).spec.table())", name).splitlines()))
        check(len(rows) > 1 and len({len(row) for row in rows}) == 1, f"{name}: ragged CSV")
        picture_has_colours = "stroke:" in picture or "fill:" in picture
        check(picture_has_colours, f"{name}: SVG without colours")


def everything_has_a_name(browser):
    nameless = browser.run("""return [...document.querySelectorAll('button, select, input, figure svg')].filter((e) =>
        !(e.getAttribute('aria-label') || e.getAttribute('aria-labelledby') || (e.labels && e.labels.length) || e.textContent.trim())).map((e) => e.outerHTML.slice(0, 80))""")
    check(not nameless, f"without a name: {nameless}")
    check(browser.run("return [...document.querySelectorAll('figure svg')].every((s) => s.getAttribute('role') === 'img' && document.getElementById(s.getAttribute('aria-labelledby')))"),
          "a figure is no labelled image")


def colours_can_be_read(browser, theme):
    """Contrast of text as WCAG 2 defines it: 4.5; marks against the paper: 3 (dim ones carry no meaning of their own)."""
    ratios = browser.run("""
        const style = getComputedStyle(document.documentElement);
        const light = (name) => { const c = d3.rgb(style.getPropertyValue(name).trim());
          const [r, g, b] = [c.r, c.g, c.b].map((v) => v / 255).map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
        const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
        return [['--ink', '--paper', 7], ['--quiet', '--paper', 4.5], ['--link', '--paper', 4.5], ['--ink', '--panel', 7], ['--quiet', '--panel', 4.5],
          ...[0, 1, 2, 3, 4].map((k) => ['--c' + k, '--paper', 3])].map(([a, b, least]) => [a, b, least, ratio(a, b)])""")
    for a, b, least, ratio in ratios:
        check(ratio >= least, f"{theme}: contrast of {a} on {b} is {ratio:.2f}, less than {least}")


def themes_and_sizes(browser):
    colour = "return getComputedStyle(document.body).backgroundColor"
    light = browser.run(colour)
    colours_can_be_read(browser, "light")
    browser.click("#theme")
    check(browser.run(colour) != light and browser.run("return document.getElementById('theme').getAttribute('aria-pressed')") == "true", "the button does not make it dark")
    colours_can_be_read(browser, "dark")
    browser.click("#theme")
    check(browser.run(colour) == light, "the button does not make it light again")
    for width in (390, 700, 1280):
        browser.size(width, 844, width < 500)
        browser.wait("return [...snac.figures.values()].every((f) => f.width === 0 || Math.abs(f.root.clientWidth - f.room) <= 1)")
        check(browser.run("return document.documentElement.scrollWidth") <= width, f"wider than a window of {width}")
        labels_do_not_cover_each_other(browser, f"{width} wide")
    browser.devtools("Emulation.setEmulatedMedia", {"media": "print"})
    check(browser.run("return getComputedStyle(document.querySelector('nav')).display") == "none", "links are printed")
    browser.devtools("Emulation.setEmulatedMedia", {"media": ""})


def settings_outlive_a_reload(browser, page):
    """As in a watched study."""
    browser.type("#filter", "relu")
    browser.wait("return document.getElementById('filter-count').textContent")
    browser.click("#theme")
    browser.open(page)
    check(browser.run("return document.getElementById('filter').value") == "relu" and browser.run("return snac.kept().filter(Boolean).length < snac.trials.length"),
          "the filter is lost with a reload")
    check(browser.run("return document.documentElement.dataset.theme") == "dark", "the colours are lost with a reload")


def paper_is_light(browser):
    colours = browser.run("""window.dispatchEvent(new Event('beforeprint')); const seen = [snac.isLight(), [...snac.figures.values()].every((f) => f.width > 0)];
        window.dispatchEvent(new Event('afterprint')); return [...seen, snac.isLight()]""")
    check(colours == [True, True, False], f"printing from dark: light, all drawn, light after it: {colours}")


def look(browser, arguments):
    browser.dark(False)
    browser.size(1280, 900)
    browser.open(arguments.page)
    quiet(browser, "loading")
    check(browser.run("return performance.getEntriesByType('resource').length") == 0, "the page asks for other files")
    check(browser.run("return typeof window.injected") == "undefined", "text of the study ran as a script")
    figures_are_drawn(browser, arguments.empty)
    if "search-front" not in arguments.empty:
        volumes_are_exact(browser)
        the_front_is_that_of_the_program(browser, arguments.front)
        hovering_shows_what_a_point_is(browser)
        keys_walk_along_the_front(browser)
        filters_work(browser)
        axes_can_be_chosen(browser)
    everything_has_a_name(browser)
    figures_can_be_saved(browser, arguments.empty)
    themes_and_sizes(browser)
    if "search-front" not in arguments.empty:
        settings_outlive_a_reload(browser, arguments.page)
        paper_is_light(browser)
    quiet(browser, "in use")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("page")
    parser.add_argument("front")
    parser.add_argument("--empty", nargs="*", default=[], choices=FIGURES)
    return run_check(look, parser.parse_args())


def run_check(look_at, arguments):
    """The exit code after looking at the page in a browser."""
    try:
        browser = Browser()
    except Unavailable as error:
        print(f"skipped: {error}; scripts/setup --test installs it", file=sys.stderr)
        return 77
    with browser:
        try:
            look_at(browser, arguments)
        except RuntimeError as error:
            faults.append(f"the page cannot be used: {error}")
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
