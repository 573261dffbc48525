"""The texts: Tiny Shakespeare from a host, and the standard library from anywhere."""

import hashlib
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from labml_style_nn.data import tiny_shakespeare
from labml_style_nn.data.download import DataError
from labml_style_nn.data.standard_library import load_standard_library
from labml_style_nn.data.tiny_shakespeare import load_tiny_shakespeare


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
    files = {
        "one.py": b"import two\n",
        "two.py": b"first\r\nsecond\r\n",
        "package/__init__.py": b"x = 1\n",
        "package/deep/three.py": b"y = 2\n",
        "empty.py": b"",
        "names.py": "# by Gr\u00fcn\n".encode(),
        "data.txt": b"no Python",
        "_sysconfigdata__linux.py": b"of = 'this machine'\n",
        "config-3.11-x86_64/python-config.py": b"of = 'this machine'\n",
        "encodings/koi8_t.py": b"table = {}\n",
        "test/test_one.py": b"import one\n",
        "package/tests/test_three.py": b"import three\n",
        "idlelib/idle_test/test_it.py": b"it\n",
        "site-packages/torch/__init__.py": b"installed = True\n",
        "dist-packages/other.py": b"installed = True\n",
    }
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path


def test_text_is_that_of_the_library_alone(library) -> None:
    corpus = load_standard_library(folder=library)
    package = ["package/__init__.py", "package/deep/three.py"]
    names = ["one.py", "two.py", "empty.py", *package]
    names.sort(key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    contents = [(library / name).read_bytes().decode() for name in names]
    assert corpus.text == "".join(contents).replace("\r\n", "\n")
    assert corpus.files == 5


def test_description_tells_one_text_from_another(library) -> None:
    corpus = load_standard_library(folder=library)
    assert corpus.description() == {
        "python": platform.python_version(),
        "files": 5,
        "characters": len(corpus.text),
        "sha256": hashlib.sha256(corpus.text.encode()).hexdigest(),
    }
    (library / "one.py").write_text("import too\n")
    changed = load_standard_library(folder=library)
    assert changed.description()["sha256"] != corpus.description()["sha256"]


def test_limited_text_is_the_beginning_and_too_little_is_refused(library) -> None:
    whole = load_standard_library(folder=library).text
    for limit in (1, 10, 30):
        assert load_standard_library(limit, folder=library).text == whole[:limit]
    (library / "empty").mkdir()
    for few in (None, 100):
        with pytest.raises(DataError, match=r"has 0 characters of Python, expected 1"):
            load_standard_library(few, folder=library / "empty")


def test_this_machine_has_it() -> None:
    corpus = load_standard_library()
    assert len(corpus.text) > 5_000_000
    assert corpus.text.isascii()
    # A file that is surely there, and one that is surely no part of it.
    assert "class JSONDecoder" in corpus.text
    assert "class TestJson" not in corpus.text
    # The command, in another process, with another order of sets and files, reads the
    # same.
    line = [sys.executable, "-m", "labml_style_nn.data", "standard-library"]
    told = subprocess.run(line, capture_output=True, text=True, check=True)
    assert f"sha256: {corpus.description()['sha256']}" in told.stdout
    assert told.stderr == ""
