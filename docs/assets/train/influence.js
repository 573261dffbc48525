/* What each token mixing mixes: for one patch, how much every patch has to say in what it
 * becomes. A map of the image for each block. */

import { percent, t } from "../words.js";
import { grey, signed } from "./colours.js";
import { SIDE } from "./strokes.js";

const SQUARE = 32; // pixels of the canvas for a pixel of the image
const DOT = 9; // the radius of a dot that is all ink

export class Influence {
  #known = null;
  #square = 27; // near the middle, until somebody points elsewhere

  constructor(root, grid) {
    this.grid = grid;
    this.maps = root.querySelector("[data-maps]");
    this.word = root.querySelector("[data-maps-word]");
  }

  /* `influences` has a table for each block: how much patch j counts for patch i. */
  show(influences, image) {
    this.#known = { influences, image };
    this.#paint();
  }

  point(square) {
    this.#square = square;
    this.#paint();
  }

  #paint() {
    if (!this.#known) return;
    const { influences, image } = this.#known;
    this.#make(influences.length);
    if (!influences.length) {
      this.word.textContent = t("This network mixes no tokens: each patch is read by itself.");
      this.grid.frame(() => false);
      return;
    }
    const side = Math.sqrt(Math.sqrt(influences[0].length)); // patches in a row
    const patch = patchOf(this.#square, side);
    this.grid.frame((square) => patchOf(square, side) === patch);
    this.word.textContent = t(
      "The patch in row {row}, column {column}. Each map shows from where its next values come.",
      place(patch, side),
    );
    influences.forEach((table, block) => this.#map(table, block, { side, patch, image }));
  }

  #make(count) {
    if (this.maps.childElementCount === count) return;
    const figures = Array.from({ length: count }, () => {
      const figure = document.createElement("figure");
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = SIDE * SQUARE;
      canvas.setAttribute("role", "img");
      figure.append(canvas, document.createElement("figcaption"));
      return figure;
    });
    this.maps.replaceChildren(...figures);
  }

  #map(table, block, { side, patch, image }) {
    const [canvas, caption] = this.maps.children[block].children;
    const patches = side * side;
    const shares = normalised(table.subarray(patch * patches, (patch + 1) * patches));
    const most = shares.indexOf(Math.max(...shares));
    paint(canvas, shares, { side, patch, image });
    const found = { block: block + 1, ...place(most, side), share: percent(shares[most]) };
    caption.textContent = t("Block {block}", found);
    canvas.setAttribute(
      "aria-label",
      t("Block {block}: most from row {row}, column {column}, {share}", found),
    );
    canvas.title = t("most from row {row}, column {column}, {share}", found);
  }
}

function patchOf(square, side) {
  const size = SIDE / side;
  const row = Math.floor(square / SIDE / size);
  return row * side + Math.floor((square % SIDE) / size);
}

function place(patch, side) {
  return { row: Math.floor(patch / side) + 1, column: (patch % side) + 1 };
}

function normalised(row) {
  const sum = row.reduce((a, b) => a + b, 0) || 1;
  return Array.from(row, (one) => one / sum);
}

/* The colour tells how much a patch counts, the dot in each pixel how much ink is there. */
function paint(canvas, shares, { side, patch, image }) {
  const context = canvas.getContext("2d");
  const most = Math.max(...shares) || 1;
  const rgb = (colour) => `rgb(${colour.map(Math.round)})`;
  image.forEach((ink, square) => {
    const [left, top] = [(square % SIDE) * SQUARE, Math.floor(square / SIDE) * SQUARE];
    context.fillStyle = rgb(signed(shares[patchOf(square, side)] / most));
    context.fillRect(left, top, SQUARE, SQUARE);
    context.fillStyle = rgb(grey(1));
    context.beginPath();
    context.arc(left + SQUARE / 2, top + SQUARE / 2, DOT * Math.sqrt(ink), 0, 2 * Math.PI);
    context.fill();
  });
  const size = (SIDE / side) * SQUARE;
  context.strokeStyle = rgb(grey(1));
  context.lineWidth = 4;
  context.strokeRect((patch % side) * size + 2, Math.floor(patch / side) * size + 2, size - 4, size - 4);
}
