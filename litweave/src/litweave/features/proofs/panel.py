r"""# The panel of a proof

What was computed of a page, as HTML beside its opening: a line for each fact, with its
figure, of what it is, and what it was held against. A line that has more to show opens:
the formula, and the cases one by one.

A tick stands only at what was compared and agreed. A number that was computed and
compared with nothing has none, a number that somebody else published says "quoted", and
one that does not agree says so, with both numbers.

What differs from the paper is told by the page itself, in a section of its own. The
panel repeats the first sentence of each of its points, and leads there. A page that has
a proof and no such section is a mistake: where nothing differs, it says so.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from html import escape
from itertools import groupby

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString

from litweave.book import Book, Chapter
from litweave.diagnostics import Place
from litweave.features.proofs.proof import (
    Case,
    Check,
    Fact,
    Proof,
    ProofError,
    Proofs,
)
from litweave.headings import slug
from litweave.katex import Formulas
from litweave.overlay import Overlay
from litweave.words import beginning, day, figures, listed, word

_DIFFERENCES = "What differs from the paper"
# The section's anchor, in every language.
_ANCHOR = slug(_DIFFERENCES)
_HEADING = re.compile(rf"^## {_DIFFERENCES}$", re.MULTILINE)
_SECTION = re.compile(r"(?=<h2[ >])")
_NAMED = re.compile(rf"{_DIFFERENCES}|{_ANCHOR}")
_SLOT = "<!--weave-differences-->"
# Chinese and Japanese leave no space behind a sentence.
_SENTENCE_END = re.compile(r"[.!?](?=\s+[^\s\da-z]|\s*$)|[。！？]")
_QUOTE = re.compile("“([^”]*)”")


def enrich(book: Book, program: str, result: Callable[[], Proofs | None]) -> None:
    """Show on each page what was proved of it, and note what does not hold.

    `result` gives the answer of the proof program, see [`prove`][proof.prove]; or
    none, if there is no such program.
    """
    try:
        proofs = result()
    except ProofError as error:
        book.context.diagnostics.add(Place(program, 1), str(error), "proof")
        return
    if proofs is None:
        return
    for chapter in book.chapters.values():
        if chapter.name in proofs.pages:
            _check_page(book, chapter, proofs.pages[chapter.name])
            place = Place(chapter.module.path, 1)
            html = panel(chapter.name, proofs, book.context.formulas, place)
            chapter.overlay.panels.insert(0, html)


def _check_page(book: Book, chapter: Chapter, proof: Proof) -> None:
    place = Place(chapter.module.path, 1)
    for failure in proof.failures():
        book.context.diagnostics.add(place, f"not proved: {failure}", "proof")
    opening = chapter.module.rows[0].prose
    if not any(_HEADING.search(prose.text) for prose in opening):
        message = (
            f"a page with a proof says under “## {_DIFFERENCES}” what does, "
            "or “Nothing.”"
        )
        book.context.diagnostics.add(place, message, "proof")


# ## The panel


def panel(name: str, proofs: Proofs, formulas: Formulas, place: Place) -> str:
    """The panel of one page. What differs from the paper is [put in][complete] later.

    `place` is where a formula is said to stand if KaTeX refuses it.
    """
    proof = proofs.pages[name]
    parts = [_fact(fact, formulas, place) for fact in proof.facts]
    if proof.error:
        wrong = word("Not proved: {error}", error=_english(proof.error))
        parts.append(f'<p class="weave-wrong">{wrong}</p>')
    return f"""<section class="weave-panel weave-proof">
<h2>{word("Checked when this site was built")}</h2>
{"".join(parts)}
{_SLOT}
{_made(proofs, proof)}
</section>"""


# ## A fact


def _fact(fact: Fact, formulas: Formulas, place: Place) -> str:
    opened = "" if fact.holds else " open"
    # A check that is said in full above is not said again.
    told = [c for c in fact.checks if c.formula or c.quoted or c.note or not c.holds]
    lines = "".join(_check(check, formulas, place) for check in told)
    inside = (f"<ul>{lines}</ul>" if lines else "") + _table(fact)
    # A figure is that of something: it says of what while it is folded.
    what, outcome = beginning(_words(fact.of)), _brief(fact)
    brief = word("{what}: {outcome}", what=what, outcome=outcome)
    said = f"""<span>{_words(fact.label)}</span> <b>{_words(fact.value)}</b>
<small>{brief}</small>"""
    if not inside:
        return f'<p class="weave-fact">{said}</p>'
    return f"""<details{opened}>
