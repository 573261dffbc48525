r"""# Patch embedding

A Mixer does not read pixels. It cuts the image into patches which do not overlap,
writes the pixels of each patch in a row, and sends every row through one and the same
linear map:

$$X_{j,*} = E \, p_j + b, \qquad j = 1 \ldots S .$$

What comes out is a table with a row for each patch, called a *token* from here on, and
a column for each channel. All later layers read and write this table (Tolstikhin and
others, 2021, [arXiv:2105.01601](https://arxiv.org/abs/2105.01601), section 2; the idea
is that of the Vision Transformer, Dosovitskiy and others, 2021,
[arXiv:2010.11929](https://arxiv.org/abs/2010.11929)).

## Notation

- $B$, `batch`: how many images are computed together
- $H, W$, `image_size`: height and width of the image
- $C_{\text{in}}$, `in_channels`: the channels of the image, 3 for red, green and blue
- $P$, `patch_size`: the side of a patch; its height and width may also differ
- $S$, `num_patches`: the number of patches, $HW / P^2$
- $C_{\text{in}} P^2$, `patch_dim`: how many numbers there are in a patch
- $p_j$, `patches`: the pixels of patch $j$ in a row
- $E$, $b$, `projection`: the map, $C \times C_{\text{in}} P^2$
- $C$, `hidden_dim`: the channels of a token, the paper's "hidden dimension"
- $X$: the table of tokens, $S \times C$
- $K$, `kernel`: the numbers of $E$, in the shape of a kernel of a convolution
- $c$: the index of a channel of a token
- $k, u, v$: channel, row and column of a number in a patch

## The cut, in one line

A rearrangement says where each pixel goes. Here is a grey image of $4 \times 6$ pixels,
numbered in reading order, cut into patches of $2 \times 2$. Each row of the result is a
patch, and the patches too stand in reading order:

>>> import torch
>>> from einops import rearrange
>>> pixels = torch.arange(24).reshape(4, 6)
>>> pixels
tensor([[ 0,  1,  2,  3,  4,  5],
        [ 6,  7,  8,  9, 10, 11],
        [12, 13, 14, 15, 16, 17],
        [18, 19, 20, 21, 22, 23]])
>>> rearrange(pixels, "(rows h) (columns w) -> (rows columns) (h w)", h=2, w=2)
tensor([[ 0,  1,  6,  7],
        [ 2,  3,  8,  9],
        [ 4,  5, 10, 11],
        [12, 13, 18, 19],
        [14, 15, 20, 21],
        [16, 17, 22, 23]])

## Why this is a convolution

Most implementations embed patches with a convolution whose kernel is as large as a
patch and whose stride is as long. Such a kernel never sees two patches at once. At each
place it multiplies the pixels of one patch with its weights and sums, and that is the
product above. The kernel of channel $c$ is row $c$ of $E$, folded back into the shape
of a patch:

$$\begin{aligned}
(E p_j)_c &= \sum_{k,u,v} K_{c,k,u,v} \; p_j[k,u,v], \\
K_{c,k,u,v} &= E_{c,\,(k P + u) P + v} .
\end{aligned}$$

Nothing has to be copied for it. The same memory read with another shape is the kernel,
and the two ways agree:

>>> from labml_style_nn.layers.patch_embedding import PatchEmbedding
>>> _ = torch.manual_seed(0)
>>> image_size, patch_size, in_channels, hidden_dim = (12, 20), 4, 3, 24
>>> embed = PatchEmbedding(image_size, patch_size, in_channels, hidden_dim)
>>> embed.projection.weight.shape, embed.kernel().shape
(torch.Size([24, 48]), torch.Size([24, 3, 4, 4]))
>>> batch = 2
>>> image = torch.randn(batch, in_channels, *image_size)
>>> convolve = torch.nn.functional.conv2d
>>> channels_first = convolve(image, embed.kernel(), embed.projection.bias, stride=4)
>>> channels_first.shape
torch.Size([2, 24, 3, 5])
>>> torch.allclose(channels_first.flatten(2).mT, embed(image), atol=1e-5)
True

## What differs from the paper

Nothing in the result: the text speaks of patches and a projection, the code in
Supplementary E of a convolution, and this page shows that they are one. Patches are
squares in the paper; here they may also be other rectangles.

## What it costs

$C\,(C_{\text{in}} P^2 + 1)$ parameters. The MACs are
$S \cdot C_{\text{in}} P^2 \cdot C = H W C_{\text{in}} C$ for each image: larger patches
are fewer, and the size of a patch cancels. It is all the later layers that small
patches make expensive.

## Example

>>> embed(image).shape
torch.Size([2, 15, 24])
>>> embed.num_patches, embed.grid_size
(15, (3, 5))
>>> PatchEmbedding(image_size=30, patch_size=4, in_channels=3, hidden_dim=24)
Traceback (most recent call last):
    ...
ValueError: image_size must be a multiple of patch_size, got (30, 30) and (4, 4)

## Exercises

**Exercise 1.** Which line of the code refuses an image of another size? And which
weights would have to change for it?

**Answer.** `check_shape`, in `forward`. None: $E$ is as large as a patch and has no row
for a position, so the same weights fit a wider image. It is token mixing that needs to
know $S$.

>>> wider = PatchEmbedding((12, 32), patch_size, in_channels, hidden_dim)
>>> wider.load_state_dict(embed.state_dict())
<All keys matched successfully>
>>> wider.num_patches
24

**Exercise 2.** An image is moved to the right, and what leaves it on one side comes in
on the other. What happens to the tokens if it moves by $P$ pixels? And by one?

**Answer.** By a whole patch, the tokens move by one place and are otherwise the same.
By one pixel, every patch has other pixels, and no token is found again:

>>> tokens = embed(image).unflatten(1, embed.grid_size)
>>> by_a_patch = embed(image.roll(4, dims=3)).unflatten(1, embed.grid_size)
>>> torch.allclose(by_a_patch, tokens.roll(1, dims=2), atol=1e-6)
True
>>> by_a_pixel = embed(image.roll(1, dims=3))
>>> torch.cdist(by_a_pixel, embed(image)).min() > 1
tensor(True)

**Exercise 3.** Cut images into patches without einops, by reshaping and permuting axes.

>>> from labml_style_nn.exercises import check
>>> def cut(image, height, width):
...     return None  # your code
>>> check("patch_embedding", cut)
Not yet: it returned nothing, and should return a tensor. Here `image` is 2 × 3 × 12
× 20, `height` 4, `width` 5.

**Answer.** Split both sides of the image, bring the six axes into the order of the
result, and join them.

>>> def cut(image, height, width):
...     split = image.unflatten(3, (-1, width)).unflatten(2, (-1, height))
...     # From (batch, channel, rows, height, columns, width).
...     ordered = split.permute(0, 2, 4, 1, 3, 5)
...     return ordered.flatten(3).flatten(1, 2)
>>> torch.allclose(embed.projection(cut(image, 4, 4)), embed(image), atol=1e-6)
True
"""

