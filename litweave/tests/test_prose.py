"""What litweave adds to Markdown: formulas, names, examples; what it leaves alone."""

import re
from textwrap import indent

import pytest

from litweave.diagnostics import Diagnostics, Place
from litweave.katex import Formula, Formulas
from litweave.names import Names, Target
from litweave.prose import Context, sections, to_markdown
from litweave.sections import Above
from rendering import woven


@pytest.fixture
def context() -> Context:
    names, mixing = Names(), ("mixing", "mixing.Mixing", "mixing.Mixing.forward")
    for place in (*mixing, "norm", "norm.forward", "gelu", "gelu.gelu"):
        module, _, name = place.partition(".")
        names.add(Target(f"pkg.layers.{place}", f"layers/{module}.md", name))
    return Context(names, Formulas(), Diagnostics())


HERE = "layers/norm.md"


def write(text: str, context: Context, page: str = HERE, **more: Above) -> str:
    return to_markdown(text, Place("norm.py", 10), page, context, **more)


def formulas(context: Context) -> list[Formula]:
    return list(context.formulas.numbers)


ALIGNED = "\\begin{align*}\n  a\n\n\\end{align*}"


def test_formulas_are_set_aside(context: Context) -> None:
    text = write("With $a_1$ and\n\n$$\nb_1 \\\\ c_1\n$$\n\nand $a_1$ again.", context)
    assert formulas(context) == [Formula("a_1", False), Formula("b_1 \\\\ c_1", True)]
    assert "$" not in text
    assert "_" not in text
    slot = text.split()[1]
    assert text.count(slot) == 2, "the same formula is set once"
    # Sphinx's equations are lines of one.
    written = write("One\n\n.. math::\n\n    a\n\n    b\n\nTwo.", context)
    tex = "\\begin{split}a \\\\\n    b\\end{split}"
    slot = context.formulas.add(tex, True, Place("", 1))
    assert written.split() == ["One", slot, "Two."]


@pytest.mark.parametrize(
    ("text", "tex"),
    [
        (r"A \(x_1 * y\) b.", ("x_1 * y", False)),
        ("\\[\n\\int_0^1 f(x)\\,dx \\\\\n\\]", ("\\int_0^1 f(x)\\,dx \\\\", True)),
        (r"So \[ x + y \] is", ("x + y", True)),
        (r"\[x[2pt]\]", ("x[2pt]", True)),
        (".. math:: a\n    :label: b\n    :no-wrap:\n\nText", ("a", True)),
        ("``` math\na_1\n\nb\n```", ("a_1\n\nb", True)),
        ("- a\n\n    ~~~math\n    a\n    ~~~", ("a", True)),
        ("The $`a_1`$ there", ("a_1", False)),
        (":math:`a_1`,", ("a_1", False)),
        (".. math:: a_1\n\nText", ("a_1", True)),
        (".. math::\n   :label: one\n\n   a_1\n   + b\n\nText", ("a_1\n   + b", True)),
        (".. math::\n  a \\\\\n  b", ("\\begin{split}a \\\\\n  b\\end{split}", True)),
        (ALIGNED, (ALIGNED, True)),
        (r"[the $a_1$][gelu]", ("a_1", False)),
    ],
)
def test_formulas_may_have_the_delimiters_of_others(
    text: str, tex: tuple[str, bool], context: Context
) -> None:
    written = write(text, context)
    assert formulas(context) == [Formula(*tex)]
    assert not {*"$`~"} & {*written}
    assert "math" not in written
    assert not context.diagnostics.found


@pytest.mark.parametrize(
    "text",
    [
        *(r"\[not a link\](x)", r"`\(x\)` and \\(x\\)", "\\(x\n\ny\\)"),
        *("```maths\nx\n```", "A :mathematical:`x`"),
        # Links that are Markdown's own, and roles that are nobody's.
        *("[text][ref]\n\n[ref]: https://example.org", "![alt][ref]", "[text](a.md)"),
        *("A note[^1][^2].", "`[Nothing][]`", ":unknown:`x`"),
        "`:class:` and ``:class:`x` ``",
        # A dollar in code is a dollar.
        *("`$x$`", "`` a ` $x$ ``", "``` python\n$x$\n```", "~~~\n$x$\n~~~"),
        "    - item\n\n        ```\n        $x$\n        ```",
    ],
)
def test_what_is_no_formula_or_name_is_left_alone(text: str, context: Context) -> None:
    assert write(text, context) == text
    assert not formulas(context)
    assert not context.diagnostics.found


