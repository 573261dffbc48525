"""What a reader takes along: three forms of a module, by button and by download."""

import re
from pathlib import Path

from litweave.build import build
from litweave.features.copy.forms import clean
from litweave.parse import read
from playwright.sync_api import Browser, Locator, Page, expect

from support import ROOT, settings_of
from tests.browser.conftest import clipboard, open_context, place, served
from tests.browser.judging import violations_for_all

MIXER = "models/mlp_mixer/"
SOURCE = ROOT / "labml_style_nn" / "models" / "mlp_mixer.py"
FORMS = {"standalone": ".standalone", "annotated": "", "clean": ".clean"}


def opened(page: Page, address: str = MIXER) -> tuple[Locator, Locator]:
    """The button of a page, and the menu that it has opened."""
    page.goto(address)
    button = page.get_by_role("button", name="Copy", exact=True).first
    menu = page.get_by_role("group", name="Copy the module")
    button.click()
    expect(menu).to_be_visible()
    return button, menu


def item(menu: Locator, form: str) -> Locator:
    return menu.get_by_role("listitem").filter(has_text=form.title())


def assert_downloaded(menu: Locator, forms: dict[str, bytes], path: Path) -> None:
    for form, content in forms.items():
        with menu.page.expect_download() as waiting:
            item(menu, form).get_by_role("link", name="Download").click()
        assert waiting.value.suggested_filename == "mlp_mixer.py"
        waiting.value.save_as(path)
        assert path.read_bytes() == content


def test_each_form_is_taken_exactly_and_a_download_needs_no_script(
    page: Page, plain: Page, site: Path, tmp_path: Path
) -> None:
    start = site / MIXER.rstrip("/")
    forms = {form: Path(f"{start}{end}.py").read_bytes() for form, end in FORMS.items()}
    assert forms["annotated"] == SOURCE.read_bytes()
    assert forms["clean"].decode() == clean(read(SOURCE))
    for words in (b"class TokenMixing", b"Permission is hereby granted"):
        assert words in forms["standalone"]
    assert b"from labml_style_nn" not in forms["standalone"]
    _, menu = opened(page)
    for form, content in forms.items():
        item(menu, form).get_by_role("button", name="Copy").click()
        expect(item(menu, form).get_by_role("button", name="Copied")).to_be_visible()
        assert clipboard(page).encode() == content
    assert_downloaded(menu, forms, tmp_path / "downloaded")
    page.get_by_role("heading", level=1).click()
    expect(menu).to_be_hidden()
    _, menu = opened(plain)
    assert_downloaded(menu, forms, tmp_path / "downloaded")
    # What would do nothing is not there.
    assert menu.get_by_role("button").count() == 0


def test_the_keyboard_opens_walks_and_closes(page: Page, tools: Path) -> None:
    button, menu = opened(page, "layers/head/")
    assert violations_for_all(page, tools, ".weave-copy") == []
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
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
    button, box = map(place, opened(phone))
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert 0 <= box["y"] - button["y"] - button["height"] <= 12, "below its button"
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390


# What the theme's own button copies.
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

**Exercise 1.** How much is it?

**Answer.** As much:

>>> total + 1
4
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


def test_an_example_is_copied_as_its_code(browser: Browser, tmp_path: Path) -> None:
    """Though nobody wrote it for litweave; also in an answer that was folded."""
    (tmp_path / "sums.py").write_text(SESSION)
    build(settings_of(tmp_path / "sums.py", extras=False), tmp_path / "site")
    codes = [CODE, 'print(">>> no example")', "total", "total + 1", "add() or 1"]
    with served(tmp_path / "site") as home, open_context(browser) as context:
        page = context.new_page()
        page.goto(f"{home}index.html")
        page.locator(".weave-answer > summary").click()
        for number, code in enumerate(codes):
            block = page.locator(".weave-prose .highlight").nth(number)
            shown = block.inner_text()
            block.hover()
            block.get_by_role("button").click()
            expect(page.get_by_text("Copied to clipboard")).to_be_visible()
            assert clipboard(page) == code
            assert block.inner_text() == shown, "and the page shows what it showed"
