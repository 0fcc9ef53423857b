"use strict";
// Models as hardware: what the integers confuse, ROC curves, layers, pipeline, and estimates beside synthesis.
{
  const hardware = snac.data.hardware;
  let current = hardware[0];
  const part = (name) => (current ? current[name] : null);
  const none = snac.notYet("No network is hardware yet.");
  const ready = (name, test) => hardware.length > 0 && hardware.every((h) => h[name] && test(h[name]));
  const redraw = () => { for (const id of ["confusion", "roc", "layers", "pipeline"]) if (snac.figures.get(id) && snac.figures.get(id).width > 0) snac.redraw(id); };
  const select = document.getElementById("model");
  for (const h of hardware) select.add(new Option(h.name, h.name));
  select.closest(".filter").hidden = hardware.length < 2;
  select.addEventListener("change", () => { current = hardware.find((h) => h.name === select.value); redraw(); });
  snac.selectModel = (name) => { select.value = name; select.dispatchEvent(new Event("change")); };
  const colourOfClass = (k) => `var(--c${k % 6})`;
  const missing = (scored) => (hardware.length === 0 ? none : scored ? "The hardware gives a class, not one score per class: there is no curve to draw." : snac.older);

  const scored = ready("test", (t) => Array.isArray(t.confusion));
  snac.figure({
    id: "confusion", title: "Confusion matrix of the integers", caption: "Test set. Each row is a true class; cells are its rows in percent by the class that the hardware gives.",
    empty: missing(false),
    draw: !scored ? null : (svg, width, figure) => {
      const { classes, confusion } = part("test"), n = classes.length;
      svg.append("text").attr("class", "strong").attr("x", 0).attr("y", 14).text(current.name);
      const probe = svg.append("text").text(d3.max(classes, (c) => c.length) > 14 ? "m".repeat(11) : classes.reduce((a, b) => (b.length > a.length ? b : a), ""));
      const left = Math.max(64, probe.node().getComputedTextLength() + 34);
      probe.remove();
      const cell = Math.min(64, (width - left - 8) / n), top = 60, heat = snac.heat();
      const short = (name) => (name.length > 14 ? name.slice(0, 13) + "…" : name);
      svg.append("text").attr("class", "quiet").attr("x", left).attr("y", 32).text("class given");
      svg.append("text").attr("class", "quiet").attr("transform", `translate(12,${top + n * cell / 2}) rotate(-90)`).attr("text-anchor", "middle").text("true class");
      const points = [];
      confusion.forEach((row, i) => {
        const total = d3.sum(row);
        svg.append("text").attr("x", left - 8).attr("y", top + (i + 0.5) * cell + 4).attr("text-anchor", "end").text(short(classes[i]));
        const head = svg.append("text").attr("x", left + (i + 0.5) * cell).attr("y", top - 6).attr("text-anchor", "middle").text(short(classes[i]));
        if (head.node().getComputedTextLength() > cell - 4) head.text(short(classes[i]).slice(0, Math.max(1, Math.floor(cell / 9))));
        row.forEach((count, j) => {
          const share = total > 0 ? count / total : 0, x = left + j * cell, y = top + i * cell;
          svg.append("rect").attr("class", "cell").attr("x", x + 1).attr("y", y + 1).attr("width", cell - 2).attr("height", cell - 2).attr("rx", 3)
            .attr("fill", heat).attr("fill-opacity", 0.06 + 0.94 * share);
          if (cell >= 26) svg.append("text").attr("x", x + cell / 2).attr("y", y + cell / 2 + 4).attr("text-anchor", "middle")
            .style("fill", snac.inkOn(0.06 + 0.94 * share)).style("font-size", cell < 40 ? "10px" : null).text((100 * share).toFixed(cell < 40 ? 0 : 1));
          points.push({ px: x + cell / 2, py: y + cell / 2, noRing: true, box: [x, y, x + cell, y + cell], tip: () => `true ${classes[i]}, given ${classes[j]}\n${snac.number(count)} of ${snac.number(total)} rows (${(100 * share).toFixed(2)} %)` });
        });
      });
      snac.tips(figure, points);
      return top + n * cell + 8;
    },
    table: () => [["true class", ...part("test").classes], ...part("test").confusion.map((row, i) => [part("test").classes[i], ...row])],
  });

  snac.figure({
    id: "roc", title: "ROC curve of each class", caption: "Test set, one class against all others by the probability from the integer logits. Lower is better; area under the curve (AUC) in the legend.",
    empty: missing(scored),
    draw: !scored || !ready("test", (t) => t.roc.length > 0) ? null : (svg, width, figure) => {
      const { roc, rows } = part("test"), floor = 10 ** Math.floor(Math.log10(5 / Math.max(rows, 10)) + 1);
      svg.append("text").attr("class", "strong").attr("x", 0).attr("y", 14).text(current.name);
      const top = 34 + snac.legend(svg, roc.map((c, k) => [`${c.class}  AUC ${(100 * c.area).toFixed(2)} %`, "line", colourOfClass(k)]), 0, 34, width) + 24;
      const box = { left: 58, top, right: width - 14, bottom: top + Math.min(360, Math.max(240, width * 0.7)) };
      const x = d3.scaleLinear().domain([0, 100]).range([box.left, box.right]), y = d3.scaleLog().domain([Math.min(0.1, floor), 1]).range([box.bottom, box.top]);
      snac.axes(svg, x, y, box, { xLabel: "true positive rate (signal efficiency) / %", yLabel: "false positive rate (background efficiency)", yFormat: (v) => d3.format("~g")(v) });
      const points = [];
      roc.forEach((curve, k) => {
        const line = curve.points.filter((p) => p[0] >= y.domain()[0]).map(([fpr, tpr]) => ({ px: x(100 * tpr), py: y(fpr), tip: () => `${curve.class}\ntrue positive rate ${(100 * tpr).toFixed(1)} %\nfalse positive rate ${snac.number(100 * fpr)} %` }));
        svg.append("path").attr("class", "trace").attr("stroke", colourOfClass(k)).attr("stroke-dasharray", k >= 6 ? "6 3" : null).attr("d", d3.line().x((p) => p.px).y((p) => p.py)(line));
        points.push(...line);
      });
      snac.tips(figure, points, points.filter((p, i) => i % 12 === 0));
      return box.bottom + 46;
    },
    table: () => [["class", "false_positive_rate", "true_positive_rate"], ...part("test").roc.flatMap((c) => c.points.map((p) => [c.class, ...p]))],
  });

  const designed = ready("circuit", (c) => Array.isArray(c.layers));
  const resources = () => ["lut", "ff", "dsp", "bram18"].filter((r) => d3.max(part("circuit").layers, (l) => l[r]) > 0);
  snac.figure({
    id: "layers", title: "Resources by layer", caption: "Estimate of the circuit's cost model, layer by layer; layers add up to the whole.",
    empty: hardware.length === 0 ? none : snac.older,
    draw: !designed ? null : (svg, width, figure) => {
      const { layers, source } = part("circuit"), kinds = resources();
      svg.append("text").attr("class", "strong").attr("x", 0).attr("y", 14).text(current.name);
      svg.append("text").attr("class", "quiet").attr("x", 0).attr("y", 32).text(`source: ${source}`);
      const names = layers.map((l) => l.name), probe = svg.append("text").text(names.reduce((a, b) => (b.length > a.length ? b : a), ""));
      const left = Math.min(width * 0.35, probe.node().getComputedTextLength() + 12);
      probe.remove();
      const bar = 13, row = kinds.length * (bar + 2) + 12, points = [];
      let top = 42 + snac.legend(svg, kinds.map((k, i) => [snac.nameOf(k), "square", `var(--c${i})`]), 0, 52, width);
      const largest = d3.max(kinds, (k) => d3.max(layers, (l) => l[k])), x = d3.scaleLinear().domain([0, largest]).range([0, width - left - 62]);
      top += 8;
      layers.forEach((layer, i) => {
        const y = top + i * row, text = svg.append("text").attr("x", left - 8).attr("y", y + (row - 12) / 2 + 4).attr("text-anchor", "end").text(layer.name);
        if (text.node().getComputedTextLength() > left) text.text(layer.name.slice(0, 12) + "…");
        kinds.forEach((kind, k) => {
          const at = y + k * (bar + 2);
          svg.append("rect").attr("class", "bar").attr("x", left).attr("y", at).attr("height", bar).attr("width", Math.max(layer[kind] > 0 ? 1 : 0, x(layer[kind]))).attr("fill", `var(--c${k})`);
          svg.append("text").attr("class", "quiet").attr("x", left + x(layer[kind]) + 6).attr("y", at + 11).text(snac.number(Math.round(layer[kind])));
        });
        points.push({ px: left, py: y + row / 2, noRing: true, box: [0, y, width, y + row - 4], tip: () => `${layer.name}\n` + kinds.map((k) => `${snac.nameOf(k)}: ${snac.number(Math.round(layer[k]))} (${(100 * layer[k] / (part("circuit")[k] || 1)).toFixed(1)} % of the whole)`).join("\n") });
      });
      snac.tips(figure, points);
      return top + layers.length * row + 4;
    },
    table: () => [["layer", ...resources(), "source"], ...part("circuit").layers.map((l) => [l.name, ...resources().map((r) => l[r]), part("circuit").source])],
  });

  snac.figure({
    id: "pipeline", title: "Pipeline",
    caption: "When the layers work: a cell is a clock cycle of one input's way through the circuit, its shade the number of adders, choices and look-ups at work (unrolled circuits). Below, the registers between two cycles and the longest path by the delay model, which is no timing analysis.",
    empty: hardware.length === 0 ? none : snac.older,
    draw: !designed ? null : (svg, width, figure) => {
      const { layers: all, stages, latency_cycles: cycles, initiation_interval: interval } = part("circuit"), layers = all.filter((l) => "first_cycle" in l);
      svg.append("text").attr("class", "strong").attr("x", 0).attr("y", 14).text(`${current.name}: ${cycles} cycles, a new input every ${interval === 1 ? "cycle" : interval + " cycles"}`);
      const left = Math.min(width * 0.28, 150), cell = (width - left) / cycles, row = 26, top = 56, points = [];
      const most = d3.max(layers, (l) => d3.max(l.operations || [1])), every = Math.max(1, Math.ceil(26 / cell));
      const heat = snac.heat();
      svg.append("text").attr("class", "quiet").attr("x", left - 8).attr("y", top - 8).attr("text-anchor", "end").text("cycle");
      for (let c = 0; c < cycles; c += every) svg.append("text").attr("class", "quiet").attr("x", left + (c + 0.5) * cell).attr("y", top - 8).attr("text-anchor", "middle").text(c + 1);
      layers.forEach((layer, i) => {
        const y = top + i * row, text = svg.append("text").attr("x", left - 8).attr("y", y + 17).attr("text-anchor", "end").text(layer.name);
        if (text.node().getComputedTextLength() > left - 10) text.text(layer.name.slice(0, 9) + "…");
        svg.append("line").attr("x1", left).attr("x2", width).attr("y1", y + row - 1).attr("y2", y + row - 1).attr("stroke", "var(--line)");
        const single = !layer.operations;
        for (let c = layer.first_cycle; c <= layer.last_cycle; ++c) {
          const n = single ? 1 : layer.operations[c - layer.first_cycle];
          if (n === 0) continue;
          const x = left + c * cell, shade = single ? 0.6 : 0.25 + 0.75 * Math.sqrt(n / most);
          svg.append("rect").attr("class", "cell").attr("x", x + 0.5).attr("y", y + 2).attr("width", Math.max(0.5, cell - 1)).attr("height", row - 5).attr("rx", cell > 6 ? 3 : 0).attr("fill", heat).attr("fill-opacity", shade);
          if (!single && cell > 34) svg.append("text").attr("x", x + cell / 2).attr("y", y + 16).attr("text-anchor", "middle").style("font-size", "11px").style("fill", snac.inkOn(shade)).text(snac.number(n));
          points.push({ px: x + cell / 2, py: y + row / 2, noRing: true, box: [x, y, x + cell, y + row], tip: () => `${layer.name}, cycle ${c + 1}` + (single ? `\nreuse factor ${layer.reuse_factor}, ${snac.number(layer.multipliers)} multipliers` : `\n${snac.number(n)} operations`) });
        }
      });
      let bottom = top + layers.length * row + 8;
      const strip = (name, of, format, tip) => {
        const high = 46, largest = d3.max(stages, of);
        svg.append("text").attr("x", left - 8).attr("y", bottom + high - 4).attr("text-anchor", "end").text(name);
        stages.forEach((stage, s) => {
          const h = (high - 16) * of(stage) / largest, x = left + s * cell;
          svg.append("rect").attr("x", x + 0.5).attr("y", bottom + high - h).attr("width", Math.max(0.5, cell - 1)).attr("height", h).attr("fill", "var(--dim)");
          if (cell > 34) svg.append("text").attr("class", "quiet").attr("x", x + cell / 2).attr("y", bottom + high - h - 4).attr("text-anchor", "middle").style("font-size", "11px").text(format(of(stage)));
          points.push({ px: x + cell / 2, py: bottom + high - h, noRing: true, box: [x, bottom, x + cell, bottom + high], tip: () => `cycle ${s + 1}\n${tip(of(stage))}` });
        });
        bottom += high + 12;
      };
      if (stages) {
        strip("register bits", (s) => s.register_bits, snac.number, (v) => `${snac.number(v)} register bits to the next cycle`);
        strip("path / ns", (s) => s.delay_ns, (v) => v.toFixed(1), (v) => `longest path ${v.toFixed(2)} ns by the delay model`);
      }
      snac.tips(figure, points);
      return bottom + 4;
    },
    table: () => {
      const { layers, stages, latency_cycles: cycles } = part("circuit"), busy = layers.filter((l) => "first_cycle" in l);
      const work = (l, c) => (c < l.first_cycle || c > l.last_cycle ? 0 : l.operations ? l.operations[c - l.first_cycle] : 1);
      return [["cycle", ...busy.map((l) => l.name), ...(stages ? ["register_bits", "delay_ns"] : [])],
        ...d3.range(cycles).map((c) => [c + 1, ...busy.map((l) => work(l, c)), ...(stages ? [stages[c].register_bits, stages[c].delay_ns] : [])])];
    },
  });

  const { rows: compared, rank_correlation: agreement } = snac.data.estimates;
  const disagreeing = Object.keys(agreement).filter((f) => agreement[f] < 0.9);
  snac.figure({
    id: "search-estimates", title: "Estimate before training against circuit",
    caption: "Candidates of the search that were compressed and counted as circuits: LUTs estimated before training, and counted. On the line they agree; the band is ± 10 %."
      + (Object.keys(agreement).length > 0 ? ` Rank correlation: ${Object.keys(agreement).map((f) => `${snac.nameOf(f)} ${agreement[f].toFixed(3)}`).join(", ")}.` : "")
      + (disagreeing.length > 0 ? ` Warning: the estimates of ${disagreeing.map(snac.nameOf).join(", ")} order the candidates differently from the circuits; search.hardware: circuit or a larger search.recalibrate would be safer.` : ""),
    empty: "No candidate of the search has a circuit (search.recalibrate, or search.hardware: circuit).",
    draw: compared.length === 0 ? null : (svg, width, figure) => {
      const box = { left: 66, top: 28, right: width - 14, bottom: 28 + Math.min(380, Math.max(240, width * 0.7)) };
      const all = compared.flatMap((r) => [r.estimate.lut, r.truth.lut]), domain = [d3.min(all) / 1.15, d3.max(all) * 1.15];
      const x = d3.scaleLog().domain(domain).range([box.left, box.right]), y = d3.scaleLog().domain(domain).range([box.bottom, box.top]);
      snac.axes(svg, x, y, box, { xLabel: "LUTs estimated before training", yLabel: "LUTs of the circuit" });
      const band = [[domain[0], 1 / 1.1], [domain[1], 1 / 1.1], [domain[1], 1.1], [domain[0], 1.1]];
      const inside = (v) => Math.min(domain[1], Math.max(domain[0], v));
      svg.append("path").attr("fill", "var(--panel)").attr("fill-opacity", 0.6).attr("d", d3.line()(band.map(([v, f]) => [x(v), y(inside(v * f))])) + "Z");
      svg.append("line").attr("x1", box.left).attr("x2", box.right).attr("y1", box.bottom).attr("y2", box.top).attr("stroke", "var(--quiet)");
      const points = compared.map((r) => ({ px: x(r.estimate.lut), py: y(r.truth.lut), tip: () => `${r.name}  ${r.network}\n` + ["lut", "ff", "clock_cycles"].map((f) => `${snac.nameOf(f)}: estimated ${snac.number(Math.round(r.estimate[f]))}, circuit ${snac.number(Math.round(r.truth[f]))}`).join("\n") }));
      svg.append("g").selectAll("circle").data(points).enter().append("circle").attr("class", "mark").attr("r", 5).attr("cx", (p) => p.px).attr("cy", (p) => p.py).attr("fill", "var(--c0)");
      snac.tips(figure, points);
      return box.bottom + 46;
    },
    table: () => [["candidate", "network", ...["lut", "ff", "clock_cycles"].flatMap((f) => [`${f}_estimate`, `${f}_circuit`])],
      ...compared.map((r) => [r.name, r.network, ...["lut", "ff", "clock_cycles"].flatMap((f) => [r.estimate[f], r.truth[f]])])],
  });

  const synthesised = hardware.filter((h) => h.yosys);
  const pairs = synthesised.flatMap((h) => ["lut", "ff", "dsp", "bram18"].map((r) => ({
    model: h.name, resource: r, estimate: snac.data.models.values[r] ? snac.data.models.values[r][h.index] : null, truth: h.yosys[r], source: snac.data.models.source[h.index], tool: h.yosys.tool.split(" (")[0],
  }))).filter((p) => p.estimate > 0 && p.truth > 0);
  snac.figure({
    id: "estimates", title: "Estimate against synthesis", caption: "Every synthesised network: the estimate in percent of what the synthesis tool counts. 100 % is exact; the band is ± 5 %.",
    empty: hardware.length === 0 ? none : "No network was synthesised (synth.tools of the configuration does not name yosys).",
    draw: pairs.length === 0 ? null : (svg, width, figure) => {
      const kinds = [...new Set(pairs.map((p) => p.resource))], colour = (r) => `var(--c${["lut", "ff", "dsp", "bram18"].indexOf(r)})`;
      const models = synthesised.map((h) => h.name).filter((m) => pairs.some((p) => p.model === m));
      const top = 12 + snac.legend(svg, kinds.map((k) => [snac.nameOf(k), "dot", colour(k)]), 0, 12, width);
      const row = 20 * kinds.length + 10, box = { left: Math.min(width * 0.4, 130), top, right: width - 12, bottom: top + row * models.length + 8 };
      const ratios = pairs.map((p) => 100 * p.estimate / p.truth), x = d3.scaleLinear().domain([Math.min(93, d3.min(ratios) - 2), Math.max(107, d3.max(ratios) + 2)]).range([box.left, box.right - 90]);
      svg.append("rect").attr("x", x(95)).attr("width", x(105) - x(95)).attr("y", box.top).attr("height", box.bottom - box.top).attr("fill", "var(--panel)");
      svg.append("g").attr("class", "axis").attr("transform", `translate(0,${box.bottom})`).call(d3.axisBottom(x).ticks(Math.max(3, width / 90)).tickSizeOuter(0).tickPadding(6));
      svg.append("line").attr("x1", x(100)).attr("x2", x(100)).attr("y1", box.top).attr("y2", box.bottom).attr("stroke", "var(--quiet)");
      svg.append("text").attr("x", box.right - 90).attr("y", box.bottom + 38).attr("text-anchor", "end").text("estimate / synthesis, %");
      const points = [];
      models.forEach((model, i) => {
        svg.append("text").attr("x", box.left - 8).attr("y", box.top + i * row + row / 2 + 4).attr("text-anchor", "end").text(model);
        pairs.filter((p) => p.model === model).forEach((p, k) => {
          const px = x(100 * p.estimate / p.truth), py = box.top + i * row + 16 + k * 20;
          svg.append("line").attr("x1", x(100)).attr("x2", px).attr("y1", py).attr("y2", py).attr("stroke", colour(p.resource)).attr("stroke-width", 2);
          svg.append("circle").attr("class", "mark").attr("cx", px).attr("cy", py).attr("r", 6).attr("fill", colour(p.resource));
          svg.append("text").attr("class", "quiet halo").attr("x", px + 12).attr("y", py + 4).text(`${snac.number(Math.round(p.estimate))} / ${snac.number(p.truth)}`);
          points.push({ px, py, tip: () => `${model}\n${snac.nameOf(p.resource)}: ${snac.number(Math.round(p.estimate))} (${p.source})\n${snac.number(p.truth)} (${p.tool})\n${(100 * (p.estimate / p.truth - 1)).toFixed(2)} %` });
        });
      });
      snac.tips(figure, points);
      return box.bottom + 46;
    },
    table: () => [["model", "resource", "estimate", "synthesis", "source", "tool"], ...pairs.map((p) => [p.model, p.resource, p.estimate, p.truth, p.source, p.tool])],
  });
}
