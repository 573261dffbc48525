"""Figures: readable on paper and on slate, told in words, the same each time."""

import re
from unittest.mock import Mock
from xml.etree import ElementTree

import numpy as np
import pytest

from labml_style_nn.experiments import figures
from tests.test_contrast import contrast


@pytest.mark.parametrize("tone", [figures.INK, figures.TOKENS, figures.CHANNELS])
@pytest.mark.parametrize("ground", ["#ffffff", "#15181e"])
def test_tones_stand_out_on_light_and_dark(tone, ground) -> None:
    assert contrast(tone, ground) >= 3


def drawing() -> str:
    figure, (left, right) = figures.draw(4, 2, columns=2)
    left.plot([1, 2], [3, 4], color=figures.TOKENS)
    left.set(xlabel="epoch", ylabel="loss")
    figures.table(right, figures.signed([[1.0, -2.0], [0.0, 0.5]]))
    return figures.svg(figure)


def test_drawing_takes_the_colours_of_the_page() -> None:
    text = drawing()
    assert ElementTree.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"
    colours = set(re.findall(r"(?:fill|stroke): ([^;\"]*)", text))
    assert colours == {"none", "currentColor", f"var(--tokens, {figures.TOKENS})"}
    assert text.startswith(f'<svg color="{figures.INK}"')
    # It brings no style for the page around it, and letters stay letters.
    assert "<style" not in text
    assert len(text) < 12_000
    assert re.search(r"<text [^>]*>epoch</text>", text)
    # And it is the same each time.
    assert text == drawing()


def test_tint_goes_from_clear_to_full() -> None:
    colours = figures.tint([[0.0, 0.25, 1.0]], "#ff8000")
    assert colours.shape == (1, 3, 4)
    assert colours[0, :, 3].tolist() == [0, 0.25, 1]
    assert np.allclose(colours[0, :, :3], [1, 128 / 255, 0])


def test_signed_tells_the_sign_by_the_hue() -> None:
    plus, minus, zero = figures.signed([[1.0, -2.0, 0.0]])[0]
    assert np.allclose(plus, figures.tint([[0.5]], figures.TOKENS)[0, 0])
    assert np.allclose(minus, figures.tint([[1.0]], figures.CHANNELS)[0, 0])
    assert zero[3] == 0


def test_what_is_shown_is_said_in_words(monkeypatch) -> None:
    monkeypatch.setattr(figures, "display", display := Mock())
    figures.show(figures.draw(1, 1)[0], "A frame.")
    ((data,), how) = display.call_args
    assert data["text/plain"] == "A frame."
    assert data["image/svg+xml"].startswith("<svg")
    assert how["metadata"] == {"image/svg+xml": {"alt": "A frame."}}
