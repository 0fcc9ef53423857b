"use strict";
// What every figure has: title and caption, controls, axes, tool tips for pointer and keyboard, downloads, redrawing at another width.

snac.figures = new Map();

/// Registers a figure: {id, title, caption, controls(box, redraw)?, draw(svg, width) -> height, table() -> rows of texts and numbers,
/// minWidth?}: narrower pages scroll the figure sideways.
/// Without data `draw` is null and `empty` says why.
snac.figure = (spec) => {
  const root = document.getElementById(spec.id), titleId = spec.id + "-title";
  const figure = { spec, root, width: 0 };
  const add = (tag, text, attributes) => {
    const element = root.appendChild(document.createElement(tag));
    if (text) element.textContent = text;
    for (const [key, value] of Object.entries(attributes || {})) element.setAttribute(key, value);
    return element;
  };
  add("h3", spec.title, { id: titleId });
  if (!spec.draw) {
    add("p", spec.empty, { class: "empty" });
    return;
  }
  add("figcaption", spec.caption);
  if (spec.controls) spec.controls(add("div", "", { class: "controls" }), () => snac.redraw(spec.id));
  figure.frame = add("div", "", spec.minWidth ? { class: "scroll" } : {});
  figure.svg = figure.frame.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "svg"));
  figure.svg.setAttribute("role", "img");
  figure.svg.setAttribute("aria-labelledby", titleId);
  const saves = add("div", "", { class: "saves" });
  for (const kind of ["SVG", "PNG", "CSV"]) {
    const button = saves.appendChild(document.createElement("button"));
    button.type = "button";
    button.textContent = kind;
    button.setAttribute("aria-label", `Save “${spec.title}” as ${kind}`);
    button.addEventListener("click", () => snac.save(figure, kind));
  }
  snac.figures.set(spec.id, figure);
};

snac.redraw = (id) => {
  const figure = snac.figures.get(id);
  if (!figure) return;
  figure.room = figure.root.clientWidth;
  const width = Math.max(280, figure.spec.minWidth || 0, Math.round(figure.room || 800));
  figure.width = width;
  const svg = d3.select(figure.svg);
  svg.selectAll("*").remove();
  figure.stops = null;
  const height = figure.spec.draw(svg, width, figure);
  svg.attr("viewBox", `0 0 ${width} ${height}`).attr("width", width).attr("height", height).style("width", width > figure.room ? width + "px" : null);
};

/// All that was not drawn yet.
snac.drawAll = () => { for (const [id, figure] of snac.figures) if (figure.width === 0) snac.redraw(id); };
/// Figures are drawn when they come near the window, again at another width, and all in light colours for printing.
snac.watch = () => {
  const near = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      const figure = snac.figures.get(entry.target.id);
      if (entry.isIntersecting && figure.width === 0) snac.redraw(entry.target.id);
    }
  }, { rootMargin: "600px" });
  const size = new ResizeObserver((entries) => {
    for (const entry of entries) {
      const figure = snac.figures.get(entry.target.id);
      if (figure.width > 0 && Math.abs(figure.root.clientWidth - figure.room) > 1) snac.redraw(entry.target.id);
    }
  });
  for (const figure of snac.figures.values()) { near.observe(figure.root); size.observe(figure.root); }
  // Paper is light, whatever the screen is.
  let theme = null;
  window.addEventListener("beforeprint", () => {
    theme = document.documentElement.dataset.theme || "";
    document.documentElement.dataset.theme = "light";
    for (const id of snac.figures.keys()) snac.redraw(id);
  });
  window.addEventListener("afterprint", () => {
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    for (const id of snac.figures.keys()) snac.redraw(id);
  });
};