<summary class="weave-fact">{said}</summary>
{inside}
</details>"""


def _brief(fact: Fact) -> str:
    """What a figure was held against, in a line."""
    if not fact.checks:
        return word("computed; there is nothing to compare it with")
    if not fact.holds:
        return f'<span class="weave-wrong">✗ {word("does not hold")}</span>'
    phrases = []
    for rule, checks in groupby(fact.checks, key=lambda check: check.rule):
        others = [check.against for check in checks if check.against]
        phrases.append(_phrase(rule, list(dict.fromkeys(others))))
    said = listed(phrases, "{first}; {next}")
    return f'<span aria-hidden="true">✓ </span>{said}'


def _check(check: Check, formulas: Formulas, place: Place) -> str:
    mark = "✓" if check.holds else "✗"
    words = _phrase(check.rule, [check.against] if check.against else [])
    if check.formula:
        formula = formulas.add(check.formula, False, place)
        words += f' <span class="weave-formula">{formula}</span>'
    notes = [_words(check.note)] if check.note else []
    notes += [word("quoted")] if check.quoted else []
    if notes:
        words = word("{phrase} ({notes})", phrase=words, notes=listed(notes))
    failed = [case for case in check.cases if not case.holds]
    words += "".join(
        f'<br><b class="weave-wrong">{_verdict(check, case)}</b>' for case in failed
    )
    return f'<li><span aria-hidden="true">{mark} </span>{words}</li>'


def _verdict(check: Check, case: Case) -> str:
    given = {
        "case": _words(case.of),
        "found": _words(case.found),
        "expected": _words(case.expected),
    }
    if not check.against:
        return word("{case}: got {found}, expected {expected}", **given)
    phrase = _phrase(check.rule, [check.against])
    message = "{case}: got {found}, expected {expected} ({phrase})"
    return word(message, phrase=phrase, **given)


def _table(fact: Fact) -> str:
    """The cases one by one, if there are several."""
    found = {case.of: case.found for check in fact.checks[:1] for case in check.cases}
    found |= {c.of: found.get(c.of, c.found) for k in fact.checks for c in k.cases}
    if len(found) < 2:
        return ""
    # A column that only repeats the first says less than its tick.
    columns = [check for check in fact.checks if check.quoted]
    names = [word("here"), *(_words(check.against) for check in columns)]
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    rows = "".join(_row(of, value, columns) for of, value in found.items())
    label = word("{label}, case by case", label=figures(fact.label))
    return (
        '<div class="weave-cases" role="region" tabindex="0" '
        f'aria-label="{label}"><table class="weave-table">'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _row(of: str, value: str, columns: Sequence[Check]) -> str:
    cells = [value]
    for check in columns:
        cells += [case.expected for case in check.cases if case.of == of] or ["–"]
    body = "".join(f"<td>{_words(cell)}</td>" for cell in cells)
    return f'<tr><th scope="row">{_words(of)}</th>{body}</tr>'


def _made(proofs: Proofs, proof: Proof) -> str:
    date = f'<time datetime="{proof.date}">{day(proof.date)}</time>'
    used = [escape(f"{name} {number}") for name, number in proofs.versions.items()]
    versions = listed(used, "{first} and {next}")
    said = [word("Computed on {date} with {versions}.", date=date, versions=versions)]
    if any(check.quoted for fact in proof.facts for check in fact.checks):
        said.append(
            word("Quoted numbers were published by others and are not recomputed here.")
        )
    return f'<p class="weave-made">{listed(said, "{first} {next}")}</p>'


# ## Words of the program


def _words(text: str) -> str:
    """What a proof calls something; what it quotes from a page is English."""
    return _QUOTE.sub(r'“<span lang="en">\1</span>”', figures(text))


def _phrase(rule: str, others: Sequence[str]) -> str:
    """Rule and references, as they read together."""
    if not others:
        return _words(rule)
    if not rule:
        return listed([_words(other) for other in others])
    return figures(f"{rule} {{others}}", others=listed([*map(_words, others)]))


def _english(text: str) -> str:
    return f'<span lang="en">{escape(text)}</span>'


# ## What differs from the paper


def complete(extra: Overlay, prose: str) -> None:
    """Put into a page's panel what differs from the paper, as its own prose says.

    `prose` is the HTML of the docstring that opens and closes the page.
    """
    extra.panels[:] = [
        panel.replace(_SLOT, _differences(prose)) if _SLOT in panel else panel
        for panel in extra.panels
    ]


def _differences(prose: str) -> str:
    heading = _heading(prose)
    points = [_first_sentence(point) for point in _points(heading)] if heading else []
    if heading is None or not points:
        return ""
    body = f"<p>{points[0]}</p>"
    if len(points) > 1:
        body = f"<ul>{''.join(f'<li>{point}</li>' for point in points)}</ul>"
    address, title = escape(str(heading.get("id", ""))), word("Differs from the paper")
    return f'<h3><a href="#{address}">{title}</a></h3>{body}'


def _heading(prose: str) -> Tag | None:
    # To parse all of the prose takes as long as to write it.
    sections = (text for text in _SECTION.split(prose) if _NAMED.search(text))
    headings = (BeautifulSoup(text, "html.parser").h2 for text in sections)
    return next(filter(_is_of_differences, filter(None, headings)), None)


def _is_of_differences(heading: Tag) -> bool:
    anchor = str(heading.get("id", ""))
    return heading.get_text().startswith(_DIFFERENCES) or anchor.startswith(_ANCHOR)


def _points(heading: Tag) -> Iterator[Tag]:
    """The paragraphs and list items of a section."""
    for element in heading.find_next_siblings():
        if element.name in ("h1", "h2"):
            return
        if element.name in ("ul", "ol"):
            yield from element.find_all("li", recursive=False)
        elif element.name == "p":
            yield element


def _first_sentence(element: Tag) -> str:
    """The HTML of an element up to its first full stop, without anchors."""
    for tag in element.find_all(id=True):
        del tag["id"]
    parts = []
    for child in element.children:
        end = isinstance(child, NavigableString) and _SENTENCE_END.search(child)
        if end:
            parts.append(escape(str(child)[: end.end()], quote=False))
            break
        parts.append(child.decode() if isinstance(child, Tag) else escape(str(child)))
    return "".join(parts).strip()
