/* What a cell printed and showed, in its order, while it runs. What an earlier run left
 * stays until there is something new, so that the page does not jump. */

import { t } from "../words.js";
import { make } from "./make.js";
import { shown } from "./rich.js";
import { Screen } from "./screen.js";
import { traceback } from "./traceback.js";

const MOST = 200; // parts; a loop may show pictures without end

export class Output {
  #screen = null; // what is being printed on, if that was last
  #stale = false;
  #named = new Map(); // what can be shown anew, by its display id
  #parts = 0;
  #shown;

  /** `show` makes an element of the forms in which an object offers itself. */
  constructor(show = shown) {
    this.#shown = show;
    this.element = make("div.nb-output.live-output", { hidden: true });
  }

  /** A run begins. */
  begin() {
    this.#stale = true;
  }

  /** A run has ended. */
  end() {
    if (this.#stale) this.clear();
  }

  /** Take everything away. */
  clear() {
    this.#stale = false;
    this.#screen = null;
    this.#parts = 0;
    this.#named.clear();
    this.element.replaceChildren();
    this.element.hidden = true;
  }

  /** Put elements of any kind at the end. */
  append(...elements) {
    if (this.#stale) this.clear();
    this.#screen = null;
    this.element.hidden = false;
    this.element.append(...elements);
  }

  /** Say something that the code did not. */
  say(words) {
    this.append(make("p.live-message", { role: "alert" }, words));
  }

  /** Show what a message of the kernel brings. */
  hear(type, content) {
    if (type === "stream") this.#print(content);
    else if (type === "error") this.append(...traceback(content));
    else if (type === "clear_output") this.#makeRoom(content.wait);
    else if (type === "update_display_data") this.#renew(content);
    else if (type === "display_data" || type === "execute_result") this.#show(content);
  }

  #print({ text, name }) {
    if (!this.#screen || this.#stale) {
      const screen = new Screen();
      this.append(screen.element);
      this.#screen = screen;
    }
    this.#screen.write(text, name);
  }

  #show({ data, metadata, transient }) {
    if (this.#parts > MOST) return;
    if (++this.#parts > MOST)
      return this.say(t("Only the first {number} results are shown.", { number: MOST }));
    const element = this.#shown(data, metadata);
    this.append(element);
    if (transient?.display_id) this.#named.set(transient.display_id, element);
  }

  #renew({ data, metadata, transient }) {
    const before = this.#named.get(transient?.display_id);
    if (!before) return;
    const element = this.#shown(data, metadata);
    before.replaceWith(element);
    this.#named.set(transient.display_id, element);
  }

  #makeRoom(wait) {
    if (wait) this.#stale = true;
    else this.clear();
  }
}
