"use strict";
// Pareto fronts of the global and of the local search: any metric against any other.

/// `spec`: {id, title, caption, rows, table, objectives, colourOf?(row) -> CSS colour, legend?: entries, kept?() -> flags, marked: [{row, label}]}.
snac.frontFigure = (spec) => {
  const { rows, table, objectives } = spec;
  if (rows.length === 0) return snac.figure({ id: spec.id, title: spec.title, empty: spec.empty });
  const metrics = snac.metricsOf(table, objectives);
  const costs = objectives.filter((m) => m !== "accuracy");
  let yMetric = metrics.includes("accuracy") ? "accuracy" : metrics[0];
  let xMetric = metrics.includes("lut") && spec.preferLut ? "lut" : costs.find((m) => metrics.includes(m)) || metrics.find((m) => m !== yMetric) || yMetric;
  let log = null, whole = false, logBox = null;
  const onFront = new Set(snac.front(snac.costs(rows, objectives.filter((m) => m in table.values))));
  const frontName = `Pareto front of ${objectives.map(snac.nameOf).join(", ")}`;
  const value = (row, m) => snac.shown(m, row.values[m]);

  snac.figure({
    id: spec.id, title: spec.title, caption: spec.caption,
    controls: (box, redraw) => {
      const options = metrics.map((m) => [m, snac.nameOf(m)]);
      snac.choice(box, "horizontal", options, xMetric, (m) => { xMetric = m; log = null; redraw(); });
      snac.choice(box, "vertical", options, yMetric, (m) => { yMetric = m; redraw(); });
      logBox = snac.tick(box, "logarithmic", false, (on) => { log = on; redraw(); });
      snac.tick(box, "whole range", false, (on) => { whole = on; redraw(); });
    },
    draw: (svg, width, figure) => {
      const all = rows.filter((r) => value(r, xMetric) !== null && value(r, yMetric) !== null && value(r, xMetric) !== undefined && value(r, yMetric) !== undefined);
      const entries = spec.colourOf ? [...spec.legend, [`filled: ${frontName}`, "dot", "var(--quiet)"]] : [[frontName, "dot", "var(--c0)"], ["other networks", "dot", "var(--dim)"]];
      if (!spec.colourOf && spec.marked.length > 0) entries.push([spec.markedName, "hollow", "var(--c1)"]);
      if (spec.colourOf && spec.marked.length > 0) entries.push([spec.markedName, "star", "var(--ink)"]);
      const base = snac.data.baseline, baseX = base && snac.shown(xMetric, base[xMetric]), baseY = base && yMetric === "accuracy" ? 100 * base.validation_accuracy : null;
      if (baseY !== null) entries.push(["baseline (float, validation)", baseX ? "diamond" : "dashes", "var(--c1)"]);
      const top = snac.legend(svg, entries, 0, 12, width) + 34;
      const box = { left: 58, top, right: width - 14, bottom: top + Math.max(260, Math.min(440, width * 0.5)) };
      // The front and most of the others, unless all is asked for: a few failures would squeeze what matters into a corner.
      const every = all.map((r) => value(r, yMetric)).sort(d3.ascending), near = all.filter((r) => onFront.has(r.index)).map((r) => value(r, yMetric));
      const ys = (whole || near.length < 3 ? every : near.concat(d3.quantile(every, 0.1), d3.quantile(every, 0.9))).concat(baseY !== null ? [baseY] : []);
      const [yLow, yHigh] = snac.padded(ys, 0.07), shown = all.filter((r) => value(r, yMetric) >= yLow && value(r, yMetric) <= yHigh);
      const xs = shown.map((r) => value(r, xMetric)).concat(baseX ? [baseX] : []);
      const useLog = (log === null ? snac.logarithmic(xs) : log) && d3.min(xs) > 0;
      const x = useLog ? d3.scaleLog().domain([d3.min(xs) * 0.93, d3.max(xs) * 1.07]) : d3.scaleLinear().domain(snac.padded(xs, 0.03));
      x.range([box.left, box.right]);
      const y = d3.scaleLinear().domain([yLow, yHigh]).range([box.bottom, box.top]);
      logBox.checked = useLog;
      snac.axes(svg, x, y, box, { xLabel: snac.axisOf(xMetric), yLabel: snac.axisOf(yMetric) });
      const kept = spec.kept ? spec.kept() : null;
      const points = shown.map((row) => ({ row, px: x(value(row, xMetric)), py: y(value(row, yMetric)), tip: () => snac.describe(row, metrics) }));
      const visible = kept ? points.filter((p) => kept[p.row.index]) : points;
      const front = visible.filter((p) => onFront.has(p.row.index)), rest = visible.filter((p) => !onFront.has(p.row.index));

      // The edge of the dominated region in this view.
      const edge = snac.front(snac.costs(visible.map((p) => p.row), [xMetric, yMetric])).map((i) => visible[i]).sort((a, b) => a.px - b.px);
      if (edge.length > 1 && xMetric !== yMetric) {
        const step = snac.maximised(xMetric) ? d3.curveStepBefore : d3.curveStepAfter;
        svg.append("path").attr("class", "trace edge").attr("stroke", spec.colourOf ? "var(--quiet)" : "var(--c0)").attr("stroke-opacity", 0.55).attr("stroke-width", 1.5)
          .attr("d", d3.line().x((p) => p.px).y((p) => p.py).curve(step)(edge));
      }
      if (baseY !== null) {
        if (baseX) svg.append("path").attr("class", "mark").attr("fill", "var(--c1)").attr("transform", `translate(${x(baseX)},${y(baseY)})`).attr("d", d3.symbol().type(d3.symbolDiamond).size(110)());
        else svg.append("line").attr("x1", box.left).attr("x2", box.right).attr("y1", y(baseY)).attr("y2", y(baseY)).attr("stroke", "var(--c1)").attr("stroke-width", 1.5).attr("stroke-dasharray", "6 4");
      }
      const many = rest.length > 1500;
      if (spec.colourOf) {
        for (const [colour, group] of d3.nest().key((p) => spec.colourOf(p.row)).entries(rest).map((g) => [g.key, g.values]))
          svg.append("g").selectAll("circle").data(group).enter().append("circle").attr("cx", (p) => p.px).attr("cy", (p) => p.py).attr("r", 3.5)
            .attr("fill", "var(--paper)").attr("stroke", colour).attr("stroke-width", 1.5).attr("stroke-opacity", 0.75);
      } else {
        snac.dots(svg, rest, many ? 1.8 : 3, "var(--dim)", many ? 0.45 : 0.75);
      }
      svg.append("g").attr("class", "front").selectAll("circle").data(front).enter().append("circle").attr("class", "mark").attr("r", 5)
        .attr("cx", (p) => p.px).attr("cy", (p) => p.py).attr("fill", (p) => (spec.colourOf ? spec.colourOf(p.row) : "var(--c0)"));
      const places = [];
      for (const { row, label } of spec.marked) {
        const point = visible.find((p) => p.row === row);
        if (!point) continue;
        if (spec.colourOf) svg.append("path").attr("class", "mark").attr("fill", "var(--ink)").attr("transform", `translate(${point.px},${point.py})`).attr("d", d3.symbol().type(d3.symbolStar).size(130)());
        else svg.append("circle").attr("cx", point.px).attr("cy", point.py).attr("r", 8).attr("fill", "none").attr("stroke", "var(--c1)").attr("stroke-width", 2);
        const text = svg.append("text").attr("class", "halo strong").text(label);
        snac.place(text, point, box, places, visible.length < 1500 ? visible : front);
      }
      if (all.length > shown.length) svg.append("text").attr("class", "quiet halo").attr("x", box.right - 6).attr("y", box.bottom - 8).attr("text-anchor", "end").text(`${snac.number(all.length - shown.length)} of ${snac.number(all.length)} networks lie outside`);
      if (kept && visible.length === 0) svg.append("text").attr("class", "quiet").attr("x", (box.left + box.right) / 2).attr("y", (box.top + box.bottom) / 2).attr("text-anchor", "middle").text("nothing matches the filter");
      const reference = baseX && baseY !== null ? [{ px: x(baseX), py: y(baseY), tip: () => `baseline (float)  ${base.network || ""}\naccuracy: ${snac.text("accuracy", base.validation_accuracy)}, validation\n${snac.nameOf(xMetric)}: ${snac.text(xMetric, base[xMetric])}` }] : [];
      snac.tips(figure, visible.concat(reference), front.length > 0 ? front : visible);
      return box.bottom + 46;
    },
    table: () => [["name", "network", "on_front", ...(rows[0].precision ? ["precision"] : []), ...Object.keys(table.values), "resource_source"],
      ...rows.map((r) => [r.name, r.network, onFront.has(r.index) ? 1 : 0, ...(r.precision ? [r.precision] : []), ...Object.keys(table.values).map((m) => r.values[m]), r.source])],
  });
  return onFront;
};

