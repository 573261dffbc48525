r"""# Page: rows become a page

A module becomes one Markdown document, so that footnotes and references work across
rows, with a comment between each two rows. The site renders it as it renders every
page. Then the document is cut at the comments, and each piece of prose gets its code
beside it:

```text
Module ──document──▶ Markdown ──the site──▶ HTML ──cut──▶ rows ──grid──▶ page
```

Nothing here knows of MkDocs.
"""

import html
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath

from labml_style_nn.weave import highlight
from labml_style_nn.weave.anchors import anchors
from labml_style_nn.weave.enrich import Enrichment
from labml_style_nn.weave.headings import mark
from labml_style_nn.weave.labels import told_apart
from labml_style_nn.weave.parse import Definition, Module, Prose, Row
from labml_style_nn.weave.problems import Place
from labml_style_nn.weave.prose import Desk, closed, to_markdown
from labml_style_nn.weave.safety import sanitised
from labml_style_nn.weave.sections import Above, with_titles

# Nobody can have written it into a docstring.
_CUT = f"<!--weave-row-{secrets.token_hex(8)}-->"
_TITLE = re.compile(r"\s*(?:# |(?:=+\n)?[^\n]+\n=+[ \t]*$)", re.MULTILINE)
_HEADING = re.compile(r"(#{1,6}) +(.+?)(?: +#+)?$", re.MULTILINE)
_HAS_HEADING = re.compile(r"<h[1-6][ >]")


# ## The document


def document(module: Module, page: str, desk: Desk) -> str:
    """The Markdown of a whole module.

    `page` is where the page lies among the site's sources. Mistakes in the prose go to
    `desk.problems`. A module that gives itself no title has its name for one.
    """
    documents = []
    texts, labels = _texts(module, desk)
    for row, anchor in zip(module.rows, anchors(module), strict=True):
        above = _above(row, anchor)
        parts = [
            to_markdown(text, place, page, desk, desk.raw_html, above, labels)
            for text, place in islice(texts, len(row.prose))
        ]
        if row.definition:
            parts = _with_heading(parts, row.definition, anchor)
        if row.start == 1:
            parts = _with_title(parts, module)
        documents.append("\n\n".join(parts))
    return f"\n\n{_CUT}\n\n".join(documents)


def _texts(module: Module, desk: Desk) -> tuple[Iterator[tuple[str, Place]], set[str]]:
    """The prose of all rows, each text and its place; and all labels it defines."""
    prose = [prose for row in module.rows for prose in row.prose]
    places = [Place(module.path, p.line) for p in prose]
    for p in prose:
        _check_raw(p, module.path, desk)
    texts = [with_titles(p.text) for p in prose]
    texts, labels = told_apart(texts, places, desk.problems)
    if desk.raw_html:
        texts = [closed(*both, desk) for both in zip(texts, places, strict=True)]
    return zip(texts, places, strict=True), labels


def has_prose(module: Module) -> bool:
    """Whether the module says anything."""
    return any(row.prose for row in module.rows)


def opening(module: Module) -> list[str]:
    """The prose that opens a module: what begins with a title comes first."""
    # So a docstring comes before a comment that stands above it (a licence).
    texts = (prose.text for row in module.rows[:1] for prose in row.prose)
    return sorted(texts, key=lambda text: not _TITLE.match(text))


def has_title(module: Module) -> bool:
    """Whether the prose that opens a module has a title."""
    return any(map(_TITLE.match, opening(module)))


def _with_title(parts: list[str], module: Module) -> list[str]:
    """Begin with the title: the docstring's own, or else the name of the module."""
    parts = sorted(parts, key=lambda part: not _TITLE.match(part))
    return parts if has_title(module) else [f"# `{_name(module)}`", *parts]


def _name(module: Module) -> str:
    path = PurePosixPath(module.path)
    return (path.parent.name if path.stem == "__init__" else "") or path.stem


def _above(row: Row, anchor: str) -> Above:
    """The heading that the sections of a row stand below."""
    if not row.definition:
        return Above()
    own = next(filter(None, (_HEADING.match(prose.text) for prose in row.prose)), None)
    return Above(len(own[1]) if own else _level(row.definition), anchor)


def _level(definition: Definition) -> int:
    return min(2 + definition.name.count("."), 6)


def _check_raw(prose: Prose, path: str, desk: Desk) -> None:
    if not prose.raw:
        line = next(i for i, text in enumerate(prose.text.split("\n")) if "\\" in text)
        message = 'Python eats this backslash: begin the docstring with r"""'
        here = Place(path, prose.line + line)
        desk.problems.add(here, message, "backslash")


def _with_heading(parts: list[str], definition: Definition, anchor: str) -> list[str]:
    """Begin with the heading of a definition: its docstring's own, or else its name."""
    # The docstring's heading comes before a comment that stands above the definition.
    parts = sorted(parts, key=lambda part: not _HEADING.match(part))
    own = _HEADING.match(parts[0]) if parts else None
    if own:
        first = f"{own[0].rstrip()} {mark(anchor)}{parts[0][own.end() :]}"
        return [first, *parts[1:]]
    level = "#" * _level(definition)
    return [f"{level} `{definition.name}` {mark(anchor)}", *parts]


