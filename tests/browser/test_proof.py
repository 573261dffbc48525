"""What was proved stands on each page, can be opened, copied, and read on a phone."""

import platform
from pathlib import Path

import pytest
import torch
from bs4 import BeautifulSoup, Tag
from playwright.sync_api import Browser, Page, expect

from support import ROOT
from tests.browser.conftest import open_context

MIXER = "models/mlp_mixer/"
PAGES = [
    f"{folder}/{path.stem}/"
    for folder in ("layers", "models")
    for path in sorted((ROOT / "labml_style_nn" / folder).glob("*.py"))
    if path.stem not in {"__init__", "checks"}  # which is no page
]


def panel(site: Path, name: str) -> Tag:
    html = (site / name / "index.html").read_text("utf-8")
    (panel,) = BeautifulSoup(html, "html.parser").select(".weave-proof")
    return panel


@pytest.mark.parametrize("name", PAGES)
def test_every_layer_and_model_shows_its_proof(name: str, site: Path) -> None:
    proof = panel(site, name)
    summaries = [" ".join(s.get_text().split()) for s in proof.select(".weave-fact")]
    labels = " ".join(summaries)
    if name != "layers/checks/":
        for label in ("Parameters", "MACs", "Difference from"):
            assert label in labels
    assert sum("✓" in summary for summary in summaries) >= 2
    text = " ".join(proof.get_text().split())
    assert "✗" not in text
    versions = f"Python {platform.python_version()} and PyTorch {torch.__version__}"
    assert f"with {versions}." in text


@pytest.mark.parametrize("name", PAGES)
def test_every_proof_leads_to_what_differs_from_the_paper(
    name: str, site: Path
) -> None:
    link = panel(site, name).select_one(".weave-differs a")
    assert link
    assert link.get_text() == "Differs from the paper"
    html = (site / name / "index.html").read_text("utf-8")
    assert f'id="{str(link["href"])[1:]}"' in html


def test_the_mixer_is_shown_beside_the_paper_and_the_others(site: Path) -> None:
    text = " ".join(panel(site, MIXER).get_text(" ").split())
    for words in (
        "Parameters 59,880,472",
        "Mixer-B/16 59,880,472 59,880,472 59,880,472 59 M",
        "the paper's Table 1 (without the head, rounded to millions, quoted)",
        "timm 1.0.31 (quoted)",
        "12,601,767,936",
        "Difference of the gradients from timm 1.0.31",
    ):
        assert words in text


def test_a_fact_opens_by_keyboard(page: Page) -> None:
    page.goto(MIXER)
    summary = page.locator(".weave-proof summary").first
    table = page.locator(".weave-table").first
    expect(table).to_be_hidden()
    summary.focus()
    page.keyboard.press("Enter")
    expect(table).to_be_visible()
    expect(page.get_by_role("region", name="Parameters, case by case")).to_be_visible()


def test_the_bibtex_is_copied_as_the_file_has_it(page: Page) -> None:
    page.goto(MIXER)
    page.get_by_role("button", name="Copy BibTeX").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("@inproceedings{tolstikhin2021mixer,")
    assert copied in (ROOT / "docs" / "papers.bib").read_text()


def test_the_panel_is_read_without_javascript(browser: Browser, address: str) -> None:
    with open_context(browser, java_script_enabled=False, base_url=address) as context:
        page = context.new_page()
        page.goto(MIXER)
        expect(page.get_by_text("Copy BibTeX")).to_be_hidden()
        expect(
            page.locator(".weave-proof").get_by_text("59,880,472").first
        ).to_be_visible()
        entry = page.get_by_text("@inproceedings{tolstikhin2021mixer")
        expect(entry).to_be_hidden()
        page.locator("summary", has_text="BibTeX").click()
        expect(entry).to_be_visible()


def test_the_panel_is_printed(page: Page) -> None:
    page.goto(MIXER)
    page.emulate_media(media="print")
    expect(page.locator(".weave-proof").get_by_text("59,880,472").first).to_be_visible()
    expect(page.locator(".weave-made")).to_be_visible()
