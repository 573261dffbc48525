/* Try this module: its source in an editor. To run it is to run the examples of the page with
 * it, and with the original, and to see what became different. */

import { around, t } from "../words.js";
import { comparison } from "./comparison.js";
import { editor, replace, show } from "./editor.js";
import { edited, keep } from "./edits.js";
import { make, tryButton, wordButton } from "./make.js";
import { Output } from "./output.js";
import { Bar } from "./run.js";

const NAME = "module";
const WORDS = t(
  "Change {file} and run it: the examples of this page run with your version and with the original, and what differs is listed. No file is changed.",
);
const ABSENT = t("The source of this module did not come. Does the live server still run?");

/* JSON's way to write a text is also Python's. */
function program(name, source) {
  return `from labml_style_nn.live.comparison import compare
compare(${JSON.stringify(name)}, ${JSON.stringify(source)})`;
}

async function fetched(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  return response.text();
}

/* Where the code begins, after the essay that opens the file. */
function beginning(source) {
  const definition = /^(class \w+[(:]|(async )?def \w+\(|@\w)/;
  const line = source.split("\n").findIndex((text) => definition.test(text));
  return Math.max(1, line + 1);
}

export class Trial {
  #about;
  #kernel;
  #original = "";
  #view = null;
  #button;
  #frame = make("div");
  #bar;
  #output;
  #section;

  constructor(about, kernel) {
    this.#about = about;
    this.#kernel = kernel;
    this.#button = tryButton(() => this.toggle());
    this.#button.setAttribute("aria-expanded", "false");
    const file = make("code", {}, about.file);
    const lead = make("p", {}, ...around(WORDS, { file }));
    const label = { hidden: true, "aria-label": t("Try this module") };
    this.#section = make("section.live-trial", label, lead, this.#frame);
    this.#prepare();
    document.querySelector(".weave-tools").after(this.#section);
  }

  #prepare() {
    const buttons = [
      wordButton("run", t("Run"), () => this.run()),
      wordButton("reset", t("Reset"), () => this.reset()),
      wordButton("close", t("Close"), () => this.toggle()),
    ];
    this.#bar = new Bar(this.#kernel, ...buttons);
    this.#output = new Output(comparison((line) => this.#show(line)));
    this.#section.append(this.#bar.element, this.#output.element);
  }

  /** Open it, or close it; what was written stays. */
  async toggle() {
    const open = this.#section.hidden;
    this.#section.hidden = !open;
    this.#button.setAttribute("aria-expanded", String(open));
    if (!open) return this.#button.focus();
    if (!this.#view) await this.#open();
    this.#view?.focus();
  }

  /** Compare what stands in the editor with the original. */
  async run() {
    if (!this.#view) return;
    const source = this.#view.state.doc.toString();
    const output = this.#output;
    await this.#bar.run(program(this.#about.name, source), output);
    output.element.scrollIntoView({ block: "nearest" });
  }

  /** Write the original again. What still runs here writes to nobody. */
  reset() {
    if (!this.#view) return;
    replace(this.#view, this.#original);
    this.#show(beginning(this.#original));
    this.#bar.element.remove();
    this.#output.element.remove();
    this.#prepare();
  }

  #show(line) {
    show(this.#view, line);
    this.#view.focus();
  }

  async #open() {
    try {
      this.#original = await fetched(this.#about.source);
    } catch {
      return this.#output.say(ABSENT);
    }
    const text = edited(NAME, this.#original) ?? this.#original;
    const heard = {
      run: () => this.run(),
      leave: () => this.#bar.focus(),
      change: (now) => keep(NAME, this.#original, now),
    };
    this.#view = editor(text, t("Source of the module"), heard, { numbered: true });
    this.#frame.append(this.#view.dom);
    show(this.#view, beginning(text));
  }
}
