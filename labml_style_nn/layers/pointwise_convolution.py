r"""# Pointwise convolution

A [depthwise convolution][depthwise_convolution] mixes the places of each channel, and
no channel sees another. A pointwise convolution, or $1 \times 1$ convolution, is its
complement. Its kernel is one place large: it combines the channels of each place, and
no place sees another.

$$y_{d,i,j} = b_d + \sum_{c} M_{d,c} \; x_{c,i,j} .$$

There is nothing in this sum but a matrix and a vector, the channels of one place. So
a pointwise convolution is a linear map over channels, used at every place, and it does
what [`channel_mixing`][] does in a Mixer. ConvMixer has one in each block (Trockman and
Kolter, 2022, [arXiv:2201.09792](https://arxiv.org/abs/2201.09792), section 2).

## Notation

- $x$, `x`: the feature map of each channel, for each image of the batch
- $y$: that of each new channel
- $B$, `batch`: how many images are computed together
- $C_{\text{in}}$, `in_channels`: the number of channels that come in
- $C_{\text{out}}$, `out_channels`: the number of channels that go out
- $H$, `height`: how many rows of places there are
- $W$, `width`: how many columns
- $M$, `weight`: the matrix, $C_{\text{out}} \times C_{\text{in}}$
- $b$, `bias`: a number for each new channel
- $S$: the number of places, $H W$
- $C$: the channels of a ConvMixer, $C_{\text{in}} = C_{\text{out}} = C$
- $c, d$: the indices of an old and of a new channel
- $i, j$: the indices of a row and a column

## It is a linear map

Write each place in a row, as a table of tokens; multiply by the matrix; write the rows
back to their places. The numbers are the same, and so are the weights:

>>> import torch
>>> from labml_style_nn.layers.pointwise_convolution import PointwiseConvolution
>>> _ = torch.manual_seed(0)
>>> batch, in_channels, out_channels, height, width = 2, 5, 7, 4, 6
>>> layer = PointwiseConvolution(in_channels, out_channels)
>>> x = torch.randn(batch, in_channels, height, width)
>>> tokens = x.flatten(2).mT
>>> weight = layer.weight[:, :, 0, 0]
>>> mapped = torch.nn.functional.linear(tokens, weight, layer.bias)
>>> mapped.shape
torch.Size([2, 24, 7])
>>> torch.allclose(mapped.mT.unflatten(2, (height, width)), layer(x), atol=1e-5)
True

## One map where the Mixer has two

The channel MLP of a Mixer is a pair of maps with a nonlinearity between them and a
hidden layer four times as wide. A ConvMixer has one map in its place, and the
nonlinearity after it. Two blocks of a ConvMixer thus hold two maps, with more mixing of
places between them. At the width of a Mixer-B/16:

>>> from labml_style_nn.layers.channel_mixing import ChannelMixing
>>> for layer in (PointwiseConvolution(768, 768), ChannelMixing(768, 3072)):
...     print(f"{sum(p.numel() for p in layer.parameters()):,} parameters")
590,592 parameters
4,722,432 parameters

## Memory layout

A tensor of shape $B \times C \times H \times W$ usually lies in memory feature map
by feature map. The channels of one place are then far apart, $H W$ numbers from each
other, but they are what this layer reads together. In the layout that PyTorch calls
`channels_last` they are neighbours. The shape stays as it was, and the whole tensor
*is* the table of tokens: to see it as such copies nothing.

>>> x.stride(), x.is_contiguous()
((120, 24, 6, 1), True)
>>> x = x.to(memory_format=torch.channels_last)
>>> x.stride(), x.flatten(2).mT.is_contiguous()
((120, 1, 30, 5), True)

[`conv_mixer`][models.conv_mixer] says what it gains.

## What differs from the paper

Nothing. Weights and biases are initialised as in PyTorch and in the authors' code:
uniformly between $\pm 1/\sqrt{C_{\text{in}}}$.

## What it costs

$C_{\text{out}} (C_{\text{in}} + 1)$ parameters and $S C_{\text{out}} C_{\text{in}}$
MACs for each image.

## Example

>>> layer = PointwiseConvolution(in_channels, out_channels)
>>> layer(x).shape
torch.Size([2, 7, 4, 6])
>>> layer(torch.randn(batch, 1, height, width))
Traceback (most recent call last):
    ...
ValueError: expected shape (batch, 5, height, width), got (2, 1, 4, 6)
"""

from torch import Tensor, nn

from labml_style_nn.layers.checks import check_positive, check_shape


class PointwiseConvolution(nn.Conv2d):
    r"""## A kernel of one place

    `nn.Conv2d` in everything; the size of the kernel is what makes it pointwise. It is
    left a convolution, and not written as a product with a matrix, because a
    convolution takes either order of memory and keeps it.

    **Shape.** `(batch, in_channels, height, width)` to
    `(batch, out_channels, height, width)`.

    **Raises.** `ValueError` for a size below one, or an input with other channels.

    **Source.** ConvMixer paper, section 2, "ConvPointwise".
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        check_positive(in_channels=in_channels, out_channels=out_channels)
        super().__init__(in_channels, out_channels, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map the channels of each place."""
        check_shape(x, "batch", self.in_channels, "height", "width")
        return super().forward(x)
