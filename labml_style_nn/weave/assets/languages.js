/* In another language. A paragraph whose English has changed shows the English of today.
 * And whoever changes the language stays at the same place: the anchors of a page are the
 * same in all languages. The links work without this, but lead to the top of the page. */

import { tips } from "./tip.js";

tips(".weave-changed[data-english]", ({ dataset }) => {
  const english = document.createElement("span");
  english.lang = "en";
  english.textContent = dataset.english;
  return english;
});

/* The last anchor that has gone up to the edge of the screen, or beyond it. */
function place() {
  const top = 80; // pixels that the header takes
  const passed = [...document.querySelectorAll("article [id]")].filter((element) => {
    const { y, width } = element.getBoundingClientRect();
    return y <= top && (width || element.matches("a, h1, h2, h3, h4"));
  });
  return scrollY > top && passed.length ? `#${passed.at(-1).id}` : "";
}

for (const link of document.querySelectorAll("a.md-select__link[hreflang]")) {
  link.addEventListener("click", () => {
    link.hash = place() || location.hash;
  });
}
