r"""# GELU

Two linear maps in a row are one linear map. What makes an MLP more than a matrix is the
nonlinearity between them, its *activation function*. In the Mixer it is the *Gaussian
error linear unit* of Hendrycks and Gimpel (2016,
[arXiv:1606.08415](https://arxiv.org/abs/1606.08415)):

$$\begin{aligned}
\text{GELU}(x) &= x \, \Phi(x), \\
\Phi(x) &= \Pr(Z \le x) = \frac{1}{2}
\left(1 + \operatorname{erf}\frac{x}{\sqrt 2}\right).
\end{aligned}$$

$\Phi(x)$ is the share of a standard normal distribution that lies below $x$. So a large
positive number passes nearly unchanged, a large negative one is nearly silenced, and in
between the gate opens smoothly. ReLU makes the same decision with a step instead of
$\Phi$, and has a corner at zero where this function has none.

## Notation

- $x$, `x`: any number; in the code, a whole hidden layer of them
- $\Phi$, `cdf`: the distribution function of the standard normal distribution
- $Z$: a standard normal random number
- $u$, `u`: what the approximation takes the hyperbolic tangent of
- $\sigma$, `gelu`: this function, where equation (1) of the Mixer paper says "an
  element-wise nonlinearity"
- $B$, `batch`: how many images are computed together
- $S$, `num_patches`: the number of tokens
- $D_C$, `channels_mlp_dim`: the width of the hidden layer in [`channel_mixing`][]

## The exact form and the tanh approximation

The authors also give an approximation by a hyperbolic tangent, which is cheaper than
the error function:

$$\begin{aligned}
\text{GELU}(x) &\approx \tfrac{1}{2}\, x \,\bigl(1 + \tanh u\bigr), \\
u &= \sqrt{2/\pi}\,\bigl(x + 0.044715\, x^3\bigr).
\end{aligned}$$

They are two functions, not one, and weights trained with one are best run with it. How
much does it matter? Over the whole line, the two never differ by more than 0.00048.
Here is a hidden layer that holds 160,000 numbers, evenly spaced from $-8$ to $8$:

>>> import torch
>>> from labml_style_nn.layers.gelu import GELU, gelu_exact, gelu_tanh
>>> batch, num_patches, channels_mlp_dim = 10, 100, 160
>>> x = torch.linspace(-8, 8, 160_000, dtype=torch.double)
>>> x = x.reshape(batch, num_patches, channels_mlp_dim)
>>> difference = (gelu_exact(x) - gelu_tanh(x)).abs()
>>> f"{difference.max():.6f} at {x.flatten()[difference.argmax()].abs():.2f}"
'0.000473 at 2.70'

## What differs from the paper

The layers of this package use the exact form by default, where the authors' code has
the tanh form (the default of Flax's `nn.gelu`). The Mixer paper itself names GELU and
leaves the form open. timm uses the exact one, also with the weights that the authors
published. Every model for images takes `approximate="tanh"` for all of its layers.

## What it costs

No parameters. One evaluation for each number of the hidden layer: $D_S C$ in
[`token_mixing`][], $S D_C$ in [`channel_mixing`][].

## Example

The function dips below zero before it comes back to it; its lowest point is $-0.17$.
Each token of this hidden layer holds the same five numbers, and one of them is shown:

>>> batch, num_patches, channels_mlp_dim = 2, 24, 5
>>> numbers = torch.tensor([-3.0, -0.75, 0.0, 0.75, 3.0])
>>> x = numbers.expand(batch, num_patches, channels_mlp_dim)
>>> GELU()(x)[0, 0]
tensor([-0.0040, -0.1700,  0.0000,  0.5800,  2.9960])
>>> GELU("tanh")(x)[0, 0]
tensor([-0.0036, -0.1700,  0.0000,  0.5800,  2.9964])

## Exercises

**Exercise 1.** What is $\text{GELU}(x) - \text{GELU}(-x)$?

**Answer.** It is $x$, since $\Phi(x) + \Phi(-x) = 1$:

>>> x = x.double()
>>> torch.allclose(gelu_exact(x) - gelu_exact(-x), x)
True

**Exercise 2.** ReLU commutes with a positive factor $k$: $\text{ReLU}(k x) / k$ is
$\text{ReLU}(x)$. What does $\text{GELU}(k x) / k$ become as $k$ grows?

**Answer.** It approaches ReLU. It is $x \, \Phi(k x)$, and as $k$ grows, $\Phi(k x)$
becomes a step at zero. The largest distance shrinks like $1/k$:

>>> batch, num_patches, channels_mlp_dim = 10, 100, 160
>>> line = torch.linspace(-4, 4, 160_000, dtype=torch.double)
>>> line = line.reshape(batch, num_patches, channels_mlp_dim)
>>> for k in (1, 10, 100):
...     print(f"{(gelu_exact(k * line) / k - line.relu()).abs().max():.4f}")
0.1700
0.0170
0.0017

**Exercise 3.** Write the derivative of the exact GELU, without autograd.

>>> from labml_style_nn.exercises import check
>>> def derivative(x):
...     return None  # your code
>>> check("gelu_derivative", derivative)
Not yet: it returned nothing, and should return a tensor. Here `x` is 2 × 24 × 20.

**Answer.** By the product rule it is $\Phi(x) + x \, \Phi'(x)$, and $\Phi'$ is the
density of the standard normal distribution.

>>> def derivative(x):
...     density = torch.exp(-x.square() / 2) / (2 * torch.pi) ** 0.5
...     return torch.special.ndtr(x) + x * density
>>> _ = line.requires_grad_()
>>> (gradient,) = torch.autograd.grad(gelu_exact(line).sum(), line)
>>> torch.allclose(derivative(line), gradient)
True
"""

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def gelu_exact(x: Tensor) -> Tensor:
    r"""The definition, by the error function.

    First $\Phi(x)$, then its product with $x$.

    **Shape.** Any; the function acts on each number by itself.

    **Source.** Hendrycks and Gimpel, section 2.
    """
    cdf = 0.5 * (1 + torch.erf(x / math.sqrt(2)))
    return x * cdf


def gelu_tanh(x: Tensor) -> Tensor:
    r"""The approximation, by a hyperbolic tangent.

    The cubic term bends the argument of $\tanh$ so that the curve follows $\Phi$
    closely also where it flattens.

    **Shape.** Any; the function acts on each number by itself.

    **Source.** Hendrycks and Gimpel, section 2.
    """
    u = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
    cdf = 0.5 * (1 + torch.tanh(u))
    return x * cdf


class GELU(nn.Module):
    r"""## GELU as a layer

    The two functions above are the equations; read them, and check others against them.
    In a network they would write a new tensor for every step of the arithmetic. The
    layer calls PyTorch's fused version, which computes the same in one pass over the
    memory. The tests hold the two together: values and gradients, in both forms.

    **Shape.** Any; the function acts on each number by itself.

    **Raises.** `ValueError` for a form other than `"none"` (exact) and `"tanh"`. The
    names are PyTorch's.

    **Source.** $\sigma$ in section 2, equation (1) of the Mixer paper.
    """

    def __init__(self, approximate: Literal["none", "tanh"] = "none") -> None:
        super().__init__()
        if approximate not in ("none", "tanh"):
            raise ValueError(
                f"approximate must be 'none' or 'tanh', got {approximate!r}"
            )
        self.approximate = approximate

    def forward(self, x: Tensor) -> Tensor:
        """Apply the function to each number."""
        return F.gelu(x, approximate=self.approximate)
