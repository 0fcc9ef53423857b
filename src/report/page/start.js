"use strict";
// Colours, the filter's field, and drawing as figures come into view.
{
  const root = document.documentElement, button = document.getElementById("theme");
  const isDark = () => (root.dataset.theme || (window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const redraw = () => {
    button.setAttribute("aria-pressed", String(isDark()));
    for (const [id, figure] of snac.figures) if (figure.width > 0) snac.redraw(id);
  };
  button.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; redraw(); });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  button.setAttribute("aria-pressed", String(isDark()));

  const field = document.getElementById("filter");
  field.closest(".filter").hidden = snac.trials.length === 0;
  let waiting = 0;
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { snac.filter.text = field.value; snac.filterChanged(); }, 120);
  });
  snac.watch();
}
