/* Pictures of the weights, which form while the network learns: what each channel looks for
 * in a patch, and what each hidden unit of token mixing looks for in the image. */

import { t } from "../words.js";
import { signed } from "./colours.js";
import { mosaic, scaledRows } from "./pictures.js";
import { parameter } from "./weights.js";

const FILTERS_IN_A_ROW = 16;
const UNITS_IN_A_ROW = 8;
const SIDE = 8; // of an image

export class Learned {
  constructor(root) {
    this.filters = root.querySelector("[data-filters]");
    this.blocks = root.querySelector("[data-blocks]");
  }

  show(variant, theta) {
    const { patch_size, num_layers, tokens_mlp_dim } = variant.settings;
    const side = SIDE / patch_size;
    const filters = parameter(variant, theta, "patch_embedding.projection.weight");
    const columns = FILTERS_IN_A_ROW;
    paint(this.filters, filters, patch_size, columns);
    const number = variant.settings.hidden_dim;
    describe(
      this.filters,
      t(
        "The {number} filters of the patch embedding, as they are now: warm is positive, cool negative.",
        { number },
      ),
    );
    this.#make(num_layers);
    [...this.blocks.children].forEach((figure, block) => {
      const name = `blocks.${block}.token_mixing.fc1.weight`;
      const weights = parameter(variant, theta, name);
      // If each channel has a matrix of its own, that of the first is shown.
      const matrix = weights?.subarray(0, tokens_mlp_dim * side ** 2);
      showBlock(figure, matrix, { side, number: block + 1, of: weights?.length });
    });
  }

  #make(blocks) {
    if (this.blocks.childElementCount === blocks) return;
    const figures = Array.from({ length: blocks }, () => {
      const figure = document.createElement("figure");
      figure.append(document.createElement("canvas"), document.createElement("figcaption"));
      return figure;
    });
    this.blocks.replaceChildren(...figures);
  }
}

function showBlock(figure, weights, { side, number, of }) {
  const [canvas, caption] = figure.children;
  canvas.hidden = !weights;
  caption.textContent = captionOf(weights, number, of);
  if (!weights) return;
  paint(canvas, weights, side, UNITS_IN_A_ROW);
  describe(
    canvas,
    t(
      "The token-mixing weights of block {block}, as they are now: warm is positive, cool negative.",
      { block: number },
    ),
  );
}

function captionOf(weights, block, of) {
  if (!weights) return t("Block {block} mixes no tokens", { block });
  if (weights.length < of) return t("Block {block}, for the first channel", { block });
  return t("Block {block}", { block });
}

function paint(canvas, weights, side, most) {
  const tiles = scaledRows(weights, side * side);
  const columns = Math.min(most, tiles.length);
  mosaic(canvas, tiles, { side, columns, colour: signed, gap: side > 2 ? 2 : 1 });
}

function describe(canvas, what) {
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", what);
}
