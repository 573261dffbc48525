"""What a reader takes along: three forms of a module, by button and by download."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from litweave import node
from litweave.build import build
from litweave.features.copy.clean import clean
from litweave.parse import read
from playwright.sync_api import Browser, Locator, Page, expect

from support import CACHE, ROOT, settings_of
from tests.browser.conftest import MANIFEST, open_context, served

MIXER = "models/mlp_mixer/"
SOURCE = ROOT / "labml_style_nn" / "models" / "mlp_mixer.py"
FORMS = ["standalone", "annotated", "clean"]  # as the menu has them


def files(site: Path) -> dict[str, Path]:
    """The forms as they lie in the site."""
    folder = site / "models"
    names = ["mlp_mixer.standalone.py", "mlp_mixer.py", "mlp_mixer.clean.py"]
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


# ## What the theme's own button copies

SESSION = '''"""# Sums

>>> total = 0
>>> for number in range(3):
...     total += number
...
...     print(number)
0
1
2
>>> print("a\\n... b")
a
... b

>>> 1 / 0
Traceback (most recent call last):
    ...
ZeroDivisionError: division by zero

``` python
print(">>> no example")
```

``` python
>>> total
3
```
"""


def add():
    """Add.

    Example:
        >>> add() or 1
        1
    """
'''
CODE = """total = 0
for number in range(3):
    total += number

    print(number)
print("a\\n... b")
1 / 0"""


@pytest.fixture(scope="module")
def sums(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page of examples that nobody wrote for litweave, with Chromium open at it."""
    folder = tmp_path_factory.mktemp("sums")
    (folder / "sums.py").write_text(SESSION)
    site = folder / "site"
    build(settings_of(folder / "sums.py", extras=False), site)
    with served(site) as address, open_context(browser, base_url=address) as context:
        page = context.new_page()
        page.goto("index.html")
        yield page


@pytest.mark.parametrize(
    ("number", "code"),
    list(enumerate([CODE, 'print(">>> no example")', "total", "add() or 1"])),
)
def test_an_example_is_copied_as_its_code(number: int, code: str, sums: Page) -> None:
    block = sums.locator(".weave-prose .highlight").nth(number)
    shown = block.inner_text()
    block.hover()
    block.get_by_role("button").click()
    expect(sums.get_by_text("Copied to clipboard")).to_be_visible()
    assert sums.evaluate("navigator.clipboard.readText()") == code
    assert block.inner_text() == shown, "and the page shows what it showed"


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
        result = menu.page.evaluate(
            "axe.run('.weave-copy', {resultTypes: ['violations']})"
        )
        assert not result["violations"], result["violations"]
