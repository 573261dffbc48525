/* The few elements that all parts of a live page are made of. */

import { t } from "../words.js";

/** An element, as in `p.live-error`, with properties or attributes, and what is in it. */
export function make(kind, properties = {}, ...children) {
  const [tag, ...classes] = kind.split(".");
  const element = document.createElement(tag);
  element.classList.add(...classes);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Let the keyboard scroll an element that may be wider or longer than its place. */
export function reachable(element, name) {
  element.tabIndex = 0;
  element.setAttribute("role", "group");
  element.setAttribute("aria-label", name);
  return element;
}

/** Printed text. */
export function printed(content, name = t("Output")) {
  return reachable(make("pre.live-text", {}, make("samp", {}, content)), name);
}

/** A button that shows an icon of the style sheet, and tells its name. */
export function iconButton(icon, label, click) {
  const button = make("button.live-icon", { type: "button", title: label });
  button.setAttribute("aria-label", label);
  button.dataset.icon = icon;
  button.addEventListener("click", click);
  return button;
}

/** A button with an icon and a word. */
export function wordButton(icon, word, click) {
  const button = iconButton(icon, word, click);
  button.removeAttribute("aria-label");
  button.removeAttribute("title");
  button.classList.add("live-word");
  button.append(word);
  return button;
}

/** The button that opens a module, among the tools of its page. */
export function tryButton(click, words = t("Try this module")) {
  const button = make("button.weave-button.live-try", { type: "button" }, words);
  button.addEventListener("click", click);
  const tools = document.querySelector(".weave-tools");
  tools.insertBefore(button, tools.querySelector("button"));
  return button;
}