# ## The page


@dataclass(frozen=True)
class WovenRow:
    """A row with its prose and its code as HTML."""

    anchor: str
    prose: str
    code: str
    row: Row


def cut(
    content: str, module: Module, extra: Enrichment, raw_html: bool = False
) -> list[WovenRow]:
    """Cut the document's HTML into rows, and put the code of each beside it.

    Without `raw_html`, what could run in a reader's browser is left out.

    **Raises.** `ValueError`, as [`pieces`][] does.
    """
    prose = pieces(content, module)
    prose = prose if raw_html else [sanitised(text) for text in prose]
    names = anchors(module)
    lines = _lines(module, extra, names)
    return [
        WovenRow(anchor, text.strip(), _code(row, lines), row)
        for row, anchor, text in zip(module.rows, names, prose, strict=True)
    ]


def pieces(content: str, module: Module) -> list[str]:
    """The prose of each row, as HTML.

    **Raises.** `ValueError` if the document came out of Markdown with other rows than
    it went in with.
    """
    found = content.split(_CUT)
    if len(found) != len(module.rows):
        raise ValueError(
            f"{len(module.rows)} rows went into Markdown and "
            f"{len(found)} came out: is an HTML tag or a fence left open in a row?"
        )
    return found


def as_written(module: Module) -> str:
    """The prose of a module as it stands in the source, for want of better HTML."""
    texts = ("\n\n".join(p.text for p in row.prose) for row in module.rows)
    return _CUT.join(f"<pre>{html.escape(t)}</pre>" if t else "" for t in texts)


def addresses(module: Module) -> list[str]:
    """Everything on a module's page that a link can lead to."""
    rows = anchors(module)
    return [*rows, *_inner(module, rows).values()]


def _inner(module: Module, rows: Sequence[str]) -> dict[int, str]:
    """The definitions that stand within a row of others, by their line."""
    own = set(rows)
    lines = {d.name: d.line for d in reversed(module.definitions)}
    return {line: name for name, line in lines.items() if name not in own}


def flat(rows: Sequence[WovenRow], module: Module) -> str:
    """The page as a search engine reads it: prose and plain code, in turn."""
    return "\n".join(
        f"{row.prose}\n<pre><code>{html.escape(module.code(row.row))}</code></pre>"
        for row in rows
    )


def grid(rows: Sequence[WovenRow], name: str, extra: Enrichment) -> str:
    """The page as a reader sees it: prose on the left, code on the right.

    `name` is what the bar above the page calls the file.
    """
    tools, panels = "\n".join(extra.tools), "\n".join(extra.panels)
    body = "\n".join(_row_html(row, panels) for row in rows)
    return f"""<div class="weave">
<div class="weave-tools">
<code class="weave-file">{html.escape(name)}</code>
{tools}
</div>
{body}
</div>"""


def _row_html(row: WovenRow, panels: str) -> str:
    # What opens a module is an essay of its own, and gets the width of one; what else
    # there is to know of the module stands beside it.
    opens = row.row.start == 1
    kind = "weave-row weave-opening" if opens else "weave-row"
    aside = (
        f'<aside class="weave-panels">\n{panels}\n</aside>\n'
        if opens and panels
        else ""
    )
    code = f'<div class="weave-code highlight">{row.code}</div>' if row.code else ""
    return f"""<div class="{kind}">
<div class="weave-prose">{_address(row)}{row.prose}</div>
{aside}{code}</div>"""


def _address(row: WovenRow) -> str:
    # The heading of a definition is its address, and a heading has a link of its own.
    # The cell itself has no address: Material would name all code blocks in it alike,
    # after it, and copy only the first.
    if row.row.definition:
        return ""
    anchor = html.escape(row.anchor)
    if not row.prose or _HAS_HEADING.search(row.prose):
        return f'<span id="{anchor}"></span>'
    title = "Permanent link to this row"
    return f'<a class="weave-link" id="{anchor}" href="#{anchor}" title="{title}">¶</a>'


def _lines(module: Module, extra: Enrichment, rows: Sequence[str]) -> list[str]:
    """Each line of code with its number in the file, and the hint at its end."""
    inner = _inner(module, rows)
    lines = []
    for number, line in enumerate(highlight.lines(module, extra.marks), start=1):
        place = f' id="{html.escape(inner[number])}"' if number in inner else ""
        mark = f'<span class="weave-line" data-line="{number}"{place}></span>'
        lines.append(f"{mark}{line}{extra.hints.get(number, '')}\n")
    return lines


def _code(row: Row, lines: Sequence[str]) -> str:
    if not row.code:
        return ""
    return f"<pre><code>{''.join(lines[n - 1] for n in row.code)}</code></pre>"
