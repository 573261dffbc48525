r"""# The masked-token prediction task

The [`Task`][] of masked language modelling: predict masked tokens from those around
them. Here the tokens are characters. A text is cut into blocks of equal length. Of each
block, 15 % of the characters are chosen and most of those replaced by a mask token, as
in BERT ([`masking`][]). A network computes a score for each character of the vocabulary
at each position, and the loss is the cross-entropy at the chosen positions:

$$\ell = - \frac{1}{|M|} \sum_{s \in M} \log p_s(t_s)$$

The exponential of this loss is the *perplexity*, and $\ell / \ln 2$ are the *bits per
character*, both at the masked positions.

An epoch goes through the text once, block by block in a random order. In each epoch the
text is cut at other places, and other characters are masked.

## Notation

- $t_s$, `targets`: the character at position $s$ of a block
- $M$, `chosen`: the positions that were chosen
- $p_s$: the predicted distribution at position $s$, the softmax of the `scores`
- $\ell$, `loss`: the mean cross-entropy, in nats
- $S$, `num_tokens`: the length of a block
- $B$, `batch_size`: how many blocks are in a batch

## Training, validation and test text

The text is divided into three contiguous parts, and not at random: neighbouring lines
are alike, and test lines from between training lines would be too easy. The last tenth
is the *test set*. Of the rest, the last twentieth is the *validation set*, on which
hyperparameters are chosen, and what remains is the *training set*.

The masked positions of the test set are the same for every network and every seed, so
that all of them answer the same questions.

Two baselines that count characters (`baselines.py`) answer the same questions. A
network is to be compared with them.

## Example

>>> text = "to be, or not to be, that is the question: " * 100
>>> recipe = TextRecipe(batch_size=10)
>>> task = MaskedTextTask(*three_parts(text, text[:900]), recipe)
>>> tokens, targets = task.batch(step=0)
>>> tokens.shape, task.steps_per_epoch
(torch.Size([10, 64]), 7)
>>> VOCABULARY.decode(tokens[0, :43])
' ques▮▮o▮:▮to b▮, o▮ not to be, that is▮the'

The two baselines on the test part. This text repeats itself, so the neighbours tell
almost everything:

>>> for name, value in task.baselines().items():
...     print(f"{name}: {value:.2f}")
frequency_accuracy: 0.24
frequency_nats: 2.36
neighbours_accuracy: 0.87
neighbours_nats: 0.33
"""

import math
import string
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labml_style_nn.data.characters import MASK, CharacterVocabulary, split_text
from labml_style_nn.data.masking import NOT_CHOSEN, Masked, mask_tokens
from labml_style_nn.experiments.baselines import CharacterBaselines
from labml_style_nn.experiments.seeding import generator
from labml_style_nn.experiments.training import Recipe, Sums, option
from labml_style_nn.layers.checks import check_positive

# The characters of a keyboard: the same vocabulary for every text. What else occurs is
# unknown, and unknown characters are never chosen.
VOCABULARY = CharacterVocabulary(string.printable)


@dataclass(frozen=True)
class TextRecipe(Recipe):
    """## The hyperparameters for text

    They add to the general [`Recipe`][].

    **Raises.** `ValueError` as the general recipe does, and for blocks of no length.
    """

    num_tokens: int = option(64, "S: length of a block, in characters")

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        super().__post_init__()
        check_positive(num_tokens=self.num_tokens)


def three_parts(learned: str, tested: str) -> tuple[str, str, str]:
    """Hold out the last twentieth of the training text for validation.

    **Raises.** `ValueError` if a part is empty.
    """
    return (*split_text(learned, share=0.95), tested)


