"use strict";
// Figures of a reproduced experiment: fronts of its searches with the published networks beside them, accuracy against sparsity.
{
  const { parts, published, metrics } = snac.data, theirs = metrics.resource.startsWith("rule4ml");
  const kinds = [...new Set(parts.map((p) => p.part))];
  const colourOf = (kind) => `var(--c${kinds.indexOf(kind) % 6})`;
  const titleOf = (kind) => parts.find((p) => p.part === kind).title;
  const several = snac.data.seeds.length > 1;
  const columns = { macs: "macs", resource: metrics.resource, cycles: metrics.cycles };
  const axes = {
    macs: "multiply-accumulates",
    resource: `average resource${theirs ? " by rule4ml" : ""} / % of the device`,
    cycles: `latency${theirs ? " by rule4ml" : ""} / cycles`,
  };
  const printed = { macs: "macs", resource: "average_resource", cycles: "clock_cycles" };
  const percent = (share) => 100 * share;

  /// Trials of the kinds given as points {part, name, network, accuracy (%), x}.
  const points = (shown, axis) => parts.filter((p) => shown.includes(p.part)).flatMap((part) => part.trials.name.map((name, i) => ({
    part, name, network: part.trials.network[i], accuracy: percent(part.trials.accuracy[i]), x: part.trials[columns[axis]][i],
    chosen: name === part.selected.name,
  })));
  const describe = (p) => `${p.name}  ${p.network}\n${p.part.title}${several ? `, seed ${p.part.seed}` : ""}\naccuracy: ${p.accuracy.toFixed(2)} %, validation${p.part.trials.float_accuracy ? ", integers" : ""}`;
  const mark = (svg, shape, size, p, colour) => svg.append("path").attr("class", "mark").attr("fill", colour).attr("transform", `translate(${p.px},${p.py})`).attr("d", d3.symbol().type(shape).size(size)());

  /// Accuracy against one cost of the searches in `shown`: all trials, the edge of what each search reached, what was chosen.
  const frontFigure = (id, title, caption, axis, shown) => {
    const all = points(shown, axis), print = published.global.map((g) => ({ model: g.model, accuracy: g.accuracy, x: g[printed[axis]], source: g.source }));
    let withPublished = true, whole = false;
    snac.figure({
      id, title, caption,
      controls: (box, redraw) => {
        snac.tick(box, "published networks", true, (on) => { withPublished = on; redraw(); });
        snac.tick(box, "whole range", false, (on) => { whole = on; redraw(); });
      },
      draw: (svg, width, figure) => {
        const entries = shown.filter((k) => kinds.includes(k)).map((k) => [titleOf(k), "dot", colourOf(k)]);
        entries.push(["chosen", "star", "var(--ink)"]);
        if (withPublished) entries.push(["published (its data, its estimator)", "diamond", "var(--quiet)"]);
        const top = snac.legend(svg, entries, 0, 12, width) + 34;
        const box = { left: 58, top, right: width - 14, bottom: top + Math.max(260, Math.min(420, width * 0.45)) };
        const extra = withPublished ? print : [], accuracies = all.map((p) => p.accuracy).sort(d3.ascending);
        const edges = all.filter((p) => p.chosen).map((p) => p.accuracy);
        const low = whole ? accuracies[0] : Math.min(d3.quantile(accuracies, 0.25), d3.min(edges) - 1);
        const ys = [low, ...accuracies.filter((a) => a >= low), ...extra.map((p) => p.accuracy)], yDomain = snac.padded(ys, 0.05);
        const visible = all.filter((p) => p.accuracy >= yDomain[0]), xs = [...visible, ...extra].map((p) => p.x);
        const log = snac.logarithmic(xs);
        const x = (log ? d3.scaleLog().domain([d3.min(xs) * 0.93, d3.max(xs) * 1.07]) : d3.scaleLinear().domain(snac.padded(xs, 0.04))).range([box.left, box.right]);
        const y = d3.scaleLinear().domain(yDomain).range([box.bottom, box.top]);
        snac.axes(svg, x, y, box, { xLabel: axes[axis], yLabel: "accuracy / %" });
        const marks = visible.map((p) => ({ ...p, px: x(p.x), py: y(p.accuracy), tip: () => `${describe(p)}\n${axes[axis].split(" / ")[0]}: ${snac.number(p.x)}` }));
        for (const kind of shown) {
          const own = marks.filter((p) => p.part.part === kind);
          snac.dots(svg, own, 2.5, colourOf(kind), 0.55);
          for (const seed of snac.data.seeds) {
            const run = own.filter((p) => p.part.seed === seed);
            const edge = snac.front(run.map((p) => [p.x, -p.accuracy])).map((i) => run[i]).sort((a, b) => a.px - b.px);
            if (edge.length > 1) svg.append("path").attr("class", "trace edge").attr("stroke", colourOf(kind)).attr("stroke-width", 1.5)
              .attr("d", d3.line().x((p) => p.px).y((p) => p.py).curve(d3.curveStepAfter)(edge));
          }
        }
        for (const p of marks) if (p.chosen) mark(svg, d3.symbolStar, 150, p, colourOf(p.part.part)).attr("stroke", "var(--ink)");
        const references = extra.map((p) => ({ ...p, px: x(p.x), py: y(p.accuracy), tip: () => `published: ${p.model}\naccuracy: ${p.accuracy.toFixed(2)} %, float\n${axes[axis].split(" / ")[0]}: ${snac.number(p.x)}\n${p.source}` }));
        const places = [];
        for (const p of references) {
          mark(svg, d3.symbolDiamond, 90, p, "var(--quiet)");
          snac.place(svg.append("text").attr("class", "halo quiet").text(p.model), p, box, places, marks);
        }
        if (visible.length < all.length) svg.append("text").attr("class", "quiet halo").attr("x", box.right - 6).attr("y", box.bottom - 8).attr("text-anchor", "end").text(`${snac.number(all.length - visible.length)} of ${snac.number(all.length)} networks lie below`);
        snac.tips(figure, marks.concat(references), marks.filter((p) => p.chosen).concat(references));
        return box.bottom + 46;
      },
      table: () => [["search", "seed", "name", "network", "accuracy", columns[axis], "chosen"],
        ...all.map((p) => [p.part.part, p.part.seed, p.name, p.network, p.accuracy / 100, p.x, p.chosen ? 1 : 0]),
        ...print.map((p) => ["published", "", p.model, "", p.accuracy / 100, p.x, ""])],
    });
  };
  const caption = (text) => `${text} Each dot is a trained network, a line the edge of what a search reached.`;
  frontFigure("figure-1", "Figure 1: accuracy against operations", caption("Searches guided by accuracy alone and by accuracy and bit operations (NAC)."), "macs", ["accuracy", "nac"]);
  frontFigure("figure-2", "Figure 2: accuracy against resources", caption("Searches guided by resources and latency: estimated (SNAC-Pack), and counted on circuits."), "resource", ["snac_pack", "circuit"]);
  frontFigure("figure-3", "Figure 3: accuracy against latency", caption("The same searches."), "cycles", ["snac_pack", "circuit"]);

  const lines = parts.map((part) => ({ part, models: part.models.filter((m) => m.precision === part.models[0].precision) }));
  snac.figure({
    id: "figure-4", title: "Figure 4: accuracy against sparsity",
    caption: "The local search of every chosen network: 8 bits, iterative magnitude pruning. Accuracy of the integers on validation rows; the star is the round that becomes hardware. The papers print no values to compare with.",
    draw: (svg, width, figure) => {
      const top = snac.legend(svg, kinds.map((k) => [titleOf(k), "line", colourOf(k)]), 0, 12, width) + 34;
      const box = { left: 58, top, right: width - 14, bottom: top + Math.max(260, Math.min(400, width * 0.42)) };
      const ys = lines.flatMap((l) => l.models.map((m) => percent(m.values.accuracy)));
      const x = d3.scaleLinear().domain([0, Math.max(10, d3.max(lines, (l) => d3.max(l.models, (m) => percent(m.pruned))) * 1.04)]).range([box.left, box.right]);
      const y = d3.scaleLinear().domain(snac.padded(ys, 0.08)).range([box.bottom, box.top]);
      snac.axes(svg, x, y, box, { xLabel: "weights pruned / %", yLabel: "accuracy / %" });
      const marks = [];
      for (const { part, models } of lines) {
        const own = models.map((m) => ({ m, part, px: x(percent(m.pruned)), py: y(percent(m.values.accuracy)), tip: () =>
          `${m.name}\n${part.title}${several ? `, seed ${part.seed}` : ""}\naccuracy: ${percent(m.values.accuracy).toFixed(2)} %, validation, integers\npruned: ${percent(m.pruned).toFixed(1)} %; zeros: ${percent(m.values.sparsity).toFixed(1)} %\nLUT: ${snac.number(m.values.lut)}, cycles: ${snac.number(m.values.clock_cycles)}` }));
        svg.append("path").attr("class", "trace").attr("stroke", colourOf(part.part)).attr("d", d3.line().x((p) => p.px).y((p) => p.py)(own));
        svg.append("g").selectAll("circle").data(own).enter().append("circle").attr("class", "mark").attr("r", 4).attr("cx", (p) => p.px).attr("cy", (p) => p.py).attr("fill", colourOf(part.part));
        for (const p of own) if (p.m.name === part.hardware.model) mark(svg, d3.symbolStar, 150, p, colourOf(part.part)).attr("stroke", "var(--ink)");
        marks.push(...own);
      }
      snac.tips(figure, marks);
      return box.bottom + 46;
    },
    table: () => [["search", "seed", "model", "round", "pruned", "sparsity", "accuracy", "lut", "ff", "clock_cycles"],
      ...lines.flatMap(({ part, models }) => models.map((m) => [part.part, part.seed, m.name, m.round, m.pruned, m.values.sparsity, m.values.accuracy, m.values.lut, m.values.ff, m.values.clock_cycles]))],
  });
  snac.watch();
}
