/* The weights of a network before its first step: a vector, filled as PyTorch fills it
 * after `torch.manual_seed(seed)`. */

import { Random } from "./random.js";

export function firstWeights(variant, seed) {
  const chance = new Random(seed);
  const begin = new Map(variant.parameters.map(({ init }) => [init.order, init]));
  // What a variant leaves out is drawn all the same, and what is not kept has some
  // standard deviation: how often torch draws does not depend on it.
  const draws = variant.draws.map((size, order) =>
    chance.truncatedNormal(size, begin.get(order)?.std ?? 1),
  );
  const theta = new Float32Array(variant.count);
  for (const { init, shape, offset } of variant.parameters) {
    const size = shape.reduce((product, side) => product * side, 1);
    if (init.kind === "trunc_normal") copies(theta, draws[init.order], offset, size);
    if (init.kind === "ones") theta.fill(1, offset, offset + size);
  }
  return theta;
}

/* A parameter that is larger than its draw begins as copies of it. */
function copies(theta, drawn, offset, size) {
  for (let from = 0; from < size; from += drawn.length) theta.set(drawn, offset + from);
}

/* The part of the vector that is one parameter. */
export function parameter(variant, theta, name) {
  const found = variant.parameters.find((one) => one.name === name);
  if (!found) return null;
  const size = found.shape.reduce((product, side) => product * side, 1);
  return theta.subarray(found.offset, found.offset + size);
}
