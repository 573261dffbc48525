r"""# Shuffled pixels

Let all digits exchange their pixels in the same way: those to learn from, those of the
test, and what a reader draws. We no longer see a digit. Does a Mixer? There are two
ways to do it, and the authors tried both (section 3.4 of the paper).

**Whole patches** change places, and so do the pixels within a patch, in all patches
alike. To a Mixer the two tasks are one. Its weights have a column for each position;
let the columns take the new order too, and it answers as before. Nobody reorders them.
But they were drawn independently of one another, so any order of them was as likely as
any other, and AdamW changes each weight by itself. So a run on shuffled patches is a
run on the digits, with other luck.

**All pixels** change places, across the patches. This does take something away. A patch
was a piece of a stroke; now it is four pixels from anywhere, so the one map that reads
all patches finds nothing that they have in common. Which pixels belong together is left
to token mixing.

An order is drawn once. It does not depend on the seed of a run.

## Notation

- $H$, `SIDE`: the side of an image
- $P$, `patch_size`: the side of a patch

## Example

An order says for each place which pixel stands there. Pixels of the first patch, first
as they are, then in both orders:

>>> def first_patch(order):
...     image = torch.tensor(order).view(1, 1, SIDE, SIDE)
...     return cut_into_patches(image, (2, 2))[0, 0].tolist()
>>> for order in (IN_ORDER, shuffled_patches(2), shuffled_pixels()):
...     print(first_patch(order))
[0, 1, 8, 9]
[33, 41, 40, 32]
[37, 60, 15, 6]

Every pixel is still there:

>>> sorted(shuffled_patches(2)) == sorted(shuffled_pixels()) == list(IN_ORDER)
True

**Source.** I. Tolstikhin and others, "MLP-Mixer: An all-MLP Architecture for Vision",
2021, [arXiv:2105.01601](https://arxiv.org/abs/2105.01601), section 3.4.
"""

import torch
from einops import rearrange

from labml_style_nn.data.images import Images
from labml_style_nn.layers.patch_embedding import cut_into_patches

SIDE = 8
Order = tuple[int, ...]
IN_ORDER: Order = tuple(range(SIDE * SIDE))


def shuffled_pixels() -> Order:
    """Let any pixel stand in any place."""
    return tuple(torch.randperm(SIDE * SIDE, generator=chance()).tolist())


def shuffled_patches(patch_size: int) -> Order:
    """Shuffle the patches, and the pixels of each in one and the same way."""
    drawing, shape = chance(), (patch_size, patch_size)
    places = torch.arange(SIDE * SIDE).view(1, 1, SIDE, SIDE)
    patches = cut_into_patches(places, shape)[0]
    number, pixels = patches.shape
    patches = patches[:, torch.randperm(pixels, generator=drawing)]
    patches = patches[torch.randperm(number, generator=drawing)]
    # The cut into patches, backwards.
    image = rearrange(
        patches,
        "(rows columns) (h w) -> (rows h columns w)",
        rows=SIDE // patch_size,
        h=patch_size,
    )
    return tuple(image.tolist())


def chance() -> torch.Generator:
    """The draws of an order. They are the same each time."""
    return torch.Generator().manual_seed(1)


def rearranged(digits: Images, order: Order) -> Images:
    """Put the pixels of all digits into an order."""
    images = digits.images
    return digits._replace(images=images.flatten(1)[:, list(order)].view(images.shape))
