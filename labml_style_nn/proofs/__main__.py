r"""# The program

```sh
python -m labml_style_nn.proofs                 # all pages, as a table
python -m labml_style_nn.proofs token_mixing    # one page
python -m labml_style_nn.proofs --json          # all, as the site reads them
```

`--except NAME ...` passes over the modules of these names.

It ends with 0 if every check holds, and else with 1 and a list of those that do not.
"""

import argparse
import gc
import importlib
import json
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import torch

import labml_style_nn.layers
import labml_style_nn.models
import labml_style_nn.proofs
from labml_style_nn.console import show_what_it_can
from labml_style_nn.proofs.facts import Fact
from labml_style_nn.proofs.formula import Page

PACKAGE = Path(__file__).parents[1]
Proofs = dict[str, Callable[[Page], Iterator[Fact]]]


def pages() -> list[str]:
    """The modules of layers and models, whose pages are to be proved."""
    return [
        f"{package.__name__}.{module.name}"
        for package in (labml_style_nn.layers, labml_style_nn.models)
        for module in iter_modules(package.__path__)
    ]


def _all_proofs() -> Proofs:
    """Of the page `affine`, a function `prove_affine` says what is proved.

    It stands in a module whose name ends in `_proofs`.
    """
    package = labml_style_nn.proofs
    functions: Proofs = {}
    for module in iter_modules(package.__path__, f"{package.__name__}."):
        if module.name.endswith("_proofs"):
            functions |= vars(importlib.import_module(module.name))
    names = {page: f"prove_{page.rpartition('.')[2]}" for page in pages()}
    return {page: functions[name] for page, name in names.items() if name in functions}


PROOFS = _all_proofs()


@dataclass
class Proof:
    """What was proved of a page, and the error that ended it early, if one did."""

    facts: list[Fact] = field(default_factory=list)
    error: str = ""

    def failures(self) -> list[str]:
        """What is wrong, one line each."""
        failed = [line for fact in self.facts for line in _failed(fact)]
        return [*failed, self.error] if self.error else failed


def prove(name: str, proof: Callable[[Page], Iterator[Fact]]) -> Proof:
    """Compute the facts of a page. An exception on the way is a failure like others."""
    result = Proof()
    try:
        result.facts.extend(proof(Page(importlib.import_module(name))))
    except Exception as error:
        result.error = f"{type(error).__name__}: {error}"
    return result


def _failed(fact: Fact) -> Iterator[str]:
    for check in fact.checks:
        for case in check.cases:
            if not case.holds:
                other = f" ({check.rule} {check.against})" if check.against else ""
                yield (
                    f"{fact.label}, {case.of}: got {case.found}, "
                    f"expected {case.expected}{other}"
                )


def unproved() -> list[str]:
    """The pages that have no proof."""
    return [name for name in pages() if name not in PROOFS]


# ## What is printed


def plan() -> dict[str, Any]:
    """The first line of JSON, in the form that `litweave` describes."""
    provers = {name: [proof.__module__] for name, proof in PROOFS.items()}
    folders = [PACKAGE / name for name in ("layers", "models", "proofs")]
    data = sorted((PACKAGE / "proofs" / "references").iterdir())
    return {
        "format": 2,
        "versions": {"Python": platform.python_version(), "PyTorch": torch.__version__},
        "pages": provers | {name: [] for name in unproved()},
        "sources": [str(path) for path in folders],
        "data": [str(path) for path in data],
    }


def as_json(name: str, proof: Proof) -> dict[str, Any]:
    """One page for the site."""
    today = datetime.now(UTC).date().isoformat()
    return {"name": name, "date": today, **asdict(proof)}


def as_table(name: str, proof: Proof) -> str:
    """One page for a terminal."""
    lines = [name]
    for fact in proof.facts:
        lines.append(f"  {fact.label}: {fact.value} ({fact.of})")
        for check in fact.checks:
            holds = sum(case.holds for case in check.cases)
            share = f"{holds} of {len(check.cases)}"
            origin = ", quoted" if check.quoted else ""
            phrase = f"{check.rule} {check.against}".strip()
            lines.append(f"    {phrase}{origin}: {share}")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Prove the pages that were asked for, and print what was found."""
    show_what_it_can()
    parser = argparse.ArgumentParser(prog="python -m labml_style_nn.proofs")
    parser.add_argument("pages", nargs="*", help="ends of names, like token_mixing")
    parser.add_argument("--json", action="store_true", help="for programs to read")
    parser.add_argument(
        "--except",
        nargs="+",
        default=[],
        dest="without",
        metavar="NAME",
        help="modules to pass over",
    )
    options = parser.parse_args(arguments)
    ends = {name.rpartition(".")[2]: name for name in PROOFS}
    unknown = [page for page in options.pages if page not in ends]
    if unknown:
        parser.error(f"no page is {', '.join(unknown)}; there are {', '.join(ends)}")
    names = [*([ends[page] for page in options.pages] or PROOFS), *unproved()]
    names = [name for name in names if name not in options.without]
    if options.json:
        print(json.dumps(plan()), flush=True)
    return complain({name: _told(name, options.json) for name in names})


def _told(name: str, as_lines: bool) -> Proof:
    """Prove a page, and print what was found."""
    if as_lines:
        print(json.dumps({"begins": name}), flush=True)
    nothing = Proof(error="nothing is proved of it")
    proof = prove(name, PROOFS[name]) if name in PROOFS else nothing
    table = f"{as_table(name, proof)}\n"
    print(json.dumps(as_json(name, proof)) if as_lines else table, flush=True)
    return proof


def complain(proofs: dict[str, Proof]) -> int:
    """List what failed; the exit status."""
    wrong = [f"{name}: {f}" for name, proof in proofs.items() for f in proof.failures()]
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    # Networks are many objects that live: to look for garbage among them as often as
    # usual takes a sixth of the time.
    gc.set_threshold(50_000, 20, 50)
    sys.exit(main())
