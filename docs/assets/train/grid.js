/* The image as the network gets it: 8 × 8 squares. Whoever cannot draw paints here, with
 * the arrow keys and the space bar, or square by square with the pointer. */

import { t } from "../words.js";
import { grey } from "./colours.js";
import { SIDE } from "./strokes.js";

const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

export class Grid {
  image = new Float32Array(SIDE * SIDE);

  /* `painted(image)` hears of changes made here, `pointed(square)` where somebody looks. */
  constructor(root, painted, pointed) {
    Object.assign(this, { painted, pointed });
    this.squares = rows(root);
    this.squares[0].tabIndex = 0;
    root.addEventListener("keydown", (event) => this.#key(event));
    root.addEventListener("click", (event) => this.#paint(this.#number(event)));
    root.addEventListener("pointerover", (event) => this.#point(this.#number(event)));
    root.addEventListener("focusin", (event) => this.#focus(this.#number(event)));
    this.show(this.image);
  }

  show(image) {
    this.image = image;
    this.squares.forEach((square, i) => {
      square.style.background = `rgb(${grey(image[i]).map(Math.round)})`;
      const ink = Math.round(16 * image[i]);
      const place = { row: Math.floor(i / SIDE) + 1, column: (i % SIDE) + 1 };
      const label = t("row {row}, column {column}: {ink} of 16", { ...place, ink });
      square.setAttribute("aria-label", label);
    });
  }

  /* Frame the squares of a patch. */
  frame(within) {
    this.squares.forEach((square, i) => square.classList.toggle("chosen", within(i)));
  }

  #number(event) {
    return this.squares.indexOf(event.target.closest("[role=gridcell]"));
  }

  #point(number) {
    if (number >= 0) this.pointed(number);
  }

  #focus(number) {
    if (number < 0) return;
    for (const square of this.squares) square.tabIndex = -1;
    this.squares[number].tabIndex = 0;
    this.pointed(number);
  }

  #key(event) {
    const number = this.#number(event);
    const [down, right] = ARROWS[event.key] ?? [];
    if (event.key === " ") this.#paint(number);
    else if (down === undefined) return;
    else this.#move(Math.floor(number / SIDE) + down, (number % SIDE) + right);
    event.preventDefault();
  }

  #move(row, column) {
    const inside = [row, column].every((at) => at >= 0 && at < SIDE);
    if (inside) this.squares[row * SIDE + column].focus();
  }

  /* Paper, half ink, ink, and paper again. */
  #paint(number) {
    if (number < 0) return;
    const image = Float32Array.from(this.image);
    const now = image[number];
    image[number] = now >= 1 ? 0 : now >= 0.5 ? 1 : 0.5;
    this.show(image);
    this.painted(image);
  }
}

function rows(root) {
  const all = Array.from({ length: SIDE }, () => {
    const row = element("row");
    row.append(...Array.from({ length: SIDE }, () => element("gridcell")));
    return row;
  });
  root.replaceChildren(...all);
  const squares = [...root.querySelectorAll("[role=gridcell]")];
  for (const square of squares) square.tabIndex = -1;
  return squares;
}

function element(role) {
  const element = document.createElement("div");
  element.setAttribute("role", role);
  return element;
}
