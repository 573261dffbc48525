/* What on a page can run: the cells of a notebook, and the examples of a module. */

import { withoutPrompts } from "../prompts.js";

/**
 * @typedef {object} Example
 * @property {HTMLElement} block what shows the code
 * @property {HTMLElement} place what the output comes after
 * @property {HTMLElement | null} recorded the output that was there when the site was built
 * @property {string} code the code, without prompts
 * @property {boolean} prompted whether the page shows it with prompts and results
 * @property {string} raises the error that it is meant to end in, or nothing
 */

// The last line of a traceback begins with the name of the error, after its module.
const ERROR = /^Traceback \(most recent call last\):\n(?:\s.*\n)*(?:\w+\.)*(\w+)/m;

function cell(block) {
  const place = block.closest(".nb-code") ?? block;
  const next = place.nextElementSibling;
  const recorded = next?.matches(".nb-output") ? next : null;
  const code = block.querySelector("code").textContent.trimEnd();
  return { block, place, recorded, code, prompted: false, raises: "" };
}

function session(block) {
  const text = block.querySelector("code").textContent;
  const raises = text.match(ERROR)?.[1] ?? "";
  const code = withoutPrompts(text);
  return { block, place: block, recorded: null, code, prompted: true, raises };
}

/** All examples of the page, from its top. @returns {Example[]} */
export function examples() {
  const cells = [...document.querySelectorAll(".nb-cell.highlight")];
  const sessions = [...document.querySelectorAll(".weave-prose .language-pycon.highlight")];
  return [...cells.map(cell), ...sessions.map(session)];
}

/** The module that the page is about: its name, its file, and where its source lies. */
export function module() {
  const file = document.querySelector(".weave-file")?.textContent;
  const source = document.querySelector(
    '[data-weave-copy][aria-describedby="weave-copy-annotated"]',
  )?.dataset.weaveCopy;
  if (!file || !source) return null;
  const name = file.replace(/(\/__init__)?\.py$/, "").replaceAll("/", ".");
  return { name, file, source: new URL(source, location.href) };
}
