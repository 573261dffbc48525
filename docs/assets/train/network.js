/* One network in training: its weights, the memory of its optimiser, and the two graphs
 * that change them and look through them. Some networks learn from a part of the digits,
 * and some get the pixels of all digits in another order. */

import { Batches } from "./batches.js";
import { rearranged } from "./digits.js";
import { firstWeights } from "./weights.js";

const SIDE = 8;
const TEST_BATCH = 60; // a few at a time: intermediate tables are large

export class Network {
  constructor(variant, graphs, manifest, digits, seed) {
    Object.assign(this, { variant, graphs, digits });
    this.eps = manifest.eps;
    this.batches = new Batches(seed, variant.train, manifest.batch);
    this.theta = firstWeights(variant, seed);
    this.first = new Float32Array(variant.count);
    this.second = new Float32Array(variant.count);
    this.steps = 0;
    this.diverged = false;
  }

  /* Learn from the next batch. */
  async step({ lr, weightDecay }) {
    const places = this.batches.next();
    const { images, labels } = this.digits.batch(places, this.variant.order);
    const vector = [this.variant.count];
    const out = await this.graphs.step.run({
      theta: [this.theta, vector],
      first: [this.first, vector],
      second: [this.second, vector],
      count: this.steps,
      images: [images, [places.length, 1, SIDE, SIDE]],
      labels: [labels, [places.length]],
      lr,
      weight_decay: weightDecay,
      eps: this.eps,
    });
    const loss = out.loss.data[0];
    this.diverged = !Number.isFinite(loss);
    if (!this.diverged) {
      this.theta = out.new_theta.data;
      this.first = out.new_first.data;
      this.second = out.new_second.data;
    }
    this.steps += 1;
    return { loss, right: Number(out.correct.data[0]) / places.length };
  }

  /* What it answers on the held-out images: ten numbers (logits) for each. */
  async test() {
    const places = this.digits.testPlaces;
    const logits = new Float32Array(places.length * 10);
    for (let from = 0; from < places.length; from += TEST_BATCH) {
      const some = places.slice(from, from + TEST_BATCH);
      const { images } = this.digits.batch(some, this.variant.order);
      const out = await this.#probe(images, some.length, ["logits"]);
      logits.set(out.logits.data, from * 10);
    }
    return logits;
  }

  /* Look through the weights at one image, as people see it. */
  look(image) {
    return this.#probe(rearranged(image, this.variant.order), 1);
  }

  #probe(images, number, outputs) {
    const inputs = {
      theta: [this.theta, [this.variant.count]],
      images: [images, [number, 1, SIDE, SIDE]],
    };
    return this.graphs.probe.run(inputs, outputs);
  }
}
