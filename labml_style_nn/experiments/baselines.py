r"""# Counting baselines

An accuracy of 70 % says little by itself. In a program, every fourth character is a
space, so predicting a space everywhere is right that often. A network for
[masked language modelling][masked_text] is therefore compared with two baselines that
count characters in the training text and answer the same questions:

- *Frequency* (a unigram model): each character is as likely as it is in the text,
  whatever stands beside it. One is added to each count, so that no probability is zero.
- *Neighbours*: a character is as likely as it was between these two neighbours. A
  masked neighbour counts as one more character, and so does the end of a block.

Some pairs of neighbours are rare or were never seen. So the second baseline is smoothed
with the first, which counts as much as two observations:

$$p(t) = \frac{n_t + 2 f_t}{\sum_v n_v + 2}$$

What a network gains over the second baseline, it gains from characters further away.

## Notation

- $t$, $v$: characters
- $f$, `frequency`: the relative frequency of each character in the text
- $n$, `counts`: how often each character was seen between two neighbours
- $p$, `probabilities`: the predicted distribution over the characters

## Example

In this text `h` stands between `t` and `e` each time, so the neighbours give it away,
although `e` is the most frequent letter:

>>> import torch
>>> from labml_style_nn.data.characters import MASK, CharacterVocabulary
>>> vocabulary = CharacterVocabulary("the ")
>>> tokens = vocabulary.encode("the thee ").repeat(50).view(-1, 9)
>>> baselines = CharacterBaselines(tokens, tokens, len(vocabulary))
>>> inputs, targets = vocabulary.encode("the thee "), torch.full((9,), NOT_CHOSEN)
>>> inputs[1], targets[1] = MASK, tokens[0, 1]
>>> predicted = baselines.probabilities(Masked(inputs[None], targets[None]))
>>> vocabulary.decode(torch.stack([p[0].argmax() for p in predicted.values()]))
'eh'
"""

from torch import Tensor
from torch.nn import functional as F

from labml_style_nn.data.characters import PAD
from labml_style_nn.data.masking import NOT_CHOSEN, Masked


def neighbours(inputs: Tensor) -> tuple[Tensor, Tensor]:
    """The tokens left and right of each position; padding beyond the ends.

    **Shape.** `(blocks, length)` to twice the same.
    """
    framed = F.pad(inputs, (1, 1), value=PAD)
    return framed[:, :-2], framed[:, 2:]


class CharacterBaselines:
    """## Both baselines

    They are estimated from a text: `inputs` as a network reads it, with masked
    characters, and `tokens` as it is.

    **Shape.** Both `(blocks, length)`, whole numbers below `size`.
    """

    def __init__(self, inputs: Tensor, tokens: Tensor, size: int) -> None:
        seen = tokens.flatten().bincount(minlength=size).double() + 1
        self.frequency = seen / seen.sum()
        # For each left and right neighbour, how often each character stood between.
        left, right = neighbours(inputs)
        triples = (left * size + right) * size + tokens
        counts = triples.flatten().bincount(minlength=size**3)
        self.counts = counts.view(size, size, size)

    def probabilities(self, questions: Masked) -> dict[str, Tensor]:
        """The distribution that each baseline predicts, at the chosen positions.

        **Shape.** `(chosen, size)`, float64.
        """
        inputs, targets = questions
        chosen = targets != NOT_CHOSEN
        left, right = (side[chosen] for side in neighbours(inputs))
        counts = self.counts[left, right].double()
        near = (counts + 2 * self.frequency) / (counts.sum(dim=1, keepdim=True) + 2)
        return {"frequency": self.frequency.expand_as(near), "neighbours": near}

    def evaluate(self, questions: Masked) -> dict[str, float]:
        """The accuracy of each baseline, and its mean cross-entropy in nats."""
        targets = questions.targets[questions.targets != NOT_CHOSEN]
        results = {}
        for name, predicted in self.probabilities(questions).items():
            correct = predicted.argmax(dim=1) == targets
            nats = -predicted.gather(1, targets[:, None]).log()
            results[f"{name}_accuracy"] = round(correct.double().mean().item(), 6)
            results[f"{name}_nats"] = round(nats.mean().item(), 5)
        return results
