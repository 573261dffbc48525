/* One run of some code: what became of it, what it printed, how long it took. The bar of a
 * cell and that of an edited module tell it in the same words. */

import { make, wordButton } from "./make.js";

const SECOND = 1000; // milliseconds

function duration(milliseconds) {
  if (milliseconds < SECOND) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60 * SECOND) return `${(milliseconds / SECOND).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / SECOND);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** How a run ended, from the kernel's reply; `raises` is the error that was meant. */
function ending({ status, ename }, milliseconds, raises = "") {
  const time = duration(milliseconds);
  if (status === "ok") return ["done", time];
  if (status !== "error") return ["skipped", "not run: the one before it failed"];
  if (ename === "KeyboardInterrupt") return ["stopped", `stopped after ${time}`];
  if (ename === raises) return ["done", `an error, as on the page, after ${time}`];
  return ["failed", `failed after ${time}`];
}

/** A line with buttons, and with what the last run came to. */
export class Bar {
  #kernel;
  #status = make("span.live-status", { role: "status" });
  #stop;
  #ticking = 0;
  #now = null; // the run that has not ended

  constructor(kernel, ...buttons) {
    this.#kernel = kernel;
    this.#stop = wordButton("stop", "Stop", () => kernel.interrupt().catch(() => {}));
    this.#stop.hidden = true;
    this.element = make("div.live-bar", {}, ...buttons, this.#stop, this.#status);
  }

  /** Bring the keyboard here. */
  focus() {
    this.element.firstChild.focus();
  }

  /** `state` is `waiting`, `running`, `done`, `failed`, `stopped`, `skipped` or nothing. */
  tell(state, words) {
    clearInterval(this.#ticking);
    this.element.dataset.state = state;
    this.#status.textContent = words;
    // The focus must not fall out of the page with the button.
    if (state !== "running" && this.#stop === document.activeElement) this.focus();
    this.#stop.hidden = state !== "running";
  }

  /** Run code, and let the output hear of it. The reply, if one came. While a run has not
   * ended, another is that one. */
  run(code, output, options = {}) {
    this.#now ??= this.#follow(code, output, options).finally(() => (this.#now = null));
    return this.#now;
  }

  async #follow(code, output, options) {
    let started = 0;
    const ready = ["idle", "busy"].includes(this.#kernel.state);
    this.tell("waiting", ready ? "waiting" : "starting Python");
    output.begin();
    const hear = (type, content) => {
      if (type === "status" && content.execution_state === "busy") started = this.#begin();
      else output.hear(type, content);
    };
    try {
      const reply = await this.#kernel.run(code, hear, options);
      this.tell(...ending(reply, performance.now() - started, options.raises));
      return reply;
    } catch (error) {
      this.tell("failed", "");
      output.say(error.message);
      return null;
    } finally {
      output.end();
    }
  }

  #begin() {
    const started = performance.now();
    this.tell("running", "running");
    this.#ticking = setInterval(() => {
      this.#status.textContent = `running for ${duration(performance.now() - started)}`;
    }, SECOND);
    return started;
  }
}
