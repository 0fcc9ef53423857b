#!/usr/bin/env python3
"""The picture of the README out of a study's page: bench/report/figure.py runs/jets_quick/report.html docs/figures/report.png"""
import base64
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "browser"))
from webdriver import Browser  # noqa: E402

WIDTH = 1240
# Two columns: three figures and, in the last place, two that are flat.
ARRANGE = """
const page = document.querySelector('main'), grid = document.createElement('div'), last = document.createElement('div');
const figures = ['search-front', 'model-front', 'roc', 'pipeline', 'layers'].map((id) => document.getElementById(id));
page.replaceChildren(grid);
document.querySelectorAll('header, footer').forEach((e) => e.remove());
grid.className = 'figures';
grid.style.gap = '1.2rem 2.5rem';
last.style.minWidth = 0;
figures.slice(3).forEach((f) => { f.style.marginBottom = '1.2rem'; last.append(f); });
grid.append(...figures.slice(0, 3), last);
document.body.style.padding = '14px 20px';
figures.forEach((f) => {
  f.classList.remove('wide');
  f.querySelectorAll('figcaption, .controls, .saves').forEach((e) => e.remove());
  snac.redraw(f.id);
});
"""


def main():
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    with Browser() as browser:
        browser.size(WIDTH, 900)
        browser.dark(False)
        browser.open(sys.argv[1])
        browser.run(ARRANGE)
        time.sleep(0.5)  # for the observers of sizes
        box = {"x": 0, "y": 0, "width": WIDTH, "height": browser.run("return document.querySelector('main').getBoundingClientRect().bottom") + 14, "scale": 1}
        answer = browser.devtools("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": box})
        pathlib.Path(sys.argv[2]).write_bytes(base64.b64decode(answer["data"]))


if __name__ == "__main__":
    main()
