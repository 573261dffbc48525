"""What the renderer makes of this book: its formulas, papers, code and proofs.

The book uses of the renderer what it offers to others, and all of it.
"""

import ast
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from pkgutil import resolve_name

import litweave
import pytest
from formulas import assert_marks_are_not_seen
from litweave.book import Book
from litweave.diagnostics import Diagnostics
from litweave.features import papers, proofs
from litweave.features.copy import forms
from litweave.features.diff import code
from litweave.features.proofs import prove
from litweave.features.symbols import notation, symbols
from litweave.katex import Formulas
from litweave.names import Names
from litweave.page import document
from litweave.parse import read
from litweave.prose import Context

from support import ROOT

PACKAGE = ROOT / "labml_style_nn"
RENDERER = re.compile(r"litweave\b")
PUBLIC = {
    f"litweave.{name}"
    for names in re.findall(
        r"^- ((?:`[\w.]+`,?\s+)*`[\w.]+`):", litweave.__doc__ or "", re.M
    )
    for name in re.findall(r"[\w.]+", names)
}


def settings() -> Iterator[tuple[str, bool, tuple[str, ...]]]:
    """All formulas of the project: as written, whether on display, and symbols."""
    for path in sorted(PACKAGE.rglob("*.py")):
        module = read(path, path.name)
        known = {"page.md": symbols(notation(module))}
        context = Context(Names(), Formulas(), Diagnostics(), symbols=known)
        document(module, "page.md", context)
        for formula in context.formulas.numbers:
            yield formula.tex, formula.display, formula.symbols


def test_a_mark_changes_nothing_that_is_seen(katex: Path, tmp_path: Path) -> None:
    assert_marks_are_not_seen(settings(), katex, tmp_path)


def test_our_papers_are_whole() -> None:
    diagnostics = Diagnostics()
    works = papers.read(ROOT / "docs" / "papers.bib", diagnostics)
    assert not diagnostics.found
    assert works["https://arxiv.org/abs/2105.01601"]["author"][0] == "Ilya Tolstikhin"
    assert all(address.startswith("https://") for address in works)


def test_the_code_of_every_model_that_is_compared_is_python(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # How ruff lays it out makes no difference, and takes most of the time.
    monkeypatch.setattr(forms, "all_formatted", lambda sources, sort=False: sources)
    for path in sorted((PACKAGE / "models").glob("*.py")):
        module = read(path)
        for definition in module.definitions:
            ast.parse(code(module, definition.name))


def test_a_layer_with_a_wrong_term_is_a_problem_of_its_page(tmp_path: Path) -> None:
    package = tmp_path / "labml_style_nn"
    # Of the proofs, two in `layer_proofs` are enough.
    others = ("__pycache__", "litweave", "experiments", "data", "[!l]*_proofs.py")
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns(*others))
    for name, old, new in (
        ("proofs/layer_proofs.py", r"def prove_(?!token_|channel_)", "def omit_"),
        ("layers/token_mixing.py", r"baddbmm\(self.bias\[:, None\], ", "bmm("),
    ):
        text, number = re.subn(old, new, (package / name).read_text("utf-8"))
        assert number
        (package / name).write_text(text, "utf-8")
    book = Book()
    book.read(package, ["proofs/*"])
    program, cache = "labml_style_nn.proofs", tmp_path / "cache"
    proofs.show(book, program, lambda: prove(program, tmp_path, cache))
    place = "labml_style_nn/layers/token_mixing.py:1: not proved: Difference from timm"
    assert place in str(book.context.diagnostics)
    assert "channel_mixing" not in str(book.context.diagnostics)
    assert not (cache / "labml_style_nn.layers.token_mixing.json").exists()


def used() -> Iterator[tuple[str, str]]:
    """The names of the renderer that a file of the book imports, and the file."""
    for folder in ("labml_style_nn", "tools"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for name in imported(ast.parse(path.read_text("utf-8"))):
                yield name, path.relative_to(ROOT).as_posix()


def imported(tree: ast.Module) -> Iterator[str]:
    """What is imported by its name, or is an attribute of a module that is."""
    modules = dict[str, str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.startswith("litweave"))
        elif isinstance(node, ast.ImportFrom) and RENDERER.match(node.module or ""):
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                if isinstance(resolve_name(name), type(litweave)):
                    modules[alias.asname or alias.name] = name
                else:
                    yield name
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=module)) if module in modules:
                yield f"{modules[module]}.{node.attr}"


def test_the_book_uses_what_is_public_and_all_of_it() -> None:
    found = [*used()]
    assert [f"{path}: {name}" for name, path in found if name not in PUBLIC] == []
    assert {name for name, _ in found} == PUBLIC
    assert all(resolve_name(name) for name in PUBLIC)
