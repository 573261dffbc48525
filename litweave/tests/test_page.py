"""A module's rows become one Markdown document, and its HTML becomes the page."""

import re
from html import unescape

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st
from markdown import Markdown

from litweave.dialect import Dialect, sanitised, to_html
from litweave.headings import anchors, slug
from litweave.overlay import (
    Mark,
    Overlay,
    breakable,
    breakable_blocks,
    code_lines,
)
from litweave.page import addresses, cut, flat
from litweave.parse import parse
from rendering import Woven, woven

SOURCE = '''\
"""# Title

Opening.[^1]

[^1]: A note.
"""
import os

# Set *things* up.
a = 1 < 2

class Mixer:
    r"""## The mixer

    It mixes $x$.
    """
    def __init__(self):
        """Begin."""
        # Its own comment.
        self.a = "<b>"

    def silent(self):
        return self

    # Set *things* up.
    b = 2
'''
MADE = woven(SOURCE)


def text(code: str) -> str:
    """What a reader sees of some HTML."""
    return unescape(re.sub(r"<[^>]*>", "", code))


OPENING = (":title-opening-1-1-a-note", ":set-things-up", "Mixer", "Mixer.__init__")
SAME = "# Same.\na = 1\n# Same.\nb = 2\n# $x$\nc = 3\n# Same.\na = 1\n# Same.\na = 1\n"
TWICE = "# One.\ndef f(): ...\n# Two.\ndef f(): ...\n# Three.\ndef f(): ...\n"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (SOURCE, [*OPENING, "Mixer.__init__:its-own-comment", "Mixer:set-things-up"]),
        # Rows that are alike are told apart by their code, and then by a number.
        (SAME, [":same", ":same-b-2", ":c-3", ":same-a-1", ":same~2"]),
        (TWICE, ["f", "f~2", "f~3"]),
    ],
)
def test_anchors_are_names_and_first_words(source: str, expected: list[str]) -> None:
    assert list(anchors(parse(source))) == expected


LINES = ["# a", "# b $x$", "x = 1", "", "def f(): ...", "# é"]


@given(st.lists(st.sampled_from(LINES)))
def test_no_two_addresses_are_alike(lines: list[str]) -> None:
    found = addresses(parse("\n".join(lines)))
    assert len(found) == len(set(found))
    assert all(found)
    assert not re.search(r"\s", "".join(found))


ANCHORS = """
What it costs → what-it-costs ¦ Don't: a + b (c_d) → dont-a-b-c_d
Žlutý café, ½ → zluty-cafe-12 ¦ ノート と ガイド → ノート-と-ガイド ¦ 记号 → 记号
ｶﾞｲﾄﾞ「Ａ」 → ガイドa ¦ ශ්‍රී ලංකා → ශ්‍රී-ලංකා ¦ می‌خواهم → می‌خواهم ¦ Ο όρος λ → ο-όρος-λ
Größe × 2 → größe-2 ¦ 🚀 Start → start ¦ 🚀 記号 👩‍🚀 → 記号
"""


@pytest.mark.parametrize("case", re.split(" ¦ |\n", ANCHORS.strip()))
def test_an_anchor_is_made_of_the_words(case: str) -> None:
    said, anchor = case.split(" → ")
    assert slug(said) == anchor


def test_words_keep_their_marks_and_are_the_anchors_of_headings() -> None:
    (said,) = anchors(parse("# Le résumé, re\u0301sume\u0301 — ශ්‍රී_ලංකා ガイド"))
    assert said == ":le-resume-resume-ශ්‍රී-ලංකා-ガイド"
    page = woven('"""# 混合\n\n## 记号\n\n## *记号* `x`\n\n## 记号\n"""\n').rows[0]
    assert re.findall('<h. id="(.*?)"', page) == ["混合", "记号", "记号-x", "记号_1"]
    # A site keeps its own way.
    own = {"toc": {"slugify": lambda words, separator: "own"}}
    markdown = Markdown(extensions=["toc", Dialect()], extension_configs=own)
    assert markdown.convert("# 记号") == '<h1 id="own">记号</h1>'


