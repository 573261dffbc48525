r"""Proofs: what was proved of a page, as a panel beside its opening.

A tick stands only at what was compared and agreed; a number that was compared with
nothing has none, and one that somebody else published says “quoted”. A case that does
not hold fails the build, with the number that was found and the one that was expected.

Litweave checks nothing itself: it knows no layers. A site names a *proof program*, a
module that runs in a process of its own, as `python -m my_package.proofs --json`. It
prints lines of JSON. The first is a plan, with the `format` 2:

- `versions`: what it runs with, as `{"Python": "3.11.9"}`;
- `pages`: by the dotted name of a page, the modules that prove something of it;
- `sources`: folders and files; as long as their code is the same, so are the pages;
- `data`: other files that proofs read.

Then comes a proof for each page, as soon as it is proved, and before it a line `begins`
with the name of the page:

- `name` and `date`: the page, and the day of the computation, as `2026-11-24`;
- `error`: why the facts end here, or nothing;
- `facts`: computed figures, each with a `label` (“Parameters”), a `value` (“151,108”),
  what it is the value `of` (“in a Mixer-B/16”), and `checks`.

A check is what a figure was held against:

- `rule` and `against` read as one, “equal to” “timm 1.0.31”; the label may name either;
- `quoted`: whether nobody here recomputed the other number;
- `note` and `formula`: what else there is to know, and TeX, or nothing;
- `cases`: each with what it is a case `of`, what was `found` and what was `expected`,
  and whether it `holds`. A check holds if it has a case, and in each that is true.

Each page is kept as soon as it is proved. Its proof is good as long as these are the
same: its module as it stands, the code of what the module and its proofs import, the
data, and the packages that are installed. Pages that need no proof are named behind
`--except`, and the program passes over them.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, UndefinedError
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
# A key of all that is kept: what has another form is not read.
_FORM = f"format {_FORMAT}"
# What reading raises where something is missing, or is of another kind.
_UNREADABLE = (AttributeError, KeyError, TypeError, ValueError, UndefinedError)
# A section of each page with a proof; its anchor is that in every language.
_DIFFERENCES = "What differs from the paper"
_HEADING = re.compile(rf"^## {_DIFFERENCES}$", re.MULTILINE)
_QUOTE = re.compile("“([^”]*)”")

# A plan, a proof, a fact or a check, as the program says it; a proof has the `versions`
# of its plan, too.
Said = dict[str, Any]


def failures(proof: Said) -> Iterator[str]:
    """What does not hold, with both numbers."""
    for fact in proof["facts"]:
        for check in fact["checks"]:
            phrase = f"{check['rule']} {check['against']}".strip()
            other = f" ({phrase})" if check["against"] else ""
            for case in check["cases"]:
                if case["holds"] is not True:
                    numbers = f"got {case['found']}, expected {case['expected']}"
                    yield f"{fact['label']}, {case['of']}: {numbers}{other}"
    if proof["error"]:
        yield proof["error"]


def _holds(check: Said) -> bool:
    cases = check["cases"]
    return bool(cases) and all(case["holds"] is True for case in cases)


# ## Running a program


def prove(
    program: str,
    folder: Path,
    cache: Path,
    dependencies: Dependencies | None = None,
    stale: bool = False,
) -> dict[str, Said]:
    """The proofs of a program by page: those that are kept, and else new ones.

    The program runs in `folder`, from where it is imported. In the folder `cache`, the
    answer of each page is kept whose checks all hold. With `stale`, what is kept serves
    even if something has changed since.

    **Raises.** [`ChildError`][] if the program does not run, or prints something else.
    """
    run = _Run(program, folder.resolve(), Folder(cache), dependencies or Dependencies())
    run.plan = run.kept.get("plan", _FORM) or run.plan
    names, keys = ["plan", *run.plan["pages"]], {} if stale else run.keys()
    found = {name: run.kept.get(name, keys.get(name, _FORM)) for name in names}
    is_good = found.pop("plan")
    run.proofs = {name: proof for name, proof in found.items() if proof}
    if not is_good or run.missing():
        run.again()
    run.kept.forget(["plan", *run.plan["pages"]], OTHERS)
    return {name: run.proofs[name] for name in run.plan["pages"]}


@dataclass
class _Run:
    """A program, where its answers are kept, and what it has said so far."""

    program: str
    folder: Path
    kept: Folder
    dependencies: Dependencies
    plan: Said = field(default_factory=lambda: {"pages": {}, "sources": [], "data": []})
    proofs: dict[str, Said] = field(default_factory=dict)

    def missing(self) -> set[str]:
        """The pages that are still to be proved."""
        return set(self.plan["pages"]) - self.proofs.keys()

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
            failed = (any(failures(proof)) for proof in self.proofs.values())
            if self.missing() or not any(failed):
                raise ChildError(f"python -m {self.program} {error}") from None
        except _UNREADABLE as error:
            message = f"python -m {self.program} printed no proofs: {error!r}"
            raise ChildError(message) from None

    def _listen(self, lines: Iterator[Said]) -> None:
        plan = next(lines, {})
        if plan["format"] != _FORMAT:
            raise ValueError(f"the format is {plan['format']}, not {_FORMAT}")
        self.plan = plan
        keys = self.keys()
        self.kept.keep("plan", plan, keys["plan"], _FORM)
        with progress.part("proofs", len(self.missing())) as part:
            for line in lines:
                if "begins" in line:
                    part.begin(line["begins"])
                    continue
                name, proof = line["name"], {**line, "versions": plan["versions"]}
                _panel(proof, str)  # What cannot be shown is no proof.
                self.proofs[name] = proof
                if not any(failures(proof)):
                    self.kept.keep(name, proof, keys[name], _FORM)
                part.end(name)
        if self.missing():
            raise ValueError(f"nothing of {', '.join(sorted(self.missing()))}")

    def keys(self) -> dict[str, str]:
        """By page, a digest of what its proof depends on; and of what the plan does."""
        known, state = self.dependencies, (self.program, installed())
        data = digest(files=files_in(*map(Path, self.plan["data"])))
        files = files_in(*map(Path, self.plan["sources"]))
        source = (f"{f} {known.code(f)}" for f in files if f.suffix == ".py")
        keys = {"plan": digest(*state, *source)}
        for name, provers in self.plan["pages"].items():
            paths = {n: known.file(n, self.folder) for n in (name, *provers)}
            code = [known.computes(n, path) for n, path in paths.items() if path]
            text = known.text(path) if (path := paths[name]) else ""
            keys[name] = digest(*state, data, text, *code)
        return keys


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


def show(book: Book, program: str, result: Callable[[], Mapping[str, Said]]) -> None:
    """Show on each page what was proved of it, and note what does not hold."""
    note = partial(book.context.diagnostics.add, kind="proof")
    try:
        proofs = result()
    except ChildError as error:
        note(Place(program, 1), str(error))
        return
    for chapter in book.chapters.values():
        if proof := proofs.get(chapter.name):
            place = Place(chapter.module.path, 1)
            for failure in failures(proof):
                note(place, f"not proved: {failure}")
            opening = chapter.module.rows[0].prose
            if not any(_HEADING.search(prose.text) for prose in opening):
                section = f"says under “## {_DIFFERENCES}” what does, or “Nothing.”"
                note(place, f"a page with a proof {section}")
            set_aside = partial(book.context.formulas.add, display=False, place=place)
            chapter.overlay.panels.insert(0, _panel(proof, set_aside))


def _panel(proof: Said, formula: Callable[[str], str]) -> str:
    used = [escape(f"{name} {number}") for name, number in proof["versions"].items()]
    return _TEMPLATES.get_template("panel.html").render(
        proof=proof,
        date=date.fromisoformat(proof["date"]),
        failures=[*failures(proof)],
        formula=partial(_html, formula),
        versions=Markup(listed(used, "{first} and {next}")),
        anchor=slug(_DIFFERENCES),
    )


# ## Words


def _outcome(fact: Said) -> str:
    """What a figure was held against, in a line."""
    if not fact["checks"]:
        return word("computed; there is nothing to compare it with")
    if not all(map(_holds, fact["checks"])):
        return f'<span class="weave-wrong">✗ {word("does not hold")}</span>'
    rules = groupby(fact["checks"], key=lambda check: str(check["rule"]))
    against = ((rule, [c["against"] for c in checks]) for rule, checks in rules)
    phrases = [_held(rule, *dict.fromkeys(others)) for rule, others in against]
    return f'<span aria-hidden="true">✓ </span>{listed(phrases, "{first}; {next}")}'


def _words(text: str) -> str:
    """What a proof calls something; what it quotes from a page is English."""
    english = r'<span lang="en">\1</span>'
    return _QUOTE.sub(word("“{words}”", words=english), figures(str(text)))


def _held(rule: str, *against: str) -> str:
    """Rule and references, as they read together."""
    others = listed([_words(other) for other in against if other])
    if not others or not rule:
        return others or _words(rule)
    return figures(f"{rule} {{others}}", others=others)


def _html(say: Callable[..., str], *given: object, **values: object) -> Markup:
    """What a function says, as HTML; the values in it are, or become so."""
    return Markup(say(*given, **{name: escape(v) for name, v in values.items()}))


_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
)
_TEMPLATES.tests["holding"] = _holds
for _say in (beginning, day, figures, listed, word, _held, _outcome, _words):
    _TEMPLATES.globals[_say.__name__.strip("_")] = partial(_html, _say)
