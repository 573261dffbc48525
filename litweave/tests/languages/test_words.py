"""No word of a page is English for want of a way to say it otherwise.

A small site is built in a language in which every word is known: it is the English one
between two brackets. What then has none was not asked for.
"""

import json
import re
import subprocess
from datetime import date
from pathlib import Path

import jupytext
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_output

import litweave
from litweave import node
from litweave.features import notebooks, proofs, shapes
from litweave.features.shapes.trace import Measure
from litweave.words import beginning, day, figures, listed, said, word
from translated import english, marked_site, unsaid

# ## The mechanism

THERE, LIST = "Go to {place}", "{first}, {next}"
LATE = beginning(word("timm's weights"))
ENDLESS = "of " + " ".join(map(str, range(40)))
LINK, SAID_LINK = '<a title="%s">', '<a title="去&quot;&lt;x&gt;&quot;">'
# What is said, the translations that there are, and what is shown.
SAID: list[tuple[str, dict[str, str], str]] = [
    # A translation may stand in an attribute.
    (LINK % word(THERE, place="&lt;x&gt;"), {THERE: '去"{place}"'}, SAID_LINK),
    # Values are put in once.
    (word("{a} and {b}", a="{b}", b=word("{a}s", a="c")), {}, "{b} and cs"),
    # A list is joined as the language does.
    (listed(["1", "2", "3"]), {LIST: "{first}、{next}"}, "1、2、3"),
    (listed(["1", "2", "3"]), {}, "1, 2, 3"),
    # A capital begins a line where there are any.
    (LATE, {}, "Timm's weights"),
    (LATE, {"timm's weights": "timm的权重"}, "timm的权重"),
    # What a program counts may be without end.
    (figures(ENDLESS), {}, ENDLESS),
]


def test_words_and_a_day_are_said_as_the_language_does() -> None:
    for html, translations, shown in SAID:
        speaker = ("zh", translations.get) if translations else ()
        assert said(html, *speaker) == shown
    when = day(date(2026, 11, 9))
    assert said(when) == "9 November 2026"
    assert said(when, "zh") == said(when, "ja") == "2026年11月9日"
    assert said(when, "si") == "2026 නොවැම්බර් 9"


MESSAGES = {
    "Parameters": "Parameters",
    "at most 10⁻¹²": "at most {a}",
    "in a Mixer-B/16": "in a {a}",
    "nn.Linear of PyTorch 2.13.0, 1 group": "{a} of PyTorch {b}, {c} group",
    'nn.Conv2d, padding="same"': "{a}, {b}",
    "the page: “No cost.”": "the page: {a}",
    "the authors' test (vit_jax)": "the authors' test ({a})",
    "3,120 <pairs>": "{a} <pairs>",
}


@pytest.mark.parametrize("text", MESSAGES)
def test_numbers_and_names_are_no_words(text: str) -> None:
    asked: list[str] = []
    shown = said(figures(text), "zh", asked.append)
    assert asked == [MESSAGES[text]] * (MESSAGES[text] != "{a}, {b}")
    assert BeautifulSoup(shown, "html.parser").get_text() == text


# ## Scripts

OWN = Path(litweave.__file__).parent
SCRIPTS = sorted(p for p in OWN.rglob("*.js") if "node_modules" not in p.parts)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_says_nothing_in_english_alone(path: Path) -> None:
    assert not unsaid(path)


PROGRAM = """
const words = { "{number} %": "{number}%", Stop: "停止" };
words["is a {digit}"] = "{digit}が正解";
globalThis.document = {
  getElementById: () => ({ textContent: JSON.stringify(words) }),
  documentElement: { lang: "ja" },
};
const { around, count, number, percent, t } = await import(process.argv[1]);
console.log(JSON.stringify([
  t("Stop"), t("Go on"),
  t("{a} of {b}", { a: 1234, b: "x" }), t("{a}", { a: "{b}", b: 1 }),
  percent(0.125), percent(0.97251, 1), number(0.5, 2), number(12345), count(1234),
  around(t("is a {digit}"), { digit: ["b", 7] }),
]));
"""


def test_a_script_says_words_and_numbers_in_the_language_of_its_page() -> None:
    address = (OWN / "assets/words.js").as_uri()
    command = [node.program(), "--input-type=module", "-e", PROGRAM, address]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(result.stdout) == [
        *("停止", "Go on", "1234 of x", "{b}"),
        *("13%", "97.3%", "0.50", "12,345", "1,234"),
        [["b", 7], "が正解"],
    ]


# ## Pages

