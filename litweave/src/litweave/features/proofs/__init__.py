"""Proofs: what was proved of a page, as a panel beside its opening.

A tick stands only at what was compared and agreed; a number that was compared with
nothing has none, and one that somebody else published says “quoted”.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

from litweave import process
from litweave.book import Book
from litweave.diagnostics import Place
from litweave.features.proofs.proof import Check, Fact, Proof, ProofError, prove
from litweave.headings import slug
from litweave.words import beginning, day, figures, listed, word

if TYPE_CHECKING:
    from litweave.site import Site

# A section of each page with a proof; its anchor is that in every language.
_DIFFERENCES = "What differs from the paper"
_HEADING = re.compile(rf"^## {_DIFFERENCES}$", re.MULTILINE)
_QUOTE = re.compile("“([^”]*)”")
_QUOTED = "Quoted numbers were published by others and are not recomputed here."


def enrich(site: "Site") -> Callable[[], None] | None:
    """What was proved of each page; in a preview, what was proved last."""
    program, folder = site.settings.proofs, site.settings.root.parent
    if not program:
        return None
    cache, known = site.settings.cache / "proofs", site.book.dependencies
    work = partial(prove, program, folder, cache, known, site.is_preview)
    result = process.begin(work).result
    return lambda: show(site.book, program, result)


def show(book: Book, program: str, result: Callable[[], Mapping[str, Proof]]) -> None:
    """Show on each page what was proved of it, and note what does not hold."""
    note = partial(book.context.diagnostics.add, kind="proof")
    try:
        proofs = result()
    except ProofError as error:
        note(Place(program, 1), str(error))
        return
    for chapter in book.chapters.values():
        if proof := proofs.get(chapter.name):
            place = Place(chapter.module.path, 1)
            for failure in proof.failures():
                note(place, f"not proved: {failure}")
            opening = chapter.module.rows[0].prose
            if not any(_HEADING.search(prose.text) for prose in opening):
                section = f"says under “## {_DIFFERENCES}” what does, or “Nothing.”"
                note(place, f"a page with a proof {section}")
            set_aside = partial(book.context.formulas.add, display=False, place=place)
            chapter.overlay.panels.insert(0, _panel(proof, set_aside))


def _panel(proof: Proof, formula: Callable[[str], str]) -> str:
    wrong = [
        word("Not proved: {error}", error=f'<span lang="en">{escape(failure)}</span>')
        for failure in proof.failures()
    ]
    facts = "".join(_fact(fact, formula) for fact in proof.facts)
    date = f'<time datetime="{proof.date}">{day(proof.date)}</time>'
    used = [escape(f"{name} {number}") for name, number in proof.versions.items()]
    versions = listed(used, "{first} and {next}")
    made = [word("Computed on {date} with {versions}.", date=date, versions=versions)]
    if any(check.quoted for fact in proof.facts for check in fact.checks):
        made.append(word(_QUOTED))
    differs = f'<a href="#{slug(_DIFFERENCES)}">{word("Differs from the paper")}</a>'
    return f"""<section class="weave-panel weave-proof">
<h2>{word("Checked when this site was built")}</h2>
{facts}{"".join(f'<p class="weave-wrong">{failure}</p>' for failure in wrong)}
<p class="weave-differs">{differs}</p>
<p class="weave-made">{listed(made, "{first} {next}")}</p>
</section>"""


# ## A fact


def _fact(fact: Fact, formula: Callable[[str], str]) -> str:
    # A check that is said in full above is not said again.
    told = [c for c in fact.checks if c.formula or c.quoted or c.note or not c.holds]
    lines = "".join(_check(check, formula) for check in told)
    inside = (f"<ul>{lines}</ul>" if lines else "") + _table(fact)
    # A figure is that of something: it says of what while it is folded.
    what, outcome = beginning(_words(fact.of)), _outcome(fact)
    brief = word("{what}: {outcome}", what=what, outcome=outcome)
    said = f"""<span>{_words(fact.label)}</span> <b>{_words(fact.value)}</b>
<small>{brief}</small>"""
    if not inside:
        return f'<p class="weave-fact">{said}</p>'
    return f"""<details{"" if fact.holds else " open"}>
<summary class="weave-fact">{said}</summary>
{inside}
</details>"""


def _outcome(fact: Fact) -> str:
    """What a figure was held against, in a line."""
    if not fact.checks:
        return word("computed; there is nothing to compare it with")
    if not fact.holds:
        return f'<span class="weave-wrong">✗ {word("does not hold")}</span>'
    rules = groupby(fact.checks, key=lambda check: check.rule)
    phrases = [
        _phrase(rule, *dict.fromkeys(check.against for check in checks))
        for rule, checks in rules
    ]
    return f'<span aria-hidden="true">✓ </span>{listed(phrases, "{first}; {next}")}'


def _check(check: Check, formula: Callable[[str], str]) -> str:
    words = _phrase(check.rule, check.against)
    if check.formula:
        words += f' <span class="weave-formula">{formula(check.formula)}</span>'
    notes = [_words(check.note)] * bool(check.note) + [word("quoted")] * check.quoted
    if notes:
        words = word("{phrase} ({notes})", phrase=words, notes=listed(notes))
    mark = "✓" if check.holds else "✗"
    return f'<li><span aria-hidden="true">{mark} </span>{words}</li>'


def _table(fact: Fact) -> str:
    """The cases one by one, if there are several."""
    found: dict[str, str] = {}
    for check in fact.checks:
        for case in check.cases:
            found.setdefault(case.of, case.found)
    if len(found) < 2:
        return ""
    # A column that only repeats the first says less than its tick.
    columns = [check for check in fact.checks if check.quoted]
    quoted = [{case.of: case.expected for case in check.cases} for check in columns]
    names = [word("here"), *(_words(check.against) for check in columns)]
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    rows = ""
    for of, value in found.items():
        cells = [value, *(column.get(of, "–") for column in quoted)]
        body = "".join(f"<td>{_words(cell)}</td>" for cell in cells)
        rows += f'<tr><th scope="row">{_words(of)}</th>{body}</tr>'
    label = word("{label}, case by case", label=figures(fact.label))
    return (
        '<div class="weave-cases" role="region" tabindex="0" '
        f'aria-label="{label}"><table class="weave-table">'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


# ## Words of the program


def _words(text: str) -> str:
    """What a proof calls something; what it quotes from a page is English."""
    english = r'<span lang="en">\1</span>'
    return _QUOTE.sub(word("“{words}”", words=english), figures(text))


def _phrase(rule: str, *against: str) -> str:
    """Rule and references, as they read together."""
    others = listed([_words(other) for other in against if other])
    if not others or not rule:
        return others or _words(rule)
    return figures(f"{rule} {{others}}", others=others)
