"""What a copy says of where it comes from, and what a page offers to take."""

from pathlib import Path
from typing import Any

import pytest

from litweave.book import Book
from litweave.features.copy import copying
from litweave.features.copy.opening import Project
from litweave.words import said


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A package whose `b` imports its `a`."""
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "a.py").write_text("x = 1  # one\n")
    (tmp_path / "pkg" / "b.py").write_text("from pkg.a import x\nimport pkg.b\n")
    return tmp_path / "pkg"


def offered(source: Path, exclude: list[str], *more: Any) -> tuple[Book, Any]:
    """A book with its menus, and the texts that it brings."""
    book = Book()
    book.read(source, exclude)
    return book, copying.offer(book, source.parent / "kept.json", *more)


def test_a_project_is_found_around_its_package(source: Path) -> None:
    project = '[project]\nname = "n"\nversion = "2"\n'
    (source.parent / "pyproject.toml").write_text(project)
    (source.parent / "LICENCE.txt").write_text("Free.\n")
    found = Project.around(source)
    assert found == Project("n 2", "Free.\n")
    assert found.head("pkg.a", "https://n.example/a/") == (
        "pkg.a, with all it needs, in one file.\nFrom n 2, https://n.example/a/\n\nFree."
    )


def test_a_package_of_no_project_has_no_licence_of_somebody_else(source: Path) -> None:
    (source.parent / "LICENCE.txt").write_text("Of something else.")
    found = Project.around(source)
    assert found == Project("pkg")
    assert found.head("pkg.a").endswith("\nFrom pkg.")


def test_an_installed_package_is_what_its_installer_noted() -> None:
    found = Project.around(Path(pytest.__file__).parent)
    assert found.name.startswith("pytest ")
    assert "copyright" in found.licence.lower()


def test_each_page_offers_its_forms(source: Path) -> None:
    book, texts = offered(source, [], "https://n.example/docs/")
    assert texts["a.clean.py"] == "x = 1\n"
    assert "https://n.example/docs/a/\n" in texts["a.standalone.py"]
    assert "x = 1\n" in texts["b.standalone.py"]
    menu = "".join(book.chapters["b.md"].overlay.tools)
    for name in ("b.py", "b.clean.py", "b.standalone.py"):
        assert f'data-weave-copy="../{name}"' in menu
        assert f'href="../{name}"' in menu


def test_a_module_that_is_not_offered_alone_has_two_forms(source: Path) -> None:
    book, texts = offered(source, [], "", False, ["b*"])
    assert sorted(texts) == ["a.clean.py", "b.clean.py", "b.standalone.py"]
    assert "Standalone" not in book.chapters["a.md"].overlay.tools[0]


def test_a_module_without_a_page_is_in_the_copies_of_others(source: Path) -> None:
    _, texts = offered(source, ["a.py"])
    assert "x = 1\n" in texts["b.standalone.py"]
    assert "a.clean.py" not in texts


def test_the_address_of_a_preview_is_not_written_down(source: Path) -> None:
    _, texts = offered(source, [], "http://127.0.0.1:8000/")
    assert "From pkg.\n" in texts["a.standalone.py"]


def test_a_module_that_cannot_stand_alone_is_no_mistake(source: Path) -> None:
    (source / "b.py").write_text("from .a import *\n")
    book, texts = offered(source, [])
    assert "b.standalone.py" not in texts
    menu = said("".join(book.chapters["b.md"].overlay.tools))
    assert 'not possible: <span lang="en">pkg/b.py:1: a star import' in menu
    assert not book.context.diagnostics.found


def test_a_refusal_names_the_line_where_it_is_now(source: Path) -> None:
    for comment, line in (("", 1), ("# Why.\n", 2)):
        (source / "a.py").write_text(f"{comment}x = __file__\n")
        book, _ = offered(source, [])
        assert f"pkg/a.py:{line}: “__file__”" in book.chapters["b.md"].overlay.tools[0]


def test_a_module_nested_too_deep_for_python_is_no_crash(source: Path) -> None:
    branches = "".join(f"elif x == {n}:\n    y = {n}\n" for n in range(1500))
    (source / "b.py").write_text(f"x = 1\nif x:\n    y = 0\n{branches}")
    _, texts = offered(source, [])
    assert "b.clean.py" in texts
    assert texts["b.standalone.py"].count("elif") == 1500


def test_what_is_unchanged_is_not_made_again(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_anew: list[str] = []

    def standalone(name: str, *others: object) -> str:
        made_anew.append(name)
        return f"# {name}\n"

    def build(*stale: bool) -> Any:
        made_anew.clear()
        return offered(source, [], "", *stale)[1]

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
    # Another ruff may lay out all of it in another way.
    monkeypatch.setattr(copying, "formatter", lambda: "another")
    build()
    assert made_anew == ["pkg.a", "pkg.b"]
    # A preview makes only what was changed itself, and the next build the rest.
    (source / "a.py").write_text("x = 3\n")
    build(True)
    assert made_anew == ["pkg.a"]
    build()
    assert made_anew == ["pkg.b"]
