"""What a copy says of where it comes from, and what a page offers to take."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from litweave.features.copy import copying
from litweave.features.copy.opening import head
from litweave.words import said
from support import read_book, write_files


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A package whose `b` imports its `a`."""
    files = {"a.py": "x = 1  # one\n", "b.py": "from pkg.a import x\nimport pkg.b\n"}
    return write_files(tmp_path / "pkg", files)


def offered(
    source: Path, *site: str, exclude: Sequence[str] = (), **options: Any
) -> tuple[dict[str, str], str]:
    """The texts that a book brings, and the menu of `b`."""
    book = read_book(source, exclude)
    texts = copying.offer(book, source.parent / "kept.json", *site, **options)
    assert not book.context.diagnostics.found
    return texts, said("".join(book.chapters["b.md"].overlay.tools))


def test_a_copy_says_which_project_it_is_from(source: Path) -> None:
    project = '[project]\nname = "n"\nversion = "2"\n'
    (source.parent / "pyproject.toml").write_text(project)
    (source.parent / "LICENCE.txt").write_text("Free.\n")
    assert head("pkg.a", source / "a.py", "https://n.example/a/") == (
        "pkg.a, with all it needs, in one file.\nFrom n 2, https://n.example/a/\n\nFree."
    )
    # Of an installed package, its installer noted that.
    found = head("pytest", Path(pytest.__file__))
    assert "\nFrom pytest " in found
    assert "Copyright" in found


def test_each_page_offers_its_forms(source: Path) -> None:
    (source / "LICENCE.txt").write_text("Free.\n")
    (source.parent / "LICENCE.txt").write_text("Of something else, with no project.")
    texts, menu = offered(source, "https://n.example/docs/")
    assert texts["a.clean.py"] == "x = 1\n"
    head = "From pkg, https://n.example/docs/a/\n#\n# Free.\n\n"
    assert head in texts["a.standalone.py"]
    assert "x = 1\n" in texts["b.standalone.py"]
    for name in ("b.py", "b.clean.py", "b.standalone.py"):
        assert menu.count(f'="../{name}"') == 2, "to copy and to download"


def test_what_is_not_offered_is_in_the_copies_of_others(source: Path) -> None:
    texts, _ = offered(source, "http://127.0.0.1:8000/", exclude=["a.py"])
    assert "x = 1\n" in texts["b.standalone.py"]
    # Nobody can follow the address of a preview.
    assert "From pkg.\n" in texts["b.standalone.py"]
    assert sorted(texts) == ["b.clean.py", "b.standalone.py"]
    texts, menu = offered(source, alone=["a*"])
    assert sorted(texts) == ["a.clean.py", "a.standalone.py", "b.clean.py"]
    assert "Standalone" not in menu


def test_a_refusal_names_the_line_where_it_is_now(source: Path) -> None:
    for comment, line in (("", 1), ("# Why.\n", 2)):
        (source / "a.py").write_text(f"{comment}x = __file__\n")
        texts, menu = offered(source)
        assert "b.standalone.py" not in texts
        assert f'possible: <span lang="en">pkg/a.py:{line}: “__file__”' in menu


def test_a_module_nested_too_deep_for_python_is_no_crash(source: Path) -> None:
    branches = "".join(f"elif x == {n}:\n    y = {n}\n" for n in range(1500))
    (source / "b.py").write_text(f"x = 1\nif x:\n    y = 0\n{branches}")
    texts, _ = offered(source)
    for form in ("clean", "standalone"):
        assert texts[f"b.{form}.py"].count("elif") == 1500


def test_what_is_unchanged_is_not_made_again(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, texts = list[str](), dict[str, str]()

    def standalone(name: str, *others: object) -> str:
        made.append(name)
        return f"# {name}\n"

    def build(stale: bool = False) -> list[str]:
        made.clear()
        texts.update(offered(source, stale=stale)[0])
        return [*made]

    monkeypatch.setattr(copying, "standalone", standalone)
    assert build() == ["pkg.a", "pkg.b"]
    before = {**texts}
    assert build() == []
    assert texts == before
    # What another module takes over from a changed one is made anew, too.
    (source / "a.py").write_text("x = 2\n")
    assert build() == ["pkg.a", "pkg.b"]
    # Another ruff may lay out all of it in another way.
    monkeypatch.setattr(copying, "formatter", lambda: "another")
    assert build() == ["pkg.a", "pkg.b"]
    # A preview makes only what was changed itself, and the next build the rest.
    (source / "a.py").write_text("x = 3\n")
    assert build(stale=True) == ["pkg.a"]
    assert build() == ["pkg.b"]
