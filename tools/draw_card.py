"""Draw the card of the site, which others show of a page that is shared.

    python tools/draw_card.py         # rewrites docs/assets/card.png

It has the name of the site, what it is about, and the picture of the home page, in the
colours of its style sheet. Chromium draws it, from files of this repository alone.
"""

import shutil
from io import BytesIO
from pathlib import Path

from mkdocs.utils import yaml_load
from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parent.parent
CARD = ROOT / "docs" / "assets" / "card.png"
WIDTH, HEIGHT = 1200, 630
COLOURS = 64  # in the file, so that it stays small

STYLE = """
:root { font-size: 20px; }
body {
  margin: 0; padding: 60px 50px 0; color-scheme: light; text-align: center;
  background: var(--md-default-bg-color); color: var(--md-default-fg-color);
  font-family: var(--md-text-font-family);
}
h1 { margin: 0 0 14px; font-size: 68px; letter-spacing: -0.03em; line-height: 1.1; }
p { margin: 0 auto 54px; width: 900px; font-size: 27px; line-height: 1.4;
  color: var(--md-default-fg-color--light); text-wrap: balance; }
.picture .sweep { animation: none; }
"""


def document() -> str:
    """The card as a page."""
    config = yaml_load((ROOT / "mkdocs.yml").read_text("utf-8"))
    sheet = (ROOT / "docs" / "assets" / "site.css").read_text("utf-8")
    picture = (ROOT / "docs" / "picture.html").read_text("utf-8")
    return f"""<!doctype html>
<meta charset="utf-8">
<style>{sheet}{STYLE}</style>
<body data-md-color-scheme="default" data-md-color-primary="custom">
<h1>{config["site_name"]}</h1>
<p>{config["site_description"]}</p>
{picture}"""


def draw() -> bytes:
    """The card as a PNG."""
    names = ("chromium-headless-shell", "chromium", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.set_content(document())
        drawn = page.screenshot()
        browser.close()
    small = Image.open(BytesIO(drawn)).convert("RGB").quantize(COLOURS)
    file = BytesIO()
    small.save(file, "PNG", optimize=True)
    return file.getvalue()


if __name__ == "__main__":
    CARD.write_bytes(draw())
