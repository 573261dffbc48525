r"""# Proof: what was computed of a page

A page says that a layer has so many parameters and does what the paper says. This shows
beside the opening what of it was checked, and when.

Weave checks nothing itself: it knows no layers. A site names a *proof program*, a
module that weave runs, in a process of its own, as

```sh
python -m my_package.proofs --json
```

The program prints one JSON object:

```text
format      1
date        the day of the computation, as 2026-11-24
versions    {"Python": "3.11.9", …}: what it ran with
sources     files and folders; as long as they are the same, it need not run again
pages       for each module, by its dotted name:
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
  tests       null, or for each file the names of the tests that use the module
  error       "", or why the facts end here
```

A case that does not hold fails the build, with the number that was found and the one
that was expected. [`proof_panel`][] shows the rest.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from labml_style_nn.weave.kept import write_text

_FORMAT = 1
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
    """All that was computed of one page."""

    facts: tuple[Fact, ...]
    tests: dict[str, list[str]] | None
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
    """The answer of a program."""

    date: date
    versions: dict[str, str]
    sources: tuple[str, ...]
    pages: dict[str, Proof]

    @property
    def failed(self) -> bool:
        """Whether anything does not hold, on any page."""
        return any(any(proof.failures()) for proof in self.pages.values())


def _read(answer: dict[str, Any]) -> Proofs:
    if answer["format"] != _FORMAT:
        raise ValueError(f"the format is {answer['format']}, not {_FORMAT}")
    return Proofs(
        date.fromisoformat(answer["date"]),
        {name: str(version) for name, version in answer["versions"].items()},
        tuple(answer["sources"]),
        {name: _proof(page) for name, page in answer["pages"].items()},
    )


def _proof(page: dict[str, Any]) -> Proof:
    facts = tuple(_fact(fact) for fact in page["facts"])
    return Proof(facts, page["tests"], str(page["error"]))


def _fact(fact: dict[str, Any]) -> Fact:
    label, value, of = (str(fact[name]) for name in ("label", "value", "of"))
    return Fact(label, value, of, tuple(_check(check) for check in fact["checks"]))


def _check(check: dict[str, Any]) -> Check:
    rule, against = str(check["rule"]), str(check["against"])
    note, formula = str(check["note"]), str(check["formula"])
    cases = tuple(_case(case) for case in check["cases"])
    return Check(rule, against, bool(check["quoted"]), note, formula, cases)


def _case(case: dict[str, Any]) -> Case:
    of, found, expected = (str(case[name]) for name in ("of", "found", "expected"))
    return Case(of, found, expected, case["holds"] is True)


# ## Running a program


def prove(program: str, folder: Path, cache: Path, stale: bool = False) -> Proofs:
    """The answer of a proof program, or what it answered before.

    The program runs in `folder`, from where it is imported. Its last answer is kept in
    the file `cache`, if all its checks held, and serves as long as the program's
    sources and the installed packages are the same; with `stale`, it always serves.

    **Raises.** [`ProofError`][] if the program does not run, or prints something else.
    """
    stored = _stored(program, cache, stale)
    if stored:
        return stored
    answer, proofs = _run(program, folder)
    if not proofs.failed:
        key = _fingerprint(program, proofs.sources)
        write_text(cache, json.dumps({"key": key, "answer": answer}))
    return proofs


def _stored(program: str, cache: Path, stale: bool) -> Proofs | None:
    try:
        stored = json.loads(cache.read_text("utf-8"))
        proofs = _read(stored["answer"])
        fresh = stale or stored["key"] == _fingerprint(program, proofs.sources)
    except (OSError, *_UNREADABLE):  # none yet, or of another weave
        return None
    return proofs if fresh else None


def _run(program: str, folder: Path) -> tuple[dict[str, Any], Proofs]:
    command = [sys.executable, "-m", program, "--json"]
    # Whatever the console of this machine is, the answer is in UTF-8.
    result = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    said = f"python -m {program} ended with {result.returncode}:\n{result.stderr}"
    try:
        answer = json.loads(result.stdout)
    except ValueError:
        raise ProofError(said) from None
    try:
        proofs = _read(answer)
    except _UNREADABLE as error:
        message = f"python -m {program} printed no proofs: {error!r}"
        raise ProofError(message) from None
    if result.returncode and not proofs.failed:
        raise ProofError(said)
    return answer, proofs


def _fingerprint(program: str, sources: Iterable[str]) -> str:
    """A state of the program's sources and of what is installed."""
    digest = hashlib.sha256(f"{program} {sys.version}".encode())
    for folder in sys.path:
        installed = sorted(path.name for path in Path(folder).glob("*.dist-info"))
        digest.update("\n".join(installed).encode())
    for source in sources:
        for path in _files(Path(source)):
            digest.update(f"\0{os.fspath(path)}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _files(source: Path) -> list[Path]:
    if source.is_file():
        return [source]
    paths = (path for path in source.rglob("*") if "__pycache__" not in path.parts)
    return sorted(path for path in paths if path.is_file())