class MaskedTextTask:
    """## The task

    `about` is what a record has to say of the text.

    **Raises.** `ValueError` if a part is shorter than two blocks.
    """

    def __init__(
        self,
        learned: str,
        watched: str,
        tested: str,
        recipe: TextRecipe,
        about: dict[str, Any] | None = None,
    ) -> None:
        self.recipe, self.about = recipe, about or {}
        parts = [VOCABULARY.encode(text) for text in (learned, watched, tested)]
        shortest = min(len(part) for part in parts)
        if shortest < 2 * recipe.num_tokens:
            raise ValueError(
                f"each part of the text must have two blocks of {recipe.num_tokens} "
                f"characters, got {shortest} characters"
            )
        self.learned = parts[0]
        # The same questions for every network.
        self.validation_set = self.questions(parts[1], "watched", rounds=1)
        self.test_set = self.questions(parts[2], "tested", rounds=4)
        # The last block is left for the cuts to move.
        self.blocks = len(self.learned) // recipe.num_tokens - 1
        self.steps_per_epoch = -(-self.blocks // recipe.batch_size)

    def questions(self, text: Tensor, name: str, rounds: int) -> Masked:
        """Cut a text into blocks and mask some characters of each, several times."""
        # The masks depend neither on the seed nor on the network.
        blocks = self.cut(text).repeat(rounds, 1)
        return hidden(blocks, generator("masked text", name))

    def cut(self, text: Tensor) -> Tensor:
        """Cut a text into blocks; what is left at its end is left out."""
        length = self.recipe.num_tokens
        return text[: len(text) // length * length].view(-1, length)

    def batch(self, step: int) -> Masked:
        """Give the blocks of a step, and the targets at their masked positions."""
        epoch, number = divmod(step, self.steps_per_epoch)
        seed, size = self.recipe.seed, self.recipe.batch_size
        length = self.recipe.num_tokens
        chance = generator(seed, "order", epoch)
        cut = torch.randint(length, (), generator=chance)
        order = torch.randperm(self.blocks, generator=chance)
        blocks = order[number * size : (number + 1) * size]
        # Each row of the batch begins `cut` characters into its block.
        places = cut + length * blocks[:, None] + torch.arange(length)
        return hidden(self.learned[places], generator(seed, "mask", step))

    def loss(self, model: nn.Module, batch: Masked) -> Sums:
        """Compute the cross-entropy. An example is a chosen position."""
        tokens, targets = batch
        scores, chosen = model(tokens), targets != NOT_CHOSEN
        loss = F.cross_entropy(scores.flatten(0, 1), targets.flatten(), reduction="sum")
        right = (scores.argmax(dim=2) == targets) & chosen
        return Sums(loss, right.sum(), chosen.sum())

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """Compute accuracy and cross-entropy on the validation set."""
        accuracy, nats = self.measure(model, self.validation_set)
        return {"validation_accuracy": accuracy, "validation_nats": nats}

    def test(self, model: nn.Module) -> dict[str, Any]:
        """Compute the metrics on the test set, also of the two baselines."""
        accuracy, nats = self.measure(model, self.test_set)
        return {
            "test_accuracy": round(accuracy, 6),
            "test_nats": round(nats, 5),
            "test_bits": round(nats / math.log(2), 5),
            "test_questions": int((self.test_set.targets != NOT_CHOSEN).sum()),
            **self.baselines(),
            "text": self.about,
        }

    @torch.no_grad()
    def measure(self, model: nn.Module, questions: Masked) -> tuple[float, float]:
        """The accuracy, and the mean cross-entropy in nats."""
        model.eval()
        device = next(model.parameters()).device
        total = torch.zeros(3, dtype=torch.float64)
        for tokens, targets in in_parts(questions, 500):
            sums = self.loss(model, Masked(tokens.to(device), targets.to(device)))
            total += torch.stack([torch.as_tensor(n).double().cpu() for n in sums])
        loss, right, count = total.tolist()
        return right / count, loss / count

    def baselines(self) -> dict[str, float]:
        """Estimate the two baselines from the training text, and test them."""
        tokens = self.cut(self.learned)
        read, _ = hidden(tokens, generator("masked text", "counted"))
        return CharacterBaselines(read, tokens, len(VOCABULARY)).evaluate(self.test_set)


def hidden(tokens: Tensor, chance: torch.Generator) -> Masked:
    """Mask some of the characters, as BERT does."""
    return mask_tokens(
        tokens,
        vocabulary_size=len(VOCABULARY),
        mask_token=MASK,
        special_tokens=VOCABULARY.special,
        generator=chance,
    )


def in_parts(questions: Masked, size: int) -> Iterator[Masked]:
    """Cut questions into batches."""
    parts = (part.split(size) for part in questions)
    return (Masked(*part) for part in zip(*parts, strict=True))
