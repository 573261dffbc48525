"""Coloured shapes: the same for everybody, and told apart by their shape alone."""

import numpy as np
import pytest

from labml_style_nn.data.image_folder import list_images
from labml_style_nn.data.shapes import KINDS, OTHER, SHAPES, draw, main, write_shapes


def two_colours(shape: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The ground, and where it is not."""
    pixels = np.asarray(draw(shape, seed)).astype(int)
    ground = pixels[0, 0]
    return ground, (pixels != ground).any(axis=-1)


@pytest.mark.parametrize("shape", [*SHAPES, *OTHER])
def test_a_shape_is_of_one_colour_and_can_be_seen(shape) -> None:
    areas = set()
    for seed in range(20):
        ground, mask = two_colours(shape, seed)
        (colour,) = np.unique(np.asarray(draw(shape, seed))[mask], axis=0)
        assert np.abs(colour.astype(int) - ground).min() >= 31
        assert 50 < mask.sum() < 1200
        areas.add(int(mask.sum()))
    assert len(areas) > 10


def test_shapes_have_the_areas_of_geometry() -> None:
    """Compared with the square around it: what share is filled."""
    expected = {"square": 1, "bar": 1, "triangle": 1 / 2, "star": 1 / 4}
    expected |= {"circle": np.pi / 4, "ring": np.pi / 4 * (1 - (2 / 3) ** 2)}
    expected |= {"cross": (2 * 0.6 + 1.4 * 0.6) / 4, "arch": (4 - 0.8 * 1.4) / 4}
    for shape, share in expected.items():
        masks = [two_colours(shape, seed)[1] for seed in range(30)]
        boxes = [mask.any(axis=1).sum() * mask.any(axis=0).sum() for mask in masks]
        shares = [mask.sum() / box for mask, box in zip(masks, boxes, strict=True)]
        assert np.mean(shares) == pytest.approx(share, abs=0.09), shape


def test_folders_are_the_same_for_everybody_and_share_no_image(tmp_path) -> None:
    found = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        write_shapes(folder, OTHER, train=3, test=2)
        paths = folder.rglob("*.png")
        found.append({path.relative_to(folder): path.read_bytes() for path in paths})
    one, two = found
    assert one == two
    assert len(one) == len(set(one.values())) == 20
    files = list_images(tmp_path / "one" / "test")
    assert files.classes == tuple(sorted(OTHER))
    assert len(files.paths) == 8


def test_command_writes_what_it_says(tmp_path, capsys) -> None:
    folder = tmp_path / "new"
    assert main([str(folder), "--kind", "other", "--train", "2", "--test", "1"]) == 0
    assert f"written: {folder}, {', '.join(KINDS['other'])}" in capsys.readouterr().out
    assert len(list(folder.rglob("*.png"))) == 12
    (tmp_path / "file").write_text("in the way")
    assert main([str(tmp_path / "file")]) == 1
    assert f"error: {tmp_path / 'file'}" in capsys.readouterr().err
