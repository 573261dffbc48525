"""Images in a folder: listed, cut, read as they look; the shapes that are written."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from labml_style_nn.data.download import DataError
from labml_style_nn.data.image_folder import list_images, random_box, read_crop
from labml_style_nn.data.shapes import KINDS, OTHER, SHAPES, draw, main, write_shapes


def chance(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def write(path: Path, pixels: np.ndarray, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


def noise(height: int, width: int, *channels: int) -> np.ndarray:
    shape = (height, width, *channels)
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def test_classes_and_files_are_in_the_order_of_their_names(tmp_path) -> None:
    for name in ("b/2.png", "b/10.JPG", "a/x.jpeg", "B/1.png", ".hidden/1.png"):
        write(tmp_path / name, noise(4, 4, 3))
    (tmp_path / "a" / "notes.txt").write_text("no image")
    (tmp_path / "a" / ".y.png").write_bytes(b"left by an editor")
    (tmp_path / "list.txt").write_text("no class")
    files = list_images(tmp_path)
    assert files.classes == ("B", "a", "b")
    names = [Path(path).relative_to(tmp_path).as_posix() for path in files.paths]
    assert names == ["B/1.png", "a/x.jpeg", "b/10.JPG", "b/2.png"]
    assert files.labels.tolist() == [0, 1, 2, 2]


def test_a_folder_that_is_laid_out_otherwise_is_named(tmp_path) -> None:
    (tmp_path / "none/empty").mkdir(parents=True)
    for folder, message in (
        ("missing", "missing is no folder"),
        ("none/empty", "has no folders"),
        ("none", "empty has no images"),
    ):
        with pytest.raises(DataError, match=message):
            list_images(tmp_path / folder)


SIDES = st.integers(1, 400)


@given(SIDES, SIDES, st.floats(0.01, 1), st.integers(0, 99))
def test_a_random_crop_lies_within_the_image(width, height, smallest, seed) -> None:
    left, top, right, bottom = random_box(width, height, smallest, chance(seed))
    slack = 1e-9 * max(width, height)
    assert -slack <= left < right <= width + slack
    assert -slack <= top < bottom <= height + slack
    ratio = (right - left) / (bottom - top)
    assert 3 / 4 - 1e-9 <= ratio <= 4 / 3 + 1e-9
    if 3 / 4 <= width / height <= 4 / 3:
        share = (right - left) * (bottom - top) / (width * height)
        assert share >= smallest - 1e-9


def test_small_crops_are_evenly_drawn() -> None:
    """Crops of less than half the image always fit: none of them is drawn again."""
    side, smallest = 300, 0.01
    drawn = [random_box(side, side, smallest, chance(seed)) for seed in range(4000)]
    left, top, right, bottom = torch.tensor(drawn).unbind(1)
    across, down = right - left, bottom - top
    shares = across * down / side**2
    for values, low, high in (
        (shares, smallest, 0.5),
        ((across / down).log(), math.log(3 / 4), math.log(4 / 3)),
        (left / (side - across), 0, 1),
        (top / (side - down), 0, 1),
    ):
        inside = (values[shares < 0.5] - low) / (high - low)
        expected = torch.linspace(0, 1, len(inside))
        assert (inside.sort().values - expected).abs().max() < 0.05


def test_a_strip_is_cut_in_its_middle_and_no_share_is_refused() -> None:
    assert random_box(100, 3, 1.0, chance()) == pytest.approx((48, 0, 52, 3))
    assert random_box(3, 100, 1.0, chance()) == pytest.approx((0, 48, 3, 52))
    for share in (0, -0.1, 1.1):
        with pytest.raises(ValueError, match="smallest must be a share above 0"):
            random_box(4, 4, share, chance())


def test_pixels_arrive_whole_averaged_coloured_and_upright(tmp_path) -> None:
    path, pixels = tmp_path / "1.png", noise(16, 24, 3)
    image = read_crop(write(path, pixels), 14)
    assert image.equal(torch.from_numpy(pixels[1:15, 5:19]).permute(2, 0, 1))
    assert image.is_contiguous()
    # Black and white in turns become grey, which picking pixels would not give.
    board = (np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8)
    assert (read_crop(write(path, board), 7).float() - 127.5).abs().max() < 10
    # Grey and transparent images are coloured from here on.
    for channels in ((), (4,)):
        image = read_crop(write(path, noise(16, 16, *channels)), 14)
        assert image.shape == (3, 14, 14)
        assert channels or image[0].equal(image[2])
    exif, pixels = Image.Exif(), np.zeros((32, 32, 3), dtype=np.uint8)
    exif[0x0112] = 6  # turn it clockwise to see it
    pixels[:16] = 255
    image = read_crop(write(path, pixels, exif=exif), 28).float()
    assert image[:, :, 16:].min() > 200
    assert image[:, :, :12].max() < 50


def test_a_broken_file_is_named(tmp_path) -> None:
    path = write(tmp_path / "1.jpg", noise(64, 64, 3))
    for content in (b"", b"no image", b"\x89PNG\r\nbroken", path.read_bytes()[:900]):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"1.jpg cannot be read as an image"):
            read_crop(path, 4)


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
