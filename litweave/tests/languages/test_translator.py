"""A page in another language: its pieces, words, states, anchors, and its catalogs."""

import re
from pathlib import Path

import polib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from litweave import marks
from litweave.diagnostics import Diagnostic, Diagnostics, Place
from litweave.dialect import to_html
from litweave.features.languages import Said, State, Translator, extract
from litweave.features.languages.catalogs import (
    Catalogs,
    Glossary,
    Unit,
    domain,
    faults,
)
from litweave.features.languages.units import split
from litweave.katex import Formulas
from litweave.names import Names, Target
from litweave.overlay import Overlay
from litweave.page import beside, cut, document
from litweave.parse import Module, parse
from litweave.prose import Context, to_markdown
from support import write_files

# ## Pieces: prose is cut, and nothing of it is lost

# Prose, in which “⏎” ends a line, and its units: the kind and the words of each.
BLOCKS = r"""
One⏎two. → paragraph: One two.
One⏎  more⏎    deeper words → paragraph: One more deeper words
# The title { .x }  → heading: The title
## The title ## → heading: The title
The title⏎=====⏎Words. → heading: The title ¦ paragraph: Words.
Title⏎-----⏎ → heading: Title
- one item⏎  more⏎- two items → item: one item more ¦ item: two items
1. an item⏎    - inner item → item: an item ¦ item: inner item
	- tabbed item → item: tabbed item
Text⏎- an item → paragraph: Text ¦ item: an item
- item⏎⏎    below it⏎⏎        code here → item: item ¦ paragraph: below it
## Notation⏎⏎- $S$, `num`: the number → heading: Notation ¦ entry: $S$, num: the number
- `num`: the number → item: `num`: the number
| One | `x` |⏎|---|---|⏎| $|a|$ or | two | → cell: One ¦ cell: $|a|$ or ¦ cell: two
Term { #t }⏎:   Meaning⏎    more → term: Term ¦ paragraph: Meaning more
First⏎Second⏎⏎:   Meaning → term: First ¦ term: Second ¦ paragraph: Meaning
[^1]: A note.⏎    More. → paragraph: A note. More.
[label]: https://example.org → ∅
[batch, more]: a sentence of words → paragraph: [batch, more]: a sentence of words
!!! note "A title"⏎    Words. → title: A title ¦ paragraph: Words.
=== "A tab"⏎⏎    Words. → title: A tab ¦ paragraph: Words.
So $a$:⏎$$⏎x⏎$$⏎where it ends. → paragraph: So $a$: ¦ paragraph: where it ends.
$$x$$. → ∅
$$x$$ and words → paragraph: $$x$$ and words
\begin{align}⏎x⏎\end{align}⏎words → paragraph: words
$x$, `code`, 12 → ∅
`code here → paragraph: `code here
>>> code⏎1⏎⏎Words. → paragraph: Words.
```⏎code here⏎```⏎Words. → paragraph: Words.
> one⏎> two⏎⏎three → paragraph: one two ¦ paragraph: three
>⏎words → paragraph: words
one⏎> - two → paragraph: one ¦ item: two
hard  ⏎break → paragraph: hard ¦ paragraph: break
- hard  ⏎  break → item: hard ¦ item: break
Words⏎{ .x } → paragraph: Words
<!-- a comment⏎-->⏎⏎Words → paragraph: Words
<div class="x" markdown>⏎⏎Words⏎⏎</div> → paragraph: Words
<p>Some <b>bold</b> words</p> → html: Some <b>bold</b> words
<p>On <a title="two words">it</a> too</p> → html: On <a title="two words">it</a> too
<p><b>All</b></p> → html: All
<kbd>Some key</kbd> → paragraph: <kbd>Some key</kbd>
<table>⏎<option>some words → label: some words
<img alt="A picture" src="x"> → attribute: A picture
<svg><text>Label</text></svg> → label: Label
<script>⏎var words;⏎</script> → ∅
<pre>some <i>code</i> <p>and more</p></pre> → ∅
""".strip().split("\n")
TEXTS = [block.partition(" → ")[0] for block in BLOCKS]
LINES = st.one_of(
    st.sampled_from(["", *"⏎".join(TEXTS).split("⏎")]),
    st.text(alphabet='ab \t#->|:`$<>[](){}*_1.!="\\é中'),
)


