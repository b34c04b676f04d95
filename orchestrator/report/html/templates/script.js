"use strict";
// Convenience alone: without it every table stands as it was written.
const value = (row, at) => row.cells[at].textContent.trim();
const compare = (one, other) => {
  const [a, b] = [one, other].map((text) => parseFloat(text.replace(/[,×%]/g, "").replace("−", "-")));
  return Number.isNaN(a) || Number.isNaN(b) ? one.localeCompare(other) : a - b;
};
for (const table of document.querySelectorAll("table")) {
  if (table.tBodies[0].rows.length < 3) continue;
  table.querySelectorAll("thead th").forEach((head, at) => {
    const button = document.createElement("button");
    button.append(...head.childNodes);
    button.title = "Sort by this column";
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const each of table.querySelectorAll("thead th")) each.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...table.tBodies[0].rows].sort((a, b) => compare(value(a, at), value(b, at)) * (down ? -1 : 1));
      table.tBodies[0].append(...rows);
    });
  });
}
addEventListener("beforeprint", () => {
  for (const each of document.querySelectorAll("details:not([open])")) { each.open = true; each.dataset.folded = ""; }
});
addEventListener("afterprint", () => {
  for (const each of document.querySelectorAll("details[data-folded]")) { each.open = false; delete each.dataset.folded; }
});
