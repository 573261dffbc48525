r"""# Page: rows become a page

A module becomes one Markdown document, so that footnotes and references work across
rows, with a comment between each two rows. The site renders it as it renders every
page. Then the document is cut at the comments, and each piece of prose gets its code
beside it:

```text
Module ─document─▶ Markdown ─the site─▶ HTML ─cut─▶ prose ─beside─▶ rows ─grid─▶ page
```

The document has the rows of the source in their order, but for one thing. A reader who
wants to see code should not first read all that there is to say. So of the docstring
that opens a module, what stands before its first `##` comes first, and its notation,
folded; its other sections follow below the last row, where they *close* the page. A
module that has no other rows is left as it is.

Nothing here knows of MkDocs.
"""

import html
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import PurePosixPath
from typing import NamedTuple

from litweave.diagnostics import Place
from litweave.dialect import sanitised
from litweave.headings import anchors, is_notation
from litweave.marks import LESS, mark
from litweave.overlay import Overlay, breakable, code_lines
from litweave.parse import Module, Row
from litweave.prose import Context, sections, to_markdown
from litweave.sections import Above, told_apart, with_titles
from litweave.words import word

# Nobody can have written it into a docstring.
_CUT = f"<!--weave-row-{secrets.token_hex(8)}-->"
_TITLE = re.compile(r"\s*(?:# |(?:=+\n)?[^\n]+\n=+[ \t]*$)", re.MULTILINE)
_HEADING = re.compile(r"(#{1,6}) +(.+?)(?: +#+)?$", re.MULTILINE)
_HAS_HEADING = re.compile(r"<h[1-6][ >]")
# In any language, with the link that the site may have put into it.
_NOTATION = re.compile(
    r'<h2 ([^>]*id="notation(?:_\d+)?"[^>]*)>([^<]+)(?:<a\b[^<]*</a>)?</h2>'
)
# What code defines, and what it takes from elsewhere.
_SOUGHT = re.compile(r"\b(?:class|def) \w+|(?<![\w.])(?!self\.)[A-Za-z]\w*(?:\.\w+)+")
_Text = tuple[str, Place]


# ## The document


def document(module: Module, page: str, context: Context) -> str:
    """The Markdown of a whole module.

    `page` is where the page lies among the site's sources. Mistakes in the prose go to
    `context.diagnostics`. A module that gives itself no title has its name for one.
    """
    texts, labels = _texts(module, context)

    def written(texts: Iterable[_Text], above: Above) -> list[str]:
        return [to_markdown(*each, page, context, above, labels) for each in texts]

    documents, closing = list[str](), list[_Text]()
    for row, anchor in zip(module.rows, anchors(module), strict=True):
        own, above = list(islice(texts, len(row.prose))), _above(row, anchor)
        # Whether something may stand below the last row: if there is code to get to.
        if row.start == 1 and any(other.code for other in module.rows[1:]):
            own, closing = _ordered(own)
        parts = written(own, above)
        if row.definition:
            name = f"{'#' * above.level} `{row.definition.name}`"
            parts = _headed(parts, _HEADING, name)
            parts[0] = _HEADING.sub(rf"\1 \2 {mark(anchor)}", parts[0], count=1)
        if row.start == 1:
            path = PurePosixPath(module.path)
            folder = path.parent.name if path.stem == "__init__" else ""
            parts = _headed(parts, _TITLE, f"# `{folder or path.stem}`")
        documents.append("\n\n".join(parts))
    documents.append("\n\n".join(written(closing, Above())))
    return f"\n\n{_CUT}\n\n".join(documents)


def _ordered(texts: Iterable[_Text]) -> tuple[list[_Text], list[_Text]]:
    """What opens a page, its notation last, and what closes it."""
    opening, notation, closing = list[_Text](), list[_Text](), list[_Text]()
    for text, place in texts:
        for number, (line, part) in enumerate(sections(text)):
            section = notation if is_notation(part) else closing
            found = section if number else opening
            found.append((part, Place(place.path, place.line + line)))
    return opening + notation, closing


