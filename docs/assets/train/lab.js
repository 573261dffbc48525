/* The run of an experiment, as the page knows it: what state it is in, what came of it so
 * far. It tells of everything by events. */

import { Digits } from "./digits.js";
import { History } from "./history.js";
import { judge } from "./results.js";
import { missing, Session } from "./session.js";

export class Lab extends EventTarget {
  state = "idle"; // idle, loading, running, paused, finished, diverged
  histories = [];
  weights = []; // of each network, as last heard
  #run = 0;
  #changes = 0; // of the rates, that the thread has still to answer
  #asked = null; // an image to look at, once the one before was
  #looking = false;

  constructor() {
    super();
    this.session = new Session();
    const heard = {
      progress: (data) => this.#tell("progress", data),
      schedule: (data) => this.#scheduled(data),
      resting: ({ state }) => this.#become(state),
      ready: (data) => this.#ready(data),
      learned: (data) => this.#learned(data),
      tested: (data) => this.#tested(data),
      looked: (data) => this.#looked(data),
      failed: (data) => this.#failed(data),
    };
    for (const [type, hear] of Object.entries(heard)) {
      this.session.addEventListener(type, ({ data }) => data.run === this.#run && hear(data));
    }
  }

  /* Whether there are weights to look at and to take away. */
  get begun() {
    return this.weights.length > 0;
  }

  get epoch() {
    const { digits, batch } = this.manifest;
    return Math.floor(digits.train / batch);
  }

  get steps() {
    return Math.max(0, ...this.histories.map((history) => history.steps));
  }

  variant(which) {
    const { net } = this.histories[which];
    return this.manifest.variants.find((variant) => variant.name === net);
  }

  /* ---- What the reader can do ------------------------------------------------------ */

  /* `nets` are [name, title] of the networks. */
  start({ nets, seed, schedule, epochs }) {
    const why = missing();
    if (why) return this.#tell("trouble", { why });
    this.histories = nets.map(([name, title]) => new History(name, title));
    this.weights = [];
    this.#looking = false;
    this.#changes = 0;
    this.#run += 1;
    this.#become("loading");
    const variants = nets.map(([name]) => name);
    this.session.tell("start", { run: this.#run, variants, seed, schedule, epochs });
  }

  pause() {
    this.session.tell("pause");
  }

  goOn(epochs) {
    this.#become("running");
    this.session.tell("resume", { epochs });
  }

  setEpochs(epochs) {
    if (this.begun) this.session.tell("aim", { epochs });
  }

  setRates(rates) {
    if (!this.begun) return;
    this.#changes += 1;
    this.session.tell("rates", rates);
  }

  /* What was loaded stays; a download under way is given up. */
  reset() {
    if (this.state === "idle") return;
    if (this.state === "loading") this.session.stop();
    else this.session.tell("pause");
    this.#run += 1;
    this.histories = [];
    this.weights = [];
    this.#become("idle");
  }

  /* Look at an image with one of the networks. If one is being looked at, this comes next,
   * and what was to come next is forgotten. */
  look(which, image) {
    if (!this.begun) return;
    this.#asked = { which, image };
    this.#lookNext();
  }

  #lookNext() {
    if (this.#looking || !this.#asked) return;
    this.session.tell("look", { run: this.#run, ...this.#asked });
    this.#looking = true;
    this.#asked = null;
  }

  /* ---- What the thread tells ------------------------------------------------------- */

  #ready({ manifest, digits }) {
    this.manifest = manifest;
    this.digits = new Digits(digits, manifest.digits);
    this.labels = this.digits.labels.subarray(this.digits.train);
    this.#become("running");
  }

  #learned({ which, theta, ...news }) {
    this.histories[which].add(news);
    this.weights[which] = theta;
    this.#tell("learned", { which });
  }

  #tested({ which, step, logits }) {
    const history = this.histories[which];
    history.tests.push({ step, ...judge(logits, this.labels) });
    this.#tell("tested", { which });
  }

  /* The answer to a change that another has followed is out of date. */
  #scheduled(data) {
    this.#changes -= 1;
    if (this.#changes === 0) this.#tell("schedule", data);
  }

  #looked({ which, logits, influences }) {
    this.#looking = false;
    this.#tell("looked", { which, logits, influences });
    this.#lookNext();
  }

  #failed({ why, detail }) {
    this.#run += 1;
    this.histories = [];
    this.weights = [];
    this.#become("idle");
    this.#tell("trouble", { why, detail });
  }

  #become(state) {
    this.state = state;
    this.#tell("state", { state });
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
