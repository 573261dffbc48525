"""Cells that run: on a small site with a live server behind it, in a real browser."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from playwright.sync_api import Browser, BrowserContext, Page, expect

from support import CACHE, ROOT, build_here, cache_of, write_files
from tests.browser.conftest import forgetful, longest_task, open_context, served, settle
from tests.browser.judging import violations_for_all
from tests.browser.live import (
    bar,
    block,
    enter,
    expect_done,
    expect_failed,
    expect_state,
    output,
    press,
    run,
    trial,
    try_with,
    write,
)
from tests.live.conftest import Live, serving

NOTEBOOK = "examples/cells/"
MODULE = "scale/"
CONFIG = f"""
site_name: Small
site_url: http://127.0.0.1:8000/
theme:
  name: material
  font: false
  features: [content.code.copy]
  palette:
    - {{media: "(prefers-color-scheme: light)", scheme: default, primary: custom,
       toggle: {{icon: material/brightness-7, name: Dark}}}}
    - {{media: "(prefers-color-scheme: dark)", scheme: slate, primary: custom,
       toggle: {{icon: material/brightness-4, name: Light}}}}
extra_css: [assets/site.css]
nav: [index.md, guide/run.md, examples/cells.py, scale.md]
plugins:
  - mkdocs-jupyter: {{include: ["examples/*.py"], execute: true, allow_errors: false}}
  - litweave-notebooks
  - litweave: {{source: tiny, cache: cache}}
  - live: {{cache: {CACHE / "live"}}}
markdown_extensions: [attr_list, md_in_html, toc, pymdownx.superfences]
"""
CELLS = """\
# %% [markdown]
# # Cells

# %%
numbers = [1, 2, 3]
print("sum", sum(numbers))

# %%
total = sum(numbers)
total + 1

# %% tags=["hide-input"]
print("folded", total)

# %%
square = total**2
"""
SCALE = '''\
"""# Scale

Multiplies each channel by a number of its own.

>>> layer = Scale(3)
>>> x = torch.ones(2, 3)
>>> layer(x).shape
torch.Size([2, 3])
>>> [
...     round(number) for number in layer(x)[0].tolist()
... ]
[2, 2, 2]

A size below one is refused:

>>> Scale(0)
Traceback (most recent call last):
    ...
ValueError: channels must be at least 1, got 0

Then it goes on:

>>> layer.weight.shape == x.shape[1:]
True
"""

import torch
from torch import Tensor, nn


class Scale(nn.Module):
    """## The layer"""

    def __init__(self, channels: int) -> None:
        super().__init__()
        if channels < 1:
            raise ValueError(f"channels must be at least 1, got {channels}")
        self.weight = nn.Parameter(torch.full((channels,), 2.0))

    def forward(self, x: Tensor) -> Tensor:
        """Multiply."""
        return self.weight * x
