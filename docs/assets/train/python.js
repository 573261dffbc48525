/* The Python on the page, with what the reader chose. Its text stands in the page; only the
 * lines with the choices are written anew. */

const TOKENS = /(?<c1>#.*)|(?<s2>"[^"]*")|\b(?<kn>from|import)\b|\b(?<k>as|for|in|if)\b|(?<![\w.])(?<mi>\d[\d.e-]*)/g;

/* The lines that say which network, which seed, how long, and the rates. */
export function withChoices(text, { net, seed, steps, schedule }) {
  const rates = schedule.map(({ step, lr, weightDecay }) => `${step}: (${lr}, ${weightDecay})`);
  return text
    .replace(/^net, seed, steps = .*$/m, `net, seed, steps = "${net}", ${seed}, ${steps}`)
    .replace(/^rates = \{.*?\}/m, `rates = {${rates.join(", ")}}`);
}

/* The lines that say which file, and of which network. */
export function withFile(text, name, net) {
  return text
    .replace(/"[^"]*\.safetensors"/, `"${name}"`)
    .replace(/given\("[^"]*"\)/, `given("${net}")`);
}

/* Write Python into an element, in the colours of the site's code. */
export function write(code, text) {
  if (code.textContent === text) return;
  code.replaceChildren();
  let written = 0;
  for (const found of text.matchAll(TOKENS)) {
    const [kind] = Object.entries(found.groups).find(([, part]) => part !== undefined);
    const span = Object.assign(document.createElement("span"), { className: kind });
    span.textContent = found[0];
    code.append(text.slice(written, found.index), span);
    written = found.index + found[0].length;
  }
  code.append(text.slice(written));
}
