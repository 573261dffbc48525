"""What axe finds on a page, for each reader."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from tests.browser.conftest import READERS, open_context, settle

# On a phone, rows out of sight are not laid out, and would not be too wide either.
LAID_OUT = ".weave-row { content-visibility: visible !important }"
WIDTH = "document.documentElement.scrollWidth"
# One page of each kind, and of each part of the navigation, which axe sees whole, with
# all opened that can be. Of the others it does not see what is alike everywhere: the
# navigation, the formulas, the colours of the code (`tests/test_contrast.py` has them).
WHOLE = {
    *("", "layers/token_mixing/", "models/mlp_mixer/", "examples/train_on_digits/"),
    *("pretrained/", "family/", "results/", "train/", "guide/write/", "data/masking/"),
    *("experiments/mixer_images/", "litweave/page/"),
}
# A formula is there twice. What is drawn has the ink of the prose and is hidden from a
# screen reader, which has its MathML.
DRAWN = ".katex-html"
ALIKE = ".katex, pre, .md-sidebar--primary .md-nav__list"
# What is left stands where it stood: a link is as far from its neighbours.
CUT = """unseen => {
  const found = [...document.querySelectorAll(unseen)];
  const sizes = found.map((element) => element.getBoundingClientRect());
  const lines = found.map((element) => getComputedStyle(element).display === "inline");
  found.forEach((element, n) => {
    if (element.matches("nav *")) return element.remove();
    element.replaceChildren();
    element.style.width = `${sizes[n].width}px`;
    element.style.height = `${sizes[n].height}px`;
    if (lines[n]) element.style.display = "inline-block";
  });
  const styles = [...document.head.querySelectorAll("style")];
  const html = styles.map((s) => s.outerHTML).join("") + document.body.innerHTML;
  document.body.hidden = true;  // so that it is not laid out again
  return [document.documentElement.lang, html];
}"""
# Axe looks at all pages in two tabs that stay as they are, one for each reader: to load
# axe, and to change colours and width, would take longer than what it does.
MEASURED_ONCE = """() => {
  window.known = new Set();
  window.kinds = new Map();
  const rules = [{ id: "color-contrast", selector: "*:not([data-known])" }];
  axe.configure({ rules });
}"""
SHOW = """async ([lang, html]) => {
  document.documentElement.lang = lang;
  document.body.innerHTML = html;
  const sheets = [...document.body.querySelectorAll("link[rel=stylesheet]")];
  const loaded = (link) => link.sheet || new Promise((then) => { link.onload = then; });
  await Promise.all(sheets.map(loaded));
}"""
# Text of one kind, of which its colours, its font, and the tags and classes around it
# tell, is equally easy to read on all pages: it is measured once.
KNOW = """() => {
  const number = (kind) => kinds.get(kind) ?? kinds.set(kind, kinds.size + 1).get(kind);
  const visit = (element, around) => {
    if (!element.checkVisibility()) return;  // nor does axe measure it
    const style = (element.getAttribute("style") ?? "")
      .replace(/(width|height): [^;]*/g, "");
    const { tagName, className } = element;
    const kind = number(`${around}>${tagName}.${className}${style}`);
    const { color, backgroundColor, font } = getComputedStyle(element);
    const its = `${kind} ${color} ${backgroundColor} ${font}`;
    if (known.has(its)) element.toggleAttribute("data-known");
    known.add(its);
    for (const child of element.children) visit(child, kind);
  };
  visit(document.body, 0);
}"""
# The rules that find something else in other colours and at another width.
SEEN = ["color-contrast", "target-size", "link-in-text-block"]
SEEN += ["scrollable-region-focusable"]
# What a reader may open: the panels, the answers, and whatever else is folded.
OPEN = "document.querySelectorAll('article details').forEach("
OPEN += "one => { one.open = true; })"
# How much wider the page is than its window, beside the place for a scrollbar.
TOO_WIDE = "(html => html.scrollWidth - html.clientWidth)(document.documentElement)"


def violations(page: Page, tools: Path, within: str = "html") -> list[str]:
    """What axe has to say against a page as it is now, or against a part of it."""
    page.evaluate((tools / "axe-core" / "axe.min.js").read_text("utf-8"))
    # No colour is measured while it changes.
    page.add_style_tag(content="* { transition: none !important }")
    options = "{ resultTypes: ['violations'] }"
    result = page.evaluate(f"within => axe.run(within, {options})", within)
    return [
        f"{found['id']}: {item['target']} {item['failureSummary']}"
        for found in result["violations"]
        for item in found["nodes"][:3]
    ]


def violations_for_all(page: Page, tools: Path, within: str = "html") -> list[str]:
    """The same for each reader; and nothing needs to be scrolled sideways."""
    wrong = []
    for scheme, width in READERS.items():
        page.set_viewport_size({"width": width, "height": 844})
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(TOO_WIDE) <= 0
        wrong += [f"{scheme}: {found}" for found in violations(page, tools, within)]
    return wrong


@contextmanager
def opened_judges(
    browser: Browser, address: str, tools: Path
) -> Iterator[dict[str, Page]]:
    """For each reader a tab in which axe is loaded."""
    axe = (tools / "axe-core" / "axe.min.js").read_text("utf-8")
    with ExitStack() as stack:
        judges = {}
        for reader, width in READERS.items():
            look = {"color_scheme": reader, "viewport": {"width": width, "height": 844}}
            page = stack.enter_context(open_context(browser, **look)).new_page()
            page.goto(address)
            settle(page)
            # No colour is measured while it changes.
            still = "* { transition: none !important }"
            page.add_style_tag(content=LAID_OUT + still)
            page.evaluate(axe)
            page.evaluate(MEASURED_ONCE)
            judges[reader] = page
        yield judges


def found_by_axe(page: Page, name: str, judges: dict[str, Page]) -> Iterator[str]:
    """What axe has to say against a page, which is cut to what it shall see."""
    whole = name in WHOLE
    if whole:
        page.evaluate(OPEN)
    # What axe is told to leave out, it visits all the same. This takes half the time.
    shown = page.evaluate(CUT, DRAWN if whole else ALIKE)
    for reader, judge in judges.items():
        judge.evaluate(SHOW, shown)
        judge.evaluate(KNOW)
        narrow = READERS[reader] < 600
        asked: dict[str, Any] = {"rules": {"target-size": {"enabled": narrow}}}
        if narrow and not whole:
            asked = {"runOnly": SEEN}
        # The style sheets are the same on all pages: to read them once is enough.
        asked["preload"] = whole
        asked["resultTypes"] = ["violations"]
        result = judge.evaluate("asked => axe.run(asked)", asked)
        for found in result["violations"]:
            for item in found["nodes"][:3]:
                what = f"{item['target']} {item['failureSummary']}"
                yield f"/{name}, {reader}: {found['id']}: {what}"
        if narrow and judge.evaluate(WIDTH) > READERS[reader]:
            yield f"/{name}, {reader}: scrolls sideways"
