r"""# Exponential moving average of the weights

The last steps of a training still move the weights back and forth, since each step
follows the gradient of its own batch. An *exponential moving average* (EMA) of the
weights smooths that out. A second network holds the average, and it is the one that is
evaluated and kept:

$$\begin{aligned}
\bar\theta_t &= \beta_t \bar\theta_{t-1} + (1 - \beta_t) \theta_t, \\
\beta_t &= \min\left(\beta, \frac{1 + t}{10 + t}\right)
\end{aligned}$$

The first update copies the weights. With a constant decay $\beta$, the average would
remember the random initial weights for a long time: after 500 steps with $\beta =
0.995$ they still have a share of $0.995^{500} = 8 \%$. So the decay starts small and
grows to $\beta$.

The running statistics of batch normalisation are averaged in the same way. There the
warm-up matters most: a running variance begins at one, and may have to become a
thousand times smaller.

## Notation

- $t$, `number`: how many updates came before this one
- $\theta$, `current`: the weights, $\theta_t$ after a step
- $\bar\theta$, `average`: the average of the weights so far
- $\beta_t$, `decay`: the share of the average that is kept in this step
- $\beta$, `max_decay`: the largest decay

## Example

A weight that was zero, and is one from the second step on:

>>> model = nn.Linear(1, 1, bias=False)
>>> for max_decay in (0.0, 0.5, 0.995):
...     average = ema_model(model, max_decay)
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


def ema_model(model: nn.Module, max_decay: float) -> AveragedModel:
    """Make the network that holds the average of another's weights.

    It begins as a copy. Call `update_parameters` after each step.
    """

    @torch.no_grad()
    def follow(average: Tensors, current: Tensors, number: Tensor | int) -> None:
        decay = min(max_decay, (1 + int(number)) / (10 + int(number)))
        for mean, new in zip(average, current, strict=True):
            # A counter has no average: it is copied.
            mean.lerp_(new, 1 - decay) if mean.is_floating_point() else mean.copy_(new)

    return AveragedModel(model, multi_avg_fn=follow, use_buffers=True)
