"""Text can be read: every colour of text in site.css against all that lies behind it.

The bar is 4.5:1, level AA of the Web Content Accessibility Guidelines 2.2 (criterion
1.4.3), and 3:1 for what is drawn and not written (1.4.11).
"""

import re
from pathlib import Path

import material
import pytest

from support import ROOT

CSS = (ROOT / "docs" / "assets" / "site.css").read_text()
PAIR = re.compile(r"(--[\w-]+): light-dark\((#[0-9a-f]+), (#[0-9a-f]+)\);")
COLOURS = {name: pair for name, *pair in PAIR.findall(CSS)}
PAGE, CODE, SURFACE = "--md-default-bg-color", "--md-code-bg-color", "--surface"
FOOTER = "--md-footer-bg-color"
# What is written on what. A token of code may stand on the page too (inline code in a
# table), and the search form and the tables lie on the surface.
TEXT = {
    "--md-default-fg-color": (PAGE, CODE, SURFACE),
    "--md-default-fg-color--light": (PAGE, CODE, SURFACE),
    "--md-typeset-color": (PAGE, "--md-typeset-table-color--light"),
    "--md-typeset-a-color": (PAGE, CODE, SURFACE, "--md-typeset-table-color--light"),
    "--md-accent-fg-color": (PAGE, CODE, SURFACE),
    "--md-admonition-fg-color": ("--md-admonition-bg-color",),
    "--md-primary-fg-color": (PAGE, CODE),
    "--md-primary-bg-color": ("--md-primary-fg-color", "--md-primary-fg-color--dark"),
    "--md-accent-bg-color": ("--md-accent-fg-color",),
    "--md-footer-fg-color": (FOOTER, "--md-footer-bg-color--dark"),
    "--md-footer-fg-color--light": (FOOTER, "--md-footer-bg-color--dark"),
    "--md-footer-fg-color--lighter": (FOOTER, "--md-footer-bg-color--dark"),
    "--md-code-fg-color": (CODE, PAGE),
    **dict.fromkeys(("--tokens", "--channels"), (PAGE,)),
    # Words inside the coloured boxes of the picture.
    PAGE: ("--tokens", "--channels", "--md-default-fg-color"),
}
SYNTAX = [name for name in COLOURS if re.fullmatch(r"--md-code-hl-\w+-color", name)]
TEXT |= dict.fromkeys(SYNTAX, (CODE, PAGE))

DRAWN = {
    "--md-default-fg-color--lighter": (PAGE, CODE, SURFACE),
    "--md-code-hl-color": (CODE,),
}


def luminance(colour: str) -> float:
    """Relative luminance as the guidelines define it."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted(map(luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def test_what_is_written_or_drawn_can_be_seen() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    for table, least in ((TEXT, 4.5), (DRAWN, 3)):
        for ink, paper in [(name, other) for name in table for other in table[name]]:
            for colours in zip(COLOURS[ink], COLOURS[paper], strict=True):
                assert [*map(len, colours)] == [7, 7], "text needs opaque colours"
                assert contrast(*colours) >= least, (ink, paper)


def test_each_colour_is_defined_once_for_both_schemes_and_all_of_the_theme() -> None:
    sheets = Path(material.__file__).parent.glob("templates/assets/stylesheets/*.css")
    text = "".join(sheet.read_text() for sheet in sheets)
    theirs = set(re.findall(r"(--md-code-hl-\w+-color):", text))
    assert len(theirs) >= 10
    assert theirs <= set(SYNTAX)
    names = [name for name, *_ in PAIR.findall(CSS)]
    assert len(names) == len(set(names))
    elsewhere = re.sub(r"light-dark\([^)]*\)", "", CSS)
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b", elsewhere) == []
