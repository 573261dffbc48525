/* The few elements that all parts of a live page are made of. */

/** An element with properties, attributes among them, and what is in it. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** A button that shows an icon of the style sheet, and tells its name. */
export function iconButton(icon, label, click) {
  const button = make("button", { type: "button", className: "live-icon", title: label });
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
export function tryButton(click) {
  const button = make("button", { type: "button", className: "weave-button live-try" });
  button.append("Try this module");
  button.addEventListener("click", click);
  const tools = document.querySelector(".weave-tools");
  tools.insertBefore(button, tools.querySelector("button"));
  return button;
}
