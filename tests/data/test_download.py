"""Downloads, from a host on this machine that does what hosts do."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from labml_style_nn.data import download
from labml_style_nn.data.download import DataError, DataFile, default_folder, fetch
from support import PATIENCE, soon
from tests.data.conftest import described, full_disk

CONTENT = random.Random(0).randbytes(300_000)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "PAUSE", 0.0)


@pytest.fixture
def file(host) -> DataFile:
    return host.publish("set.bin", CONTENT)


def left(folder: Path) -> list[str]:
    """What lies in a folder, but for the lock."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def refused(message: str, *arguments, **options) -> str:
    """Fetching ends with an error that has the message; all that it says."""
    with pytest.raises(DataError, match=message) as raised:
        fetch(*arguments, **options)
    return str(raised.value)


def has_sums(said: str, *contents: bytes) -> bool:
    files = [described("set.bin", content) for content in contents]
    return all(file.sha256 in said and file.md5 in said for file in files)


def test_file_comes_once_and_is_then_only_read(file, host, tmp_path) -> None:
    folder = tmp_path / "new" / "folder"
    assert fetch(file, folder).read_bytes() == CONTENT
    # And it needs no warning.
    assert fetch(file, folder, verify=False) == folder / "set.bin"
    assert left(folder) == ["set.bin"]
    assert [asked.range for asked in host.asked] == [None]
    host.asked.clear()
    # A folder that has it is only read.
    (folder / "set.bin").rename(tmp_path / "set.bin")
    shutil.rmtree(tmp_path / "new")
    tmp_path.chmod(0o555)
    assert fetch(file, tmp_path) == tmp_path / "set.bin"
    assert host.asked == []
    tmp_path.chmod(0o755)
    assert [path.name for path in tmp_path.iterdir()] == ["set.bin"]


@pytest.mark.parametrize(
    ("answers", "asked", "sent"),
    [
        # A connection that broke is taken up where it was: no byte is sent twice.
        ([("drop", 100_000), ("drop", 50_000)], [None, 100_000, 150_000], 300_000),
        # A server that ignores or refuses that, or has another file, starts anew.
        ([("drop", 100_000), "no_range"], [None, 100_000], 400_000),
        ([("drop", 100_000), "other_range"], [None, 100_000, None], None),
        ([("drop", 100_000), ("status", 416)], [None, 100_000, None], 400_000),
        ([("drop", 100_000), "altered"], [None, 100_000, None], 600_000),
        # What passes is tried again.
        *(([("status", n), "nonsense"], [None] * 3, 300_000) for n in (500, 503, 429)),
        ([("status", 408)], [None] * 2, 300_000),
        # The length need not be announced.
        (["unannounced"], [None], 300_000),
        # As long as something comes, it goes on.
        ([("drop", 20_000)] * 15, [None, *range(20_000, 300_000, 20_000)], 300_000),
    ],
)
def test_file_comes_in_spite_of(file, host, tmp_path, answers, asked, sent) -> None:
    host.answers = [*answers]
    assert fetch(file, tmp_path).read_bytes() == CONTENT
    ranges = [start and f"bytes={start}-" for start in asked]
    assert [request.range for request in host.asked] == ranges
    # Of what nobody reads, some may be on its way.
    assert sent in (None, host.sent)


# What always breaks and never resumes ends, too.
@pytest.mark.parametrize("usually", [("drop", 0), ("drop_without_range", 70_000)])
def test_tries_are_limited(file, host, tmp_path, usually) -> None:
    host.answers = [] if usually[1] else [("drop", 70_000)]
    host.usually = usually
    refused(r"ended after 70,000 of 300,000 bytes", file, tmp_path)
    assert len(host.asked) == 1 + download.TRIES
    assert left(tmp_path) == ["set.bin.part"]
    host.usually = "good"
    assert fetch(file, tmp_path).read_bytes() == CONTENT
    assert host.asked[-1].sent == len(CONTENT) - 70_000


