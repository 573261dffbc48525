"""A proof program is run, remembered, believed in nothing, and shown."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag

from labml_style_nn.weave.book import Book
from labml_style_nn.weave.enrich import Enrichment
from labml_style_nn.weave.evidence import proof_panel
from labml_style_nn.weave.evidence.proof import ProofError, prove
from tests.conftest import ROOT, build_here

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
ANSWER: dict[str, Any] = {
    "format": 1,
    "date": "2026-11-24",
    "versions": {"Python": "3.11.9", "PyTorch": "2.13.0"},
    "sources": [],
    "pages": {
        "pkg.norm": {
            "facts": [FACT],
            "tests": {"tests/test_norm.py": ["test_it_has_no_mean", "test_b"]},
            "error": "",
        }
    },
}
PAGE = '''r"""# The norm

## What differs from the paper

Nothing. It is the same.
"""

size = 3
'''


def answer(
    *checks: dict[str, Any], tests: object = None, error: str = ""
) -> dict[str, Any]:
    """An answer about one page: a fact with these checks."""
    fact = {**FACT, "checks": list(checks)}
    page = {"facts": [fact], "tests": tests, "error": error}
    return {**ANSWER, "pages": {"pkg.norm": page}}


Say = Callable[..., Path]


@pytest.fixture
def say(tmp_path: Path) -> Say:
    """Write a program that prints an answer, and notes in `runs` that it ran."""
    package = tmp_path / "pkg"
    package.mkdir()
    (package / "norm.py").write_text(PAGE)

    def write(said: object, code: int = 0, words: str = "") -> Path:
        text = said if isinstance(said, str) else json.dumps(said)
        (tmp_path / "proofs.py").write_text(
            f"import sys\nopen('runs', 'a').write('x')\nprint({text!r})\n"
            f"print({words!r}, file=sys.stderr)\nsys.exit({code})\n"
        )
        return tmp_path

    return write


def runs(folder: Path) -> int:
    return len((folder / "runs").read_text())


def enriched(folder: Path) -> Book:
    book = Book()
    book.read(folder / "pkg")
    cache = folder / "cache" / "p.json"
    proof_panel.enrich(book, "proofs", lambda: prove("proofs", folder, cache))
    return book


def panel_of(book: Book) -> Tag:
    (html,) = book.chapters["norm.md"].enrichment.panels
    panel = BeautifulSoup(html, "html.parser").section
    assert panel
    return panel


# ## Running and remembering


def test_a_program_is_run_once_while_its_sources_are_the_same(say: Say) -> None:
    folder = say({**ANSWER, "sources": []})
    source = folder / "layer.py"
    source.write_text("a = 1\n")
    say({**ANSWER, "sources": [str(source), str(folder / "pkg")]})
    cache = folder / "cache" / "proofs.json"
    first = prove("proofs", folder, cache)
    assert prove("proofs", folder, cache) == first
    assert runs(folder) == 1
    source.write_text("a = 2\n")
    prove("proofs", folder, cache)
    assert runs(folder) == 2
    (folder / "pkg" / "new.py").write_text("")
    prove("proofs", folder, cache)
    assert runs(folder) == 3
    (folder / "pkg" / "__pycache__").mkdir()
    (folder / "pkg" / "__pycache__" / "new.pyc").write_text("")
    prove("proofs", folder, cache)
    assert runs(folder) == 3


def test_another_set_of_packages_is_another_state(
    say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = say(ANSWER)
    cache = folder / "proofs.json"
    prove("proofs", folder, cache)
    (folder / "site" / "torch-9.9.dist-info").mkdir(parents=True)
    monkeypatch.syspath_prepend(str(folder / "site"))
    prove("proofs", folder, cache)
    assert runs(folder) == 2


def test_what_is_remembered_starts_no_process(
    say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = say(ANSWER)
    proofs = prove("proofs", folder, folder / "proofs.json")

    def fail(*_args: object, **_options: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "run", fail)
    assert prove("proofs", folder, folder / "proofs.json") == proofs


def test_a_preview_shows_what_was_proved_last(say: Say) -> None:
    folder = say({**ANSWER, "sources": ["pkg"]})
    prove("proofs", folder, folder / "proofs.json")
    (folder / "pkg" / "norm.py").write_text("changed = 1\n")
    prove("proofs", folder, folder / "proofs.json", stale=True)
    assert runs(folder) == 1


def test_what_does_not_hold_is_not_remembered(say: Say) -> None:
    wrong = {**CASE, "found": "4", "holds": False}
    folder = say(answer({**CHECK, "cases": [wrong]}), code=1)
    for number in (1, 2):
        prove("proofs", folder, folder / "proofs.json")
        assert runs(folder) == number


@pytest.mark.parametrize("text", ["", "{", "[]", '{"key": 1}', '{"answer": {}}'])
def test_a_cache_that_cannot_be_read_is_none(text: str, say: Say) -> None:
    folder = say(ANSWER)
    (folder / "proofs.json").write_text(text)
    assert prove("proofs", folder, folder / "proofs.json").pages


@pytest.mark.parametrize(
    ("said", "code", "message"),
    [
        ("no JSON", 0, "ended with 0"),
        ("", 3, r"ended with 3:\n.*no module named torch"),
        (ANSWER, 1, "ended with 1"),
        ([], 0, "printed no proofs"),
        ({**ANSWER, "format": 2}, 0, "the format is 2, not 1"),
        ({**ANSWER, "date": "today"}, 0, "printed no proofs: ValueError"),
        ({"format": 1}, 0, r"printed no proofs: KeyError\('date'\)"),
        ({**ANSWER, "pages": {"a": {"facts": [{}]}}}, 0, r"KeyError\('label'\)"),
        ({**ANSWER, "pages": {"a": []}}, 0, "TypeError"),
    ],
)
def test_a_program_that_proves_nothing_is_refused(
    said: object, code: int, message: str, say: Say
) -> None:
    folder = say(said, code, "no module named torch")
    with pytest.raises(ProofError, match=message):
        prove("proofs", folder, folder / "proofs.json")
    (problem,) = enriched(folder).desk.problems.found
    assert str(problem).startswith("proofs:1: python -m proofs ")


# ## What is wrong


def test_what_does_not_hold_is_a_problem_with_both_numbers(say: Say) -> None:
    wrong = {**CASE, "found": "4", "holds": False}
    book = enriched(say(answer({**CHECK, "cases": [CASE, wrong]}), code=1))
    assert str(book.desk.problems) == (
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
        book.desk.problems
    )
    assert "Not proved: ValueError: no <shape>" in panel_of(book).get_text()


@pytest.mark.parametrize("holds", ["yes", 1, None])
def test_only_true_holds(holds: object, say: Say) -> None:
    book = enriched(say(answer({**CHECK, "cases": [{**CASE, "holds": holds}]})))
    assert "not proved" in str(book.desk.problems)


def test_a_check_without_a_case_has_no_tick(say: Say) -> None:
    panel = panel_of(enriched(say(answer({**CHECK, "cases": []}))))
    assert "✓" not in panel.get_text()


def test_a_page_says_what_differs_from_the_paper(say: Say) -> None:
    folder = say(ANSWER)
    (folder / "pkg" / "norm.py").write_text('"""# The norm"""\n')
    assert "pkg/norm.py:1: a page with a proof says under “## What differs" in str(
        enriched(folder).desk.problems
    )


