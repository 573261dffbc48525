"""The forms of our modules: the clean one is the same program, and tidy.

The standalone one of every layer and model runs where the package is not.
"""

import ast
import json
import subprocess
import sys
import zlib
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from litweave.book import Book
from litweave.features.copy.forms import all_formatted, standalone
from litweave.parse import Module, parse, read
from litweave.syntax import is_text

import clean_forms
import run_alone
from clean_forms import bare, docstrings
from support import ROOT, assert_tidy, write_files

OURS = "labml_style_nn"
PAGES = ("layers", "models", "pretrained")
IMPORTS = ast.Import | ast.ImportFrom
# It uses something that several modules have under one name.
AMBIGUOUS = {"labml_style_nn.models.vit"}
program = cache(clean_forms.program)
PACKAGE = ROOT / "labml_style_nn"
MODULES = [p for p in PACKAGE.rglob("*.py") if "node_modules" not in p.parts]
# Those whose clean form is offered to readers, and a few of the others.
OFFERED = [
    path
    for path in MODULES
    if path.relative_to(PACKAGE).parts[0] in ("layers", "models", "experiments", "data")
    or zlib.crc32(path.name.encode()) % 10 == 0
]


@pytest.mark.parametrize("path", OFFERED, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_module_of_ours_is_the_same_program(path: Path) -> None:
    module = read(path)
    text = bare(module)
    assert program(text) == program(module.source)
    assert bare(parse(text)) == text
    prose = [line for line in text.split("\n") if line.lstrip().startswith("# ")]
    assert all("noqa" in line or "fmt" in line for line in prose), prose
    assert all("\n" not in (text or "") for text in docstrings(text))


@pytest.fixture(scope="module")
def package() -> dict[str, Module]:
    book = Book()
    book.read(ROOT / OURS)
    return book.modules


def pages(package: dict[str, Module], *kinds: str) -> list[str]:
    # A command acts as soon as it is run, so it is no file to run examples of.
    found = (name for name in package if not name.endswith(".__main__"))
    wanted = {f"{OURS}.{kind}" for kind in kinds}
    return sorted(n for n in found if ".".join(n.split(".")[:2]) in wanted)


def statements(source: str) -> list[tuple[str, str]]:
    """What a source defines at its top: each name, and its statement."""
    nodes = [node for node in ast.parse(source).body if not is_text(node)]
    texts = [(n, ast.unparse(n)) for n in nodes if not isinstance(n, IMPORTS)]
    return [(getattr(n, "name", text.partition(" = ")[0]), text) for n, text in texts]


def test_every_file_has_the_statements_of_the_package(
    package: dict[str, Module],
) -> None:
    written = {
        name: dict(statements(package[name].source))
        for name in pages(package, *PAGES, "data")
    }
    for name in pages(package, *PAGES):
        found, own = statements(standalone(name, package)), written[name]
        assert len(dict(found)) == len(found), f"{name}: a name is there twice"
        for key, text in found:
            others = {each[key] for each in written.values() if key in each}
            expected = {own[key]} if key in own else others
            assert program(text) in map(program, expected), f"{name}: {key}"
            assert len(expected) == 1 or name in AMBIGUOUS, f"{name}: {key}"


def test_every_layer_and_model_runs_alone(
    package: dict[str, Module], tmp_path: Path
) -> None:
    """One process without the package runs all files, each alone in its folder."""
    texts = {name: standalone(name, package) for name in pages(package, *PAGES)}
    # And one in which a definition is not there.
    whole = texts[f"{OURS}.layers.mlp"]
    cut = whole[: whole.index("class Dropout")] + whole[whole.index("class GELU") :]
    files = {f"{n}/{n.rpartition('.')[2]}.py": t for n, t in texts.items()}
    folder = write_files(tmp_path / "files", files | {"cut.mlp/mlp.py": cut})
    command = [sys.executable, "-I", run_alone.__file__, folder, tmp_path / "results"]
    subprocess.run([*command, "torch", "einops"], cwd=folder, check=True)
    results = json.loads((tmp_path / "results").read_text("utf-8"))
    said = results.pop("cut.mlp")["failed"]
    assert "NameError: name 'Dropout' is not defined" in said
    # An example may use what other pages define.
    everything: dict[str, Any] = {}
    for name in pages(package, *PAGES, "data"):
        space = vars(import_module(name))
        everything |= {k: v for k, v in space.items() if k[:1] != "_"}
    assert len(results) == len(texts) > 30
    for name, result in results.items():
        assert not result["failed"], result["failed"]
        module = import_module(name)
        document = ast.get_docstring(ast.parse(texts[name])) or ""
        assert result["tried"] >= document.count(">>>")
        assert ">>>" in document or "## Example" not in module.__doc__
        if ".models." not in name or name in AMBIGUOUS:
            # The same layers gave the same numbers, to the last bit. With models that
            # takes long, and their statements are certain to be those of the package.
            expected = run_alone.outputs(module, document, everything)
            found = [(layer, tuple(output)) for layer, output in result["outputs"]]
            assert found == expected
    layers = {name for result in results.values() for name, _ in result["outputs"]}
    assert {"GELU", "LayerNorm"} <= layers


def test_a_linter_has_nothing_to_say_and_no_standalone_file_imports_the_package(
    package: dict[str, Module], tmp_path: Path
) -> None:
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    texts = all_formatted({path: bare(read(path)) for path in MODULES})
    files = {path.relative_to(ROOT).as_posix(): text for path, text in texts.items()}
    assert_tidy(write_files(tmp_path, files))
    head = "MIT License\n\nof somebody"
    names = pages(package, *PAGES)
    texts = all_formatted(
        {name: standalone(name, package, head) for name in names}, sort=True
    )
    for name, text in texts.items():
        assert text.startswith("# MIT License\n#\n# of somebody\n\n")
        tree = ast.parse(text)
        for node in ast.walk(tree):
            if isinstance(node, IMPORTS):
                assert OURS not in ast.unparse(node)
        (tmp_path / f"{name}.py").write_text(text, "utf-8")
    assert_tidy(tmp_path)
