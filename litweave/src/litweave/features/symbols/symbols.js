/* Point at a symbol of an equation, or at a variable of the code, and all that is the same
 * thing lights up, in formulas and in code, and a box tells what it means. The keyboard
 * does the same: an equation, an item of the notation and a block of code are a stop each,
 * and within one the arrow keys go from symbol to symbol. */

import { show, tips } from "./tip.js";
import { t } from "./words.js";

const SYMBOL = ".weave [data-n]";
const STOP = ".weave .katex-display:has([data-n]), .weave-code code:has([data-n])";

/* ---- What is known ------------------------------------------------------------------ */

/* The list on the page has the words, the data beside it the keys and the values. */
const data = JSON.parse(document.getElementById("weave-notation")?.textContent ?? "[]");
const items = [...document.querySelectorAll(".weave #notation ~ ul > li")];
const entries = items.flatMap((item, number) =>
  data[number] ? [{ item, ...data[number] }] : [],
);

const keysOf = (element) => element?.dataset.n?.split(" ") ?? [];
const entriesOf = (element) =>
  entries.filter(({ keys }) => keysOf(element).some((key) => keys.includes(Number(key))));

/* “24 in the example”, “24, 196 in the examples”; of several variables, each by name. */
function sizes({ values }) {
  const known = Object.entries(values).filter(([, found]) => found.length);
  const named = Object.keys(values).length > 1;
  const written = (found) => found.map((value) => [value].flat().join(" × ")).join(", ");
  const parts = known.map(([name, found]) => `${named ? `${name} ` : ""}${written(found)}`);
  if (!parts.length) return "";
  const sizes = parts.join("; ");
  const many = known.some(([, found]) => found.length > 1);
  return many ? t("{sizes} in the examples", { sizes }) : t("{sizes} in the example", { sizes });
}

/* ---- What is shown ------------------------------------------------------------------ */

let lit = [];

function light(keys) {
  for (const element of lit) element.classList.remove("weave-lit", "weave-here");
  const places = keys.map((key) => `.weave [data-n~="${key}"]`);
  lit = places.length ? [...document.querySelectorAll(places.join())] : [];
  for (const element of lit) element.classList.add("weave-lit");
}

function line(text) {
  const element = document.createElement("div");
  element.className = "weave-size";
  element.textContent = text;
  return element;
}

function card(entry) {
  const element = document.createElement("div");
  element.className = "weave-meaning";
  element.append(...entry.item.cloneNode(true).childNodes);
  for (const inner of element.querySelectorAll("[data-n]")) {
    inner.classList.remove("weave-lit");
    delete inner.dataset.n;
  }
  if (sizes(entry)) element.append(line(sizes(entry)));
  return element;
}

function content(element) {
  const cards = new DocumentFragment();
  // Who points at the list itself has the words before them.
  const listed = entries.some(({ item }) => item.contains(element));
  for (const entry of entriesOf(element)) {
    if (!listed) cards.append(card(entry));
    else if (sizes(entry)) cards.append(line(sizes(entry)));
  }
  return cards.childElementCount ? cards : null;
}

/* ---- What is said ------------------------------------------------------------------- */

const voice = document.createElement("div");
voice.className = "weave-voice";
voice.setAttribute("role", "status");
if (entries.length) document.body.append(voice);

/* An entry in words: of each formula its TeX, without what only TeX needs. */
function words(entry) {
  const copy = entry.item.cloneNode(true);
  for (const formula of copy.querySelectorAll(".katex")) {
    const tex = formula.querySelector("annotation").textContent;
    formula.replaceWith(tex.replace(/\\(?:text|mathbf|mathrm)\b|[\\{}_^]/g, " ").trim());
  }
  const size = sizes(entry);
  const meaning = copy.textContent.trim();
  const said = size ? t("{meaning}, {size}", { meaning, size }) : meaning;
  return said.replace(/\s+/g, " ");
}

/* ---- The pointer -------------------------------------------------------------------- */

const isTip = (node) => node.closest?.("#weave-tip");

tips(SYMBOL, content);
document.addEventListener("pointerover", ({ target, pointerType }) => {
  if (pointerType !== "mouse" || isTip(target)) return;
  light(keysOf(target.closest?.(SYMBOL)));
});
document.addEventListener("click", ({ target }) => {
  if (!isTip(target)) light(keysOf(target.closest?.(SYMBOL)));
});

/* ---- The keyboard ------------------------------------------------------------------- */

let here = null;

function visit(symbol) {
  here = symbol;
  light(keysOf(symbol));
  symbol.classList.add("weave-here");
  symbol.scrollIntoView({ block: "nearest", inline: "nearest" });
  voice.textContent = entriesOf(symbol).map(words).join(". ");
  // Scrolling hides the box: show it when that is over.
  requestAnimationFrame(() => here === symbol && show(symbol, content(symbol)));
}

function leave() {
  here = null;
  light([]);
  voice.textContent = "";
}

/* The symbol that a key leads to. Beyond the last, the key is the browser's, to scroll. */
function next(stop, key) {
  const symbols = [...stop.querySelectorAll("[data-n]")];
  const at = symbols.indexOf(here);
  const ends = { Home: 0, End: symbols.length - 1 };
  if (key in ends) return symbols[ends[key]];
  return symbols[key === "ArrowRight" ? at + 1 : at < 0 ? symbols.length - 1 : at - 1];
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") leave();
  if (!["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) return;
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const stop = event.target.closest?.(STOP);
  const symbol = stop && next(stop, event.key);
  if (!symbol) return;
  event.preventDefault();
  visit(symbol);
});

document.addEventListener("focusin", ({ target }) => {
  const entry = entries.find(({ item }) => item === target);
  if (!entry) return;
  light(entry.keys);
  if (sizes(entry)) show(target, line(sizes(entry)));
});
document.addEventListener("focusout", leave);

/* A stop that holds a link or another stop is reached by it. The theme takes the stop from
 * code that need not scroll: give it back. */
function reach(stop) {
  const inner = stop.querySelector("a[href], [tabindex='0']");
  if (!inner && stop.tabIndex !== 0) stop.tabIndex = 0;
}
const taken = new MutationObserver((changes) => {
  for (const { target } of changes) reach(target);
});
for (const stop of document.querySelectorAll(STOP)) {
  reach(stop);
  taken.observe(stop, { attributeFilter: ["tabindex"] });
}
for (const equation of document.querySelectorAll(".weave .katex-display:has([data-n])")) {
  equation.setAttribute("role", "group");
  equation.setAttribute("aria-label", t("Equation. Arrow keys go from symbol to symbol."));
}
for (const { item, values, keys } of entries) {
  item.tabIndex = 0;
  // The variables of the list are code of the list, not of the module: give them the key.
  for (const code of item.querySelectorAll("code")) {
    if (code.textContent in values) code.dataset.n = keys.join(" ");
  }
}