@pytest.mark.parametrize("fence", ["```", "~~~"])
def test_a_fence_left_open_is_named_and_ends(fence: str, context: Context) -> None:
    text = f"One.\n\n  {fence} python\n  x = 1"
    assert write(text, context) == f"{text}\n  {fence}"
    message = f"norm.py:12: “{fence}” opens code that is not closed"
    assert str(context.diagnostics) == message


FOREIGN = {
    **dict.fromkeys(
        [
            *(
                "It is $5 to $10 a month.",
                "$ python -m json.tool",
                "    $ ls\n    $ cd",
            ),
            *("It is $5, so set `$HOME`.", "~~~\na\n\nx\n~~~"),
            *("a[i][j] and f(x)[0][1]", "[0][1], [words][nobody]", "`[a](<b c>)`"),
            *("<https://example.org>", "<HTTPS://example.org/a>", "<me@example.org>"),
            "Some code\n~~~~~\nx\n~~~~~",
        ],
        "",
    ),
    "see [`Nobody`][]": "see `Nobody`",
    "One.\n\n~~~~~~~~~~": "One.\n\n\n---",
    "\ue000\ue230\ue001": "\ufffd\ufffd\ufffd",
    # Addresses in angle brackets are no tags, and all else in them is words.
    "From <stdin>, [a] (<b c>)": "From \ue002stdin>, [a] (\ue002b c>)",
    "<a title=me@example.org>": "\ue002a title=me@example.org>",
    **{"[a](<b c.md>)": "[a](b%20c.md)", "[a]: <b c.md> 'd'": "[a]: b%20c.md 'd'"},
    "![a]( <b (c).png> 'd')": "![a]( b%20%28c%29.png 'd')",
}


@pytest.mark.parametrize("text", FOREIGN)
def test_foreign_prose_stays_as_is(text: str, context: Context) -> None:
    assert write(text, context, above=Above()) == (FOREIGN[text] or text)
    assert not formulas(context)


def test_a_formula_knows_its_place_beside_dollars_and_links(context: Context) -> None:
    write("`$`\n\n$$\na\n$$\n\n$b$", context)
    assert [place.line for place in context.formulas.places.values()] == [12, 16]
    assert write("[$b$](<b c.md>)", context) == "[\ue000\ue231\ue001](b%20c.md)"
    assert write(r"It costs \$5, or $b$.", context).startswith("It costs $5, or ")
    # Code ends with its paragraph.
    assert "$" not in write("GNU's `quote'.\n\nThen $a$, `b`.", context)
    assert not context.diagnostics.found


@pytest.mark.parametrize(
    ("words", "link", "page"),
    [
        ("`Mixing`", "mixing.md#Mixing", HERE),
        ("mixing", "mixing.md", HERE),
        ("mixing", "layers/mixing.md", "index.md"),
        ("`gelu`", "gelu.md#gelu", HERE),
        ("mixing", "../../layers/mixing.md", "a/b/c.md"),
        ("`Mixing.forward`", "mixing.md#Mixing.forward", HERE),
        ("`forward`", "norm.md#forward", HERE),
    ],
)
def test_names_become_links(words: str, link: str, page: str, context: Context) -> None:
    assert write(f"See [{words}][].", context, page) == f"See [{words}]({link})."
    text = "[the\nlayer][layers.mixing.Mixing]"
    assert write(text, context) == "[the\nlayer](mixing.md#Mixing)"
    # A role of Sphinx is shown as what it names.
    roles = ":class:`Mixing`, :py:func:`~torch.nn.gelu`, :ref:`the words <target>`"
    assert write(roles, context) == "`Mixing`, `gelu`, `the words`"
    assert not context.diagnostics.found


@pytest.mark.parametrize("letter", ["见", "の", "ン", "ක", "ර්", "é", "。"])
def test_names_are_links_next_to_any_letter(letter: str, context: Context) -> None:
    written = write(f"{letter}[mixing][]{letter}[{letter}][mixing]{letter}", context)
    link = "(mixing.md)"
    assert written == f"{letter}[mixing]{link}{letter}[{letter}]{link}{letter}"
    assert write("x[mixing][]", context) == "x[mixing][]"


