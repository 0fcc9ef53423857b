"use strict";
// The study, and what is computed from it without drawing: names and units, dominance, hypervolume, shares of variance.
const snac = {};

snac.data = JSON.parse(document.getElementById("data").textContent);

snac.labels = {
  accuracy: "accuracy", sparsity: "sparsity", lut: "LUT", ff: "FF", dsp: "DSP", bram18: "BRAM18", macs: "multiply-accumulates", bops: "bit operations",
  parameters: "trainable parameters", loss: "cross-entropy loss", average_resource: "average resource", clock_cycles: "latency",
  latency_ns: "latency at the target clock", initiation_interval: "initiation interval", nonzero: "non-zero weights",
  float_accuracy: "accuracy in float", accuracy_deviation: "accuracy, spread over folds", stage_ns: "slowest stage", adders: "adders", multipliers: "multipliers",
};
snac.shares = new Set(["accuracy", "float_accuracy", "sparsity", "accuracy_deviation"]);
snac.units = { average_resource: "% of the device", clock_cycles: "cycles", latency_ns: "ns", initiation_interval: "cycles", stage_ns: "ns" };

/// "latency", "latency / cycles".
snac.nameOf = (metric) => snac.labels[metric] || metric.replace(/_/g, " ");
snac.axisOf = (metric) => {
  const unit = snac.shares.has(metric) ? "%" : snac.units[metric] || (snac.data.metrics[metric] || {}).unit;
  return snac.nameOf(metric) + (unit ? " / " + unit : "");
};
/// Figures are stored as shares and shown in percent.
snac.shown = (metric, value) => (value === null || value === undefined ? null : snac.shares.has(metric) ? 100 * value : value);
snac.maximised = (metric) => Boolean((snac.data.metrics[metric] || {}).maximise) || snac.shares.has(metric) && metric !== "accuracy_deviation";

snac.number = (value) => {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  if (size >= 1000 || Number.isInteger(value)) return d3.format(",.0f")(value);
  return size >= 100 ? value.toFixed(1) : size >= 10 ? value.toFixed(2) : String(Number(value.toPrecision(3)));
};
snac.text = (metric, value) => {
  const v = snac.shown(metric, value);
  if (v === null) return "–";
  const unit = snac.shares.has(metric) ? "%" : snac.units[metric] || "";
  return (snac.shares.has(metric) ? v.toFixed(2) : snac.number(v)) + (unit ? " " + unit : "");
};
/// Text on a cell of the heat colour at this opacity: whichever reads better on it.
snac.isLight = () => getComputedStyle(document.body).backgroundColor === "rgb(255, 255, 255)";
snac.heat = () => `rgb(${getComputedStyle(document.documentElement).getPropertyValue("--heat")})`;
snac.inkOn = (opacity) => (snac.isLight() ? (opacity > 0.93 ? "#ffffff" : "#1b1f24") : opacity > 0.7 ? "#10151a" : "#e8eaed");
/// "w6a8" in words.
snac.bits = (precision) => {
  const match = /^w(\d+)a(\d+)$/.exec(precision);
  if (!match) return precision;
  return match[1] === match[2] ? match[1] + " bits" : match[1] + "/" + match[2] + " bits";
};

/// Why a figure of a later stage is empty.
snac.older = "This study was made by an older snac: run it once more to add what this figure needs.";
snac.notYet = (what) => (snac.data.run === null ? snac.older : what);

/// Rows of a table of columns as objects {index, name, network, source, values, ...}.
snac.rowsOf = (table) => table.name.map((name, index) => {
  const row = { index, name };
  for (const key of Object.keys(table)) {
    if (key === "name") continue;
    if (Array.isArray(table[key])) row[key] = table[key][index];
    else row[key] = Object.fromEntries(Object.entries(table[key]).map(([column, values]) => [column, values[index]]));
  }
  return row;
});
/// Metrics that differ between rows, in the table's order, those in `first` in front.
snac.metricsOf = (table, first) => {
  const names = Object.keys(table.values).filter((m) => d3.max(table.values[m]) !== d3.min(table.values[m]));
  return [...first.filter((m) => m in table.values), ...names.filter((m) => !first.includes(m))];
};

