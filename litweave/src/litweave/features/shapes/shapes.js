/* Shapes at the ends of lines: a box has the numbers, the arrow keys go from one to the
 * next within a block of code, and a button puts all of them away. */

import { tips } from "./tip.js";

const KEY = "weave-shapes";
const root = document.documentElement;

/* ---- The numbers -------------------------------------------------------------------- */

function numbers(shape) {
  const box = document.createElement("div");
  box.className = "weave-runs";
  box.innerHTML = shape.dataset.runs; // written by the build, escaped
  return box;
}

tips(".weave-shape", numbers);

/* ---- The keyboard ------------------------------------------------------------------- */

const STEPS = { ArrowDown: 1, ArrowUp: -1 };

for (const code of document.querySelectorAll(".weave-code code")) {
  const shapes = [...code.querySelectorAll(".weave-shape")];
  // One stop for each block, and the arrows from there.
  shapes.forEach((shape, number) => (shape.tabIndex = number ? -1 : 0));
  code.addEventListener("keydown", (event) => {
    const next = shapes[shapes.indexOf(event.target) + STEPS[event.key]];
    if (!next || !shapes.includes(event.target)) return;
    event.preventDefault();
    next.focus();
  });
}

/* ---- The switch --------------------------------------------------------------------- */

function stored() {
  try {
    return localStorage.getItem(KEY) ?? "on";
  } catch {
    return "on"; // no storage for this site
  }
}

function put(state, button) {
  root.dataset.weaveShapes = state;
  button.setAttribute("aria-pressed", String(state === "on"));
}

for (const button of document.querySelectorAll("button[data-weave-shapes]")) {
  button.hidden = false;
  put(stored(), button);
  button.addEventListener("click", () => {
    const state = root.dataset.weaveShapes === "on" ? "off" : "on";
    put(state, button);
    try {
      localStorage.setItem(KEY, state);
    } catch {
      // It holds for this page.
    }
  });
}
