r"""# Guessing without a network

A number like "70 % right" says little by itself. In a program, every fourth character
is a space, and whoever always says "space" is right that often. So before a network is
praised for [filling in characters][masked_text], two guessers that only count answer
the same questions:

- *Frequency*: every character is as likely as it is in the text, wherever it stands.
  Each is counted once more than it was seen, so that none is impossible.
- *Neighbours*: a character is as likely as it was between these two neighbours, as far
  as they can be read. A hidden neighbour is one more kind of neighbour, and so is the
  end of a block.

Some pairs of neighbours were never seen, or hardly ever. There the second guesser leans
on the first, which counts as much as two places that were seen:

$$p(t) = \frac{n_t + 2 f_t}{\sum_v n_v + 2}$$

What a network knows beyond that, it knows from more than two characters.

## Notation

- $t$, $v$: characters
- $f$, `frequency`: the share of each character in the text
- $n$, `counts`: how often each character was seen between two neighbours
- $p$, `chances`: what the guesser thinks of each character

## Example

In this text, `h` always stands between `t` and `e`, and so it is found although `e` is
the most frequent letter:

>>> import torch
>>> from labml_style_nn.data.characters import MASK, CharacterVocabulary
>>> vocabulary = CharacterVocabulary("the ")
>>> tokens = vocabulary.encode("the thee ").repeat(50).view(-1, 9)
>>> guesser = Guesser(tokens, tokens, len(vocabulary))
>>> read, targets = vocabulary.encode("the thee "), torch.full((9,), NOT_CHOSEN)
>>> read[1], targets[1] = MASK, tokens[0, 1]
>>> questions = Masked(read[None], targets[None])
>>> likely = [chances[0].argmax() for chances in guesser.chances(questions).values()]
>>> vocabulary.decode(torch.stack(likely))
'eh'
"""

from torch import Tensor
from torch.nn import functional as F

from labml_style_nn.data.characters import PAD
from labml_style_nn.data.masking import NOT_CHOSEN, Masked


def neighbours(read: Tensor) -> tuple[Tensor, Tensor]:
    """What stands left and right of each place; beyond the ends, padding.

    **Shape.** `(blocks, length)` to twice the same.
    """
    framed = F.pad(read, (1, 1), value=PAD)
    return framed[:, :-2], framed[:, 2:]


class Guesser:
    """## Both guessers

    They learn from a text: `read` as a network reads it, with gaps, and `tokens` as it
    is.

    **Shape.** Both `(blocks, length)`, whole numbers below `size`.
    """

    def __init__(self, read: Tensor, tokens: Tensor, size: int) -> None:
        seen = tokens.flatten().bincount(minlength=size).double() + 1
        self.frequency = seen / seen.sum()
        # For each left and right neighbour, how often each character stood between.
        left, right = neighbours(read)
        triples = (left * size + right) * size + tokens
        counts = triples.flatten().bincount(minlength=size**3)
        self.counts = counts.view(size, size, size)

    def chances(self, questions: Masked) -> dict[str, Tensor]:
        """What each of the two thinks of every character, at the chosen places.

        **Shape.** `(chosen, size)`, float64.
        """
        read, targets = questions
        chosen = targets != NOT_CHOSEN
        left, right = (side[chosen] for side in neighbours(read))
        counts = self.counts[left, right].double()
        near = (counts + 2 * self.frequency) / (counts.sum(dim=1, keepdim=True) + 2)
        return {"frequency": self.frequency.expand_as(near), "neighbours": near}

    def answers(self, questions: Masked) -> dict[str, float]:
        """The share that each gets right, and its mean surprise in nats."""
        targets = questions.targets[questions.targets != NOT_CHOSEN]
        results = {}
        for name, chances in self.chances(questions).items():
            right = chances.argmax(dim=1) == targets
            surprise = -chances.gather(1, targets[:, None]).log()
            results[f"{name}_accuracy"] = round(right.double().mean().item(), 6)
            results[f"{name}_nats"] = round(surprise.mean().item(), 5)
        return results
