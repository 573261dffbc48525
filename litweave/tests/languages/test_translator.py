"""A page in another language: its pieces, its words, their states, its anchors."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litweave.diagnostics import Diagnostics, Place
from litweave.dialect import to_html
from litweave.features.languages.catalogs import Catalogs, Entry
from litweave.features.languages.translator import Translator
from litweave.features.languages.units import Piece, rewrite, split
from litweave.features.languages.voice import extract_module, extract_text
from litweave.katex import Formulas
from litweave.names import Names, Target
from litweave.overlay import Overlay
from litweave.page import beside, cut, document
from litweave.parse import Module, parse
from litweave.prose import Context, to_markdown

# ## Pieces: prose is cut, and nothing of it is lost

# Prose, in which “⏎” ends a line, and its units: the kind and the words of each.
BLOCKS = r"""
One⏎two. → paragraph: One two.
One⏎  more⏎    deeper words → paragraph: One more deeper words
一行，⏎二行 → paragraph: 一行，二行
某个 layer 一行行，⏎二行 norm → paragraph: 某个 layer 一行行，二行 norm
# The title { .x }  → heading: The title
## The title ## → heading: The title
The title⏎=====⏎Words. → heading: The title ¦ paragraph: Words.
Title⏎-----⏎ → heading: Title
- one item⏎  more⏎- two items → item: one item more ¦ item: two items
1. an item⏎    - inner item → item: an item ¦ item: inner item
	- tabbed item → item: tabbed item
Text⏎- no item → paragraph: Text - no item
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
<table>⏎<option>some words → paragraph: some words
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
    pieces = split(text, html)
    assert "".join(piece.text for piece in pieces) == text
    assert all(piece.text for piece in pieces)
    assert all("\n" not in piece.message for piece in pieces)
    rewritten = [line for _, line in rewrite(text, lambda piece: None, html)]
    assert rewritten == lines or not lines


@pytest.mark.parametrize("block", BLOCKS)
def test_units_are_blocks(block: str) -> None:
    text, _, units = block.partition(" → ")
    found = [p for p in split(text.replace("⏎", "\n")) if p.unit]
    assert (" ¦ ".join(f"{p.kind}: {p.message}" for p in found) or "∅") == units


def test_where_there_is_no_html_a_tag_is_words() -> None:
    assert [p.message for p in split("<module> is", html=False)] == ["<module> is"]


def test_lines_keep_their_numbers_and_a_fence_its_list() -> None:
    text = "# A title\n\nOne\ntwo\nthree.\n- no item\n\n```\ncode\n```\n\nLast\nwords."

    def translate(piece: Piece) -> str | None:
        return piece.message.upper() if piece.unit else None

    numbers, lines = zip(*rewrite(text, translate), strict=True)
    said = "# A TITLE||ONE TWO THREE. - NO ITEM||```|code|```||LAST WORDS."
    assert "|".join(lines) == said
    assert numbers == (0, 1, 2, 6, 7, 8, 9, 10, 11)
    text = "1.  first\n    item\n\n    ```\n    code\n    ```\n\n2.  second"
    said = "1.  FIRST ITEM||    ```|    code|    ```||2.  SECOND"
    assert "|".join(line for _, line in rewrite(text, translate)) == said


# ## States

PAGE = "guide/a.md"


def catalogs(said: dict[str, str], *sources: str) -> Catalogs:
    """Translations of messages that stood in a page."""
    entries = {
        english: Entry(english, words, sources or (PAGE,), (), Place("zh.po", 10 * n))
        for n, (english, words) in enumerate(said.items(), start=1)
    }
    return Catalogs("zh", Path("locale"), {"guide": entries})


def context(translator: Translator | None = None) -> Context:
    names = Names()
    names.add(Target("pkg.gelu", "layers/gelu.md", ""))
    return Context(names, Formulas(), Diagnostics(), translator=translator)


def shown(text: str, said: dict[str, str]) -> str:
    translator = Translator(catalogs(said))
    translator.expect(PAGE, extract_text(PAGE, text))
    html = to_html(to_markdown(text, Place(PAGE, 1), PAGE, context(translator)))
    return re.sub("\ue000.*?\ue001", "X", html)


