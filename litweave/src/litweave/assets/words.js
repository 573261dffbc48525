/* Words in the language of the page. They are English in the scripts, and the page brings
 * what they are called in its own language; numbers are written as it writes them.
 *
 *     import { t } from "./words.js";
 *     t("Step {step} of {goal} · epoch {epoch}", { step, goal, epoch })
 *
 * The build finds such calls by their shape: the message is one text in double quotes. It
 * is a whole sentence, for another language has another order. */

const brought = document.getElementById("weave-words");
const known = brought ? JSON.parse(brought.textContent) : {};
const language = document.documentElement.lang || "en";

/* A number, with so many digits behind the point if that is told. */
export function number(value, digits) {
  const exact = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  // What has four digits is read as well without a mark between them.
  return value.toLocaleString(language, { useGrouping: "min2", ...(digits >= 0 && exact) });
}

/* A count of many things, with a mark after the thousands. */
export const count = (value) => value.toLocaleString(language);

/* The words in the language of the page. A text goes in as it is, a number as the language
 * writes it. A name without a value stays: see `around`. */
export function t(words, values = {}) {
  return (known[words] ?? words).replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name] ?? whole;
    return typeof value === "number" ? number(value) : value;
  });
}

/* Words with elements among them, as a list: `around(t("is a {digit}"), { digit })`. */
export function around(words, elements) {
  const pieces = words.split(/\{(\w+)\}/);
  return pieces.map((piece, i) => (i % 2 ? elements[piece] : piece)).filter((p) => p !== "");
}

/* A share of the whole. */
export const percent = (share, digits = 0) =>
  t("{number} %", { number: number(100 * share, digits) });
