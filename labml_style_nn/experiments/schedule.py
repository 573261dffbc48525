r"""# The learning rate

How large a step may be. The rate rises in a straight line while the weights are still
random and their gradients point anywhere. Then it falls along half a cosine, so that
the last steps are small enough to settle:

$$\eta_t = \eta \cdot
\begin{cases}
(t + 1) / T_w & t < T_w \\
\tfrac12 \left(1 + \cos \pi \dfrac{t - T_w}{T - T_w}\right) & t \ge T_w
\end{cases}$$

It is a function of the step and of nothing else, so it has no state to store.

## Notation

- $t$, `step`: how many batches have been seen
- $T$, `steps`: how many there are in the whole training
- $T_w$, `warmup`: how many of them are used to warm up
- $\eta_t$: the learning rate of a step
- $\eta$, `largest`: the largest of them

## Example

>>> steps, warmup = 100, 20
>>> rates = [learning_rate(t, steps, warmup, 1e-3) for t in (0, 10, 19, 20, 60, 99)]
>>> [f"{rate:.2e}" for rate in rates]
['5.00e-05', '5.50e-04', '1.00e-03', '1.00e-03', '5.00e-04', '3.85e-07']
"""

import math


def learning_rate(step: int, steps: int, warmup: int, largest: float) -> float:
    """Compute the learning rate of a step, counted from zero."""
    if step < warmup:
        return largest * (step + 1) / warmup
    done = (step - warmup) / (steps - warmup)
    return largest * (1 + math.cos(math.pi * done)) / 2
