"""The picture of the home page is the one that its script draws, from real numbers."""

import re
from types import SimpleNamespace
from xml.etree import ElementTree

import torch
from PIL import Image
from sklearn.datasets import load_digits
from torch.nn.functional import gelu
from torch.nn.functional import layer_norm as norm

from support import ROOT
from tests.test_navigation import HOOKS, load

draw = load(ROOT / "tools" / "draw_mixer.py")
CARD = ROOT / "docs" / "assets" / "card.png"


def test_the_file_is_what_the_script_draws_and_is_put_into_the_page() -> None:
    drawn = draw.PICTURE.read_text(encoding="utf-8")
    assert drawn == draw.picture(), "run: python tools/draw_mixer.py"
    # The page is written by hand.
    page = (ROOT / "docs" / "index.md").read_text("utf-8")
    assert len(page) < 6000
    assert "<svg" not in page
    config = SimpleNamespace(docs_dir=ROOT / "docs", repo_url="")
    home = SimpleNamespace(file=SimpleNamespace(src_uri="index.md"))
    made = HOOKS.on_page_markdown(page, home, config, None)
    assert made.count("<svg") == drawn.count("<svg") == 3
    # The lines below keep their numbers, by which problems are told.
    assert made.splitlines()[-1] == page.splitlines()[-1]
    assert made.count("\n") == page.count("\n")


def test_the_card_is_of_the_size_that_others_expect_and_shows_the_picture() -> None:
    with Image.open(CARD) as image:
        assert (image.size, image.format) == ((1200, 630), "PNG")
    assert CARD.stat().st_size < 100_000
    card = load(ROOT / "tools" / "draw_card.py").document()
    assert draw.picture() in card
    assert "The Annotated Mixer</h1>" in card
    assert "beside the code they explain.</p>" in card
    assert "://" not in card, "it is drawn from files of this repository alone"


def test_tables_of_a_real_digit_are_those_of_the_equations_and_drawn_whole() -> None:
    """Compute U and Y again, each MLP written out as in equation (1) of the paper."""
    digits = load_digits()
    assert torch.equal(draw.image()[0, 0] * 16, torch.from_numpy(digits.images[13]))
    assert digits.target[13] == draw.LABEL
    embed, block = draw.modules()
    t, c = block.token_mixing, block.channel_mixing
    with torch.no_grad():
        x = embed(draw.image())[0]
        hidden = gelu(t.fc1.weight @ norm(x, (8,), eps=1e-6) + t.fc1.bias[:, None])
        u = x + t.fc2.weight @ hidden + t.fc2.bias[:, None]
        hidden = gelu(norm(u, (8,), eps=1e-6) @ c.fc1.weight.T + c.fc1.bias)
        y = u + hidden @ c.fc2.weight.T + c.fc2.bias
    for name, expected in {"x": x, "u": u, "y": y}.items():
        torch.testing.assert_close(draw.tables()[name], expected, rtol=0, atol=1e-12)
        [group] = re.findall(rf'<g id="mixer-{name}">(.*)</g>', draw.parts())
        assert group.count("M") == expected.numel()
    # The right row is framed: a change of the framed patch changes that row alone.
    image = draw.image()
    down, across = (2 * i for i in divmod(draw.CHOSEN, draw.SIDE))
    image[0, 0, down : down + 2, across : across + 2] += 1
    with torch.no_grad():
        changed = (embed(image)[0] != draw.tables()["x"]).any(dim=1)
    assert changed.nonzero().flatten().tolist() == [draw.CHOSEN]


def test_both_pictures_use_every_part_and_say_the_same() -> None:
    text = draw.picture().replace("data-search-exclude", 'data-search-exclude=""')
    picture = ElementTree.fromstring(text)
    names = {f"#{g.attrib['id']}" for g in picture.iter("g") if "id" in g.attrib}
    assert len(names) == 6
    words = []
    for kind in ("wide", "tall"):
        svg = picture.find(f"svg[@class='{kind}']")
        assert svg is not None
        assert {use.attrib["href"] for use in svg.iter("use")} == names
        words.append(sorted(" ".join(svg.itertext()).split()))
    assert words[0] == words[1]
    assert "Channel" in words[0]
    # Who does not see them is told the whole way.
    assert picture.attrib["role"] == "img"
    description = picture.attrib["aria-label"]
    steps = "patches, table X, token mixing, table U, channel mixing, table Y, average"
    places = [description.index(step) for step in (*steps.split(", "), "class")]
    assert places == sorted(places)
