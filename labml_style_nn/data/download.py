r"""# Download

[`fetch`][] brings one published file to this machine, and says where it lies. Most of
this page is about what can go wrong on the way.

| what happens | what is done |
|---|---|
| the connection breaks | what came is kept, and the next try goes on from there |
| Ctrl-C, a crash, a power cut | the same: the same command goes on |
| the server cannot continue a file, or offers another one | the file is begun anew |
| a server is down | it is tried again a few times, then the next address is tried |
| the file was cut short or changed | it is refused, with what was expected and found |
| two programs want the same file | one fetches it, and the other waits |
| the disk is full | the error says so; nothing lies under the file's name |

The name of the file stands for the whole, checked file. What is not yet whole is called
`….part`. Only when its checksums are right does it take the name, in one step.

## Checksums

A file is the published one if it has the published size and checksums. Authors of data
sets often publish an MD5. It finds accidents, but for years now people have been able
to construct two files with the same MD5. So the SHA-256 is compared as well, which
nobody can do that for.

This is why the host does not matter. A file may come from a mirror, over plain HTTP,
half of it from one host and half from another: if the sums are right, it is the file.

A file that already lies in the folder is checked each time it is used. One that differs
may be meant all the same. `verify=False` accepts it, with a warning that names the file
and both sums. What comes over the network is always checked.

## Why not a library

Libraries that fetch files and check them exist: [Pooch](https://www.fatiando.org/pooch/)
is a good one. It writes to a temporary file, and begins anew after an interruption, and
so does `torch.hub`. With 170 MB from a slow host that decides whether a download ever
ends. Python's own `urllib` and the lock of `filelock`, which comes with PyTorch, are
enough.

## Example

Here is a folder that already has the file. It is checked, and nothing is fetched:

>>> import hashlib
>>> import tempfile
>>> from pathlib import Path
>>> from labml_style_nn.data.download import DataFile, fetch
>>> folder = tempfile.TemporaryDirectory()
>>> path = Path(folder.name) / "greeting.txt"
>>> text = b"hello"
>>> _ = path.write_bytes(text)
>>> greeting = DataFile("greeting.txt", len(text), hashlib.sha256(text).hexdigest())
>>> fetch(greeting, Path(folder.name)) == path
True

A changed file is refused:

>>> _ = path.write_bytes(b"jello")
>>> fetch(greeting, Path(folder.name))
Traceback (most recent call last):
    ...
labml_style_nn.data.download.DataError: ...
>>> folder.cleanup()
"""

import hashlib
import os
import sys
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import BinaryIO
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from filelock import FileLock, Timeout
from platformdirs import user_cache_path
from tqdm import tqdm


class DataError(RuntimeError):
    """## When data is not to be had

    It cannot be fetched, or it is not what it should be. The message says which file,
    what was expected and found, and what to do.
    """


@dataclass(frozen=True)
class DataFile:
    """## A published file

    What is known of it before it is here: its name, its size in bytes, its checksums,
    and the addresses from which it is to be had, the official one first. `md5` is empty
    where the authors published none.
    """

    name: str
    size: int
    sha256: str
    md5: str = ""
    addresses: tuple[str, ...] = ()

    def difference(self, path: Path) -> str:
        """Say in what a file differs from the published one: in nothing, it is empty.

        **Raises.** `OSError` if the file cannot be read.
        """
        expected = {"size": f"{self.size:,} bytes", "sha256": self.sha256}
        found = {"size": f"{path.stat().st_size:,} bytes", "sha256": digest(path)}
        if self.md5:
            expected["md5"], found["md5"] = self.md5, digest(path, "md5")
        return "; ".join(
            f"{what} is {found[what]}, expected {expected[what]}"
            for what in expected
            if found[what] != expected[what]
        )


def digest(path: Path, algorithm: str = "sha256") -> str:
    """Compute a checksum of a file, in hexadecimal digits."""
    # To recognise a file is no use for security, and so MD5 is allowed on machines
    # which forbid it for that.
    with path.open("rb") as stream:
        return hashlib.file_digest(
            stream, lambda: hashlib.new(algorithm, usedforsecurity=False)
        ).hexdigest()


