"""A folder becomes a book: which modules are chapters, and where they lie."""

from pathlib import Path

import pytest

from labml_style_nn.weave.book import Book
from labml_style_nn.weave.names import Target

SOURCES = {
    "__init__.py": '"""# Package"""\n',
    "silent.py": "a = 1\n",
    "deep/gelu.py": '"""# GELU"""\n\n\nclass GELU:\n    """It bends."""\n',
    "deep/secret.py": '"""# Secret"""\n',
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    for name, text in SOURCES.items():
        path = tmp_path / "pkg" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "pkg"


def test_a_module_with_prose_is_a_chapter(package: Path) -> None:
    book = Book()
    book.read(package, exclude=["*/secret.py"])
    assert list(book.chapters) == ["index.md", "deep/gelu.md"]
    gelu = book.chapters["deep/gelu.md"]
    assert (gelu.name, gelu.download) == ("pkg.deep.gelu", "deep/gelu.py")
    assert gelu.module.path == "pkg/deep/gelu.py"
    assert book.desk.names.find("GELU") == Target(
        "pkg.deep.gelu.GELU", "deep/gelu.md", "GELU"
    )


def test_a_page_written_by_hand_comes_first(package: Path) -> None:
    book = Book()
    book.read(package, taken=["index.md"])
    assert "index.md" not in book.chapters


@pytest.mark.parametrize(
    ("directory_urls", "page", "target", "href"),
    [
        (True, "layers/gelu.md", Target("", "layers/mlp.md", "MLP"), "../mlp/#MLP"),
        (True, "layers/gelu.md", Target("", "layers/gelu.md", "GELU"), "#GELU"),
        (True, "layers/gelu.md", Target("", "layers/gelu.md", ""), "./"),
        (True, "layers/gelu.md", Target("", "layers/index.md", ""), "../"),
        (True, "layers/gelu.md", Target("", "index.md", ""), "../../"),
        (True, "index.md", Target("", "layers/gelu.md", ""), "layers/gelu/"),
        (True, "index.md", Target("", "index.md", ""), "./"),
        (False, "layers/gelu.md", Target("", "layers/mlp.md", "M"), "mlp.html#M"),
        (False, "layers/gelu.md", Target("", "index.md", ""), "../index.html"),
    ],
)
def test_a_link_leads_from_page_to_page(
    directory_urls: bool, page: str, target: Target, href: str
) -> None:
    assert Book(directory_urls).href(target, page) == href


def test_a_file_is_linked_from_where_the_page_is_published() -> None:
    assert Book(True).link("layers/gelu.py", "layers/gelu.md") == "../gelu.py"
    assert Book(False).link("layers/gelu.py", "layers/gelu.md") == "gelu.py"