/// Vectors to minimise; null where a figure is missing.
snac.costs = (rows, metrics) => rows.map((row) => {
  const point = metrics.map((m) => row.values[m]);
  return point.some((v) => v === null || v === undefined) ? null : point.map((v, i) => (snac.maximised(metrics[i]) ? -v : v));
});
/// Nowhere worse.
snac.covers = (a, b) => a.every((v, i) => v <= b[i]);
/// Indices of the points that no other dominates; of equal points the first. Sorted so that no later point covers an earlier one.
snac.front = (points) => {
  const order = points.map((p, i) => i).filter((i) => points[i] !== null);
  const sum = points.map((p) => (p === null ? 0 : d3.sum(p)));
  order.sort((a, b) => points[a][0] - points[b][0] || sum[a] - sum[b] || a - b);
  const front = [];
  for (const i of order) if (!front.some((j) => snac.covers(points[j], points[i]))) front.push(i);
  return front.sort((a, b) => a - b);
};
/// Volume that the points dominate below the reference; exact, by slices along the last objective.
snac.hypervolume = (points, reference) => {
  const inside = points.filter((p) => p.every((v, i) => v < reference[i]));
  const last = reference.length - 1;
  if (inside.length === 0) return 0;
  if (last === 0) return reference[0] - d3.min(inside, (p) => p[0]);
  if (last === 1) {
    inside.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    let height = reference[1], area = 0;
    for (const p of inside) {
      if (p[1] >= height) continue;
      area += (reference[0] - p[0]) * (height - p[1]);
      height = p[1];
    }
    return area;
  }
  inside.sort((a, b) => a[last] - b[last]);
  let volume = 0;
  for (let i = 0; i < inside.length; ++i) {
    const depth = (i + 1 < inside.length ? inside[i + 1][last] : reference[last]) - inside[i][last];
    if (depth > 0) volume += depth * snac.hypervolume(inside.slice(0, i + 1).map((p) => p.slice(0, last)), reference.slice(0, last));
  }
  return volume;
};
/// Share of the box between the best and the worst value of each objective that the rows up to each one dominate:
/// [{count, volume}] wherever the front changes.
snac.progress = (rows, metrics) => {
  const points = snac.costs(rows, metrics), known = points.filter((p) => p !== null);
  if (known.length === 0) return [];
  const low = metrics.map((m, i) => d3.min(known, (p) => p[i])), high = metrics.map((m, i) => d3.max(known, (p) => p[i]));
  const scaled = points.map((p) => p && p.map((v, i) => (high[i] > low[i] ? (v - low[i]) / (high[i] - low[i]) : 0)));
  const changes = [];
  let front = [];
  scaled.forEach((p, index) => {
    if (p === null || front.some((q) => snac.covers(q, p))) return;
    front = front.filter((q) => !snac.covers(p, q));
    front.push(p);
    changes.push({ index, front });
  });
  // Slices cost more with each objective: fewer points of the curve then.
  const most = metrics.length <= 3 ? 150 : 30, step = Math.max(1, (changes.length - 1) / most);
  const picked = changes.filter((c, k) => k === changes.length - 1 || Math.floor(k / step) !== Math.floor((k - 1) / step));
  return picked.map(({ index, front: members }) => ({ index, volume: snac.hypervolume(members, metrics.map(() => 1)) }));
};
/// Share of a metric's variance that lies between the groups of one parameter's values: epsilon squared, the correlation ratio
/// without the part that chance gives to many groups. Null with fewer than two groups.
snac.varianceShare = (groups, values) => {
  const pairs = groups.map((g, i) => [g, values[i]]).filter(([g, v]) => g !== null && g !== undefined && v !== null && v !== undefined);
  const byGroup = d3.nest().key((p) => JSON.stringify(p[0])).entries(pairs);
  const n = pairs.length, k = byGroup.length;
  if (k < 2 || n <= k) return null;
  const mean = d3.mean(pairs, (p) => p[1]), total = d3.sum(pairs, (p) => (p[1] - mean) ** 2);
  if (!(total > 0)) return null;
  const within = d3.sum(byGroup, (g) => { const m = d3.mean(g.values, (p) => p[1]); return d3.sum(g.values, (p) => (p[1] - m) ** 2); });
  return Math.max(0, 1 - within / (n - k) / (total / (n - 1)));
};
