// Keys follow the links of the page: every page works without them.
"use strict";

const help = document.getElementById("keys");

function follow(relation) {
  const link = document.querySelector(`link[rel="${relation}"]`);
  if (link) location.href = link.href;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
  if (event.isComposing || event.target.closest("input, select, textarea")) return;
  if (event.target.closest("summary, [tabindex='0']") && event.key !== "Escape") return;
  switch (event.key) {
    case "j":
    case "ArrowRight":
      return follow("next");
    case "k":
    case "ArrowLeft":
      return follow("prev");
    case "Escape":
      return follow("up");
    case "/":
      event.preventDefault();
      return document.querySelector("form.search input").focus();
    case "?":
      event.preventDefault();
      return help.showModal();
  }
});
