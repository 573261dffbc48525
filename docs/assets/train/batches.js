/* Which images each step learns from: every epoch in another order, batch by batch, the
 * incomplete last one left out. The same seed gives the same batches as the Python loop
 * on the page. */

import { Random } from "./random.js";

export class Batches {
  #chance;
  #order = [];
  #next = 0;

  constructor(seed, images, batch) {
    this.#chance = new Random(seed);
    this.images = images;
    this.batch = batch;
    this.#next = images;
  }

  next() {
    if (this.#next + this.batch > this.images) {
      this.#order = this.#chance.permutation(this.images);
      this.#next = 0;
    }
    const places = this.#order.subarray(this.#next, this.#next + this.batch);
    this.#next += this.batch;
    return [...places];
  }
}
