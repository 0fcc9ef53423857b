"use strict";
// Colours, the filter's field, and drawing as figures come into view. What a reader has set outlives the reloads of a watched study.
{
  const kept = (key, value) => {
    try {
      if (value !== undefined) sessionStorage.setItem("snac " + key, value);
      return sessionStorage.getItem("snac " + key) || "";
    } catch (refused) {
      return "";  // a browser that keeps nothing for files
    }
  };
  const root = document.documentElement, button = document.getElementById("theme");
  const isDark = () => (root.dataset.theme || (window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const redraw = () => {
    button.setAttribute("aria-pressed", String(isDark()));
    for (const [id, figure] of snac.figures) if (figure.width > 0) snac.redraw(id);
  };
  button.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; kept("theme", root.dataset.theme); redraw(); });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  if (kept("theme")) root.dataset.theme = kept("theme");
  button.setAttribute("aria-pressed", String(isDark()));

  const field = document.getElementById("filter");
  field.closest(".filter").hidden = snac.trials.length === 0;
  let waiting = 0;
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { snac.filter.text = kept("filter", field.value); snac.filterChanged(); }, 120);
  });
  if (kept("filter")) {
    field.value = snac.filter.text = kept("filter");
    snac.filterChanged();
  }
  snac.watch();
}
