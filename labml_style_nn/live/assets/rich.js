/* What an object shows of itself: a picture, a drawing, a table, or text. An object offers
 * several forms, and the first that is known here is the best, as when the site is built. */

import { t } from "../words.js";
import DOMPurify from "./vendor/dompurify.js";
import { coloured } from "./colours.js";
import { make, printed, reachable } from "./make.js";

let drawings = 0;

// The names in a drawing count from one in each: with a prefix they stay apart.
function scoped(drawing) {
  const scope = `live-drawing-${++drawings}-`;
  return drawing.replace(/(\bid="|href="#|url\(#)/g, `$1${scope}`);
}

// HTML may hold what came from anywhere, and nothing of it may run. A drawing uses parts of
// itself again and again, which is harmless as long as they are its own.
function harmless(html, profile) {
  return DOMPurify.sanitize(html, {
    USE_PROFILES: profile,
    FORBID_TAGS: ["style", "form"],
    ADD_TAGS: ["use"],
    ADD_ATTR: ["xlink:href"],
    RETURN_DOM_FRAGMENT: true,
  });
}

DOMPurify.addHook("uponSanitizeAttribute", (element, attribute) => {
  const leads = element.localName === "use" && attribute.attrName.endsWith("href");
  if (leads && !attribute.attrValue.startsWith("#")) attribute.keepAttr = false;
});

function words(about) {
  return about?.alt || t("A picture that the code drew");
}

function bitmap(kind) {
  return (data, about) => {
    const src = `data:${kind};base64,${data.replaceAll("\n", "")}`;
    const image = make("img", { src, alt: words(about) });
    if (about?.width) image.width = about.width;
    return make("figure.nb-figure", {}, image);
  };
}

function drawing(data, about) {
  const inner = harmless(scoped(data), { svg: true, svgFilters: true });
  const svg = inner.querySelector("svg");
  svg?.setAttribute("role", "img");
  svg?.setAttribute("aria-label", words(about));
  return make("figure.nb-figure", {}, inner);
}

function table(data) {
  return reachable(make("div.nb-html", {}, harmless(data, { html: true })), t("Output"));
}

const FORMS = {
  "text/html": table,
  "image/svg+xml": drawing,
  "image/png": bitmap("image/png"),
  "image/jpeg": bitmap("image/jpeg"),
  "text/plain": (data) => printed(coloured(data)),
};

/** The element for a bundle of forms. */
export function shown(data, metadata) {
  const kind = Object.keys(FORMS).find((form) => form in data);
  if (!kind) return printed(t("(nothing that a page can show)"));
  return FORMS[kind](data[kind], metadata?.[kind] ?? metadata);
}
