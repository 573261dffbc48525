r"""# Archives

The files of a data set often come packed: gzip makes one file smaller, and tar puts
many into one. Unpacking is where a file from elsewhere can do harm:

- A few kilobytes of gzip can unpack to gigabytes.
- A file in a tar archive has a name that somebody else chose. `../../.bashrc` or
  `/etc/passwd` leads out of the folder in which it is unpacked.
- An entry may be no file at all, but a link to one elsewhere, or a device.

So nothing is written here. An archive is unpacked in memory, up to a limit, and only
files are taken out of it whose name and size are known in advance. An archive which has
anything suspicious in it is refused as a whole: the authors' one would not.

Nor is anything here ever *unpickled*. Python's format for objects can run any code when
it is opened. Some data sets are published in it, but these also in a plain one.

## Example

>>> import gzip
>>> import io
>>> import tarfile
>>> from labml_style_nn.data.archives import gunzip, members
>>> buffer = io.BytesIO()
>>> with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
...     for name in ("set/images.bin", "set/readme.txt"):
...         entry = tarfile.TarInfo(name)
...         entry.size = 5
...         archive.addfile(entry, io.BytesIO(b"12345"))
>>> members(gunzip(buffer.getvalue(), limit=20_000), {"set/images.bin": 5})
{'set/images.bin': b'12345'}
>>> gunzip(buffer.getvalue(), limit=100)
Traceback (most recent call last):
    ...
labml_style_nn.data.download.DataError: it unpacks to more than 100 bytes
"""

import gzip
import io
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import PureWindowsPath

from labml_style_nn.data.download import DataError


def gunzip(packed: bytes, limit: int) -> bytes:
    """Unpack a gzip file in memory.

    **Raises.** [`DataError`][] if it is broken, or has more than `limit` bytes.
    """
    try:
        with gzip.open(io.BytesIO(packed)) as stream:
            # One byte more than is allowed, to see whether there is one.
            content = stream.read(limit + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"it cannot be unpacked: {error}") from error
    if len(content) > limit:
        raise DataError(f"it unpacks to more than {limit:,} bytes")
    return content


def members(archive: bytes, wanted: Mapping[str, int]) -> dict[str, bytes]:
    """Take files out of a tar archive: those with these names and these sizes.

    **Raises.** [`DataError`][] if one is missing, is no plain file or has another size,
    and if anything in the archive is unsafe.
    """
    found = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as opened:
            for entry in opened:
                check_entry(entry)
                if entry.name in wanted:
                    found[entry.name] = entry_content(opened, entry, wanted[entry.name])
    except tarfile.TarError as error:
        raise DataError(f"the archive cannot be read: {error}") from error
    missing = wanted.keys() - found.keys()
    if missing:
        raise DataError(f"the archive has no {', '.join(sorted(missing))}")
    return found


def check_entry(entry: tarfile.TarInfo) -> None:
    """Refuse an entry that could do harm where it is unpacked.

    **Raises.** [`DataError`][] for a link, a device, and a name that leads elsewhere.
    """
    if not (entry.isreg() or entry.isdir()):
        raise DataError(f"the archive is unsafe: {entry.name!r} is no plain file")
    # Windows has the wider rules: it knows both slashes, and drives as in `C:`.
    path = PureWindowsPath(entry.name)
    if path.anchor or ".." in path.parts:
        raise DataError(f"the archive is unsafe: {entry.name!r} leads out of it")


def entry_content(opened: tarfile.TarFile, entry: tarfile.TarInfo, size: int) -> bytes:
    """Read one file of an archive, which must have a certain size."""
    stream = opened.extractfile(entry)
    if stream is None or entry.size != size:
        raise DataError(
            f"{entry.name} in the archive has {entry.size:,} bytes, expected {size:,}"
        )
    data = stream.read()
    if len(data) != size:
        raise DataError(f"the archive ends within {entry.name}")
    return data
