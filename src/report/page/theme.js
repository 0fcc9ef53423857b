"use strict";
// Light or dark, and what a reader has set: it outlives the reloads of a watched study.

snac.remembered = (key, value) => {
  try {
    if (value !== undefined) sessionStorage.setItem("snac " + key, value);
    return sessionStorage.getItem("snac " + key) || "";
  } catch (refused) {
    return "";  // a browser that keeps nothing for files
  }
};
{
  const root = document.documentElement, button = document.getElementById("theme");
  const isDark = () => (root.dataset.theme || (window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const redraw = () => {
    button.setAttribute("aria-pressed", String(isDark()));
    for (const [id, figure] of snac.figures) if (figure.width > 0) snac.redraw(id);
  };
  button.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; snac.remembered("theme", root.dataset.theme); redraw(); });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  if (snac.remembered("theme")) root.dataset.theme = snac.remembered("theme");
  button.setAttribute("aria-pressed", String(isDark()));
}