def test_a_page_without_a_proof_has_no_panel(say: Say) -> None:
    folder = say(ANSWER)
    (folder / "pkg" / "other.py").write_text('"""# Other"""\n')
    book = enriched(folder)
    assert book.chapters["other.md"].enrichment.panels == []
    assert not book.desk.problems.found


# ## What is shown


def test_a_fact_shows_its_figure_and_what_it_was_held_against(say: Say) -> None:
    panel = panel_of(enriched(say(ANSWER)))
    summary = panel.summary
    assert summary
    assert " ".join(summary.get_text().split()) == (
        "Parameters 3 ✓ equal to the formula"
    )
    assert "Computed on 24 November 2026 with Python 3.11.9 and PyTorch 2.13.0." in (
        panel.get_text()
    )
    assert "Quoted" not in panel.get_text()


def test_the_formula_is_set_as_those_of_the_page_are(say: Say) -> None:
    book = enriched(say(ANSWER))
    assert [formula.tex for formula in book.desk.formulas.numbers] == ["a b"]


def test_a_number_without_a_check_is_not_ticked(say: Say) -> None:
    text = panel_of(enriched(say(answer()))).get_text()
    assert "there is nothing to compare it with" in text
    assert "✓" not in text


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


def test_the_tests_are_listed_by_file_in_words(say: Say) -> None:
    panel = panel_of(enriched(say(ANSWER)))
    details = panel("details")[1]
    summary = details.summary
    assert summary
    assert " ".join(summary.get_text().split()) == (
        "Tests that use it 2 by name, in 1 file"
    )
    assert "tests/test_norm.py: 2" in details.get_text()
    assert "it has no mean" in details.get_text()