{
  const chosen = new Set(snac.data.models.trial), measured = "float_accuracy" in snac.data.trials.values;
  snac.searchFront = snac.frontFigure({
    id: "search-front", title: "Networks of the global search",
    caption: (measured ? "Each point is a trained network, briefly compressed: accuracy is that of its integers, resources are counted on its circuit."
      : "Each point is a trained network, before compression; resources are estimates.") + " The line is the edge of what was reached in the two metrics shown.",
    empty: "No trial has ended well yet.",
    rows: snac.trials, table: snac.data.trials, objectives: snac.data.objectives, kept: snac.kept,
    marked: snac.trials.filter((r) => chosen.has(r.name)).map((row) => ({ row, label: row.name })), markedName: "taken into the local search",
  });

  const models = snac.models = snac.rowsOf(snac.data.models);
  const bitsOf = (p) => (p.match(/\d+/g) || []).reduce((sum, n) => sum + Number(n), 0);
  snac.precisions = [...new Set(models.map((m) => m.precision))].sort((a, b) => bitsOf(b) - bitsOf(a));
  snac.colourOfPrecision = (precision) => `var(--c${snac.precisions.indexOf(precision) % 6})`;
  const hardware = new Set(snac.data.hardware.map((h) => h.name));
  snac.modelFront = snac.frontFigure({
    id: "model-front", title: "Compressed networks",
    caption: "Quantised and pruned networks; accuracy is that of the integers on the validation rows, resources are counted on the circuit of each.",
    empty: snac.notYet("The local search has not begun."),
    rows: models, table: snac.data.models, objectives: snac.data.compressed_objectives, preferLut: true,
    colourOf: (row) => snac.colourOfPrecision(row.precision),
    legend: snac.precisions.map((p) => [snac.bits(p), "dot", snac.colourOfPrecision(p)]),
    marked: models.filter((r) => hardware.has(r.name)).map((row) => ({ row, label: row.name })), markedName: "made hardware",
  });
}
