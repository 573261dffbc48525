r"""# Dropout

A network that comes to rely on a few of its activations overfits easily. With dropout,
each number is set to zero with probability $p$ while training, anew at every step, and
the others are scaled up in return (Srivastava and others, 2014,
"[Dropout: A simple way to prevent neural networks from
overfitting](https://jmlr.org/papers/v15/srivastava14a.html)"):

$$y = \frac{m \odot x}{1 - p}, \qquad m_i \sim \text{Bernoulli}(1 - p).$$

The scale keeps the expectation: $\mathbb{E}[y_i] = (1 - p)\, x_i / (1 - p) = x_i$. So
at evaluation there is nothing left to do, and $y = x$.

The authors of the Mixer tried rates of 0.0 and 0.1 (Supplementary B), and their Table 4
has 0.0 for every model trained on ImageNet and ImageNet-21k. So the rate is 0 by
default.

## Notation

- $x$, `x`: any tensor; in a Mixer a table of $S \times C$ for each image
- $y$, `y`: what is left of it
- $p$, `rate`: the probability that a number is dropped
- $m$, `mask`: ones and zeros, drawn independently for each number
- $B$, `batch`: how many images are computed together
- $S$, `num_patches`: the number of tokens, the rows of a table
- $C$, `hidden_dim`: the number of channels, its columns

## What differs from the paper

- Dropout stands in both MLPs, after the GELU and after the second linear map, as in
  timm. The Mixer paper lists it among the parts of the network (caption of Figure 1)
  and does not say where it stands; the authors' published code has none.
- The scale is part of the training; Srivastava and others scale at evaluation instead,
  by $1 - p$, which agrees in expectation.

## What it costs

No parameters, and nothing at evaluation.

## Example

Half of the ones become zeros, the other half twos; their mean stays near one.

>>> import torch
>>> from labml_style_nn.layers.dropout import Dropout
>>> _ = torch.manual_seed(0)
>>> batch, num_patches, hidden_dim = 20, 50, 100
>>> x = torch.ones(batch, num_patches, hidden_dim)
>>> y = Dropout(0.5)(x)
>>> y.unique()
tensor([0., 2.])
>>> f"{y.mean():.1f}"
'1.0'

At evaluation nothing happens to them:

>>> torch.equal(Dropout(0.5).eval()(x), x)
True

## Exercises

**Exercise 1.** Which line makes the layer do nothing at evaluation? What do you see if
you forget `model.eval()`?

**Answer.** The first of `forward`. A network that still drops answers the same input
differently each time:

>>> forgotten = Dropout(0.5)
>>> torch.equal(forgotten(x), forgotten(x))
False

PyTorch's function `F.dropout` drops by default, and no `eval()` stops it.

**Exercise 2.** The mean stays. What is the variance of $y$, if $x$ is one and the rate
is $p$?

**Answer.** $\mathbb{E}[y^2] - 1 = (1 - p) / (1 - p)^2 - 1 = p / (1 - p)$. At a rate of
0.9 the variance is nine times that at 0.5:

>>> for rate in (0.1, 0.5, 0.9):
...     print(f"{Dropout(rate)(x).var():.1f}, {rate / (1 - rate):.1f}")
0.1, 0.1
1.0, 1.0
8.9, 9.0

**Exercise 3.** Write dropout that drops a channel for all tokens of an image at once.

**Answer.** One coin serves a column of the table. So the mask has one row, and all rows
of the result are alike:

>>> def drop_channels(x, rate):
...     mask = torch.empty(x.shape[0], 1, x.shape[2]).bernoulli_(1 - rate)
...     return x * mask / (1 - rate)
>>> y = drop_channels(x, 0.5)
>>> torch.equal(y, y[:, :1].expand_as(y)), f"{y.mean():.1f}"
(True, '1.0')
"""

import torch
from torch import Tensor, nn

from labml_style_nn.layers.checks import check_rate


class Dropout(nn.Module):
    r"""## Dropout as a layer

    **Shape.** Any, to the same.

    **Raises.** `ValueError` for a rate outside $[0, 1)$.

    **Source.** Srivastava and others, section 4, with the scale moved from evaluation
    to training, as is usual by now.
    """

    def __init__(self, rate: float = 0.0) -> None:
        super().__init__()
        check_rate(rate=rate)
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """Drop single numbers, while training."""
        if not self.training or self.rate == 0:
            return x
        # One coin for each number. The mask is drawn from the exact probability, also
        # where `x` itself is of low precision.
        mask = torch.empty_like(x).bernoulli_(1 - self.rate)
        return x * mask / (1 - self.rate)