'''


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A project with one notebook and one annotated module, built once for all."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "small"
    files = {
        "mkdocs.yml": CONFIG,
        "docs/index.md": "# Home\n",
        "docs/guide/run.md": "# Run\n\n## Live\n",
        "docs/assets/site.css": (ROOT / "docs" / "assets" / "site.css").read_text(),
        "docs/examples/cells.py": CELLS,
        "tiny/__init__.py": '"""# Tiny"""\n',
        "tiny/scale.py": SCALE,
    }
    with FileLock(f"{folder}.lock"):
        if not (folder / "site").exists():
            cache_of(write_files(folder, files))
            result = build_here(folder)
            assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Live]:
    with serving(folder / "site", 0, folder) as server:
        yield server


@pytest.fixture(scope="module")
def context(browser: Browser, server: Live) -> Iterator[BrowserContext]:
    """A reader who has the scripts from one test to the next."""
    with open_context(browser, base_url=server.address) as context:
        context.new_page().goto("404.html")
        yield context


@pytest.fixture
def page(context: BrowserContext, server: Live) -> Iterator[Page]:
    with forgetful(context, server.address) as page:
        yield enter(page, server, NOTEBOOK)


@pytest.fixture
def module(page: Page) -> Page:
    page.goto(MODULE)
    return page


def test_a_cell_runs_as_it_is_or_as_edited_until_it_is_reset(page: Page) -> None:
    """The token leaves the address, and stays with the reader."""
    expect(page.get_by_role("group", name="Python on this machine")).to_be_visible()
    assert "token" not in page.url
    assert page.context.cookies() == []
    recorded = page.locator(".nb-output:not(.live-output)").first
    expect(recorded).to_contain_text("sum 6")
    run(page, 0)
    expect_done(page, 0, "sum 6")
    expect(recorded).to_be_hidden()
    expect(bar(page, 0).get_by_role("status")).to_have_text(re.compile(r"\d m?s$"))
    press(page, 0, "Reset")
    expect(recorded).to_be_visible()
    expect(output(page, 0)).to_be_hidden()
    expect(bar(page, 0)).to_be_hidden()
    run(page, 0, "print('edited', 2**10)")
    expect_done(page, 0, "edited 1024")
    page.reload()
    expect(block(page, 0)).to_contain_text("edited")
    run(page, 0)
    expect_done(page, 0, "edited 1024")
    press(page, 0, "Reset")
    expect(block(page, 0).locator("pre")).to_contain_text("numbers = [1, 2, 3]")
    page.reload()
    expect(block(page, 0).locator("pre")).to_be_visible()


def test_run_to_here_runs_what_is_above_until_a_failure(page: Page) -> None:
    run(page, 3, "del numbers")
    run(page, 1)
    expect_failed(page, 1, "NameError")
    output(page, 1).get_by_role("button", name="Run to here").click()
    expect_done(page, 1, "7")
    expect_done(page, 0, "sum 6")
    write(page, 1, "raise RuntimeError('enough')")
    block(page, 3).hover()
    press(page, 3, "Run to here")
    expect_state(page, 3, "skipped")
    expect_state(page, 1, "failed")
    expect(output(page, 1)).to_be_in_viewport()
    expect(bar(page, 2)).to_be_hidden()
    # A folded cell runs where it stands.
    page.get_by_text("Show the code").click()
    run(page, 2, "print('unfolded')")
    expect_done(page, 2, "unfolded")


def test_output_comes_while_it_runs_and_nothing_in_it_runs(page: Page) -> None:
    code = "import time\nfor i in range(1000):\n    print('step', i, flush=True)"
    run(page, 0, code + "\n    time.sleep(0.1)")
    expect(output(page, 0)).to_contain_text("step 3")
    assert bar(page, 0).get_attribute("data-state") == "running"
    press(page, 0, "Stop")
    expect_state(page, 0, "stopped")
    expect(output(page, 0)).not_to_contain_text("step 999")
    # A carriage return overwrites a line.
    code = r"print('10 %', end='\r'); print('99 %\rall'); print('\x1b[31mred\x1b[0m')"
    run(page, 0, code)
    expect_done(page, 0, "all")
    assert output(page, 0).inner_text().split() == ["all", "red"]
    red = output(page, 0).get_by_text("red", exact=True)
    colour = "e => getComputedStyle(e).color"
    assert red.evaluate(colour) != page.locator("body").evaluate(colour)
    # Pictures and tables are shown.
    code = """
import matplotlib.pyplot as plt
from IPython.display import HTML, SVG, display
plt.plot([1, 2, 1])
plt.show()
svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><g id="a"/>'
svg += '<use href="#a"/><use href="http://127.0.0.1:1/a.svg#a"/>'
display(SVG(svg + '<script>document.title = "bad"</script></svg>'))
display(HTML('<table><tr><td>cell</td></tr></table>'
    '<img src="x:" onerror="document.title = \\'bad\\'">'))
"""
    run(page, 0, code)
    expect_done(page, 0, "cell")
    picture = output(page, 0).locator("img[src^='data:image/png']")
    assert picture.evaluate("image => image.naturalWidth") > 100
    uses = output(page, 0).locator("svg use")
    own, foreign = (uses.nth(n).get_attribute("href") for n in range(2))
    assert output(page, 0).locator(str(own)).count() == 1
    assert foreign is None
    expect(output(page, 0).locator("script, [onerror]")).to_have_count(0)
    assert page.title() != "bad"


def test_of_an_error_the_message_comes_first(page: Page) -> None:
    run(page, 0, "def inner(x):\n    return 1 / x\n\ninner(0)")
    expect_state(page, 0, "failed")
    lines = output(page, 0).inner_text().split("\n")
    assert lines[0] == "ZeroDivisionError: division by zero"
    assert "Line 2: return 1 / x" in output(page, 0).inner_text()
    frames = output(page, 0).get_by_role("group", name="Traceback")
    expect(frames).to_be_hidden()
    output(page, 0).get_by_text("Show the whole traceback").click()
    expect(frames).to_contain_text("inner(0)")
    # A mistake in writing is shown with its place.
    run(page, 1, "x = (1,\ny = 2")
    expect_failed(page, 1, "SyntaxError")
    output(page, 1).get_by_text("Show the whole traceback").click()
    expect(output(page, 1)).to_contain_text("x = (1,")
    run(page, 3, "name = input('Who? ')")
    expect_failed(page, 3, "nobody can answer input()")


def test_an_example_becomes_a_cell_without_prompts(module: Page) -> None:
    expect(block(module, 0)).to_contain_text(">>> layer = Scale(3)")
    run(module, 0)
    expect_done(module, 0, "torch.Size([2, 3])")
    expect(output(module, 0)).to_contain_text("[2, 2, 2]")
    expect(block(module, 0).locator(".cm-content")).not_to_contain_text(">>>")
    press(module, 0, "Reset")
    expect(block(module, 0).locator("pre")).to_contain_text(">>> layer = Scale(3)")
    # An error that is meant stops nothing.
    block(module, 2).hover()
    press(module, 2, "Run to here")
    expect_done(module, 2, "True")
    expect_done(module, 1, "ValueError: channels must be at least 1, got 0")
    expect(bar(module, 1)).to_contain_text("an error, as on the page")


def test_an_edited_module_is_compared_with_the_original(module: Page) -> None:
    button = module.get_by_role("button", name="Try this module")
    editor = trial(module).locator(".cm-content")
    button.click()
    expect(editor).to_contain_text("class Scale")
    trial(module).get_by_role("button", name="Run").click()
    expect(trial(module)).to_contain_text("No difference.")
    try_with(module, "        return torch.cat([self.weight * x, x], dim=1)\n")
    expect(trial(module)).to_contain_text("The edited module differs.")
    row = trial(module).get_by_role("row", name="Scale")
    expect(row).to_contain_text("(2, 3) → (2, 6)")
    expect(trial(module)).to_contain_text("torch.Size([2, 6])")
    # The number that differs, and the number of parameters.
    try_with(module, "        return self.weight * x + 0.5\n")
    expect(row).to_contain_text("0.5 where numbers reach 2")
    expect(row.get_by_role("cell").nth(1)).to_have_text("3")
    # One that fails leads to the line.
    try_with(module, "        return missing * x\n")
    expect(trial(module)).to_contain_text("Your version fails:")
    expect(trial(module)).to_contain_text("name 'missing' is not defined")
    line = SCALE.count("\n")
    trial(module).get_by_role("button", name=f"line {line}, in").click()
    module.reload()
    button.click()
    expect(editor).to_contain_text("return missing")
    trial(module).get_by_role("button", name="Reset").click()
    expect(editor).not_to_contain_text("return missing")
    trial(module).get_by_role("button", name="Close").click()
    expect(trial(module)).to_be_hidden()
    expect(button).to_be_focused()


def test_an_endless_loop_is_stopped_also_after_a_reload(page: Page) -> None:
    """And Python itself goes on: what was defined is there."""
    run(page, 0, "kept = 'still here'\nwhile True:\n    pass")
    expect(page.get_by_text("Python: busy")).to_be_visible()
    expect_state(page, 0, "running")
    press(page, 0, "Stop")
    expect_state(page, 0, "stopped")
    run(page, 1, "kept")
    expect_done(page, 1, "still here")
    run(page, 0)
    expect_state(page, 0, "running")
    page.reload()
    expect(page.get_by_text("Python: busy")).to_be_visible()
    run(page, 1)
    expect_state(page, 1, "waiting")
    page.get_by_role("button", name="Stop Python").click()
    # What waited behind it is not run, as if it had built upon it.
    expect_state(page, 1, "skipped")
    run(page, 1)
    expect_done(page, 1, "still here")


def test_a_hundred_thousand_lines_are_quick(browser: Browser, page: Page) -> None:
    write(page, 0, "for i in range(100_000):\n    print('line', i)")

    def act() -> None:
        page.keyboard.press("Shift+Enter")
        expect_state(page, 0, "done")

    assert longest_task(browser, page, act) < 1000
    for shown in ("line 99999", "line 0", "lines left out"):
        expect(output(page, 0)).to_contain_text(shown)
    assert len(output(page, 0).inner_text().split("\n")) < 2000


# Nothing but the end of its process ends it.
STUBBORN = """
import time
while True:
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        pass
"""


def test_tabs_share_one_python_until_it_ends(page: Page, server: Live) -> None:
    """They wait for each other, and find what was defined after a reload."""
    run(page, 0, "import time; time.sleep(1.5); first = 'one'")
    run(page, 1, "first + ' two'")
    expect_state(page, 1, "waiting")
    expect_done(page, 1, "one two")
    page.reload()
    run(page, 1)
    expect_done(page, 1, "one two")
    other = enter(page.context.new_page(), server, NOTEBOOK)
    run(other, 3, "first + ', elsewhere'")
    expect_done(other, 3, "one, elsewhere")
    run(other, 0, STUBBORN)
    expect_state(other, 0, "running")
    page.get_by_role("button", name="Restart Python").click()
    run(page, 1)
    expect_failed(page, 1, "NameError")
    expect(output(other, 0)).to_contain_text("Python was started anew")
    run(page, 0, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    expect_failed(page, 0, "Python has ended")
    run(page, 1, "'alive'")
    expect_done(page, 1, "alive")


def test_if_the_server_is_gone_nothing_is_lost(folder: Path, browser: Browser) -> None:
    with open_context(browser) as context:
        with serving(folder / "site", 0, folder) as server:
            page = enter(context.new_page(), server, NOTEBOOK)
            run(page, 0, "import time; time.sleep(60)")
            expect_state(page, 0, "running")
        expect(output(page, 0)).to_contain_text("connection to Python was lost")
        expect(page.get_by_text("Python: no connection")).to_be_visible()
        run(page, 0, "print('written meanwhile')")
        expect(output(page, 0)).to_contain_text("The live server does not answer")
        expect(block(page, 0)).to_contain_text("written meanwhile")
        with serving(folder / "site", server.port, folder) as again:
            run(page, 0)
            expect(output(page, 0)).to_contain_text("server was started anew")
            enter(context.new_page(), again, MODULE)
            run(page, 0)
            expect_done(page, 0, "written meanwhile")


def test_all_of_it_works_by_keyboard(page: Page) -> None:
    expect(block(page, 0)).to_be_attached()
    page.locator(".nb-downloads a").last.focus()
    for name in ("Run", "Run to here", "Edit"):
        while page.evaluate("document.activeElement.title") != name:
            page.keyboard.press("Tab")
    tools = block(page, 0).locator(".live-tools")
    assert tools.evaluate("e => getComputedStyle(e).opacity") == "1"
    page.keyboard.press("Enter")
    page.keyboard.press("Control+a")
    page.keyboard.type("if True:\nprint('typed')")
    page.keyboard.press("Shift+Enter")
    expect_done(page, 0, "typed")
    # Tab indents, and Escape leaves.
    page.keyboard.press("Tab")
    expect(block(page, 0).locator(".cm-content")).to_be_focused()
    page.keyboard.press("Escape")
    expect(bar(page, 0).get_by_role("button", name="Run", exact=True)).to_be_focused()
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(block(page, 0).locator("pre")).to_be_visible()
    focused = "document.activeElement.closest('.live-block') !== null"
    assert page.evaluate(focused), "the focus stays with the cell"


def test_axe_finds_nothing_and_nothing_overflows(page: Page, tools: Path) -> None:
    page.emulate_media(reduced_motion="reduce")
    run(page, 0, "print('wide ' * 99)\n" + "x = '" + "long" * 99 + "'\n1 / 0")
    expect_state(page, 0, "failed")
    assert violations_for_all(page, tools) == []
    page.goto(MODULE)
    run(page, 0)
    expect_state(page, 0, "done")
    page.get_by_role("button", name="Try this module").click()
    try_with(page, "        return torch.cat([self.weight * x, x], dim=1)\n")
    expect(trial(page)).to_contain_text("The edited module differs.")
    assert violations_for_all(page, tools) == []


def test_the_published_site_only_says_how(browser: Browser, folder: Path) -> None:
    """Its buttons take no room, and without JavaScript there are none."""
    heights = "document.querySelector('article').getBoundingClientRect().height"
    asked: list[str] = []
    with (
        served(folder / "site") as home,
        open_context(browser, base_url=home) as context,
        open_context(browser, base_url=home, java_script_enabled=False) as other,
    ):
        page, plain = context.new_page(), other.new_page()
        page.on("request", lambda request: asked.append(request.url))
        note = page.get_by_role("group", name="How to run this")
        notebook = note.get_by_role("link", name="Download the notebook")
        # A module has none.
        for where, files in {NOTEBOOK: ["cells.ipynb"], MODULE: []}.items():
            plain.goto(where)
            expect(plain.get_by_role("button", name="Run")).to_have_count(0)
            there = plain.locator(".live-header, .live-tools, .live-bar")
            expect(there).to_have_count(0)
            page.goto(where)
            settle(page)
            assert page.evaluate(heights) == plain.evaluate(heights)
            asked.clear()
            block(page, 0).hover()
            block(page, 0).get_by_role("button", name="Run").click()
            expect(note).to_contain_text("make live")
            names = "links => links.map(({ href }) => href.split('/').pop())"
            assert notebook.evaluate_all(names) == files
            assert asked == []
            page.keyboard.press("Escape")
            expect(note).to_be_hidden()
        page.get_by_role("button", name="Try it on your machine").click()
        note.get_by_role("link", name="How it works").click()
        expect(page).to_have_url(re.compile(r"guide/run/#live$"))
        expect(page.get_by_role("heading", name="Live")).to_be_in_viewport()
