r"""# A text that every machine has

Whoever has Python has some nine million characters of text that people wrote with care:
the sources of Python's own standard library. A model can learn from them without any
download.

## Which text it is

- Every `.py` file of the standard library that came with Python. Packages that were
  installed later are left out. So are the tests, which are longer than all the rest,
  and what programs wrote: tables of characters in `encodings`, and settings of this
  machine.
- Files of ASCII characters only. A few have others, mostly in examples and in names of
  people. Without them the vocabulary stays below a hundred.
- In the order of the SHA-256 of their names: an arbitrary order, yet always the same.
  So the first million characters are a fair sample of all of them, and what
  [`split_text`][] leaves at the end is of the same kind as the rest.

## What a result must say

Each version of Python has another library, and some systems change it. Two results can
be compared only if the text was the same. So a [`Corpus`][] knows the version of
Python, how many files and characters it has, and a SHA-256 of the text. A record of a
result has to say these ([`Corpus.description`][]).

Python and its library are under the
[PSF licence](https://docs.python.org/3/license.html), © Python Software Foundation.
Nothing of them is copied here: the text is read where it is installed.

## Example

>>> from labml_style_nn.data.standard_library import load_standard_library
>>> corpus = load_standard_library(limit=100_000)
>>> len(corpus.text)
100000
>>> "import" in corpus.text and corpus.text.isascii()
True
>>> sorted(corpus.description())
['characters', 'files', 'python', 'sha256']
"""

import os
import platform
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import sha256
from pathlib import Path

from labml_style_nn.data.download import DataError

# Folders, and files, that are not part of the text. An asterisk stands for anything.
_LEFT_OUT = (
    "site-packages",
    "dist-packages",
    "test",
    "tests",
    "idle_test",
    "encodings",
    "config-*",
    "_sysconfigdata*",
)


@dataclass(frozen=True)
class Corpus:
    """## A text, and where it is from

    `files` says how many files it begins to read from, and `python` which version of
    Python they are part of.
    """

    text: str
    files: int
    python: str

    def description(self) -> dict[str, int | str]:
        """Give what a result has to say of the text it was made with."""
        return {
            "python": self.python,
            "files": self.files,
            "characters": len(self.text),
            "sha256": sha256(self.text.encode()).hexdigest(),
        }


def load_standard_library(
    limit: int | None = None, folder: Path | None = None
) -> Corpus:
    """Read the sources of the standard library, or their first `limit` characters.

    `folder` is where the library is; by default, that of the Python that runs.

    **Raises.** [`DataError`][] if it has no sources, or fewer characters than `limit`.
    """
    folder = folder or Path(sysconfig.get_path("stdlib"))
    texts: list[str] = []
    length = 0
    for text in library_texts(folder):
        if limit is not None and length >= limit:
            break
        texts.append(text)
        length += len(text)
    joined = "".join(texts)[:limit]
    least = limit or 1
    if len(joined) < least:
        raise DataError(
            f"{folder} has {len(joined):,} characters of Python, expected {least:,}"
        )
    return Corpus(joined, len(texts), platform.python_version())


def library_texts(folder: Path) -> Iterator[str]:
    """Read the files of a library, one after another, as far as they are wanted."""
    for name in sorted(
        library_files(folder), key=lambda name: sha256(name.encode()).digest()
    ):
        data = (folder / name).read_bytes()
        if data.isascii():
            # Line ends of Windows become those of everywhere else.
            yield data.decode("ascii").replace("\r\n", "\n")


def library_files(folder: Path) -> Iterator[str]:
    """Name the files that are part of the text, with slashes on every system."""
    for parent, folders, files in os.walk(folder):
        # What is taken out of the list is not walked through.
        folders[:] = [name for name in folders if is_part(name)]
        for name in files:
            if name.endswith(".py") and is_part(name):
                yield (Path(parent) / name).relative_to(folder).as_posix()


def is_part(name: str) -> bool:
    """Say whether a folder or a file belongs to the text.

    >>> [is_part(name) for name in ("json", "test", "config-3.11-x86_64-linux-gnu")]
    [True, False, False]
    """
    return not any(fnmatchcase(name, left_out) for left_out in _LEFT_OUT)
