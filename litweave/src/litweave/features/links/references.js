/* Names in the code are links. Whoever points at one, or comes to it by keyboard, sees how
 * the thing is called and what it is for. The texts are in one table, by address. A tap
 * follows the link. */

import { tips } from "./tip.js";
import { t } from "./words.js";

const table = document.getElementById("weave-references");
const told = table ? JSON.parse(table.textContent) : {};

function line(name, text) {
  const element = document.createElement(name);
  element.textContent = text;
  return element;
}

function content(link) {
  const texts = told[link.getAttribute("href")];
  if (!texts) return null;
  const [signature, summary, host] = texts;
  const tip = document.createElement("div");
  tip.className = "weave-reference";
  tip.append(line("code", signature));
  // It is quoted from a docstring, which is English everywhere.
  if (summary) tip.append(Object.assign(line("p", summary), { lang: "en" }));
  if (host) tip.append(line("small", t("leads to {host}", { host })));
  return tip;
}

tips(".weave-code a[href]", content);
