r"""# Stochastic depth (DropPath)

Dropout drops numbers. Stochastic depth drops layers: while training, a block's update
is skipped with probability $p$, for each image by itself, and only the
[skip connection][skip_connection] remains (Huang and others, 2016,
[arXiv:1603.09382](https://arxiv.org/abs/1603.09382)):

$$y = x + \frac{b}{1 - p}\, f(x), \qquad b \sim \text{Bernoulli}(1 - p).$$

An image thus sees a shorter network than it will meet at evaluation, another one at
each step. No layer can lean on a particular neighbour, and gradients reach the early
layers along shorter paths. The name *drop path* means the same.

## Notation

- $x$: the table that enters the block, $S \times C$ for each image
- $f(x)$, `x`: the update, what the branch would add; it is all that this layer sees
- $y$: the sum, which the block computes
- $p$, `rate`: the probability that the update is dropped
- $b$, `mask`: one coin for each image of the batch
- $B$, `batch`: how many images are computed together
- $S$, `num_patches`: the number of tokens, the rows of the table
- $C$, `hidden_dim`: the number of channels, its columns
- $\ell$, `branch`: the index of a branch; the code counts from zero
- $L$, `num_branches`: the number of all branches
- $p_\ell$: the rate of branch $\ell$
- $s$, `rate`: the rate of the last branch, in [`linear_rates`][]
- $N$: the number of blocks, with two branches each

## Which layers to drop

The early layers find what all later ones build upon, so they should be dropped less.
The rate rises linearly with depth, from nothing at the first branch to $s$ at the last:

$$p_\ell = s \, \frac{\ell - 1}{L - 1}, \qquad \ell = 1 \ldots L .$$

A Mixer with $N$ blocks has $L = 2N$ branches, two in each block. Supplementary B of the
Mixer paper: from 0.0 "for the first MLP" to $s$ "for the last MLP". Its Table 4:
$s = 0.1$ for every model trained on ImageNet and ImageNet-21k, none for JFT-300M.

## What differs from the paper

- The update that stays is divided by $1 - p$; Huang and others multiply by $1 - p$ at
  evaluation instead, which agrees in expectation. The first code of the Mixer authors
  (`vit_jax`) has no stochastic depth; their later code (`big_vision`) has, and scales
  neither in training nor at evaluation.
- Huang and others begin at $s / L$: their rate of branch $\ell$ is $s\, \ell / L$.
- Each image has its own coin, as in `big_vision`; Huang and others toss one for the
  whole mini-batch.
- Each branch has its own rate, as the text of the Mixer paper says; in `big_vision` the
  two branches of a block share one.

## What it costs

No parameters, and nothing at evaluation. While training, a dropped update is computed
all the same and multiplied by zero; this simple form saves no time.

## Example

Of a thousand images, some keep their update, doubled, and the others lose all of it.

>>> import torch
>>> from labml_style_nn.layers.stochastic_depth import StochasticDepth, linear_rates
>>> _ = torch.manual_seed(0)
>>> batch, num_patches, hidden_dim = 1000, 3, 2
>>> update = torch.ones(batch, num_patches, hidden_dim)
>>> StochasticDepth(0.5)(update).flatten(1).unique(dim=0)
tensor([[0., 0., 0., 0., 0., 0.],
        [2., 2., 2., 2., 2., 2.]])

At evaluation all of them keep it, as it is:

>>> torch.equal(StochasticDepth(0.5).eval()(update), update)
True

The rates of five branches:

>>> linear_rates(0.5, num_branches=5)
[0.0, 0.125, 0.25, 0.375, 0.5]

## Exercises

**Exercise 1.** Which line makes it one coin for each image? What would it have to say
for one coin for the whole mini-batch, as Huang and others toss it?

**Answer.** `one_each`. With `(1,) * x.dim()` there is one number in the mask, which is
repeated for all images.

>>> coin = torch.empty((1,) * update.dim()).bernoulli_(0.5)
>>> (update * coin).unique().numel()
1

**Exercise 2.** A Mixer has 12 blocks and $s = 0.1$. How many of its branches take part
in a step, on average?

**Answer.** The rates rise linearly, so their mean is $s / 2$. Of 24 branches 22.8
remain:

>>> f"{sum(1 - rate for rate in linear_rates(0.1, num_branches=24)):.1f}"
'22.8'

**Exercise 3.** Here a dropped update is computed all the same. Write the sum $y$ so
that the branch sees only those images that keep their update.

**Answer.** The coins come first, and pick rows of the batch:

>>> def residual(x, branch, keeps, rate):
...     y = x.clone()
...     y[keeps] += branch(x[keeps]) / (1 - rate)
...     return y
>>> branch = torch.nn.Linear(hidden_dim, hidden_dim)
>>> keeps = torch.rand(batch) < 0.5
>>> masked = update + keeps[:, None, None] * branch(update) / 0.5
>>> torch.allclose(residual(update, branch, keeps, 0.5), masked, atol=1e-6)
True
"""

from torch import Tensor, nn

from labml_style_nn.layers.checks import check_rate


class StochasticDepth(nn.Module):
    r"""## Stochastic depth as a layer

    The layer stands at the end of a branch, before the sum.

    **Shape.** `(batch, ...)` to the same.

    **Raises.** `ValueError` for a rate outside $[0, 1)$.

    **Source.** Huang and others, section 3; Mixer paper, section 3 and Supplementary B.
    """

    def __init__(self, rate: float = 0.0) -> None:
        super().__init__()
        check_rate(rate=rate)
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """Drop the updates of whole images, while training."""
        if not self.training or self.rate == 0:
            return x
        # A mask of shape `(batch, 1, …, 1)`: one coin, and the whole update of an image
        # obeys it.
        one_each = (x.shape[0],) + (1,) * (x.dim() - 1)
        mask = x.new_empty(one_each).bernoulli_(1 - self.rate)
        return x * mask / (1 - self.rate)


def linear_rates(rate: float, num_branches: int) -> list[float]:
    """The rate of each branch of a stack, rising from zero to `rate`.

    A stack of one branch never drops it.

    **Source.** Mixer paper, Supplementary B.
    """
    last = max(num_branches - 1, 1)
    return [rate * (branch / last) for branch in range(num_branches)]