OPEN = "a “$” opens a formula that is not closed"
ALIGN = r"a “\begin{align}” opens a formula that is not closed"
FORWARDS = "“pkg.layers.mixing.Mixing.forward”, “pkg.layers.norm.forward”"
MISTAKES = {
    "one\ntwo $x\n\nthree": f"11: {OPEN}",
    "\n\n$$\nx\n": f"12: {OPEN}",
    **dict.fromkeys(["$x", "a $ b", "$x$ and $"], f"10: {OPEN}"),
    "A\n\\begin{align}\n\\\\begin{x} $\\begin{y}$ \\begin{x} \\end{x}": f"11: {ALIGN}",
    "$x\n\ny$": f"10: {OPEN}|12: {OPEN}",
    "A.\n\n[`Mixin`][].": "12: nothing is named “Mixin”; did you mean “Mixing”?",
    "[`forward`][]": f"10: “forward” could be {FORWARDS}: write more of the name",
    "$\n\n[`Nowhere`][]\n\n$": f"10: {OPEN}|12: nothing is|14: {OPEN}",
}


@pytest.mark.parametrize(("text", "wrong"), MISTAKES.items())
def test_all_mistakes_are_listed_in_order(
    text: str, wrong: str, context: Context
) -> None:
    write(text, context, "index.md")
    said = str(context.diagnostics).split("\n")
    for line, start in zip(said, wrong.split("|"), strict=True):
        assert line.startswith(f"norm.py:{start}")


def test_examples_become_code(context: Context) -> None:
    code = ">>> f(1)\n2\n>>> '$x'\n'$x'\n\n>>> g()"
    text = write(f"So:\n\n{code}\n\nThen [mixing][].", context)
    assert text == f"So:\n\n\n``` pycon\n{code}\n```\n\n\nThen [mixing](mixing.md)."
    # An example that is indented stays in its list.
    text = write("- item\n\n    >>> f(1)\n    2\n", context)
    assert text == "- item\n\n\n    ``` pycon\n    >>> f(1)\n    2\n    ```\n\n"
    # One may hold a fence.
    assert write('>>> print("```")\n```', context).count("````") == 2


def test_columns_and_drawings_are_told_from_lines_that_may_break(
    context: Context,
) -> None:
    table = "a    b\n1.0  2\n"
    for text, has_columns in (
        (f">>> f()\n{table}", True),
        (">>> f(1,  2)\n>>> f(1,  2)\n3", False),
        (f"```text\n{table}```\n", True),
        ("```text\na ──▶ b\n  └── c\n```\n", True),
        ("```text\na.py: a word.  Two.\nb.py: one.\n```\n", False),
        (f"```\n{table}```\n", False),
    ):
        assert (".weave-columns }" in write(text, context)) == has_columns, text


@pytest.mark.parametrize(
    ("above", "margin"),
    [
        ("Text:\n", "  "),
        ("Text:\n\n", " " * 4),
        ("- item\n\n", "  "),
        ("Text:\n\n        More:\n\n", " " * 12),
        ("- item\n\nText:\n\n", " " * 4),
        ("- item\n\n    Text:\n\n", " " * 8),
        ("1. item\n    - item\n\n", " " * 8),
        ("!!! note\n    Text.\n\n", " " * 4),
        ('=== "Tab"\n\n', " " * 4),
        ("Term\n:   Text:\n\n", " " * 4),
    ],
)
def test_an_example_is_one_wherever_it_stands(above: str, margin: str) -> None:
    text = above + indent(">>> f()\n1\n>>> g()\n2", margin)
    html = woven(f'r"""\n{text}\n\nAnd so on.\n"""\n').rows[0]
    assert html.count('<div class="language-pycon highlight">') == 1
    assert "```" not in html
    assert "&gt;&gt;&gt;" not in re.sub("<code>.*?</code>", "", html, flags=re.DOTALL)
    inside = above.startswith(("- item\n\n ", "1.", "!!!", "===", "Term"))
    before = html.partition('<div class="language')[0]
    opened = [tag for tag in ("li", "div", "dd") if f"<{tag}" in before]
    assert bool(opened) >= inside


@pytest.mark.parametrize(
    ("text", "starts"),
    [
        ("# T\n\nA.\n\n## One\n\nB.\n\n### Two\n", [0, 4]),
        ("## One\nA.\n## Two\n", [0, 2]),
        ("A.\n\nTwo\n---\nB.\n\n- item\n\n---\n", [0, 2]),
        ("A.\n\n```text\n## None\n```\n\n    ## None\n", [0]),
    ],
)
def test_sections_begin_at_headings_of_level_two(text: str, starts: list[int]) -> None:
    found = sections(text)
    assert [line for line, _ in found] == starts
    assert "".join(part for _, part in found) == text
