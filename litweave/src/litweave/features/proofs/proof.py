r"""# Proof: what was computed of a page

A page says that a layer has so many parameters and does what the paper says. This shows
beside the opening what of it was checked, and when.

Weave checks nothing itself: it knows no layers. A site names a *proof program*, a
module that litweave runs, in a process of its own, as

```sh
python -m my_package.proofs --json
```

The program prints lines of JSON. The first tells what there is to prove:

```text
format      2
versions    {"Python": "3.11.9", …}: what it runs with
pages       for each module, by its dotted name: the modules that prove something of it
sources     folders and files: as long as their code is the same, so are the pages
data        other files that proofs read
```

Then comes a line for each page, as soon as it is proved, and before it another,
`begins` with its name:

```text
name        the dotted name of the module
date        the day of the computation, as 2026-11-24
facts       a list of what was computed:
  label       "Parameters"
  value       "151,108"
  of          what the value is the value of: "in a Mixer-B/16"
  checks      what it was held against:
    rule        "equal to"
    against     "timm 1.0.31"; rule and against read as one; "" if the label names it
    quoted      true if nobody here recomputed the other number
    note        what else there is to know, or ""
    formula     TeX, or ""
    cases       a list of {of, found, expected, holds}
error       "", or why the facts end here
```

Each page is kept as soon as it is proved. Its proof is good as long as these are the
same: its module as it stands, the code of what the module and its proofs import, the
data, and the packages that are installed. Pages that need no proof are named behind
`--except`, and the program passes over them.

A case that does not hold fails the build, with the number that was found and the one
that was expected. [`proof_panel`][] shows the rest.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from litweave import process
from litweave.cache import digest, installed, write_text
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
class Case:
    """One comparison: what was found, and what was expected."""

    of: str
    found: str
    expected: str
    holds: bool


@dataclass(frozen=True)
class Check:
    """A figure held against something else."""

    rule: str
    against: str
    quoted: bool
    note: str
    formula: str
    cases: tuple[Case, ...]

    @property
    def holds(self) -> bool:
        """Whether there was something to compare, and all of it agreed."""
        return bool(self.cases) and all(case.holds for case in self.cases)

    @property
    def phrase(self) -> str:
        """Rule and reference, as they read together."""
        return f"{self.rule} {self.against}".strip()

    def verdict(self, case: Case) -> str:
        """Why a case does not hold."""
        other = f" ({self.phrase})" if self.against else ""
        return f"got {case.found}, expected {case.expected}{other}"


@dataclass(frozen=True)
class Fact:
    """A computed figure and its checks."""

    label: str
    value: str
    of: str
    checks: tuple[Check, ...]

    @property
    def holds(self) -> bool:
        """Whether it passed every check."""
        return all(check.holds for check in self.checks)


@dataclass(frozen=True)
class Proof:
    """All that was computed of one page, and when."""

    date: date
    facts: tuple[Fact, ...]
    error: str

    def failures(self) -> Iterator[str]:
        """What is wrong, with both numbers."""
        for fact in self.facts:
            for check in fact.checks:
                for case in check.cases:
                    if not case.holds:
                        yield f"{fact.label}, {case.of}: {check.verdict(case)}"
        if self.error:
            yield self.error


@dataclass(frozen=True)
class Proofs:
    """The answers of a program, by page, and what it ran with."""

    versions: Mapping[str, str]
    pages: Mapping[str, Proof]


@dataclass(frozen=True)
class _Plan:
    """What a program says that there is to prove."""

    versions: dict[str, str]
    pages: dict[str, list[str]]
    sources: list[Path]
    data: list[Path]
    said: Mapping[str, Any]

    @classmethod
    def read(cls, line: Mapping[str, Any]) -> "_Plan":
        if line["format"] != _FORMAT:
            raise ValueError(f"the format is {line['format']}, not {_FORMAT}")
        versions = {name: str(version) for name, version in line["versions"].items()}
        pages = {name: [str(m) for m in by] for name, by in line["pages"].items()}
        sources, data = (list(map(Path, line[name])) for name in ("sources", "data"))
        return cls(versions, pages, sources, data, line)


def _proof(page: Mapping[str, Any]) -> Proof:
    facts = tuple(_fact(fact) for fact in page["facts"])
    return Proof(date.fromisoformat(page["date"]), facts, str(page["error"]))


def _fact(fact: Mapping[str, Any]) -> Fact:
    label, value, of = (str(fact[name]) for name in ("label", "value", "of"))
    return Fact(label, value, of, tuple(_check(check) for check in fact["checks"]))


def _check(check: Mapping[str, Any]) -> Check:
    rule, against = str(check["rule"]), str(check["against"])
    note, formula = str(check["note"]), str(check["formula"])
    cases = tuple(_case(case) for case in check["cases"])
    return Check(rule, against, bool(check["quoted"]), note, formula, cases)


def _case(case: Mapping[str, Any]) -> Case:
    of, found, expected = (str(case[name]) for name in ("of", "found", "expected"))
    return Case(of, found, expected, case["holds"] is True)


# ## Running a program


def prove(
    program: str,
    folder: Path,
    cache: Path,
    dependencies: Dependencies | None = None,
    stale: bool = False,
) -> Proofs:
    """The answers of a proof program: those that are kept, and else new ones.

    The program runs in `folder`, from where it is imported. In the folder `cache`, the
    answer of each page is kept whose checks all hold. With `stale`, what is kept serves
    even if something has changed since.

    **Raises.** [`ProofError`][] if the program does not run, or prints something else.
    """
    run = _Run(program, folder, cache, dependencies or Dependencies(), stale)
    run.remember()
    while run.plan is None or run.missing():
        run.again()
    return Proofs(run.plan.versions, {n: run.proofs[n] for n in run.plan.pages})


@dataclass
class _Run:
    """A program, where its answers are kept, and what it has said so far."""

    program: str
    folder: Path
    cache: Path
    dependencies: Dependencies
    stale: bool
    plan: _Plan | None = None
    proofs: dict[str, Proof] = field(default_factory=dict)
    installed: str = field(default_factory=installed)

    def missing(self) -> set[str]:
        """The pages that are still to be proved."""
        return set(self.plan.pages if self.plan else ()) - self.proofs.keys()

    # ## What is kept

    def remember(self) -> None:
        """Take the proofs that still serve, and the plan if that still holds."""
        kept = self._read("plan")
        if kept:
            plan = _Plan.read(kept["said"])
            if self.stale or kept["key"] == self._plan_key(plan):
                self.plan = plan
            for name in plan.pages:
                page = self._read(name)
                if page and (self.stale or page["key"] == self._key(name, plan)):
                    self.proofs[name] = _proof(page["said"])

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            stored: dict[str, Any] = json.loads(self._file(name).read_text("utf-8"))
            reader = _Plan.read if name == "plan" else _proof
            reader(stored["said"])
            return stored if isinstance(stored["key"], str) else None
        except (OSError, *_UNREADABLE):  # none yet, or of another litweave
            return None

    def _keep(self, name: str, key: str, said: Mapping[str, Any]) -> None:
        write_text(self._file(name), json.dumps({"key": key, "said": said}))

    def _file(self, name: str) -> Path:
        return self.cache / f"{name}.json"

    def _plan_key(self, plan: _Plan) -> str:
        """A digest of what decides which pages there are."""
        files = [path for source in plan.sources for path in _modules(source)]
        code = (f"{path} {self.dependencies.code(path)}" for path in files)
        return digest(self.program, self.installed, *code)

    def _key(self, name: str, plan: _Plan) -> str:
        """A digest of what the proof of a page depends on."""
        provers = (f"{module} {self._code(module)}" for module in plan.pages[name])
        files = [path for path in plan.data if path.is_file()]
        page = self._path(name)
        own = self.dependencies.key(name, page) if page else ""
        return digest(self.program, self.installed, own, *provers, files=files)

    def _code(self, name: str) -> str:
        path = self._path(name)
        files = self.dependencies.of(name, path) if path else []
        return digest(*map(self.dependencies.code, files))

    def _path(self, name: str) -> Path | None:
        path = self.folder.resolve().joinpath(*name.split("."))
        both = path / "__init__.py", path.with_suffix(".py")
        return next((file for file in both if file.is_file()), None)

    # ## What is said

    def again(self) -> None:
        """Run the program for all pages but those whose proofs are there."""
        excepted = ["--except", *self.proofs] if self.proofs else []
        command = [sys.executable, "-m", self.program, "--json", *excepted]
        try:
            # Whatever the console of this machine is, the answer is in UTF-8.
            utf_8 = {"PYTHONIOENCODING": "utf-8"}
            self._listen(process.lines(command, folder=self.folder, settings=utf_8))
            if self.missing():
                raise ValueError(f"nothing of {', '.join(sorted(self.missing()))}")
        except ChildError as error:
            # It ends with a status of its own if something does not hold.
            failed = any(any(proof.failures()) for proof in self.proofs.values())
            if self.plan is None or self.missing() or not failed:
                raise ProofError(f"python -m {self.program} {error}") from None
        except _UNREADABLE as error:
            message = f"python -m {self.program} printed no proofs: {error!r}"
            raise ProofError(message) from None

    def _listen(self, lines: Iterator[dict[str, Any]]) -> None:
        plan = self.plan = _Plan.read(next(lines, {}))
        self._keep("plan", self._plan_key(plan), plan.said)
        with progress.part("proofs", len(self.missing())) as part:
            for line in lines:
                if "begins" in line:
                    part.begin(line["begins"])
                    continue
                name, proof = str(line["name"]), _proof(line)
                self.proofs[name] = proof
                if not any(proof.failures()):
                    self._keep(name, self._key(name, plan), line)
                part.end(name)


def _modules(source: Path) -> list[Path]:
    return [source] if source.is_file() else sorted(source.rglob("*.py"))
