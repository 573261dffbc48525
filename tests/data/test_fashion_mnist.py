"""Fashion-MNIST: the idx format, and the way from a host to tensors."""

import gzip
import math
import struct
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from labml_style_nn.data import fashion_mnist
from labml_style_nn.data.download import DataError
from labml_style_nn.data.fashion_mnist import load_fashion_mnist, read_idx


def write_idx(array: torch.Tensor) -> bytes:
    """Write the format: the opposite of what is tested, by its description alone."""
    head = bytes([0, 0, 8, array.dim()]) + struct.pack(f">{array.dim()}I", *array.shape)
    return head + array.numpy().tobytes()


@st.composite
def arrays(draw: st.DrawFn) -> torch.Tensor:
    sizes = draw(st.lists(st.integers(0, 5), max_size=4))
    count = math.prod(sizes)
    numbers = draw(st.binary(min_size=count, max_size=count))
    return torch.tensor(list(numbers), dtype=torch.uint8).view(sizes)


@given(arrays())
def test_what_was_written_is_read(array) -> None:
    found = read_idx(write_idx(array))
    assert found.dtype == torch.uint8
    assert found.shape == array.shape
    assert found.equal(array)


@given(arrays(), st.data(), st.binary(min_size=1, max_size=9))
def test_a_file_with_less_or_more_is_refused(array, data, more) -> None:
    written = write_idx(array)
    end = data.draw(st.integers(0, len(written) - 1))
    for other in (written[:end], written + more):
        with pytest.raises(DataError, match="an idx file"):
            read_idx(other)


@given(st.binary(max_size=100))
def test_any_bytes_are_an_array_or_an_error(data) -> None:
    with suppress(DataError):
        assert write_idx(read_idx(data)) == data


def test_other_types_and_sizes_beyond_the_file_are_refused() -> None:
    for kind in (0x09, 0x0B, 0x0C, 0x0D, 0x0E):
        with pytest.raises(DataError, match=f"not with 00 00 {kind:02x}"):
            read_idx(bytes([0, 0, kind, 1, 0, 0, 0, 0]))
    with pytest.raises(DataError, match="not 20"):
        read_idx(bytes([0, 0, 8, 4]) + b"\xff" * 16)


def some(number: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(seed)
    images = torch.randint(256, (number, 28, 28), dtype=torch.uint8)
    return images, torch.randint(10, (number,), dtype=torch.uint8)


@pytest.fixture
def small(host, monkeypatch):
    """Put a set of 7 and 3 images on the host, and take it for the published one."""
    parts = {"TRAIN_FILES": some(7, seed=0), "TEST_FILES": some(3, seed=1)}
    for part, arrays in parts.items():
        pairs = zip(getattr(fashion_mnist, part), arrays, strict=True)
        files = [host.publish(f.name, gzip.compress(write_idx(a))) for f, a in pairs]
        monkeypatch.setattr(fashion_mnist, part, tuple(files))
    return parts


def test_images_come_with_their_labels(small, tmp_path) -> None:
    both = zip(load_fashion_mnist(tmp_path), small.values(), strict=True)
    for found, (images, labels) in both:
        assert found.images.dtype == torch.uint8
        assert found.images.equal(images[:, None])
        assert found.labels.dtype == torch.int64
        assert found.labels.equal(labels.long())


def test_they_are_kept_where_the_user_says(small, host, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("LABML_STYLE_NN_DATA", str(tmp_path))
    load_fashion_mnist()
    load_fashion_mnist(tmp_path / "fashion-mnist")
    assert len(host.asked) == 4


def test_a_file_that_was_changed_is_named_and_read_with_care(small, tmp_path) -> None:
    load_fashion_mnist(tmp_path)
    name = "train-labels-idx1-ubyte.gz"
    no_class, too_few = torch.full((7,), 10).byte(), torch.zeros(4).byte()
    for content, message in (
        (b"no gzip", "cannot be unpacked"),
        (gzip.compress(b"no idx"), "begins with 00 00 08"),
        (gzip.compress(write_idx(too_few)), "have labels"),
        (gzip.compress(write_idx(no_class)), "there is no class 10"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=name):
            load_fashion_mnist(tmp_path)
        with pytest.warns(match=name), pytest.raises(DataError, match=message):
            load_fashion_mnist(tmp_path, verify=False)


def test_published_files_are_described_as_in_the_readme() -> None:
    files = [*fashion_mnist.TRAIN_FILES, *fashion_mnist.TEST_FILES]
    kinds = ("images-idx3", "labels-idx1")
    names = [f"{part}-{kind}-ubyte.gz" for part in ("train", "t10k") for kind in kinds]
    assert [file.name for file in files] == names
    for file in files:
        assert (len(file.md5), len(file.sha256)) == (32, 64)
        assert all(Path(address).name == file.name for address in file.addresses)
        assert file.addresses[0].startswith("https://")
