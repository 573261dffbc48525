/* The header of the page says how Python fares, and has what concerns all cells. */

import { iconButton, make } from "./make.js";

const WORDS = {
  none: "Python: not started",
  starting: "Python: starting",
  idle: "Python: ready",
  busy: "Python: busy",
  lost: "Python: no connection",
};

/** Put the state of a kernel into the header. */
export function header(kernel) {
  const words = make("span.live-state");
  const quietly = (deed) => () => deed.call(kernel).catch(() => {});
  const stop = iconButton("stop", "Stop Python", quietly(kernel.interrupt));
  const restart = iconButton("restart", "Restart Python", quietly(kernel.restart));
  const group = { role: "group", "aria-label": "Python on this machine" };
  const box = make("div.live-header", group, words, stop, restart);
  function tell() {
    box.dataset.state = kernel.state;
    words.textContent = WORDS[kernel.state];
    stop.disabled = kernel.state !== "busy";
    restart.disabled = !["idle", "busy"].includes(kernel.state);
  }
  kernel.addEventListener("state", tell);
  tell();
  document.querySelector(".md-header__title").after(box);
}
