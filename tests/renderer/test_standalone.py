"""The standalone form of every layer and model runs where the package is not."""

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from litweave.book import Book
from litweave.features.copy.clean import all_formatted
from litweave.features.copy.standalone import Package, standalone
from litweave.syntax import is_text

import run_alone
from clean_forms import program
from support import ROOT, assert_tidy

OURS = "labml_style_nn"
PAGES = ("layers", "models", "pretrained")
IMPORTS = ast.Import | ast.ImportFrom
# It uses something that several modules have under one name.
AMBIGUOUS = {"labml_style_nn.models.vit"}
PARTS = 3  # so that several processes share the files


@pytest.fixture(scope="module")
def package() -> Package:
    book = Book()
    book.read(ROOT / OURS)
    return Package(book.modules)


def pages(package: Package, *kinds: str) -> list[str]:
    found = [
        n for n in package.modules if n.split(".")[1:2] and n.split(".")[1] in kinds
    ]
    assert len(found) > 2
    # A command acts as soon as it is run, so it is no file to run examples of.
    return sorted(name for name in found if not name.endswith(".__main__"))


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / f"{name.rpartition('.')[2]}.py").write_text(text, "utf-8")


def run(folder: Path, *packages: str) -> dict[str, Any]:
    """Run each file alone, in one process without the package."""
    out = folder.with_name("results.json")
    program = str(Path(run_alone.__file__))
    command = [sys.executable, "-I", program, str(folder), str(out), *packages]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return json.loads(out.read_text("utf-8"))  # type: ignore[no-any-return]


def statements(source: str) -> list[tuple[str, str]]:
    """What a source defines at its top: each name, and its statement."""
    nodes = [node for node in ast.parse(source).body if not is_text(node)]
    texts = [(n, ast.unparse(n)) for n in nodes if not isinstance(n, IMPORTS)]
    return [(getattr(n, "name", text.partition(" = ")[0]), text) for n, text in texts]


def test_every_file_has_the_statements_of_the_package(package: Package) -> None:
    written = {
        name: dict(statements(package.source(name).text))
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


@pytest.mark.parametrize("part", range(PARTS))
def test_every_layer_and_model_runs_alone(
    part: int, package: Package, tmp_path: Path
) -> None:
    names, folder = pages(package, *PAGES)[part::PARTS], tmp_path / "files"
    texts = {name: standalone(name, package) for name in names}
    # And one in which a definition is not there.
    whole = standalone(f"{OURS}.layers.mlp", package)
    cut = whole[: whole.index("class Dropout")] + whole[whole.index("class GELU") :]
    for name, text in (texts | {"cut.mlp": cut}).items():
        write(folder, name, text)
    results = run(folder, "torch", "einops")
    said = results.pop("cut.mlp")["failed"]
    assert "NameError: name 'Dropout' is not defined" in said
    # An example may use what other pages define.
    everything: dict[str, Any] = {}
    for name in pages(package, *PAGES, "data"):
        module = __import__(name, fromlist=["_"])
        everything |= {k: v for k, v in vars(module).items() if k[:1] != "_"}
    for name, result in results.items():
        assert not result["failed"], result["failed"]
        module = __import__(name, fromlist=["_"])
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
    assert {"GELU", "LayerNorm"} & layers


def test_our_files_are_tidy_and_import_nothing_of_the_package(
    package: Package, tmp_path: Path
) -> None:
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
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    assert_tidy(tmp_path)