def default_folder(name: str) -> Path:
    """Say where the files of a data set are kept, if nobody says where.

    That is a folder in the user's cache, or in the folder that the environment variable
    `LABML_STYLE_NN_DATA` names.
    """
    chosen = os.environ.get("LABML_STYLE_NN_DATA")
    root = Path(chosen).expanduser() if chosen else user_cache_path("labml-style-nn")
    return root / name if chosen else root / "data" / name


# ## From the folder, or else from the network


def fetch(
    file: DataFile, folder: Path, *, mirror: str | None = None, verify: bool = True
) -> Path:
    """Bring a file into a folder, unless it is there; the path of the file.

    `mirror` is the address of a folder which has the file, too. It is asked before the
    official hosts, since whoever names one has a reason. `verify=False` accepts a file
    in the folder that is not the published one.

    **Raises.** [`DataError`][] if the file cannot be had, or is not the published one.
    `ValueError` for a mirror that is not an address of the web.
    """
    path = folder / file.name
    addresses = [*at_mirror(file, mirror), *file.addresses]
    if path.exists():
        check_file(file, path, verify=verify)
        return path
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with alone(file, folder):
            # Another program may have brought the file while this one waited.
            if not path.exists():
                download(file, path, addresses)
    except OSError as error:
        raise DataError(
            f"{path} cannot be written: {error.strerror or error}. Make room or choose "
            "another folder. What came so far is kept."
        ) from error
    return path


