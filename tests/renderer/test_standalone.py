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

import run_alone
from support import ROOT, assert_tidy

OURS = "labml_style_nn"
PAGES = ("layers", "models", "pretrained")
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


def assert_runs_alone(
    package: Package, names: list[str], results: dict[str, Any]
) -> None:
    everything: dict[str, Any] = {}
    modules = {name: __import__(name, fromlist=["_"]) for name in names}
    # An example may use what other pages define.
    others = pages(package, *PAGES, "data")
    for module in (__import__(name, fromlist=["_"]) for name in [*others, *names]):
        everything |= {k: v for k, v in vars(module).items() if k[:1] != "_"}
    for name, module in modules.items():
        result = results[name]
        assert not result["failed"], result["failed"]
        document = ast.get_docstring(ast.parse(standalone(name, package))) or ""
        assert result["tried"] >= document.count(">>>")
        assert ">>>" in document or "## Example" not in module.__doc__
        expected = run_alone.outputs(module, document, everything)
        # The same layers gave the same numbers, to the last bit.
        found = [(layer, tuple(output)) for layer, output in result["outputs"]]
        assert found == expected


@pytest.mark.parametrize("part", range(PARTS))
def test_every_layer_and_model_runs_alone(
    part: int, package: Package, tmp_path: Path
) -> None:
    names = pages(package, *PAGES)[part::PARTS]
    folder = tmp_path / "files"
    for name in names:
        write(folder, name, standalone(name, package))
    results = run(folder, "torch", "einops")
    assert_runs_alone(package, names, results)
    layers = {name for result in results.values() for name, _ in result["outputs"]}
    assert {"GELU", "LayerNorm"} & layers


def test_a_definition_that_is_not_there_is_noticed(
    package: Package, tmp_path: Path
) -> None:
    name = f"{OURS}.layers.mlp"
    whole = standalone(name, package)
    cut = whole[: whole.index("class Dropout")] + whole[whole.index("class GELU") :]
    write(tmp_path / "files", name, cut)
    (result,) = run(tmp_path / "files", "torch", "einops").values()
    assert "NameError: name 'Dropout' is not defined" in result["failed"]


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
            if isinstance(node, ast.Import | ast.ImportFrom):
                assert OURS not in ast.unparse(node)
        (tmp_path / f"{name}.py").write_text(text, "utf-8")
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    assert_tidy(tmp_path)