def test_headings_have_their_names_and_notes_work_across_rows() -> None:
    html = "".join(MADE.rows)
    assert '<h2 id="Mixer">The mixer</h2>' in html
    assert '<h3 id="Mixer.__init__"><code>Mixer.__init__</code></h3>' in html
    assert "A note." in MADE.rows[-1]
    assert 'href="#fn:1"' in MADE.rows[0]
    # A class without words is a heading above what it holds.
    source = 'class A:\n    def f(self):\n        """Words."""\n'
    _, first, second = woven(f"x = 1\n{source}").cells
    assert first.prose == '<h2 id="A"><code>A</code></h2>'
    assert second.prose.startswith('<h3 id="A.f">')
    assert text(first.code) == "class A:\n"


def test_a_page_begins_with_a_title_and_misses_rows_that_markdown_swallowed() -> None:
    made = woven("# One.\na = 1\n# <Two>.\nb = 2\n")
    found = cut("<p>One.</p>", made.module, made.context)
    assert found == ["<pre>One.</pre>", "<pre>&lt;Two&gt;.</pre>", ""]
    assert re.match("a.py:1: 3 pieces .* 1 came out", *made.diagnostics)
    for source, document in (
        ("x = 1\n", "# `a`"),
        ('# The licence.\n"""# Title"""\n', "# Title\n\nThe licence."),
    ):
        assert woven(source).document.partition("\n\n<!--")[0] == document


ESSAY = '''\
# The licence.
r"""# Title

Opening.

## Why

Because [of this][1].

```text
## No heading, but code.
```

Underlined
----------

Below it.

## Notation

- $x$, `x`: a number

[1]: https://example.org
"""


def f(x):
    """## The function

    Its words.

    ### Why
    """
'''


def headings(made: Woven) -> list[str]:
    return [text(h) for h in re.findall(r"<h\d.*?</h\d>", "".join(made.rows))]


def test_sections_of_the_opening_follow_the_code_and_the_notation_is_folded() -> None:
    made = woven(ESSAY)
    expected = ["Title", "Notation", "The function", "Why", "Why", "Underlined"]
    assert headings(made) == expected
    assert made.cells[-1].row is None
    assert "The licence." in made.rows[0]
    assert 'href="https://example.org"' in made.rows[-1]
    assert "## No heading, but code." in text(made.rows[-1])
    # Search finds it, and it follows the last row.
    assert text(flat(made.cells, made.module)).rindex("Below it.") > 0
    places = [made.page.index(s) for s in ("Its words.", "weave-closing", "Because")]
    assert places == sorted(places)
    # A mistake in a section that moved has its line.
    (wrong,) = woven(ESSAY.replace("Below it.", "[it][nowhere].")).diagnostics
    line = ESSAY.partition("Below it.")[0].count("\n") + 1
    assert wrong.startswith(f"a.py:{line}: ")
    # A module of one row keeps its order.
    made = woven(ESSAY.partition("\n\ndef")[0])
    assert headings(made) == ["Title", "Why", "Underlined", "Notation"]
    assert len(made.rows) == 1
    # The notation is folded, and keeps its address.
    soup = BeautifulSoup(woven(ESSAY).page, "html.parser")
    [notation] = soup.select(".weave-opening details:not([open])")
    assert notation.select_one("summary#notation")
    [entry] = notation.select("li")
    assert entry.get_text().endswith("a number")
    assert "Opening." not in notation.get_text()


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_lines_stay_in_step_whatever_ends_them(ending: str) -> None:
    source = 'a = """\n\x0c\n"""\n# P\nb = 1\n'.replace("\n", ending)
    assert text(woven(source).cells[1].code).strip() == "b = 1"


def test_each_row_has_its_code_its_numbers_in_the_file_and_an_address() -> None:
    *rows, closing = MADE.cells
    assert (closing.row, closing.code) == (None, "")
    for row, original in zip(rows, MADE.module.rows, strict=True):
        assert row.row == original
        assert text(row.code) == MADE.module.code(original)
        numbers = re.findall(r'data-line="(\d+)"', row.code)
        assert [int(n) for n in numbers] == list(original.code)
    # Every row can be linked to, and what has none of its own.
    there = addresses(MADE.module)
    assert [MADE.page.count(f'id="{anchor}"') for anchor in there] == [1] * len(there)
    links = re.findall(r'class="weave-link" [^>]*href="#([^"]+)"', MADE.page)
    assert links
    assert set(links) <= set(there)
    assert "Mixer.silent" in there
    assert any('id="Mixer.silent"' in row.code for row in MADE.cells)


