#!/usr/bin/env python3
"""How fast the page of a large study opens in a headless Chromium, and what the chart libraries of Debian take for the same points.

  cmake --preset bench && cmake --build --preset bench --target large_study snac
  bench/report/measure.py --build build/bench --output bench/results/report_page.json
Medians of several fresh windows; "usable" ends when the first figure stands and the browser has painted it, "all figures" when every one does.
Chart.js is compared if its package (libjs-chart.js) is installed: 10,000 points and axes, from opening to painted.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "browser"))
from webdriver import Browser  # noqa: E402

D3 = ["array", "axis", "collection", "color", "format", "interpolate", "time", "time-format", "scale", "selection", "path", "shape"]
POINTS = "const xs = [], ys = []; let s = 1; const r = () => (s = s * 48271 % 2147483647) / 2147483647; for (let i = 0; i < 10000; ++i) { xs.push(r()); ys.push(r()); }"
PAINTED = "requestAnimationFrame(() => setTimeout(() => { window.painted = performance.now(); }));"


def library_pages():
    js = pathlib.Path("/usr/share/javascript")
    nodejs = pathlib.Path("/usr/share/nodejs")
    d3 = [nodejs / f"d3-{m}/dist/d3-{m}.min.js" for m in D3]
    frame = "const g = d3.select('#c').append('svg').attr('width', 1100).attr('height', 600); const x = d3.scaleLinear().range([40, 1090]), y = d3.scaleLinear().range([560, 10]); g.append('g').attr('transform', 'translate(0,560)').call(d3.axisBottom(x)); g.append('g').attr('transform', 'translate(40,0)').call(d3.axisLeft(y));"
    return {
        "D3, one path": (d3, frame + "g.append('path').attr('stroke', '#888').attr('stroke-width', 5).attr('stroke-linecap', 'round').attr('d', xs.map((v, i) => `M${x(v).toFixed(1)},${y(ys[i]).toFixed(1)}h0`).join(''));" + PAINTED, True),
        "D3, an element per point": (d3, frame + "g.selectAll('circle').data(xs).enter().append('circle').attr('cx', (v) => x(v)).attr('cy', (v, i) => y(ys[i])).attr('r', 2.5);" + PAINTED, True),
        "Chart.js": ([js / "chart.js/chart.min.js"], "const c = document.querySelector('#c').appendChild(document.createElement('canvas')); new Chart(c, {type: 'scatter', data: {datasets: [{data: xs.map((x, i) => ({x, y: ys[i]}))}]}, options: {animation: false}});" + PAINTED, False),
    }


def opened(page, after, runs, settle=None):
    """Milliseconds from the start of loading until `after` gives a time, for each fresh window."""
    times = []
    for _ in range(runs):
        with Browser() as browser:
            browser.size(1280, 900)
            browser.open(page)
            times.append(browser.wait(after, 60))
            if settle:
                times[-1] = (times[-1], browser.run(settle))
            faults = [m["message"] for m in browser.console() if m["level"] == "SEVERE"]
            if faults or times[-1] is None:
                raise SystemExit(f"{page}: {faults or 'nothing was painted'}")
    return times


def machine():
    """As far as figures depend on it; no names."""
    lines = dict([part.strip() for part in line.split(":", 1)] for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if ":" in line)
    return {"vendor": lines.get("vendor_id"), "family": lines.get("cpu family"), "model": lines.get("model"), "cores": os.cpu_count(),
            "load_average": round(os.getloadavg()[0], 1)}


def summary(values):
    return {"median_ms": round(statistics.median(values)), "least_ms": round(min(values)), "most_ms": round(max(values))}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--trials", type=int, default=10000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--output", type=pathlib.Path)
    arguments = parser.parse_args()
    result = {"benchmark": "report_page", "trials": arguments.trials, "runs": arguments.runs, "machine": machine()}
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([arguments.build / "bench/report/large_study", folder, str(arguments.trials)], check=True)
        page = pathlib.Path(folder) / "report.html"
        start = time.monotonic()
        subprocess.run([arguments.build / "apps/snac/snac", "report", folder, "-o", page], check=True, stdout=subprocess.DEVNULL)
        result["writing_ms"] = round(1000 * (time.monotonic() - start))
        result["page_bytes"] = page.stat().st_size
        # The first figure is drawn when it comes near the window; the frame after that is painted.
        first = "return snac.figures.get('search-front').width > 0 ? new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(performance.now())))) : 0"
        rest = "const t = performance.now(); snac.drawAll(); return new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(performance.now() - t))))"
        times = opened(page, first, arguments.runs, rest)
        result["usable"] = summary([t[0] for t in times])
        result["all_figures"] = summary([t[0] + t[1] for t in times])
        with Browser() as browser:
            result["browser"] = browser.devtools("Browser.getVersion", {})["product"]
        result["libraries"] = []
        for name, (files, script, saves_svg) in library_pages().items():
            if not all(f.exists() for f in files):
                result["libraries"].append({"name": name, "skipped": "package not installed"})
                continue
            library = "\n".join(f.read_text(encoding="utf-8") for f in files)
            sample = pathlib.Path(folder) / "sample.html"
            sample.write_text(f"<!DOCTYPE html><meta charset='utf-8'><div id='c'></div><script>{library}</script><script>{POINTS}{script}</script>", encoding="utf-8")
            result["libraries"].append({"name": name, "bytes": len(library), "saves_svg": saves_svg, **summary(opened(sample, "return window.painted || 0", arguments.runs))})
    text = json.dumps(result, indent=1) + "\n"
    if arguments.output:
        arguments.output.write_text(text, encoding="utf-8")
    print(text, end="")


if __name__ == "__main__":
    main()
