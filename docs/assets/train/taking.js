/* What a reader can take along: the weights as a file, and the Python for them. */

import { t } from "../words.js";
import { withChoices, withFile, write } from "./python.js";
import { safetensors } from "./safetensors.js";

export class Taking {
  constructor(root, lab, choices) {
    Object.assign(this, { lab, choices });
    const code = (name) => root.querySelector(`[data-code="${name}"] code`);
    this.loop = code("loop");
    this.goingOn = code("going-on");
    this.button = root.querySelector("[data-download]");
    this.texts = [this.loop.textContent, this.goingOn.textContent];
  }

  /* Write the Python for one of the networks. */
  show(which) {
    const { net, title } = this.lab.histories[which];
    const { seed, schedule, epochs } = this.choices.chosen;
    const steps = Math.max(this.lab.steps, epochs * this.lab.epoch);
    write(this.loop, withChoices(this.texts[0], { net, seed, steps, schedule }));
    write(this.goingOn, withFile(this.texts[1], filename(net), net));
    this.button.textContent = t("Download the weights: {title}", { title });
  }

  /* Hand the weights to the browser as a file. */
  download(which) {
    const { net, steps } = this.lab.histories[which];
    const variant = this.lab.variant(which);
    const about = { variant: net, ...variant.settings, seed: this.choices.chosen.seed, steps };
    const file = safetensors(variant, this.lab.weights[which], about);
    const href = URL.createObjectURL(file);
    Object.assign(document.createElement("a"), { href, download: filename(net) }).click();
    setTimeout(() => URL.revokeObjectURL(href), 1000);
  }
}

function filename(net) {
  return `mixer-${net}.safetensors`;
}
