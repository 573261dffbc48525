r"""# Batch normalisation

A network for images keeps, for each channel, a picture: one number for each place.
Batch normalisation takes all the pictures of one channel, those of every image of the batch,
brings their numbers to mean zero and variance one, and then lets the network choose a
scale and a shift for the channel (Ioffe and Szegedy, 2015, "Batch Normalization:
Accelerating Deep Network Training by Reducing Internal Covariate Shift",
[arXiv:1502.03167](https://arxiv.org/abs/1502.03167)):

$$\begin{aligned}
\mu_c &= \frac{1}{n} \sum_{b,h,w} x_{b,c,h,w}, \\
v_c &= \frac{1}{n} \sum_{b,h,w} (x_{b,c,h,w} - \mu_c)^2, \\
y_{b,c,h,w} &= \gamma_c \, \frac{x_{b,c,h,w} - \mu_c}{\sqrt{v_c + \varepsilon}}
+ \beta_c .
\end{aligned}$$

Every sum runs over the images and over the places, never over the channels: there are
$n = B H W$ numbers in it, and as many means as there are channels.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labml_style_nn.layers.checks import check_positive, check_shape


def batch_statistics(x: Tensor) -> tuple[Tensor, Tensor]:
    r"""The first two lines of the equation.

    **Shape.** `(batch, channels, height, width)` to twice `(channels,)`.

    **Source.** Ioffe and Szegedy, Algorithm 1 and section 3.2.
    """
    # The first pass: $\mu_c$, over images, rows and columns.
    mu = x.mean(dim=(0, 2, 3))
    # The second pass: $v_c$, from numbers that are small once the mean is gone.
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
    r"""The last line of the equation, with the statistics of the batch or others.

    **Shape.** `(batch, channels, height, width)` to the same; all else is
    `(channels,)`.

    **Source.** Ioffe and Szegedy, Algorithm 1; with other statistics, Algorithm 2.
    """
    scale = weight * torch.rsqrt(variance + eps)
    centred = x - mu[:, None, None]
    return scale[:, None, None] * centred + bias[:, None, None]


def moved(running: Tensor, seen: Tensor, momentum: float = 0.1) -> Tensor:
    r"""A running statistic after one more batch.

    **Shape.** `(channels,)` twice, to `(channels,)`.
    """
    return (1 - momentum) * running + momentum * seen


class BatchNorm(nn.Module):
    r"""## Batch normalisation as a layer

    **Shape.** `(batch, channels, height, width)` to the same.

    **Raises.** `ValueError` for `channels` below one, for `eps` not above zero, for a
    momentum outside $[0, 1]$, for an input with other channels, and, while training,
    for an input with one number for each channel.
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def __init__(self, channels: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__()
        check_positive(channels=channels)
        if not eps > 0:
            raise ValueError(f"eps must be positive, got {eps}")
        if not 0 <= momentum <= 1:
            raise ValueError(f"momentum must lie in [0, 1], got {momentum}")
        self.channels, self.eps, self.momentum = channels, eps, momentum
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))
        self.register_buffer("num_batches_tracked", torch.tensor(0))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each channel."""
        check_shape(x, "batch", self.channels, "height", "width")
        if self.training:
            check_enough(x)
            self.num_batches_tracked.add_(1)
        return F.batch_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            training=self.training,
            momentum=self.momentum,
            eps=self.eps,
        )


def check_enough(x: Tensor) -> None:
    """Refuse a batch with fewer than two numbers for each channel.

    **Raises.** `ValueError` with the shape.
    """
    batch, _, height, width = x.shape
    if batch * height * width < 2:
        raise ValueError(
            "training needs at least 2 numbers for each channel, "
            f"got shape {tuple(x.shape)}"
        )