# Prose, in which “⏎” ends a line; what is translated of it; and its HTML. Attributes
# bear no mark; a list within an item is not the item's own; a block in parts is English
# only as a whole; what still stands there is no predecessor.
STATES = """
One two⏎three.⏎⏎- an item⏎
One two three. = 一二三。 ¦ an item = 一项
<p>一二三。</p>⏎<ul>⏎<li>一项</li>⏎</ul>

One two.
∅
<p MISSING>One two.</p>

It mixes all rows of $X$.
It mixes the rows of $X$. = 它混合 $X$ 的行。
<p class="weave-changed" data-english="It mixes all rows of $X$.">它混合 X 的行。</p>

<p>It mixes all rows</p>
It mixes the rows = 它混合行
<p><span class="weave-changed" data-english="It mixes all rows">它混合行</span></p>

<p aria-label="Some words">x</p>
Some words = 几个词
<p aria-label="几个词">x</p>

<p aria-label="Some words">x</p>
∅
<p aria-label="Some words">x</p>

- outer words⏎    - inner words⏎
inner words = 内
<ul>⏎<li><span MISSING>outer words</span>⏎<ul>⏎<li>内</li>⏎</ul>⏎</li>⏎</ul>

One two⏎$$⏎a⏎$$⏎three four.
∅
<p MISSING>One two⏎X⏎three four.</p>

One two⏎$$⏎a⏎$$⏎three four.
One two = 一二
<p class="weave-missing">一二⏎X⏎three four.</p>

It mixes the rows of a table.⏎⏎It mixes the columns of a table.
It mixes the rows of a table. = 它混合表的行。
<p>它混合表的行。</p>⏎<p MISSING>It mixes the columns of a table.</p>
""".strip().split("\n\n")


@pytest.mark.parametrize("case", STATES)
def test_a_block_has_its_words_and_their_state(case: str) -> None:
    text, pairs, html = case.split("\n")
    said = dict(pair.split(" = ") for pair in pairs.split(" ¦ ") if pair != "∅")
    html = html.replace("MISSING", 'class="weave-missing" lang="en"')
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
    translator.expect(PAGE, extract_text(PAGE, text))
    pairs = translator.pages[PAGE]
    assert [f"{unit.place}: {unit.message} {said.state}" for unit, said in pairs] == [
        "guide/a.md:1: One two. current",
        "guide/a.md:3: It mixes all rows of it. changed",
        "guide/a.md:5: Four five. missing",
    ]


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        *(("# A title", "h1"), ("| Head one | b |\n|---|---|\n| x | y |", "th")),
        *(("A term\n:   x", "dt"), ('??? note "A title"\n    x', "summary")),
        *(("x\n:   Its meaning", "dd"), ('!!! note "A title"\n    x', "p")),
        *(("<p>Some words</p>", "span"), ("A *word* [^1]\n\n[^1]: x", "p")),
    ],
)
def test_any_block_can_be_missing(text: str, tag: str) -> None:
    html = shown(text, {})
    assert re.search(rf"<{tag} [^>]*weave-missing[^>]*>", html), html
    assert not re.search("[\ue100-\ue2ff]", html)


def test_a_translation_is_named_by_its_line_in_the_catalog() -> None:
    text = "First one.\n\nSee it\nhere.\n\n[`nobody`][]"
    said = {"First one.": "一。", "See it here.": "见 [`none`][]。"}
    at = context(Translator(catalogs(said)))
    to_markdown(text, Place(PAGE, 5), PAGE, at)
    places = {str(problem.place) for problem in at.diagnostics.found}
    assert places == {f"{PAGE}:10", "zh.po:20"}


# ## Anchors

HEADINGS = """# A title

## The `x_y` of $S$ & [gelu][], **bold**

## What it costs { .wide }

## What it costs

Under lined
-----------

## `__init__`

## Own { #what-it-costs_1 }

### *Em* _em_ [text](b.md) <b>tag</b> \\* 2&nbsp;x

## ![`a`](x.svg) and `b`, <i title="`c`">one</i> `two`

- # In an item
"""


def ids(html: str, tag: str = r"<h\d [^>]*\b") -> list[str]:
    return re.findall(f'{tag}id="([^"]*)"', html)


def test_headings_have_the_english_anchors() -> None:
    english = to_html(to_markdown(HEADINGS, Place(PAGE, 1), PAGE, context()))
    for units in ([], extract_text(PAGE, HEADINGS)):
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
    html = to_html(document(module, "a.md", context(translator)))
    return "\n".join(row.prose for row in beside(cut(html, module), module, Overlay()))


def test_a_module_is_translated_as_a_page_is() -> None:
    module = parse(MODULE, "guide/a.py")
    units = extract_module(module)
    kinds = {unit.message: unit.kind for unit in units}
    assert kinds["the number of rows"] == "entry: $S$, num"
    assert {u.place.line for u in units if u.message == "Which one?"} <= {12}
    said = {u.message: f"译{n}" for n, u in enumerate(units)}
    said["**Exercise 1.** Which one?"] = "**练习 1。** 哪一个？"
    said["**Answer.** This one."] = "**答案。** 这一个。"
    translator = Translator(catalogs(said, "guide/a.py"), package="nothing")
    english, html = woven(module), woven(module, translator)
    assert ids(html, "") == ids(english, "")
    assert "<summary>答案</summary>" in html
    assert "<summary>Answer</summary>" in english
    assert "data-label" not in html
    assert "weave-missing" not in html
    assert not re.search("[\ue100-\ue2ff]", html)
