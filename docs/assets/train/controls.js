/* The buttons, the bar of progress, and what is said of how it goes. */

const WORDS = {
  idle: "Train",
  loading: "Cancel",
  running: "Pause",
  paused: "Go on",
  finished: "5 more epochs",
  diverged: "Reset",
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
    this.bar.setAttribute("aria-label", "Download");
    const size = (bytes) => (bytes / 1e6).toFixed(1);
    this.status.textContent =
      loaded < total ? `Loading: ${size(loaded)} of ${size(total)} MB` : "Starting …";
  }

  trained(steps, goal, epoch) {
    this.bar.max = goal;
    this.bar.value = steps;
    this.bar.setAttribute("aria-label", "Training");
    const speed = this.#speed(steps);
    const words = [`Step ${steps} of ${goal}`, `epoch ${Math.min(steps, goal - 1) / epoch + 1 | 0}`];
    if (speed) words.push(`${speed.toFixed(1)} steps per second`);
    this.status.textContent = words.join(" · ");
  }

  #speed(steps) {
    const now = performance.now();
    if (this.state !== "running") return 0;
    this.#times = [...this.#times, [now, steps]].filter(([time]) => now - time < SPAN);
    const [then, before] = this.#times[0];
    return now > then ? (1000 * (steps - before)) / (now - then) : 0;
  }
}
