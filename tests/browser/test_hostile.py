"""A module that means harm becomes a page, and a browser does nothing of it."""

from pathlib import Path

from litweave.build import build
from playwright.sync_api import Browser

from support import settings_of, write_files
from tests.browser.conftest import open_context, served, settle

# What would set `hacked`, ask another host, or open a dialog, if anything ran.
HARM = "<img src=x onerror='hacked=1'><script>hacked=2</script>"
HOSTILE = r'''# <script>hacked=3;alert(1)</script>
# <style>@import url(https://example.invalid/style.css);</style>
r"""# Title @HARM@

@HARM@ <!--weave-row--> \ue000\ue230\ue001 \ue003{k}{x} \ue004\ue23c\ue001

[click](javascript:hacked=4) [there][] ![x](https://example.invalid/a.png)
![x](x.png){: onerror="hacked=5" } [text](data:text/html,<script>hacked=6</script>)

[there]: javascript:hacked=7

Attributes.
{: onmouseover="hacked=8" style="background:url(https://example.invalid/b.png)" }

### {"base": "https://example.invalid/", "features": [], "search": "data:,hacked=9"}
{: #__config }

$\href{javascript:hacked=10}{x}$ $\includegraphics{https://example.invalid/c.png}$
$\htmlData{weave-copy=https://example.invalid/d}{x}$ $\text{@HARM@}$ $<b>$

<iframe src="javascript:hacked=11"></iframe> <base href="https://example.invalid/">
<svg onload="hacked=12"><meta http-equiv="refresh" content="0;javascript:hacked=13">
<textarea><title><!--

| @HARM@ |
|---|
| `a |

## Notation

- $x$, `x`: @HARM@ [a](javascript:hacked=14)
- $y$, `@HARM@`: the other

``` python
@HARM@

"""

x = "</script></code></pre>@HARM@"  # @HARM@
private = "\ue000\ue230\ue001"


class Hostile(dict):
    """@HARM@ porcupine"""

    # @HARM@ <b onclick="hacked=15">
    def method(self, x="</script>@HARM@", y: "@HARM@" = None):
        """</script>@HARM@

        >>> "@HARM@"
        """
        return Hostile(x).method(y)
'''
# Whatever shows itself when somebody points at it, or comes to it by the keyboard.
POINT = """for (const element of document.querySelectorAll("article *"))
  for (const kind of ["mouseover", "mouseenter", "pointerenter", "pointerover", "focus",
                      "focusin", "toggle"])
    element.dispatchEvent(new Event(kind, {bubbles: true}))"""
HARMLESS = """[...document.querySelectorAll("article *")].every((element) =>
  element.getAttributeNames().every((name) => !name.startsWith("on")) &&
  !/^\\s*(javascript|data):/i.test(element.getAttribute("href") ?? ""))"""


def test_nothing_of_it_runs(tmp_path: Path, katex: Path, browser: Browser) -> None:
    text = HOSTILE.replace("@HARM@", HARM)
    for code in ("000", "001", "003", "010", "100", "101", "23c"):
        text = text.replace(rf"\ue{code}", chr(int(f"e{code}", 16)))
    files = {
        "pkg/hostile.py": text,
        "pkg/other.py": "from pkg.hostile import Hostile\n\nHostile()\n",
        "pkg/<img src=x onerror='hacked=16'>.py": "x = 1\n",
        "pkg/deep/quote'd & \"more.py": "x = 1\n",
    }
    built = build(settings_of(write_files(tmp_path, files) / "pkg"), tmp_path / "site")
    assert "pkg/<img src=x onerror='hacked=16'>.py" in built.book.skipped
    happened: list[str] = []
    with served(tmp_path / "site") as home, open_context(browser) as context:
        page = context.new_page()
        own = (home, "data:image", "blob:")
        page.on("dialog", lambda dialog: (happened.append("dialog"), dialog.dismiss()))
        page.on("request", lambda r: r.url.startswith(own) or happened.append(r.url))
        for name in ("index", "other", "hostile"):
            page.goto(f"{home}{name}.html")
            assert page.locator("h1").count() == 1
            page.evaluate(POINT)
            settle(page)
            assert page.evaluate(HARMLESS)
            scripts = page.locator("article script:not([type='application/json'])")
            assert scripts.count() == 0
            assert not happened
            assert page.evaluate("typeof hacked") == "undefined"
        # Its words are there to read. Of this notation nobody can tell where it ends,
        # and so the rest is folded with it.
        page.locator("summary").first.click()
        article = page.locator("article").inner_text()
        assert "<script>hacked=3;alert(1)</script>" in article
        assert "<textarea><title><!--" in article
        assert HARM in page.locator("h1").inner_text()
        assert 'def method(self, x="</script>' in article
        page.goto(f"{home}?q=porcupine")
        page.locator(".md-search-result__item").first.wait_for()
        settle(page)
        assert not happened
        assert page.evaluate("typeof hacked") == "undefined"