@contextmanager
def alone(file: DataFile, folder: Path) -> Iterator[None]:
    """Let one program at a time fetch a file; the others wait here."""
    lock = FileLock(folder / f".{file.name}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(f"waiting for the program that fetches {file.name}", file=sys.stderr)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def at_mirror(file: DataFile, mirror: str | None) -> list[str]:
    """Make the addresses that a mirror adds: one, or none.

    **Raises.** `ValueError` for anything but an address of the web.
    """
    if mirror is None:
        return []
    if urlsplit(mirror).scheme not in ("http", "https"):
        raise ValueError(
            f"mirror must be an address that begins with https:// or http://, "
            f"got {mirror!r}; a folder on this machine is given as `folder`"
        )
    return [f"{mirror.rstrip('/')}/{file.name}"]


def check_file(file: DataFile, path: Path, *, verify: bool = True) -> None:
    """Compare a file with what was published of it.

    **Raises.** [`DataError`][] if it differs; with `verify=False` it is a warning.
    """
    difference = file.difference(path)
    if not difference:
        return
    message = f"{path} is not the published file: {difference}."
    if verify:
        raise DataError(
            f"{message} Remove it to have it fetched anew. If you know why it differs, "
            "allow it with verify=False (--no-verify)."
        )
    warnings.warn(f"{message} IT IS USED ALL THE SAME, unverified.", stacklevel=3)


# ## Over the network
#
# Most of what fails at once works a little later. So a host is asked again, after a
# pause that doubles, until four tries in a row have brought nothing new. A server that
# says nothing for half a minute has failed.

TRIES = 4
PAUSE = 1.0
TIMEOUT = 30.0
PIECE = 1 << 16


class _NoHopeError(Exception):
    """To ask this address again would be no use."""


class _BrokenError(Exception):
    """The connection failed, or the part was of no use: the next try may do better."""


def download(file: DataFile, path: Path, addresses: Iterable[str]) -> None:
    """Fetch a file from the first address that has it.

    **Raises.** [`DataError`][] with what went wrong at each address.
    """
    part = path.with_name(f"{path.name}.part")
    problems = []
    for address in addresses:
        try:
            download_from(address, file, part)
            # The name appears in one step, and the file under it is whole.
            os.replace(part, path)
            return
        except _NoHopeError as problem:
            problems.append(f"  {address}: {problem}")
    raise DataError(
        "\n".join(
            [
                f"{file.name} could not be fetched:",
                *problems,
                "Try again later: what came so far is kept, and the same command goes "
                f"on. Or put the file into {path.parent} yourself, or name a mirror.",
            ]
        )
    )


def download_from(address: str, file: DataFile, part: Path) -> None:
    """Fetch a file from one address, in several tries if need be."""
    failures, farthest, problem = 0, part_size(part), ""
    while failures < TRIES:
        begun = part_size(part) > 0
        try:
            receive(address, file, part)
        except _BrokenError as error:
            problem = str(error)
            failures = 0 if part_size(part) > farthest else failures + 1
            farthest = max(farthest, part_size(part))
            print(f"{file.name}: {problem}; trying again", file=sys.stderr)
            time.sleep(PAUSE * 2**failures)
            continue
        difference = file.difference(part)
        if not difference:
            return
        part.unlink()
        problem = f"what came is not the published file: {difference}"
        # The first half may have been of another file. But if all came in one go, then
        # this host has another file.
        if not begun:
            break
    raise _NoHopeError(problem)


def part_size(part: Path) -> int:
    """How many bytes came so far?"""
    return part.stat().st_size if part.exists() else 0


# ## One try


class _UselessPartError(_BrokenError):
    """The server cannot continue what came so far."""


def receive(address: str, file: DataFile, part: Path) -> None:
    """Add to a part what it lacks, as far as the connection lasts."""
    have = part_size(part)
    if have == file.size:
        return
    try:
        with request_file(address, have) as response:
            start = beginning(response, have, file)
            with part.open("ab") as stream:
                stream.truncate(start)
                save_pieces(response, stream, start, file)
    except _UselessPartError:
        part.unlink(missing_ok=True)
        raise


def request_file(address: str, have: int) -> HTTPResponse:
    """Ask for a file, or for what comes after its first `have` bytes."""
    headers = {"User-Agent": "labml-style-nn"}
    if have:
        headers["Range"] = f"bytes={have}-"
    request = Request(address, headers=headers)
    try:
        response: HTTPResponse = urlopen(request, timeout=TIMEOUT)
        return response
    except HTTPError as error:
        error.close()
        raise refusal(error.code)(f"the server answers {error}") from error
    except (OSError, HTTPException) as error:
        raise _BrokenError(str(error) or type(error).__name__) from error


def refusal(status: int) -> type[Exception]:
    """What to do about the number with which a server refuses?

    >>> [refusal(status).__name__ for status in (404, 503, 429)]
    ['_NoHopeError', '_BrokenError', '_BrokenError']
    """
    if status == 416:
        return _UselessPartError  # there are fewer bytes than came so far
    # 408 and 429: it took too long, or too many asked. 500 and up: it has a problem.
    passing = status >= 500 or status in (408, 429)
    return _BrokenError if passing else _NoHopeError


def beginning(response: HTTPResponse, have: int, file: DataFile) -> int:
    """At which byte of the file does the answer begin: where we are, or at its start?

    206 is the answer with a part of a file. Any other has all of it.
    """
    if response.status == 206:
        expected = f"bytes {have}-{file.size - 1}/{file.size}"
        found = response.headers.get("Content-Range")
        if found != expected:
            raise _UselessPartError(f"the server sends {found}, expected {expected}")
        return have
    length = response.headers.get("Content-Length", file.size)
    if int(length) != file.size:
        raise _NoHopeError(f"the file there has {length} bytes, expected {file.size}")
    return 0


def save_pieces(
    response: HTTPResponse, stream: BinaryIO, start: int, file: DataFile
) -> None:
    """Write what comes to the end of the part, and show how far it is."""
    there = start
    # The bar is for people: `None` leaves it out where the output goes to a file.
    with tqdm(
        desc=file.name,
        total=file.size,
        initial=start,
        unit="B",
        unit_scale=True,
        disable=None,
    ) as bar:
        # A server without an end is left after some bytes too many.
        while there <= file.size and (piece := next_piece(response)):
            stream.write(piece)
            there += len(piece)
            bar.update(len(piece))
    if there < file.size:
        raise _BrokenError(
            f"the connection ended after {there:,} of {file.size:,} bytes"
        )


def next_piece(response: HTTPResponse) -> bytes:
    """Read what has come, some of it at least; nothing at the end.

    `read1` does not wait until a piece is full, so that little is lost when the
    connection is.
    """
    try:
        return response.read1(PIECE)
    except (OSError, HTTPException) as error:
        raise _BrokenError(str(error) or type(error).__name__) from error
