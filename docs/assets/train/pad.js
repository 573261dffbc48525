/* A pad to draw on, with a mouse, a pen or a finger. */

import { SIDE } from "./strokes.js";

const WIDTH = 0.09; // of a stroke, as a share of the pad

export class Pad {
  strokes = [];
  image = null; // what is shown while there is no stroke

  /* `drawn(strokes)` hears of every change. */
  constructor(canvas, drawn) {
    Object.assign(this, { canvas, drawn });
    canvas.addEventListener("pointerdown", (event) => this.#begin(event));
    canvas.addEventListener("pointermove", (event) => this.#follow(event));
  }

  clear() {
    this.strokes = [];
    this.paint();
  }

  #begin(event) {
    if (event.button !== 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.strokes.push([this.#point(event)]);
    this.#changed();
  }

  #follow(event) {
    if (!this.canvas.hasPointerCapture(event.pointerId)) return;
    const events = event.getCoalescedEvents?.() ?? [];
    const points = (events.length ? events : [event]).map((one) => this.#point(one));
    this.strokes.at(-1).push(...points);
    this.#changed();
  }

  #point(event) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    return [(event.clientX - left) / width, (event.clientY - top) / height];
  }

  #changed() {
    this.paint();
    this.drawn(this.strokes);
  }

  paint() {
    const size = Math.round(this.canvas.clientWidth * devicePixelRatio);
    this.canvas.width = this.canvas.height = size;
    const context = this.canvas.getContext("2d");
    context.strokeStyle = getComputedStyle(this.canvas).color;
    context.lineWidth = WIDTH * size;
    context.lineCap = context.lineJoin = "round";
    if (!this.strokes.length) this.#paintImage(context, size / SIDE);
    for (const stroke of this.strokes) {
      context.beginPath();
      context.moveTo(stroke[0][0] * size, stroke[0][1] * size);
      for (const [x, y] of stroke) context.lineTo(x * size, y * size);
      context.stroke();
    }
  }

  #paintImage(context, side) {
    context.fillStyle = context.strokeStyle;
    this.image?.forEach((ink, square) => {
      context.globalAlpha = ink;
      const [row, column] = [Math.floor(square / SIDE), square % SIDE];
      context.fillRect(column * side, row * side, side, side);
    });
  }
}
