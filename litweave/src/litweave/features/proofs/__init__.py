"""Proofs: what was proved of a page, as a panel beside its opening.

A tick stands only at what was compared and agreed; a number that was compared with
nothing has none, and one that somebody else published says “quoted”.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup, escape

from litweave import process
from litweave.book import Book
from litweave.diagnostics import Place
from litweave.features.proofs.proof import Fact, Proof, ProofError, prove
from litweave.headings import slug
from litweave.words import beginning, day, figures, listed, word

if TYPE_CHECKING:
    from litweave.site import Site

# A section of each page with a proof; its anchor is that in every language.
_DIFFERENCES = "What differs from the paper"
_HEADING = re.compile(rf"^## {_DIFFERENCES}$", re.MULTILINE)
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
    used = [escape(f"{name} {number}") for name, number in proof.versions.items()]
    return _TEMPLATES.get_template("panel.html").render(
        proof=proof,
        formula=partial(_html, formula),
        versions=Markup(listed(used, "{first} and {next}")),
        anchor=slug(_DIFFERENCES),
    )


# ## Words


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


def _html(say: Callable[..., str], *given: object, **values: object) -> Markup:
    """What a function says, as HTML; the values in it are, or become so."""
    return Markup(say(*given, **{name: escape(v) for name, v in values.items()}))


_SAYING = dict[str, Callable[..., str]](
    beginning=beginning, day=day, figures=figures, listed=listed, word=word
)
_SAYING.update(words=_words, held=_phrase, outcome=_outcome)
_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True
)
_TEMPLATES.globals.update({n: partial(_html, say) for n, say in _SAYING.items()})
