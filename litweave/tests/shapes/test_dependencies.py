"""The sources that a result depends on, found by reading."""

from pathlib import Path

from litweave.dependencies import Dependencies
from support import write_files


def files(folder: Path, **sources: str) -> list[str]:
    """What `pkg.a` depends on, if these are the sources."""
    package = folder / "pkg"
    texts = {f"{name.replace('_in_', '/')}.py": text for name, text in sources.items()}
    write_files(package, texts)
    for name in texts:
        (package / name).with_name("__init__.py").touch()
    found = Dependencies().of("pkg.a", package / "a.py")
    return [path.relative_to(package).as_posix() for path in found]


def test_imports_are_followed_in_every_form(tmp_path: Path) -> None:
    assert files(tmp_path, a="import os, torch\n", b="") == ["a.py"]
    found = files(
        tmp_path,
        a="import pkg.b\nfrom pkg import c\nfrom . import d\nfrom .sub.e import x\n",
        b="def f():\n    from .sub import f\n",
        **dict.fromkeys(("c", "d", "g", "sub_in_f", "unused"), ""),
        sub_in_e="from .. import a\nfrom ..g import y\n",
    )
    names = ["a", "b", "c", "d", "g", "sub/__init__", "sub/e", "sub/f"]
    assert found == ["__init__.py", *(f"{name}.py" for name in names)]


def test_what_lies_side_by_side_where_imports_begin_counts(tmp_path: Path) -> None:
    sources = {
        "a.py": "import b, c.d\n",
        "b.py": "import e\n",
        "c/d.py": "",
        "e.py": "",
    }
    path = write_files(tmp_path, sources) / "a.py"
    found = Dependencies(beside={tmp_path}).of("a", path)
    assert [file.relative_to(tmp_path).as_posix() for file in found] == [*sources]
    assert Dependencies().of("a", path) == [path]


def test_what_a_package_imports_counts_with_it(tmp_path: Path) -> None:
    files(tmp_path, a="from pkg import sub\n", sub_in_b="", sub_in_c="")
    (tmp_path / "pkg" / "sub" / "__init__.py").write_text("from . import b\n")
    found = files(tmp_path)
    assert found == ["__init__.py", "a.py", "sub/__init__.py", "sub/b.py"]


def test_examples_count_for_the_module_that_has_them(tmp_path: Path) -> None:
    example = '"""\n>>> from pkg.{0} import x\n>>> broken (\n"""\n'
    found = files(tmp_path, a=example.format("b"), b=example.format("c"), c="")
    assert found == ["__init__.py", "a.py", "b.py"]
    # A source that is not Python imports nothing.
    assert files(tmp_path, a="from pkg import b\n", b="import (\n") == found
