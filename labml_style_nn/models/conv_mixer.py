r"""# ConvMixer

How much of a Mixer's success is due to its MLPs, and how much to the patches? ConvMixer
keeps the plan of the [Mixer][models.mlp_mixer]: cut the image into patches, then mix
tokens and channels in turn, at the same size all the way. But what mixes are
convolutions alone: one for the tokens, one for the channels. With it Trockman and
Kolter asked "Patches Are All You Need?" (2022,
[arXiv:2201.09792](https://arxiv.org/abs/2201.09792)).

The patches are not put in a row here. They stay where they were, and $X$ is a stack of
$C$ feature maps, with a place for each patch. After the patches are embedded, every
block takes such a stack and returns one:

$$\begin{aligned}
X &= \text{BN}\bigl(\sigma(\text{Embed}(\text{image}))\bigr), \\
U &= X + \text{BN}\bigl(\sigma(\text{Depthwise}(X))\bigr), \\
Y &= \text{BN}\bigl(\sigma(\text{Pointwise}(U))\bigr) .
\end{aligned}$$

These are the equations of the paper's section 2. The second line mixes each place with
its neighbours, channel by channel; the third combines the channels of each place.
After the last block every feature map is averaged, and a linear map turns the averages
into a score for each class.

## Notation

- $X$, `x`: the feature maps before a block
- $U$, `u`: the feature maps between its halves
- $Y$, `y`: the feature maps after it
- $B$, `batch`: how many images are computed together
- $H$, `height`: how many rows of places there are, one place for each patch
- $W$, `width`: how many columns
- $S$: the number of places, $H W$
- $C$, `hidden_dim`: the number of feature maps, the channels
- $P$, `patch_size`: the side of a patch, in pixels; its height and width may differ
- `patch_embedding`: $\text{Embed}$, a convolution which sees each patch once
- `token_mixing`: $\text{Depthwise}$, a [`depthwise_convolution`][]
- $k$, `kernel_size`: the side of its kernels, in places
- `channel_mixing`: $\text{Pointwise}$, a [`pointwise_convolution`][]
- `patch_norm`, `token_norm`, `channel_norm`: $\text{BN}$, a
  [`batch_norm`][layers.batch_norm]
- $\sigma$, `activation`: the nonlinearity, [`gelu`][] unless something else is asked
  for
- $N$, `num_layers`: the number of blocks
- $C_{\text{in}}$, `in_channels`: the channels of the image
- $z$, `z`: the average of each feature map
- $K$, `num_classes`: the number of classes

## How to read the equations

**One residual connection, not two.** It goes around the depthwise convolution only.
What the pointwise convolution returns replaces what it was given. In a
[Mixer block][MixerBlock] both halves are added.

**Norm last.** A Mixer normalises what a branch reads. A ConvMixer normalises what it
has computed, after the nonlinearity, and over the batch in place of the channels.

**Any size of image.** No weight belongs to a place: a kernel slides. A ConvMixer reads
every image that its patches tile, also sizes it has never seen.

**A receptive field that grows.** After one block, in evaluation, a number depends on
$k \times k$ places around its own; each further block adds $k - 1$ to the side. In a
Mixer a number depends on the whole image from the first block on. Here is what one
place of the last feature map depends on, for kernels of 3 and three blocks:

>>> import torch
>>> from torch import nn
>>> from labml_style_nn.models.conv_mixer import ConvMixer, convmixer_1024_20
>>> _ = torch.manual_seed(0)
>>> def body(num_layers, height, width):
...     model = ConvMixer(
...         patch_size=1, in_channels=1, num_classes=2, num_layers=num_layers,
...         hidden_dim=8, kernel_size=3,
...     ).eval()
...     x = torch.zeros(1, 8, height, width, requires_grad=True)
...     y = nn.Sequential(*model.blocks)(x)
...     y[0, 0, height // 2, width // 2].backward()
...     return (x.grad[0] != 0).any(dim=0).sum(dim=1).tolist()
>>> body(3, 9, 11)
[0, 7, 7, 7, 7, 7, 7, 7, 0]

## Memory layout

By default the feature maps of a stack lie in memory one after the other. In the layout
that PyTorch calls `channels_last`, the channels of a place are neighbours, which suits
the [pointwise convolution][pointwise_convolution], where most of the work is. One line
changes it, for the weights, and every layer hands the layout on:

>>> batch, in_channels, height, width, hidden_dim = 2, 3, 5, 7, 24
>>> model = ConvMixer(
...     patch_size=4, num_classes=10, num_layers=6, hidden_dim=hidden_dim, kernel_size=9
... )
>>> image = torch.randn(batch, in_channels, 4 * height, 4 * width)
>>> before = model.eval()(image)
>>> model = model.to(memory_format=torch.channels_last)
>>> torch.allclose(model(image), before, atol=1e-5)
True
>>> x = model.patch_embedding(image)
>>> for block in model.blocks:
...     x = block(x)
>>> x.is_contiguous(), x.is_contiguous(memory_format=torch.channels_last)
(False, True)

The numbers are those of before; the time is not. What is gained depends on the machine,
on the number of places and on that of channels, and may be a loss. So measure before
you choose: `benchmarks/` does it on your machine, with this command.

```console
$ python -m benchmarks.models convmixer_768_32 convmixer_1024_20
```

## What differs from the paper

- An image that the patches do not tile is refused. The convolution of the authors' code
  drops the rows and columns that are left over.
- ConvMixer-768/32 has ReLU for $\sigma$, because the weights that the authors published
  were trained with it (so their repository says; timm has it too). The paper's other
  models, and all that you build from numbers, have GELU. The argument `activation`
  changes either.

Nothing else. Weights and biases, the head's too, are initialised as in PyTorch and in
the authors' code.

## What it costs

The patches take $C\,(C_{\text{in}} P^2 + 1)$ parameters, and their norm $2C$. A block
has $C\,(k^2 + 1)$ in its depthwise and $C\,(C + 1)$ in its pointwise convolution, and
$4C$ in its norms. The head has $(C + 1) K$. The MACs for one image are

$$\underbrace{S \, C_{\text{in}} P^2 \, C}_{\text{patches}}
+ N \bigl(\underbrace{S \, C k^2}_{\text{tokens}}
+ \underbrace{S \, C^2}_{\text{channels}}\bigr)
+ \underbrace{C K}_{\text{head}} .$$

Here are the models whose weights the authors published, at $224 \times 224$ pixels and
1000 classes, and the one of their example for CIFAR-10, at $32 \times 32$ and 10:

>>> from torch.utils.flop_counter import FlopCounterMode
>>> from labml_style_nn.models.conv_mixer import (
...     convmixer_256_8, convmixer_768_32, convmixer_1536_20
... )
>>> def describe(build, image_size):
...     with torch.device("meta"):
...         model, x = build(), torch.empty(batch, in_channels, image_size, image_size)
...     with FlopCounterMode(display=False) as counter, torch.no_grad():
...         model(x)
...     parameters = sum(parameter.numel() for parameter in model.parameters())
...     macs = counter.get_total_flops() / 2 / batch
...     print(f"{build.__name__}: {parameters:,} parameters, {macs / 1e9:.1f} GMACs")
>>> for build in (convmixer_1536_20, convmixer_768_32, convmixer_1024_20):
...     describe(build, 224)
convmixer_1536_20: 51,625,960 parameters, 51.1 GMACs
convmixer_768_32: 21,110,248 parameters, 20.7 GMACs
convmixer_1024_20: 24,383,464 parameters, 5.9 GMACs
>>> describe(convmixer_256_8, 32)
convmixer_256_8: 594,186 parameters, 0.1 GMACs

Parameters alone mislead. ConvMixer-1536/20 has fewer of them than
[Mixer-B/16][mixer_b16], and four times its MACs: most weights of both are in maps over
channels, and these are used at 1024 places in the one and at 196 in the other.

## Example

A ConvMixer for small images, built from numbers, on images of two sizes:

>>> model(image).shape, model(torch.randn(batch, in_channels, 32, 36)).shape
(torch.Size([2, 10]), torch.Size([2, 10]))

One of the paper's, by name, smaller in depth and for ten classes:

>>> model = convmixer_1024_20(num_layers=1, num_classes=10)
>>> model(torch.randn(batch, in_channels, 42, 56)).shape
torch.Size([2, 10])

## Exercises

**Exercise 1.** How many blocks with kernels of 3 does it take until the place in the
middle of $9 \times 11$ depends on all places? And with kernels of 9, until each place
of $32 \times 32$ depends on each other?

**Answer.** A block adds $(k - 1) / 2$ places on every side. From the middle it is five
places to the left and to the right, so five blocks:

>>> body(4, 9, 11)[0], body(5, 9, 11)[0]
(9, 11)

From one end of 32 places to the other it is 31, at four places a block: eight.
ConvMixer-1536/20 has twenty.

**Exercise 2.** The kernels of ConvMixer-1536/20 shrink from 9 to 3. How many of its
parameters are saved?

**Answer.** Few, since the maps over channels have most of them: $N C (9^2 - 3^2)$,
about 4 %.

>>> def parameters(kernel_size):
...     with torch.device("meta"):
...         model = convmixer_1536_20(kernel_size=kernel_size)
...     return sum(parameter.numel() for parameter in model.parameters())
>>> f"{parameters(9) - parameters(3):,}, {1 - parameters(3) / parameters(9):.1%}"
'2,211,840, 4.3%'

**Exercise 3.** Write the depthwise convolution without a convolution, for kernels with
an odd side.

>>> from labml_style_nn.exercises import check
>>> def depthwise(x, weight, bias):
...     return None  # your code
>>> check("depthwise_convolution", depthwise)
Not yet: it returned nothing, and should return a tensor. Here `x` is 2 × 5 × 8 × 6,
`weight` 5 × 1 × 3 × 3, `bias` 5.

**Answer.** Zeros go around each feature map. Then `unfold` shows the $k \times k$
places around each place, and every channel is multiplied with its own kernel.

>>> def depthwise(x, weight, bias):
...     kernel = weight[:, 0]
...     side = kernel.shape[1]
...     padded = nn.functional.pad(x, [side // 2] * 4)
...     windows = padded.unfold(2, side, 1).unfold(3, side, 1)
...     return torch.einsum("bchwuv,cuv->bchw", windows, kernel) + bias[:, None, None]
>>> convolution = model.blocks[0].token_mixing
>>> x = torch.randn(batch, 1024, 3, 4)
>>> by_hand = depthwise(x, convolution.weight, convolution.bias)
>>> torch.allclose(by_hand, convolution(x), atol=1e-5)
True
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal

from torch import Tensor, nn
from torch.nn import functional as F

from labml_style_nn.layers.batch_norm import BatchNorm
from labml_style_nn.layers.checks import check_positive, check_shape
from labml_style_nn.layers.depthwise_convolution import DepthwiseConvolution
from labml_style_nn.layers.gelu import GELU
from labml_style_nn.layers.patch_embedding import height_and_width, patches_that_fit
from labml_style_nn.layers.pointwise_convolution import PointwiseConvolution


class ConvMixerBlock(nn.Module):
    r"""## The ConvMixer block

    The second and the third line of the equations. Both halves have the same form: mix,
    apply the nonlinearity, normalise. Only the first is added to what it read.

    **Shape.** `(batch, hidden_dim, height, width)` to the same.

    **Raises.** `ValueError` for a size below one, for `eps` not above zero, or another
    number of channels.

    **Source.** Section 2; the authors' code, `convmixer.py`.
    """

    def __init__(
        self,
        hidden_dim: int,
        kernel_size: int,
        activation: Callable[[], nn.Module] = GELU,
        eps: float = 1e-5,
    ) -> None:
        super().__init__()
        # $\text{Depthwise}$: a kernel of $k \times k$ for each channel.
        self.token_mixing = DepthwiseConvolution(hidden_dim, kernel_size)
        self.token_norm = BatchNorm(hidden_dim, eps)
        # $\text{Pointwise}$: a matrix of $C \times C$ for all places.
        self.channel_mixing = PointwiseConvolution(hidden_dim, hidden_dim)
        self.channel_norm = BatchNorm(hidden_dim, eps)
        # $\sigma$ has no weights of its own, so one serves both halves.
        self.activation = activation()

    def forward(self, x: Tensor) -> Tensor:
        """Mix the places of each channel, then the channels of each place."""
        # $U = X + \text{BN}(\sigma(\text{Depthwise}(X)))$. Here places meet. (While
        # training, they also share the statistics of the norms.)
        u = x + self.token_norm(self.activation(self.token_mixing(x)))
        # $Y = \text{BN}(\sigma(\text{Pointwise}(U)))$. Nothing is added.
        y: Tensor = self.channel_norm(self.activation(self.channel_mixing(u)))
        return y


class ConvMixer(nn.Module):
    r"""## The whole network

    Patches, then blocks, then an average and a linear map. Unlike in the Mixer, no norm
    stands before the head: each block ends with one. No argument says how large the
    images are. The arguments are given by name, so that no two of these numbers can be
    mistaken for one another.

    With timm's weights, the outputs and all gradients equal timm's: to $10^{-10}$ in
    float64, and in float32 to $2 \cdot 10^{-6}$ of the largest value (tests).

    **Shape.** `(batch, in_channels, height, width)` to `(batch, num_classes)`: logits.

    `approximate` is the form of GELU, unless `activation` is something else.

    **Raises.** `ValueError` for a size below one, for `eps` not above zero, for an
    unknown form of GELU; for an image with other channels, or with sides that the patch
    size does not divide; and while training, for a batch of one image of one patch:
    batch norm needs more than one value in each channel.

    **Source.** Section 2; the authors' code, `convmixer.py`.
    """

    def __init__(
        self,
        *,
        patch_size: int | Sequence[int],
        in_channels: int = 3,
        num_classes: int,
        num_layers: int,
        hidden_dim: int,
        kernel_size: int,
        activation: Callable[[], nn.Module] | None = None,
        approximate: Literal["none", "tanh"] = "none",
        eps: float = 1e-5,
    ) -> None:
        super().__init__()
        check_positive(in_channels=in_channels, num_classes=num_classes)
        check_positive(num_layers=num_layers, hidden_dim=hidden_dim)
        self.approximate, self.eps = approximate, eps
        # $\sigma$ is GELU, in the form that is asked for, unless it is something else.
        activation = partial(GELU, approximate) if activation is None else activation
        self.in_channels = in_channels
        self.patch_size = height_and_width("patch_size", patch_size)
        # $\text{Embed}$: a kernel as large as a patch, with a stride as long, sees each
        # patch once and apart from the others. It is the map of [`patch_embedding`][],
        # and leaves its tokens where they were in the image.
        self.patch_embedding = nn.Conv2d(
            in_channels, hidden_dim, self.patch_size, stride=self.patch_size
        )
        self.activation = activation()
        self.patch_norm = BatchNorm(hidden_dim, eps)
        # $N$ blocks. Every block is built anew rather than copied, so that all of them
        # begin with weights of their own.
        self.blocks = nn.ModuleList(
            ConvMixerBlock(hidden_dim, kernel_size, activation, eps)
            for _ in range(num_layers)
        )
        self.head = nn.Linear(hidden_dim, num_classes)

    def forward(self, image: Tensor) -> Tensor:
        """Score each class for each image."""
        check_shape(image, "batch", self.in_channels, "height", "width")
        patches_that_fit((image.shape[2], image.shape[3]), self.patch_size)
        # $X$: from pixels to feature maps.
        x = self.patch_norm(self.activation(self.patch_embedding(image)))
        # The feature maps keep their size, block after block.
        for block in self.blocks:
            x = block(x)
        # $z$: the average of each feature map, by a pooling window as large as the map.
        # `x.mean` gives the same, but its gradient would come back in the default
        # layout, whatever the layout of `x`.
        z = F.avg_pool2d(x, x.shape[2:]).flatten(1)
        scores: Tensor = self.head(z)
        return scores


# Hidden size $C$, number of layers $N$, patch size $P$ and kernel size $k$, as in the
# authors' repositories. The name of a model has the first two.
SIZES = {
    "convmixer_1536_20": (1536, 20, 7, 9),
    "convmixer_768_32": (768, 32, 7, 7),
    "convmixer_1024_20": (1024, 20, 14, 9),
    "convmixer_256_8": (256, 8, 2, 5),
}


def from_sizes(name: str, options: dict[str, Any]) -> ConvMixer:
    """Build a model of the authors, with 1000 classes unless the options differ.

    **Source.** The authors' repositories `convmixer` and `convmixer-cifar10`; the
    options are those of [`ConvMixer`][], and any may be changed.
    """
    hidden_dim, num_layers, patch_size, kernel_size = SIZES[name]
    sizes: dict[str, Any] = {
        "patch_size": patch_size,
        "num_classes": 1000,
        "num_layers": num_layers,
        "hidden_dim": hidden_dim,
        "kernel_size": kernel_size,
    }
    return ConvMixer(**(sizes | options))


# "1536/20" reads: 1536 channels, 20 blocks.
def convmixer_1536_20(**options: Any) -> ConvMixer:
    """ConvMixer-1536/20: patches of 7 pixels, kernels of 9 places."""
    return from_sizes("convmixer_1536_20", options)


# The one model with another nonlinearity: see *What differs from the paper*.
def convmixer_768_32(**options: Any) -> ConvMixer:
    """ConvMixer-768/32: patches of 7 pixels, kernels of 7 places, and ReLU."""
    return from_sizes("convmixer_768_32", {"activation": nn.ReLU} | options)


def convmixer_1024_20(**options: Any) -> ConvMixer:
    """ConvMixer-1024/20: patches of 14 pixels, kernels of 9 places."""
    return from_sizes("convmixer_1024_20", options)


def convmixer_256_8(**options: Any) -> ConvMixer:
    """ConvMixer-256/8 for CIFAR-10: patches of 2 pixels, kernels of 5, ten classes."""
    return from_sizes("convmixer_256_8", {"num_classes": 10} | options)
