/* What an edited module does otherwise than the original, as a small table. The kernel sends
 * the facts, see `labml_style_nn/live/comparison.py`. */

import { around, count, t } from "../words.js";
import { make, reachable } from "./make.js";
import { shown } from "./rich.js";

const MIME = "application/vnd.annotated-mixer.comparison+json";
const MOST = 12; // rows, and examples

const counted = (value) => (value === null ? "" : count(value));

/* A number with two digits; one that JSON has no name for is a word already. */
function rounded(value) {
  return typeof value === "number" ? String(Number(value.toPrecision(2))) : value;
}

function change([before, after], written = String) {
  const [old, now] = [written(before), written(after)];
  return old === now ? old : make("strong", {}, `${old || t("none")} → ${now || t("none")}`);
}

function distance({ difference, largest }) {
  if (difference === null) return "";
  if (!difference) return t("nothing");
  const most = make("strong", {}, rounded(difference));
  const words = t("{difference} where numbers reach {largest}", { largest: `${rounded(largest)}` });
  const pieces = around(words, { difference: most });
  const quiet = (piece) => (piece === most ? most : make("span.live-scale", {}, piece));
  return make("span", {}, ...pieces.map(quiet));
}

/* The first of many, each made to an element, and how many are left. */
function first(all, element, rest) {
  const left = all.length - MOST;
  const elements = all.slice(0, MOST).map(element);
  return left > 0 ? [...elements, rest(t("and {number} more", { number: left }))] : elements;
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
  const names = [t("Computed"), t("Shape"), t("Parameters"), t("Numbers differ by")];
  const head = make("tr", {}, ...names.map((name) => make("th", { scope: "col" }, name)));
  const rows = first(gathered(outputs), row, last);
  return make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows));
}

function basis(changed) {
  if (!changed.some(({ difference }) => difference)) return "";
  const same = changed.every((output) => output.same_weights);
  return same
    ? t("Both computed these numbers with the same weights from the same input.")
    : t("Where the weights do not fit, both began with the same seed, which tells less.");
}

function outputs({ outputs: all }) {
  const changed = all.filter((output) => output.changes.length);
  if (!changed.length) return [];
  const box = reachable(make("div.live-scroll", {}, table(changed)), t("Differences"));
  return [box, make("p.live-basis", {}, basis(changed))];
}

function unpaired({ unpaired: number, failure: failed }) {
  if (!number || failed) return [];
  return [make("p", {}, t("Calls that only one of the two makes: {number}", { number }))];
}

function example({ source, before, after }) {
  const pair = (name, text) => [make("dt", {}, name), make("dd", {}, text || t("nothing"))];
  const both = make("dl", {}, ...pair(t("Original"), before), ...pair(t("Yours"), after));
  return make("li", {}, make("code", {}, source), both);
}

function examples({ examples: all }) {
  if (!all.length) return [];
  const title = make("p", {}, make("strong", {}, t("Examples that print something else")));
  return [
    title,
    make("ul.live-examples", {}, ...first(all, example, (words) => make("li", {}, words))),
  ];
}

function step({ line, inside, code }, go) {
  const words = inside
    ? t("line {line}, in {inside}", { line: String(line), inside })
    : t("line {line}", { line: String(line) });
  const leads = { type: "button", onclick: () => go(line) };
  const place = line ? make("button.live-line", leads, words) : inside || t("example");
  return make("li", {}, ...around(t("{place}: {code}"), { place, code: make("code", {}, code) }));
}

function failure(words, { message, steps }, go) {
  const error = make("p.live-error", {}, make("strong", {}, words), ` ${message}`);
  return [error, make("ol.live-steps", {}, ...steps.map((each) => step(each, go)))];
}

function title({ num_examples: ran, differs }) {
  if (!ran) return t("This module has no examples to compare by.");
  return differs ? t("The edited module differs.") : t("No difference.");
}

function facts(facts, go) {
  const { failure: failed, original_failure: original, num_examples: ran } = facts;
  const head = failed
    ? failure(t("Your version fails:"), failed, go)
    : [make("p.live-title", {}, make("strong", {}, title(facts)))];
  const old = original ? failure(t("The original fails, too:"), original, go) : [];
  const rest = [...outputs(facts), ...unpaired(facts), ...examples(facts)];
  const counts = { ran, outputs: facts.outputs.length };
  const words = t("Examples that ran: {ran}. Outputs that were compared: {outputs}.", counts);
  const end = make("p.live-extent", {}, words);
  return make("div.live-comparison", {}, ...head, ...old, ...rest, end);
}

/** Shows a comparison as a table, and anything else as usual; `go` leads to a line. */
export function comparison(go) {
  return (data, metadata) => (MIME in data ? facts(data[MIME], go) : shown(data, metadata));
}