@given(st.lists(LINES, max_size=14), st.booleans())
def test_pieces_are_the_prose(lines: list[str], html: bool) -> None:
    text = "\n".join(lines)
    assert all("\n" not in piece.message for piece in split(text, html))
    nobody, here = Translator(Catalogs("zh", Path())), Place(PAGE, 5)
    written, places = nobody([*enumerate(lines)], here, html)
    shown = re.sub(marks.pattern(marks.OF_TRANSLATIONS), "", "\n".join(written))
    assert shown == text
    assert places == [Place(PAGE, 5 + number) for number in range(len(lines))]


@pytest.mark.parametrize("block", BLOCKS)
def test_units_are_blocks(block: str) -> None:
    text, _, units = block.partition(" → ")
    found = split(text.replace("⏎", "\n"))
    assert (" ¦ ".join(f"{p.kind}: {p.message}" for p in found) or "∅") == units


def test_lines_keep_their_numbers_a_fence_its_list_and_a_tag_is_words() -> None:
    # Where there is no HTML.
    assert [p.message for p in split("<module> is", html=False)] == ["<module> is"]
    text = "# A title\n\nOne\ntwo\nthree.\n- item\n\n```\ncode\n```\n\nLast\nwords."

    class Louder(Translator):
        def say(self, message: str, path: str) -> Said:
            return Said(message.upper(), State.CURRENT, Place("zh.po", len(message)))

    def told(text: str) -> tuple[str, str]:
        louder, lines = Louder(Catalogs("zh", Path())), [*enumerate(text.split("\n"))]
        written, places = louder(lines, Place(PAGE, 0), True)
        shown = re.sub(marks.pattern(marks.OF_TRANSLATIONS), "", "|".join(written))
        return shown, " ".join(map(str, places)).replace(f"{PAGE}:", "")

    said = "# A TITLE||ONE TWO THREE.|- ITEM||```|code|```||LAST WORDS."
    places = "zh.po:7 1 zh.po:14 zh.po:4 6 7 8 9 10 zh.po:11"
    assert told(text) == (said, places)
    text = "1.  first\n    item\n\n    ```\n    code\n    ```\n\n2.  second"
    said = "1.  FIRST ITEM||    ```|    code|    ```||2.  SECOND"
    assert told(text) == (said, "zh.po:10 2 3 4 5 6 zh.po:6")


# ## States

PAGE = "guide/a.md"


def catalogs(said: dict[str, str], *sources: str) -> Catalogs:
    """Translations of messages that stood in a page."""
    places = [(source, "") for source in sources or (PAGE,)]
    entries = {
        english: polib.POEntry(
            msgid=english, msgstr=words, occurrences=places, linenum=10 * n
        )
        for n, (english, words) in enumerate(said.items(), start=1)
    }
    return Catalogs("zh", Path(), {"guide": entries})


def context(translator: Translator | None = None) -> Context:
    (names := Names()).add(Target("pkg.gelu", "layers/gelu.md", ""))
    return Context(names, Formulas(), Diagnostics(), translator=translator)


def shown(text: str, said: dict[str, str]) -> str:
    translator = Translator(catalogs(said))
    translator.expect(PAGE, text, Place(PAGE, 1), True)
    html = to_html(to_markdown(text, Place(PAGE, 1), PAGE, context(translator)))
    return re.sub("\ue000.*?\ue001", "X", html)


# Prose, in which “⏎” ends a line; what is translated of it; and its HTML. Attributes
# bear no mark; what still stands there is no predecessor.
STATES = """
One two⏎three.⏎⏎- an item⏎
One two three. = 一二三。 ¦ an item = 一项
<p>一二三。</p>⏎<ul>⏎<li>一项</li>⏎</ul>

One two.
∅
<p><span MISSING>One two.</span></p>

It mixes all rows of $X$
It mixes the rows of $X$ = 它混合 $X$ 的行
<p><span CHANGED="It mixes all rows of $X$">它混合 X 的行</span></p>

<p>It mixes all rows</p>
It mixes the rows = 它混合行
<p><span CHANGED="It mixes all rows">它混合行</span></p>

<p aria-label="Some words">x</p>
Some words = 几个词
<p aria-label="几个词">x</p>

<p aria-label="Some words">x</p>
∅
<p aria-label="Some words">x</p>

- outer words⏎    - inner words⏎
inner words = 内
<ul>⏎<li><span MISSING>outer words</span><ul>⏎<li>内</li>⏎</ul>⏎</li>⏎</ul>

One two⏎$$⏎a⏎$$⏎three four.
∅
<p><span MISSING>One two</span>⏎X⏎<span MISSING>three four.</span></p>

One two⏎$$⏎a⏎$$⏎three four.
One two = 一二
<p>一二⏎X⏎<span MISSING>three four.</span></p>

It mixes the rows of a table.⏎⏎It mixes the columns of a table.
It mixes the rows of a table. = 它混合表的行。
<p>它混合表的行。</p>⏎<p><span MISSING>It mixes the columns of a table.</span></p>
""".strip().split("\n\n")


