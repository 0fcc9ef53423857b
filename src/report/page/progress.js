"use strict";
// Search progress: the dominated share of the objectives' box, against trials and against training time.
{
  const rows = snac.trials, objectives = snac.data.objectives.filter((m) => m in snac.data.trials.values);
  let steps = null;
  const seconds = rows.reduce((sums, r) => (sums.push((sums[sums.length - 1] || 0) + r.seconds), sums), []);
  const curve = () => (steps = steps || snac.progress(rows, objectives));
  const total = seconds.length > 0 ? seconds[seconds.length - 1] : 0;
  const [unit, size] = total > 7200 ? ["h", 3600] : total > 300 ? ["min", 60] : ["s", 1];
  const figure = (id, title, caption, name, at, end) => snac.figure({
    id, title, caption, empty: "No trial has ended well yet.",
    draw: rows.length === 0 || objectives.length === 0 ? null : (svg, width, owner) => {
      const box = { left: 58, top: 30, right: width - 14, bottom: 270 };
      const points = curve();
      const x = d3.scaleLinear().domain([0, end()]).range([box.left, box.right]), y = d3.scaleLinear().domain([0, Math.min(1, d3.max(points, (p) => p.volume) * 1.08) || 1]).range([box.bottom, box.top]);
      snac.axes(svg, x, y, box, { xLabel: name, yLabel: "hypervolume (share of the box)" });
      const last = points[points.length - 1];
      const line = points.map((p) => ({ px: x(at(p.index)), py: y(p.volume), tip: () => `after ${snac.number(p.index + 1)} networks, ${snac.number(seconds[p.index] / size)} ${unit} of training\nhypervolume ${p.volume.toFixed(4)}` }));
      svg.append("path").attr("class", "trace").attr("stroke", "var(--c0)")
        .attr("d", d3.line().x((p) => p.px).y((p) => p.py).curve(d3.curveStepAfter)([...line, { px: x(end()), py: y(last.volume) }]));
      snac.dots(svg, line, 2.5, "var(--c0)", 1);
      snac.tips(owner, line);
      return box.bottom + 46;
    },
    table: () => [["networks", "training_seconds", "hypervolume"], ...curve().map((p) => [p.index + 1, seconds[p.index], p.volume])],
  });
  const names = objectives.map(snac.nameOf).join(", ");
  figure("progress-trials", "Search progress by trials", `What the front dominates of the box between the best and the worst ${names} of all networks.`, "trained networks", (i) => i + 1, () => rows.length);
  figure("progress-time", "Search progress by training time", "The same against the training time of all networks added up; each trains on one thread, several at once.",
    `training time / ${unit}`, (i) => seconds[i] / size, () => total / size);
}
