"""Panels: a proof program is run, remembered, believed in nothing; papers are read."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag

from litweave.book import Book
from litweave.cache import Folder
from litweave.diagnostics import Diagnostics
from litweave.features import papers, proofs
from litweave.features.papers import read
from litweave.features.proofs import prove
from litweave.process import ChildError
from litweave.words import said
from support import build_here, cache_of, read_book, write_files

CASE = {"of": "here", "found": "3", "expected": "3", "holds": True}
WRONG = {**CASE, "found": "4", "holds": False}
CHECK = {"rule": "equal to", "against": "the formula", "quoted": False, "note": ""}
CHECK |= {"formula": "a b", "cases": [CASE]}
QUOTED = {**CHECK, "against": "Table 1", "quoted": True, "note": "rounded"}
FACT = {"label": "Parameters", "value": "3", "of": "here", "checks": [CHECK]}
PAGE_SAID: dict[str, Any] = {"name": "pkg.norm", "date": "2026-11-24"}
PAGE_SAID |= {"facts": [FACT], "error": ""}
PLAN: dict[str, Any] = {"format": 2, "pages": {"pkg.norm": []}}
PLAN |= {"versions": {"Python": "3.11.9", "PyTorch": "2.13.0"}}
PLAN |= {"sources": [], "data": []}
ANSWER = [PLAN, {"begins": "pkg.norm"}, PAGE_SAID]
PAGE = '''r"""# The norm

## What differs from the paper

