r"""# The linear map and how it begins

Everything that an MLP-Mixer learns sits in linear maps: one embeds the patches, two mix
the tokens of each block, two mix its channels, one reads out the classes.

$$y = W x + b$$

PyTorch has this map. What differs here is only where it begins.

## Notation

- $d_{in}$, `in_features`: the size of the input vector
- $d_{out}$, `out_features`: the size of the output vector
- $W$, `weight`: the matrix, $d_{out} \times d_{in}$
- $b$, `bias`: the vector that is added, of size $d_{out}$

## What it costs

$d_{out} d_{in} + d_{out}$ parameters, and $d_{out} d_{in}$ multiply–adds a vector.

## Example

>>> import torch
>>> _ = torch.manual_seed(0)
>>> linear = Linear(1000, 1000)
>>> x = torch.randn(64, 1000)
>>> f"{linear(x).std():.2f}"
'1.01'
>>> f"{torch.nn.Linear(1000, 1000)(x).std():.2f}"
'0.58'
"""

import torch
from torch import nn

from labml_style_nn.layers.checks import check_positive


class Linear(nn.Linear):
    r"""## Linear

    **Shape.** `(..., in_features)` to `(..., out_features)`.

    **Raises.** `ValueError` for a size below one.

    **Source.** The initialisation is Flax's default for `Dense` and `Conv`.
    """

    def __init__(self, in_features: int, out_features: int) -> None:
        check_positive(in_features=in_features, out_features=out_features)
        super().__init__(in_features, out_features)

    # `nn.Linear` calls this method when it is built, and so may anybody who wants to
    # start again.
    def reset_parameters(self) -> None:
        """Draw the weights from `lecun_normal` and set the biases to zero."""
        lecun_normal_(self.weight)
        nn.init.zeros_(self.bias)


def lecun_normal_(weight: torch.Tensor) -> torch.Tensor:
    r"""Fill a matrix so that the variance of its input is kept.

    **Shape.** `(out_features, in_features)`, changed in place and returned.
    """
    std = weight.shape[1] ** -0.5 / 0.87962566103423978
    return nn.init.trunc_normal_(weight, std=std, a=-2 * std, b=2 * std)
