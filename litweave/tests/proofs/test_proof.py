"""A proof program is run, remembered, believed in nothing, and shown."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag

from litweave import words
from litweave.book import Book
from litweave.features.proofs import panel
from litweave.features.proofs.proof import ProofError, prove
from support import build_here

CASE = {"of": "here", "found": "3", "expected": "3", "holds": True}
CHECK = {
    "rule": "equal to",
    "against": "the formula",
    "quoted": False,
    "note": "",
    "formula": "a b",
    "cases": [CASE],
}
FACT = {"label": "Parameters", "value": "3", "of": "here", "checks": [CHECK]}
PAGE_SAID: dict[str, Any] = {
    "name": "pkg.norm",
    "date": "2026-11-24",
    "facts": [FACT],
    "error": "",
}
PLAN: dict[str, Any] = {
    "format": 2,
    "versions": {"Python": "3.11.9", "PyTorch": "2.13.0"},
    "pages": {"pkg.norm": []},
    "sources": [],
    "data": [],
}
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
    package = tmp_path / "pkg"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "norm.py").write_text(PAGE)

    def write(said: list[object], code: int = 0, error: str = "") -> Path:
        text = "\n".join(map(json.dumps, said))
        (tmp_path / "proofs.py").write_text(
            f"import sys\nopen('runs', 'a').write('x')\nprint({text!r})\n"
            f"print({error!r}, file=sys.stderr)\nsys.exit({code})\n"
        )
        return tmp_path

    return write


def runs(folder: Path) -> int:
    return len((folder / "runs").read_text())


def enriched(folder: Path) -> Book:
    book = Book()
    book.read(folder / "pkg")
    cache = folder / "cache" / "proofs"
    panel.show(book, "proofs", lambda: prove("proofs", folder, cache))
    return book


def panel_of(book: Book) -> Tag:
    (html,) = book.chapters["norm.md"].overlay.panels
    panel = BeautifulSoup(words.said(html), "html.parser").section
    assert panel
    return panel


# ## Running and remembering


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
    package = tmp_path / "pkg"
    package.mkdir()
    for name in ("__init__", "base", "unused", "about_norm", "about_skip"):
        (package / f"{name}.py").write_text(f"name = {name!r}\n")
    (package / "norm.py").write_text(PAGE + "from pkg import base\n")
    (package / "skip.py").write_text(PAGE)
    (tmp_path / "data.json").write_text("1")
    write_program(tmp_path)
    return tmp_path


def write_program(folder: Path, middle: str = "pass") -> None:
    pages = {"pkg.norm": ["pkg.about_norm"], "pkg.skip": ["pkg.about_skip"]}
    plan = {**PLAN, "pages": pages, "sources": [str(folder / "pkg")]}
    plan["data"] = [str(folder / "data.json")]
    text = LONG.format(plan=plan, middle=middle, page=PAGE_SAID)
    (folder / "proofs.py").write_text(text)


def proved(folder: Path) -> list[str]:
    """Prove the pages; for each run of the program, the pages it was told to leave."""
    before = (folder / "runs").read_text() if (folder / "runs").exists() else ""
    proofs = prove("proofs", folder, folder / "cache")
    assert proofs.pages.keys() == {"pkg.norm", "pkg.skip"}
    return (folder / "runs").read_text().removeprefix(before).splitlines()


@pytest.mark.parametrize(
    ("file", "text", "asked"),
    [
        ("pkg/norm.py", PAGE + "from pkg import base\n\n# A word.\n", ["pkg.skip"]),
        ("pkg/base.py", "name = 1\n", ["pkg.skip"]),
        ("pkg/base.py", "# Words.\nname = 'base'\n", []),
        ("pkg/about_skip.py", "name = 1\n", ["pkg.norm"]),
        ("data.json", "2", [""]),
        # What no page needs decides at most which pages there are.
        ("pkg/unused.py", "name = 1\n", ["pkg.norm pkg.skip"]),
        ("site/torch-9.9.dist-info", "", [""]),
    ],
)
def test_a_page_is_proved_again_when_what_it_depends_on_changes(
    file: str,
    text: str,
    asked: list[str],
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (project / "site").mkdir()
    monkeypatch.syspath_prepend(str(project / "site"))
    assert proved(project) == [""]
    assert proved(project) == []
    (project / file).write_text(text)
    assert proved(project) == asked
    assert proved(project) == []


def test_what_was_proved_before_the_program_died_is_kept(project: Path) -> None:
    dies = "if name == 'pkg.skip': import os; os._exit(9)"
    write_program(project, dies)
    with pytest.raises(ProofError, match="ended Python with status 9"):
        proved(project)
    write_program(project)
    assert proved(project) == ["pkg.norm"]


def test_a_preview_shows_what_was_proved_last(project: Path) -> None:
    proved(project)
    (project / "pkg" / "norm.py").write_text("changed = 1\n")
    prove("proofs", project, project / "cache", stale=True)
    assert len((project / "runs").read_text().splitlines()) == 1


def test_what_does_not_hold_is_not_remembered(say: Say) -> None:
    wrong = {**CASE, "found": "4", "holds": False}
    folder = say(answer({**CHECK, "cases": [wrong]}), code=1)
    for number in (1, 2):
        prove("proofs", folder, folder / "cache")
        assert runs(folder) == number


@pytest.mark.parametrize("text", ["", "{", "[]", '{"key": 1}', '{"said": {}}'])
@pytest.mark.parametrize("name", ["plan", "pkg.norm"])
def test_a_cache_that_cannot_be_read_is_none(name: str, text: str, say: Say) -> None:
    folder = say(ANSWER)
    prove("proofs", folder, folder / "cache")
    (folder / "cache" / f"{name}.json").write_text(text)
    assert prove("proofs", folder, folder / "cache").pages


@pytest.mark.parametrize(
    ("said", "code", "message"),
    [
        (["no JSON"], 0, r"printed no proofs: KeyError\('format'\)"),
        ([], 3, r"ended Python with status 3:\nno module named torch"),
        (ANSWER, 1, "ended Python with status 1"),
        ([PLAN], 0, "printed no proofs: .*nothing of pkg.norm"),
        ([{**PLAN, "format": 1}], 0, "the format is 1, not 2"),
        ([PLAN, {**PAGE_SAID, "date": "today"}], 0, "printed no proofs: ValueError"),
        ([{"format": 2}], 0, r"printed no proofs: KeyError\('versions'\)"),
        ([PLAN, {**PAGE_SAID, "facts": [{}]}], 0, r"KeyError\('label'\)"),
        ([PLAN, {**PAGE_SAID, "facts": [3]}], 0, "TypeError"),
    ],
)
def test_a_program_that_proves_nothing_is_refused(
    said: list[object], code: int, message: str, say: Say
) -> None:
    folder = say(said, code, "no module named torch")
    with pytest.raises(ProofError, match=message):
        prove("proofs", folder, folder / "cache" / "other")
    (problem,) = enriched(folder).context.diagnostics.found
    assert str(problem).startswith("proofs:1: python -m proofs ")


# ## What is wrong


def test_what_does_not_hold_is_a_problem_with_both_numbers(say: Say) -> None:
    wrong = {**CASE, "found": "4", "holds": False}
    book = enriched(say(answer({**CHECK, "cases": [CASE, wrong]}), code=1))
    assert str(book.context.diagnostics) == (
        "pkg/norm.py:1: not proved: Parameters, here: got 4, expected 3 "
        "(equal to the formula)"
    )
    panel = panel_of(book)
    details = panel.details
    assert details
    assert details.has_attr("open")
    assert "✗ does not hold" in details.get_text()
    assert "here: got 4, expected 3" in details.get_text()
    assert "✓" not in details.get_text()


def test_an_error_is_a_problem_and_is_shown(say: Say) -> None:
    book = enriched(say(answer(CHECK, error="ValueError: no <shape>"), code=1))
    assert "pkg/norm.py:1: not proved: ValueError: no <shape>" in str(
        book.context.diagnostics
    )
    assert "Not proved: ValueError: no <shape>" in panel_of(book).get_text()


@pytest.mark.parametrize("holds", ["yes", 1, None])
def test_only_true_holds(holds: object, say: Say) -> None:
    book = enriched(say(answer({**CHECK, "cases": [{**CASE, "holds": holds}]})))
    assert "not proved" in str(book.context.diagnostics)


def test_a_page_says_what_differs_from_the_paper(say: Say) -> None:
    folder = say(ANSWER)
    (folder / "pkg" / "norm.py").write_text('"""# The norm"""\n')
    assert "pkg/norm.py:1: a page with a proof says under “## What differs" in str(
        enriched(folder).context.diagnostics
    )


