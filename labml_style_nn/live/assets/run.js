/* One run of some code: what became of it, what it printed, how long it took. The bar of a
 * cell and that of an edited module tell it in the same words. */

import { number, t } from "../words.js";
import { make, wordButton } from "./make.js";

const SECOND = 1000; // milliseconds

function duration(milliseconds) {
  if (milliseconds < SECOND) return t("{number} ms", { number: Math.round(milliseconds) });
  const seconds = milliseconds / SECOND;
  if (seconds < 60) return t("{number} s", { number: number(seconds, 1) });
  const whole = Math.round(seconds);
  return t("{minutes} min {seconds} s", { minutes: Math.floor(whole / 60), seconds: whole % 60 });
}

/** How a run ended, from the kernel's reply; `raises` is the error that was meant. */
function ending({ status, ename }, milliseconds, raises = "") {
  const time = duration(milliseconds);
  if (status === "ok") return ["done", time];
  if (status !== "error") return ["skipped", t("not run: the one before it failed")];
  if (ename === "KeyboardInterrupt") return ["stopped", t("stopped after {time}", { time })];
  if (ename === raises) return ["done", t("an error, as on the page, after {time}", { time })];
  return ["failed", t("failed after {time}", { time })];
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
    this.#stop = wordButton("stop", t("Stop"), () => kernel.interrupt().catch(() => {}));
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
    this.tell("waiting", ready ? t("waiting") : t("starting Python"));
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
    this.tell("running", t("running"));
    this.#ticking = setInterval(() => {
      const time = duration(performance.now() - started);
      this.#status.textContent = t("running for {time}", { time });
    }, SECOND);
    return started;
  }
}
