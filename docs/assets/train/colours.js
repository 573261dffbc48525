/* The site's colours as numbers, for what is drawn pixel by pixel. They follow the
 * reader's choice of light or dark. */

const NAMES = {
  paper: "--md-default-bg-color",
  ink: "--md-default-fg-color",
  warm: "--tokens",
  cool: "--channels",
};

let known = null;

function colours() {
  known ??= Object.fromEntries(
    Object.entries(NAMES).map(([name, variable]) => [name, resolved(variable)]),
  );
  return known;
}

/* The browser says what light-dark(…) is here and now. */
function resolved(variable) {
  const probe = document.createElement("span");
  probe.style.color = `var(${variable})`;
  document.body.append(probe);
  const numbers = getComputedStyle(probe).color.match(/[\d.]+/g).map(Number);
  probe.remove();
  return numbers.slice(0, 3);
}

function mixed(from, to, share) {
  return from.map((channel, i) => channel + (to[i] - channel) * share);
}

/* From −1 (cool) over 0 (paper) to 1 (warm): two hues that all eyes tell apart. */
export function signed(value) {
  const { paper, warm, cool } = colours();
  return mixed(paper, value < 0 ? cool : warm, Math.min(1, Math.abs(value)));
}

/* From 0 (paper) to 1 (ink). */
export function grey(value) {
  const { paper, ink } = colours();
  return mixed(paper, ink, value);
}

/* Call this whenever the colours have changed. */
export function whenColoursChange(call) {
  const changed = () => {
    known = null;
    call();
  };
  const attributes = { attributeFilter: ["data-md-color-scheme"] };
  new MutationObserver(changed).observe(document.body, attributes);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
}
