"""CIFAR and Fashion-MNIST: their formats, and the way from a host to tensors."""

import gzip
import hashlib
import io
import math
import struct
import tarfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from labml_style_nn.data import cifar, fashion_mnist
from labml_style_nn.data.cifar import CIFAR10, CIFAR100, load_cifar10, read_records
from labml_style_nn.data.download import DataError
from labml_style_nn.data.fashion_mnist import load_fashion_mnist, read_idx
from tests.data.conftest import described
from tests.data.test_archives import entry, tar


def records(number: int, classes: tuple[int, ...], seed: int) -> bytes:
    """Write the format: labels, then red, green and blue, row by row."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(256, (number, 3072), dtype=torch.uint8, generator=generator)
    labels = [torch.randint(n, (number, 1), generator=generator) for n in classes]
    return torch.cat([*labels, images], dim=1).byte().numpy().tobytes()


@given(st.integers(1, 4), st.integers(1, 2), st.integers(0, 1000))
def test_what_was_written_is_read(number, num_labels, seed) -> None:
    data = records(number, (10, 100)[:num_labels], seed)
    labels, images = read_records(data, num_labels)
    assert labels.shape == (number, num_labels)
    assert images.shape == (number, 3, 32, 32)
    # Red, then green, then blue, row by row.
    found = torch.cat([labels, images.flatten(1)], dim=1)
    assert found.flatten().tolist() == list(data)


@given(st.integers(0, 3073 * 3), st.integers(1, 2))
def test_only_whole_records_are_read(length, num_labels) -> None:
    number, rest = divmod(length, num_labels + 3072)
    if number and not rest:
        assert len(read_records(bytes(length), num_labels)[0]) == number
    else:
        with pytest.raises(DataError, match="no whole number of records"):
            read_records(bytes(length), num_labels)


@pytest.fixture(autouse=True)
def small(host, monkeypatch) -> None:
    """Put sets with few images a file on the host, as if they had been published."""
    for name, layout, number in (("CIFAR10", CIFAR10, 4), ("CIFAR100", CIFAR100, 6)):
        names = [file.name for file in (*layout.train, *layout.test)]
        contents = [records(number, layout.classes, n) for n in range(len(names))]
        readme = entry(Path(names[0]).with_name("readme.html").as_posix())
        archive = gzip.compress(tar(*map(entry, names, contents), readme))
        whole = host.publish(layout.archive.name, archive)
        *train, test = map(described, names, contents)
        parts = {"archive": whole, "train": (*train,), "test": (test,)}
        monkeypatch.setattr(cifar, name, replace(layout, **parts))


@pytest.fixture
def unpacked(host, tmp_path) -> Path:
    """The folder of the archive, unpacked before."""
    packed = io.BytesIO(host.files[CIFAR10.archive.name])
    with tarfile.open(fileobj=packed) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path / "cifar-10-batches-bin"


def test_five_files_to_learn_from_and_one_to_test(tmp_path) -> None:
    train, test = load_cifar10(tmp_path)
    for part, seeds in ((train, range(5)), (test, [5])):
        parts = [read_records(records(4, (10,), seed), 1) for seed in seeds]
        assert part.images.equal(torch.cat([images for _, images in parts]))
        assert part.images.dtype == torch.uint8
        labels = torch.cat([labels[:, 0] for labels, _ in parts])
        assert part.labels.equal(labels.long())
        assert part.labels.dtype == torch.int64
    # Nothing but the archive and the lock was written.
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [".cifar-10-binary.tar.gz.lock", "cifar-10-binary.tar.gz"]


def test_hundred_classes_or_twenty(tmp_path) -> None:
    labels, images = read_records(records(6, (20, 100), 0), 2)
    for coarse in (False, True):
        train, test = cifar.load_cifar100(tmp_path, coarse=coarse)
        assert train.images.equal(images)
        assert train.labels.equal(labels[:, 0 if coarse else 1].long())
        assert test.images.equal(read_records(records(6, (20, 100), 1), 2)[1])


def test_unpacked_files_are_used_and_a_missing_one_is_named(unpacked, host, tmp_path):
    found = load_cifar10(tmp_path)
    assert host.asked == []
    for one, other in zip(found, load_cifar10(tmp_path / "other"), strict=True):
        assert one.images.equal(other.images)
        assert one.labels.equal(other.labels)
    (unpacked / "test_batch.bin").unlink()
    with pytest.raises(DataError, match=r"there is no .*test_batch\.bin"):
        load_cifar10(tmp_path)


def test_unpacked_file_that_differs_needs_to_be_allowed(unpacked, tmp_path) -> None:
    path = unpacked / "data_batch_3.bin"
    content = bytearray(path.read_bytes())
    content[1] ^= 255
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"data_batch_3\.bin is not the published file"):
        load_cifar10(tmp_path)
    with pytest.warns(UserWarning, match="USED ALL THE SAME") as warned:
        train, _ = load_cifar10(tmp_path, verify=False)
    assert len(warned) == 1
    sums = hashlib.sha256(content).hexdigest(), cifar.CIFAR10.train[2].sha256
    assert all(said in str(warned[0].message) for said in (str(path), *sums))
    assert train.images[8, 0, 0, 0] == content[1]


@pytest.mark.filterwarnings("ignore:.*USED ALL THE SAME")
def test_without_verification_files_are_read_with_care(unpacked, tmp_path) -> None:
    path = unpacked / "test_batch.bin"
    path.write_bytes(bytes([10]) + path.read_bytes()[1:])
    with pytest.raises(DataError, match="there is no class 10"):
        load_cifar10(tmp_path, verify=False)
    path, name = tmp_path / CIFAR10.archive.name, CIFAR10.train[0].name
    link = entry(name, type=tarfile.SYMTYPE, linkname="/etc/passwd")
    path.write_bytes(gzip.compress(tar(link)))
    with pytest.raises(DataError, match=f"{path.name}: the archive is unsafe"):
        load_cifar10(tmp_path, verify=False)


def test_sizes_are_those_of_the_format_and_classes_sorted() -> None:
    # The authors' page: a file of CIFAR-10 should be exactly 30730000 bytes long.
    assert {file.size for file in (*CIFAR10.train, *CIFAR10.test)} == {30_730_000}
    sizes = [file.size for file in (*CIFAR100.train, *CIFAR100.test)]
    assert sizes == [50_000 * 3074, 10_000 * 3074]
    names = [f"cifar-10-batches-bin/data_batch_{number}.bin" for number in range(1, 6)]
    assert [file.name for file in CIFAR10.train] == names
    for layout in (CIFAR10, CIFAR100):
        assert len(layout.archive.md5) == 32
        for file in (layout.archive, *layout.train, *layout.test):
            assert len(file.sha256) == 64
    names = (cifar.CIFAR10_CLASSES, cifar.CIFAR100_CLASSES, cifar.CIFAR100_SUPERCLASSES)
    assert [len(set(some)) for some in names] == [10, 100, 20]
    assert all(list(some) == sorted(some) for some in names)


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


@given(arrays(), st.data(), st.binary(min_size=1, max_size=9))
def test_an_array_is_read_and_a_file_with_less_or_more_refused(array, data, more):
    written = write_idx(array)
    found = read_idx(written)
    assert found.dtype == torch.uint8
    assert found.shape == array.shape
    assert found.equal(array)
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
def clothes(host, monkeypatch):
    """Put a set of 7 and 3 images on the host, and take it for the published one."""
    parts = {"TRAIN_FILES": some(7, seed=0), "TEST_FILES": some(3, seed=1)}
    for part, arrays in parts.items():
        pairs = zip(getattr(fashion_mnist, part), arrays, strict=True)
        files = [host.publish(f.name, gzip.compress(write_idx(a))) for f, a in pairs]
        monkeypatch.setattr(fashion_mnist, part, tuple(files))
    return parts


def test_images_are_kept_with_their_labels(clothes, host, tmp_path, monkeypatch):
    monkeypatch.setenv("LABML_STYLE_NN_DATA", str(tmp_path))
    both = zip(load_fashion_mnist(), clothes.values(), strict=True)
    for found, (images, labels) in both:
        assert found.images.dtype == torch.uint8
        assert found.images.equal(images[:, None])
        assert found.labels.dtype == torch.int64
        assert found.labels.equal(labels.long())
    load_fashion_mnist(tmp_path / "fashion-mnist")
    assert len(host.asked) == 4


def test_a_file_that_was_changed_is_named_and_read_with_care(clothes, tmp_path) -> None:
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
