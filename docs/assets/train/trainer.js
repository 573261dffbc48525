/* Trains one network, or two side by side: a step of one, a step of the other. Between
 * the steps it listens, so that a pause, another learning rate or a question about a
 * drawing need not wait for more than a step. */

import { Digits } from "./digits.js";
import { LoadError, Loader } from "./files.js";
import { Network } from "./network.js";
import { Runtime } from "./runtime.js";

const REPORT = 100; // milliseconds from one report to the next

export class Trainer {
  #last = Promise.resolve();
  #graphs = new Map(); // by the file of the step: variants may share them
  #running = false;
  #resting = true;
  #networks = [];
  #news = [];
  #reported = 0;

  /* `send(message, transfer)` takes what there is to tell. */
  constructor(base, send) {
    this.base = base;
    this.send = send;
  }

  /* ---- What it can be told -------------------------------------------------------- */

  /* Load what is missing, draw the first weights and begin. `schedule` says from which
   * step on which learning rate and weight decay hold; `epochs` says how long. */
  start({ run, variants, seed, schedule, epochs }) {
    this.run = run;
    this.#running = true;
    this.#resting = false;
    this.#inTurn(async () => {
      await this.#load(variants);
      if (run !== this.run) return;
      this.schedule = schedule;
      this.epochs = epochs;
      this.#networks = variants.map((name) => this.#network(name, seed));
      this.#news = variants.map(() => ({ losses: [], rights: [] }));
      this.#tell({ type: "ready", manifest: this.manifest, digits: this.digitBytes });
      for (const network of this.#networks) await this.#test(network);
      this.#report(true);
      this.#goOn();
    });
  }

  pause() {
    this.#running = false;
  }

  /* Another end: of `epochs` in all. */
  aim({ epochs }) {
    this.epochs = epochs;
  }

  resume({ epochs }) {
    this.epochs = epochs;
    this.#running = true;
    if (this.#resting) this.#goOn();
    this.#resting = false;
  }

  /* From the next step on. */
  rates({ lr, weightDecay }) {
    this.#inTurn(() => {
      const step = this.#step;
      const before = this.schedule.filter((change) => change.step < step);
      this.schedule = [...before, { step, lr, weightDecay }];
      this.#tell({ type: "schedule", schedule: this.schedule });
    });
  }

  /* What a network makes of one image, and what each token mixing mixes. */
  look({ run, which, image }) {
    this.#inTurn(async () => {
      if (run !== this.run) return;
      const network = this.#networks[which];
      const out = await network.look(image);
      const influences = Object.keys(out)
        .filter((name) => name.startsWith("influence_"))
        .map((name) => out[name].data);
      this.#tell({ type: "looked", which, logits: out.logits.data, influences });
    });
  }

  /* ---- One thing after another ----------------------------------------------------- */

  #inTurn(job) {
    this.#last = this.#last.then(job).catch((error) => this.#fail(error));
  }

  #tell(message, transfer = []) {
    this.send({ run: this.run, ...message }, transfer);
  }

  #fail(error) {
    this.#running = false;
    const detail = error.detail ?? { text: String(error.message ?? error) };
    this.#tell({ type: "failed", why: reason(error), detail });
  }

  /* ---- Loading --------------------------------------------------------------------- */

  async #load(names) {
    const progress = (loaded, total) => this.#tell({ type: "progress", loaded, total });
    const loader = new Loader(this.base, progress);
    this.manifest ??= await loader.json("manifest.json");
    const chosen = this.manifest.variants.filter(({ name }) => names.includes(name));
    const networks = new Map(chosen.map((variant) => [variant.step, variant]));
    for (const step of this.#graphs.keys()) networks.delete(step);
    const variants = [...networks.values()];
    const [runtime, digits, files] = await Promise.all([
      this.runtime ?? Runtime.load(loader),
      this.digits ?? this.#loadDigits(loader),
      Promise.all(variants.map((variant) => this.#loadGraphs(loader, variant))),
    ]);
    Object.assign(this, { runtime, digits });
    for (const [i, { step, probe }] of files.entries()) {
      const graphs = { step: await runtime.graph(step), probe: await runtime.graph(probe) };
      this.#graphs.set(variants[i].step, graphs);
    }
  }

  async #loadDigits(loader) {
    const described = this.manifest.digits;
    this.digitBytes = await loader.bytes(described.file);
    return new Digits(this.digitBytes, described);
  }

  async #loadGraphs(loader, variant) {
    const files = [loader.bytes(variant.step), loader.bytes(variant.probe)];
    const [step, probe] = await Promise.all(files);
    return { step, probe };
  }

  #network(name, seed) {
    const variant = this.manifest.variants.find((one) => one.name === name);
    return new Network(variant, this.#graphs.get(variant.step), this.manifest, this.digits, seed);
  }

  /* ---- Training --------------------------------------------------------------------- */

  /* The steps that every network still in training has done. */
  get #step() {
    return Math.max(0, ...this.#networks.map((network) => network.steps));
  }

  /* Steps in an epoch: the last batch would not be whole, and is left out. */
  get #epoch() {
    return Math.floor(this.manifest.digits.train / this.manifest.batch);
  }

  get #learning() {
    return this.#networks.filter((network) => !network.diverged);
  }

  #goOn(run = this.run) {
    this.#inTurn(async () => {
      if (run !== this.run) return; // another one has begun
      if (!this.#running) return this.#rest("paused");
      if (!this.#learning.length) return this.#rest("diverged");
      if (this.#step >= this.epochs * this.#epoch) return this.#rest("finished");
      await this.#stepOfAll();
      this.#report();
      await messages();
      this.#goOn(run);
    });
  }

  #rest(state) {
    this.#running = false;
    this.#resting = true;
    this.#report(true);
    this.#tell({ type: "resting", state });
  }

  async #stepOfAll() {
    const rates = this.schedule.findLast((change) => change.step <= this.#step);
    const learning = this.#learning;
    for (const network of learning) {
      const { loss, right } = await network.step(rates);
      if (network.diverged) continue;
      const news = this.#news[this.#networks.indexOf(network)];
      news.losses.push(loss);
      news.rights.push(right);
    }
    if (this.#step % this.#epoch === 0) for (const one of learning) await this.#test(one);
  }

  async #test(network) {
    if (network.diverged) return;
    const which = this.#networks.indexOf(network);
    const logits = await network.test();
    this.#tell({ type: "tested", which, step: network.steps, logits });
  }

  #report(now = false) {
    if (!now && performance.now() - this.#reported < REPORT) return;
    this.#reported = performance.now();
    this.#networks.forEach(({ theta, steps, diverged }, which) => {
      const { losses, rights } = this.#news[which];
      this.#news[which] = { losses: [], rights: [] };
      const weights = theta.slice();
      const news = { type: "learned", which, steps, losses, rights, diverged };
      this.#tell({ ...news, theta: weights }, [weights.buffer]);
    });
  }
}

/* Let the messages in that have come meanwhile. */
function messages() {
  return new Promise((done) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      done();
    };
    port2.postMessage(null);
  });
}

function reason(error) {
  if (error instanceof LoadError) return "load";
  if (/unsafe-eval|\bCSP\b|Content.Security/i.test(String(error))) return "policy";
  const memory = error instanceof RangeError || /memory|alloc/i.test(String(error));
  return memory ? "memory" : "other";
}
