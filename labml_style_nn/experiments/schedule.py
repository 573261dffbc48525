r"""# Learning-rate schedule

The learning rate says how large a step is, and the schedule says how it changes during
a training. It rises linearly while the weights are still random and their gradients
change quickly from step to step: the *warm-up*. Then it falls along half a cosine to
zero (*cosine decay*), so that the last steps are small and the weights settle:

$$\eta_t = \eta \cdot
\begin{cases}
(t + 1) / T_w & t < T_w \\
\tfrac12 \left(1 + \cos \pi \dfrac{t - T_w}{T - T_w}\right) & t \ge T_w
\end{cases}$$

It is a function of the step alone, so a checkpoint stores no state for it.

## Notation

- $t$, `step`: how many steps have been taken
- $T$, `steps`: how many there are in the whole training
- $T_w$, `warmup`: how many of them are warm-up
- $\eta_t$: the learning rate of a step
- $\eta$, `peak`: the peak learning rate

## Example

>>> steps, warmup = 100, 20
>>> rates = [learning_rate(t, steps, warmup, 1e-3) for t in (0, 10, 19, 20, 60, 99)]
>>> [f"{rate:.2e}" for rate in rates]
['5.00e-05', '5.50e-04', '1.00e-03', '1.00e-03', '5.00e-04', '3.85e-07']
"""

import math


def learning_rate(step: int, steps: int, warmup: int, peak: float) -> float:
    """Compute the learning rate of a step, counted from zero."""
    if step < warmup:
        return peak * (step + 1) / warmup
    done = (step - warmup) / (steps - warmup)
    return peak * (1 + math.cos(math.pi * done)) / 2