def test_a_page_without_a_proof_has_no_panel(say: Say) -> None:
    folder = say(ANSWER)
    (folder / "pkg" / "other.py").write_text('"""# Other"""\n')
    book = enriched(folder)
    assert book.chapters["other.md"].overlay.panels == []
    assert not book.context.diagnostics.found


# ## What is shown


def test_a_fact_shows_its_figure_and_what_it_was_held_against(say: Say) -> None:
    book = enriched(say(ANSWER))
    panel = panel_of(book)
    assert [formula.tex for formula in book.context.formulas.numbers] == ["a b"]
    summary = panel.summary
    assert summary
    assert " ".join(summary.get_text().split()) == (
        "Parameters 3 Here: ✓ equal to the formula"
    )
    assert "Computed on 24 November 2026 with Python 3.11.9 and PyTorch 2.13.0." in (
        panel.get_text()
    )
    assert "Quoted" not in panel.get_text()


@pytest.mark.parametrize("checks", [[], [{**CHECK, "cases": []}]])
def test_a_number_that_was_compared_with_nothing_has_no_tick(
    checks: list[dict[str, Any]], say: Say
) -> None:
    text = panel_of(enriched(say(answer(*checks)))).get_text()
    assert "✓" not in text
    assert checks or "there is nothing to compare it with" in text