PARTS = {
    b"x" * 100_000: ["bytes=100000-", None],
    b"x" * 300_000: [None],
    b"x" * 300_005: ["bytes=300005-", None],
    CONTENT: [],
}


@pytest.mark.parametrize("part", PARTS, ids=["other", "as long", "longer", "whole"])
def test_part_is_used_if_it_fits(file, host, tmp_path, part) -> None:
    (tmp_path / "set.bin.part").write_bytes(part)
    assert fetch(file, tmp_path).read_bytes() == CONTENT
    assert [request.range for request in host.asked] == PARTS[part]
    assert left(tmp_path) == ["set.bin"]


def test_what_does_not_pass_is_asked_once(file, host, tmp_path) -> None:
    for number, status in enumerate((404, 403, 401, 410), 1):
        host.usually = ("status", status)
        refused(f"HTTP Error {status}", file, tmp_path)
        assert len(host.asked) == number
    nobody = described("set.bin", CONTENT, "http://127.0.0.1:9/set.bin")
    refused(r"127\.0\.0\.1:9/set\.bin: .*refused", nobody, tmp_path)


def test_silent_server_is_given_up_and_a_slow_one_waited_for(
    file, host, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(download, "TIMEOUT", 0.1)
    host.answers = [("silent", 0.5), "good"]
    assert fetch(file, tmp_path / "silent").read_bytes() == CONTENT
    host.asked.clear()
    # It takes longer than the timeout, but never says nothing for as long.
    monkeypatch.setattr(download, "TIMEOUT", 1.5)
    host.answers = [("slow", 0.02)]
    start = time.monotonic()
    assert fetch(file, tmp_path).read_bytes() == CONTENT
    assert time.monotonic() - start > download.TIMEOUT
    assert len(host.asked) == 1


@pytest.mark.parametrize("verify", [True, False])
def test_altered_file_is_refused(file, host, tmp_path, verify) -> None:
    host.usually = "altered"
    said = refused("not the published file", file, tmp_path, verify=verify)
    assert has_sums(said, bytes(byte ^ 1 for byte in CONTENT), CONTENT)
    # All of it came in one go: the host has another file, and was not asked again.
    assert len(host.asked) == 1
    assert left(tmp_path) == []


def test_file_of_another_size_or_without_an_end_is_left(file, host, tmp_path) -> None:
    host.files["set.bin"] = CONTENT + b"more"
    for host.usually, message in (
        (("shorter", 1000), "has 1000 bytes, expected 300000"),
        ("no_range", "has 300004 bytes, expected 300000"),
        ("endless", r"size is 3\d\d,\d\d\d bytes, expected 300,000"),
    ):
        refused(message, file, tmp_path)
        assert len(host.asked) == 1 or host.usually == "endless"
        assert left(tmp_path) == []
        host.asked.clear()


@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT[:-1] + b"x", b""])
def test_file_there_that_differs_is_refused(file, host, tmp_path, content) -> None:
    path = tmp_path / "set.bin"
    path.write_bytes(content)
    said = refused(str(path), file, tmp_path)
    assert "--no-verify" in said
    size = f"{len(content):,} bytes, expected 300,000"
    assert (size in said) == (len(content) != len(CONTENT))
    # Without verification it is used, and that is said aloud.
    with pytest.warns(UserWarning, match="USED ALL THE SAME") as warned:
        assert fetch(file, tmp_path, verify=False) == path
    for sums in (str(warned[0].message), said):
        assert has_sums(sums, content, CONTENT)
    # It is the user's file, so it is left alone.
    assert path.read_bytes() == content
    assert host.asked == []


def test_addresses_are_tried_in_turn(host, tmp_path) -> None:
    host.files |= dict.fromkeys("abc", CONTENT)
    file = described("set.bin", CONTENT, *map(host.url, "abc"))
    for answers, asked in (
        ([("status", 404), "altered", "good"], "a-None b-None c-None"),
        # Another address goes on where the first broke.
        ([("drop", 70_000), ("status", 404)], "a-None a-bytes=70000- b-bytes=70000-"),
    ):
        host.answers, host.asked = answers, []
        assert fetch(file, tmp_path / asked).read_bytes() == CONTENT
        found = [f"{one.path[1:]}-{one.range}" for one in host.asked]
        assert found == asked.split()
    # The error tells of each of them.
    host.files.clear()
    said = refused(str(tmp_path), file, tmp_path)
    for name in "abc":
        assert f"{host.url(name)}: the server answers HTTP Error 404" in said


