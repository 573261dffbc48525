"""Downloads, from a host on this machine that does what hosts do."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from labml_style_nn.data import download
from labml_style_nn.data.download import DataError, DataFile, default_folder, fetch

CONTENT = random.Random(0).randbytes(300_000)


def file_of(content: bytes, *addresses: str) -> DataFile:
    return DataFile(
        "set.bin",
        len(content),
        hashlib.sha256(content).hexdigest(),
        hashlib.md5(content).hexdigest(),
        addresses,
    )


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "PAUSE", 0.0)


@pytest.fixture
def file(host) -> DataFile:
    host.files["set.bin"] = CONTENT
    return file_of(CONTENT, host.url("set.bin"))


def left(folder: Path) -> list[str]:
    """What lies in a folder, but for the lock."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def test_file_comes_once_and_stays(file, host, tmp_path) -> None:
    folder = tmp_path / "new" / "folder"
    assert fetch(file, folder).read_bytes() == CONTENT
    assert fetch(file, folder) == folder / "set.bin"
    assert left(folder) == ["set.bin"]
    assert [asked.range for asked in host.asked] == [None]


def test_a_folder_that_has_the_file_is_only_read(file, host, tmp_path) -> None:
    path = tmp_path / "set.bin"
    path.write_bytes(CONTENT)
    tmp_path.chmod(0o555)
    assert fetch(file, tmp_path) == path
    assert host.asked == []
    tmp_path.chmod(0o755)
    assert [path.name for path in tmp_path.iterdir()] == ["set.bin"]


# ## Interruptions


def test_dropped_connection_is_taken_up_where_it_broke(file, host, tmp_path) -> None:
    host.answers = [("drop", 100_000), ("drop", 50_000), "good"]
    assert fetch(file, tmp_path).read_bytes() == CONTENT
    assert [asked.range for asked in host.asked] == [
        None,
        "bytes=100000-",
        "bytes=150000-",
    ]
    # No byte was sent twice.
    assert host.sent == len(CONTENT)


def test_as_long_as_something_comes_it_goes_on(file, host, tmp_path) -> None:
    host.usually = ("drop", 20_000)
    assert fetch(file, tmp_path).read_bytes() == CONTENT
    assert len(host.asked) == 15
    assert host.sent == len(CONTENT)


def test_tries_are_limited_and_what_came_is_kept(file, host, tmp_path) -> None:
    host.answers = [("drop", 70_000)]
    host.usually = ("drop", 0)
    with pytest.raises(DataError, match=r"ended after 70,000 of 300,000 bytes"):
        fetch(file, tmp_path)
    assert len(host.asked) == 1 + download.TRIES
    assert left(tmp_path) == ["set.bin.part"]
    host.usually = "good"
    assert fetch(file, tmp_path).read_bytes() == CONTENT
    assert host.sent == len(CONTENT)


def test_connection_that_always_breaks_and_never_resumes_ends(
    file, host, tmp_path
) -> None:
    host.usually = ("drop_without_range", 70_000)
    with pytest.raises(DataError, match="ended after 70,000"):
        fetch(file, tmp_path)
    assert len(host.asked) == 1 + download.TRIES


def test_server_that_ignores_range_is_read_from_the_start(file, host, tmp_path) -> None:
    host.answers = [("drop", 100_000), "no_range"]
    assert fetch(file, tmp_path).read_bytes() == CONTENT
    assert host.sent == 100_000 + len(CONTENT)


@pytest.mark.parametrize("answer", ["other_range", ("status", 416)])
def test_server_that_cannot_continue_is_read_from_the_start(
    file, host, tmp_path, answer
) -> None:
    host.answers = [("drop", 100_000), answer]
    assert fetch(file, tmp_path).read_bytes() == CONTENT
    assert [asked.range for asked in host.asked] == [None, "bytes=100000-", None]


def test_part_of_another_file_is_given_up(file, host, tmp_path) -> None:
    (tmp_path / "set.bin.part").write_bytes(b"x" * 100_000)
    assert fetch(file, tmp_path).read_bytes() == CONTENT
    assert [asked.range for asked in host.asked] == ["bytes=100000-", None]


@pytest.mark.parametrize("size", [len(CONTENT), len(CONTENT) + 5])
def test_part_that_is_too_long_is_given_up(file, host, tmp_path, size) -> None:
    (tmp_path / "set.bin.part").write_bytes(b"x" * size)
    assert fetch(file, tmp_path).read_bytes() == CONTENT
    assert host.asked[-1].range is None


def test_part_that_was_whole_needs_no_network(file, host, tmp_path) -> None:
    (tmp_path / "set.bin.part").write_bytes(CONTENT)
    assert fetch(file, tmp_path).read_bytes() == CONTENT
    assert host.asked == []
    assert left(tmp_path) == ["set.bin"]


@pytest.mark.parametrize("status", [500, 503, 429, 408])
def test_what_passes_is_tried_again(file, host, tmp_path, status) -> None:
    host.answers = [("status", status), "nonsense", "good"]
    assert fetch(file, tmp_path).read_bytes() == CONTENT
    assert len(host.asked) == 3


