r"""# The loop that the page repeats

A seed means what it means to PyTorch. The page draws the same weights and the same
batches as this loop:

```python
torch.manual_seed(seed)
model = VARIANTS["default"].build()
chance = torch.Generator().manual_seed(seed)
for epoch in range(epochs):
    order = torch.randperm(1437, generator=chance)
    for batch in order.split(64)[:22]:
        ...  # a step on these images
```

The last, incomplete batch of an epoch is left out: $1437 = 22 \cdot 64 + 29$. A variant
that learns from fewer digits takes batches of the same size, and as many of them. From
100 digits comes one batch, then they are put into another order.

## How PyTorch draws

Another language can repeat these draws. Measured with PyTorch 2.13; earlier versions
drew truncated normal numbers in another way (through the inverse error function).

- The generator of the CPU is the Mersenne Twister MT19937, seeded by `init_genrand`
  with the low 32 bits of the seed. A draw is one 32-bit output $r$.
- `uniform_` on float32: $(r \bmod 2^{24}) \cdot 2^{-24}$.
- `normal_` of $n \ge 16$ float32 numbers: first $n$ uniform numbers are drawn, into
  the tensor. Then each full group of 16 is turned by Box and Muller: from
  $u_j$ and $u_{j+8}$, $j = 0 \dots 7$, come
  $\sqrt{-2 \ln (1 - u_j)} \cos(2 \pi u_{j+8})$ in place $j$ and the same with the sine
  in place $j + 8$, each times the standard deviation. If $n$ is no multiple of 16, the
  last 16 places are filled with 16 fresh uniform numbers, and turned again.
- `trunc_normal_`: `normal_` of the whole tensor. While any number lies outside
  $[a, b]$ (rounded to float32), `normal_` of a whole tensor *of the same size* is drawn
  again, and only the places outside take theirs from it.
- `randperm` of $n$: begins with $0 \dots n - 1$; for $i = 0 \dots n - 2$, place $i$ is
  exchanged with place $i + (r \bmod (n - i))$.

The matrices are drawn in the order in which the network is built: patch embedding, then
in each block $W_1, W_2, W_3, W_4$, then the head, which is set to zero afterwards. A
variant that leaves a part out draws it all the same, so that what remains begins as it
does in the whole Mixer.

## Example

The first hundred digits to learn from, and how many of them are a 0, a 1, and so on:

>>> digits, held_out = given("digits_100")
>>> digits.labels.bincount().tolist()
[5, 11, 10, 16, 17, 9, 6, 10, 8, 8]
>>> len(held_out.labels)
360

The first losses of a run on all of them:

>>> [f"{loss:.2f}" for loss in train("default", seed=0, number=3)]
['2.30', '2.30', '2.29']
"""

from collections.abc import Iterator
from itertools import islice

import torch
from torch import Tensor

from labml_style_nn.data.digits import split_digits
from labml_style_nn.data.images import Images, take
from labml_style_nn.web_training.manifest import BATCH, EPS, LR, WEIGHT_DECAY
from labml_style_nn.web_training.shuffles import rearranged
from labml_style_nn.web_training.training_step import TrainingStep
from labml_style_nn.web_training.variants import VARIANTS


def batches(seed: int, number: int) -> Iterator[Tensor]:
    """The places of the images of each batch, without an end."""
    chance = torch.Generator().manual_seed(seed)
    while True:
        order = torch.randperm(number, generator=chance)
        yield from order.split(BATCH)[: number // BATCH]


def given(variant: str) -> tuple[Images, Images]:
    """The digits that a variant learns from, and those of the test, as it gets them.

    Fewer digits are the first of all. The test digits are the same for all variants.
    """
    chosen = VARIANTS[variant]
    train, test = split_digits(seed=0)
    train = take(train, torch.arange(chosen.learns_from or len(train.labels)))
    return rearranged(train, chosen.order), rearranged(test, chosen.order)


def steps(
    variant: str, seed: int, lr: float = LR, weight_decay: float = WEIGHT_DECAY
) -> Iterator[tuple[float, dict[str, Tensor]]]:
    """Train as the page does, without an end.

    Before each step: the loss on its batch, and the weights that had it.
    """
    torch.manual_seed(seed)
    step = TrainingStep(VARIANTS[variant].build())
    digits, _ = given(variant)
    state = step.begin()
    numbers = [torch.tensor(value) for value in (lr, weight_decay, EPS)]
    for batch in batches(seed, len(digits.labels)):
        images, labels = digits.images[batch], digits.labels[batch]
        weights = step.layout.unflatten(state[0])
        *new, loss, _ = step(*state, images, labels, *numbers)
        state = (new[0], new[1], new[2], new[3])
        yield float(loss), weights


def train(
    variant: str,
    seed: int,
    number: int,
    lr: float = LR,
    weight_decay: float = WEIGHT_DECAY,
) -> list[float]:
    """The losses of the first steps."""
    run = steps(variant, seed, lr, weight_decay)
    return [loss for loss, _ in islice(run, number)]
