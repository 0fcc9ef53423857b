"use strict";
// The filter's field, and drawing as figures come into view.
{
  const field = document.getElementById("filter");
  field.closest(".filter").hidden = snac.trials.length === 0;
  let waiting = 0;
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { snac.filter.text = snac.remembered("filter", field.value); snac.filterChanged(); }, 120);
  });
  if (snac.remembered("filter")) {
    field.value = snac.filter.text = snac.remembered("filter");
    snac.filterChanged();
  }
  snac.watch();
}
