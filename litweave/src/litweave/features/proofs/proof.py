r"""Proof: what a program computed of the pages, and when.

Litweave checks nothing itself: it knows no layers. A site names a *proof program*, a
module that runs in a process of its own, as `python -m my_package.proofs --json`. It
prints lines of JSON, whose fields stand below. The first is a `Plan`, with the `format`
2. Then comes a `Proof` for each page, as soon as it is proved, with the `name` of the
page, the dotted one of the module; and before it a line `begins` with that name.

Each page is kept as soon as it is proved. Its proof is good as long as these are the
same: its module as it stands, the code of what the module and its proofs import, the
data, and the packages that are installed. Pages that need no proof are named behind
`--except`, and the program passes over them.

A case that does not hold fails the build, with the number that was found and the one
that was expected. The panel shows the rest.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, get_args, get_origin

from litweave import process
from litweave.cache import OTHERS, Folder, digest, files_in, installed
from litweave.dependencies import Dependencies
from litweave.process import ChildError
from litweave.progress import progress

_FORMAT = 2
# What reading raises where something is missing, or is of another kind.
_UNREADABLE = (AttributeError, KeyError, TypeError, ValueError)


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
            if self.plan is None or self.missing():
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