def test_the_flat_page_has_all_prose_and_the_names_in_the_code() -> None:
    source = "# Einstein.\ndef g(x):\n    return torch.einsum(self.a, nn.Linear(x))\n"
    made = woven(source)
    found = text(flat(made.cells, made.module))
    assert "def g torch.einsum nn.Linear" in found
    assert "return" not in found
    found = text(flat(MADE.cells, MADE.module))
    assert all(p in found for p in ("Opening.", "Set things up.", "class Mixer"))


@pytest.mark.parametrize(
    "shown",
    [
        *("f(|x)", "x == settings", "a.|b(|0.5)", "from package.|part import f"),
        *("f(|a=|b)", 'open(|"a/|b-c")', "x = 1e-5", "a.|b.|c"),
    ],
)
def test_code_may_break_behind_what_opens_and_not_in_names(shown: str) -> None:
    (line,) = code_lines(shown.replace("|", ""))
    assert text(breakable(line).replace("<wbr>", "|")) == shown


def test_a_number_stays_with_what_it_counts() -> None:
    html = to_html("Of 8 % in 3 MB, `8 %` of 5 parts, **7 %**: 1 %2")
    shown = "Of 8~% in 3~MB, <code>8 %</code> of 5 parts, <strong>7~%</strong>: 1 %2"
    assert html.replace("\N{NO-BREAK SPACE}", "~") == f"<p>{shown}</p>"


def test_an_option_stays_in_one_piece() -> None:
    shown = "<code>run <b>--a-b</b> -m x-y --c=1 -1</code><p title='--d'>--e</p>"
    assert breakable_blocks(shown) == re.sub(
        "(?<=[ >])(--a-b|-m|--c)", r'<span class="weave-option">\1</span>', shown
    )


def test_an_example_may_break_and_what_it_printed_may_not() -> None:
    code = "<pre><span></span><code>f(x)</code></pre>"
    html = f"<p><code>f(x)</code></p>{code}<pre><samp>f(x)</samp></pre>"
    assert breakable_blocks(html) == html.replace(code, code.replace("(", "(<wbr>"))


def test_tools_stand_above_panels_beside_the_opening_and_notes_at_the_end() -> None:
    tool, panel, end = "<b>tool</b>", "<i>panel</i>", "<i>end</i>"
    hints = {SOURCE.split("\n").index("a = 1 < 2") + 1: "<i>hint</i>"}
    extra = Overlay(tools=[tool], panels=[panel], endnotes=[end], hints=hints)
    expected = {
        SOURCE: ["pkg/<wbr>&lt;mixer&gt;.py", tool, "Opening.", panel, "Set ", end],
        ESSAY: [panel, "Its words.", "Because", end],
        '"""# Title"""\n': [panel, end],
    }
    for source, parts in expected.items():
        html = woven(source, extra=extra, path="pkg/<mixer>.py").page
        assert [html.count(panel), html.count(end)] == [1, 1]
        places = [html.index(part) for part in parts]
        assert places == sorted(places)
    code = woven(SOURCE, extra=extra).cells[1].code
    assert code.rstrip().endswith("<i>hint</i></span>\n</code></pre>")


EDGES = st.lists(st.integers(0, 9), min_size=2, max_size=2, unique=True).map(sorted)


@given(st.lists(EDGES, max_size=8))
def test_marks_wrap_their_columns_and_change_no_letter(edges: list[list[int]]) -> None:
    kept: list[tuple[int, int]] = []
    for start, end in edges:
        if not any(s < start < e < end or start < s < end < e for s, e in kept):
            kept.append((start, end))
    marks = [Mark(1, s, e, "b", {"n": f"{s}<{e}"}) for s, e in kept]
    line, *_ = code_lines("a = 'é<é'\n", marks)
    assert text(line) == "a = 'é<é'"
    assert line.count("<b ") == line.count("</b>")
    elements = BeautifulSoup(line, "html.parser").find_all("b")
    assert len(elements) == len(kept)
    for element in elements:
        start, end = map(int, element["n"].split("<"))
        assert element.get_text() == "a = 'é<é'"[start:end]


# ## What prose may not do, and what it may: the one never, the other always