@pytest.mark.parametrize("case", STATES)
def test_a_block_has_its_words_and_their_state(case: str) -> None:
    text, pairs, html = case.split("\n")
    said = dict(pair.split(" = ") for pair in pairs.split(" ¦ ") if pair != "∅")
    html = html.replace("MISSING", 'class="weave-unit-missing" lang="en"')
    html = html.replace("CHANGED", 'class="weave-unit-changed" data-english')
    assert shown(text.replace("⏎", "\n"), said) == html.replace("⏎", "\n")


def test_what_would_mislead_is_not_shown() -> None:
    for new in ("It mixes the rows of $Y$.", "It mixes rows of [gelu][] $X$."):
        html = shown(new, {"It mixes the rows of $X$.": "它混合 $X$ 的行。"})
        assert 'lang="en"' in html
        assert "混合" not in html


def test_a_page_counts_its_states() -> None:
    text = "One two.\n\nIt mixes all rows of it.\n\nFour five.\n\n$x$\n\n>>> code\n"
    said = {"One two.": "一。", "It mixes the rows of it.": "行。"}
    translator = Translator(catalogs(said))
    translator.expect(PAGE, text, Place(PAGE, 1), True)
    pairs = translator.pages[PAGE]
    assert [f"{unit.line}: {unit.message} {said.state}" for unit, said in pairs] == [
        "1: One two. current",
        "3: It mixes all rows of it. changed",
        "5: Four five. missing",
    ]


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("# A title", "h1"),
        ("| Head one | b |\n|---|---|\n| x | y |", "th"),
        ("A term\n:   x", "dt"),
        ('??? note "A title"\n    x', "summary"),
        ("x\n:   Its meaning", "dd"),
        ('!!! note "A title"\n    x', "p"),
        ("<p>Some words</p>", "p"),
        ("A *word* [^1]\n\n[^1]: x", "p"),
    ],
)
def test_any_block_can_be_missing(text: str, tag: str) -> None:
    html = shown(text, {})
    assert re.search(rf"<{tag}[^>]*><span class=.weave-unit-missing[^>]*>", html), html
    assert not re.search("[\ue004-\ue00f]", html)


def test_a_translation_is_named_by_its_line_in_the_catalog() -> None:
    text = "First one.\n\nSee it\nhere.\n\n[`nobody`][]"
    said = {"First one.": "一。", "See it here.": "见 [`none`][]。"}
    at = context(Translator(catalogs(said)))
    to_markdown(text, Place(PAGE, 5), PAGE, at)
    places = {str(problem.place) for problem in at.diagnostics.found}
    assert places == {f"{PAGE}:10", "zh/guide.po:20"}


# ## Anchors

HEADINGS = """# A title

## The `x_y` of $S$ & [gelu][], **bold**

## What it costs { .wide }

## What it costs

Under lined
-----------

## `__init__`

## Own { #what-it-costs_1 }

### *Em* [text](b.md) <b>tag</b> \\* 2&nbsp;x

## ![`a`](x.svg) and `b`, <i title="`c`">one</i> `two`

- # In an item
"""


def ids(html: str, tag: str = r"<h\d [^>]*\b") -> list[str]:
    return re.findall(f'{tag}id="([^"]*)"', html)