@pytest.mark.parametrize("status", [404, 403, 401, 410])
def test_what_does_not_pass_is_asked_once(file, host, tmp_path, status) -> None:
    host.usually = ("status", status)
    with pytest.raises(DataError, match=f"HTTP Error {status}"):
        fetch(file, tmp_path)
    assert len(host.asked) == 1


def test_server_that_says_nothing_is_given_up(
    file, host, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(download, "TIMEOUT", 0.1)
    host.answers = [("silent", 0.5), "good"]
    assert fetch(file, tmp_path).read_bytes() == CONTENT


def test_slow_server_is_waited_for(file, host, tmp_path, monkeypatch) -> None:
    # It takes longer than the timeout, but never says nothing for as long.
    monkeypatch.setattr(download, "TIMEOUT", 1.5)
    host.answers = [("slow", 0.02)]
    start = time.monotonic()
    assert fetch(file, tmp_path).read_bytes() == CONTENT
    assert time.monotonic() - start > download.TIMEOUT
    assert len(host.asked) == 1


def test_nobody_listens(tmp_path) -> None:
    file = file_of(CONTENT, "http://127.0.0.1:9/set.bin")
    with pytest.raises(DataError, match=r"127\.0\.0\.1:9/set\.bin: .*refused"):
        fetch(file, tmp_path)


def test_length_need_not_be_announced(file, host, tmp_path) -> None:
    host.answers = ["unannounced"]
    assert fetch(file, tmp_path).read_bytes() == CONTENT


# ## Files that are not the published one


def test_altered_file_is_refused(file, host, tmp_path) -> None:
    host.usually = "altered"
    altered = bytes(byte ^ 1 for byte in CONTENT)
    with pytest.raises(DataError) as raised:
        fetch(file, tmp_path)
    for content in (altered, CONTENT):
        assert hashlib.sha256(content).hexdigest() in str(raised.value)
        assert hashlib.md5(content).hexdigest() in str(raised.value)
    # All of it came in one go: the host has another file, and was not asked again.
    assert len(host.asked) == 1
    assert left(tmp_path) == []


def test_second_half_of_another_file_is_fetched_anew(file, host, tmp_path) -> None:
    host.answers = [("drop", 100_000), "altered", "good"]
    assert fetch(file, tmp_path).read_bytes() == CONTENT
    assert [asked.range for asked in host.asked] == [None, "bytes=100000-", None]


@pytest.mark.parametrize("answer", [("shorter", 1000), "no_range"])
def test_file_of_another_size_is_refused_before_it_comes(
    host, tmp_path, answer
) -> None:
    host.files["set.bin"] = CONTENT + b"more"
    host.usually = answer
    with pytest.raises(DataError, match=r"has (1000|300004) bytes, expected 300000"):
        fetch(file_of(CONTENT, host.url("set.bin")), tmp_path)
    assert len(host.asked) == 1
    assert left(tmp_path) == []


def test_file_without_an_end_is_left(file, host, tmp_path) -> None:
    host.usually = "endless"
    with pytest.raises(
        DataError, match=r"size is 3\d\d,\d\d\d bytes, expected 300,000"
    ):
        fetch(file, tmp_path)
    assert left(tmp_path) == []


@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT[:-1] + b"x", b""])
def test_file_in_the_folder_that_differs_is_refused(
    file, host, tmp_path, content
) -> None:
    path = tmp_path / "set.bin"
    path.write_bytes(content)
    with pytest.raises(DataError) as raised:
        fetch(file, tmp_path)
    message = str(raised.value)
    assert str(path) in message
    assert hashlib.md5(content).hexdigest() in message
    assert hashlib.md5(CONTENT).hexdigest() in message
    assert "--no-verify" in message
    assert (f"{len(content):,} bytes, expected 300,000" in message) == (
        len(content) != len(CONTENT)
    )
    # It is the user's file, so it is left alone.
    assert path.read_bytes() == content
    assert host.asked == []


def test_without_verification_it_is_used_and_said_aloud(file, host, tmp_path) -> None:
    path = tmp_path / "set.bin"
    path.write_bytes(b"other")
    with pytest.warns(UserWarning, match="USED ALL THE SAME") as warned:
        assert fetch(file, tmp_path, verify=False) == path
    message = str(warned[0].message)
    assert str(path) in message
    assert hashlib.md5(b"other").hexdigest() in message
    assert file.md5 in message
    assert hashlib.sha256(b"other").hexdigest() in message
    assert file.sha256 in message


def test_what_comes_over_the_network_is_always_verified(file, host, tmp_path) -> None:
    host.usually = "altered"
    with pytest.raises(DataError, match="not the published file"):
        fetch(file, tmp_path, verify=False)
    assert left(tmp_path) == []


def test_the_published_file_needs_no_warning(file, host, tmp_path) -> None:
    fetch(file, tmp_path)
    fetch(file, tmp_path, verify=False)


# ## Several addresses


