r"""# Averages of weights

The weights of the last steps of a training still wander around a good place, each step
pulled by its own batch. Their average is nearer to it. So a second network follows the
first, and is the one to use in the end:

$$\bar\theta_t = \beta_t \bar\theta_{t-1} + (1 - \beta_t) \theta_t, \qquad
\beta_t = \min\left(\beta, \frac{1 + t}{10 + t}\right)$$

With a $\beta_t$ that is always the same, the average would remember the first weights,
which are random, for a long time: after 500 steps with $\beta = 0.995$, they still have
a share of $0.995^{500} = 8 \%$. So it begins short and becomes longer.

The running statistics of batch norms are averaged in the same way. There it matters
most: a variance begins at one, and may have to become a thousand times smaller.

## Notation

- $t$, `number`: how many steps have been averaged before
- $\theta$, `current`: the weights, $\theta_t$ after a step
- $\bar\theta$, `average`: the average of the weights so far
- $\beta_t$, `kept`: the share of the average that stays
- $\beta$, `most`: the largest such share

## Example

A weight that was zero, and is one from the second step on:

>>> model = nn.Linear(1, 1, bias=False)
>>> for most in (0.0, 0.5, 0.995):
...     average = averaged(model, most)
...     for value in (0.0, 1.0, 1.0, 1.0):
...         _ = nn.init.constant_(model.weight, value)
...         average.update_parameters(model)
...     print(round(average.module.weight.item(), 4))
1.0
0.986
0.986

**Source.** The minimum is that of TensorFlow's `ExponentialMovingAverage`.
"""

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

Tensors = tuple[Tensor, ...] | list[Tensor]


def averaged(model: nn.Module, most: float) -> AveragedModel:
    """Make the network that follows another.

    `update_parameters` moves it a step on. At first it is a copy.
    """

    @torch.no_grad()
    def follow(average: Tensors, current: Tensors, number: Tensor | int) -> None:
        kept = min(most, (1 + int(number)) / (10 + int(number)))
        for mean, new in zip(average, current, strict=True):
            # A count has no average: it is taken over.
            mean.lerp_(new, 1 - kept) if mean.is_floating_point() else mean.copy_(new)

    return AveragedModel(model, multi_avg_fn=follow, use_buffers=True)
