r"""# Shuffled pixels

Let all digits exchange their pixels in the same way: those to learn from, those of the
test, and what a reader draws. We no longer see a digit. Does a Mixer?

If whole patches changed places, and the pixels within each patch in the same way, then
nothing would be lost to it. Its weights have a column for each position; let the
columns take the new order too, and it answers as before. Nobody reorders them. But they
were drawn independently of one another, so any order of them was as likely as any
other, and AdamW changes each weight by itself. So a run on such digits is a run on the
digits, with other luck. A test holds the one to the other, step by step.

Here *all* pixels change places, across the patches, which does take something away. A
patch was a piece of a stroke; now it is a few pixels from anywhere, so the one map that
reads all patches finds less that they have in common. Which pixels belong together is
left to token mixing.

The order is drawn once. It does not depend on the seed of a run.

## Example

An order says for each place which pixel stands there. The first row of the image, and
the first row of a digit that is shuffled:

>>> shuffled_pixels()[:SIDE]
(37, 60, 10, 61, 47, 32, 31, 63)
>>> digits = Images(torch.arange(64.0).view(1, 1, SIDE, SIDE), torch.tensor([7]))
>>> rearranged(digits, shuffled_pixels()).images[0, 0, 0].int().tolist()
[37, 60, 10, 61, 47, 32, 31, 63]

Every pixel is still there:

>>> sorted(shuffled_pixels()) == list(IN_ORDER)
True

**Source.** I. Tolstikhin and others, "MLP-Mixer: An all-MLP Architecture for Vision",
2021, [arXiv:2105.01601](https://arxiv.org/abs/2105.01601), section 3.4, where the
authors train on photographs that are shuffled in both ways.
"""

import torch

from labml_style_nn.data.images import Images

SIDE = 8
Order = tuple[int, ...]
IN_ORDER: Order = tuple(range(SIDE * SIDE))


def shuffled_pixels() -> Order:
    """Draw an order in which any pixel may stand in any place; the same each time."""
    chance = torch.Generator().manual_seed(1)
    return tuple(torch.randperm(SIDE * SIDE, generator=chance).tolist())


def rearranged(digits: Images, order: Order) -> Images:
    """Put the pixels of all digits into an order."""
    pixels = digits.images.flatten(1)[:, list(order)]
    return digits._replace(images=pixels.view(digits.images.shape))
