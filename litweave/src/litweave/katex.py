"""Formulas, set by KaTeX when the site is built, as HTML and MathML.

While the prose is read, each formula is set aside, and a slot stands in for it that no
Markdown extension touches. One Node process then sets all formulas; slots are filled
last.
"""

import json
import re
from dataclasses import asdict, astuple, dataclass, field
from html import escape
from pathlib import Path

from litweave import node
from litweave.cache import OTHERS, Cache, digest
from litweave.diagnostics import Diagnostics, Place

# ## Slots
# A slot is a number in characters of Unicode's private use area: no Markdown, no HTML.
_OPEN, _CLOSE, _ZERO = "\ue000", "\ue001", 0xE010
_DIGITS = f"[{chr(_ZERO)}-{chr(_ZERO + 9)}]+"
_SLOT = re.compile(f"{_OPEN}({_DIGITS}){_CLOSE}")
_TAG_OR_SLOT = re.compile(f"<[^<>]*>|{_OPEN}({_DIGITS}){_CLOSE}")
# With the brackets before it and the stops that follow; the search engine's element may
# begin and end in between.
_HELD = re.compile(
    f"<[^<>]*>|(?:([(（「『《“]+)(<span[^<>]*>)?)?{_OPEN}({_DIGITS}){_CLOSE}"
    "(?:(</span>)?([.,:;!?)，。、；：！？）」』》”]+))?"
)


# How KaTeX begins a formula, and each of the boxes in which it stands.
_INLINE = '<span class="katex">'
_BOX = '<span class="katex-base">'


def _slot(number: int) -> str:
    digits = "".join(chr(_ZERO + int(digit)) for digit in str(number))
    return f"{_OPEN}{digits}{_CLOSE}"


def _number(digits: str) -> int:
    return int("".join(str(ord(digit) - _ZERO) for digit in digits))


@dataclass(frozen=True)
class Formula:
    """TeX, set in a line of its own (`display`) or within a line.

    `marked` is the same TeX with a command around each symbol that the page knows (see
    [`symbols`][symbols.symbols]); it is empty if there is none. What is marked
    otherwise is another formula, because it is set otherwise.
    """

    tex: str
    display: bool
    marked: str = ""


def is_shown(html: str) -> bool:
    """Whether there is a formula on a page, and not only its element's name in code."""
    return _INLINE.rstrip(">") in html  # It may have more attributes in the end.


def as_written(formula: Formula) -> str:
    """What stands in for a formula that could not be set."""
    return f"<code>{escape(formula.tex)}</code>"


