/* Draw a digit: what the network reads in it, while it is drawn and while it learns. */

import { percent, t } from "../words.js";
import { rearranged, restored } from "./digits.js";
import { Grid } from "./grid.js";
import { Influence } from "./influence.js";
import { Pad } from "./pad.js";
import { argmax, DIGITS, softmax } from "./results.js";
import { reduced, SIDE } from "./strokes.js";

const IN_ORDER = Array.from({ length: SIDE * SIDE }, (_, i) => i);
const QUIET = 800; // milliseconds without a change before it is read out

export class Drawing {
  image = new Float32Array(SIDE * SIDE); // as it was drawn
  #order = IN_ORDER; // in which the network gets its pixels
  #said = 0;

  /* `ask(image)` lets the network look; its answer comes to `show`. */
  constructor(root, ask) {
    this.ask = ask;
    this.word = root.querySelector("[data-reading]");
    this.live = root.querySelector("[data-reading-live]");
    this.bars = makeBars(root.querySelector("[data-bars]"));
    this.pad = new Pad(root.querySelector("[data-pad]"), (strokes) => this.#take(reduced(strokes)));
    this.grid = new Grid(
      root.querySelector("[data-grid]"),
      (image) => this.put(restored(image, this.#order)),
      (square) => this.influence.point(square),
    );
    this.influence = new Influence(root, this.grid);
    root.querySelector("[data-clear]").addEventListener("click", () => this.clear());
  }

  get empty() {
    return this.image.every((pixel) => pixel === 0);
  }

  clear() {
    this.put(new Float32Array(this.image.length));
  }

  /* Put an image there, such as one of the data. */
  put(image) {
    this.pad.clear();
    this.#take(Float32Array.from(image));
  }

  #take(image) {
    this.image = image;
    this.#show();
    this.ask(image);
  }

  /* Let the grid show what a network gets, its pixels in some order. */
  arrange(order = IN_ORDER) {
    if (`${order}` === `${this.#order}`) return;
    this.#order = `${order}` === `${IN_ORDER}` ? IN_ORDER : order;
    this.#show();
  }

  /* A digit that is shuffled in the grid and was not drawn is shown on the pad. */
  #show() {
    this.grid.show(rearranged(this.image, this.#order));
    this.pad.image = this.#order === IN_ORDER ? null : this.image;
    this.pad.paint();
  }

  repaint() {
    this.#show();
  }

  /* An answer has come: ten logits, and what each block mixes. */
  show(logits, influences) {
    const chances = softmax(logits);
    const best = argmax(chances);
    this.bars.forEach(({ bar, number }, digit) => {
      bar.style.setProperty("--share", chances[digit]);
      bar.parentElement.classList.toggle("best", !this.empty && digit === best);
      number.textContent = percent(chances[digit]);
    });
    const values = { digit: best, share: percent(chances[best]) };
    this.#say(this.empty ? t("Draw a digit.") : t("It reads a {digit}, {share} sure.", values));
    this.influence.show(influences, this.grid.image);
  }

  #say(text) {
    if (this.word.textContent === text) return;
    this.word.textContent = text;
    clearTimeout(this.#said);
    this.#said = setTimeout(() => (this.live.textContent = text), QUIET);
  }
}

function makeBars(list) {
  return Array.from({ length: DIGITS }, (_, digit) => {
    const item = document.createElement("li");
    const bar = document.createElement("span");
    const number = document.createElement("span");
    bar.className = "bar";
    item.append(Object.assign(document.createElement("b"), { textContent: digit }), bar, number);
    list.append(item);
    return { bar, number };
  });
}
