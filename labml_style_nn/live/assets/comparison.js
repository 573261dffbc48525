/* What an edited module does otherwise than the original, as a small table. The kernel sends
 * the facts, see `labml_style_nn/live/comparison.py`. */

import { make, reachable } from "./make.js";
import { shown } from "./rich.js";

const MIME = "application/vnd.annotated-mixer.comparison+json";
const MOST = 12; // rows, and examples

const counted = (number) => (number === null ? "" : number.toLocaleString("en"));

/* A number with two digits; one that JSON has no name for is a word already. */
function rounded(number) {
  return typeof number === "number" ? String(Number(number.toPrecision(2))) : number;
}

function change([before, after], written = String) {
  const [old, now] = [written(before), written(after)];
  return old === now ? old : make("strong", {}, `${old || "none"} → ${now || "none"}`);
}

function distance({ difference, largest }) {
  if (difference === null) return "";
  if (!difference) return "nothing";
  const scale = make("span.live-scale", {}, ` where numbers reach ${rounded(largest)}`);
  return make("span", {}, make("strong", {}, rounded(difference)), scale);
}

/* The first of many, each made to an element, and how many are left. */
function first(all, element, rest) {
  const left = all.length - MOST;
  const elements = all.slice(0, MOST).map(element);
  return left > 0 ? [...elements, rest(`and ${left} more`)] : elements;
}

/* Calls that came to the same are one row. */
function gathered(outputs) {
  const rows = new Map();
  for (const output of outputs) {
    const facts = JSON.stringify(output);
    const row = rows.get(facts) ?? { output, times: 0 };
    row.times++;
    rows.set(facts, row);
  }
  return [...rows.values()];
}

function row({ output, times }) {
  const name = make("th", { scope: "row" }, make("code", {}, output.name));
  if (times > 1) name.append(` × ${times}`);
  const cells = [
    change(output.shapes),
    change(output.parameters, counted),
    distance(output),
  ];
  return make("tr", {}, name, ...cells.map((cell) => make("td", {}, cell)));
}

function last(words) {
  return make("tr", {}, make("td", { colSpan: 4 }, words));
}

function table(outputs) {
  const names = ["Computed", "Shape", "Parameters", "Numbers differ by"];
  const head = make("tr", {}, ...names.map((name) => make("th", { scope: "col" }, name)));
  const rows = first(gathered(outputs), row, last);
  return make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows));
}

function basis(changed) {
  if (!changed.some(({ difference }) => difference)) return "";
  const same = changed.every((output) => output.same_weights);
  return same
    ? "Both computed these numbers with the same weights from the same input."
    : "Where the weights do not fit, both began with the same seed, which tells less.";
}

function outputs({ outputs: all }) {
  const changed = all.filter((output) => output.changes.length);
  if (!changed.length) return [];
  const box = reachable(make("div.live-scroll", {}, table(changed)), "Differences");
  return [box, make("p.live-basis", {}, basis(changed))];
}

function unpaired({ unpaired: number, failure: failed }) {
  if (!number || failed) return [];
  return [make("p", {}, `Calls that only one of the two makes: ${number}`)];
}

function example({ source, before, after }) {
  const pair = (name, text) => [make("dt", {}, name), make("dd", {}, text || "nothing")];
  const both = make("dl", {}, ...pair("Original", before), ...pair("Yours", after));
  return make("li", {}, make("code", {}, source), both);
}

function examples({ examples: all }) {
  if (!all.length) return [];
  const title = make("p", {}, make("strong", {}, "Examples that print something else"));
  return [
    title,
    make("ul.live-examples", {}, ...first(all, example, (words) => make("li", {}, words))),
  ];
}

function step({ line, inside, code }, go) {
  const words = `line ${line}${inside && `, in ${inside}`}`;
  const leads = { type: "button", onclick: () => go(line) };
  const place = line ? make("button.live-line", leads, words) : inside || "example";
  return make("li", {}, place, ": ", make("code", {}, code));
}

function failure(words, { message, steps }, go) {
  const error = make("p.live-error", {}, make("strong", {}, words), ` ${message}`);
  return [error, make("ol.live-steps", {}, ...steps.map((each) => step(each, go)))];
}

function facts(facts, go) {
  const { failure: failed, original_failure: original, num_examples: ran } = facts;
  const title = ran ? facts.title : "This module has no examples to compare by.";
  const head = failed
    ? failure("Your version fails:", failed, go)
    : [make("p.live-title", {}, make("strong", {}, title))];
  const old = original ? failure("The original fails, too:", original, go) : [];
  const rest = [...outputs(facts), ...unpaired(facts), ...examples(facts)];
  const end = make("p.live-extent", {}, facts.extent);
  return make("div.live-comparison", {}, ...head, ...old, ...rest, end);
}

/** Shows a comparison as a table, and anything else as usual; `go` leads to a line. */
export function comparison(go) {
  return (data, metadata) => (MIME in data ? facts(data[MIME], go) : shown(data, metadata));
}
