/* Sets formulas and marks the symbols in them: JSON in, an `answer` out, in one order.
 *
 * A formula has its TeX, whether it is on `display`, and the symbols of its page, as TeX,
 * of which the first has the key 1. KaTeX reads all of it, so two are the same however
 * they are written. The longest symbol counts; scripts that it does not mention are read
 * for themselves: `W_1^\top X_{*,i}` becomes `⟨5 W_1^\top⟩ ⟨1 X_{*,⟨9 i⟩}⟩`. A mark is an
 * element with `data-n`, in which the symbol is set as if it stood alone.
 *
 * An answer has the HTML, if there is any, and problems, each of a kind: what KaTeX says,
 * and the letters of an equation that are no symbols of the page. */

const katex = require(process.argv[1]);
const formulas = JSON.parse(require("fs").readFileSync(0, "utf8"));

/* `strict` refuses what KaTeX would set, but LaTeX would not; a command that needs trust,
 * be it a link, an image or an attribute, is refused, too. */
const trust = ({ command }) => {
  throw new katex.ParseError(`${command} is not allowed in a formula`);
};
const options = (display) => ({
  displayMode: display, output: "htmlAndMathml", strict: "error", trust,
});

/* ---- What is the same ----------------------------------------------------------------- */

/* Braces around one thing change nothing. */
const bare = (node) =>
  node?.type === "ordgroup" && node.body.length === 1 ? bare(node.body[0]) : node;
const form = (node) =>
  JSON.stringify(bare(node), (name, value) => (name === "loc" ? undefined : bare(value)));

/* What a node can be called, with the scripts that are no part of the name. Of braces,
 * what is within them has a name. */
function names(node) {
  if (node.type === "ordgroup") return [];
  const whole = [form(node), []];
  if (node.type !== "supsub" || !node.base) return [whole];
  const named = form({ ...node, sup: undefined });
  return [whole, [named, ["sup"]], [form(node.base), ["sub", "sup"]]];
}

/* The keys of symbols, by what their nodes are called, and how many nodes one has. */
function notation(symbols) {
  const keys = new Map();
  let longest = 0;
  symbols.forEach((tex, number) => {
    try {
      const nodes = katex.__parse(tex, options(false)).map(form);
      longest = Math.max(longest, nodes.length);
      if (nodes.length && !keys.has(nodes.join())) keys.set(nodes.join(), number + 1);
    } catch {} // It is refused where it stands in the list.
  });
  return { keys, longest };
}

const notations = new Map();
function notationOf(symbols) {
  const name = JSON.stringify(symbols);
  if (!notations.has(name)) notations.set(name, notation(symbols));
  return notations.get(name);
}

/* ---- Letters -------------------------------------------------------------------------- */

/* With an accent, or in a font, a letter is another symbol; in a font, a digit is one. */
function isLetter(node) {
  const { type, text, base, body } = bare(node) ?? {};
  if (["accent", "overline", "supsub"].includes(type)) return isLetter(base ?? body);
  if (type === "font") return isLetter(body) || /^\d$/.test(bare(body).text);
  return type === "mathord" || (type === "textord" && /^\\(ell|hbar|[A-Z]\w+)$/.test(text));
}

/* What nobody explains: `e^x`, `\pi`, `\mathbb{R}`, and words. */
function isKnown({ type, text, font, base, sup }) {
  if (type === "supsub") return isKnown(base) || (base.text === "e" && sup);
  return text === "\\pi" || ["mathbb", "mathrm"].includes(font);
}

/* A symbol as TeX, without what is raised. */
function written({ type, text, label, font, base, sub, body }) {
  if (text) return text;
  if (type === "supsub") return `${written(base)}${sub ? `_${braced(sub)}` : ""}`;
  const inner = [base ?? body ?? { text: "…" }].flat(2).map(written).join("");
  const command = label ?? { font: `\\${font}`, text: "\\text" }[type];
  return command ? `${command}{${inner}}` : inner;
}

function braced(node) {
  const tex = written(node);
  return /^(\\[A-Za-z]+|.)$/.test(tex) ? tex : `{${tex}}`;
}

