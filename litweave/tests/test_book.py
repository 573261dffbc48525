"""A folder becomes a book: which modules are chapters, and where they lie."""

from pathlib import Path

import pytest

from litweave.book import SITE_MARK, Book
from litweave.names import Target
from litweave.settings import Settings
from litweave.site import Site
from litweave.words import said
from support import read_book, write_files

SOURCES = {
    "__init__.py": '"""# Package"""\n',
    "silent.py": '# Copyright of somebody.\n"""# Not silent"""\n',
    "empty.py": "\n",
    "deep/gelu.py": '"""# GELU"""\n\n\nclass GELU:\n    """It bends."""\n',
    "deep/secret.py": '"""# Secret"""\n',
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return write_files(tmp_path / "pkg", SOURCES)


def test_a_module_with_something_in_it_is_a_chapter_with_a_page(package: Path) -> None:
    # What is not the author's is none.
    names = ".hidden/a.py", "env/a.py", "site/a.py", "<b>.py", "build/lib/a.py"
    files = dict.fromkeys((*names, "index.py"), "x = 1\n")
    write_files(package, {**files, "env/pyvenv.cfg": "", f"site/{SITE_MARK}": ""})
    read = read_book(package, exclude=["*/secret.py"])
    # Each page has a place of its own, and one that is written by hand comes first.
    pages = {page: chapter.name for page, chapter in read.chapters.items()}
    inside = {"deep/gelu.md": "pkg.deep.gelu", "index_.md": "pkg.index"}
    assert pages == {"index.md": "pkg", **inside, "silent.md": "pkg.silent"}
    assert "index.md" not in read_book(package, taken=["index.md"]).chapters
    assert read.skipped == {
        "pkg/empty.py": "there is nothing in it",
        "pkg/<b>.py": "its name has a character that no address should have",
    }
    gelu = read.chapters["deep/gelu.md"]
    assert gelu.download == "deep/gelu.py"
    assert gelu.module.path == "pkg/deep/gelu.py"
    target = Target("pkg.deep.gelu.GELU", "deep/gelu.md", "GELU")
    assert read.context.names.find("GELU") == target
    # The contents tell the title of a module and not its licence.
    site = Site(Settings((package,)))
    site.book, site.contents = read, "index.md"
    silent = "<code>pkg.silent</code></a> Not silent</li>"
    assert silent in said(site.listed("index.md"))


def test_of_modules_of_one_name_the_first_is_a_page(tmp_path: Path) -> None:
    names = "a/util.py", "b/util.py", "b/x/__init__.py", "b/x.py"
    write_files(tmp_path, {name: f"name = '{name}'\n" for name in names})
    book = Book()
    for source in ("a", "b"):
        book.read(tmp_path / source, below=f"{source}/")
    pages = {page: c.module.lines[0] for page, c in book.chapters.items()}
    assert pages == {
        "a/util.md": "name = 'a/util.py'\n",
        "b/x/index.md": "name = 'b/x/__init__.py'\n",
    }
    assert str(book.context.diagnostics).splitlines() == [
        f"{name}:1: {other} is “{dotted}”, too, and Python imports only one "
        "(no page is made of it)"
        for name, other, dotted in (
            ("b/util.py", "a/util.py", "util"),
            ("b/x.py", "b/x/__init__.py", "x"),
        )
    ]


@pytest.mark.parametrize("source", [".", "gelu.py", "./gelu.py", "../deep", "../link"])
def test_names_begin_at_the_outermost_package(
    package: Path, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (package / "deep" / "__init__.py").write_text("")
    (package / "link").symlink_to("deep")
    monkeypatch.chdir(package / "deep")
    read = read_book(Path(source))
    [gelu] = [c for c in read.chapters.values() if c.download == "gelu.py"]
    # What is told of the folder by name is told of the folder that it is.
    assert Settings((Path(source),)).root == (package / "deep" / source).resolve()
    # A file alone is a book.
    assert gelu.page == ("index.md" if source.endswith(".py") else "gelu.md")
    assert gelu.name == "pkg.deep.gelu"
    assert gelu.path == package / "deep" / "gelu.py"
    folder = "" if source.endswith(".py") else "deep/"
    assert gelu.module.path == f"{folder}gelu.py"


@pytest.mark.parametrize(
    ("words", "name"),
    [
        # Nothing tells that it is more than a folder where imports begin.
        ("import src\nfrom src.elsewhere import x\n", "corp.vision.gelu"),
        ("import src.corp\n", "src.corp.vision.gelu"),
        ('"""\n>>> from src.corp.vision.gelu import GELU\n"""', "src.corp.vision.gelu"),
    ],
)
def test_a_folder_is_a_package_if_it_is_imported_as_one(
    tmp_path: Path, words: str, name: str
) -> None:
    files = {"vision/__init__.py": "", "vision/gelu.py": "x = 1\n", "module.py": words}
    # A dot in the name of a file parts no names.
    write_files(tmp_path / "src/corp", {**files, "v1.2/gelu.0.3.py": "x = 1\n"})
    read = read_book(tmp_path / "src")
    gelu = read.chapters["corp/vision/gelu.md"]
    assert (gelu.name, gelu.module.path) == (name, "src/corp/vision/gelu.py")
    dotted = name.replace("vision.gelu", "v1_2.gelu_0_3")
    assert read.chapters["corp/v1.2/gelu.0.3.md"].name == dotted


# Where a page lies, and where it leads.
HOME, GELU, TO = "index.md", "layers/gelu.md", "layers/mlp.md#MLP"


@pytest.mark.parametrize(
    ("urls", "page", "target", "href"),
    [
        (True, GELU, TO, "../mlp/#MLP"),
        (False, GELU, TO, "mlp.html#MLP"),
        (True, GELU, f"{GELU}#GELU", "#GELU"),
        (True, GELU, GELU, "./"),
        (True, GELU, "layers/index.md", "../"),
        (True, GELU, HOME, "../../"),
        (True, HOME, GELU, "layers/gelu/"),
        (True, HOME, HOME, "./"),
        (False, GELU, HOME, "../index.html"),
    ],
)
def test_a_link_leads_to_a_page(urls: bool, page: str, target: str, href: str) -> None:
    path, _, anchor = target.partition("#")
    assert Book(urls).href(Target("", path, anchor), page) == href
    # A file is linked from where the page is published.
    file = "../gelu.py" if urls else "gelu.py"
    assert Book(urls).link("layers/gelu.py", "layers/gelu.md") == file
