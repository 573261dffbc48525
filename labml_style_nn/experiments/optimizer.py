r"""# AdamW and weight decay

AdamW is Adam with *decoupled weight decay*: in each step, a weight loses the share
$\eta \lambda$ of its value, whatever its gradient is:

$$\theta \leftarrow (1 - \eta \lambda) \, \theta - \eta \, \text{Adam}(\nabla \ell)$$

Weight decay is a form of regularisation: it keeps the weights of a layer small, so that
a network does not fit its training examples with a few large numbers. It is meant for
weight matrices and kernels. A bias shifts an activation, and the scale of a
normalisation layer is meant to be near one; pulling them towards zero does little
against overfitting. So parameters with one axis do not decay here, and those with two
or more do. That is common practice and not a rule of the paper.

## Notation

- $\theta$, `model`: the weights
- $\eta$: the learning rate of the step ([`schedule`][experiments.schedule])
- $\lambda$, `weight_decay`: the strength of the decay
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
