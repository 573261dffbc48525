/* Weave needs no script to be read. This one opens the notation for whoever follows a link
 * to it, lets the keyboard scroll a formula that is wider than the screen, and tells a
 * screen reader that the button on a block of code is a button, not a place to navigate
 * to. */

import "./copy.js";
import "./languages.js";
import "./papers.js";
import "./references.js";
import "./shapes.js";
import "./symbols.js";

function unfold() {
  const notation = document.querySelector(".weave-notation:has(:target)");
  if (notation) notation.open = true;
}
addEventListener("hashchange", unfold);
unfold();

const scrolls = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});
// An equation with symbols can be reached in any case: see symbols.js.
const formulas = document.querySelectorAll(".katex-display:not(:has([data-n]))");
formulas.forEach((formula) => scrolls.observe(formula));

function ungroup() {
  for (const nav of document.querySelectorAll("nav.md-code__nav:not([role])")) {
    nav.setAttribute("role", "none");
  }
}
new MutationObserver(ungroup).observe(document.body, { childList: true, subtree: true });
ungroup();
