r"""# Batch normalisation

In a convolutional network each channel is a *feature map*: one number for each place of
the image. Batch normalisation takes all feature maps of one channel, those of every
image of the batch, and brings their numbers to mean zero and variance one. Then the
network may choose a scale and a shift for the channel (Ioffe and Szegedy, 2015, "Batch
Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift",
[arXiv:1502.03167](https://arxiv.org/abs/1502.03167)):

$$\begin{aligned}
\mu_c &= \frac{1}{n} \sum_{b,i,j} x_{b,c,i,j}, \\
v_c &= \frac{1}{n} \sum_{b,i,j} (x_{b,c,i,j} - \mu_c)^2, \\
y_{b,c,i,j} &= \gamma_c \, \frac{x_{b,c,i,j} - \mu_c}{\sqrt{v_c + \varepsilon}}
+ \beta_c .
\end{aligned}$$

Every sum runs over the images $b$ of the batch, the rows $i$ and the columns $j$: over
all axes but the channels. There are $n = B H W$ numbers in it.

So the result for an image depends on the other images of its batch. In evaluation that
is not wanted. Then fixed numbers take the place of $\mu$ and $v$: the
*running statistics*, which the layer has collected, batch after batch, while it was
trained. With a momentum of $m$ they move a little towards each batch:

$$\begin{aligned}
\bar\mu_c &\leftarrow (1 - m) \, \bar\mu_c + m \, \mu_c, \\
\bar v_c &\leftarrow (1 - m) \, \bar v_c + m \, \frac{n}{n - 1} \, v_c .
\end{aligned}$$

## Notation

- $x$, `x`: the feature map of each channel, for each image of the batch
- $y$: the same, normalised
- $B$, `batch`: how many images are computed together
- $C$, `channels`: the number of channels
- $H$, `height`: how many rows of places there are
- $W$, `width`: how many columns
- $n$, `numbers`: how many numbers a channel has in this batch, $B H W$
- $b, c, i, j$: the indices of an image, a channel, a row and a column
- $\mu$, `mu`: the mean of each channel over the batch
- $v$, `variance`: its variance, with $n$ as the divisor
- $\gamma$, `weight`: the scale of each channel, one at the beginning
- $\beta$, `bias`: the shift of each channel, zero at the beginning
- $\varepsilon$, `eps`: a small number, so that a constant channel is not divided by
  zero
- $\bar\mu$, `running_mean`: the running mean of each channel
- $\bar v$, `running_var`: its running variance
- $m$, `momentum`: how far the running statistics move, the share of the newest batch

## Training and evaluation, measured

While training, an image is normalised together with its batch, and its numbers depend
on its company. In evaluation they do not:

>>> import torch
>>> from labml_style_nn.layers.batch_norm import BatchNorm
>>> _ = torch.manual_seed(0)
>>> batch, channels, height, width = 32, 5, 7, 6
>>> norm = BatchNorm(channels)
>>> image = torch.randn(1, channels, height, width)
>>> others = torch.randn(batch, channels, height, width)
>>> def beside(others):
...     return norm(torch.cat([image, others]))[0]
>>> f"{(beside(others) - beside(10 * others)).abs().max():.1f}"
'3.1'
>>> _ = norm.eval()
>>> f"{(beside(others) - beside(10 * others)).abs().max():.1f}"
'0.0'

And the running statistics are of use only once they are close to those of the data.
Here are numbers around 3 with a standard deviation of 2. In training, the first batch
already comes out around 0 with a deviation of 1. In evaluation, that takes many
batches:

>>> norm = BatchNorm(channels)
>>> def data():
...     return 3 + 2 * torch.randn(batch, channels, height, width)
>>> def describe(y):
...     return f"{y.mean().abs():.1f} ± {y.std():.1f}"
>>> for batches in (1, 9, 90):
...     for _ in range(batches):
...         y = norm.train()(data())
...     tracked = norm.num_batches_tracked.item()
...     evaluated = norm.eval()(data())
...     print(tracked, "batches:", describe(y), "and", describe(evaluated))
1 batches: 0.0 ± 1.0 and 2.4 ± 1.8
10 batches: 0.0 ± 1.0 and 0.6 ± 1.2
100 batches: 0.0 ± 1.0 and 0.0 ± 1.0

So a network that was trained for a few steps only can look far worse in evaluation than
it is.

## Two variances

The batch is divided by its own deviation, for which $n$ is the divisor. What is kept
for later is another variance, larger by a factor of $n / (n - 1)$. Both are right. The
first makes the variance of *this* batch one. The second guesses the variance of *all*
images from a sample: numbers lie a little closer to their own mean than to the true
one, and the factor makes up for it. With a momentum of one, the layer keeps the
statistics of the newest batch alone, and they can be seen:

>>> batch, channels, height, width = 2, 5, 4, 3
>>> x = torch.randn(batch, channels, height, width)
>>> norm = BatchNorm(channels, momentum=1.0)
>>> y = norm(x)
>>> ones = torch.ones(channels)
>>> torch.allclose(y.var(dim=(0, 2, 3), correction=0), ones, atol=1e-3)
True
>>> torch.allclose(norm.running_var, x.var(dim=(0, 2, 3), correction=1))
True
>>> ratio = norm.running_var / x.var(dim=(0, 2, 3), correction=0)
>>> f"{ratio.mean():.4f}, {24 / 23:.4f}"
'1.0435, 1.0435'

## In evaluation it is an affine map

With fixed statistics, nothing is measured any more. The layer multiplies each channel
by a number and adds another:

>>> _ = norm.eval()
>>> scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
>>> shift = norm.bias - scale * norm.running_mean
>>> straight = scale[:, None, None] * x + shift[:, None, None]
>>> torch.allclose(norm(x), straight, atol=1e-5)
True

## Why the Mixer has another norm

The sums of [layer norm][layers.layer_norm] run over the channels of one token, those of
batch norm over all that is not channels. From this follows all that tells them apart:

| question | layer norm | batch norm |
|---|---|---|
| what do its sums run over? | channels of a token | images and places of a channel |
| does it depend on the batch? | no | yes, while training |
| and in evaluation? | the same as in training | with running statistics |
| what does it keep besides weights? | nothing | two numbers for each channel, a count |
| the smallest batch to train with? | one image | two numbers for each channel |

The Mixer has the norm of the Transformer, which needs no other token and no other
image. The [ConvMixer][conv_mixer] is a convolutional network, and has the norm that is
usual in those. There it stands after the nonlinearity; in a Mixer, a layer norm stands
at the beginning of its branch.

## What differs from the paper

- The paper computes the statistics for evaluation once training is over, from several
  batches (Algorithm 2). It mentions moving averages as the way to follow a network
  while it trains (section 3.1); these are what the layer keeps, as PyTorch does.
- $\varepsilon = 10^{-5}$ and $m = 0.1$ are the defaults of PyTorch, which the authors
  of ConvMixer use.

## What it costs

$2C$ parameters, and as many running statistics, which are not trained. Each number is
read a few times and no matrices are multiplied.

## Example

Two numbers for each channel are the least that can be normalised. With one, the mean is
the number itself, and nothing would be left of it.

>>> norm = BatchNorm(channels)
>>> norm(torch.randn(batch, channels, height, width)).shape
torch.Size([2, 5, 4, 3])
>>> norm(torch.randn(1, channels, 1, 1))
Traceback (most recent call last):
    ...
ValueError: training needs two numbers or more for each channel, got shape (1, 5, 1, 1)

The layer computes what the equations say, and moves as they say:

>>> from labml_style_nn.layers.batch_norm import batch_norm, batch_statistics
>>> from labml_style_nn.layers.batch_norm import running_statistics
>>> mu, variance = batch_statistics(x)
>>> expected = batch_norm(x, mu, variance, norm.weight, norm.bias)
>>> mean, var = running_statistics(x, norm.running_mean, norm.running_var)
>>> torch.allclose(norm(x), expected, atol=1e-5)
True
>>> torch.allclose(norm.running_mean, mean), torch.allclose(norm.running_var, var)
(True, True)
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labml_style_nn.layers.checks import check_positive, check_shape


def batch_statistics(x: Tensor) -> tuple[Tensor, Tensor]:
    r"""The mean and the variance of each channel.

    **Shape.** `(batch, channels, height, width)` to twice `(channels,)`.

    **Source.** Ioffe and Szegedy, Algorithm 1; over all places, section 3.2.
    """
    # The first pass: $\mu_c$. The axes are those of the images, the rows and the
    # columns.
    mu = x.mean(dim=(0, 2, 3))
    # The second pass: $v_c$, from what is left once the mean is gone. The page of
    # [`layer_norm`][layers.layer_norm] shows what one pass would lose.
    centred = x - mu[:, None, None]
    variance = centred.square().mean(dim=(0, 2, 3))
    return mu, variance


def batch_norm(
    x: Tensor,
    mu: Tensor,
    variance: Tensor,
    weight: Tensor,
    bias: Tensor,
    eps: float = 1e-5,
) -> Tensor:
    r"""The normalisation itself, with statistics from anywhere.

    While training, $\mu$ and $v$ are those of the batch, and gradients flow through
    them. In evaluation they are the running statistics.

    **Shape.** `(batch, channels, height, width)` to the same; all others are
    `(channels,)`.

    **Source.** Ioffe and Szegedy, Algorithm 1, last two lines; in evaluation
    Algorithm 2, line 11.
    """
    # $y$. A number of a channel must meet all its rows and columns: `None` adds the two
    # axes along which it is repeated.
    centred = x - mu[:, None, None]
    scale = weight * torch.rsqrt(variance + eps)
    return scale[:, None, None] * centred + bias[:, None, None]


def running_statistics(
    x: Tensor, running_mean: Tensor, running_var: Tensor, momentum: float = 0.1
) -> tuple[Tensor, Tensor]:
    r"""The running statistics after one more batch.

    **Shape.** `(batch, channels, height, width)` and twice `(channels,)`, to twice
    `(channels,)`.

    **Source.** Ioffe and Szegedy, section 3.1; the factor is in Algorithm 2, line 10.
    """
    mu, variance = batch_statistics(x)
    # $n$, and the variance as one guesses it from a sample: $\frac{n}{n-1} v_c$.
    numbers = x.numel() // x.shape[1]
    unbiased = variance * numbers / (numbers - 1)
    # $\bar\mu$ and $\bar v$ move the same share of the way.
    mean = (1 - momentum) * running_mean + momentum * mu
    var = (1 - momentum) * running_var + momentum * unbiased
    return mean, var


class BatchNorm(nn.Module):
    r"""## Batch normalisation as a layer

    The functions above are the equations. The layer calls PyTorch's fused
    `batch_norm`, which computes the same and moves the running statistics on the way.
    The tests hold the two together: values, gradients, and the running statistics over
    several batches. The layer's state has the names of `nn.BatchNorm2d`, so that the
    weights of either can be loaded into the other.

    **Shape.** `(batch, channels, height, width)` to the same.

    **Raises.** `ValueError` for `channels` below one, for `eps` not above zero, for a
    momentum outside $[0, 1]$, for an input with other channels; and while training, for
    an input with fewer than two numbers for each channel.

    **Source.** Ioffe and Szegedy, sections 3, 3.1 and 3.2; "BN" in section 2 of the
    ConvMixer paper.
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def __init__(self, channels: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__()
        check_positive(channels=channels)
        check_options(eps, momentum)
        self.channels, self.eps, self.momentum = channels, eps, momentum
        # $\gamma$ and $\beta$, which are trained.
        self.weight = nn.Parameter(torch.empty(channels))
        self.bias = nn.Parameter(torch.empty(channels))
        # $\bar\mu$ and $\bar v$, which are not. A *buffer* is saved and moved to a
        # device with the layer, but no optimiser sees it.
        self.register_buffer("running_mean", torch.empty(channels))
        self.register_buffer("running_var", torch.empty(channels))
        # How many batches have been seen. Nothing here depends on it; it is part of the
        # state because it is part of PyTorch's.
        self.register_buffer("num_batches_tracked", torch.tensor(0))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        r"""Initialise again.

        Before the first batch, evaluation changes nothing (but for $\varepsilon$).
        """
        nn.init.ones_(self.weight)
        nn.init.zeros_(self.bias)
        self.running_mean.zero_()
        self.running_var.fill_(1)
        self.num_batches_tracked.zero_()

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each channel, by the batch or by what is known from before."""
        check_shape(x, "batch", self.channels, "height", "width")
        if self.training:
            check_numbers(x)
            self.num_batches_tracked.add_(1)
        # While training, the statistics come from the batch and the running ones are
        # moved in place; in evaluation they are read.
        return F.batch_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training,
            self.momentum,
            self.eps,
        )


def check_options(eps: float, momentum: float) -> None:
    """Refuse what would divide by zero, or move beyond the newest batch.

    **Raises.** `ValueError` for the first that does not fit (and for NaN).
    """
    if not eps > 0:
        raise ValueError(f"eps must be positive, got {eps}")
    if not 0 <= momentum <= 1:
        raise ValueError(f"momentum must lie in [0, 1], got {momentum}")


def check_numbers(x: Tensor) -> None:
    """Refuse a batch that has no variance: one number for each channel, or none.

    **Raises.** `ValueError` with the shape.
    """
    batch, _, height, width = x.shape
    if batch * height * width < 2:
        raise ValueError(
            "training needs two numbers or more for each channel, "
            f"got shape {tuple(x.shape)}"
        )
