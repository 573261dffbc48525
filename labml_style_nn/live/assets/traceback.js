/* An error, as a reader wants it: first what went wrong, then the line of the cell that led
 * there, then, folded, the way from the one to the other. */

import { around, t } from "../words.js";
import { coloured, plain } from "./colours.js";
import { make, printed } from "./make.js";

// The kernel was told that nobody answers, and says so in its own words.
const INPUT = "StdinNotImplementedError";

/** Where in the reader's own code it happened: IPython marks the line with an arrow. */
function ownLine(frames) {
  const frame = frames.map(plain).findLast((text) => /^\s*Cell In/.test(text));
  const [, number, code] = frame?.match(/^-+> *(\d+) ?(.*)$/m) ?? [];
  return number && { number, code: code.trim() };
}

/* IPython opens with a rule and a title, and ends with the error once more. */
function whole(frames) {
  const way = frames.length > 3 ? frames.slice(2, -1) : frames;
  return printed(coloured(way.join("\n").trim()), t("Traceback"));
}

function what(name, value) {
  const strong = make("strong", {}, name);
  const words = value ? around(t("{error}: {message}"), { error: strong, message: value }) : [strong];
  return make("p.live-error", {}, ...words);
}

function where({ number, code }) {
  const words = around(t("Line {number}: {code}", { number }), { code: make("code", {}, code) });
  return make("p.live-error-line", {}, ...words);
}

/** The elements for the content of an `error` message. */
export function traceback({ ename, evalue, traceback: frames }) {
  if (ename === "KeyboardInterrupt") return [what(t("Stopped"), "")];
  if (ename === INPUT) {
    const advice = t("nobody can answer input() on this page. Write the answer into the code.");
    return [what(t("No input"), advice)];
  }
  const line = ownLine(frames);
  const fold = make("details.nb-code.live-fold");
  fold.append(make("summary", {}, t("Show the whole traceback")), whole(frames));
  return [what(ename, evalue), ...(line ? [where(line)] : []), fold];
}
