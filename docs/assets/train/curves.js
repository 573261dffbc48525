/* The two charts, what their lines mean, and the same as a table. */

import { number, percent as share, t } from "../words.js";
import { Chart } from "./chart.js";
import { smooth } from "./history.js";

const KINDS = ["one", "two"]; // the look of the first network's curves, and the second's

const percent = (value) => share(value, 1);

export class Curves {
  #histories = [];
  #frame = null;
  #cursor = null;

  constructor(root) {
    const pointed = (step) => {
      this.#cursor = step;
      this.#paint();
    };
    const place = (name) => root.querySelector(`[data-chart="${name}"]`);
    const loss = {
      ticks: [0, 0.5, 1, 1.5, 2, 2.5],
      limit: 10,
      format: (v) => number(v, 1),
      words: true,
    };
    const right = {
      ticks: [0, 0.25, 0.5, 0.75, 1],
      limit: 1,
      format: (v) => share(v),
      line: { value: 0.97, word: share(0.97) },
    };
    this.loss = new Chart(place("loss"), loss, pointed);
    this.right = new Chart(place("right"), right, pointed);
    this.legends = ["loss", "right"].map((name) => root.querySelector(`[data-legend="${name}"]`));
    this.table = root.querySelector("[data-table]");
  }

  /* `frame` is { steps, epoch, marks }. */
  show(histories, frame) {
    this.#histories = histories;
    this.#frame = frame;
    this.#paint();
    this.#tabulate();
  }

  #paint() {
    if (!this.#frame) return;
    const frame = { ...this.#frame, cursor: this.#cursor };
    this.loss.draw({ ...frame, curves: this.#histories.map(lossCurve) });
    this.right.draw({ ...frame, curves: this.#histories.map(rightCurve) });
    this.#explain(this.legends[0], ({ losses }) => decimals(losses[this.#at(losses)], 2));
    this.#explain(this.legends[1], ({ tests }) => this.#lastTest(tests));
  }

  #at(values) {
    return Math.min(this.#cursor ?? Infinity, values.length - 1);
  }

  #lastTest(tests) {
    const test = tests.findLast(({ step }) => step <= (this.#cursor ?? Infinity));
    return test && percent(test.right);
  }

  #explain(legend, value) {
    const items = this.#histories.map((history, i) => {
      const item = document.createElement("li");
      item.className = KINDS[i];
      const number = document.createElement("b");
      number.textContent = value(history) ?? "";
      item.append(`${history.title} `, number);
      return item;
    });
    legend.replaceChildren(...items);
  }

  #tabulate() {
    const all = this.#histories.map((history) => history.epochs(this.#frame.epoch));
    const rows = Math.max(0, ...all.map((some) => some.length));
    const shown = `${rows} ${this.#histories.map((history) => history.title)}`;
    if (this.table.dataset.shown === shown) return;
    this.table.dataset.shown = shown;
    const names = this.#histories.map((history) => history.title);
    this.table.replaceChildren(head(names), body(all, rows));
  }
}

function lossCurve({ losses }, i) {
  const points = smooth(losses).map((loss, step) => [step, loss]);
  return { kind: KINDS[i], points, faint: losses.map((loss, step) => [step, loss]) };
}

function rightCurve({ rights, tests }, i) {
  const faint = smooth(rights).map((right, step) => [step, right]);
  const points = tests.map(({ step, right }) => [step, right]);
  return { kind: KINDS[i], faint, points, dots: points };
}

function head(names) {
  const columns = [t("training loss"), t("training accuracy"), t("test accuracy")];
  const head = document.createElement("thead");
  const above = head.insertRow();
  above.append(heading(t("epoch"), { rowSpan: 2, scope: "col" }));
  const below = head.insertRow();
  for (const name of names) {
    above.append(heading(name, { colSpan: columns.length, scope: "colgroup" }));
    below.append(...columns.map((column) => heading(column, { scope: "col" })));
  }
  return head;
}

function body(all, rows) {
  const body = document.createElement("tbody");
  for (let i = 0; i < rows; i++) {
    const row = body.insertRow();
    row.append(heading(i + 1, { scope: "row" }));
    for (const some of all) {
      const { loss, right, test } = some[i] ?? {};
      const texts = [decimals(loss, 3), right && percent(right), test && percent(test)];
      for (const text of texts) row.insertCell().textContent = text ?? "–";
    }
  }
  return body;
}

function decimals(value, digits) {
  return value === undefined ? value : number(value, digits);
}

function heading(text, attributes) {
  return Object.assign(document.createElement("th"), { textContent: text, ...attributes });
}
