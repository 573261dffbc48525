/* Pictures of the weights, which form while the network learns: what each channel looks for
 * in a patch, and what each hidden unit of token mixing looks for in the image. */

import { t } from "../words.js";
import { signed } from "./colours.js";
import { mosaic, scaledRows } from "./pictures.js";
import { parameter } from "./weights.js";

const FILTERS_IN_A_ROW = 16;
const UNITS_IN_A_ROW = 8;

export class Learned {
  constructor(root) {
    this.filters = root.querySelector("[data-filters]");
    this.blocks = root.querySelector("[data-blocks]");
  }

  show(variant, theta) {
    const { patch_size, num_layers } = variant.settings;
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
      showBlock(figure, parameter(variant, theta, name), 8 / patch_size, block + 1);
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

function showBlock(figure, weights, side, number) {
  const [canvas, caption] = figure.children;
  canvas.hidden = !weights;
  caption.textContent = weights
    ? t("Block {block}", { block: number })
    : t("Block {block} mixes no tokens", { block: number });
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

function paint(canvas, weights, side, columns) {
  const tiles = scaledRows(weights, side * side);
  mosaic(canvas, tiles, { side, columns, colour: signed, gap: side > 2 ? 2 : 1 });
}

function describe(canvas, what) {
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", what);
}