def test_headings_have_the_english_anchors() -> None:
    english = to_html(to_markdown(HEADINGS, Place(PAGE, 1), PAGE, context()))
    for units in ([], extract(HEADINGS, Place(PAGE, 1), "")):
        html = shown(HEADINGS, {unit.message: "译文" for unit in units})
        assert ids(html) == ids(english)
        assert len(ids(html)) == 10
        assert ("译文" in html) == bool(units)


MODULE = '''r"""# A title

Opening words.

## Notation

- $S$, `num`: the number
  of rows

## Exercises

**Exercise 1.** Which one?

**Answer.** This one.
"""


class A:
    """## The class

    Words.

    Parameters
    ----------
    x : int
        The number.
    """


def f():
    """Do something."""
'''


def woven(module: Module, translator: Translator | None = None) -> str:
    html = to_html(document(module, "a.md", at := context(translator)))
    rows = beside(cut(html, module, at), module, Overlay())
    return "\n".join(row.prose for row in rows)


def test_a_module_is_translated_as_a_page_is() -> None:
    module = parse(MODULE, "guide/a.py")
    units = extract(module, Place(module.path, 1), "guide")
    kinds = {unit.message: unit.kind for unit in units}
    assert kinds["the number of rows"] == "entry: $S$, num"
    assert {u.line for u in units if u.message == "Which one?"} <= {12}
    said = {u.message: f"译{n}" for n, u in enumerate(units)}
    said["**Exercise 1.** Which one?"] = "**练习 1。** 哪一个？"
    said["**Answer.** This one."] = "**答案。** 这一个。"
    translator = Translator(catalogs(said, "guide/a.py"), package="nothing")
    english, html = woven(module), woven(module, translator)
    assert ids(html, "") == ids(english, "")
    assert "<summary>答案</summary>" in html
    assert "<summary>Answer</summary>" in english
    assert "data-label" not in html
    assert "weave-unit-missing" not in html
    assert not re.search("[\ue004-\ue00f]", html)


# ## Catalogs: read, updated, written, left alone by other tools, searched for faults

LONG = 'The number of patches, $S \\times C$, is “fixed”, and said "so"' + " again" * 30


def unit(message: str, path: str = "pkg/layers/a.py", kind: str = "paragraph") -> Unit:
    return Unit(message, kind, domain(path, "pkg"), path, 3)


def translated(folder: Path, said: dict[str, str], *units: Unit) -> Catalogs:
    catalogs = Catalogs("zh", folder)
    catalogs.update(units)
    for entries in catalogs.domains.values():
        for message, entry in entries.items():
            entry.msgstr = said.get(message, "")
    catalogs.write()
    return Catalogs.read(folder, "zh")


def test_folders_have_catalogs_and_what_is_none_is_named(tmp_path: Path) -> None:
    paths = ["pkg/layers/mlp.py", "pkg/layers/deep/mlp.py", "pkg/pretrained.py"]
    found = [domain(path, "pkg") for path in (*paths, "guide/read.md", "index.md")]
    assert found == ["layers", "layers", "pages", "guide", "pages"]
    assert not Catalogs.read(tmp_path, "zh").domains
    write_files(tmp_path, {"zh/a.po": "nonsense\n"})
    with pytest.raises(OSError, match=r"a\.po is no catalog"):
        Catalogs.read(tmp_path, "zh")
    write_files(tmp_path, {"glossary.csv": "term,zh\npatch,图像块\n"})
    with pytest.raises(OSError, match="no column “term_en”"):
        Glossary.read(tmp_path / "glossary.csv", "zh")


def test_a_catalog_is_written_without_lines_and_dates(tmp_path: Path) -> None:
    translated(tmp_path, {}, unit("Words", kind="entry: $S$, num"), unit("More"))
    text = (tmp_path / "zh" / "layers.po").read_text("utf-8")
    assert text.endswith(
        "\n\n#. entry: $S$, num\n#: pkg/layers/a.py\n"
        'msgid "Words"\nmsgstr ""\n'
        '\n#. paragraph\n#: pkg/layers/a.py\nmsgid "More"\nmsgstr ""\n'
    )
    assert "Date" not in text