@pytest.mark.parametrize(
    ("prose", "shown"),
    [
        ("From <stdin> to <module>.", "<p>From &lt;stdin&gt; to &lt;module&gt;.</p>"),
        ("A list<int> or `list<int>`.", "A list&lt;int&gt; or <code>list&lt;int&gt;</"),
        ("<div>\n\n**Bold** anyway", "<strong>Bold</strong> anyway"),
        ('<video src="x">', "&lt;video"),
        ("1 < 2 and a<b>c", "1 &lt; 2 and a&lt;b&gt;c"),
        (r"An \<escape>.", r"An \&lt;escape&gt;."),
        ("<https://example.org>", '<a href="https://example.org">'),
        ("Text:\n\n    if a <b> c:\n", "a &lt;b&gt; c"),
        ("~~~\n<b>\n~~~", "&lt;b&gt;"),
        ("<!--weave-row-->", "&lt;!--weave-row--&gt;"),
        ("a &amp; b &lt; c", "a &amp; b &lt; c"),
    ],
)
def test_what_looks_like_html_is_words(prose: str, shown: str) -> None:
    html = woven(f"r'''# Title\n\n{prose}\n'''\nx = 1\n# Next *row*.\ny = 2\n").page
    plain = html.replace('<span class="o">', "").replace('<span class="n">', "")
    assert shown in plain.replace("</span>", "").replace("<span></span>", "")
    assert "Next <em>row</em>" in html, "and the rows after it are as ever"


def test_who_asks_for_html_gets_it_and_a_tag_in_a_title_is_words_everywhere() -> None:
    video = '<video src="x.webm"></video>'
    assert video in woven(f"'''# Title\n\n{video}\n'''\n", raw_html=True).page
    markdown = Markdown(extensions=["toc", Dialect()])
    markdown.convert(woven("# # A <b>").document)
    assert markdown.toc_tokens[0]["name"] == "A &lt;b&gt;"


@pytest.mark.parametrize(
    ("prose", "tag"),
    [
        ("<nav>\n\nOpen.", "<nav>"),
        ("Some <b>bold *words*", "<b>"),
        ("<details>\n<summary>Why</summary>\n\n<div></div>", "<details>"),
        ("<script>\nif (a < b) run()", "<script>"),
        ("<div>\n<p>One.</div>\n\n<p>Two.", "<p>"),
        ("- item\n\n    <table>", "<table>"),
        # What is whole is left alone.
        ("`<nav>` and\n\n~~~\n<nav>\n~~~", ""),
        ("<div>\n<p>One.\n</div>", ""),
        ("A line<br>and <img src='x.png'> and <a href='<' title='<b\">'>b</a>.", ""),
        ("<!-- <p> -->\n\n<svg viewBox='0 0 1 1'><path d='M0 0'/></svg>", ""),
        ("Text:\n\n    <table>\n\n    <tr>", ""),
        ("<me@example.org>, [a](<b c>), 1 < 2", ""),
    ],
)
def test_html_that_stays_open_ends_with_its_row(prose: str, tag: str) -> None:
    made = woven(f"r'''# Title\n\n{prose}\n'''\n# Next *row*.\ny = 2\n", True)
    assert made.rows[1] == "<p>Next <em>row</em>.</p>"
    if tag:
        line = prose[: prose.rindex(tag)].count("\n") + 3
        problem = f"a.py:{line}: “{tag}” opens HTML that is not closed"
        assert made.diagnostics == [problem]
        assert f"</{tag[1:]}" in made.rows[0]
    else:
        assert not made.diagnostics


IMG = "<img src=x onerror=run()>"
SCRIPTS = [
    *("<script>run()</script>", "[click](javascript:run())", "# Title {: #__config }"),
    "[click][there]\n\n[there]: JaVaScRiPt:run()",
    "[click](data:text/html;base64,PHNjcmlwdD4=)",
    *("![x](x.png){: onerror=run() }", "![x](//example.invalid/x.png)"),
    "words\n{: onclick=run() style=background:url(//example.invalid) }",
    *("![x](https://example.invalid/x.png)", f"`` ` ``{IMG}`", f"`a\n\n{IMG} b`"),
    *(f"``` python\nx = 1\n\n{IMG}", f"~~~\n```\n~~~\n{IMG}\n```", f"- [ ] {IMG}"),
    *(f'=== "{IMG}"\n    Text.', f'!!! note "{IMG}"\n    Text.'),
    f"[^1]\n\n[^1]: {IMG}",
    '??? "on" "<svg onload=run()>"\n    Text.',
    f"| {IMG} |\n|---|\n| <svg onload=run()> |",
    *("<div markdown onclick=run()>\n*x*\n</div>", f'<a href="x" title="{IMG}">'),
    *("\ue002img src=x onerror=run()>", "\ue000\ue230\ue001 \ue004\ue23c\ue001"),
]


