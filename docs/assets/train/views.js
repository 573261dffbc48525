/* All that is shown of a run: curves, pictures of the weights, answers, the drawing. News
 * come faster than they can be seen, so they are shown a few times a second. */

import { t } from "../words.js";
import { Answers } from "./answers.js";
import { whenColoursChange } from "./colours.js";
import { Curves } from "./curves.js";
import { Drawing } from "./drawing.js";
import { Learned } from "./learned.js";
import { recordedRuns } from "./recorded.js";
import { Taking } from "./taking.js";

const APART = 200; // milliseconds between two paintings

export class Views {
  #waiting = false;
  #last = 0;

  constructor(root, lab, choices) {
    Object.assign(this, { lab, choices, which: 0 });
    const part = (name) => document.querySelector(`[data-part="${name}"]`);
    this.parts = ["learned", "answers", "drawing", "taking"].map(part);
    this.curves = new Curves(root);
    this.learned = new Learned(part("learned"));
    this.answers = new Answers(part("answers"));
    this.drawing = new Drawing(part("drawing"), (image) => lab.look(this.which, image));
    this.taking = new Taking(part("taking"), lab, choices);
    this.taking.button.addEventListener("click", () => this.taking.download(this.which));
    this.places = ["recorded", "curves"].map((name) => root.querySelector(`[data-${name}]`));
    this.switch = root.querySelector("[data-which]");
    this.switch.addEventListener("change", (event) => this.#lookAt(Number(event.target.value)));
    part("drawing")
      .querySelector("[data-example]")
      .addEventListener("click", () => this.#takeExample());
    whenColoursChange(() => this.repaint());
  }

  /* Another run is to come: there is nothing to look at yet. */
  clear() {
    this.which = 0;
    this.#offer();
    for (const part of this.parts) part.removeAttribute("data-begun");
    this.drawing.arrange();
    this.#showCurves(this.lab.state !== "idle");
  }

  /* The curves of this run, or else the recorded ones that stand in the page. */
  #showCurves(own) {
    const [recorded, curves] = this.places;
    recorded.hidden = own;
    curves.hidden = !own;
  }

  /* For whoever cannot train here: the recorded runs of the networks that were chosen. If
   * not even these can be loaded, there is one in the page. */
  async showRecorded() {
    try {
      const { histories, epoch } = await recordedRuns(this.choices.titled);
      if (!histories.length || this.lab.state !== "idle") return;
      const steps = Math.max(...histories.map((history) => history.steps));
      this.#showCurves(true);
      this.curves.show(histories, { steps, epoch, marks: [] });
    } catch {
      this.#showCurves(false);
    }
  }

  /* Something is new: show it soon. */
  soon() {
    if (this.#waiting) return;
    this.#waiting = true;
    const wait = Math.max(0, this.#last + APART - performance.now());
    setTimeout(() => requestAnimationFrame(() => this.#paint()), wait);
  }

  #paint() {
    this.#waiting = false;
    this.#last = performance.now();
    const { lab } = this;
    if (!lab.begun) return;
    for (const part of this.parts) part.setAttribute("data-begun", "");
    this.#drawCurves();
    this.taking.show(this.which);
    const variant = lab.variant(this.which);
    this.learned.show(variant, lab.weights[this.which]);
    this.drawing.arrange(variant.order);
    lab.look(this.which, this.drawing.image);
  }

  #drawCurves() {
    const { histories, epoch, steps } = this.lab;
    const { schedule, epochs } = this.choices.chosen;
    const marks = schedule.slice(1).filter(({ step }) => step <= steps);
    this.curves.show(histories, {
      steps: Math.max(steps, epochs * epoch),
      epoch,
      marks: marks.map((change, i) => ({ step: change.step, word: changed(schedule[i], change) })),
    });
  }

  /* The held-out digits were answered. */
  tested(which) {
    if (which === this.which) this.#answer();
    this.soon();
  }

  #answer() {
    const test = this.lab.histories[this.which]?.lastTest;
    if (test) this.answers.show(test, this.lab.digits, this.lab.labels);
  }

  /* What the network reads in the drawing has come back. */
  looked({ which, logits, influences }) {
    if (which === this.which) this.drawing.show(logits, influences);
  }

  /* With two networks, the reader chooses whose weights and answers are shown. */
  #offer() {
    const { histories } = this.lab;
    this.switch.hidden = histories.length < 2;
    const legend = this.switch.firstElementChild;
    this.switch.replaceChildren(legend, ...histories.map(({ title }, i) => choice(title, i)));
  }

  #lookAt(which) {
    this.which = which;
    this.repaint();
  }

  /* One of the held-out digits, to see how it should look. */
  #takeExample() {
    const { digits } = this.lab;
    if (!digits) return;
    const place = digits.train + Math.floor(Math.random() * digits.test);
    this.drawing.put(digits.image(place));
  }

  repaint() {
    this.drawing.repaint();
    this.#answer();
    this.soon();
  }
}

function choice(title, i) {
  const label = document.createElement("label");
  const input = Object.assign(document.createElement("input"), { type: "radio", name: "which" });
  Object.assign(input, { value: i, checked: i === 0 });
  label.append(input, ` ${title}`);
  return label;
}

/* What was changed, in a few letters beside the line in the chart. */
function changed(before, after) {
  const [rate, decay] = [after.lr, after.weightDecay].map(String);
  const sameRate = after.lr === before.lr;
  if (after.weightDecay === before.weightDecay) return sameRate ? "" : t("rate {rate}", { rate });
  return sameRate ? t("decay {decay}", { decay }) : t("rate {rate}, decay {decay}", { rate, decay });
}
