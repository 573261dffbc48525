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


@pytest.fixture(scope="module")
def server(site: Path) -> Iterator[Live]:
    with serving(site) as server:
        yield server


@pytest.fixture
def live(browser: Browser, server: Live) -> Iterator[Page]:
    with open_context(browser, base_url=server.address) as context:
        yield enter(context, server, "guide/run/")


@pytest.mark.parametrize(
    "name", ["layers/token_mixing", "layers/drop_in_mixer", "models/mlp_mixer"]
)
def test_examples_are_those_that_doctest_runs(name: str, page: Page) -> None:
    source = (ROOT / "labml_style_nn" / f"{name}.py").read_text("utf-8")
    told = ast.get_docstring(ast.parse(source)) or ""
    expected = doctest.DocTestParser().get_examples(told)
    page.goto(f"{name}/")
    found = page.evaluate(FIND)
    assert "\n".join(each["code"] for each in found).split("\n") == [
        line for each in expected for line in each.source.rstrip("\n").split("\n")
    ]
    raising = [each.exc_msg.partition(":")[0] for each in expected if each.exc_msg]
    named = [each["raises"] for each in found if each["raises"]]
    assert set(named) == set(raising)


def test_a_notebook_draws_what_it_drew_when_it_was_built(live: Page) -> None:
    live.goto("examples/mixer_in_ten_minutes/")
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


def test_a_reader_sees_what_the_skip_connections_do(live: Page) -> None:
    live.goto("models/mlp_mixer/")
    run(live, 0)
    expect_done(live, 0, "torch.Size([2, 10])")
    live.get_by_role("button", name="Try this module").click()
    editor = trial(live).locator(".cm-content")
    # It opens where the code begins.
    expect(editor).to_contain_text("class MixerBlock(")
    source = (ROOT / "labml_style_nn" / "models" / "mlp_mixer.py").read_text("utf-8")
    broken = source.replace("u = x + ", "u = ").replace("y = u + ", "y = ")
    assert broken != source
    editor.click()
    live.keyboard.press("Control+a")
    live.keyboard.insert_text(broken)
    live.keyboard.press("Shift+Enter")
    expect(trial(live)).to_contain_text("The edited module differs.")
    first = trial(live).get_by_role("row", name="MLPMixer").first
    expect(first).to_contain_text("(2, 10)")
    expect(first).to_contain_text("where numbers reach")


def test_an_exercise_says_whether_the_code_is_right(live: Page) -> None:
    live.goto("layers/token_mixing/")
    block(live, 0).wait_for()
    texts = live.locator(".live-block").all_text_contents()
    [stub] = [n for n, text in enumerate(texts) if "return None" in text]
    block(live, stub).hover()
    press(live, stub, "Check")
    expect_done(live, stub, "Not yet: it returned nothing")
    answer = """from labml_style_nn.exercises import check
def mine(x, w1, b1, w2, b2):
    hidden = torch.nn.functional.gelu(w1 @ x + b1[:, None])
    return w2 @ hidden + b2[:, None]
check("token_mixing", mine)"""
    run(live, stub, answer.replace(" + b2[:, None]", ""))
    expect_done(live, stub, "values differ from ours by up to")
    run(live, stub, answer)
    expect_done(live, stub, "Right: shape, values and gradients are those of ours.")
