r"""# MLP

The Mixer has one computing element, and uses it twice in every block: a *multi-layer
perceptron* of two fully-connected layers with a nonlinearity between them,

$$\text{MLP}(x) = W_2 \, \sigma(W_1 x + b_1) + b_2 .$$

It takes a vector and gives back a vector of the same size. In between is a hidden layer
of another width. Each hidden unit takes a weighted sum of the whole vector (a row of
$W_1$), applies the nonlinearity $\sigma$ to it, and adds a multiple of one direction to
the output (a column of $W_2$).

Applied to the columns of the token table it is [`token_mixing`][], to the rows
[`channel_mixing`][].

## Notation

- $x$, `x`: the vector, the last axis of the input
- $d$, `dim`: its size
- $D$, `hidden_dim`: the width of the hidden layer
- $h$, `hidden`: the hidden layer
- $W_1$, $b_1$, `fc1`: the first fully-connected layer, $d \to D$
- $\sigma$, `gelu`: the nonlinearity, see [`gelu`][]
- $W_2$, $b_2$, `fc2`: the second fully-connected layer, $D \to d$
- $B$, `batch`: how many images are computed together
- $S$, `num_patches`: how many vectors an image has

## What differs from the paper

- GELU is exact here, unless `approximate="tanh"` asks for the form of the authors'
  code, see [`gelu`][].
- [Dropout][dropout] may be applied after the GELU and after the second layer; by
  default it is not.

Nothing else: the biases, which equation (1) of the paper leaves out, are in its code.

## What it costs

$2 d D + D + d$ parameters, and $2 d D$ MACs for each vector.

## Example

>>> import torch
>>> from labml_style_nn.layers.mlp import MLP
>>> batch, num_patches, dim, hidden_dim = 2, 24, 20, 80
>>> mlp = MLP(dim, hidden_dim)
>>> x = torch.randn(batch, num_patches, dim)
>>> mlp(x).shape
torch.Size([2, 24, 20])
>>> sum(parameter.numel() for parameter in mlp.parameters())
3300
>>> 2 * dim * hidden_dim + hidden_dim + dim
3300

Every vector is treated alike, wherever it stands. Put them in the opposite order, and
the results come in the opposite order:

>>> torch.allclose(mlp(x.flip(1)), mlp(x).flip(1), atol=1e-6)
True

## Exercises

**Exercise 1.** How many MACs does the MLP of the example take for one image?

**Answer.** $S \cdot 2 d D = 24 \cdot 2 \cdot 20 \cdot 80$. PyTorch counts twice as many
FLOPs, for each of the images:

>>> from torch.utils.flop_counter import FlopCounterMode
>>> with FlopCounterMode(display=False) as counter:
...     y = mlp(x)
>>> counter.get_total_flops() // 2 // batch
76800

**Exercise 2.** Somebody takes the GELU out. How many parameters would be enough to
compute the same?

**Answer.** $d^2 + d = 420$ in place of 3300, for two linear maps in a row are one:

>>> weight = mlp.fc2.weight @ mlp.fc1.weight
>>> bias = mlp.fc2.weight @ mlp.fc1.bias + mlp.fc2.bias
>>> weight.numel() + bias.numel()
420
>>> torch.allclose(mlp.fc2(mlp.fc1(x)), x @ weight.T + bias, atol=1e-5)
True

**Exercise 3.** Put the hidden units into another order. Which rows and columns have to
move with them, and how many such orders compute the same function?

**Answer.** The rows of $W_1$, the numbers of $b_1$ and the columns of $W_2$. There are
$D!$ orders, so two networks may compute the same with weights that do not agree unit by
unit.

>>> order = torch.randperm(hidden_dim)
>>> twin = MLP(dim, hidden_dim)
>>> _ = twin.load_state_dict({
...     "fc1.weight": mlp.fc1.weight[order],
...     "fc1.bias": mlp.fc1.bias[order],
...     "fc2.weight": mlp.fc2.weight[:, order],
...     "fc2.bias": mlp.fc2.bias,
... })
>>> torch.allclose(twin(x), mlp(x), atol=1e-6)
True

**Exercise 4.** Write the MLP as a function of its weights, without a module.

>>> from labml_style_nn.exercises import check
>>> def by_hand(x, w1, b1, w2, b2):
...     return None  # your code
>>> check("mlp", by_hand)
Not yet: it returned nothing, and should return a tensor. Here `x` is 2 × 24 × 20,
`w1` 80 × 20, `b1` 80, `w2` 20 × 80, `b2` 20.

**Answer.** A vector is a row here, so the weights stand on the right, transposed.

>>> def by_hand(x, w1, b1, w2, b2):
...     hidden = torch.nn.functional.gelu(x @ w1.T + b1)
...     return hidden @ w2.T + b2
>>> torch.allclose(by_hand(x, *mlp.parameters()), mlp(x), atol=1e-6)
True
"""

from typing import Literal

from torch import Tensor, nn

from labml_style_nn.layers.checks import check_positive, check_shape
from labml_style_nn.layers.dropout import Dropout
from labml_style_nn.layers.gelu import GELU
from labml_style_nn.layers.linear import Linear


class MLP(nn.Module):
    r"""## Two layers and a nonlinearity

    **Shape.** `(..., dim)` to the same.

    **Raises.** `ValueError` for a size below one, a rate outside $[0, 1)$, an unknown
    form of GELU, or an input with another last axis.

    **Source.** Section 2: "Each MLP block contains two fully-connected layers and a
    nonlinearity".
    """

    def __init__(
        self,
        dim: int,
        hidden_dim: int,
        dropout_rate: float = 0.0,
        approximate: Literal["none", "tanh"] = "none",
    ) -> None:
        super().__init__()
        check_positive(dim=dim, hidden_dim=hidden_dim)
        self.dim = dim
        self.fc1 = Linear(dim, hidden_dim)
        self.gelu = GELU(approximate)
        self.fc2 = Linear(hidden_dim, dim)
        self.dropout = Dropout(dropout_rate)

    def forward(self, x: Tensor) -> Tensor:
        """Apply both layers, and GELU between them."""
        check_shape(x, "...", self.dim)
        # $h = \sigma(W_1 x + b_1)$, the hidden layer. [`Dropout`][] has no weights, so
        # one serves both places where it may be applied.
        hidden = self.dropout(self.gelu(self.fc1(x)))
        # $W_2 h + b_2$.
        return self.dropout(self.fc2(hidden))