CONFIG = """
site_name: Small
site_url: http://localhost/
repo_url: http://localhost/repository
repo_name: Repository
theme:
  {name: material, font: false, features: [navigation.path, navigation.indexes],
  logo: x.svg, palette: [{toggle: {icon: material/brightness-4, name: Dark}}]}
extra: {generator: false}
nav:
  [{Home: index.md}, {Ten: examples/ten.py},
  {Layers: [layers/mixing.md, layers/block.md]}]
plugins:
  - search
  - mkdocs-jupyter: {include: ["examples/*.py"], execute: true, allow_errors: false}
  - litweave-notebooks
  - litweave: {source: pkg, cache: cache, proofs: proofs, run_examples: true,
      bibliography: papers.bib}
  - litweave-languages: {languages: [zh]}
markdown_extensions:
  - toc: {permalink: true, permalink_title: Permanent link to this section}
"""
NOTEBOOK = "# %% [markdown]\n# # Ten lines\n\n# %% tags=['hide-input']\nprint(3)\n"
EXECUTED = dict(jupytext.reads(NOTEBOOK, fmt="py:percent"))
TABLE = "<table><tr><th>Head</th><td>of <code>np</code> &amp; more</td></tr></table>"
SVG = "image/svg+xml"
DRAWN = "<svg><style>g { x: y }</style><text x='1'>the axis</text></svg>"
EXECUTED["cells"][1].outputs = [
    new_output("stream", text="three in English\n"),
    new_output("display_data", {"text/html": TABLE}),
    new_output("display_data", {SVG: DRAWN}, metadata={SVG: {"alt": "A drawing"}}),
]
MIXING = '''r"""# Mixing

It mixes the rows of $X$, see [the paper](https://arxiv.org/abs/2105.01601).

## Notation

- $X$, `x`: the table

## What differs from the paper

Nothing
"""


def mix(x):
    """Mix it."""
    # All of it.
    y = x
    # It is mixed.
    return y
'''
FILES = {
    "mkdocs.yml": CONFIG,
    "docs/index.md": "# Home\n\n```difference\nmix\nblock\n```\n",
    "docs/examples/ten.py": NOTEBOOK,
    "pkg/__init__.py": "",
    "pkg/layers/__init__.py": "",
    "pkg/layers/mixing.py": MIXING,
    "pkg/layers/block.py": '"""# The block"""\n'
    "from pkg.layers.mixing import mix\nfrom pkg.layers import *\n\n"
    'def block(x):\n    """The block."""\n    return mix(x)\n',
    "papers.bib": "@misc{m, author={Ann A and Bob B and Cy C and Di D and Ed E},\n"
    "title={On rows}, year={2021}, eprint={2105.01601}}\n",
}
RUNS = [(Measure((n, 3), ("B", None), "float32", False),) for n in range(2, 12)]
SEEN = [
    (15, "x", RUNS),
    (18, "y", [(Measure((), (), "float32", False),)]),
    (20, "", [(Measure((2,), (None,), "float32", False),)]),
]
MEASURED = {"layers/mixing.md": {"shapes": SEEN, "values": {}, "unreached": []}}


def proved() -> dict[str, proofs.Said]:
    """A proof with all that a panel can say but for what does not hold."""
    case = {"found": "3", "expected": "3", "holds": True}
    cases = [{"of": of, **case} for of in ("small", "large")]
    check = {"quoted": False, "note": "", "formula": "", "cases": cases}
    page = {"rule": "equal to", "against": "the page: “No cost.”", "note": "rounded"}
    checks = [
        check | {"rule": "equal to", "against": "the formula", "formula": "a b"},
        check | page | {"quoted": True},
        check | {"rule": "at most 10⁻³", "against": ""},
    ]
    none = check | {"rule": "like", "against": "it", "cases": []}
    names = "label", "value", "of", "checks"
    facts = [
        ("Parameters", "3", "in a Mixer-B/16", checks),
        ("Difference from timm 1.0", "4", "small sizes", []),
        ("Share", "5", "at any rate", [none]),
    ]
    said = [dict(zip(names, fact, strict=True)) for fact in facts]
    proof = {"date": "2026-11-09", "facts": said, "error": ""}
    versions = {"Python": "3.11", "PyTorch": "2.13"}
    return {"pkg.layers.mixing": proof | {"versions": versions}}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, katex: Path) -> Path:
    return marked_site(
        tmp_path_factory.mktemp("marked"),
        FILES,
        (proofs, "prove", lambda *_: proved()),
        (shapes, "measure", lambda *_, **__: MEASURED),
        (notebooks.NotebooksPlugin, "run", lambda *_: EXECUTED),
    )


# Names, which are the same everywhere.
NAMES = {"English", "mix", "block", "float", "arXiv", "BibTeX"}


def test_every_word_of_a_page_can_be_said_otherwise(site: Path) -> None:
    for name in ("layers/mixing", "layers/block", "examples/ten", ""):
        assert english(site / "zh" / name / "index.html") <= NAMES, name
    # And those that are looked for are there.
    page = (site / "zh/layers/mixing/index.html").read_text("utf-8")
    labels = ("Copy the module", "Used by", "Shapes", "The paper")
    assert [label for label in labels if f"⟦{label}⟧" not in page] == []
    assert "⟦Computed on " in page
    assert ">2026年11月9日</time>" in page
    page = (site / "zh/examples/ten/index.html").read_text("utf-8")
    assert 'aria-label="⟦A drawing⟧"' in page
    assert "⟦the axis⟧</text>" in page
    assert '<samp lang="en">three in English' in page
    assert "⟦Show the code⟧" in page


def test_the_english_page_says_what_it_always_said(site: Path) -> None:
    page = (site / "layers/mixing/index.html").read_text("utf-8")
    text = " ".join(BeautifulSoup(page, "html.parser").get_text().split())
    rest = "the page: “No cost.”; at most 10⁻³"
    assert f"Parameters 3 In a Mixer-B/16: ✓ equal to the formula, {rest}" in text
    assert "Standalone with all it needs, in one file" in text
    assert not re.search("[⟦\ue000-\uf8ff]", page)
