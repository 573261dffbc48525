"""The texts: Tiny Shakespeare from a host, and the standard library from anywhere."""

import hashlib
import platform
from pathlib import Path

import pytest

from labml_style_nn.data import tiny_shakespeare
from labml_style_nn.data.download import DataError
from labml_style_nn.data.standard_library import load_standard_library
from labml_style_nn.data.tiny_shakespeare import load_tiny_shakespeare
from support import write_files
from tests.experiments.common import ended, start


def test_text_is_cut_at_nine_tenths(host, tmp_path, monkeypatch) -> None:
    content = b"".join(b"line %02d\r\n" % number for number in range(100))
    small = host.publish("input.txt", content)
    monkeypatch.setattr(tiny_shakespeare, "TINY_SHAKESPEARE", small)
    train, test = load_tiny_shakespeare(tmp_path)
    # Line ends are as they were.
    assert (train + test).encode() == content
    assert len(train) == 810


def test_split_of_the_published_text_is_nano_gpts() -> None:
    # What its `data/shakespeare_char/prepare.py` prints.
    size = tiny_shakespeare.TINY_SHAKESPEARE.size
    train, test = tiny_shakespeare.split_text("x" * size)
    assert (len(train), len(test)) == (1_003_854, 111_540)


@pytest.fixture
def library(tmp_path) -> Path:
    """Lay out a library with everything that is in one."""
    this_machine, installed = "of = 'this machine'\n", "installed = True\n"
    files = {
        "one.py": "import two\n",
        "two.py": "first\r\nsecond\r\n",
        "package/__init__.py": "x = 1\n",
        "package/deep/three.py": "y = 2\n",
        "empty.py": "",
        "names.py": "# by Gr\u00fcn\n",
        "data.txt": "no Python",
        "_sysconfigdata__linux.py": this_machine,
        "config-3.11-x86_64/python-config.py": this_machine,
        "encodings/koi8_t.py": "table = {}\n",
        "test/test_one.py": "import one\n",
        "package/tests/test_three.py": "import three\n",
        "idlelib/idle_test/test_it.py": "it\n",
        "site-packages/torch/__init__.py": installed,
        "dist-packages/other.py": installed,
    }
    return write_files(tmp_path, files)


def test_text_is_that_of_the_library_alone_and_described(library) -> None:
    package = ["package/__init__.py", "package/deep/three.py"]
    names = ["one.py", "two.py", "empty.py", *package]
    names.sort(key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    contents = [(library / name).read_bytes().decode() for name in names]
    text = "".join(contents).replace("\r\n", "\n")
    corpus = load_standard_library(folder=library)
    assert corpus.text == text
    assert corpus.description() == {
        "python": platform.python_version(),
        "files": 5,
        "characters": len(text),
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }


def test_limited_text_is_the_beginning_and_too_little_is_refused(library) -> None:
    whole = load_standard_library(folder=library).text
    for limit in (1, 10, 30):
        assert load_standard_library(limit, folder=library).text == whole[:limit]
    (library / "empty").mkdir()
    for few in (None, 100):
        with pytest.raises(DataError, match=r"has 0 characters of Python, expected 1"):
            load_standard_library(few, folder=library / "empty")


def test_this_machine_has_it(tmp_path) -> None:
    corpus = load_standard_library()
    assert len(corpus.text) > 5_000_000
    assert corpus.text.isascii()
    # A file that is surely there, and one that is surely no part of it.
    assert "class JSONDecoder" in corpus.text
    assert "class TestJson" not in corpus.text
    # The command, in another process, with another order of sets and files, reads the
    # same.
    said = tmp_path / "said"
    told = ended(start("labml_style_nn.data", ["standard-library"], said), said)
    *lines, characters = told.splitlines()
    assert lines == [f"{name}: {value}" for name, value in corpus.description().items()]
    assert "different characters: " in characters
