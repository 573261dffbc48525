"""The texts: Tiny Shakespeare, the standard library, and their characters."""

import hashlib
import platform

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from labml_style_nn.data import characters, tiny_shakespeare
from labml_style_nn.data.characters import UNKNOWN, CharacterVocabulary, split_text
from labml_style_nn.data.download import DataError
from labml_style_nn.data.standard_library import load_standard_library
from labml_style_nn.data.tiny_shakespeare import load_tiny_shakespeare
from support import write_files
from tests.experiments.common import ended, start


def test_text_is_cut_at_nine_tenths(host, tmp_path, monkeypatch) -> None:
    # What nanoGPT's `data/shakespeare_char/prepare.py` prints of the published text.
    parts = split_text("x" * tiny_shakespeare.TINY_SHAKESPEARE.size)
    assert [*map(len, parts)] == [1_003_854, 111_540]
    content = b"".join(b"line %02d\r\n" % number for number in range(100))
    small = host.publish("input.txt", content)
    monkeypatch.setattr(tiny_shakespeare, "TINY_SHAKESPEARE", small)
    train, test = load_tiny_shakespeare(tmp_path)
    # Line ends are as they were.
    assert (train + test).encode() == content
    assert len(train) == 810


# What belongs to a library, and what only lies there.
OWN = {
    "one.py": "import two\n",
    "two.py": "first\r\nsecond\r\n",
    "package/__init__.py": "x = 1\n",
    "package/deep/three.py": "y = 2\n",
    "empty.py": "",
}
OTHERS = """data.txt _sysconfigdata__linux.py config-3.11-x86_64/python-config.py
encodings/koi8_t.py test/test_one.py package/tests/test_three.py
idlelib/idle_test/test_it.py site-packages/torch/__init__.py dist-packages/other.py"""


def test_text_is_that_of_the_library_or_its_beginning_and_described(tmp_path) -> None:
    others = dict.fromkeys(OTHERS.split(), "other = True\n")
    library = write_files(tmp_path, OWN | others | {"names.py": "# by Gr\u00fcn\n"})
    names = sorted(OWN, key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    text = "".join(OWN[name] for name in names).replace("\r\n", "\n")
    corpus = load_standard_library(folder=library)
    assert corpus.text == text
    assert corpus.description() == {
        "python": platform.python_version(),
        "files": 5,
        "characters": len(text),
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }
    for limit in (1, 10, 30):
        assert load_standard_library(limit, folder=library).text == text[:limit]
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


# Any characters: of all planes, control characters, and halves of pairs.
CHARACTERS = st.characters(exclude_categories=())
TEXTS = st.text(CHARACTERS, min_size=1, max_size=50)


@given(TEXTS, st.text(CHARACTERS, max_size=50))
def test_what_is_not_known_is_unknown(known, text) -> None:
    vocabulary, letters = CharacterVocabulary(known), sorted(set(known))
    expected = [3 + letters.index(c) if c in known else UNKNOWN for c in text]
    assert len(vocabulary) == 3 + len(letters)
    tokens = vocabulary.encode(text)
    assert tokens.dtype == torch.int64
    assert tokens.tolist() == expected
    read = "".join(character if character in known else "�" for character in text)
    assert vocabulary.decode(tokens) == read


def test_special_tokens_and_their_signs_as_characters() -> None:
    vocabulary = CharacterVocabulary("ab")
    special = (characters.PAD, characters.MASK, UNKNOWN)
    assert vocabulary.special == special == (0, 1, 2)
    assert vocabulary.decode(torch.tensor([0, 1, 2, 3, 4])) == "·▮�ab"
    signs = "".join(characters.SIGNS)
    assert CharacterVocabulary(signs).encode(signs).min() >= 3


def test_what_makes_no_vocabulary_number_or_share_is_refused() -> None:
    for none in ("", ["ab"], ["a", ""]):
        with pytest.raises(ValueError, match="needs single characters"):
            CharacterVocabulary(none)
    for number in (-1, 5):
        with pytest.raises(ValueError, match=rf"from 0 to 4, got \[{number}\]"):
            CharacterVocabulary("ab").decode(torch.tensor([3, number]))
    for share in (0.0, 1.0, -0.5, 1.5, float("nan")):
        with pytest.raises(ValueError, match="leaves a part empty"):
            split_text("some text", share)


@given(st.text(min_size=2, max_size=30), st.floats(0.01, 0.99))
def test_the_parts_are_the_text(text, share) -> None:
    if 0 < (length := int(len(text) * share)) < len(text):
        assert split_text(text, share) == (text[:length], text[length:])
    else:
        with pytest.raises(ValueError, match="leaves a part empty"):
            split_text(text, share)
