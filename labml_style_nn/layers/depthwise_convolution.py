r"""# Depthwise convolution

[Token mixing][token_mixing] lets every place of an image depend on every other. In a
depthwise convolution each place depends on its neighbours only, everywhere with the
same weights. Each channel has a small kernel of its own, which slides over it:

$$y_{c,i,j} = b_c + \sum_{u=0}^{k-1} \sum_{v=0}^{k-1}
K_{c,u,v} \; x_{c,\,i+u-a,\,j+v-a} .$$

The sums do not run over $c$, so the channels stay apart: that is what *depthwise*
means.
It is what mixes tokens in ConvMixer (Trockman and Kolter, 2022, "Patches Are All You
Need?", [arXiv:2201.09792](https://arxiv.org/abs/2201.09792), section 2); the channels
are mixed by its companion, the [pointwise convolution][pointwise_convolution].

## Notation

- $x$, `x`: the feature map of each channel, for each image of the batch; zero beyond
  the edges
- $y$, `y`: the same after mixing, of the same size
- $B$, `batch`: how many images are computed together
- $C$, `channels`: the number of channels
- $H$, `height`: how many rows of places there are
- $W$, `width`: how many columns
- $S$: the number of places, $H W$
- $D_S$: the hidden width of [`token_mixing`][]
- $k$, `kernel_size`: the side of the kernels, in places
- $K$, `weight`: the kernels, $k \times k$ numbers for each channel
- $b$, `bias`: a number for each channel, which is added everywhere
- $a$, `around`: how many places a kernel reaches to the left and upwards
- $c, i, j$: the indices of a channel, a row and a column
- $u, v$: row and column of a number in a kernel

## Kernels without a middle

The feature map should keep its size, or a block could not be repeated and nothing could
be added to what came before. At the edges the kernel hangs over, and zeros are put
there: $k - 1$ of them in each direction. With an odd $k$ they are shared equally. A
kernel of even size has no middle, and must lean to one side. As in PyTorch's
`padding="same"`, it leans to the end:

$$a = \left\lfloor \frac{k - 1}{2} \right\rfloor .$$

A single bright place shows it. Each output looks at itself and its neighbours, so the
bright place is seen by those around it. With a kernel of 3 it is seen from one place
away on both sides. With a kernel of 4 it is seen from two places to its left and one to
its right, for each output looks one place to the left and two to the right:

>>> import torch
>>> from labml_style_nn.layers.depthwise_convolution import DepthwiseConvolution
>>> x = torch.tensor([0.0, 0, 0, 1, 0, 0, 0]).expand(1, 1, 7, 7)
>>> def seen(kernel_size):
...     layer = DepthwiseConvolution(1, kernel_size)
...     kernel = torch.zeros(kernel_size, kernel_size)
...     kernel[(kernel_size - 1) // 2] = 1
...     layer.load_state_dict({"weight": kernel[None, None], "bias": torch.zeros(1)})
...     return layer(x)[0, 0, 0].int().tolist()
>>> seen(kernel_size=3)
[0, 0, 1, 1, 1, 0, 0]
>>> seen(kernel_size=4)
[0, 1, 1, 1, 1, 0, 0]

## The same as a sum of products

The sum of the equation, written out. `unfold` copies what lies under the kernel at each
place into a column; what is left is a dot product of $k^2$ numbers for each place and
channel, and the bias:

>>> from torch.nn import functional as F
>>> _ = torch.manual_seed(0)
>>> batch, channels, height, width, kernel_size = 2, 5, 8, 6, 4
>>> layer = DepthwiseConvolution(channels, kernel_size)
>>> x = torch.randn(batch, channels, height, width)
>>> y = layer(x)
>>> columns = F.unfold(F.pad(x, (1, 2, 1, 2)), kernel_size)
>>> columns = columns.unflatten(1, (channels, kernel_size**2))
>>> summed = torch.einsum("cu,bcus->bcs", layer.weight.flatten(1), columns)
>>> expected = summed.unflatten(2, (height, width)) + layer.bias[:, None, None]
>>> torch.allclose(y, expected, atol=1e-5)
True

## As token mixing

What the layer does to one channel is linear, so there is a matrix for it, from $S$
places to $S$ places: just what a linear map of token mixing has. To see it, send
through one feature map for each place, in which this place alone is not zero. Where
token mixing has $S^2$ free numbers, most of these are zero, and the rest are the same
few over and over:

>>> places = torch.eye(height * width).view(-1, 1, height, width)
>>> one = DepthwiseConvolution(1, kernel_size)
>>> matrix = (one(places) - one.bias).detach().flatten(1).T
>>> matrix.shape, (matrix != 0).sum(dim=1).max().item()
(torch.Size([48, 48]), 16)
>>> len(matrix.unique()) - 1
16

Section 1 of the Mixer paper ([arXiv:2105.01601](https://arxiv.org/abs/2105.01601)) puts
it the other way round: its token mixing is a depthwise convolution with a kernel as
large as the image, which all channels share. Such a kernel fits in one position only,
so nothing slides: each row of the first matrix of token mixing is a kernel, and gives
one number. So four questions are answered differently:

| question | token mixing of a Mixer | depthwise convolution |
|---|---|---|
| how far does a place see? | everywhere | $k \times k$ places, more with each block |
| do channels share the weights? | yes | no, each has a kernel |
| do places share the weights? | no, each has its row | yes, the kernel slides |
| which images fit? | of one size | of any size |

As the places share the kernel, the layer is *equivariant* to translation: if the
feature map is moved, the result is the same, moved as far. Only near the edges, where
zeros come in, is it not. (A Mixer must *learn* that a cat is a cat everywhere.)

>>> wide = torch.zeros(batch, channels, 20, 24)
>>> wide[:, :, 6:14, 6:12] = x
>>> moved = wide.roll(3, dims=3)
>>> torch.allclose(layer(moved), layer(wide).roll(3, dims=3), atol=1e-6)
True

## What differs from the paper

Nothing. Weights and biases are initialised as in PyTorch and in the authors' code:
uniformly between $\pm 1/k$. The authors ask for `padding="same"`, which PyTorch does
for an even $k$ with a warning, because of the copy with zeros that it makes; the layer
makes the same copy without one.

## What it costs

$C (k^2 + 1)$ parameters and $S C k^2$ MACs for each image. Both are little
beside a [pointwise convolution][pointwise_convolution], which has $C$ where this layer
has $k^2$. That is why the kernels of ConvMixer can be large. Token mixing takes
$2 S D_S C$ MACs, which is $2 D_S$ in the place of $k^2$. The parameters, in a
ConvMixer-1536/20 and in a Mixer-B/16:

>>> from labml_style_nn.layers.token_mixing import TokenMixing
>>> depthwise, tokens = DepthwiseConvolution(1536, 9), TokenMixing(196, 384)
>>> for layer in (depthwise, tokens):
...     print(f"{sum(p.numel() for p in layer.parameters()):,} parameters")
125,952 parameters
151,108 parameters

## Example

>>> batch, channels, height, width, kernel_size = 2, 5, 8, 6, 3
>>> layer = DepthwiseConvolution(channels, kernel_size)
>>> layer(torch.randn(batch, channels, height, width)).shape
torch.Size([2, 5, 8, 6])
>>> layer.weight.shape, layer.bias.shape
(torch.Size([5, 1, 3, 3]), torch.Size([5]))
>>> layer(torch.randn(batch, 1, height, width))
Traceback (most recent call last):
    ...
ValueError: expected shape (batch, 5, height, width), got (2, 1, 8, 6)
"""

