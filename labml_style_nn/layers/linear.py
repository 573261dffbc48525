r"""# Linear map

A Mixer has its weights in two places: in the scales and shifts of its layer norms, and
in linear maps. One linear map embeds the patches, two in each block mix the tokens, two
mix the channels, and one reads out the classes. This page is that map, also called a
*fully-connected* or *dense* layer,

$$y = W x + b .$$

PyTorch has it. What differs here is the initialisation: the numbers that $W$ and $b$
hold before anything was learned.

## Notation

- $x$, `x`: the input vector, the last axis of the input
- $y$, `y`: the output vector
- $d_{\text{in}}$, `in_features`: the size of the input vector
- $d_{\text{out}}$, `out_features`: the size of the output vector
- $B$, `batch`: how many vectors are mapped together
- $W$, `weight`: the matrix, $d_{\text{out}} \times d_{\text{in}}$
- $b$, `bias`: the vector that is added, of size $d_{\text{out}}$
- $i, j$: the indices of an output and of an input
- $v$: the variance of every input

## Why this initialisation

Suppose the inputs $x_j$ are independent, with mean zero and variance $v$, and that the
weights are drawn independently, with mean zero. Each output is a sum of $d_{\text{in}}$
products $W_{ij} x_j$. The variance of a product of two independent numbers with mean
zero is the product of their variances, and the variances of independent terms add up:

$$\operatorname{Var}(y_i) = d_{\text{in}} \operatorname{Var}(W_{ij})\, v .$$

To keep the variance, neither growing nor shrinking from layer to layer, the weights
need

$$\operatorname{Var}(W_{ij}) = \frac{1}{d_{\text{in}}} .$$

This is the rule of LeCun and others (1998, "Efficient BackProp", section 4.6).
`nn.Linear` is initialised differently: uniformly between $\pm 1/\sqrt{d_{\text{in}}}$,
which has a variance of $1/(3 d_{\text{in}})$. A signal loses two thirds of its variance
in each such map.

## What differs from the paper

Nothing, as far as it says: the text is silent about initialisation. The code in its
Supplementary E leaves it to Flax, whose `Dense` and `Conv` draw from `lecun_normal`
(the rule above, with a normal distribution cut at two standard deviations) and set the
biases to zero. So does this page. The one exception is the [head][ClassificationHead],
which is initialised with zeros, here as there.

## What it costs

$d_{\text{out}} d_{\text{in}} + d_{\text{out}}$ parameters, and for each vector
$d_{\text{out}} d_{\text{in}}$ MACs.

All pages count in this way: a *multiply–accumulate operation* (MAC) is one
multiplication and one addition, so it is two FLOPs, and what is done to each number
singly (biases, GELU, norms) is left out, because it is small beside the matrix
products.

## Example

The same noise, through a thousand inputs: our map keeps its spread, the default of
PyTorch leaves 58 % of it, $1/\sqrt{3}$.

>>> import torch
>>> from torch import nn
>>> from labml_style_nn.layers.linear import Linear
>>> _ = torch.manual_seed(0)
>>> batch, in_features, out_features = 64, 1000, 800
>>> x = torch.randn(batch, in_features)
>>> y = Linear(in_features, out_features)(x)
>>> default = nn.Linear(in_features, out_features)(x)
>>> f"{y.std():.2f}, {default.std():.2f}"
'1.00, 0.58'

## Exercises

**Exercise 1.** Which line sets the biases to zero? Why are the weights not set to zero
as well?

**Answer.** `nn.init.zeros_(self.bias)`. Were all weights zero, the hidden units of an
MLP would be zero, and so would the gradient of the matrix that reads them; and no
gradient would come through that matrix to the one before. Only the last bias learns:

>>> layers = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
>>> for parameter in layers.parameters():
...     _ = nn.init.zeros_(parameter)
>>> layers(torch.randn(5, 3))[:, 0].sum().backward()
>>> [parameter.grad.any().item() for parameter in layers.parameters()]
[False, False, False, True]

**Exercise 2.** What is left of the spread of the noise after ten maps that are
initialised as `nn.Linear` is, without biases? Guess before you compute.

**Answer.** $3^{-10/2} = 0.0041$ of it:

>>> for _ in range(10):
...     x = nn.Linear(in_features, in_features, bias=False)(x)
>>> f"{x.std():.4f}"
'0.0041'

**Exercise 3.** Write the map with `torch.einsum`, for any number of axes in front.

>>> from labml_style_nn.exercises import check
>>> def linear(x, weight, bias):
...     return None  # your code
>>> check("linear", linear)
Not yet: it returned nothing, and should return a tensor. Here `x` is 2 × 24 × 20,
`weight` 7 × 20, `bias` 7.

**Answer.** The index $j$ of an input stands in both factors and not in the result, so
it is summed over.

>>> def linear(x, weight, bias):
...     return torch.einsum("...j,ij->...i", x, weight) + bias
>>> layer = Linear(in_features, out_features)
>>> torch.allclose(linear(x, layer.weight, layer.bias), layer(x), atol=1e-5)
True
"""

import math

from torch import Tensor, nn

from labml_style_nn.layers.checks import check_positive

# A normal distribution, cut at two standard deviations on either side, is narrower than
# before: its standard deviation is multiplied by this factor. In general, cut at
# $\pm a$, the variance is $1 - 2 a \varphi(a) / \operatorname{erf}(a / \sqrt{2})$, with
# $\varphi$ the density of the standard normal distribution.
TRUNCATED_STD = math.sqrt(
    1 - 4 * math.exp(-2) / math.sqrt(2 * math.pi) / math.erf(math.sqrt(2))
)


def lecun_normal_(weight: Tensor) -> Tensor:
    r"""Draw a matrix that keeps the variance of its input.

    **Shape.** `(out_features, in_features)`; filled in place, and returned.

    **Source.** LeCun and others, 1998; Flax's `lecun_normal`, to the constant.
    """
    # A draw beyond two standard deviations is thrown away and drawn again, so that no
    # single weight begins as an outlier. The division makes up for what that takes from
    # the spread, and $\operatorname{Var}(W_{ij}) = 1 / d_{\text{in}}$ holds exactly.
    std = weight.shape[1] ** -0.5 / TRUNCATED_STD
    return nn.init.trunc_normal_(weight, std=std, a=-2 * std, b=2 * std)


class Linear(nn.Linear):
    r"""## The map

    `nn.Linear` in everything but its initialisation. It acts on the last axis of its
    input and repeats itself over all the others.

    **Shape.** `(..., in_features)` to `(..., out_features)`.

    **Raises.** `ValueError` for a size below one.
    """

    def __init__(self, in_features: int, out_features: int) -> None:
        check_positive(in_features=in_features, out_features=out_features)
        super().__init__(in_features, out_features)

    def reset_parameters(self) -> None:
        """Initialise the weights at random, and the biases to zero.

        `nn.Linear` calls this method once, while it is built; called later, it forgets
        what was learned. The biases may be zero: the random weights already tell the
        outputs apart.
        """
        lecun_normal_(self.weight)
        nn.init.zeros_(self.bias)


def init_small(module: nn.Module) -> None:
    """Initialise a matrix with a standard deviation of 0.02, whatever its size.

    For `module.apply`: a layer whose weight is a matrix is a linear map, over channels
    or over tokens; any other is left as it is.

    **Source.** `_init_weights` in the authors' code of ResMLP and of PoolFormer.
    """
    weight = getattr(module, "weight", None)
    if isinstance(weight, nn.Parameter) and weight.dim() == 2:
        nn.init.trunc_normal_(weight, std=0.02)
