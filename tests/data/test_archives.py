"""Archives: what is taken out, and what is refused."""

import gzip
import io
import pickle
import tarfile
import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labml_style_nn.data.archives import gunzip, members
from labml_style_nn.data.download import DataError

CONTENTS = {"set/one.bin": b"111", "set/two.bin": b"22222"}
WANTED = {name: len(content) for name, content in CONTENTS.items()}


def entry(name: str, content: bytes = b"", **attributes: object) -> tuple:
    info = tarfile.TarInfo(name)
    for attribute, value in (attributes | {"size": len(content)}).items():
        setattr(info, attribute, value)
    return info, content


GOOD = (
    entry("set", type=tarfile.DIRTYPE),
    entry("set/one.bin", b"111"),
    entry("set/readme.html", b"<p>"),
    entry("set/two.bin", b"22222"),
)


def tar(*entries: tuple, format: int = tarfile.GNU_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format) as archive:
        for info, content in entries:
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


class Mine:
    """Whoever unpickles this runs it."""

    def __reduce__(self) -> tuple:
        return pytest.fail, ("it was unpickled",)


def test_only_what_is_wanted_is_taken_and_a_pickle_stays_bytes() -> None:
    for format in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        assert members(tar(*GOOD, format=format), WANTED) == CONTENTS
    pickled = pickle.dumps(Mine())
    found = members(tar(entry("set/one.bin", pickled)), {"set/one.bin": len(pickled)})
    assert found == {"set/one.bin": pickled}


OUTSIDE = r"../evil set/../../evil /etc/evil C:evil C:\evil ..\evil \\host\share\evil"
UNSAFE = [
    *(entry(name, b"x") for name in OUTSIDE.split()),
    entry("link", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
    entry("link", type=tarfile.SYMTYPE, linkname="set/one.bin"),
    entry("link", type=tarfile.LNKTYPE, linkname="/etc/passwd"),
    entry("device", type=tarfile.CHRTYPE, devmajor=1, devminor=5),
    entry("device", type=tarfile.BLKTYPE),
    entry("pipe", type=tarfile.FIFOTYPE),
]


@pytest.mark.parametrize("unsafe", UNSAFE, ids=lambda unsafe: unsafe[0].name)
@pytest.mark.parametrize("first", [True, False])
def test_an_unsafe_entry_is_refused(unsafe, first, tmp_path, monkeypatch) -> None:
    # One folder up is still ours.
    (here := tmp_path / "here").mkdir()
    monkeypatch.chdir(here)
    archive = tar(unsafe, *GOOD) if first else tar(*GOOD, unsafe)
    with pytest.raises(DataError, match="the archive is unsafe") as raised:
        members(archive, WANTED)
    assert repr(unsafe[0].name) in str(raised.value)
    assert [*tmp_path.rglob("*")] == [here]
    assert not Path("/etc/evil").exists()


def test_other_contents_are_refused() -> None:
    link = entry("set/one.bin", type=tarfile.SYMTYPE, linkname="/etc/passwd")
    short, long = (entry("set/one.bin", content) for content in (b"11", b"1111"))
    for entries, message in (
        ((link, *GOOD[2:]), "'set/one.bin' is no plain file"),
        ((short, *GOOD[2:]), "one.bin in the archive has 2 bytes, expected 3"),
        ((long, *GOOD[2:]), "one.bin in the archive has 4 bytes, expected 3"),
        ((GOOD[0], GOOD[2]), "has no set/one.bin, set/two.bin"),
    ):
        with pytest.raises(DataError, match=message):
            members(tar(*entries), WANTED)


@given(st.binary(max_size=2000))
def test_what_is_no_archive_is_refused(data) -> None:
    with pytest.raises(DataError):
        members(data, WANTED)
    if data:
        with pytest.raises(DataError):
            gunzip(data, limit=100)


PLACES = st.integers(0, len(tar(*GOOD)) - 1)


@given(st.integers(0, 3000), st.binary(min_size=1, max_size=4), PLACES)
def test_a_damaged_or_cut_archive_gives_the_files_or_an_error(place, new, end) -> None:
    archive = bytearray(tar(*GOOD))
    with suppress(DataError):
        assert members(bytes(archive[:end]), WANTED) == CONTENTS
    archive[place : place + len(new)] = new
    with suppress(DataError):
        found = members(bytes(archive), WANTED)
        assert {name: len(content) for name, content in found.items()} == WANTED


@given(st.binary(max_size=500), st.data())
def test_gunzip_gives_what_was_packed_and_refuses_a_part(content, data) -> None:
    packed = gzip.compress(content)
    assert gunzip(packed, limit=len(content)) == content
    if content:
        with pytest.raises(DataError, match="unpacks to more than"):
            gunzip(packed, limit=len(content) - 1)
    # A gzip file may be empty; a data set may not.
    if end := data.draw(st.integers(0, len(packed) - 1)):
        with pytest.raises(DataError, match="cannot be unpacked"):
            gunzip(packed[:end], limit=1000)


def test_a_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(bytes(50_000_000), compresslevel=1)
    assert len(bomb) < 400_000
    tracemalloc.start()
    with pytest.raises(DataError, match="more than 1,000 bytes"):
        gunzip(bomb, limit=1_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10_000_000
