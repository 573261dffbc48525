/* In another language. A paragraph whose English has changed shows the English of today.
 * And whoever changes the language stays at the same place: the anchors of a page are the
 * same in all languages. The links work without this, but lead to the top of the page. */

import { tips } from "./tip.js";

tips(".weave-unit-changed[data-english]", ({ dataset }) => {
  const english = document.createElement("span");
  english.lang = "en";
  english.textContent = dataset.english;
  return english;
});

/* The anchor that has gone up to the edge of the screen, or beyond it, but least far. */
function place() {
  const edge = 80; // pixels that the header takes
  if (scrollY <= edge) return "";
  const anchors = [...document.querySelectorAll("article [id]:not([id^=__])")];
  const passed = anchors
    .filter((element) => element.checkVisibility())
    .map((element) => [element.getBoundingClientRect().y, element.id])
    .filter(([y]) => y <= edge)
    .sort(([a], [b]) => b - a);
  return passed.length ? `#${passed[0][1]}` : "";
}

for (const link of document.querySelectorAll("a.md-select__link[hreflang]")) {
  link.addEventListener("click", () => {
    link.hash = place() || location.hash;
  });
}
