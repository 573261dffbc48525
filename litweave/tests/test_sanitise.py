"""What prose may not do, and what it may: the one never, the other always."""

import re
from html import unescape

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st
from markdown import Markdown

from litweave.sanitise import LiteralTags, sanitised
from rendering import woven


@pytest.mark.parametrize(
    ("prose", "shown"),
    [
        ("From <stdin> to <module>.", "<p>From &lt;stdin&gt; to &lt;module&gt;.</p>"),
        ("A list<int> or `list<int>`.", "A list&lt;int&gt; or <code>list&lt;int&gt;</"),
        ("<div>\n\n**Bold** anyway", "<strong>Bold</strong> anyway"),
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


def test_a_title_with_a_tag_is_words_in_the_contents_too() -> None:
    markdown = Markdown(extensions=["toc", LiteralTags()])
    markdown.convert(woven("# # A <b>").document)
    assert markdown.toc_tokens[0]["name"] == "A &lt;b&gt;"


def test_who_asks_for_html_gets_it() -> None:
    video = '<video src="x.webm"></video>'
    source = f"'''# Title\n\n{video}\n'''\n"
    assert video in woven(source, raw_html=True).page
    assert "<video" not in woven(source).page


@pytest.mark.parametrize(
    ("prose", "tag"),
    [
        *(("<nav>\n\nOpen.", "<nav>"), ("Some <b>bold *words*", "<b>")),
        ("<details>\n<summary>Why</summary>\n\n<div></div>", "<details>"),
        *(("<script>\nif (a < b) run()", "<script>"), ("<!-- a <p> *remark*", "<!--")),
        ("<div>\n<p>One.</div>\n\n<p>Two.", "<p>"),
        ("- item\n\n    <table>", "<table>"),
        # What is whole is left alone.
        *(("`<nav>` and\n\n~~~\n<nav>\n~~~", ""), ("<div>\n<p>One.\n</div>", "")),
        ("A line<br>and <img src='x.png'> and <a href='<'>b</a>.", ""),
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
        assert ("-->" if tag == "<!--" else f"</{tag[1:]}") in made.rows[0]
    else:
        assert not made.diagnostics


@pytest.mark.parametrize("prose", ["a <b and *c*", "a </div> and *c*", "<a title='*c*"])
def test_what_is_no_whole_tag_is_words(prose: str) -> None:
    made = woven(f"# {prose}\nx = 1\n# Next > *row*.\ny = 2\n", True)
    shown = prose.replace("*c*", "<em>c</em>")
    assert unescape(made.rows[0]).endswith(f"<p>{shown}</p>")
    assert made.rows[1] == "<p>Next &gt; <em>row</em>.</p>"


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
    *("\ue002img src=x onerror=run()>", "\ue000\ue010\ue001 \ue100\ue23c\ue101"),
]


@pytest.mark.parametrize("prose", SCRIPTS)
@pytest.mark.parametrize("form", ["r'''{}\n'''", "def f():\n    r'''{}\n    '''"])
def test_no_way_leads_to_a_script(prose: str, form: str) -> None:
    inside = prose.replace("\n", "\n    ") if form.startswith("def") else prose
    check_harmless(woven(form.format(inside) + "\n# Next *row*.\ny = 2\n").page)


pieces = st.sampled_from(
    [
        *("<", ">", "<script>", "</script>", "<!--", "-->", "`", "``", "```", "~~~"),
        *("[", "](", ")", "javascript:", "{:", "}", "$", "\\", "<div>", "</div>", "x"),
        *("<img src=x onerror=run()>", " onclick=run() ", "<b markdown>", "\ue002"),
        *("\n", "\n\n", "    ", "!!! note\n    ", "- ", "| a |\n|---|\n", "\ue000"),
        *(">>> ", "&lt;"),
    ]
)


@given(st.lists(pieces, max_size=12))
def test_no_mixture_leads_to_a_script(parts: list[str]) -> None:
    text = "".join(f"# {line}\n" for line in "".join(parts).split("\n"))
    try:
        html = woven(f"{text}x = 1\n# Next.\ny = 2\n").page
    except ValueError:  # the rows were lost, and the page shows the text as it is
        return
    check_harmless(html)


def test_no_character_passes_for_a_formula_or_a_mark() -> None:
    slot = "\ue000\ue010\ue001"
    made = woven(f"# $x$ {slot}\ny = '{slot}'\n# # T \ue100\ue278\ue101\nz = 1\n")
    made.context.formulas.html = ["FORMULA"]
    assert made.context.formulas.fill(made.page).count("FORMULA") == 1
    assert "'&#57344;&#57360;&#57345;'" in made.page, "code is shown as it is"
    assert 'id="x"' not in made.page


# How a table is aligned, and how tall a row will be: both are the renderer's own.
HARMLESS_STYLE = re.compile(r"(text-align: ?\w+;?|--tall:\d+)\Z")


def check_harmless(html: str) -> None:
    """Look at the page as a browser's parser would."""
    soup = BeautifulSoup(html, "html.parser")
    never = "script, style, iframe, object, embed, form, base, meta, link"
    assert not soup.select(never)
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
<p class="wide" id="x">\ue000\ue011\ue001 é &amp; &lt;</p>
<a href="../mixer/#Mixer"><code>Mixer</code></a>
<a href="mailto:a@b.c" target="_blank" rel="noopener">a</a>
<img alt="a" src="../a.png" width="10" loading="lazy">
<dl><dt>a</dt><dd>b</dd></dl><ol start="3"><li>c</li></ol><hr><kbd>d</kbd>
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0"></path></svg>
"""


@pytest.mark.parametrize("html", PASSES.splitlines())
def test_what_markdown_makes_passes_as_it_is(html: str) -> None:
    assert sanitised(html) == html
