/* What a program prints, as a terminal would show it: a carriage return goes back to the
 * beginning of the line, and what comes then overwrites it. A program may print without
 * end, so only the first lines and the last are kept. */

import { count, t } from "../words.js";
import { coloured } from "./colours.js";
import { make, printed } from "./make.js";

const KEEP = 500; // lines at each end
const WIDTH = 5000; // characters of a line

/** What stays of a line: the last text after a carriage return, if any came after it. */
function settled(line) {
  const text = line.replace(/\r+$/, "");
  return text.slice(text.lastIndexOf("\r") + 1) + (text === line ? "" : "\r");
}

function cut(line) {
  return line.length > WIDTH ? `${line.slice(0, WIDTH)} …` : line;
}

export class Screen {
  #first = [];
  #last = [];
  #left = 0; // lines that are shown no more
  #line = ""; // the one that is being written
  #stream = "";
  #drawing = 0;

  constructor() {
    this.element = printed("");
  }

  /** Print text of `stdout` or `stderr`. */
  write(text, stream) {
    // The two may overtake each other: where one ends, the other begins a line.
    if (this.#stream && stream !== this.#stream && this.#line) text = `\n${text}`;
    this.#stream = stream;
    const lines = text.split("\n");
    this.#line = settled(this.#line + lines[0]).slice(0, 2 * WIDTH);
    for (const line of lines.slice(1)) {
      this.#push(cut(this.#line.replace("\r", "")));
      this.#line = settled(line).slice(0, 2 * WIDTH);
    }
    this.#drawing ||= requestAnimationFrame(() => this.#draw());
  }

  #push(line) {
    if (this.#first.length < KEEP) this.#first.push(line);
    else this.#last.push(line);
    if (this.#last.length < 2 * KEEP) return;
    this.#left += this.#last.length - KEEP;
    this.#last = this.#last.slice(-KEEP);
  }

  #draw() {
    this.#drawing = 0;
    const end = [...this.#last, cut(this.#line.replace("\r", ""))].join("\n");
    const parts = this.#left
      ? [coloured(this.#first.join("\n")), this.#note(), coloured(end)]
      : [coloured([...this.#first, end].join("\n"))];
    this.element.firstChild.replaceChildren(...parts);
  }

  #note() {
    const words = t("… {number} lines left out …", { number: count(this.#left) });
    return make("span.live-left-out", {}, words);
  }
}
