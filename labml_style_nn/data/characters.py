r"""# Characters

The simplest way to turn a text into numbers: each character that occurs gets one. There
are few of them, about a hundred in English text or in programs, so the table of
embeddings is small, and nothing has to be learned before the model is.

Three tokens are no characters:

| token | number | what it is for |
|---|---|---|
| `pad` | 0 | fills a sequence up to the length of the others |
| `mask` | 1 | stands where the model predicts a character |
| `unknown` | 2 | any character that the vocabulary has not |

## Notation

- $t$, `tokens`: the numbers of a text
- $S$, `length`: how many characters it has
- $V$, `vocabulary`: the characters, and the three others; there are $V$ of them
- $u$, `points`: the number that Unicode gives each character

## Example

>>> from labml_style_nn.data.characters import CharacterVocabulary, split_text
>>> vocabulary = CharacterVocabulary("to be, or not to be")
>>> len(vocabulary), "".join(vocabulary.characters)
(11, ' ,benort')

The numbers follow the alphabet, so the same characters get the same numbers:

>>> text = "to be"
>>> length = len(text)
>>> tokens = vocabulary.encode(text)
>>> tokens
tensor([10,  8,  3,  5,  6])
>>> vocabulary.decode(tokens)
'to be'

>>> vocabulary.encode("").shape
torch.Size([0])

What is not known comes back as a mark, and so do the other special tokens:

>>> vocabulary.decode(vocabulary.encode("To be?"))
'�o be�'

The end of a text may be kept for a test:

>>> split_text("0123456789", share=0.8)
('01234567', '89')
"""

from collections.abc import Iterable

import torch
from torch import Tensor

PAD, MASK, UNKNOWN = 0, 1, 2
# What the special tokens look like in a text that is to be read.
SIGNS = ("·", "▮", "�")


class CharacterVocabulary:
    r"""## A vocabulary of characters

    `characters` may be any text, or a collection of characters: each counts once.

    **Raises.** `ValueError` if there are none, or something has more than one.
    """

    def __init__(self, characters: Iterable[str]) -> None:
        self.characters = tuple(sorted(set(characters)))
        self.special = (PAD, MASK, UNKNOWN)
        odd = [text for text in self.characters if len(text) != 1]
        if odd or not self.characters:
            raise ValueError(f"a vocabulary needs single characters, got {odd}")
        self.texts = (*SIGNS, *self.characters)
        # The numbers of Unicode, which grow as the characters do.
        self.points = torch.tensor([ord(character) for character in self.characters])

    def __len__(self) -> int:
        return len(self.texts)

    def encode(self, text: str) -> Tensor:
        """Turn a text into numbers.

        **Shape.** A text of $S$ characters to `(S,)`, int64.
        """
        # In UTF-32 each character has four bytes: its number, whose smallest part comes
        # first. Half characters, which no text should have, pass as they are.
        data = bytearray(text, "utf-32-le", "surrogatepass")
        if not data:
            return torch.empty(0, dtype=torch.int64)
        points = torch.frombuffer(data, dtype=torch.int32).long()
        # The place at which each would stand in the vocabulary; if another stands
        # there, it is unknown.
        place = torch.searchsorted(self.points, points)
        place = place.clamp(max=len(self.points) - 1)
        known = self.points[place] == points
        return torch.where(known, place + len(self.special), UNKNOWN)

    def decode(self, tokens: Tensor) -> str:
        """Turn numbers into a text.

        **Shape.** `(S,)`, whole numbers, to a text of $S$ characters.

        **Raises.** `ValueError` for a number that is none of the vocabulary.
        """
        numbers = tokens.tolist()
        outside = [number for number in numbers if not 0 <= number < len(self)]
        if outside:
            raise ValueError(f"tokens must be from 0 to {len(self) - 1}, got {outside}")
        return "".join(self.texts[number] for number in numbers)


def split_text(text: str, share: float = 0.9) -> tuple[str, str]:
    r"""Cut a text in two: the training set and the test set.

    **Raises.** `ValueError` for a share outside $(0, 1)$, or if a part is empty.
    """
    end = int(len(text) * share) if 0 < share < 1 else 0
    if not 0 < end < len(text):
        raise ValueError(
            f"a share of {share} of {len(text)} characters leaves a part empty"
        )
    return text[:end], text[end:]
