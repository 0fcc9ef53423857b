"use strict";
// Local-search curves: accuracy against sparsity, a panel per network and a line per precision.
{
  const models = snac.models, networks = [...new Set(models.map((m) => m.trial))];
  snac.figure({
    id: "pruning", title: "Accuracy against sparsity",
    caption: "Every pruning round of every precision; accuracy of the integers on the validation rows.",
    empty: snac.notYet("The local search has not begun."),
    draw: models.length === 0 ? null : (svg, width, figure) => {
      const entries = snac.precisions.map((p) => [snac.bits(p), "line", snac.colourOfPrecision(p)]);
      const base = snac.data.baseline ? 100 * snac.data.baseline.validation_accuracy : null;
      if (base !== null) entries.push(["baseline (float, validation)", "dashes", "var(--quiet)"]);
      const top = snac.legend(svg, entries, 0, 12, width) + 16;
      const across = Math.max(1, Math.min(networks.length, width > 900 ? 3 : width > 560 ? 2 : 1)), gap = 26;
      const panel = (width - gap * (across - 1)) / across, height = Math.max(190, Math.min(280, panel * 0.75));
      const ys = models.map((m) => 100 * m.values.accuracy).concat(base !== null ? [base] : []);
      const points = [];
      networks.forEach((network, k) => {
        const left = (k % across) * (panel + gap), above = top + Math.floor(k / across) * (height + 96);
        const box = { left: left + 46, top: above + 46, right: left + panel - 6, bottom: above + 46 + height };
        const x = d3.scaleLinear().domain([0, Math.max(10, d3.max(models, (m) => 100 * m.values.sparsity) * 1.03)]).range([box.left, box.right]);
        const y = d3.scaleLinear().domain(snac.padded(ys, 0.06)).range([box.bottom, box.top]);
        const rows = models.filter((m) => m.trial === network);
        snac.axes(svg, x, y, box, { xLabel: "sparsity / %", yLabel: "" });
        const title = svg.append("text").attr("class", "strong").attr("x", left).attr("y", above + 14).text(`${network}  ${rows[0].network}`);
        if (title.node().getComputedTextLength() > panel) title.text(network);
        svg.append("text").attr("x", left).attr("y", above + 34).text("accuracy / %");
        if (base !== null) svg.append("line").attr("x1", box.left).attr("x2", box.right).attr("y1", y(base)).attr("y2", y(base)).attr("stroke", "var(--quiet)").attr("stroke-width", 1.5).attr("stroke-dasharray", "6 4");
        for (const precision of snac.precisions) {
          const line = rows.filter((m) => m.precision === precision).sort((a, b) => a.iteration - b.iteration)
            .map((row) => ({ row, px: x(100 * row.values.sparsity), py: y(100 * row.values.accuracy), tip: () => snac.describe(row, ["accuracy", "lut", "ff", "clock_cycles"]) }));
          if (line.length === 0) continue;
          // Rounds follow each other; networks with learned precisions do not.
          if (/^w\d+a\d+$/.test(precision)) svg.append("path").attr("class", "trace").attr("stroke", snac.colourOfPrecision(precision)).attr("d", d3.line().x((p) => p.px).y((p) => p.py)(line));
          svg.append("g").selectAll("circle").data(line).enter().append("circle").attr("class", "mark").attr("r", 4).attr("cx", (p) => p.px).attr("cy", (p) => p.py).attr("fill", snac.colourOfPrecision(precision));
          points.push(...line);
        }
      });
      snac.tips(figure, points);
      return top + Math.ceil(networks.length / across) * (height + 96);
    },
    table: () => [["model", "network", "precision", "round", "sparsity", "accuracy"], ...models.map((m) => [m.name, m.network, m.precision, m.iteration, m.values.sparsity, m.values.accuracy])],
  });
}
