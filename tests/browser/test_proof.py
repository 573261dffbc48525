"""What was proved stands on each page, can be opened, copied, and read on a phone."""

import platform
from pathlib import Path

import pytest
import torch
from bs4 import BeautifulSoup, SoupStrainer
from playwright.sync_api import Page, expect

from support import ROOT
from tests.browser.conftest import clipboard

MIXER = "models/mlp_mixer/"
PAGES = [
    f"{folder}/{path.stem}/"
    for folder in ("layers", "models")
    for path in sorted((ROOT / "labml_style_nn" / folder).glob("[a-z]*.py"))
    if path.stem != "checks"  # which is no page
]
BESIDE = """
Parameters 59,880,472
Mixer-B/16 59,880,472 59,880,472 59,880,472 59 M
the paper's Table 1 (without the head, rounded to millions, quoted)
timm 1.0.31 (quoted)
12,601,767,936
Difference of the gradients from timm 1.0.31
"""


@pytest.mark.parametrize("name", PAGES)
def test_every_layer_and_model_shows_its_proof(name: str, site: Path) -> None:
    html = (site / name / "index.html").read_text("utf-8")
    one = SoupStrainer("section")
    (proof,) = BeautifulSoup(html, "html.parser", parse_only=one).select(".weave-proof")
    summaries = [" ".join(s.get_text().split()) for s in proof.select(".weave-fact")]
    for label in ("Parameters", "MACs", "Difference from"):
        assert label in " ".join(summaries)
    assert sum("✓" in summary for summary in summaries) >= 2
    text = " ".join(proof.get_text().split())
    assert "✗" not in text
    versions = f"Python {platform.python_version()} and PyTorch {torch.__version__}"
    assert f"with {versions}." in text
    # It leads to what differs from the paper.
    link = proof.select_one(".weave-differs a")
    assert link
    assert link.get_text() == "What differs from the paper"
    assert f'id="{str(link["href"])[1:]}"' in html


def test_a_fact_opens_by_keyboard_and_the_bibtex_is_copied(page: Page) -> None:
    """The Mixer is shown beside the paper and the others."""
    page.goto(MIXER)
    text = page.locator(".weave-proof").evaluate(
        "proof => proof.innerHTML.replace(/<[^>]*>/g, ' ').replace(/\\s+/g, ' ')"
    )
    for words in BESIDE.strip().split("\n"):
        assert words in text
    table = page.locator(".weave-table").first
    expect(table).to_be_hidden()
    page.locator(".weave-proof summary").first.focus()
    page.keyboard.press("Enter")
    expect(table).to_be_visible()
    expect(page.get_by_role("region", name="Parameters, case by case")).to_be_visible()
    page.get_by_role("button", name="Copy BibTeX").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = clipboard(page)
    assert copied.startswith("@inproceedings{tolstikhin2021mixer,")
    assert copied in (ROOT / "docs" / "papers.bib").read_text()


def test_a_page_is_read_without_javascript_and_printed(plain: Page) -> None:
    plain.goto(MIXER)
    expect(plain.get_by_role("heading", name="MLP-Mixer", level=1)).to_be_visible()
    expect(plain.locator(".weave-code").first).to_be_visible()
    expect(plain.locator(".katex-html").first).to_be_visible()
    number = plain.locator(".weave-proof").get_by_text("59,880,472").first
    expect(plain.get_by_text("Copy BibTeX")).to_be_hidden()
    expect(number).to_be_visible()
    entry = plain.get_by_text("@inproceedings{tolstikhin2021mixer")
    expect(entry).to_be_hidden()
    plain.locator("summary", has_text="BibTeX").click()
    expect(entry).to_be_visible()
    plain.emulate_media(media="print")
    expect(number).to_be_visible()
    expect(plain.locator(".weave-made")).to_be_visible()
    plain.emulate_media(media="screen")
    plain.locator(".md-tabs").get_by_text("Layers").click()
    plain.locator(".md-nav--primary").get_by_text("Token mixing").first.click()
    assert "token_mixing" in plain.url