def test_tools_leave_a_catalog_as_it_is(tmp_path: Path) -> None:
    names = (f"pkg/layers/a_file_with_a_long_name_{n}.py" for n in range(9))
    now = [unit(LONG), *(unit("Often", name) for name in names)]
    catalogs = translated(tmp_path, {LONG: "很" * 90, "Old": "旧"}, unit("Old"), *now)
    catalogs.update(now)
    catalogs.write()
    path = tmp_path / "zh" / "layers.po"
    text = path.read_text("utf-8")
    assert '\n\n#~ msgid "Old"\n#~ msgstr "旧"\n' in text
    assert all(len(line) < 80 for line in text.split("\n") if line[:2] == "#:")
    file = polib.pofile(str(path), wrapwidth=0)
    file.save(str(path))
    assert path.read_text("utf-8") == text
    again = Catalogs.read(tmp_path, "zh")
    assert not again.write()
    again.update(now)
    assert not again.write(dry=True)
    # Who has read it says so in the header, or in a comment.
    file.metadata["X-Read-By"] = "Somebody, 2026-11-29"
    file.find(LONG).tcomment = "long, but right"
    file.save(str(path))
    read = Catalogs.read(tmp_path, "zh")
    read.update([*now, unit("Newer")])
    read.write()
    text = path.read_text("utf-8")
    assert "X-Read-By: Somebody" in text
    assert "# long, but right\n" in text


def test_an_update_keeps_what_vanished_and_takes_it_back_or_from_elsewhere(
    tmp_path: Path,
) -> None:
    catalogs = translated(tmp_path, {"One": "一"}, unit("One"), unit("Two"))
    catalogs.update([unit("Three")])
    assert [path.name for path in catalogs.write(dry=True)] == ["layers.po"]
    assert list(catalogs.domains["layers"]) == ["Three", "One"]
    assert not [*catalogs.entries()]
    catalogs.update([unit("One"), unit("Three")])
    assert [entry.msgid for entry, _ in catalogs.entries()] == ["One"]
    catalogs = translated(tmp_path / "more", {"Example": "示例"}, unit("Example"))
    catalogs.update([unit("Example", "pkg/models/b.py")])
    for name in ("models", "layers"):
        assert catalogs.domains[name]["Example"].msgstr == "示例"


def test_one_in_doubt_is_no_translation() -> None:
    entry, sure = (polib.POEntry(msgid="One", msgstr="一") for _ in range(2))
    entry.fuzzy = True
    catalogs = Catalogs("zh", Path("locale"), {"layers": {"One": entry}})
    assert catalogs.find("One", "layers") is None
    catalogs.domains["models"] = {"One": sure}
    assert catalogs.find("One", "layers") is sure


def test_a_changed_sentence_finds_what_it_was() -> None:
    rows, columns = (f"It mixes the {what} of a table" for what in ("rows", "columns"))
    old = catalogs({rows: "行", columns: "列", "Else": "别"})
    all_columns = rows.replace("the rows", "all columns")
    new = [all_columns, "Nothing like it", "It mixes rows of a table"]
    old.adopt(new, PAGE, "guide")
    # An update hands it on, to be looked at.
    old.update([Unit(text, "paragraph", "guide", PAGE, 1) for text in new])
    entries = old.domains["guide"]
    assert [entries[text].msgstr for text in new] == ["列", "", "行"]
    assert [entries[text].fuzzy for text in new] == [True, False, True]
    assert entries["Else"].obsolete


# ## Faults in translations

GLOSSARY = """\
term_en,zh,avoid_zh
patch,图像块,补丁
gradient,梯度,
kernel,卷积核,内核
masked language model,掩码语言模型,
language model,语言模型,言模
MLP-Mixer,MLP-Mixer|混合器,
class token,类别词元 (class token),
Jupyter kernel,Jupyter内核,
"""


@pytest.fixture
def locale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(write_files(tmp_path, {"locale/glossary.csv": GLOSSARY}))
    return Path("locale")


def found(locale: Path, english: str, said: str, kind: str = "") -> list[Diagnostic]:
    entry = polib.POEntry(msgid=english, msgstr=said, comment=kind, linenum=7)
    return faults(Catalogs("zh", locale, {"layers": {english: entry}}))


