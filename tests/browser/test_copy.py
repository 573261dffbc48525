"""What a reader takes along: three forms of a module, by button and by download."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from litweave.build import build
from litweave.features.copy.clean import clean
from litweave.parse import read
from playwright.sync_api import Browser, Locator, Page, expect

from support import ROOT, settings_of
from tests.browser.conftest import clipboard, open_context, place, served
from tests.browser.judging import violations_for_all

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


def test_each_form_is_copied_exactly(page: Page, site: Path) -> None:
    menu = opened(page)
    for form, path in files(site).items():
        item(menu, form).get_by_role("button", name="Copy").click()
        expect(item(menu, form).get_by_role("button", name="Copied")).to_be_visible()
        assert clipboard(page).encode() == path.read_bytes()
    page.get_by_role("heading", level=1).click()
    expect(menu).to_be_hidden()


@pytest.mark.parametrize("who", ["page", "plain"])
def test_each_form_is_downloaded_exactly(
    who: str, request: pytest.FixtureRequest, site: Path, tmp_path: Path
) -> None:
    menu = opened(request.getfixturevalue(who))
    for form, path in files(site).items():
        with menu.page.expect_download() as waiting:
            item(menu, form).get_by_role("link", name="Download").click()
        assert waiting.value.suggested_filename == "mlp_mixer.py"
        waiting.value.save_as(tmp_path / form)
        assert (tmp_path / form).read_bytes() == path.read_bytes()
    # What would do nothing is not there.
    assert item(menu, "clean").get_by_role("button").count() == (who == "page")


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


def test_it_stays_within_a_narrow_window(phone: Page) -> None:
    phone.goto(MIXER)
    phone.get_by_role("button", name="Copy", exact=True).first.tap()
    box = place(phone.get_by_role("group", name="Copy the module"))
    button = place(phone.locator('[popovertarget="weave-copy"]'))
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert 0 <= box["y"] - button["y"] - button["height"] <= 12, "below its button"
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390


def test_axe_finds_nothing_in_the_open_menu(page: Page, tools: Path) -> None:
    opened(page, "layers/head/")
    assert violations_for_all(page, tools, ".weave-copy") == []


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


def test_an_example_is_copied_as_its_code(sums: Page) -> None:
    codes = [CODE, 'print(">>> no example")', "total", "add() or 1"]
    for number, code in enumerate(codes):
        block = sums.locator(".weave-prose .highlight").nth(number)
        shown = block.inner_text()
        block.hover()
        block.get_by_role("button").click()
        expect(sums.get_by_text("Copied to clipboard")).to_be_visible()
        assert clipboard(sums) == code
        assert block.inner_text() == shown, "and the page shows what it showed"
