/* The header of the page says how Python fares, and has what concerns all cells. */

import { t } from "../words.js";
import { iconButton, make } from "./make.js";

const WORDS = {
  none: t("Python: not started"),
  starting: t("Python: starting"),
  idle: t("Python: ready"),
  busy: t("Python: busy"),
  lost: t("Python: no connection"),
};

/** Put the state of a kernel into the header. */
export function header(kernel) {
  const words = make("span.live-state");
  const quietly = (deed) => () => deed.call(kernel).catch(() => {});
  const stop = iconButton("stop", t("Stop Python"), quietly(kernel.interrupt));
  const restart = iconButton("restart", t("Restart Python"), quietly(kernel.restart));
  const group = { role: "group", "aria-label": t("Python on this machine") };
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