/* ---- Marks ---------------------------------------------------------------------------- */

/* These have words, and no letters. */
const WORDS = ["font", "operatorname", "text"];

class Marks {
  constructor({ keys, longest }) {
    this.keys = keys;
    this.longest = longest;
    this.letters = new Set();
    this.indices = new Set();
    this.any = false;
  }

  /* The letters that no entry has. An index explains itself. */
  unknown() {
    return [...this.letters].filter((letter) => !this.indices.has(letter));
  }

  /* Mark the symbols in a row of nodes, and in all rows within it. */
  row(nodes, low = false) {
    for (let at = 0; at < nodes.length; at++) {
      const { key, end, parts } = this.match(nodes, at);
      if (!key) {
        this.inner(nodes[at], low);
        continue;
      }
      const body = nodes.slice(at, end);
      const attributes = { "data-n": String(key) };
      nodes.splice(at, body.length, { type: "html", mode: "math", attributes, body });
      for (const part of parts) this.part(body.at(-1), part, low);
      this.any = true;
    }
  }

  /* The longest symbol that begins at a place. */
  match(nodes, at) {
    for (let end = Math.min(at + this.longest, nodes.length); end > at; end--) {
      const before = nodes.slice(at, end - 1).map(form);
      for (const [name, parts] of names(nodes[end - 1])) {
        const key = this.keys.get([...before, name].join());
        if (key) return { key, end, parts };
      }
    }
    return {};
  }

  inner(node, low) {
    const letter = node.type !== "ordgroup" && isLetter(node);
    if (letter && !isKnown(node)) (low ? this.indices : this.letters).add(written(node));
    if (letter && node.type === "supsub") {
      for (const part of ["sub", "sup"]) this.part(node, part, low);
    } else if (!letter && !WORDS.includes(node.type)) {
      for (const part of Object.keys(node)) this.part(node, part, low);
    }
  }

  /* A part of a node may be a node, a row, or the rows of a table. */
  part(node, name, low) {
    const value = node[name];
    if (value?.type) {
      const row = [value];
      this.row(row, low || name === "sub");
      [node[name]] = row;
    } else if (Array.isArray(value)) {
      if (value.every((one) => one?.type)) this.row(value, low);
      else Object.keys(value).forEach((number) => this.part(value, number, low));
    }
  }
}

/* ---- HTML ----------------------------------------------------------------------------- */

/* What KaTeX has read is set by a command that no author writes. */
const READ = "\\\ue003";
let read = null;
katex.__defineFunction({
  type: "ordgroup",
  names: [READ],
  numArgs: 0,
  handler: () => {
    if (!read) trust({ command: READ });
    return { type: "ordgroup", mode: "math", semisimple: true, body: read };
  },
});

/* The TeX that stays with a formula, for a reader to copy, is what its author wrote; and
 * the space between a symbol and what follows it is no part of the symbol. */
function finish(node, tex) {
  if (node.type === "annotation") node.children[0].text = tex;
  node.children &&= node.children.flatMap((child) => {
    finish(child, tex);
    if (!child.attributes?.["data-n"]) return [child];
    child.classes = [];
    const space = child.children.at(-1)?.classes?.includes("mspace");
    return space ? [child, child.children.pop()] : [child];
  });
}

const NO_ENTRY = "stands in this equation, but in no entry of the notation";

function set([tex, display, symbols]) {
  read = null;
  read = katex.__parse(tex, options(display));
  const marks = new Marks(notationOf(symbols));
  marks.row(read);
  const unknown = display && symbols.length ? marks.unknown() : [];
  const problems = unknown.map((letter) => ["notation", `“${letter}” ${NO_ENTRY}`]);
  if (!marks.any || read[0].type === "tag") {
    return { html: katex.renderToString(tex, options(display)), problems };
  }
  const tree = katex.__renderToDomTree(READ, options(display));
  finish(tree, tex);
  return { html: tree.toMarkup(), problems };
}

answer(formulas.map((formula) => {
  try {
    return set(formula);
  } catch (error) {
    return { problems: [["formula", `${error.message}: ${formula[0]}`]] };
  }
}));
