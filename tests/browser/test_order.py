"""The order of a page. How far it is to the code is asked in `test_every_page`."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import open_context


def test_what_does_not_open_a_page_closes_it(page: Page) -> None:
    page.goto("models/conv_mixer/")
    contents = page.locator(".md-nav--secondary .md-nav__link")
    order = [str(link.get_attribute("href")) for link in contents.all()]
    last = order.index("#convmixer_256_8")
    assert order.index("#notation") < order.index("#ConvMixerBlock") < last
    assert last < order.index("#memory-layout") < order.index("#example")


@pytest.mark.parametrize("javascript", [True, False])
def test_the_notation_opens(browser: Browser, address: str, javascript: bool) -> None:
    with open_context(
        browser, base_url=address, java_script_enabled=javascript
    ) as context:
        page = context.new_page()
        page.goto("models/mlp_mixer/")
        first = page.locator("#notation ~ ul > li").first
        expect(first).to_be_hidden()
        page.locator("#notation").click()
        expect(first).to_be_visible()


def test_a_link_to_the_notation_opens_it(page: Page) -> None:
    page.goto("models/mlp_mixer/#notation")
    expect(page.locator("#notation ~ ul > li").first).to_be_visible()
