/* The form of an experiment: which networks, the seed, how long, and the two rates that
 * may be changed at any time. What is chosen is also in the address of the page. */

import { t } from "../words.js";
import { read, write } from "./address.js";

const NOTHING = -4; // where the slider of a rate begins: the power of ten

export class Choices extends EventTarget {
  #step = 0; // that the run has come to
  #moving = null; // rates of which a slider is being moved

  constructor(root, nets) {
    super();
    this.nets = nets;
    this.form = root.querySelector("[data-choices]");
    this.fields = this.form.elements;
    this.expect = root.querySelector("[data-expect]");
    this.usual = {
      lr: Number(root.dataset.lr),
      weightDecay: Number(root.dataset.weightDecay),
    };
    this.#offer();
    this.readAddress();
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("input", (event) => this.#input(event.target));
    this.form.addEventListener("change", (event) => this.#change(event.target));
  }

  /* The names of the networks to train. */
  get variants() {
    return [this.chosen.net, this.chosen.beside].filter(Boolean);
  }

  /* The same, each with its title. */
  get titled() {
    return this.variants.map((name) => [name, this.nets.get(name).title]);
  }

  /* The rates that hold now. */
  get rates() {
    const { schedule } = this.chosen;
    return this.#moving ?? schedule.findLast(({ step }) => step <= this.#step);
  }

  /* The run has come so far. */
  set step(step) {
    this.#step = step;
    for (const name of ["lr", "weightDecay"]) this.#showRate(name);
  }

  readAddress() {
    this.chosen = read(location.search, [...this.nets.keys()], this.usual);
    this.#step = 0;
    this.show();
  }

  /* Let the address say what is chosen. */
  writeAddress() {
    const query = write(this.chosen, this.usual);
    history.replaceState(history.state, "", `${location.pathname}${query}${location.hash}`);
  }

  /* The next run begins with the rates of now. */
  beginAnew() {
    this.chosen.schedule = [{ ...this.rates, step: 0 }];
    this.#step = 0;
    this.writeAddress();
  }

  setSchedule(schedule) {
    this.chosen.schedule = schedule;
    this.show();
    this.writeAddress();
  }

  setEpochs(epochs) {
    this.chosen.epochs = epochs;
    this.show();
    this.writeAddress();
  }

  /* While a run goes on, only what may be changed under way can be. */
  lock(locked) {
    for (const name of ["net", "beside", "seed"]) this.fields[name].disabled = locked;
  }

  show() {
    const { net, beside, seed, epochs } = this.chosen;
    Object.entries({ net, beside, seed, epochs }).forEach(([name, value]) => {
      this.fields[name].value = value;
    });
    for (const name of ["lr", "weightDecay"]) this.#showRate(name);
    const notes = this.variants.map((name) => this.nets.get(name).note.cloneNode(true));
    this.expect.replaceChildren(...notes);
  }

  #offer() {
    this.fields.net.replaceChildren(...this.#options());
    this.fields.beside.replaceChildren(new Option(t("nothing"), ""), ...this.#options());
  }

  /* Other networks first, then the Mixer with other digits. */
  #options() {
    const all = [...this.nets];
    const some = (data) => all.filter(([, net]) => net.data === data).map(option);
    const group = document.createElement("optgroup");
    group.label = t("The Mixer, with other data");
    group.append(...some(true));
    return [...some(false), group];
  }

  #showRate(name) {
    const value = this.rates[name];
    const power = value > 0 ? Math.log10(value) : NOTHING;
    this.fields[name].value = Math.max(NOTHING, power);
    const text = String(value);
    this.fields[name].setAttribute("aria-valuetext", text);
    this.form.querySelector(`[data-value="${name}"]`).textContent = text;
  }

  #input(field) {
    if (field.type === "range") this.#move(field);
    else if (field.validity.valid) this.#inputChoice(field);
  }

  /* Powers of ten, rounded to two digits; the decay may be nothing at all. */
  #move(field) {
    const power = Number(field.value);
    const none = field.name === "weightDecay" && power === NOTHING;
    const value = none ? 0 : Number((10 ** power).toPrecision(2));
    this.#moving = { ...this.rates, [field.name]: value };
    this.#showRate(field.name);
  }

  /* A slider was let go, or a field was left. What makes no sense is as it was before. */
  #change(field) {
    if (this.#moving) this.#setRates();
    else if (!field.validity.valid) this.show();
  }

  #setRates() {
    const before = this.chosen.schedule.filter(({ step }) => step < this.#step);
    const { lr, weightDecay } = this.#moving;
    this.#moving = null;
    this.setSchedule([...before, { step: this.#step, lr, weightDecay }]);
    this.dispatchEvent(new Event("rates"));
  }

  #inputChoice(field) {
    const number = field.type === "number";
    this.chosen[field.name] = number ? Number(field.value) : field.value;
    if (field.type !== "number") this.show();
    this.writeAddress();
    this.dispatchEvent(new Event(field.name === "epochs" ? "epochs" : "experiment"));
  }
}

function option([name, { title }]) {
  return new Option(title, name);
}