from collections.abc import Sequence

from einops import rearrange
from torch import Tensor, nn

from labml_style_nn.layers.checks import check_positive, check_shape
from labml_style_nn.layers.linear import Linear


def cut_into_patches(
    image: Tensor,
    patch_size: tuple[int, int],
) -> Tensor:
    r"""Write the pixels of each patch in a row.

    Read the pattern from left to right. An image has `c` channels; it is `rows` patches
    high, each of height `h`, and `columns` patches wide, each of width `w`. The rows
    and columns of patches become the one axis of tokens; the channels and pixels of a
    patch become the other. The channel comes first within a patch, because a kernel of
    PyTorch is laid out like that.

    **Shape.** `(batch, in_channels, height, width)` to
    `(batch, num_patches, in_channels * patch_height * patch_width)`.
    """
    height, width = patch_size
    return rearrange(
        image,
        "b c (rows h) (columns w) -> b (rows columns) (c h w)",
        h=height,
        w=width,
    )


class PatchEmbedding(nn.Module):
    r"""## From an image to a table of tokens

    `image_size` and `patch_size` are a number, for squares, or a pair of height and
    width.

    **Shape.** `(batch, in_channels, height, width)` to
    `(batch, num_patches, hidden_dim)`.

    **Raises.** `ValueError` for a size below one, an image size which the patch size
    does not divide, or an image of another size or with other channels.

    **Source.** Section 2: "All patches are linearly projected with the *same*
    projection matrix."
    """

    def __init__(
        self,
        image_size: int | Sequence[int],
        patch_size: int | Sequence[int],
        in_channels: int,
        hidden_dim: int,
    ) -> None:
        super().__init__()
        check_positive(in_channels=in_channels, hidden_dim=hidden_dim)
        self.in_channels = in_channels
        self.image_size = height_and_width("image_size", image_size)
        self.patch_size = height_and_width("patch_size", patch_size)
        # $S$, as rows times columns of the grid of patches. This is the number that all
        # weights of the token mixing are built for.
        self.grid_size = patches_that_fit(self.image_size, self.patch_size)
        self.num_patches = self.grid_size[0] * self.grid_size[1]
        # One map for all patches: neither the position of a patch nor their number is
        # known to it.
        height, width = self.patch_size
        patch_dim = in_channels * height * width
        self.projection = Linear(patch_dim, hidden_dim)

    def forward(self, image: Tensor) -> Tensor:
        """Cut the image into patches and project each."""
        check_shape(image, "batch", self.in_channels, *self.image_size)
        # $p_j$, then $E p_j + b$.
        patches = cut_into_patches(image, self.patch_size)
        return self.projection(patches)

    def kernel(self) -> Tensor:
        """The weight, seen as the kernel of the equivalent convolution."""
        # A view: whoever changes the kernel changes the weight. This is also the shape
        # in which other libraries publish it, see [`load_timm_weights`][].
        shape = (self.in_channels, *self.patch_size)
        return self.projection.weight.unflatten(1, shape)


def height_and_width(name: str, size: int | Sequence[int]) -> tuple[int, int]:
    """Read a size that may be one number or two.

    **Raises.** `ValueError` for a size below one, or for more or fewer than two
    numbers.
    """
    sides = (size, size) if isinstance(size, int) else tuple(size)
    if len(sides) != 2:
        raise ValueError(f"{name} must be a number or (height, width), got {size}")
    for side in sides:
        check_positive(**{name: side})
    return sides


def patches_that_fit(
    image_size: tuple[int, int], patch_size: tuple[int, int]
) -> tuple[int, int]:
    """Count the rows and the columns of patches.

    **Raises.** `ValueError` when a row or a column of pixels would be left over.
    """
    if image_size[0] % patch_size[0] or image_size[1] % patch_size[1]:
        raise ValueError(
            "image_size must be a multiple of patch_size, "
            f"got {image_size} and {patch_size}"
        )
    return image_size[0] // patch_size[0], image_size[1] // patch_size[1]