from torch import Tensor, nn
from torch.nn import functional as F

from labml_style_nn.layers.checks import check_positive, check_shape


class DepthwiseConvolution(nn.Conv2d):
    r"""## One kernel for each channel

    `nn.Conv2d` holds the weights and begins them. To it, a depthwise convolution is one
    with as many *groups* as there are channels: groups do not see each other.

    **Shape.** `(batch, channels, height, width)` to the same.

    **Raises.** `ValueError` for a size below one, or an input with other channels.

    **Source.** ConvMixer paper, section 2, "ConvDepthwise".
    """

    def __init__(self, channels: int, kernel_size: int) -> None:
        check_positive(channels=channels, kernel_size=kernel_size)
        # $a$: with it the kernel, and not its corner, lies on the place it computes.
        self.around = (kernel_size - 1) // 2
        super().__init__(
            channels, channels, kernel_size, padding=self.around, groups=channels
        )
        # What an even kernel needs at the end beyond $a$.
        self.more = kernel_size - 1 - 2 * self.around

    def forward(self, x: Tensor) -> Tensor:
        """Slide each kernel over its channel."""
        check_shape(x, "batch", self.in_channels, "height", "width")
        # The convolution can put zeros on both sides by itself, without a copy. One
        # more on the right and below has to be written out.
        if self.more:
            x = F.pad(x, (0, self.more, 0, self.more))
        # $y$: the sum over $u$ and $v$ at every place of every channel.
        return super().forward(x)
