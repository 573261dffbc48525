/* What the network answers on the held-out digits: the confusion matrix, the mistakes. */

import { around, percent, t } from "../words.js";
import { grey } from "./colours.js";
import { mosaic } from "./pictures.js";
import { confusion, mistakes } from "./results.js";

const SHOWN = 24; // mistakes at most
const SIDE = 8;

export class Answers {
  constructor(root) {
    this.matrix = root.querySelector("[data-confusion]");
    this.list = root.querySelector("[data-mistakes]");
    this.word = root.querySelector("[data-mistakes-word]");
  }

  show(test, digits, labels) {
    this.#fill(confusion(test.answers, labels));
    const places = mistakes(test, labels);
    this.word.textContent = words(places.length, labels.length);
    const some = places.slice(0, SHOWN).map((place) => mistake(place, test, digits, labels));
    this.list.replaceChildren(...some);
  }

  #fill(counts) {
    const body = this.matrix.tBodies[0] ?? this.matrix.createTBody();
    body.replaceChildren();
    counts.forEach((row, truth) => {
      const line = body.insertRow();
      line.append(Object.assign(document.createElement("th"), { textContent: truth, scope: "row" }));
      const all = row.reduce((a, b) => a + b);
      row.forEach((count, answer) => fillCell(line.insertCell(), count, count / all, truth === answer));
    });
  }
}

/* Right answers lie on the diagonal and have one colour; wrong ones have the other. */
function fillCell(cell, count, share, right) {
  if (count) cell.textContent = count;
  cell.className = right ? "right" : "wrong";
  cell.style.setProperty("--share", count ? 0.1 + 0.28 * share : 0);
}

function mistake(place, test, digits, labels) {
  const item = document.createElement("li");
  const canvas = document.createElement("canvas");
  canvas.setAttribute("aria-hidden", "true");
  const image = digits.image(digits.train + place);
  mosaic(canvas, [image], { side: SIDE, columns: 1, colour: grey });
  const share = percent(test.sure[place]);
  const answer = line(t("says {digit}, {share}", { share }), test.answers[place]);
  item.append(canvas, answer, line(t("is a {digit}"), labels[place]));
  return item;
}

function line(words, number) {
  const line = document.createElement("span");
  const digit = Object.assign(document.createElement("b"), { textContent: number });
  line.append(...around(words, { digit }));
  return line;
}

function words(wrong, all) {
  if (!wrong) return t("All {all} test digits are classified correctly.", { all });
  if (wrong <= SHOWN) return t("{wrong} of {all} test digits are misclassified.", { wrong, all });
  return t(
    "{wrong} of {all} test digits are misclassified; these {shown} had the highest probability.",
    { wrong, all, shown: SHOWN },
  );
}

