"use strict";
// What the parameters of the search space do: their share in the variance of each objective, and all networks on parallel axes.
{
  const rows = snac.trials, objectives = snac.data.objectives.filter((m) => m in snac.data.trials.values);
  const different = (values) => new Set(values.filter((v) => v !== null && v !== undefined).map((v) => JSON.stringify(v))).size > 1;
  // In the order of the space, numbered axes ("width.3") together.
  const group = (axis) => axis.replace(/[._]\d+$/, ""), names = Object.keys(snac.data.trials.choices), groups = [...new Set(names.map(group))];
  const number = (axis) => Number((/\d+$/.exec(axis) || [0])[0]);
  const axes = names.filter((axis) => different(snac.data.trials.choices[axis])).sort((a, b) => groups.indexOf(group(a)) - groups.indexOf(group(b)) || number(a) - number(b));
  const empty = rows.length === 0 ? "No trial has ended well yet." : "All networks have the same parameters.";
  const pretty = (axis) => axis.replace(/[_.]/g, " ");

  let shares = null;
  const importance = () => (shares = shares || axes.map((axis) => ({
    axis, rows: rows.filter((r) => r.choices[axis] !== null && r.choices[axis] !== undefined).length,
    share: objectives.map((m) => snac.varianceShare(snac.data.trials.choices[axis], snac.data.trials.values[m])),
  })).sort((a, b) => d3.max(b.share, (s) => s || 0) - d3.max(a.share, (s) => s || 0)));
  snac.figure({
    id: "importance", title: "Importance of the parameters",
    caption: "Share of an objective's variance that lies between the values of one parameter alone (epsilon squared: between-group variance less what chance gives). The search does not sample evenly, and parameters act together: a guide, not a cause.",
    empty,
    draw: rows.length === 0 || axes.length === 0 || objectives.length === 0 ? null : (svg, width, figure) => {
      const list = importance(), left = Math.min(150, width * 0.34), cell = Math.min(110, (width - left) / objectives.length), row = 27, top = 48, points = [];
      const heat = snac.heat();
      objectives.forEach((m, j) => {
        const words = snac.nameOf(m).split(" "), text = svg.append("text").attr("class", "quiet").attr("text-anchor", "middle");
        words.slice(0, 2).forEach((word, k) => text.append("tspan").attr("x", left + (j + 0.5) * cell).attr("y", top - 8 - 15 * (Math.min(2, words.length) - 1 - k)).text(word));
      });
      list.forEach((item, i) => {
        const y = top + i * row;
        svg.append("text").attr("x", left - 10).attr("y", y + 18).attr("text-anchor", "end").text(pretty(item.axis));
        item.share.forEach((share, j) => {
          const x = left + j * cell;
          svg.append("rect").attr("class", "cell").attr("x", x + 1).attr("y", y + 1).attr("width", cell - 2).attr("height", row - 2).attr("rx", 3).attr("fill", heat).attr("fill-opacity", share === null ? 0 : 0.06 + 0.94 * share);
          svg.append("text").attr("x", x + cell / 2).attr("y", y + 18).attr("text-anchor", "middle").style("fill", share === null ? null : snac.inkOn(0.06 + 0.94 * share)).text(share === null ? "–" : `${(100 * share).toFixed(0)} %`);
          points.push({ px: x + cell / 2, py: y + row / 2, noRing: true, box: [x, y, x + cell, y + row], tip: () => `${pretty(item.axis)} explains ${share === null ? "nothing that could be measured" : (100 * share).toFixed(1) + " %"} of the variance of ${snac.nameOf(objectives[j])}\n${snac.number(item.rows)} networks have it` });
        });
      });
      snac.tips(figure, points);
      return top + list.length * row + 6;
    },
    table: () => [["parameter", "networks", ...objectives], ...importance().map((i) => [i.axis, i.rows, ...i.share])],
  });

  // Axes of the plot: parameters as points, objectives as lines, better at the top.
  const absent = "none";
  const choiceText = (v) => (v === null || v === undefined ? absent : typeof v === "object" ? JSON.stringify(v) : typeof v === "number" && v !== 0 && Math.abs(v) < 1e-3 ? v.toExponential() : String(v));
  const columns = [...axes.map((axis) => {
    const values = [...new Set(rows.map((r) => choiceText(r.choices[axis])))];
    values.sort((a, b) => (a === absent) - (b === absent) || Number(a) - Number(b) || (a < b ? -1 : 1));
    return { name: axis, label: pretty(axis), values, of: (r) => choiceText(r.choices[axis]) };
  }), ...objectives.map((m) => ({ name: m, label: snac.nameOf(m), metric: m, of: (r) => snac.shown(m, r.values[m]) }))];
  const brushes = new Map();
  const order = rows.length > 0 && "accuracy" in snac.data.trials.values ? "accuracy" : objectives[0];
  snac.figure({
    id: "parallel", title: "All parameters", minWidth: 58 * columns.length + 110,
    caption: "Each line is a network, coloured by accuracy in fifths; better objectives are up. Drag along an axis to keep a range, click beside it to let go; the field above the first figure filters as well.",
    empty,
    draw: rows.length === 0 || columns.length < 2 ? null : (svg, width, figure) => {
      const x = d3.scalePoint().domain(columns.map((c) => c.name)).range([38, width - 76]);
      const kept = snac.kept(), fifths = d3.scaleQuantile().domain(rows.map((r) => r.values[order])).range([0, 1, 2, 3, 4]);
      const colours = snac.isLight() ? ["#c9b458", "#7fae63", "#3a9a83", "#2b6a99", "#3b2a73"] : ["#5a4fa0", "#3f83b8", "#43b09a", "#9bd06b", "#f3e55b"];
      const top0 = snac.legend(svg, [...colours.map((c, k) => [k === 0 ? `lowest fifth of ${snac.nameOf(order)}` : k === 4 ? "highest fifth" : ["second", "third", "fourth"][k - 1], "line", c])], 0, 12, width);
      const top = top0 + 92, bottom = top + 300;
      for (const c of columns) {
        c.scale = c.metric ? d3.scaleLinear().domain(d3.extent(rows, c.of)).range(snac.maximised(c.metric) ? [bottom, top] : [top, bottom])
          : d3.scalePoint().domain(c.values).range([bottom, top]).padding(0.5);
      }
      // Networks with the same choice stand side by side, the most accurate at the top, so that bundles show their size.
      const ranked = rows.slice().sort((a, b) => a.values[order] - b.values[order]), rank = new Map(ranked.map((r, k) => [r, (k + 0.5) / ranked.length - 0.5]));
      const height = (r, c) => c.scale(c.of(r)) - (c.metric ? 0 : rank.get(r) * Math.min(60, 0.7 * (c.scale.step() || 60)));
      const line = (r) => { let path = ""; columns.forEach((c, k) => { path += (k === 0 ? "M" : "L") + x(c.name).toFixed(1) + "," + height(r, c).toFixed(1); }); return path; };
      const all = rows.filter((r) => objectives.every((m) => r.values[m] !== null && r.values[m] !== undefined));
      // Thousands of lines are one grey area: every so many of them, and the front.
      const isFront = (r) => Boolean(snac.searchFront) && snac.searchFront.has(r.index), most = 1200;
      const some = (list) => { const step = Math.ceil(list.length / most); return step > 1 ? list.filter((r, i) => i % step === 0 || isFront(r)) : list; };
      const dimmed = some(all.filter((r) => !kept[r.index])), within = all.filter((r) => kept[r.index]), lit = some(within);
      if (lit.length < within.length) svg.append("text").attr("class", "quiet").attr("x", width - 4).attr("y", bottom + 14).attr("text-anchor", "end").text(`${snac.number(lit.length)} of ${snac.number(within.length)} networks drawn, the Pareto front among them`);
      const thin = Math.max(0.3, Math.min(0.7, 9 / Math.sqrt(Math.max(1, lit.length))));
      if (dimmed.length > 0) svg.append("path").attr("fill", "none").attr("stroke", "var(--line)").attr("stroke-opacity", 0.4).attr("d", dimmed.map(line).join(""));
      for (let k = 0; k < 5; ++k) {
        const group = lit.filter((r) => fifths(r.values[order]) === k);
        svg.append("path").attr("class", "lines").attr("fill", "none").attr("stroke", colours[k]).attr("stroke-width", 1.3).attr("stroke-opacity", thin).attr("d", group.map(line).join(""));
      }
      const front = lit.filter(isFront);
      const highlight = svg.append("path").attr("fill", "none").attr("stroke", "var(--c1)").attr("stroke-width", 2.5);
      columns.forEach((c) => {
        const g = svg.append("g").attr("class", "axis").attr("transform", `translate(${x(c.name)},0)`);
        if (c.metric) g.call(d3.axisLeft(c.scale).tickValues(c.scale.domain()).tickSizeOuter(0).tickFormat((v) => snac.number(Number(v.toPrecision(4)))));
        else g.call(d3.axisLeft(c.scale).tickSizeOuter(0));
        g.selectAll(".tick text").attr("class", "halo").style("font-size", "11px");
        g.append("text").attr("transform", `translate(4,${top - 12}) rotate(-38)`).attr("text-anchor", "start").style("text-anchor", "start").text(c.label);
        const brush = d3.brushY().extent([[-13, top - 6], [13, bottom + 6]]).on("end", () => {
          if (!d3.event || !d3.event.sourceEvent) return;
          const span = d3.event.selection;
          if (span) { brushes.set(c.name, span.map((v) => (v - top) / (bottom - top))); snac.filter.ranges.set(c.name, (r) => { const at = (height(r, c) - top) / (bottom - top); const [low, high] = brushes.get(c.name); return at >= low && at <= high; }); }
          else { brushes.delete(c.name); snac.filter.ranges.delete(c.name); }
          snac.filterChanged("parallel");
          setTimeout(() => snac.redraw("parallel"));
        });
        const layer = g.append("g").attr("class", "brush").call(brush);
        if (brushes.has(c.name)) layer.call(brush.move, brushes.get(c.name).map((v) => top + v * (bottom - top)));
      });
      // The line through the axis value nearest to the pointer; arrow keys go along the front.
      const choices = (r) => Object.entries(r.choices).filter(([, v]) => v !== null && v !== undefined).map(([k, v]) => `${pretty(k)} ${choiceText(v)}`).join(", ");
      const stop = (r, c) => ({ px: x(c.name), py: height(r, c), noRing: true, tip: () => { highlight.attr("d", line(r)); return snac.describe(r, objectives) + "\n" + choices(r); } });
      snac.tips(figure, lit.flatMap((r) => columns.map((c) => stop(r, c))), front.map((r) => stop(r, columns[columns.length - 1])));
      return bottom + 20;
    },
    table: () => [["name", "network", ...axes, ...Object.keys(snac.data.trials.values)], ...rows.map((r) => [r.name, r.network, ...axes.map((a) => (r.choices[a] === null ? "" : choiceText(r.choices[a]))), ...Object.keys(snac.data.trials.values).map((m) => r.values[m])])],
  });
}
