"""Panel: what was proved of a page, as HTML beside its opening.

A tick stands only at what was compared and agreed; a number that was compared with
nothing has none, and one that somebody else published says “quoted”.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

from litweave import process
from litweave.book import Book, Chapter
from litweave.diagnostics import Place
from litweave.features.proofs.proof import (
    Case,
    Check,
    Fact,
    Proof,
    ProofError,
    Proofs,
    prove,
)
from litweave.headings import slug
from litweave.katex import Formulas
from litweave.words import beginning, day, figures, listed, word

if TYPE_CHECKING:
    from litweave.site import Site

_DIFFERENCES = "What differs from the paper"
_HEADING = re.compile(rf"^## {_DIFFERENCES}$", re.MULTILINE)
# The section's anchor, in every language.
_ANCHOR = slug(_DIFFERENCES)
_QUOTE = re.compile("“([^”]*)”")


def enrich(site: "Site") -> Callable[[], None] | None:
    """What was proved of each page; in a preview, what was proved last."""
    program, folder = site.settings.proofs, site.settings.root.parent
    if not program:
        return None
    cache, known = site.settings.cache / "proofs", site.book.dependencies
    work = partial(prove, program, folder, cache, known, site.is_preview)
    result = process.begin(work).result
    return lambda: show(site.book, program, result)


def show(book: Book, program: str, result: Callable[[], Proofs | None]) -> None:
    """Show on each page what was proved of it, and note what does not hold.

    `result` gives the answer of the proof program, see [`prove`][proof.prove]; or
    none, if there is no such program.
    """
    try:
        proofs = result()
    except ProofError as error:
        book.context.diagnostics.add(Place(program, 1), str(error), "proof")
        return
    for chapter in book.chapters.values() if proofs else ():
        if proofs and chapter.name in proofs.pages:
            proof = proofs.pages[chapter.name]
            _check_page(book, chapter, proof)
            place = Place(chapter.module.path, 1)
            html = panel(proof, proofs.versions, book.context.formulas, place)
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


def panel(
    proof: Proof, versions: Mapping[str, str], formulas: Formulas, place: Place
) -> str:
    """The panel of one page; `place` is where a formula is said to be refused."""
    parts = [_fact(fact, formulas, place) for fact in proof.facts]
    if proof.error:
        error = f'<span lang="en">{escape(proof.error)}</span>'
        wrong = word("Not proved: {error}", error=error)
        parts.append(f'<p class="weave-wrong">{wrong}</p>')
    return f"""<section class="weave-panel weave-proof">
<h2>{word("Checked when this site was built")}</h2>
{"".join(parts)}
<p class="weave-differs"><a href="#{_ANCHOR}">{word("Differs from the paper")}</a></p>
{_made(versions, proof)}
</section>"""


# ## A fact


def _fact(fact: Fact, formulas: Formulas, place: Place) -> str:
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
    return f"""<details{"" if fact.holds else " open"}>
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
        others = dict.fromkeys(check.against for check in checks)
        phrases.append(_phrase(rule, *others))
    said = listed(phrases, "{first}; {next}")
    return f'<span aria-hidden="true">✓ </span>{said}'


def _check(check: Check, formulas: Formulas, place: Place) -> str:
    words = _phrase(check.rule, check.against)
    if check.formula:
        formula = formulas.add(check.formula, False, place)
        words += f' <span class="weave-formula">{formula}</span>'
    notes = [_words(check.note)] if check.note else []
    notes += [word("quoted")] if check.quoted else []
    if notes:
        words = word("{phrase} ({notes})", phrase=words, notes=listed(notes))
    for case in check.cases:
        if not case.holds:
            words += f'<br><b class="weave-wrong">{_verdict(check, case)}</b>'
    mark = "✓" if check.holds else "✗"
    return f'<li><span aria-hidden="true">{mark} </span>{words}</li>'


def _verdict(check: Check, case: Case) -> str:
    given = {
        "case": _words(case.of),
        "found": _words(case.found),
        "expected": _words(case.expected),
    }
    if not check.against:
        return word("{case}: got {found}, expected {expected}", **given)
    phrase = _phrase(check.rule, check.against)
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


def _made(versions: Mapping[str, str], proof: Proof) -> str:
    date = f'<time datetime="{proof.date}">{day(proof.date)}</time>'
    used = listed(
        [escape(f"{name} {number}") for name, number in versions.items()],
        "{first} and {next}",
    )
    said = [word("Computed on {date} with {versions}.", date=date, versions=used)]
    if any(check.quoted for fact in proof.facts for check in fact.checks):
        said.append(
            word("Quoted numbers were published by others and are not recomputed here.")
        )
    return f'<p class="weave-made">{listed(said, "{first} {next}")}</p>'


# ## Words of the program


def _words(text: str) -> str:
    """What a proof calls something; what it quotes from a page is English."""
    return _QUOTE.sub(_quoted, figures(text))


def _quoted(match: re.Match[str]) -> str:
    return word("“{words}”", words=f'<span lang="en">{match[1]}</span>')


def _phrase(rule: str, *against: str) -> str:
    """Rule and references, as they read together."""
    others = [_words(other) for other in against if other]
    if not others or not rule:
        return listed(others) or _words(rule)
    return figures(f"{rule} {{others}}", others=listed(others))
