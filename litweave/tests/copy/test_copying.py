"""What a copy says of where it comes from, what a page and the command give to take."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from litweave.cli import main
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
    source: Path, *site: str, exclude: str = "", **options: Any
) -> tuple[dict[str, str], str]:
    """The texts that a book brings, and the menu of `b`."""
    book = read_book(source, exclude.split())
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
    texts, _ = offered(source, "http://127.0.0.1:8000/", exclude="a.py")
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


# ## `litweave copy`: a module of a file or a folder, in three forms, on a quiet pipe

FILES = {
    "__init__.py": "one = 1\n",
    "pkg.py": "inner = 1\n",
    "a.py": "# -*- coding: latin-1 -*-\r\nx  =  'é'  # why\r\n",
    "b.py": "from .a import x\n\n\ndef f():\n    return x\n",
    "sub/a.py": "from ..b import *\n",
    "broken.py": "x = (\n",
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = write_files(tmp_path / "pkg", FILES)
    (folder / "a.py").write_bytes(FILES["a.py"].encode("latin-1"))
    return folder


Copy = Callable[..., tuple[int, str, str]]


@pytest.fixture
def copy(package: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> Copy:
    """The status of the command, and what it says on both streams."""

    def copy(where: str, *arguments: str) -> tuple[int, str, str]:
        status = main(["copy", str(package / where), *arguments])
        out, err = capsysbinary.readouterr()
        coding = "latin-1" if b"\xe9" in out else "utf-8"
        return status, out.decode(coding), err.decode()

    return copy


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        *(("a.py", FILES["a.py"]), ("a.py --clean", "x = 'é'\n")),
        # A module of a folder is meant by any end of its name.
        *((f". {name}", FILES["b.py"]) for name in ("b", "pkg.b", "pkg/b.py")),
        # A whole name is meant before the end of another.
        *((". pkg", FILES["__init__.py"]), (". pkg.pkg", FILES["pkg.py"])),
        (". --list", "pkg\npkg.a\npkg.b\npkg.pkg\npkg.sub.a\n"),
    ],
)
def test_a_module_is_copied_or_all_are_listed(
    arguments: str, text: str, copy: Copy
) -> None:
    status, out, err = copy(*arguments.split())
    assert (status, out) == (0, text)
    # Of a folder, what cannot be read is told.
    assert err[:18] == ("pkg/broken.py:1: '" if arguments[:2] == ". " else "")


def test_the_standalone_form_has_what_it_imports(package: Path, copy: Copy) -> None:
    project = {"LICENSE": "Free.\n", "pyproject.toml": '[project]\nname = "n"\n'}
    write_files(package.parent, project)
    for arguments in (["b.py"], [".", "b"]):
        status, out, _ = copy(*arguments, "--standalone")
        assert status == 0
        assert out == (
            "# pkg.b, with all it needs, in one file.\n# From n.\n#\n# Free.\n\n"
            '"""pkg.b."""\n\nx = \'é\'\n\n\ndef f():\n    return x\n'
        )


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ("bb", 2, "nothing is named “bb”; did you mean “b”? (copy --list"),
        ("a", 2, "“a” could be “pkg.a”, “pkg.sub.a”: write more of the name"),
        ("", 2, "MODULE says which module is meant"),
        ("broken", 2, "pkg/broken.py:1: "),
        ("sub.a --standalone", 1, "pkg/sub/a.py:1: a star import"),
    ],
)
def test_what_cannot_be_copied_is_told(
    arguments: str, status: int, message: str, copy: Copy
) -> None:
    found, out, err = copy(".", *arguments.split())
    assert (found, out) == (status, "")
    assert message in err


def test_a_closed_pipe_is_quiet(package: Path) -> None:
    # More than a pipe holds.
    (package / "b.py").write_text(f"x = '{'x' * 300_000}'\n")
    command = f"{sys.executable} -m litweave copy {package / 'b.py'}"
    result = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command} | true"], capture_output=True
    )
    assert (result.returncode, result.stderr) == (0, b"")