def test_addresses_are_tried_in_turn(host, tmp_path) -> None:
    host.files |= {"a/set.bin": CONTENT, "b/set.bin": CONTENT, "c/set.bin": CONTENT}
    file = file_of(CONTENT, *(host.url(f"{name}/set.bin") for name in "abc"))
    host.answers = [("status", 404), "altered", "good"]
    assert fetch(file, tmp_path).read_bytes() == CONTENT
    paths = [asked.path for asked in host.asked]
    assert paths == ["/a/set.bin", "/b/set.bin", "/c/set.bin"]


def test_another_address_goes_on_where_the_first_broke(host, tmp_path) -> None:
    host.files |= {"a/set.bin": CONTENT, "b/set.bin": CONTENT}
    file = file_of(CONTENT, host.url("a/set.bin"), host.url("b/set.bin"))
    host.answers = [("drop", 123_456), ("status", 404)]
    assert fetch(file, tmp_path).read_bytes() == CONTENT
    assert host.asked[-1].range == "bytes=123456-"
    assert host.sent == len(CONTENT)


def test_error_tells_of_every_address(host, tmp_path) -> None:
    file = file_of(CONTENT, host.url("a"), host.url("b"))
    with pytest.raises(DataError) as raised:
        fetch(file, tmp_path)
    assert f"{host.url('a')}: the server answers HTTP Error 404" in str(raised.value)
    assert f"{host.url('b')}: the server answers HTTP Error 404" in str(raised.value)
    assert str(tmp_path) in str(raised.value)


@pytest.mark.parametrize("end", ["", "/"])
def test_mirror_is_asked_first(file, host, tmp_path, end) -> None:
    host.files["mirror/set.bin"] = CONTENT
    fetch(file, tmp_path, mirror=host.url(f"mirror{end}"))
    assert [asked.path for asked in host.asked] == ["/mirror/set.bin"]


def test_mirror_without_the_file_is_passed_over(file, host, tmp_path) -> None:
    fetch(file, tmp_path, mirror=host.url("mirror"))
    assert [asked.path for asked in host.asked] == ["/mirror/set.bin", "/set.bin"]


@pytest.mark.parametrize("mirror", ["/some/folder", "file:///etc", "ftp://host", ""])
def test_mirror_must_be_of_the_web(file, tmp_path, mirror) -> None:
    with pytest.raises(ValueError, match="mirror must be an address"):
        fetch(file, tmp_path, mirror=mirror)


# ## Programs that are stopped, and two at once

PROGRAM = """
import resource, sys
from pathlib import Path
from labml_style_nn.data.download import DataFile, fetch
name, size, sha256, md5, address, folder, limit = sys.argv[1:]
if int(limit):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
fetch(DataFile(name, int(size), sha256, md5, (address,)), Path(folder))
"""


def start(file: DataFile, folder: Path, limit: int = 0) -> subprocess.Popen[str]:
    """Fetch in another process."""
    about = (file.name, file.size, file.sha256, file.md5, file.addresses[0], folder)
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *map(str, about), str(limit)],
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(path: Path, size: int) -> None:
    deadline = time.monotonic() + 120
    while not (path.exists() and path.stat().st_size >= size):
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL])
def test_stopped_program_is_taken_up_where_it_was(file, host, tmp_path, stop) -> None:
    host.answers = [("held", 100_000)]
    part = tmp_path / "set.bin.part"
    program = start(file, tmp_path)
    # What was written last may still be in the program's memory.
    wait_for(part, 80_000)
    program.send_signal(stop)
    program.communicate(timeout=120)
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
    first = start(file, tmp_path)
    wait_for(tmp_path / "set.bin.part", 80_000)
    second = start(file, tmp_path)
    assert second.stderr is not None
    said = second.stderr.readline()
    assert said == "waiting for the program that fetches set.bin\n"
    host.released.set()
    for program in (first, second):
        program.communicate(timeout=120)
        assert program.returncode == 0
    assert (tmp_path / "set.bin").read_bytes() == CONTENT
    assert len(host.asked) == 1


def test_full_disk_leaves_nothing_under_the_name(file, host, tmp_path) -> None:
    # A limit to the size of files stops a write as a full disk does.
    program = start(file, tmp_path, limit=100_000)
    _, said = program.communicate(timeout=120)
    assert program.returncode == 1
    assert f"{tmp_path / 'set.bin'} cannot be written: File too large" in said
    assert "set.bin" not in left(tmp_path)
    assert fetch(file, tmp_path).read_bytes() == CONTENT


def test_folder_that_cannot_be_made_is_named(file, tmp_path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(
        DataError, match=r"taken/set\.bin cannot be written: File exists"
    ):
        fetch(file, tmp_path / "taken")


# ## Where files are kept


def test_folder_is_the_users_or_the_one_that_is_named(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("LABML_STYLE_NN_DATA", str(tmp_path))
    assert default_folder("cifar-10") == tmp_path / "cifar-10"
    monkeypatch.delenv("LABML_STYLE_NN_DATA")
    if os.name == "posix" and sys.platform != "darwin":
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        assert default_folder("x") == tmp_path / "labml-style-nn" / "data" / "x"
