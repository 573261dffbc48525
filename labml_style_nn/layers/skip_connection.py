r"""# Residual (skip) connection

In a plain stack, whatever a late layer needs must pass through all layers before it. A
*residual connection*, or skip connection, lets it pass them by: the layer computes an
*update*, which is added to its input (the ResNet of He and others, 2015,
[arXiv:1512.03385](https://arxiv.org/abs/1512.03385)):

$$y = x + f(x) .$$

A layer whose update is zero leaves its input as it is. In a Mixer the table of tokens
is handed on from block to block in this way (the *residual stream*), and in each block
two MLPs add their updates to it.

## Notation

- $x$, `x`: the table that passes by, $S \times C$ for each image
- $f$, `branch`: the layer on the side; in a Mixer, a layer norm and a mixing MLP
- $f(x)$, `update`: what the branch adds
- $y$: the sum
- $B$, `batch`: how many images are computed together
- $S$, `num_patches`: the number of tokens, the rows of the table
- $C$, `hidden_dim`: the number of channels, its columns
- $I$: the identity matrix, which is the derivative of $x$ with respect to itself
- $J$: the Jacobian, the derivatives of $f$; $J_\ell$ is that of layer $\ell$
- $L$: the number of layers in a stack

## The gradient

The derivative of the sum is $I + J$. Through a stack of $L$ layers the gradient is a
product of such terms,

$$\begin{aligned}
\frac{\partial y}{\partial x} &= (I + J_L) \cdots (I + J_2)(I + J_1) \\
&= I + \sum_\ell J_\ell + \cdots ,
\end{aligned}$$

and its first term is the identity, whatever the layers are: there is a path from the
loss to each layer on which nothing is multiplied. Thirty layers which each scale by a
tenth show the difference. Without the residual connection, the gradient is $0.1^{30}$;
with it, $1.1^{30}$.

>>> import torch
>>> from torch import nn
>>> from labml_style_nn.layers.skip_connection import SkipConnection
>>> class Tenth(nn.Module):
...     def forward(self, x):
...         return 0.1 * x
>>> batch, num_patches, hidden_dim = 2, 24, 20
>>> def gradient(layer):
...     x = torch.ones(batch, num_patches, hidden_dim, requires_grad=True)
...     nn.Sequential(*[layer] * 30)(x).sum().backward()
...     return f"{x.grad.mean():.3g}"
>>> gradient(Tenth()), gradient(SkipConnection(Tenth()))
('1e-30', '17.4')

## Pre-norm and post-norm

Where does the norm stand? In a Mixer, in the branch: $x + f(\text{LayerNorm}(x))$, as
in equation (1) of the paper. The path past the branch is then free of every operation
but the sum, from the first block to the last ("pre-norm"). The Transformer of 2017
normalised the sum instead ("post-norm"), which puts a norm in the way of every
gradient.

## What differs from the paper

- [Stochastic depth][stochastic_depth] may leave the update out while training; by
  default it does not.
- He and others apply a ReLU to the sum. Equation (1) of the Mixer paper has none, and
  neither has this page.

## What it costs

No parameters; one addition for each number.

## Example

>>> x = torch.randn(batch, num_patches, hidden_dim)
>>> SkipConnection(nn.Linear(hidden_dim, hidden_dim))(x).shape
torch.Size([2, 24, 20])

The branch must return the shape it was given. PyTorch alone would not insist: an update
with an axis of size one is stretched to fit, without a word.

>>> SkipConnection(nn.Linear(hidden_dim, 1))(x)
Traceback (most recent call last):
    ...
ValueError: expected shape (2, 24, 20), got (2, 24, 1)

## Exercises

**Exercise 1.** In `forward`, which operation would have to go around the sum to make
this post-norm?

**Answer.** The norm: `return norm(x + …)` in the last line. Then nothing would pass
through a stack unchanged. Here the whole table does, if the branches return zero:

>>> silent = nn.Linear(hidden_dim, hidden_dim)
>>> _ = nn.init.zeros_(silent.weight), nn.init.zeros_(silent.bias)
>>> stack = nn.Sequential(*[SkipConnection(silent)] * 30)
>>> torch.equal(stack(x), x)
True

**Exercise 2.** Each branch is a linear map that keeps the variance of what it reads, as
those of [`linear`][] do. What is the variance after ten residual connections? And if
each branch begins with a layer norm?

**Answer.** Without a norm each sum doubles it, to $2^{10}$. With a norm each branch
adds about one, so the variance grows linearly, to 11.

>>> from labml_style_nn.layers.layer_norm import LayerNorm
>>> from labml_style_nn.layers.linear import Linear
>>> _ = torch.manual_seed(0)
>>> bare = normed = torch.randn(400, 300)
>>> for _ in range(10):
...     bare = bare + Linear(300, 300)(bare)
...     normed = normed + Linear(300, 300)(LayerNorm(300)(normed))
>>> f"2^{bare.var().log2():.1f}, {normed.var():.0f}"
'2^10.0, 11'

**Exercise 3.** Write a function that sends a table through several branches, each with
a residual connection, and returns the result and the update of each. Show that the
result is the input plus all updates.

**Answer.** What the branches add up on is the residual stream.

>>> def residual_stream(x, branches):
...     updates = []
...     for branch in branches:
...         updates.append(branch(x))
...         x = x + updates[-1]
...     return x, updates
>>> branches = [nn.Linear(hidden_dim, hidden_dim) for _ in range(3)]
>>> y, updates = residual_stream(x, branches)
>>> torch.allclose(y, x + sum(updates), atol=1e-5)
True
>>> torch.allclose(y, nn.Sequential(*map(SkipConnection, branches))(x), atol=1e-5)
True
"""

from torch import Tensor, nn

from labml_style_nn.layers.checks import check_shape
from labml_style_nn.layers.stochastic_depth import StochasticDepth


class SkipConnection(nn.Module):
    r"""## The residual connection as a layer

    This is the sum as a module, for stacks that are composed with `nn.Sequential`. No
    model of this package uses it: their blocks write the plus signs out, so that the
    two lines of [`MixerBlock`][] read as the two lines of equation (1). A test holds
    the two together.

    **Shape.** Any that the branch keeps, with the batch in front.

    **Raises.** `ValueError` for a rate outside $[0, 1)$, or a branch that changes the
    shape.

    **Source.** Mixer paper, section 2, equation (1): $X +$ and $U +$.
    """

    def __init__(self, branch: nn.Module, stochastic_depth_rate: float = 0.0) -> None:
        super().__init__()
        self.branch = branch
        # While training, the update may be dropped. The path past it never is.
        self.stochastic_depth = StochasticDepth(stochastic_depth_rate)

    def forward(self, x: Tensor) -> Tensor:
        """Add the update of the branch to its input."""
        update = self.branch(x)
        check_shape(update, *x.shape)
        return x + self.stochastic_depth(update)
