"""Answers that open on request: for whoever types, prints, searches, or listens."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

# What axe finds in open answers: `test_every_page`.
SHOWN = "answers => answers.map(a => a.lastElementChild.checkVisibility())"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("layers/token_mixing/", "Each letter that a weight sums over"),
        ("family/", "the Fourier transform takes time"),
    ],
)
def test_an_answer_is_opened_printed_and_found(
    name: str, words: str, page: Page, site: Path
) -> None:
    page.goto(name)
    answers = page.locator(".weave-answer")
    assert not any(answers.evaluate_all(SHOWN))
    code = answers.first.locator("pre").first
    expect(code).to_be_hidden()
    answers.first.locator("summary").first.focus()
    page.keyboard.press("Enter")
    expect(code).to_be_visible()
    page.keyboard.press("Enter")
    expect(code).to_be_hidden()
    page.emulate_media(media="print")
    shown = answers.evaluate_all(SHOWN)
    assert len(shown) >= 2
    assert all(shown)
    index = json.loads((site / "search" / "search_index.json").read_text("utf-8"))
    texts = {entry["location"]: entry["text"] for entry in index["docs"]}
    assert words in texts[f"{name}#exercises"]