Nothing. It is the same.
"""

size = 3
'''


def answer(*checks: dict[str, Any], error: str = "") -> list[dict[str, Any]]:
    """An answer about one page: a fact with these checks."""
    fact = {**FACT, "checks": list(checks)}
    return [PLAN, {**PAGE_SAID, "facts": [fact], "error": error}]


Say = Callable[..., Path]


@pytest.fixture
def say(tmp_path: Path) -> Say:
    """Write a program that prints an answer, and notes in `runs` that it ran."""
    write_files(tmp_path, {"pkg/__init__.py": "", "pkg/norm.py": PAGE})

    def write(said: list[object], code: int = 0, error: str = "") -> Path:
        text = "\n".join(map(json.dumps, said))
        program = (
            f"import sys\nopen('runs', 'a').write('x')\nprint({text!r})\n"
            f"print({error!r}, file=sys.stderr)\nsys.exit({code})\n"
        )
        return write_files(tmp_path, {"proofs.py": program})

    return write


def enriched(folder: Path) -> Book:
    book, cache = read_book(folder / "pkg"), folder / "cache" / "proofs"
    proofs.show(book, "proofs", lambda: prove("proofs", folder, cache))
    return book


def panel_of(book: Book) -> Tag:
    (html,) = book.chapters["norm.md"].overlay.panels
    panel = BeautifulSoup(said(html), "html.parser").section
    assert panel
    return panel


# ## Running and remembering

PAGES = {"pkg.norm": ["pkg.about_norm"], "pkg.skip": ["pkg.about_skip"]}
MODULES = ("__init__", "base", "unused", "about_norm", "about_skip")
LONG = """
import json, sys
plan = {plan}
known = sys.argv[3:]
open("runs", "a").write(f"{{' '.join(known)}}\\n")
print(json.dumps(plan))
for name in plan["pages"]:
    if name not in known:
        print(json.dumps({{"begins": name}}), flush=True)
        {middle}
        print(json.dumps({{**{page}, "name": name}}), flush=True)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A package with two pages, each with its prover, and what the pages import."""
    files = {f"pkg/{name}.py": f"name = {name!r}\n" for name in MODULES}
    files |= {"pkg/norm.py": PAGE + "from pkg import base\n", "pkg/skip.py": PAGE}
    write_files(tmp_path, {**files, "data.json": "1"})
    write_program(tmp_path)
    return tmp_path


def write_program(folder: Path, middle: str = "pass") -> None:
    files = {"sources": [str(folder / "pkg")], "data": [str(folder / "data.json")]}
    plan = {**PLAN, "pages": PAGES, **files}
    text = LONG.format(plan=plan, middle=middle, page=PAGE_SAID)
    (folder / "proofs.py").write_text(text)


def proved(folder: Path, stale: bool = False) -> list[str]:
    """Prove the pages; for each run of the program, the pages it was told to leave."""
    (folder / "runs").write_text("")
    found = prove("proofs", folder, folder / "cache", stale=stale)
    assert found.keys() == PAGES.keys()
    return (folder / "runs").read_text().splitlines()


def test_a_page_is_proved_again_when_what_it_depends_on_changes(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(project / "site"))
    assert proved(project) == [""]
    for file, text, asked in (
        ("pkg/norm.py", PAGE + "from pkg import base\n\n# A word.\n", ["pkg.skip"]),
        ("pkg/base.py", "name = 1\n", ["pkg.skip"]),
        ("pkg/base.py", "# Words.\nname = 1\n", []),
        ("pkg/about_skip.py", "name = 1\n", ["pkg.norm"]),
        ("data.json", "2", [""]),
        # What no page needs decides at most which pages there are.
        ("pkg/unused.py", "name = 1\n", ["pkg.norm pkg.skip"]),
        ("site/torch-9.9.dist-info/RECORD", "", [""]),
    ):
        write_files(project, {file: text})
        # A preview shows what was proved last.
        assert proved(project, stale=True) == []
        assert proved(project) == asked, file


def test_what_was_proved_before_the_program_died_is_kept(project: Path) -> None:
    write_program(project, "if name == 'pkg.skip': import os; os._exit(9)")
    with pytest.raises(ChildError, match="ended with status 9"):
        proved(project)
    write_program(project)
    assert proved(project) == ["pkg.norm"]


@pytest.mark.parametrize("name", ["plan", "pkg.norm"])
def test_a_cache_of_another_form_is_none(name: str, say: Say) -> None:
    folder = say(ANSWER)
    for stale in (False, True):
        (folder / "runs").write_text("")
        Folder(folder / "cache").keep(name, {"other": 1})
        assert prove("proofs", folder, folder / "cache", stale=stale)
        assert (folder / "runs").read_text() == "x"


@pytest.mark.parametrize(
    ("said", "code", "message"),
    [
        (["no JSON"], 0, r"printed no proofs: KeyError\('format'\)"),
        ([], 3, r"ended with status 3:\nno module named torch"),
        (ANSWER, 1, "ended with status 1"),
        ([PLAN], 0, "printed no proofs: .*nothing of pkg.norm"),
        ([{**PLAN, "format": 1}], 0, "the format is 1, not 2"),
        ([PLAN, {**PAGE_SAID, "date": "today"}], 0, "printed no proofs: ValueError"),
        ([{"format": 2}], 0, r"printed no proofs: KeyError\('data'\)"),
        ([{**PLAN, "pages": ["pkg.norm"]}], 0, "printed no proofs: AttributeError"),
        ([PLAN, {**PAGE_SAID, "facts": [{}]}], 0, r"KeyError\('checks'\)"),
        ([PLAN, {**PAGE_SAID, "facts": [3]}], 0, "TypeError"),
        ([PLAN, {**PAGE_SAID, "facts": [{"checks": []}]}], 0, "no attribute 'label'"),
    ],
)
def test_a_program_that_proves_nothing_is_refused(
    said: list[object], code: int, message: str, say: Say
) -> None:
    book = enriched(say(said, code, "no module named torch"))
    (problem,) = book.context.diagnostics.found
    assert str(problem).startswith("proofs:1: python -m proofs ")
    assert re.search(message, problem.message)


def test_what_does_not_hold_is_a_problem_with_both_numbers(say: Say) -> None:
    folder = say(answer({**CHECK, "cases": [CASE, WRONG]}), code=1)
    for runs in ("x", "xx"):
        book = enriched(folder)
        assert (folder / "runs").read_text() == runs, "it is not kept"
    assert str(book.context.diagnostics) == (
        "pkg/norm.py:1: not proved: Parameters, here: got 4, expected 3 "
        "(equal to the formula)"
    )
    [details] = panel_of(book).select("details[open]")
    assert "✗ does not hold" in details.get_text()
    assert "✓" not in details.get_text()
    said = "Not proved: Parameters, here: got 4, expected 3 (equal to the formula)"
    assert said in panel_of(book).get_text()


def test_an_error_is_a_problem_and_is_shown_and_only_true_holds(say: Say) -> None:
    cases = [{**CASE, "of": str(n), "holds": n} for n in ("yes", 1, None)]
    said = answer({**CHECK, "cases": cases}, error="ValueError: no <shape>")
    book = enriched(say(said, code=1))
    problems = [str(problem) for problem in book.context.diagnostics.found]
    assert "pkg/norm.py:1: not proved: ValueError: no <shape>" in problems
    assert len(problems) == 4
    assert "Not proved: ValueError: no <shape>" in panel_of(book).get_text()


def test_a_page_with_a_proof_says_what_differs_from_the_paper(say: Say) -> None:
    folder = say(ANSWER)
    for name in ("norm", "other"):
        (folder / f"pkg/{name}.py").write_text(f'"""# The {name}"""\n')
    book = enriched(folder)
    [problem] = map(str, book.context.diagnostics.found)
    said = "pkg/norm.py:1: a page with a proof says under “## What differs"
    assert problem.startswith(said)
    assert book.chapters["other.md"].overlay.panels == []