@dataclass
class Formulas:
    """The formulas of a site: first collected, then set, then put in their slots."""

    places: dict[Formula, Place] = field(default_factory=dict)
    numbers: dict[Formula, int] = field(default_factory=dict)
    html: list[str] = field(default_factory=list)

    def add(self, tex: str, display: bool, place: Place, marked: str = "") -> str:
        """Set a formula aside; the slot that stands in for it."""
        formula = Formula(tex.strip(), display, marked.strip())
        self.places.setdefault(formula, place)
        return _slot(self.numbers.setdefault(formula, len(self.numbers)))

    @property
    def are_set(self) -> bool:
        """Whether each formula has its HTML."""
        return len(self.html) == len(self.numbers)

    def set(self, katex: Path, cache: Path, diagnostics: Diagnostics) -> None:
        """Set all formulas by KaTeX.

        `katex` is the folder of the package, and `cache` a file that keeps what was set
        before. A formula that KaTeX refuses goes to `diagnostics`, with the place where
        it first stood.

        **Raises.** [`NodeError`][node.NodeError] if Node does not run.
        """
        kept = Cache.read(cache)
        key = digest(_SCRIPT, files=[katex / "package.json"])
        names = {formula: json.dumps(astuple(formula)) for formula in self.numbers}
        known = {name: kept.find(name, key) for name in names.values()}
        kept.now |= {name: (key, html) for name, html in known.items() if html}
        new = [formula for formula, name in names.items() if not known[name]]
        asked = {"symbol": SYMBOL, "formulas": [asdict(formula) for formula in new]}
        answers = node.run(_SCRIPT, asked, str(katex.resolve())) if new else []
        for formula, result in zip(new, answers, strict=True):
            if "error" in result:
                message = f"{result['error']}: {formula.tex}"
                diagnostics.add(self.places[formula], message, "formula")
            else:
                kept.now[names[formula]] = (key, result["html"])
        if new:
            kept.write(OTHERS)  # pages that are kept have formulas, too
        found = names.items()
        self.html = [kept.find(name, key) or as_written(f) for f, name in found]

    def leave(self, reason: str, diagnostics: Diagnostics) -> None:
        """Set none, for want of KaTeX, and say why."""
        message = f"no formula is set: {reason}"
        diagnostics.add(next(iter(self.places.values())), message, "formula")
        self.html = [as_written(formula) for formula in self.numbers]

    def fill(self, html: str) -> str:
        """Put each formula in its slot; within a tag there is room for its TeX only."""
        if _OPEN not in html:
            return html
        return _HELD.sub(
            lambda m: self._held(*m.groups(default="")) if m[3] else self.plain(m[0]),
            html,
        )

    def _held(
        self, brackets: str, begin: str, digits: str, end: str, stops: str
    ) -> str:
        """A formula, and what must not go to the next line without it.

        What is within a line is made of boxes; a browser may break before and behind.
        """
        html = self.html[_number(digits)]
        if not (brackets or stops) or not html.startswith(_INLINE):
            return brackets + begin + html + end + stops
        first, box, others = html.partition(_BOX)
        html = first + box + others.replace(_BOX, f"<wbr>{_BOX}")
        sides = [" weave-opened"] * bool(brackets) + [" weave-closed"] * bool(stops)
        held = (
            f'<span class="weave-held{"".join(sides)}">{brackets}{html}{stops}</span>'
        )
        return begin + held + end

    def plain(self, html: str) -> str:
        """Put the TeX of each formula in its slot."""
        return _SLOT.sub(lambda m: escape(self._formula(_number(m[1])).tex), html)

    def _formula(self, number: int) -> Formula:
        # Few titles and attributes hold a formula: no list is kept for them.
        return list(self.numbers)[number]

    def unsearchable(self, html: str) -> str:
        """Tell the search engine to pass over the slots: nobody searches for TeX."""
        return _TAG_OR_SLOT.sub(
            lambda m: f'<span data-search-exclude="1">{m[0]}</span>' if m[1] else m[0],
            html,
        )


# ## KaTeX

# The command around a symbol, `\…{key}{symbol}`, is a character that no author writes.
# It sets the symbol as if it stood alone, in an element with `data-n="key"`.
SYMBOL = "\\\ue003"

# All formulas go in by standard input, and all come out by standard output, in their
# order. `strict` refuses what KaTeX would set, but LaTeX would not; a command that
# needs trust (a link, an image, an attribute) is refused, too.
#
# The TeX that stays with a formula, for a reader to copy, is what its author wrote. And
# should TeX ever be so unusual that it can be set only as written, it is.
_SCRIPT = r"""
const katex = require(process.argv[1]);
const {symbol, formulas} = JSON.parse(require("fs").readFileSync(0, "utf8"));

katex.__defineFunction({
  type: "html",
  names: [symbol],
  numArgs: 2,
  argTypes: ["raw", "original"],
  allowedInArgument: true,
  handler: ({parser}, [key, body]) => ({
    type: "html",
    mode: parser.mode,
    attributes: {"data-n": key.string},
    body: body.type === "ordgroup" ? body.body : [body],
  }),
});

const trust = ({command}) => {
  throw new katex.ParseError(`${command} is not allowed in a formula`);
};
const options = (display) => ({
  displayMode: display, output: "htmlAndMathml", strict: "error", trust,
});

// The space between a symbol and what follows it is no part of the symbol.
const finish = (node, tex) => {
  if (node.type === "annotation") node.children[0].text = tex;
  node.children &&= node.children.flatMap((child) => {
    finish(child, tex);
    if (!child.attributes?.["data-n"]) return [child];
    child.classes = [];
    const space = child.children.at(-1)?.classes?.includes("mspace");
    return space ? [child, child.children.pop()] : [child];
  });
};
const render = ({tex, display}) => katex.renderToString(tex, options(display));
const renderMarked = ({tex, display, marked}) => {
  const tree = katex.__renderToDomTree(marked, options(display));
  finish(tree, tex);
  return tree.toMarkup();
};

const set = (formula) => {
  try {
    if (formula.marked) return {html: renderMarked(formula)};
  } catch {}
  try {
    return {html: render(formula)};
  } catch (error) {
    return {error: error.message};
  }
};
process.stdout.write(JSON.stringify(formulas.map(set)));
"""