def _texts(module: Module, context: Context) -> tuple[Iterator[_Text], set[str]]:
    """The prose of all rows, each text and its place; and all labels it defines."""
    places = [Place(module.path, prose.line) for prose in module.prose]
    for prose, place in zip(module.prose, places, strict=True):
        if not prose.raw:
            message = 'Python eats this backslash: begin the docstring with r"""'
            here = place.below(prose.text, prose.text.index("\\"))
            context.diagnostics.add(here, message, "backslash")
    texts, labels = told_apart(with_titles(prose.text) for prose in module.prose)
    return zip(texts, places, strict=True), labels


def _headed(parts: list[str], form: re.Pattern[str], heading: str) -> list[str]:
    # The docstring's heading comes before a comment that stands above the definition.
    parts = sorted(parts, key=lambda part: not form.match(part))
    return parts if parts and form.match(parts[0]) else [heading, *parts]


def title(module: Module) -> str:
    """The title that opens a module, as it is written; empty if it has none."""
    return says_first(module) if any(map(_TITLE.match, _opening(module))) else ""


def says_first(module: Module) -> str:
    """The title of a module, or else the line that it begins with."""
    # So a docstring comes before a comment that stands above it (a licence).
    texts = sorted(_opening(module), key=lambda text: not _TITLE.match(text))
    lines = (line.strip("#= \t") for line in "\n".join(texts).split("\n"))
    return next(filter(None, lines), "")


def _opening(module: Module) -> list[str]:
    return [prose.text for row in module.rows[:1] for prose in row.prose]


def _above(row: Row, anchor: str) -> Above:
    """The heading that the sections of a row stand below."""
    if not row.definition:
        return Above()
    own = filter(None, (_HEADING.match(prose.text) for prose in row.prose))
    level = min(2 + row.definition.name.count("."), 6)
    return Above(next((len(heading[1]) for heading in own), level), anchor)


# ## The page


class WovenRow(NamedTuple):
    """A row with its prose and its code as HTML; what closes a page is of no row."""

    anchor: str
    prose: str
    code: str
    row: Row | None


def cut(content: str, module: Module, context: Context) -> list[str]:
    """Cut the document's HTML into the prose of each row, and what closes the page.

    Without `raw_html`, what could run in a reader's browser is left out.
    """
    found = content.replace(LESS, "&lt;").split(_CUT)  # as in a quoted fence
    expected = len(module.rows) + 1
    if len(found) != expected:
        message = (
            f"{expected} pieces of prose went into Markdown and {len(found)} came out: "
            "is an HTML tag or a fence left open in one?"
        )
        context.diagnostics.add(Place(module.path, 1), message)
        # The prose of a module as it stands in the source, for want of better HTML.
        texts = ["\n\n".join(p.text for p in row.prose) for row in module.rows]
        found = [f"<pre>{html.escape(text)}</pre>" if text else "" for text in texts]
        return [*found, ""]
    return found if context.raw_html else [sanitised(text) for text in found]


def beside(prose: Sequence[str], module: Module, extra: Overlay) -> list[WovenRow]:
    """Put the code of each row beside its prose."""
    lines, rows = _lines(module, extra), list[WovenRow]()
    bodies = {d.name: 4 + _indent(module.lines[d.line - 1]) for d in module.definitions}
    for row, anchor, text in zip(module.rows, anchors(module), prose, strict=False):
        code = "".join(lines[n - 1] for n in row.code)
        if code:
            # A narrow screen leaves out what all lines of a function are indented by.
            written = [module.lines[n - 1] for n in row.code]
            own = min(_indent(line) for line in written if line.strip())
            indent = min(own, bodies.get(row.scope, own))
            style = f' style="--indents:{indent}"' if indent else ""
            code = f"<pre><code{style}>{code}</code></pre>"
        rows.append(WovenRow(anchor, text.strip(), code, row))
    closing = prose[-1].strip()
    return rows + [WovenRow("", closing, "", None)] * bool(closing)


def addresses(module: Module) -> list[str]:
    """Everything on a module's page that a link can lead to."""
    names = (definition.name for definition in module.definitions)
    return [*dict.fromkeys([*anchors(module), *names])]


