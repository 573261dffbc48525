"""A live server, and what a reader does on a page that it serves."""

from functools import partial

from playwright.sync_api import Locator, Page, expect

from tests.live.conftest import Live


def enter(page: Page, server: Live, where: str) -> Page:
    """The page of a reader who opened the address that the server printed."""
    page.goto(f"{server.address}/{where}#token={server.token}")
    return page


def block(page: Page, number: int) -> Locator:
    """The code of a cell."""
    return page.locator(".live-block").nth(number)


def bar(page: Page, number: int) -> Locator:
    return page.locator(".live-bar:not(.live-trial *)").nth(number)


def output(page: Page, number: int) -> Locator:
    return page.locator(".live-output:not(.live-trial *)").nth(number)


def write(page: Page, number: int, code: str) -> None:
    """Put code into a cell, as a reader does who clicks on it and types."""
    shown = block(page, number).locator("pre:visible, .cm-content")
    shown.click(position={"x": 40, "y": 15})
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(code)


def run(page: Page, number: int, code: str = "") -> None:
    """Run a cell, with other code if there is any."""
    if code:
        write(page, number, code)
        page.keyboard.press("Shift+Enter")
    else:
        block(page, number).hover()
        press(page, number, "Run")


def press(page: Page, number: int, name: str) -> None:
    """Press a button of a cell: on its code before it was used, below it afterwards."""
    both = block(page, number).or_(bar(page, number))
    both.get_by_role("button", name=name, exact=True).locator("visible=true").click()


def expect_state(page: Page, number: int, state: str) -> None:
    expect(bar(page, number)).to_have_attribute("data-state", state)


def expect_done(page: Page, number: int, text: str, state: str = "done") -> None:
    expect_state(page, number, state)
    expect(output(page, number)).to_contain_text(text)


expect_failed = partial(expect_done, state="failed")


def trial(page: Page) -> Locator:
    return page.get_by_role("region", name="Try this module")


def try_with(page: Page, code: str) -> None:
    """Replace the last line of the module, and run it."""
    trial(page).locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.press("Shift+ArrowUp")
    page.keyboard.insert_text(code)
    page.keyboard.press("Shift+Enter")
