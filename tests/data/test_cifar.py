"""CIFAR: records, and the way from an archive to tensors."""

import gzip
import hashlib
import io
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from labml_style_nn.data import cifar
from labml_style_nn.data.cifar import CIFAR10, CIFAR100, load_cifar10, read_records
from labml_style_nn.data.download import DataError
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


@pytest.mark.parametrize("coarse", [False, True])
def test_hundred_classes_or_twenty(tmp_path, coarse) -> None:
    train, test = cifar.load_cifar100(tmp_path, coarse=coarse)
    labels, images = read_records(records(6, (20, 100), 0), 2)
    assert train.images.equal(images)
    assert train.labels.equal(labels[:, 0 if coarse else 1].long())
    assert test.images.equal(read_records(records(6, (20, 100), 1), 2)[1])


def test_unpacked_files_are_as_good_as_the_archive(unpacked, host, tmp_path) -> None:
    found = load_cifar10(tmp_path)
    assert host.asked == []
    for one, other in zip(found, load_cifar10(tmp_path / "other"), strict=True):
        assert one.images.equal(other.images)
        assert one.labels.equal(other.labels)


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


def test_unpacked_file_that_is_missing_is_named(unpacked, tmp_path) -> None:
    (unpacked / "test_batch.bin").unlink()
    with pytest.raises(DataError, match=r"there is no .*test_batch\.bin"):
        load_cifar10(tmp_path)


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


def test_sizes_are_those_of_the_format() -> None:
    # The authors' page: a file of CIFAR-10 should be exactly 30730000 bytes long.
    assert {file.size for file in (*CIFAR10.train, *CIFAR10.test)} == {30_730_000}
    assert [file.size for file in CIFAR100.train] == [50_000 * 3074]
    assert [file.size for file in CIFAR100.test] == [10_000 * 3074]
    names = [f"cifar-10-batches-bin/data_batch_{number}.bin" for number in range(1, 6)]
    assert [file.name for file in CIFAR10.train] == names
    for layout in (CIFAR10, CIFAR100):
        assert len(layout.archive.md5) == 32
        for file in (layout.archive, *layout.train, *layout.test):
            assert len(file.sha256) == 64


def test_names_are_in_the_order_of_the_alphabet() -> None:
    names = (cifar.CIFAR10_CLASSES, cifar.CIFAR100_CLASSES, cifar.CIFAR100_SUPERCLASSES)
    assert [len(set(some)) for some in names] == [10, 100, 20]
    assert all(list(some) == sorted(some) for some in names)
