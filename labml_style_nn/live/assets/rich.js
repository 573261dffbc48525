/* What an object shows of itself: a picture, a drawing, a table, or text. An object offers
 * several forms, and the first that is known here is the best, as when the site is built. */

import DOMPurify from "./vendor/dompurify.js";
import { coloured } from "./colours.js";
import { make } from "./make.js";

let drawings = 0;

// The names in a drawing count from one in each: with a prefix they stay apart.
function scoped(drawing) {
  const scope = `live-drawing-${++drawings}-`;
  return drawing.replace(/(\bid="|href="#|url\(#)/g, `$1${scope}`);
}

// HTML may hold what came from anywhere, and nothing of it may run. A drawing uses parts of
// itself again and again, which is harmless as long as they are its own.
function harmless(html, profile) {
  const rules = { FORBID_TAGS: ["style", "form"], ADD_TAGS: ["use"], ADD_ATTR: ["xlink:href"] };
  return DOMPurify.sanitize(html, { USE_PROFILES: profile, ...rules, RETURN_DOM_FRAGMENT: true });
}

DOMPurify.addHook("uponSanitizeAttribute", (element, attribute) => {
  const leads = element.localName === "use" && attribute.attrName.endsWith("href");
  if (leads && !attribute.attrValue.startsWith("#")) attribute.keepAttr = false;
});

function words(about) {
  return about?.alt || "A picture that the code drew";
}

function bitmap(kind) {
  return (data, about) => {
    const src = `data:${kind};base64,${data.replaceAll("\n", "")}`;
    const width = about?.width ? { width: about.width } : {};
    return make("figure", { className: "nb-figure" }, make("img", { src, alt: words(about), ...width }));
  };
}

function drawing(data, about) {
  const inner = harmless(scoped(data), { svg: true, svgFilters: true });
  const svg = inner.querySelector("svg");
  svg?.setAttribute("role", "img");
  svg?.setAttribute("aria-label", words(about));
  return make("figure", { className: "nb-figure" }, inner);
}

function table(data) {
  const group = { className: "nb-html", tabIndex: 0, role: "group", "aria-label": "Output" };
  return make("div", group, harmless(data, { html: true }));
}

function text(data) {
  const group = { className: "live-text", tabIndex: 0, role: "group", "aria-label": "Output" };
  return make("pre", group, make("samp", {}, coloured(data)));
}

const FORMS = {
  "text/html": table,
  "image/svg+xml": drawing,
  "image/png": bitmap("image/png"),
  "image/jpeg": bitmap("image/jpeg"),
  "text/plain": text,
};

/** The element for a bundle of forms. */
export function shown(data, metadata) {
  const kind = Object.keys(FORMS).find((form) => form in data);
  return kind ? FORMS[kind](data[kind], metadata?.[kind] ?? metadata) : text("(nothing that a page can show)");
}