@pytest.mark.parametrize("prose", SCRIPTS)
@pytest.mark.parametrize("form", ["r'''{}\n'''", "def f():\n    r'''{}\n    '''"])
def test_no_way_leads_to_a_script(prose: str, form: str) -> None:
    inside = prose.replace("\n", "\n    ") if form.startswith("def") else prose
    check_harmless(woven(form.format(inside) + "\n# Next *row*.\ny = 2\n").page)


PIECES = [
    *("<", ">", "<script>", "</script>", "<!--", "-->", "`", "``", "```", "~~~"),
    *("[", "](", ")", "javascript:", "{:", "}", "$", "\\", "<div>", "</div>", "x"),
    *("<img src=x onerror=run()>", " onclick=run() ", "<b markdown>", "\ue002", "&lt;"),
    *("\n", "\n\n", "    ", "!!! note\n    ", "- ", "| a |\n|---|\n", "\ue000", ">>> "),
]


@given(st.lists(st.sampled_from(PIECES), max_size=12))
def test_no_mixture_leads_to_a_script(parts: list[str]) -> None:
    text = "".join(f"# {line}\n" for line in "".join(parts).split("\n"))
    check_harmless(woven(f"{text}x = 1\n# Next.\ny = 2\n").page)


def test_no_character_passes_for_a_formula_or_a_mark() -> None:
    slot = "\ue000\ue230\ue001"
    made = woven(f"# $x$ {slot}\ny = '{slot}'\n# # T \ue004\ue278\ue001\nz = 1\n")
    made.context.formulas.html = ["FORMULA"]
    assert made.context.formulas.fill(made.page).count("FORMULA") == 1
    assert "'&#57344;&#57904;&#57345;'" in made.page, "code is shown as it is"
    assert 'id="x"' not in made.page


# How a table is aligned, and how tall a row will be: both are the renderer's own.
HARMLESS_STYLE = re.compile(r"(text-align: ?\w+;?|--tall:\d+)\Z")


def check_harmless(html: str) -> None:
    """Look at the page as a browser's parser would."""
    soup = BeautifulSoup(html, "html.parser")
    assert not soup.select("script,style,iframe,object,embed,form,base,meta,link")
    for element in soup.find_all(True):
        for name, value in element.attrs.items():
            assert not name.startswith("on"), element
            assert name != "style" or HARMLESS_STYLE.match(str(value)), element
            if name in ("href", "src"):
                scheme = str(value).strip().lower().partition(":")[0]
                assert scheme not in ("javascript", "data", "vbscript"), element
            if name == "src":
                assert "//" not in value, "an image of another host"
            if name == "id":
                assert value != "__config", "the theme's own settings"


PASSES = """\
<h2 id="__sleep0">x</h2>
<h2 id="Mixer.__init__">x<a class="headerlink" href="#Mixer" \
title="Permanent link">¶</a></h2>
<div class="admonition note"><p class="admonition-title">Note</p></div>
<details class="tip" open=""><summary>Tip</summary></details>
<div class="tabbed-set tabbed-alternate" data-tabs="1:1"><input checked="" \
id="__tabbed_1_1" name="__tabbed_1" type="radio"><div class="tabbed-labels">\
<label for="__tabbed_1_1">One</label></div></div>
<label class="task-list-control"><input type="checkbox" disabled="">\
<span class="task-list-indicator"></span></label>
<sup id="fnref:1"><a class="footnote-ref" href="#fn:1">1</a></sup>
<table><thead><tr><th style="text-align:right">a</th></tr></thead></table>
<div class="language-python highlight"><pre><span></span><code>\
<span class="kn">import</span> a</code></pre></div>
<p class="wide" id="x">\ue000\ue231\ue001 é &amp; &lt;</p>
<a href="../mixer/#Mixer"><code>Mixer</code></a>
<a href="mailto:a@b.c" target="_blank" rel="noopener">a</a>
<img alt="a" src="../a.png" width="10" loading="lazy">
<dl><dt>a</dt><dd>b</dd></dl><ol start="3"><li>c</li></ol><hr><kbd>d</kbd>
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0"></path></svg>
"""


@pytest.mark.parametrize("html", PASSES.splitlines())
def test_what_markdown_makes_passes_as_it_is(html: str) -> None:
    assert sanitised(html) == html
