"""Prose is cut into pieces, and nothing of it is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litweave.features.languages.units import Piece, rewrite, split

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


@given(
    st.lists(
        st.one_of(
            st.sampled_from(["", *"⏎".join(TEXTS).split("⏎")]),
            st.text(alphabet='ab \t#->|:`$<>[](){}*_1.!="\\é中'),
        ),
        max_size=14,
    ),
    st.booleans(),
)
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


def test_a_tag_may_be_words() -> None:
    [piece] = split("<module> is run", html=False)
    assert piece.message == "<module> is run"


def test_lines_keep_their_numbers() -> None:
    text = "# A title\n\nOne\ntwo\nthree.\n- no item\n\n```\ncode\n```\n\nLast\nwords."

    def translate(piece: Piece) -> str | None:
        return piece.message.upper() if piece.unit else None

    numbers, lines = zip(*rewrite(text, translate), strict=True)
    said = "# A TITLE||ONE TWO THREE. - NO ITEM||```|code|```||LAST WORDS."
    assert "|".join(lines) == said
    assert numbers == (0, 1, 2, 6, 7, 8, 9, 10, 11)


def test_a_fence_in_a_list_stays_in_it() -> None:
    text = "1.  first\n    item\n\n    ```\n    code\n    ```\n\n2.  second"
    written = rewrite(text, lambda piece: "X" if piece.unit else None)
    lines = "|".join(line for _, line in written)
    assert lines == "1.  X||    ```|    code|    ```||2.  X"
