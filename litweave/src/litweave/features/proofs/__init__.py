r"""Proofs: what was proved of a page, as a panel beside its opening.

A tick stands only at what was compared and agreed; a number that was compared with
nothing has none, and one that somebody else published says “quoted”. A case that does
not hold fails the build, with the number that was found and the one that was expected.

Litweave checks nothing itself: it knows no layers. A site names a *proof program*, a
module that runs in a process of its own, as `python -m my_package.proofs --json`. It
prints lines of JSON, whose fields stand below. The first is a `Plan`, with the `format`
2. Then comes a `Proof` for each page, as soon as it is proved, with the `name` of the
page, the dotted one of the module; and before it a line `begins` with that name.

Each page is kept as soon as it is proved. Its proof is good as long as these are the
same: its module as it stands, the code of what the module and its proofs import, the
data, and the packages that are installed. Pages that need no proof are named behind
`--except`, and the program passes over them.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_origin

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup, escape

from litweave import process
from litweave.book import Book
from litweave.cache import OTHERS, Folder, digest, files_in, installed
from litweave.dependencies import Dependencies
from litweave.diagnostics import Place
from litweave.headings import slug
from litweave.process import ChildError
from litweave.progress import progress
from litweave.words import beginning, day, figures, listed, word

if TYPE_CHECKING:
    from litweave.site import Site

_FORMAT = 2
# What reading raises where something is missing, or is of another kind.
_UNREADABLE = (AttributeError, KeyError, TypeError, ValueError)
# A section of each page with a proof; its anchor is that in every language.
_DIFFERENCES = "What differs from the paper"
_HEADING = re.compile(rf"^## {_DIFFERENCES}$", re.MULTILINE)
_QUOTE = re.compile("“([^”]*)”")


class ProofError(RuntimeError):
    """A proof program that did not run, or printed something else."""


# ## What a program prints


@dataclass(frozen=True)
class Plan:
    """What there is to prove."""

    versions: dict[str, str]  # {"Python": "3.11.9", …}: what it runs with
    pages: dict[str, list[str]]  # by page: the modules that prove something of it
    # Folders and files: as long as their code is the same, so are the pages.
    sources: tuple[Path, ...]
    data: tuple[Path, ...]  # other files that proofs read


@dataclass(frozen=True)
class Case:
    """One comparison: what was found, and what was expected."""

    of: str
    found: str
    expected: str
    holds: bool


@dataclass(frozen=True)
class Check:
    """What a figure was held against: rule and reference read as one."""

    rule: str  # "equal to"
    against: str  # "timm 1.0.31"; "" if the label names it
    quoted: bool  # whether nobody here recomputed the other number
    note: str  # what else there is to know, or ""
    formula: str  # TeX, or ""
    cases: tuple[Case, ...]

    @property
    def holds(self) -> bool:
        """Whether there was something to compare, and all of it agreed."""
        return bool(self.cases) and all(case.holds for case in self.cases)

    @property
    def says_more(self) -> bool:
        """Whether there is more to tell than what was held against what."""
        return bool(self.formula or self.quoted or self.note or not self.holds)

    @property
    def expected(self) -> dict[str, str]:
        """What was expected in each case."""
        return {case.of: case.expected for case in self.cases}


@dataclass(frozen=True)
class Fact:
    """A computed figure and its checks."""

    label: str  # "Parameters"
    value: str  # "151,108"
    of: str  # what the value is the value of: "in a Mixer-B/16"
    checks: tuple[Check, ...]

    @property
    def holds(self) -> bool:
        """Whether it passed every check."""
        return all(check.holds for check in self.checks)

    @property
    def found(self) -> dict[str, str]:
        """What was found in each case, by the first check that has it."""
        found: dict[str, str] = {}
        for check in self.checks:
            for case in check.cases:
                found.setdefault(case.of, case.found)
        return found


@dataclass(frozen=True)
class Proof:
    """All that was computed of one page."""

    date: date  # the day of the computation, as 2026-11-24
    facts: tuple[Fact, ...]
    error: str  # "", or why the facts end here
    versions: dict[str, str]  # those of the plan

    @property
    def quotes(self) -> bool:
        """Whether somebody else published one of the numbers."""
        return any(check.quoted for fact in self.facts for check in fact.checks)

    def failures(self) -> Iterator[str]:
        """What is wrong, with both numbers."""
        for fact in self.facts:
            for check in fact.checks:
                phrase = f"{check.rule} {check.against}".strip()
                other = f" ({phrase})" if check.against else ""
                for case in check.cases:
                    if not case.holds:
                        numbers = f"got {case.found}, expected {case.expected}"
                        yield f"{fact.label}, {case.of}: {numbers}{other}"
        if self.error:
            yield self.error


def _read(kind: Any, said: Any) -> Any:
    """What JSON says as a dataclass, or as whatever its fields are."""
    if parts := getattr(kind, "__annotations__", None):
        return kind(**{name: _read(part, said[name]) for name, part in parts.items()})
    if get_origin(kind) is tuple:
        return tuple(_read(get_args(kind)[0], one) for one in said)
    if kind is bool:
        return said is True
    if kind is date:
        return date.fromisoformat(said)
    return (get_origin(kind) or kind)(said)


# ## Running a program


def prove(
    program: str,
    folder: Path,
    cache: Path,
    dependencies: Dependencies | None = None,
    stale: bool = False,
) -> dict[str, Proof]:
    """The proofs of a program by page: those that are kept, and else new ones.

    The program runs in `folder`, from where it is imported. In the folder `cache`, the
    answer of each page is kept whose checks all hold. With `stale`, what is kept serves
    even if something has changed since.

    **Raises.** [`ProofError`][] if the program does not run, or prints something else.
    """
    known = dependencies or Dependencies()
    run = _Run(program, folder.resolve(), Folder(cache), known)
    run.remember(stale)
    if run.plan is None or run.missing():
        run.again()
    assert run.plan
    run.kept.forget(["plan", *run.plan.pages], OTHERS)
    return {name: run.proofs[name] for name in run.plan.pages}


@dataclass
class _Run:
    """A program, where its answers are kept, and what it has said so far."""

    program: str
    folder: Path
    kept: Folder
    dependencies: Dependencies
    state: str = field(default_factory=installed)
    plan: Plan | None = None
    proofs: dict[str, Proof] = field(default_factory=dict)

    def missing(self) -> set[str]:
        """The pages that are still to be proved."""
        return set(self.plan.pages if self.plan else ()) - self.proofs.keys()

    def remember(self, stale: bool) -> None:
        """Take the proofs that still serve, and the plan if that still holds."""
        with suppress(*_UNREADABLE):
            plan = _read(Plan, self.kept.get("plan"))
            for name in plan.pages:
                keys = () if stale else (self._key(name, plan),)
                with suppress(*_UNREADABLE):
                    self._take(self.kept.get(name, *keys), name, plan)
            if stale or self.kept.get("plan", self._plan_key(plan)):
                self.plan = plan

    def again(self) -> None:
        """Run the program for all pages but those whose proofs are there."""
        excepted = ["--except", *self.proofs] if self.proofs else []
        command = [sys.executable, "-m", self.program, "--json", *excepted]
        # The examples take longer, and the pages wait for both.
        said = process.lines(command, folder=self.folder, is_patient=True)
        try:
            self._listen(said)
        except ChildError as error:
            # It ends with a status of its own if something does not hold.
            failed = (any(proof.failures()) for proof in self.proofs.values())
            if self.missing() or not any(failed):
                raise ProofError(f"python -m {self.program} {error}") from None
        except _UNREADABLE as error:
            message = f"python -m {self.program} printed no proofs: {error!r}"
            raise ProofError(message) from None

    def _listen(self, lines: Iterator[dict[str, Any]]) -> None:
        said = next(lines, {})
        if said["format"] != _FORMAT:
            raise ValueError(f"the format is {said['format']}, not {_FORMAT}")
        plan = self.plan = _read(Plan, said)
        self.kept.keep("plan", said, self._plan_key(plan))
        with progress.part("proofs", len(self.missing())) as part:
            for line in lines:
                if "begins" in line:
                    part.begin(line["begins"])
                    continue
                name = str(line["name"])
                if not any(self._take(line, name, plan).failures()):
                    self.kept.keep(name, line, self._key(name, plan))
                part.end(name)
        if self.missing():
            raise ValueError(f"nothing of {', '.join(sorted(self.missing()))}")

    def _take(self, said: Mapping[str, Any], name: str, plan: Plan) -> Proof:
        self.proofs[name] = _read(Proof, {**said, "versions": plan.versions})
        return self.proofs[name]

    # ## Keys

    def _plan_key(self, plan: Plan) -> str:
        """A digest of what decides which pages there are."""
        files = (file for file in files_in(*plan.sources) if file.suffix == ".py")
        code = (f"{file} {self.dependencies.code(file)}" for file in files)
        return digest(self.program, self.state, *code)

    def _key(self, name: str, plan: Plan) -> str:
        """A digest of what the proof of a page depends on."""
        modules = {n: self.dependencies.file(n, self.folder) for n in plan.pages[name]}
        found = ((n, self.dependencies.computes(n, p)) for n, p in modules.items() if p)
        path = self.dependencies.file(name, self.folder)
        page = self.dependencies.key(name, path) if path else ""
        files = files_in(*plan.data)
        return digest(self.program, self.state, page, *map(str, found), files=files)


# ## What is shown


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


_SAYING: dict[str, Callable[..., str]] = {
    **{say.__name__: say for say in (beginning, day, figures, listed, word)},
    **{"words": _words, "held": _phrase, "outcome": _outcome},
}
_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True
)
_TEMPLATES.globals.update({n: partial(_html, say) for n, say in _SAYING.items()})