def test_a_quoted_number_says_so(say: Say) -> None:
    quoted = {**CHECK, "against": "Table 1", "quoted": True, "note": "rounded"}
    quoted["formula"] = ""
    text = panel_of(enriched(say(answer(CHECK, quoted)))).get_text()
    assert "equal to Table 1 (rounded, quoted)" in text
    assert "Quoted numbers were published by others" in text
    assert "equal to the formula, Table 1" in text


def test_several_cases_are_a_table(say: Say) -> None:
    cases = [{**CASE, "of": name} for name in ("small", "large")]
    quoted = {**CHECK, "quoted": True, "against": "Table 1", "cases": cases[:1]}
    panel = panel_of(enriched(say(answer({**CHECK, "cases": cases}, quoted))))
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
plugins:
  - litweave: {source: pkg, proofs: proofs, cache: cache}
"""


def test_a_check_that_does_not_hold_fails_the_build(say: Say, katex: Path) -> None:
    folder = say(ANSWER)
    (folder / "mkdocs.yml").write_text(CONFIG)
    (folder / "docs").mkdir()
    # KaTeX is there already.
    (folder / "cache").mkdir()
    (folder / "cache" / katex.parent.parent.name).symlink_to(katex.parent.parent)
    result = build_here(folder)
    assert result.returncode == 0, result.stderr
    html = (folder / "site" / "norm" / "index.html").read_text()
    page = BeautifulSoup(html, "html.parser")
    text = " ".join(page.select(".weave-proof")[0].get_text().split())
    assert "Differs from the paper Computed on" in text
    (link,) = page.select(".weave-differs a")
    assert page.select(str(link["href"]))
    assert page.select(".weave-proof math")

    wrong = {**CASE, "found": "4", "holds": False}
    say(answer({**CHECK, "cases": [wrong]}), code=1)
    (folder / "cache" / "proofs" / "pkg.norm.json").unlink()
    result = build_here(folder)
    assert result.returncode != 0
    message = "pkg/norm.py:1: not proved: Parameters, here: got 4, expected 3"
    assert message in result.stderr
