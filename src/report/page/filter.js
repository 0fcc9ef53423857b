"use strict";
// One filter for all figures of the global search: words and conditions of the text field, ranges brushed on parallel axes.

snac.trials = snac.rowsOf(snac.data.trials);
snac.filter = { text: "", ranges: new Map() };  // ranges: axis name -> predicate of a row

/// "relu lut<20000 accuracy>=60": words must occur, conditions must hold. Percent where figures are shown in percent.
snac.matcher = (text) => {
  const tests = [];
  for (const word of text.toLowerCase().split(/\s+/).filter(Boolean)) {
    const condition = /^([\w.]+)(<=|>=|<|>|=)(-?[\d.]+(?:e[+-]?\d+)?)$/.exec(word);
    if (condition) {
      const [, name, op, limit] = condition, bound = Number(limit);
      const compare = { "<": (v) => v < bound, ">": (v) => v > bound, "<=": (v) => v <= bound, ">=": (v) => v >= bound, "=": (v) => v === bound }[op];
      tests.push((row) => {
        const value = name in row.values ? snac.shown(name, row.values[name]) : (row.choices || {})[name];
        return value !== null && value !== undefined && compare(Number(value));
      });
    } else {
      tests.push((row) => row.haystack.includes(word));
    }
  }
  return (row) => tests.every((test) => test(row));
};
for (const row of snac.trials) {
  const choices = Object.entries(row.choices).filter(([, v]) => v !== null && v !== undefined).map(([axis, value]) => `${axis}=${value}`);
  row.haystack = `${row.name} ${row.network} ${choices.join(" ")}`.toLowerCase();
}
snac.kept = () => {
  const matches = snac.matcher(snac.filter.text), ranges = [...snac.filter.ranges.values()];
  return snac.trials.map((row) => matches(row) && ranges.every((inside) => inside(row)));
};
snac.filterChanged = (drawn) => {
  const kept = snac.kept().filter(Boolean).length;
  const active = snac.filter.text.trim() !== "" || snac.filter.ranges.size > 0;
  document.getElementById("filter-count").textContent = active ? `${snac.number(kept)} of ${snac.number(snac.trials.length)} networks` : "";
  for (const id of ["search-front", "parallel"]) {
    const figure = snac.figures.get(id);
    if (figure && figure.width > 0 && id !== drawn) snac.redraw(id);
  }
};
/// Lines of a tool tip: name, network, figures with their sources.
snac.describe = (row, metrics) => {
  const lines = [`${row.name}  ${row.network || ""}`.trim()];
  if (row.precision) lines.push(`${snac.bits(row.precision)}, sparsity ${snac.text("sparsity", row.values.sparsity)}`);
  for (const m of metrics) {
    if (row.values[m] === null || row.values[m] === undefined || (row.precision && m === "sparsity")) continue;
    lines.push(`${snac.nameOf(m)}: ${snac.text(m, row.values[m])}`);
  }
  lines.push(row.precision ? "accuracy: integers, validation" : "accuracy: validation");
  lines.push(`resources: ${row.source}`);
  return lines.join("\n");
};
