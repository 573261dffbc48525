"""Answers that open on request: for whoever types, prints, searches, or listens."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

PAGES = ["layers/token_mixing/", "family/"]
# What axe finds in open answers: `test_every_page`.
SHOWN = "answers => answers.map(a => a.lastElementChild.checkVisibility())"


@pytest.mark.parametrize("name", PAGES)
def test_an_answer_opens_by_keyboard(name: str, page: Page) -> None:
    page.goto(name)
    answer = page.locator(".weave-answer").first
    code = answer.locator("pre").first
    expect(code).to_be_hidden()
    answer.locator("summary").first.focus()
    page.keyboard.press("Enter")
    expect(code).to_be_visible()
    page.keyboard.press("Enter")
    expect(code).to_be_hidden()


@pytest.mark.parametrize("name", PAGES)
def test_answers_are_printed_open(name: str, page: Page) -> None:
    page.goto(name)
    answers = page.locator(".weave-answer")
    assert not any(answers.evaluate_all(SHOWN))
    page.emulate_media(media="print")
    shown = answers.evaluate_all(SHOWN)
    assert len(shown) >= 2
    assert all(shown)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (PAGES[0], "Each letter that a weight sums over"),
        (PAGES[1], "the Fourier transform takes time"),
    ],
)
def test_an_answer_is_found(name: str, words: str, site: Path) -> None:
    index = json.loads((site / "search" / "search_index.json").read_text("utf-8"))
    texts = {entry["location"]: entry["text"] for entry in index["docs"]}
    assert words in texts[f"{name}#exercises"]