COMPUTED = "Computed on 24 November 2026 with Python 3.11.9 and PyTorch 2.13.0."
BOTH = ["equal to Table 1 (rounded, quoted)", "equal to the formula, Table 1"]
OTHERS = "Quoted numbers were published by others"
# What a number was compared with, and what the panel says, and does not say.
COMPARED: list[tuple[list[dict[str, Any]], list[str], str]] = [
    ([CHECK], ["Parameters 3 Here: ✓ equal to the formula", COMPUTED], "Quoted"),
    ([CHECK, {**QUOTED, "formula": ""}], [*BOTH, OTHERS], "✗"),
    ([], ["there is nothing to compare it with"], "✓"),
    ([{**CHECK, "cases": []}], [], "✓"),
]


@pytest.mark.parametrize("number", range(len(COMPARED)))
def test_a_fact_shows_what_it_was_held_against(number: int, say: Say) -> None:
    checks, there, absent = COMPARED[number]
    book = enriched(say(answer(*checks)))
    assert not book.context.diagnostics.found
    formulas = [formula.tex for formula in book.context.formulas.numbers]
    assert formulas == ["a b"] * bool(checks)
    text = " ".join(panel_of(book).get_text().split())
    assert [words for words in there if words not in text] == []
    assert absent not in text


def test_several_cases_are_a_table(say: Say) -> None:
    cases = [{**CASE, "of": name} for name in ("small", "large")]
    checks = {**CHECK, "cases": cases}, {**QUOTED, "cases": cases[:1]}
    panel = panel_of(enriched(say(answer(*checks))))
    rows = [[c.get_text() for c in r.find_all(["th", "td"])] for r in panel("tr")]
    assert rows == [["", "here", "Table 1"], ["small", "3", "3"], ["large", "3", "–"]]


def test_nothing_that_a_program_says_is_html(say: Say) -> None:
    bad = "<script>alert(1)</script>"
    case = {"of": bad, "found": bad, "expected": bad, "holds": True}
    check = {**CHECK, "rule": bad, "against": bad, "note": bad, "cases": [case, case]}
    fact = {"label": bad, "value": bad, "of": bad, "checks": [check]}
    page = {**PAGE_SAID, "facts": [fact], "error": bad}
    panel = panel_of(enriched(say([{**PLAN, "versions": {bad: bad}}, page], code=1)))
    assert not panel("script")


# ## A whole site

CONFIG = """
site_name: Small
theme: {name: material, font: false}
plugins: [litweave: {source: pkg, proofs: proofs, cache: cache}]
"""


def test_a_check_that_does_not_hold_fails_the_build(say: Say, katex: Path) -> None:
    folder = say(answer({**CHECK, "cases": [WRONG]}))
    cache_of(folder)
    write_files(folder, {"mkdocs.yml": CONFIG, "docs/a.txt": ""})
    result = build_here(folder)
    assert result.returncode != 0
    message = "pkg/norm.py:1: not proved: Parameters, here: got 4, expected 3"
    assert message in result.stderr
    html = (folder / "site/norm/index.html").read_text()
    page = BeautifulSoup(html, "html.parser")
    (link,) = page.select(".weave-proof .weave-differs a")
    assert page.select(str(link["href"]))
    assert page.select(".weave-proof math")


