"""Characters: there and back again."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from labml_style_nn.data import characters
from labml_style_nn.data.characters import UNKNOWN, CharacterVocabulary, split_text

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


def test_what_makes_no_vocabulary_and_numbers_of_nothing_are_refused() -> None:
    for none in ("", ["ab"], ["a", ""]):
        with pytest.raises(ValueError, match="needs single characters"):
            CharacterVocabulary(none)
    for number in (-1, 5):
        with pytest.raises(ValueError, match=rf"from 0 to 4, got \[{number}\]"):
            CharacterVocabulary("ab").decode(torch.tensor([3, number]))


@given(st.text(min_size=2, max_size=30), st.floats(0.01, 0.99))
def test_the_parts_are_the_text(text, share) -> None:
    if 0 < (length := int(len(text) * share)) < len(text):
        assert split_text(text, share) == (text[:length], text[length:])
    else:
        with pytest.raises(ValueError, match="leaves a part empty"):
            split_text(text, share)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.5, 1.5, float("nan")])
def test_shares_of_nothing_are_refused(share) -> None:
    with pytest.raises(ValueError, match="leaves a part empty"):
        split_text("some text", share)