/// A labelled select. `options` are [value, text].
snac.choice = (box, label, options, value, changed) => {
  const wrap = box.appendChild(document.createElement("label"));
  wrap.append(label);
  const select = wrap.appendChild(document.createElement("select"));
  for (const [key, text] of options) select.add(new Option(text, key, key === value, key === value));
  select.addEventListener("change", () => changed(select.value));
  return select;
};
snac.tick = (box, label, value, changed) => {
  const wrap = box.appendChild(document.createElement("label"));
  const input = wrap.appendChild(document.createElement("input"));
  input.type = "checkbox";
  input.checked = value;
  wrap.append(label);
  input.addEventListener("change", () => changed(input.checked));
  return input;
};

/// A domain with a little air; one value becomes an interval around it.
snac.padded = (values, share) => {
  const [low, high] = d3.extent(values);
  const air = (high - low) * share || Math.abs(high) * 0.05 || 1;
  return [low >= 0 ? Math.max(0, low - air) : low - air, high + air];
};
snac.logarithmic = (values) => d3.min(values) > 0 && d3.max(values) > 12 * d3.min(values);
snac.ticks = (scale, count) => {
  if (!scale.base) return scale.ticks(count);
  const decades = Math.log10(scale.domain()[1] / scale.domain()[0]);
  const steps = decades > 3.2 ? [1] : decades > 2.2 ? [1, 3] : [1, 2, 5];
  const [low, high] = scale.domain(), ticks = [];
  for (let e = Math.floor(Math.log10(low)); e <= Math.log10(high); ++e) for (const s of steps) ticks.push(s * 10 ** e);
  return ticks.filter((t) => t >= low && t <= high);
};
const shortNumber = (value) => {
  const size = Math.abs(value);
  if (size >= 10000) return d3.format(".3~s")(value);
  return size !== 0 && size < 1e-3 ? d3.format(".0e")(value).replace("−", "-") : d3.format(",")(Number(value.toPrecision(6)));
};

/// Axes with grid, names and ticks that fit. `box` is {left, top, right, bottom} in pixels. Options: xLabel, yLabel, xFormat, yFormat.
snac.axes = (svg, x, y, box, options) => {
  const g = svg.append("g");
  const wide = box.right - box.left, high = box.bottom - box.top;
  const xTicks = options.xTicks || snac.ticks(x, Math.max(2, wide / 90)), yTicks = options.yTicks || snac.ticks(y, Math.max(2, high / 55));
  g.append("g").attr("class", "grid").attr("transform", `translate(${box.left},0)`).call(d3.axisLeft(y).tickValues(yTicks).tickSize(-wide).tickFormat(""));
  g.append("g").attr("class", "grid").attr("transform", `translate(0,${box.bottom})`).call(d3.axisBottom(x).tickValues(xTicks).tickSize(-high).tickFormat(""));
  g.append("g").attr("class", "axis").attr("transform", `translate(0,${box.bottom})`)
    .call(d3.axisBottom(x).tickValues(xTicks).tickSizeOuter(0).tickPadding(6).tickFormat(options.xFormat || shortNumber));
  g.append("g").attr("class", "axis").attr("transform", `translate(${box.left},0)`)
    .call(d3.axisLeft(y).tickValues(yTicks).tickSizeOuter(0).tickPadding(6).tickFormat(options.yFormat || shortNumber));
  if (options.xLabel) g.append("text").attr("class", "x-name").attr("x", box.right).attr("y", box.bottom + 38).attr("text-anchor", "end").text(options.xLabel);
  if (options.yLabel) g.append("text").attr("class", "y-name").attr("x", box.left).attr("y", box.top - 10).attr("text-anchor", "start").text(options.yLabel);
  return g;
};

