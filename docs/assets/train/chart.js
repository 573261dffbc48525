/* A chart of curves over the steps of training. */

import { svg } from "./svg.js";

const HEIGHT = 220;
const MARGIN = { top: 10, right: 8, bottom: 24, left: 40 };
const POINTS = 400; // of a curve at most: more could not be told apart

export class Chart {
  #drawn = null;

  /* `axis` says how values are shown: { ticks, limit, format, line, words }; `line` is a value
   * to reach, with a word on it; `words` says whether marks are named. `pointed(step)` hears at which step the pointer is, or null. */
  constructor(place, axis, pointed) {
    this.axis = axis;
    this.root = svg("svg", { height: HEIGHT, "aria-hidden": "true" });
    place.replaceChildren(this.root);
    new ResizeObserver(() => this.#drawn && this.draw(this.#drawn)).observe(place);
    this.root.addEventListener("pointermove", (event) => pointed(this.#stepAt(event)));
    this.root.addEventListener("pointerleave", () => pointed(null));
  }

  /* Each curve is { kind, points: [[step, value], …], faint, dots }; `steps` is the width of
   * the chart, `epoch` where its lines stand, `marks` tells where something was changed. */
  draw(drawn) {
    this.#drawn = drawn;
    const { curves, steps, epoch, marks, cursor } = drawn;
    this.steps = steps;
    this.width = this.root.parentElement.clientWidth;
    this.root.setAttribute("width", this.width);
    this.#scale(curves);
    this.root.replaceChildren(
      ...this.#values(),
      ...this.#epochs(epoch),
      ...marks.map((mark) => this.#mark(mark)),
      ...curves.flatMap((curve) => this.#curve(curve)),
      ...(cursor === null ? [] : [this.#upright(cursor, "cursor")]),
    );
  }

  /* The axis grows by whole ticks when a curve leaves it, up to its limit. */
  #scale(curves) {
    const { ticks, limit } = this.axis;
    const values = curves.flatMap(({ points }) => points.map(([, value]) => value));
    const most = Math.min(limit, Math.max(ticks.at(-1), ...values));
    const step = ticks[1] - ticks[0];
    const grown = Math.max(1, Math.ceil((most - ticks[0]) / (ticks.at(-1) - ticks[0])));
    this.ticks = ticks.map((_, i) => ticks[0] + i * step * grown);
    this.top = Math.max(most, this.ticks.at(-1));
  }

  #x(step) {
    return MARGIN.left + (step / this.steps) * (this.width - MARGIN.left - MARGIN.right);
  }

  #y(value) {
    const share = (value - this.ticks[0]) / (this.top - this.ticks[0]);
    const inside = HEIGHT - MARGIN.top - MARGIN.bottom;
    return MARGIN.top + inside * (1 - Math.min(1, Math.max(0, share)));
  }

  #stepAt(event) {
    const x = event.clientX - this.root.getBoundingClientRect().left - MARGIN.left;
    const share = x / (this.width - MARGIN.left - MARGIN.right);
    return Math.round(Math.min(1, Math.max(0, share)) * this.steps);
  }

  #values() {
    const lines = this.ticks.flatMap((tick) => [
      this.#level(tick, "grid"),
      this.#text(MARGIN.left - 6, this.#y(tick) + 4, this.axis.format(tick), "end"),
    ]);
    const { line } = this.axis;
    if (!line) return lines;
    const word = this.#text(this.width - MARGIN.right, this.#y(line.value) - 4, line.word, "end");
    return [...lines, this.#level(line.value, "goal"), word];
  }

  /* A number under each epoch, or under every second, fifth, tenth…, as there is room. */
  #epochs(epoch) {
    const count = Math.floor(this.steps / epoch);
    const apart = [1, 2, 5, 10, 20, 50].find((n) => (count / n) * 24 < this.width) ?? 100;
    const numbers = Array.from({ length: Math.floor(count / apart) + 1 }, (_, i) => i * apart);
    return numbers.map((n) => this.#text(this.#x(n * epoch), HEIGHT - 6, n, "middle"));
  }

  #mark({ step, word }) {
    const line = this.#upright(step, "mark");
    if (!this.axis.words) return line;
    return svg("g", {}, line, this.#text(this.#x(step) + 4, MARGIN.top + 10, word, "start"));
  }

  #curve({ kind, points, faint, dots }) {
    const lines = [];
    if (faint?.length) lines.push(this.#path(faint, `faint ${kind}`));
    if (points.length) lines.push(this.#path(points, `curve ${kind}`));
    for (const [step, value] of dots ?? []) {
      lines.push(svg("circle", { cx: this.#x(step), cy: this.#y(value), r: 3, class: kind }));
    }
    return lines;
  }

  #path(points, kind) {
    const d = thinned(points)
      .map(([step, value]) => `${this.#x(step).toFixed(1)} ${this.#y(value).toFixed(1)}`)
      .join("L");
    return svg("path", { d: `M${d}`, class: kind });
  }

  #level(value, kind) {
    const y = this.#y(value);
    return svg("path", { d: `M${MARGIN.left} ${y}H${this.width - MARGIN.right}`, class: kind });
  }

  #upright(step, kind) {
    const d = `M${this.#x(step)} ${MARGIN.top}V${HEIGHT - MARGIN.bottom}`;
    return svg("path", { d, class: kind });
  }

  #text(x, y, text, anchor) {
    return svg("text", { x, y, "text-anchor": anchor }, String(text));
  }
}

/* Some of the points, evenly, and always the last. */
function thinned(points) {
  const apart = Math.ceil(points.length / POINTS);
  return points.filter((_, i) => i % apart === 0 || i === points.length - 1);
}