# ## Papers: read from BibTeX, shown where a page links to them, and missed

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


def cited(bib: Path, prose: str) -> tuple[str, list[str]]:
    """What a page with this prose complains of, and its panels."""
    write_files(bib.parent, {"pkg/page.py": f'"""# Page\n\n{prose}\n"""\n'})
    book, settings = read_book(bib.parent / "pkg"), SimpleNamespace(bibliography=bib)
    site: Any = SimpleNamespace(book=book, settings=settings)
    papers.enrich(site)
    panels = [*map(said, book.chapters["page.md"].overlay.endnotes)]
    return str(book.context.diagnostics), panels


def test_an_entry_is_read_in_words_and_kept_as_it_is_written(bib: Path) -> None:
    diagnostics = Diagnostics()
    works = read(bib, diagnostics)
    assert not diagnostics.found
    assert list(works) == [ARXIV, JMLR, "https://a.org/~b%20c_d?e&f"]
    mixer = works[ARXIV]
    authors = "Łukasz Kaiser", "Aäron van den Oord", "Alexey Dosovitskiy"
    assert mixer["author"] == ["Ilya O. Tolstikhin", "Neil Houlsby", *authors]
    # It ends where it ends in the file.
    assert mixer.raw == BIB[BIB.index("@inproceedings") : BIB.index("\n\n@article")]


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
    read(bib, diagnostics := Diagnostics())
    assert f"papers.bib:{MISTAKES[text]}" in str(diagnostics)


LINKS = f"""[paper]({ARXIV}) | [a]\n\n[a]: {ARXIV} | <{ARXIV}v4>
| https://arxiv.org/pdf/2105.01601.pdf. | http://arxiv.org/abs/2105.01601"""


@pytest.mark.parametrize("link", LINKS.split("|"))
def test_a_link_to_arxiv_brings_the_entry(link: str, bib: Path) -> None:
    problems, (panel,) = cited(bib, link)
    assert problems == ""
    text = " ".join(BeautifulSoup(panel, "html.parser").get_text().split())
    assert text.startswith(
        "The paper Ilya O. Tolstikhin, Neil Houlsby, Łukasz Kaiser and 2 others. "
        "MLP-Mixer: An all-MLP <Architecture>. Advances & Such, 2021. arXiv:2105.01601"
    )


def test_papers_stand_in_the_order_of_the_prose_and_once(bib: Path) -> None:
    _, (panel,) = cited(bib, f"{JMLR} a\n{ARXIV} b\n{JMLR}")
    assert "Nitish Srivastava and Geoffrey Hinton. <cite>Dropout</cite>" in panel
    assert ">jmlr.org/papers/v15/srivastava14a.html</a>" in panel
    shown = BeautifulSoup(panel, "html.parser")
    titles = [cite.get_text() for cite in shown("cite")]
    assert titles == ["Dropout", "MLP-Mixer: An all-MLP <Architecture>"]
    assert "The papers" in panel
    # The BibTeX is that of the file.
    assert all(pre.get_text() in BIB for pre in shown("pre"))
    # A page without a paper has no panel.
    assert cited(bib, "At https://arxiv.org/ or 2105.01601.") == ("", [])


def test_a_link_without_an_entry_is_a_problem_with_its_line(bib: Path) -> None:
    problem = "pkg/page.py:4: arXiv:1607.06450 has no entry in papers.bib"
    site = "https://arxiv.org/abs"
    assert cited(bib, f"A.\n{site}/1607.06450 and cs/0112017")[0] == problem
    assert "arXiv:cs/0112017 has no entry" in cited(bib, f"{site}/cs/0112017")[0]


def test_of_many_authors_three_are_named(bib: Path) -> None:
    for text in ("A.", "A and B.", "A, B, C and D.", "A, B, C and 2 others."):
        names = re.findall("[A-D]", text) + ["E", "F"] * text.endswith("others.")
        entry = f"author={{{' and '.join(names)}}}, title={{T}}, year=1, eprint={{1.1}}"
        bib.write_text(f"@misc{{a, {entry}}}")
        _, (panel,) = cited(bib, "https://arxiv.org/abs/1.1")
        assert f"<p>{text} <cite>" in panel
