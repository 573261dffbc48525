"""What a copy says of where it comes from, and what a page offers to take."""

import textwrap
from pathlib import Path

import pytest
import torch

from litweave.book import Book
from litweave.features.copy import copying
from litweave.features.copy.opening import Project
from litweave.words import said
from support import ROOT


def made(folder: Path, project: str = "", licence: str = "") -> Path:
    (folder / "pkg").mkdir()
    (folder / "pkg" / "a.py").write_text("x = 1  # one\n")
    (folder / "pkg" / "b.py").write_text("from pkg.a import x\nimport pkg.b\n")
    if project:
        (folder / "pyproject.toml").write_text(textwrap.dedent(project))
    if licence:
        (folder / "LICENCE.txt").write_text(licence)
    return folder / "pkg"


def test_a_project_is_found_around_its_package(tmp_path: Path) -> None:
    source = made(tmp_path, '[project]\nname = "n"\nversion = "2"\n', "Free.\n")
    found = Project.around(source)
    assert found == Project("n 2", "Free.\n")
    assert found.head("pkg.a", "https://n.example/a/") == (
        "pkg.a, with all it needs, in one file.\nFrom n 2, https://n.example/a/\n\nFree."
    )


def test_a_package_of_no_project_has_no_licence_of_somebody_else(
    tmp_path: Path,
) -> None:
    found = Project.around(made(tmp_path, licence="Of something else."))
    assert found == Project("pkg")
    assert found.head("pkg.a").endswith("\nFrom pkg.")


def test_an_installed_package_is_what_its_installer_noted() -> None:
    found = Project.around(Path(torch.__file__).parent)
    assert found.name.startswith("torch 2.")
    assert "copyright" in found.licence.lower()


def test_each_page_offers_its_forms(tmp_path: Path) -> None:
    source = made(tmp_path)
    book = Book()
    book.read(source)
    texts = copying.enrich(book, tmp_path / "kept.json", "https://n.example/docs/")
    assert texts["a.clean.py"] == "x = 1\n"
    assert "https://n.example/docs/a/\n" in texts["a.standalone.py"]
    assert "x = 1\n" in texts["b.standalone.py"]
    menu = "".join(book.chapters["b.md"].overlay.tools)
    for name in ("b.py", "b.clean.py", "b.standalone.py"):
        assert f'data-weave-copy="../{name}"' in menu
        assert f'href="../{name}"' in menu


def test_a_module_that_is_not_offered_alone_has_two_forms(tmp_path: Path) -> None:
    source = made(tmp_path)
    book = Book()
    book.read(source)
    texts = copying.enrich(book, tmp_path / "kept.json", alone=["b*"])
    assert sorted(texts) == ["a.clean.py", "b.clean.py", "b.standalone.py"]
    assert "Standalone" not in book.chapters["a.md"].overlay.tools[0]


def test_a_module_without_a_page_is_in_the_copies_of_others(tmp_path: Path) -> None:
    source = made(tmp_path)
    book = Book()
    book.read(source, exclude=["a.py"])
    texts = copying.enrich(book, tmp_path / "kept.json")
    assert "x = 1\n" in texts["b.standalone.py"]
    assert "a.clean.py" not in texts


def test_the_address_of_a_preview_is_not_written_down(tmp_path: Path) -> None:
    book = Book()
    book.read(ROOT / "labml_style_nn" / "layers")
    texts = copying.enrich(book, tmp_path / "kept.json", "http://127.0.0.1:8000/")
    assert "http" not in texts["gelu.standalone.py"].partition("MIT License")[0]


def test_a_module_that_cannot_stand_alone_is_no_mistake(tmp_path: Path) -> None:
    source = made(tmp_path)
    (source / "b.py").write_text("from .a import *\n")
    book = Book()
    book.read(source)
    texts = copying.enrich(book, tmp_path / "kept.json")
    assert "b.standalone.py" not in texts
    menu = said("".join(book.chapters["b.md"].overlay.tools))
    assert 'not possible: <span lang="en">pkg/b.py:1: a star import' in menu
    assert not book.context.diagnostics.found


def test_a_module_nested_too_deep_for_python_is_no_crash(tmp_path: Path) -> None:
    source = made(tmp_path)
    branches = "".join(f"elif x == {n}:\n    y = {n}\n" for n in range(1500))
    (source / "b.py").write_text(f"x = 1\nif x:\n    y = 0\n{branches}")
    book = Book()
    book.read(source)
    texts = copying.enrich(book, tmp_path / "kept.json")
    assert "b.clean.py" in texts
    assert texts["b.standalone.py"].count("elif") == 1500


def test_what_is_unchanged_is_not_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = made(tmp_path)
    made_anew: list[str] = []

    def standalone(name: str, *others: object) -> str:
        made_anew.append(name)
        return f"# {name}\n"

    def build(*stale: bool) -> dict[str, str]:
        made_anew.clear()
        book = Book()
        book.read(source)
        return copying.enrich(book, tmp_path / "kept.json", "", *stale)

    monkeypatch.setattr(copying, "standalone", standalone)
    first = build()
    assert sorted(made_anew) == ["pkg.a", "pkg.b"]
    assert build() == first
    assert made_anew == []
    # What another module takes over from a changed one is made anew, too.
    (source / "a.py").write_text("x = 2\n")
    build()
    assert made_anew == ["pkg.a", "pkg.b"]
    # It does not take over the essay.
    (source / "a.py").write_text("# Words.\n\nx = 2\n")
    build()
    assert made_anew == ["pkg.a"]
    # A preview makes only what was changed itself, and the next build the rest.
    (source / "a.py").write_text("x = 3\n")
    build(True)
    assert made_anew == ["pkg.a"]
    build()
    assert made_anew == ["pkg.b"]
