"""Papers: read from BibTeX, shown where a page links to them, and missed."""

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from litweave.book import Book
from litweave.diagnostics import Diagnostics
from litweave.features import papers
from litweave.features.papers import Work, read
from litweave.words import said
from support import read_book, write_files

ARXIV = "https://arxiv.org/abs/2105.01601"
JMLR = "https://jmlr.org/papers/v15/srivastava14a.html"
BIB = r"""% A comment.
@inproceedings{mixer,
  title     = {{MLP-Mixer}: An all-{MLP} <Architecture>},
  author    = {Tolstikhin, Ilya O. and Houlsby, Neil and {\L}ukasz Kaiser and
               van den Oord, A{\"a}ron and Dosovitskiy, Alexey},
  booktitle = {Advances \& Such},
  year      = 2021,
  eprint    = {2105.01601},
}

@article{dropout, title = {Dropout}, journal = {JMLR}, year = {2014},
  author = {Srivastava, Nitish and Hinton, Geoffrey},
  url = {https://jmlr.org/papers/v15/srivastava14a.html}}

@misc{odd, title = {T}, author = {A}, year = 1, url = {https://a.org/~b%20c_d?e&f}}

@misc{nowhere, title = {T}, author = {A. Lone}, year = {1999}}
"""


@pytest.fixture
def bib(tmp_path: Path) -> Path:
    return write_files(tmp_path, {"papers.bib": BIB}) / "papers.bib"


def book(folder: Path, prose: str) -> Book:
    files = {"page.py": f'"""# Page\n\n{prose}\n"""\n'}
    book = read_book(write_files(folder / "pkg", files))
    papers.cite(book, folder / "papers.bib")
    return book


def panels(book: Book) -> list[str]:
    return [*map(said, book.chapters["page.md"].overlay.endnotes)]


# ## The file


def test_an_entry_is_read_in_words_and_kept_as_it_is_written(bib: Path) -> None:
    diagnostics = Diagnostics()
    works = read(bib, diagnostics)
    assert not diagnostics.found
    assert list(works) == [ARXIV, JMLR, "https://a.org/~b%20c_d?e&f"]
    mixer = works[ARXIV]
    assert ", ".join(mixer.authors) == (
        "Ilya O. Tolstikhin, Neil Houlsby, Łukasz Kaiser, Aäron van den Oord, "
        "Alexey Dosovitskiy"
    )
    assert mixer.title == "MLP-Mixer: An all-MLP <Architecture>"
    assert (mixer.venue, mixer.year) == ("Advances & Such", "2021")
    assert mixer.link == "arXiv:2105.01601"
    assert mixer.bibtex in BIB
    assert mixer.bibtex.startswith("@inproceedings{mixer,")
    assert mixer.bibtex.endswith("}")


UNREADABLE = "this entry cannot be read"
TWICE = "@misc{a, title={X}, author={A}, year={1}}\n@misc{a, title={Y}}"
MISTAKES = {
    "\n\n@misc{a,\n  title = {X\n": f"3: {UNREADABLE}",
    TWICE: f"2: {UNREADABLE}: Duplicate entry key 'a'",
    "\n@misc{a, title={X}, title={Y}}": f"2: {UNREADABLE}",
    "@misc{a, title={X}}": "1: “a” has no author and no year",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_in_the_file_is_a_problem_with_its_line(text: str, bib: Path) -> None:
    bib.write_text(text)
    diagnostics = Diagnostics()
    read(bib, diagnostics)
    assert f"papers.bib:{MISTAKES[text]}" in str(diagnostics)


# ## The pages


LINKS = f"""[paper]({ARXIV}) | [a]\n\n[a]: {ARXIV} | <{ARXIV}v4>
| https://arxiv.org/pdf/2105.01601.pdf. | http://arxiv.org/abs/2105.01601"""


@pytest.mark.parametrize("link", LINKS.split("|"))
def test_a_link_to_arxiv_brings_the_entry(link: str, bib: Path) -> None:
    found = book(bib.parent, link)
    assert not found.context.diagnostics.found
    (panel,) = panels(found)
    text = " ".join(BeautifulSoup(panel, "html.parser").get_text().split())
    assert text.startswith(
        "The paper Ilya O. Tolstikhin, Neil Houlsby, Łukasz Kaiser and 2 others. "
        "MLP-Mixer: An all-MLP <Architecture>. Advances & Such, 2021. arXiv:2105.01601"
    )


def test_papers_stand_in_the_order_of_the_prose_and_once(bib: Path) -> None:
    (panel,) = panels(book(bib.parent, f"{JMLR} a\n{ARXIV} b\n{JMLR}"))
    assert "Nitish Srivastava and Geoffrey Hinton. <cite>Dropout</cite>" in panel
    assert ">jmlr.org/papers/v15/srivastava14a.html</a>" in panel
    shown = BeautifulSoup(panel, "html.parser")
    titles = [cite.get_text() for cite in shown("cite")]
    assert titles == ["Dropout", "MLP-Mixer: An all-MLP <Architecture>"]
    assert "The papers" in panel
    # The BibTeX is that of the file.
    assert all(pre.get_text() in BIB for pre in shown("pre"))
    # A page without a paper has no panel.
    assert panels(book(bib.parent, "At https://arxiv.org/ or 2105.01601.")) == []


def test_a_link_without_an_entry_is_a_problem_with_its_line(bib: Path) -> None:
    found = book(bib.parent, "A.\nhttps://arxiv.org/abs/1607.06450 and cs/0112017")
    assert str(found.context.diagnostics) == (
        "pkg/page.py:4: arXiv:1607.06450 has no entry in papers.bib"
    )
    found = book(bib.parent, "https://arxiv.org/abs/cs/0112017")
    assert "arXiv:cs/0112017 has no entry" in str(found.context.diagnostics)


@pytest.mark.parametrize(
    "text", ["A.", "A and B.", "A, B, C and D.", "A, B, C and 2 others."]
)
def test_of_many_authors_three_are_named(text: str) -> None:
    authors = re.findall("[A-D]", text) + ["E", "F"] * text.endswith("others.")
    work = Work(tuple(authors), "T", "", "1", "https://a.org/b", "@misc{}")
    assert f"<p>{text} <cite>" in said(papers.panel([work]))
