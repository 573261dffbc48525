/* Words in the language of the page. They are English in the scripts, and the page brings
 * what they are called in its own language; numbers are written as it writes them. */

const brought = document.getElementById("weave-words");
const known = brought ? JSON.parse(brought.textContent) : {};
const numbers = new Intl.NumberFormat(document.documentElement.lang || "en");

/* `t("Step {step} of {goal}", { step, goal })`. A text goes in as it is, a number as the
 * language writes it. */
export function t(words, values = {}) {
  return (known[words] ?? words).replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name] ?? whole;
    return typeof value === "number" ? numbers.format(value) : value;
  });
}