/// Entries [text, class of mark, colour] in a row that wraps; returns the height it took. Marks: dot, hollow, line, dashes, diamond, square.
snac.legend = (svg, entries, left, top, width) => {
  let x = left, y = top;
  for (const [text, mark, colour] of entries) {
    const g = svg.append("g").attr("class", "legend");
    const label = g.append("text").attr("x", 24).attr("y", 4).text(text);
    const size = 24 + label.node().getComputedTextLength() + 18;
    if (x > left && x + size - 18 > left + width) { x = left; y += 20; }
    g.attr("transform", `translate(${x},${y})`);
    if (mark === "line" || mark === "dashes")
      g.append("line").attr("x1", 0).attr("x2", 18).attr("stroke", colour).attr("stroke-width", 2).attr("stroke-dasharray", mark === "dashes" ? "5 3" : null);
    else if (mark === "square") g.append("rect").attr("x", 2).attr("y", -7).attr("width", 14).attr("height", 14).attr("fill", colour);
    else if (mark === "hollow") g.append("circle").attr("cx", 9).attr("r", 5).attr("fill", "none").attr("stroke", colour).attr("stroke-width", 2);
    else g.append("path").attr("transform", "translate(9,0)").attr("fill", colour)
      .attr("d", d3.symbol().type(mark === "diamond" ? d3.symbolDiamond : mark === "star" ? d3.symbolStar : d3.symbolCircle).size(80)());
    x += size;
  }
  return y - top + 20;
};

/// Small dots as one path: thousands cost as little as one.
snac.dots = (svg, points, radius, colour, opacity) => svg.append("path").attr("class", "dots").attr("fill", "none").attr("stroke", colour)
  .attr("stroke-width", 2 * radius).attr("stroke-linecap", "round").attr("stroke-opacity", opacity)
  .attr("d", points.map((p) => `M${p.px.toFixed(1)},${p.py.toFixed(1)}h0`).join(""));

/// Puts a label beside its point where it covers no other label and the fewest points.
snac.place = (text, point, box, places, points) => {
  const size = text.node().getBBox(), w = size.width, h = size.height;
  const spots = [[12, -10], [12, 18], [-12 - w, -10], [-12 - w, 18], [-w / 2, -16], [-w / 2, 26], [14, -30], [14, 40], [-14 - w, -30], [-14 - w, 40], [-w / 2, -36], [-w / 2, 46]];
  let best = null;
  for (const [dx, dy] of spots) {
    const left = point.px + dx, base = point.py + dy, rect = [left - 2, base - h, left + w + 2, base + 4];
    let cost = rect[0] < box.left || rect[2] > box.right || rect[1] < box.top || rect[3] > box.bottom ? 100 : 0;
    for (const other of places) if (rect[0] < other[2] && rect[2] > other[0] && rect[1] < other[3] && rect[3] > other[1]) cost += 50;
    for (const p of points) if (p.px > rect[0] && p.px < rect[2] && p.py > rect[1] && p.py < rect[3]) cost += 1;
    if (best === null || cost < best.cost) best = { cost, left, base, rect };
  }
  places.push(best.rect);
  text.attr("x", best.left).attr("y", best.base);
};

/// Tool tips: the nearest of `points` {px, py, tip} under the pointer; `stops` (default: all) one after the other by arrow keys.
snac.tips = (figure, points, stops) => {
  const node = figure.svg, reach = 28;
  const ring = d3.select(node).append("circle").attr("class", "ring").attr("r", 8).style("display", "none");
  const order = (stops || points).slice().sort((a, b) => a.px - b.px || a.py - b.py);
  let at = -1;
  const show = (point, speak) => {
    if (!point) { ring.style("display", "none"); snac.hideTip(); return; }
    if (point.noRing) ring.style("display", "none");
    else ring.style("display", null).attr("cx", point.px).attr("cy", point.py);
    const frame = node.getBoundingClientRect(), scale = frame.width / figure.width;
    snac.showTip(point.tip(), frame.left + point.px * scale, frame.top + point.py * scale, speak);
  };
  const nearest = (event) => {
    const frame = node.getBoundingClientRect(), scale = frame.width / figure.width;
    const x = (event.clientX - frame.left) / scale, y = (event.clientY - frame.top) / scale;
    let best = null, least = reach * reach;
    for (const point of points) {
      if (point.box) {
        if (x >= point.box[0] && x <= point.box[2] && y >= point.box[1] && y <= point.box[3]) return point;
        continue;
      }
      const distance = (point.px - x) ** 2 + (point.py - y) ** 2;
      if (distance < least) { least = distance; best = point; }
    }
    return best;
  };
  node.setAttribute("tabindex", "0");
  node.onpointermove = (event) => show(nearest(event), false);
  node.onpointerdown = node.onpointermove;
  node.onpointerleave = () => show(null);
  node.onblur = () => { at = -1; show(null); };
  node.onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") { at = -1; show(null); return; }
    if (!step || order.length === 0) return;
    event.preventDefault();
    at = (at + step + order.length + (at < 0 && step < 0 ? 1 : 0)) % order.length;
    show(order[at], true);
  };
};
snac.showTip = (text, x, y, speak) => {
  const tip = document.getElementById("tip");
  tip.textContent = text;
  tip.hidden = false;
  const left = Math.min(x + 14, document.documentElement.clientWidth - tip.offsetWidth - 8);
  const below = y + 14 + tip.offsetHeight < window.innerHeight;
  tip.style.left = Math.max(8, left) + window.scrollX + "px";
  tip.style.top = (below ? y + 14 : y - tip.offsetHeight - 14) + window.scrollY + "px";
  if (speak) document.getElementById("live").textContent = text.replace(/\n/g, "; ");
};
snac.hideTip = () => { document.getElementById("tip").hidden = true; };

