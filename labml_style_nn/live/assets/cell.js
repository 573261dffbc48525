/* A cell: an example of the page that runs. It looks as it always did until somebody runs or
 * edits it. Then a bar appears below the code, with what can be done and what was done;
 * the output takes the place of the recorded one; to edit, an editor takes the place of
 * the code. Reset makes all of it the page's own again. */

import { t } from "../words.js";
import { editor } from "./editor.js";
import { edited, keep } from "./edits.js";
import { iconButton, make, wordButton } from "./make.js";
import { Output } from "./output.js";
import { Bar } from "./run.js";

export class Cell {
  #example;
  #name;
  #kernel;
  #upTo;
  #text;
  #view = null;
  #tools;
  #bar;
  #output;

  /** `upTo(cell)` runs all cells from the top of the page to this one. */
  constructor(example, name, kernel, upTo) {
    this.#example = example;
    this.#name = name;
    this.#kernel = kernel;
    this.#upTo = upTo;
    this.#text = edited(name, example.code) ?? example.code;
    this.#tools = make("div.live-tools", {}, ...this.#buttons(iconButton));
    this.#tools.append(iconButton("edit", t("Edit"), () => this.edit()));
    const { block } = example;
    block.classList.add("live-block");
    block.append(this.#tools);
    block.querySelector("pre").addEventListener("click", (event) => this.#clicked(event));
    this.#prepare();
    if (this.#text !== example.code) this.#open();
  }

  // To run the cell of an exercise is to have the reader's code checked.
  #buttons(button) {
    const name = /^check\(/m.test(this.#example.code) ? t("Check") : t("Run");
    const run = button("run", name, () => this.run());
    return [run, button("to-here", t("Run to here"), () => this.#upTo(this))];
  }

  #prepare() {
    const reset = wordButton("reset", t("Reset"), () => this.reset());
    this.#bar = new Bar(this.#kernel, ...this.#buttons(wordButton), reset);
    this.#bar.element.hidden = true;
    this.#output = new Output();
    this.#example.place.after(this.#bar.element, this.#output.element);
  }

  // A click into the code is the wish to edit it; to select some of it is none.
  #clicked(event) {
    if (event.target.closest("a") || !getSelection().isCollapsed) return;
    this.edit({ x: event.clientX, y: event.clientY });
  }

  /* ---- What a reader does ------------------------------------------------------------ */

  /** Run the code as it stands here now. Whether what follows can build on it. */
  async run() {
    const { code, prompted, recorded } = this.#example;
    const raises = this.#text === code ? this.#example.raises : "";
    if (prompted) this.#open();
    this.#activate();
    recorded?.classList.add("live-replaced");
    const reply = await this.#bar.run(this.#text, this.#output, { raises });
    if (reply?.ename === "NameError") this.#advise();
    return reply?.status === "ok" || (raises !== "" && reply?.ename === raises);
  }

  /** Let the code be edited, with the cursor where somebody pointed. */
  edit(point) {
    this.#open();
    const place = point && this.#view.posAtCoords(point);
    if (place) this.#view.dispatch({ selection: { anchor: place } });
    this.#view.focus();
  }

  /** Make everything as the page has it. What still runs here writes to nobody. */
  reset() {
    const { block, code, recorded } = this.#example;
    keep(this.#name, code, code);
    this.#text = code;
    this.#view?.destroy();
    this.#view = null;
    this.#bar.element.remove();
    this.#output.element.remove();
    this.#prepare();
    block.classList.remove("live-active", "live-edited");
    recorded?.classList.remove("live-replaced");
    this.#tools.firstChild.focus();
  }

  /* ---- With other cells -------------------------------------------------------------- */

  /** It will run when those above have run. */
  wait() {
    this.#activate();
    this.#bar.tell("waiting", t("waiting for the cells above"));
  }

  /** It will not: another failed. */
  skip(other) {
    this.#bar.tell("skipped", t("not run: a cell above failed"));
    other.#example.block.scrollIntoView({ block: "center" });
  }

  // What a cell above defines is missing if only this one was run.
  #advise() {
    const button = wordButton("to-here", t("Run to here"), () => this.#upTo(this));
    const words = t("Perhaps a cell above must run first:");
    this.#output.append(make("p.live-advice", {}, words, button));
  }

  /* ---- How it looks ------------------------------------------------------------------ */

  #activate() {
    this.#example.block.classList.add("live-active");
    this.#bar.element.hidden = false;
  }

  #open() {
    if (this.#view) return;
    const { block } = this.#example;
    this.#view = editor(this.#text, t("Code of this cell"), {
      run: () => this.run(),
      leave: () => this.#bar.focus(),
      change: (text) => this.#change(text),
    });
    block.classList.add("live-edited");
    block.append(this.#view.dom);
    this.#activate();
  }

  #change(text) {
    this.#text = text;
    keep(this.#name, this.#example.code, text);
  }
}
