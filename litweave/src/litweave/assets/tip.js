/* One floating box for the whole page. It shows what an element has to say when somebody
 * points at it, moves the keyboard's focus to it, or taps it. The pointer may move into the
 * box; Escape closes it; scrolling takes it away, unless the keyboard is there. */

const LEAVE = 150; // milliseconds to cross the gap between an element and the box

const box = document.createElement("div");
box.className = "weave-tip";
box.id = "weave-tip";
box.setAttribute("role", "tooltip");
box.hidden = true;
(document.querySelector("main") ?? document.body).append(box);

const kinds = []; // what can be pointed at: a selector, and what it says
let current = null;
let leaving = 0;

/* Below the element, or else above; beside the whole of an equation, which is to be read
 * with it. */
function place(element) {
  const around = element.getBoundingClientRect();
  const whole = (element.closest(".katex-display") ?? element).getBoundingClientRect();
  const { width, height } = box.getBoundingClientRect();
  const below = whole.bottom + 6;
  const top = below + height < innerHeight ? below : Math.max(4, whole.top - height - 6);
  const left = Math.min(Math.max(8, around.left), innerWidth - width - 8);
  box.style.top = `${top}px`;
  box.style.left = `${Math.max(8, left)}px`;
}

function hide() {
  clearTimeout(leaving);
  if (current?.getAttribute("aria-describedby") === box.id) {
    current.removeAttribute("aria-describedby");
  }
  current = null;
  box.hidden = true;
}

export function show(element, content) {
  hide();
  if (!content) return;
  current = element;
  box.replaceChildren(content);
  box.hidden = false;
  if (!element.hasAttribute("aria-describedby")) {
    element.setAttribute("aria-describedby", box.id);
  }
  place(element);
}

/* The innermost element around a node that has something to say. */
function pointed(node) {
  if (!(node instanceof Element)) return [];
  const found = kinds
    .map(([selector, content]) => [node.closest(selector), content])
    .filter(([element]) => element);
  found.sort(([a], [b]) => (a.contains(b) ? 1 : -1));
  return found[0] ?? [];
}

function ask(node) {
  const [element, content] = pointed(node);
  if (!element) return false;
  if (element !== current) show(element, content(element));
  return true;
}

/* Show `content(element)`, a node or a text, for whatever matches the selector. */
export function tips(selector, content) {
  kinds.push([selector, content]);
}

document.addEventListener("pointerover", (event) => {
  if (event.pointerType !== "mouse") return;
  clearTimeout(leaving);
  if (box.contains(event.target) || ask(event.target)) return;
  if (current) leaving = setTimeout(hide, LEAVE);
});
document.addEventListener("click", (event) => {
  if (!box.contains(event.target) && !ask(event.target)) hide();
});
document.addEventListener("focusin", (event) => ask(event.target) || hide());
document.addEventListener("focusout", hide);
document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
/* Coming to an element by keyboard brings it into view: that scrolling is no farewell. */
function follow() {
  if (!current) return;
  const { top, bottom } = current.getBoundingClientRect();
  const seen = bottom > 0 && top < innerHeight;
  if (seen && current.matches(":focus-visible")) place(current);
  else hide();
}
addEventListener("scroll", follow, { passive: true, capture: true });
