"""What a reader takes along: three forms of a module, by button and by download."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from labml_style_nn.weave.copies.clean import clean
from labml_style_nn.weave.formulas import node
from labml_style_nn.weave.parse import read
from tests.browser.conftest import MANIFEST, open_context
from tests.conftest import CACHE, ROOT

MIXER = "models/mlp_mixer/"
SOURCE = ROOT / "labml_style_nn" / "models" / "mlp_mixer.py"
FORMS = ["annotated", "clean", "standalone"]


def files(site: Path) -> dict[str, Path]:
    """The forms as they lie in the site."""
    folder = site / "models"
    names = ["mlp_mixer.py", "mlp_mixer.clean.py", "mlp_mixer.standalone.py"]
    return dict(zip(FORMS, (folder / name for name in names), strict=True))


def opened(page: Page, address: str = MIXER) -> Locator:
    """The menu of a page, opened by its button."""
    page.goto(address)
    page.get_by_role("button", name="Copy", exact=True).first.click()
    menu = page.get_by_role("group", name="Copy the module")
    expect(menu).to_be_visible()
    return menu


def item(menu: Locator, form: str) -> Locator:
    return menu.get_by_role("listitem").filter(has_text=form.title())


def test_the_forms_are_what_they_are_called(site: Path) -> None:
    found = {form: path.read_bytes() for form, path in files(site).items()}
    assert found["annotated"] == SOURCE.read_bytes()
    assert found["clean"].decode() == clean(read(SOURCE))
    assert b"class TokenMixing" in found["standalone"]
    assert b"from labml_style_nn" not in found["standalone"]
    assert b"Permission is hereby granted" in found["standalone"]


@pytest.mark.parametrize("form", FORMS)
def test_a_form_is_copied_exactly(form: str, page: Page, site: Path) -> None:
    menu = opened(page)
    item(menu, form).get_by_role("button", name="Copy").click()
    expect(item(menu, form).get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.encode() == files(site)[form].read_bytes()


@pytest.mark.parametrize("script", [True, False])
def test_a_form_is_downloaded_exactly(
    script: bool, browser: Browser, address: str, site: Path, tmp_path: Path
) -> None:
    with open_context(browser, java_script_enabled=script, base_url=address) as context:
        menu = opened(context.new_page())
        for form, path in files(site).items():
            with menu.page.expect_download() as waiting:
                item(menu, form).get_by_role("link", name="Download").click()
            assert waiting.value.suggested_filename == "mlp_mixer.py"
            waiting.value.save_as(tmp_path / form)
            assert (tmp_path / form).read_bytes() == path.read_bytes()
        # What would do nothing is not there.
        assert item(menu, "clean").get_by_role("button").count() == script


def test_the_keyboard_opens_walks_and_closes(page: Page) -> None:
    page.goto(MIXER)
    button = page.get_by_role("button", name="Copy", exact=True).first
    menu = page.get_by_role("group", name="Copy the module")
    button.focus()
    page.keyboard.press("Enter")
    expect(menu).to_be_visible()
    for form in FORMS:
        for role, name in (("button", "Copy"), ("link", "Download")):
            page.keyboard.press("Tab")
            found = item(menu, form).get_by_role(role, name=name)  # type: ignore[arg-type]
            expect(found).to_be_focused()
            about = re.compile(f"^{form.title()} .+")
            expect(found).to_have_accessible_description(about)
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(button).to_be_focused()


def test_a_click_beside_it_closes_it(page: Page) -> None:
    menu = opened(page)
    page.get_by_role("heading", level=1).click()
    expect(menu).to_be_hidden()


def test_it_stays_within_a_narrow_window(browser: Browser, address: str) -> None:
    viewport = {"width": 390, "height": 800}
    with open_context(
        browser, viewport=viewport, has_touch=True, base_url=address
    ) as context:
        page = context.new_page()
        page.goto(MIXER)
        page.get_by_role("button", name="Copy", exact=True).first.tap()
        box = page.get_by_role("group", name="Copy the module").bounding_box()
        button = page.locator('[popovertarget="weave-copy"]').bounding_box()
        assert box
        assert button
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        assert 0 <= box["y"] - button["y"] - button["height"] <= 12, "below its button"
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_module_that_cannot_stand_alone_says_why(page: Page) -> None:
    menu = opened(page, "experiments/recorded/")
    found = item(menu, "standalone")
    expect(found).to_contain_text("recorded.py:")
    assert found.get_by_role("button").count() == 0
    assert found.get_by_role("link").count() == 0


@pytest.fixture(scope="module")
def axe() -> str:
    tools = node.packages(CACHE / "tests", MANIFEST)
    return (tools / "axe-core" / "axe.min.js").read_text("utf-8")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
def test_axe_finds_nothing_in_the_open_menu(
    scheme: str, width: int, axe: str, browser: Browser, address: str
) -> None:
    viewport = {"width": width, "height": 800}
    with open_context(
        browser, viewport=viewport, color_scheme=scheme, base_url=address
    ) as context:
        menu = opened(context.new_page())
        menu.page.evaluate(axe)
        result = menu.page.evaluate("axe.run({resultTypes: ['violations']})")
        assert not result["violations"], result["violations"]
