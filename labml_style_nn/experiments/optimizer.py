r"""# The optimiser

AdamW: Adam, and weights that decay towards zero by themselves. In each step a weight
loses the share $\eta \lambda$ of what it is, whatever its gradient:

$$\theta \leftarrow (1 - \eta \lambda) \, \theta - \eta \, \text{Adam}(\nabla \ell)$$

Decay is meant for matrices: it keeps a network from leaning on a few large numbers. A
bias only moves a threshold, and the scale of a norm is meant to be near one; to pull
either towards zero helps nobody. So what has one axis does not decay, and what has two
or more does. That is a widespread habit, not a rule of the paper.

## Notation

- $\theta$, `model`: the weights
- $\eta$: the learning rate of the step ([`schedule`][experiments.schedule])
- $\lambda$, `weight_decay`: how fast weights decay
- $\ell$: the loss

## Example

>>> model = nn.Sequential(nn.Linear(3, 5), nn.LayerNorm(5))
>>> for group in adamw(model, weight_decay=0.1).param_groups:
...     print(group["weight_decay"], [tuple(p.shape) for p in group["params"]])
0.1 [(5, 3)]
0.0 [(5,), (5,), (5,)]

**Source.** I. Loshchilov and F. Hutter, "Decoupled Weight Decay Regularization", 2019,
[arXiv:1711.05101](https://arxiv.org/abs/1711.05101).
"""

import torch
from torch import nn


def adamw(model: nn.Module, weight_decay: float) -> torch.optim.AdamW:
    """Make the optimiser of a network. Its learning rate is set before each step."""
    learned = [weight for weight in model.parameters() if weight.requires_grad]
    matrices = [weight for weight in learned if weight.dim() > 1]
    vectors = [weight for weight in learned if weight.dim() <= 1]
    return torch.optim.AdamW(
        [
            {"params": matrices, "weight_decay": weight_decay},
            {"params": vectors, "weight_decay": 0.0},
        ],
        lr=0.0,
    )