/// The figure as a picture of its own: styles that the page's sheet gives are written into the elements.
snac.picture = (figure) => {
  if (figure.width === 0) snac.redraw(figure.spec.id);
  const kept = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-linecap", "stroke-linejoin", "paint-order",
    "font-family", "font-size", "font-weight", "text-anchor", "opacity", "display"];
  const copy = figure.svg.cloneNode(true);
  const from = figure.svg.querySelectorAll("*"), to = copy.querySelectorAll("*");
  from.forEach((element, i) => {
    const style = getComputedStyle(element);
    for (const name of kept) to[i].style.setProperty(name, style.getPropertyValue(name));
    to[i].removeAttribute("class");
  });
  const height = Number(figure.svg.getAttribute("height")), margin = 12, title = 30;
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("viewBox", `${-margin} ${-title} ${figure.width + 2 * margin} ${height + title + margin}`);
  copy.setAttribute("width", figure.width + 2 * margin);
  copy.setAttribute("height", height + title + margin);
  for (const name of ["tabindex", "role", "aria-labelledby"]) copy.removeAttribute(name);
  const paper = getComputedStyle(document.body);
  const back = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [name, value] of [["x", -margin], ["y", -title], ["width", "100%"], ["height", "100%"], ["fill", paper.backgroundColor]]) back.setAttribute(name, value);
  const head = document.createElementNS("http://www.w3.org/2000/svg", "text");
  for (const [name, value] of [["x", 0], ["y", -10], ["fill", paper.color], ["font-family", paper.fontFamily], ["font-size", "15px"], ["font-weight", "600"]]) head.setAttribute(name, value);
  head.textContent = `${figure.spec.title} – ${snac.data.study}`;
  copy.prepend(back, head);
  return new XMLSerializer().serializeToString(copy);
};
snac.csv = (rows) => rows.map((row) => row.map((cell) => {
  const text = cell === null || cell === undefined ? "" : String(cell);
  return /[",\n\r]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}).join(",")).join("\r\n") + "\r\n";
snac.save = async (figure, kind) => {
  const name = `${snac.data.study.replace(/[^\w.-]+/g, "_")}-${figure.spec.id}.${kind.toLowerCase()}`;
  if (kind === "CSV") return snac.download(new Blob([snac.csv(figure.spec.table())], { type: "text/csv" }), name);
  const picture = snac.picture(figure);
  if (kind === "SVG") return snac.download(new Blob([picture], { type: "image/svg+xml" }), name);
  const image = new Image();
  image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(picture);
  await image.decode();
  const canvas = document.createElement("canvas"), scale = 2;
  canvas.width = scale * image.width;
  canvas.height = scale * image.height;
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
  return snac.download(blob, name);
};
snac.download = (blob, name) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
};
