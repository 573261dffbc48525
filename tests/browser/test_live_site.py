"""Live cells on the site itself: a page of each kind, and what is an example."""

import ast
import doctest
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from support import ROOT
from tests.browser.conftest import open_context
from tests.browser.live import block, enter, expect_done, output, press, run, trial
from tests.live.conftest import Live, serving

FIND = "import('/assets/live/examples.js').then(found => found.examples())"
ANSWER = """from labml_style_nn.exercises import check
def mine(x, w1, b1, w2, b2):
    hidden = torch.nn.functional.gelu(w1 @ x + b1[:, None])
    return w2 @ hidden + b2[:, None]
check("token_mixing", mine)"""


@pytest.fixture(scope="module")
def server(site: Path) -> Iterator[Live]:
    with serving(site) as server:
        yield server


@pytest.fixture(scope="module")
def live(browser: Browser, server: Live) -> Iterator[Page]:
    with open_context(browser, base_url=server.address) as context:
        yield context.new_page()


def test_examples_are_those_that_doctest_runs(page: Page) -> None:
    for name in ("layers/token_mixing", "layers/drop_in_mixer", "models/mlp_mixer"):
        source = (ROOT / "labml_style_nn" / f"{name}.py").read_text("utf-8")
        told = ast.get_docstring(ast.parse(source)) or ""
        expected = doctest.DocTestParser().get_examples(told)
        page.goto(f"{name}/")
        found = page.evaluate(FIND)
        lines = "".join(each.source for each in expected).splitlines()
        assert "\n".join(each["code"] for each in found).split("\n") == lines
        raising = {each.exc_msg.partition(":")[0] for each in expected if each.exc_msg}
        assert {each["raises"] for each in found if each["raises"]} == raising


def test_a_notebook_draws_what_it_drew_in_the_build(live: Page, server: Live) -> None:
    enter(live, server, "examples/mixer_in_ten_minutes/")
    live.get_by_text("Show the code").first.click()
    block(live, 2).hover()
    press(live, 2, "Run to here")
    expect_done(live, 2, "")
    recorded = live.locator(".live-replaced svg").last
    label = str(recorded.get_attribute("aria-label"))
    drawn = output(live, 2).get_by_role("img", name=label)
    expect(drawn).to_be_visible()
    marks = "svg => svg.querySelectorAll('text').length"
    assert drawn.evaluate(marks) == recorded.evaluate(marks) > 0


def test_an_exercise_is_done_and_the_module_edited(live: Page, server: Live) -> None:
    enter(live, server, "layers/token_mixing/")
    block(live, 0).wait_for()
    texts = live.locator(".live-block").all_text_contents()
    [stub] = [n for n, text in enumerate(texts) if "return None" in text]
    block(live, stub).hover()
    press(live, stub, "Check")
    expect_done(live, stub, "Not yet: it returned nothing")
    run(live, stub, ANSWER.replace(" + b2[:, None]", ""))
    expect_done(live, stub, "values differ from ours by up to")
    run(live, stub, ANSWER)
    expect_done(live, stub, "Right: shape, values and gradients are those of ours.")
    live.get_by_role("button", name="Try this module").click()
    editor = trial(live).locator(".cm-content")
    # It opens where the code begins.
    expect(editor).to_contain_text("class TokenLinear(")
    source = (ROOT / "labml_style_nn/layers/token_mixing.py").read_text("utf-8")
    broken = source.replace("hidden = self.dropout(", "hidden = 2 * self.dropout(")
    assert broken != source
    editor.click()
    live.keyboard.press("Control+a")
    live.keyboard.insert_text(broken)
    live.keyboard.press("Shift+Enter")
    expect(trial(live)).to_contain_text("The edited module differs.")
    first = trial(live).get_by_role("row", name="TokenMixing").first
    expect(first).to_contain_text("(2, 24, 20)")
    expect(first).to_contain_text("where numbers reach")