def test_without_tests_the_line_is_left_out(say: Say) -> None:
    assert "Tests" not in panel_of(enriched(say(answer(CHECK)))).get_text()


def test_nothing_that_a_program_says_is_html(say: Say) -> None:
    bad = "<script>alert(1)</script>"
    case = {"of": bad, "found": bad, "expected": bad, "holds": True}
    check = {**CHECK, "rule": bad, "against": bad, "note": bad, "cases": [case, case]}
    fact = {"label": bad, "value": bad, "of": bad, "checks": [check]}
    page = {"facts": [fact], "tests": {bad: [bad]}, "error": bad}
    said = {**ANSWER, "versions": {bad: bad}, "pages": {"pkg.norm": page}}
    panel = panel_of(enriched(say(said)))
    assert not panel("script")


# ## What differs from the paper


def differences(prose: str, tmp_path: Path) -> str:
    (tmp_path / "pkg").mkdir(exist_ok=True)
    extra = Enrichment(panels=["before", f"a{proof_panel._SLOT}b"])
    proof_panel.complete(extra, prose)
    assert extra.panels[0] == "before"
    return extra.panels[1][1:-1]


HEADING = '<h2 id="what">What differs from the paper<a href="#what">¶</a></h2>'
TITLE = '<h3><a href="#what">Differs from the paper</a></h3>'


@pytest.mark.parametrize(
    ("section", "shown"),
    [
        ("<p>Nothing.</p>", "<p>Nothing.</p>"),
        ("<p>One. Two.</p>", "<p>One.</p>"),
        (
            "<p>A rate of 0.5 <em>or. More</em> less\nthan it. Two</p>",
            "<p>A rate of 0.5 <em>or. More</em> less\nthan it.</p>",
        ),
        (
            '<p>See <a href="../gelu/"><code>gelu</code></a>. It is <b>new</b>.</p>',
            '<p>See <a href="../gelu/"><code>gelu</code></a>.</p>',
        ),
        (
            '<ul><li><span id="x">a</span> &lt; b</li><li>c. d</li></ul>',
            "<ul><li><span>a</span> &lt; b</li><li>c. d</li></ul>",
        ),
        ("<p>One.</p><p>Two.</p>", "<ul><li>One.</li><li>Two.</li></ul>"),
    ],
)
def test_the_first_sentence_of_each_point_is_repeated(
    section: str, shown: str, tmp_path: Path
) -> None:
    prose = f"<h2>Before</h2><p>Not.</p>{HEADING}{section}<h2>After</h2><p>Not.</p>"
    assert differences(prose, tmp_path) == TITLE + shown


def test_a_page_without_the_section_shows_none(tmp_path: Path) -> None:
    for prose in ("", "<h2>Other</h2>", f"{HEADING}<h2>Next</h2>"):
        assert differences(prose, tmp_path) == ""


# ## A whole site

CONFIG = """
site_name: Small
theme: {name: material, font: false}
plugins:
  - weave: {source: pkg, proofs: proofs, cache: cache}
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
    assert "Differs from the paperNothing. Computed on" in text
    assert page.select(".weave-proof math")

    wrong = {**CASE, "found": "4", "holds": False}
    say(answer({**CHECK, "cases": [wrong]}), code=1)
    (folder / "cache" / "proofs.json").unlink()
    result = build_here(folder)
    assert result.returncode != 0
    message = "pkg/norm.py:1: not proved: Parameters, here: got 4, expected 3"
    assert message in result.stderr


def test_a_layer_with_a_wrong_term_is_a_problem_of_its_page(tmp_path: Path) -> None:
    package = tmp_path / "labml_style_nn"
    # Of the proofs, those in `layer_proofs` are enough.
    others = ("__pycache__", "weave", "experiments", "data", "[!l]*_proofs.py")
    ignored = shutil.ignore_patterns(*others)
    shutil.copytree(ROOT / "labml_style_nn", package, ignore=ignored)
    layer = package / "layers" / "token_mixing.py"
    right = "return torch.baddbmm(self.bias[:, None], weight, x)"
    assert right in layer.read_text()
    wrong = layer.read_text().replace(right, "return torch.bmm(weight, x)")
    layer.write_text(wrong)
    book = Book()
    book.read(package, ["proofs/*"])
    program, cache = "labml_style_nn.proofs", tmp_path / "proofs.json"
    proof_panel.enrich(book, program, lambda: prove(program, tmp_path, cache))
    place = "labml_style_nn/layers/token_mixing.py:1: not proved: Difference from timm"
    assert place in str(book.desk.problems)
    assert "channel_mixing" not in str(book.desk.problems)
    assert not cache.exists()
