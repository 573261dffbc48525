/* The buttons, the bar of progress, and what is said of how it goes. */

import { number, t } from "../words.js";

const WORDS = {
  idle: t("Train"),
  loading: t("Cancel"),
  running: t("Pause"),
  paused: t("Go on"),
  finished: t("5 more epochs"),
  diverged: t("Reset"),
};
const SPAN = 3000; // milliseconds over which the speed is measured

export class Controls {
  #times = [];

  constructor(root) {
    this.main = root.querySelector("[data-main]");
    this.again = root.querySelector("[data-reset]");
    this.bar = root.querySelector("[data-progress]");
    this.status = root.querySelector("[data-status]");
    this.live = root.querySelector("[data-said]");
    this.message = root.querySelector("[data-message]");
  }

  setState(state) {
    this.state = state;
    this.main.textContent = WORDS[state];
    this.again.disabled = state === "idle" || state === "loading" || state === "diverged";
    if (state !== "running") this.#times = [];
  }

  /* A message that must not be missed; empty to take it away. */
  warn(text) {
    this.message.textContent = text;
    this.message.hidden = !text;
  }

  /* For a screen reader, when it has the time. */
  say(text) {
    this.live.textContent = text;
  }

  idle() {
    this.bar.value = 0;
    this.bar.max = 1;
    this.status.textContent = "";
  }

  downloaded(loaded, total) {
    this.bar.max = total;
    this.bar.value = loaded;
    this.bar.setAttribute("aria-label", t("Download"));
    const [some, all] = [loaded, total].map((bytes) => number(bytes / 1e6, 1));
    this.status.textContent =
      loaded < total ? t("Loading: {some} of {all} MB", { some, all }) : t("Starting …");
  }

  trained(steps, goal, epoch) {
    this.bar.max = goal;
    this.bar.value = steps;
    this.bar.setAttribute("aria-label", t("Training"));
    const speed = this.#speed(steps);
    const values = { step: steps, goal, epoch: Math.min(steps, goal - 1) / epoch + 1 | 0 };
    this.status.textContent = speed
      ? t("Step {step} of {goal} · epoch {epoch} · {speed} steps per second", {
          ...values,
          speed: number(speed, 1),
        })
      : t("Step {step} of {goal} · epoch {epoch}", values);
  }

  #speed(steps) {
    const now = performance.now();
    if (this.state !== "running") return 0;
    this.#times = [...this.#times, [now, steps]].filter(([time]) => now - time < SPAN);
    const [then, before] = this.#times[0];
    return now > then ? (1000 * (steps - before)) / (now - then) : 0;
  }
}
