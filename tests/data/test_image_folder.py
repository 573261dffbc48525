"""Images in a folder: listed in order, cut within their edges, read as they look."""

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
    with pytest.raises(DataError, match="missing is no folder"):
        list_images(tmp_path / "missing")
    with pytest.raises(DataError, match="has no folders"):
        list_images(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="empty has no images"):
        list_images(tmp_path)


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


def test_pixels_arrive_where_nothing_is_resized(tmp_path) -> None:
    pixels = noise(16, 24, 3)
    image = read_crop(write(tmp_path / "1.png", pixels), 14)
    expected = torch.from_numpy(pixels[1:15, 5:19]).permute(2, 0, 1)
    assert image.equal(expected)
    assert image.is_contiguous()


def test_a_smaller_image_is_an_average(tmp_path) -> None:
    """Black and white in turns become grey, which picking pixels would not give."""
    board = (np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8)
    image = read_crop(write(tmp_path / "1.png", board), 7).float()
    assert (image - 127.5).abs().max() < 10


def test_grey_and_transparent_images_become_coloured(tmp_path) -> None:
    for channels in ((), (4,)):
        image = read_crop(write(tmp_path / "1.png", noise(16, 16, *channels)), 14)
        assert image.shape == (3, 14, 14)
        assert channels or image[0].equal(image[2])


def test_a_photograph_that_lies_on_its_side_is_set_upright(tmp_path) -> None:
    pixels = np.zeros((32, 32, 3), dtype=np.uint8)
    pixels[:16] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it clockwise to see it
    image = read_crop(write(tmp_path / "1.png", pixels, exif=exif), 28).float()
    assert image[:, :, 16:].min() > 200
    assert image[:, :, :12].max() < 50


def test_a_broken_file_is_named(tmp_path) -> None:
    path = write(tmp_path / "1.jpg", noise(64, 64, 3))
    cut_short = path.read_bytes()[:900]
    for content in (b"", b"no image", b"\x89PNG\r\n\x1a\nbroken", cut_short):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"1.jpg cannot be read as an image"):
            read_crop(path, 4)
