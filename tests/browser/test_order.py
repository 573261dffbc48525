"""The order of a page. How far it is to the code is asked in `test_every_page`."""

import pytest
from playwright.sync_api import Page, expect

FIRST = "#notation ~ ul > li"


def test_what_does_not_open_a_page_closes_it(page: Page) -> None:
    page.goto("models/conv_mixer/")
    contents = page.locator(".md-nav--secondary .md-nav__link")
    order = [str(link.get_attribute("href")) for link in contents.all()]
    last = order.index("#convmixer_256_8")
    assert order.index("#notation") < order.index("#ConvMixerBlock") < last
    assert last < order.index("#memory-layout") < order.index("#example")


@pytest.mark.parametrize("who", ["page", "plain"])
def test_the_notation_opens(who: str, request: pytest.FixtureRequest) -> None:
    page: Page = request.getfixturevalue(who)
    page.goto("layers/head/")
    expect(page.locator(FIRST).first).to_be_hidden()
    page.locator("#notation").click()
    expect(page.locator(FIRST).first).to_be_visible()


def test_a_link_to_the_notation_opens_it(page: Page) -> None:
    page.goto("layers/head/#notation")
    expect(page.locator(FIRST).first).to_be_visible()