FAULTS = {
    "a lost formula": ("So $S$ and $C$ grow.", "所以 $S$ 增大。", "formula “$C$”"),
    "an altered formula": ("The size $S_1$.", "大小 $S_2$。", "formula “$S_1$”"),
    "lost code": ("Call `fit` once.", "调用一次。", "code “`fit`”"),
    "another address": ("See [it](a.md#x).", "见[它](b.md#x)。", "target “a.md#x”"),
    "a lost reference": ("See the [layer][mlp].", "见这一层。", "reference “mlp”"),
    "an altered name": ("See [`gelu`][].", "见 [`GELU`][]。", "reference “gelu”"),
    "a letter before a link": ("A [layer][mlp].", "MLP[层][mlp]。", "reference “mlp”"),
    "a lost label": ("See [it][1].", "见它。", "label “1”"),
    "a lost footnote": ("A word[^1].", "一个词。", "footnote “1”"),
    "a lost tag": ("Press <b>it</b>.", "按下它。", "tag “<b>”"),
    "a lost attribute": ("[Go](a){ .x }", "[去](a)", "attributes “{ .x }”"),
    "a lost number": ("It has 64 digits.", "它有数字。", "number “64”"),
    "lost bold type": ("The **mean** value", "均值", "“**”"),
    "lost italics": ("A *batch* of it", "一个批次", "“*”"),
    "a blank line": ("One sentence.", "一句。\n\n又一句。", "a new line"),
    "a list": ("One sentence.", "- 一句。", "begins with “-”"),
    "a heading": ("One sentence.", "# 一句。", "begins with “#”"),
    "a quotation": ("One sentence.", "> 一句。", "begins with “>”"),
    "a number in front": ("One sentence.", "1. 一句。", "begins with “1.”"),
    "a tab": (r"So $S \times C$.", "所以 $S \times C$。", "U+0009"),
    "a space without width": ("One sentence.", "一\u200b句。", "U+200B"),
    "a mark of order": ("One sentence.", "\ufeff一句。", "U+FEFF"),
    "private use": ("One sentence.", "一句\ue000。", "U+E000"),
    "marks apart": ("One sentence.", "カ\u3099ス", "NFC"),
    "a forbidden word": ("The patches are cut.", "补丁被切开。", "“补丁” is wrong for"),
    # The word for the kernel of Jupyter is wrong for that of a convolution.
    "the word of a longer term": ("A kernel is learned.", "学习一个内核。", "“内核”"),
    "that of a longer term": ("Two language models", "两个言模", "“言模” is wrong for"),
    # Some kinds have rules of their own. Sinhala needs its joiners.
    "the end of a cell": ("One or two", "一|二", "ends a cell", "cell"),
    "the end of a title": ("A title", '"标题"', "ends a title", "title"),
    "the end of an attribute": ("A label", 'a"b', "attribute", "attribute"),
    "a lost joiner": ("A function", "ක්රියා", "U+200D"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_an_error(fault: str, locale: Path) -> None:
    english, said, message, *kind = FAULTS[fault]
    told = [*map(str, found(locale, english, said, *kind))]
    assert any(message in text for text in told), told
    assert all(text.startswith("locale/zh/layers.po:7: ") for text in told)
    # Bold type is no italics.
    assert len(told) == 1 or fault != "lost bold type"


ARXIV = "https://arxiv.org/abs/2105.01601"
PAPER = "MLP-Mixer: An all-MLP Architecture for Vision"
GOOD = {
    "The number of patches, $S$.": "图像块的个数 $S$。",
    "See [block][] and [`gelu`][].": "见[块][block]和 [`gelu`][]。",
    "A *batch* of 1,915 digits, **the** mean.": "*一批* 1915 个数字，**均值**。",
    f"The [arXiv paper]({ARXIV}) of 2021": f"2021 年的[论文]({ARXIV})",
    f"Tolstikhin, “{PAPER}”": f"Tolstikhin，“{PAPER}”",
    "It is `x = x + y` [here](https://a.org).": "[这里](https://a.org)是 `x = x + y`。",
    "A class token": "类别词元",
    "Of $|x|$ and `a|b`, a cell": "$|x|$ 和 `a|b`",
    "A function": "ක්‍රියා",
    "Its `kernel` is it": "它是内核 `kernel`",
    "A kernel is learned.": "学习的不是Jupyter内核。",
}


@pytest.mark.parametrize("english", GOOD)
def test_a_good_translation_has_no_errors(english: str, locale: Path) -> None:
    kind = "cell" if "cell" in english else "paragraph"
    assert not found(locale, english, GOOD[english], kind)