@pytest.mark.parametrize("end", ["", "/"])
def test_mirror_of_the_web_alone_is_asked_first(file, host, tmp_path, end) -> None:
    fetch(file, tmp_path / "other", mirror=host.url(f"mirror{end}"))
    host.files["mirror/set.bin"] = CONTENT
    fetch(file, tmp_path, mirror=host.url(f"mirror{end}"))
    paths = ["/mirror/set.bin", "/set.bin", "/mirror/set.bin"]
    assert [asked.path for asked in host.asked] == paths
    for mirror in ("/some/folder", "file:///etc", "ftp://host", ""):
        with pytest.raises(ValueError, match="mirror must be an address"):
            fetch(file, tmp_path / "third", mirror=mirror)


PROGRAM = """
import sys
from pathlib import Path
from labml_style_nn.data.download import DataFile, fetch
name, size, sha256, md5, address, folder = sys.argv[1:]
fetch(DataFile(name, int(size), sha256, md5, (address,)), Path(folder))
"""


def start(file: DataFile, folder: Path) -> subprocess.Popen[str]:
    """Fetch in another process, until most of 100,000 bytes have come."""
    about = (file.name, file.size, file.sha256, file.md5, file.addresses[0], folder)
    command = [sys.executable, "-c", PROGRAM, *map(str, about)]
    program = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    part = folder / "set.bin.part"
    # What was written last may still be in the program's memory.
    assert soon(lambda: part.exists() and part.stat().st_size >= 80_000)
    return program


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL])
def test_stopped_program_is_taken_up_where_it_was(file, host, tmp_path, stop) -> None:
    host.answers = [("held", 100_000)]
    part = tmp_path / "set.bin.part"
    program = start(file, tmp_path)
    program.send_signal(stop)
    program.communicate(timeout=PATIENCE)
    assert program.returncode != 0
    assert left(tmp_path) == ["set.bin.part"]
    have = part.stat().st_size
    assert 0 < have < len(CONTENT)
    assert part.read_bytes() == CONTENT[:have]
    assert fetch(file, tmp_path).read_bytes() == CONTENT
    assert host.asked[-1].range == f"bytes={have}-"
    assert host.asked[-1].sent == len(CONTENT) - have


def test_of_two_programs_one_fetches(file, host, tmp_path) -> None:
    host.usually = ("held", 100_000)
    first, second = (start(file, tmp_path) for _ in range(2))
    assert second.stderr is not None
    said = second.stderr.readline()
    assert said == "waiting for the program that fetches set.bin\n"
    host.released.set()
    for program in (first, second):
        program.communicate(timeout=PATIENCE)
        assert program.returncode == 0
    assert (tmp_path / "set.bin").read_bytes() == CONTENT
    assert len(host.asked) == 1


def test_what_cannot_be_written_is_named_and_leaves_nothing(file, tmp_path) -> None:
    path = tmp_path / "set.bin"
    with full_disk(100_000):
        refused(f"{path} cannot be written: File too large", file, tmp_path)
    assert "set.bin" not in left(tmp_path)
    assert fetch(file, tmp_path).read_bytes() == CONTENT
    # Nor can a file be a folder.
    refused(r"set\.bin/set\.bin cannot be written: File exists", file, path)


def test_folder_is_the_users_or_the_one_that_is_named(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("LABML_STYLE_NN_DATA", str(tmp_path))
    assert default_folder("cifar-10") == tmp_path / "cifar-10"
    monkeypatch.delenv("LABML_STYLE_NN_DATA")
    if os.name == "posix" and sys.platform != "darwin":
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        assert default_folder("x") == tmp_path / "labml-style-nn" / "data" / "x"