def flat(rows: Sequence[WovenRow], module: Module) -> str:
    """The page as a search engine reads it: prose and names of the code, in turn.

    Of the code it has what somebody may look for: the names that it defines, and those
    that it takes from elsewhere, as `torch.einsum`. All of it would be a third of what
    search loads.
    """
    text = ""
    for row in rows:
        names = _SOUGHT.findall(module.code(row.row)) if row.row else []
        text += f"{row.prose}\n<p><code>{' '.join(dict.fromkeys(names))}</code></p>\n"
    return text


def grid(rows: Sequence[WovenRow], name: str, extra: Overlay) -> str:
    """The page as a reader sees it: prose on the left, code on the right.

    `name` is what the bar above the page calls the file.
    """
    tools = "\n".join(extra.tools)
    beside = [[*extra.panels], *([] for _ in rows[1:])]
    beside[0 if rows[-1].row else -1] += extra.endnotes
    body = "\n".join(map(_row_html, rows, beside))
    return f"""<div class="weave">
<div class="weave-tools">
<code class="weave-file">{html.escape(name).replace("/", "/<wbr>")}</code>
{tools}
</div>
{body}
</div>"""


def _row_html(row: WovenRow, panels: Sequence[str]) -> str:
    # What opens and what closes a page is an essay, and gets the width of one; what
    # else there is to know of the module stands beside it.
    opens = row.row is not None and row.row.start == 1
    kind = " weave-opening" if opens else "" if row.row else " weave-closing"
    prose = _folded(row.prose) if opens else row.prose
    code = f'<div class="weave-code highlight">{row.code}</div>' if row.code else ""
    tall = f' style="--tall:{_height(row)}"' if not opens else ""
    name, body = word("About") if opens else word("See also"), "\n".join(panels)
    aside = f'<aside class="weave-panels" aria-label="{name}">\n{body}\n</aside>\n'
    return f"""<div class="weave-row{kind}"{tall}>
<div class="weave-prose">{_address(row)}{prose}</div>
{aside if panels else ""}{code}</div>"""


def _height(row: WovenRow) -> int:
    """About how tall a row is on a phone, in rem, before it is laid out.

    What is taller than that would lie over the row below.
    """
    words = len(re.sub(r"<[^>]*>", "", row.prose))
    return 4 + words // 30 + 3 * row.prose.count("<p") + 3 * row.code.count("\n") // 2


def _folded(prose: str) -> str:
    """An opening whose last section, if it is the notation, opens on request.

    Each symbol tells its meaning where it stands, to whoever points at it.
    """
    heading = _NOTATION.search(prose)
    if not heading or "<h2" in prose[heading.end() :]:
        return prose
    return f"""{prose[: heading.start()]}<details class="weave-notation">
<summary {heading[1]}>{heading[2]}</summary>{prose[heading.end() :]}
</details>"""


def _address(row: WovenRow) -> str:
    # The heading of a definition is its address, and a heading has a link of its own.
    # The cell itself has no address: Material would name all code blocks in it alike,
    # after it, and copy only the first.
    if not row.row or row.row.definition:
        return ""
    anchor = html.escape(row.anchor)
    if not row.prose or _HAS_HEADING.search(row.prose):
        return f'<span id="{anchor}"></span>'
    title = word("Permanent link to this row")
    return f'<a class="weave-link" id="{anchor}" href="#{anchor}" title="{title}">¶</a>'


def _lines(module: Module, extra: Overlay) -> list[str]:
    """Each line of code with its number in the file, and the hint at its end."""
    own, firsts = {*anchors(module)}, {d.name: d.line for d in module.definitions[::-1]}
    # The definitions that stand within a row of others, by their line.
    inner = {line: name for name, line in firsts.items() if name not in own}
    lines, code = [], breakable("\n".join(code_lines(module.source, extra.marks)))
    for number, line in enumerate(code.split("\n"), start=1):
        place = f'class="weave-line" data-line="{number}"'
        place += f' id="{html.escape(inner[number])}"' if number in inner else ""
        # Where a line is too wide for the screen, it goes on below its own beginning.
        if indent := _indent(line):
            place += f' style="--indent:{indent}"'
        lines.append(f"<span {place}>{line}{extra.hints.get(number, '')}</span>\n")
    return lines


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
