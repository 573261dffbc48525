r"""# A training step as one function

A loop in PyTorch has objects that change: a model that holds weights, tensors that
collect gradients, an optimiser that remembers moments. Whoever wants to run a step
somewhere else, without PyTorch, needs it as a *function*: what it was goes in, what it
becomes comes out.

This is that function. All that changes is a vector of weights $\theta$, two vectors of
moments $m$ and $v$, and the number $t$ of steps so far. One call does what these lines
of a loop do:

```python
loss = F.cross_entropy(model(images), labels)
loss.backward()
optimizer.step()  # torch.optim.AdamW
```

With the gradient $g = \nabla_\theta \, \ell$ of the loss, AdamW is

$$\begin{aligned}
t &\leftarrow t + 1, \\
m &\leftarrow \beta_1 m + (1 - \beta_1)\, g, \\
v &\leftarrow \beta_2 v + (1 - \beta_2)\, g^2, \\
\theta &\leftarrow (1 - \eta \lambda d)\, \theta
  - \eta \, \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \varepsilon} .
\end{aligned}$$

Every operation on vectors is element by element. $d$ is one for the weights that decay
and zero for the others: matrices decay, biases and the scales of norms do not, as in
[`optimizer`][experiments.optimizer], which gives the reason.

## Notation

- $\theta$, `theta`: all weights of the network in one vector, as
  [`flat`][] puts them
- $g$, `gradient`: how the loss changes with each of them
- $m$, `first`: the running mean of the gradient
- $v$, `second`: the running mean of its square
- $t$, `count`: the number of steps
- $\ell$, `loss`: the cross entropy, its mean over the batch
- $\eta$, `lr`: the learning rate
- $\lambda$, `weight_decay`: how fast weights decay
- $d$: one for a weight that decays, zero for the others
- $\varepsilon$, `eps`: what keeps the division from one by zero
- $\beta_1$, $\beta_2$, `BETAS`: how much of the running means is kept

## What the network reads

Pixels from $-1$ (paper) to $1$ (ink), as in the authors' code. So [`scaled`][] is a
part of the step. Without it, empty paper would be a patch of zeros: the embedding would
make it a token of zeros, of which no layer norm can make anything. With it, a network
of the default sizes needed half as many steps.

## What is an input, and why

The learning rate and the weight decay are inputs, so that they can be changed between
two steps. So is $\varepsilon$, though nobody changes it: whoever makes a graph faster
may take a constant of $10^{-8}$ for zero, as the exporter of PyTorch does, and leave
the addition out. Then a weight whose gradient is zero gets $0 / 0$. In a Mixer this
happens in the very first step: [the head begins at zero][layers.head], so nothing
behind it has a gradient yet.

## Example

One step on two images. The answers of a new network are all alike, so the loss is
$\ln 10$:

>>> from labml_style_nn.web_training.variants import VARIANTS
>>> _ = torch.manual_seed(0)
>>> step = TrainingStep(VARIANTS["default"].build())
>>> state = step.begin()
>>> images, labels = torch.rand(2, 1, 8, 8), torch.tensor([3, 7])
>>> lr, weight_decay, eps = map(torch.tensor, (1e-3, 0.1, 1e-8))
>>> *state, loss, correct = step(*state, images, labels, lr, weight_decay, eps)
>>> f"{loss:.4f}"
'2.3026'

The second step on the same images is better:

>>> *state, loss, correct = step(*state, images, labels, lr, weight_decay, eps)
>>> bool(loss < 2.3), int(state[3])
(True, 2)

**Source.** I. Loshchilov and F. Hutter, "Decoupled Weight Decay Regularization", 2019,
[arXiv:1711.05101](https://arxiv.org/abs/1711.05101). The tests hold the step to
`torch.optim.AdamW`.
"""

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from labml_style_nn.web_training.flat import Layout

BETAS = (0.9, 0.999)
State = tuple[Tensor, Tensor, Tensor, Tensor]


class TrainingStep:
    r"""## The step

    **Shape.** `theta`, `first`, `second`: `(n,)`. `images`: `(batch, 1, height,
    width)`; `labels`: `(batch,)`, int64. All others are single numbers.
    """

    # The names of what goes in and what comes out, in their order. A graph has no other
    # way to tell them apart.
    inputs = (
        *("theta", "first", "second", "count", "images", "labels"),
        *("lr", "weight_decay", "eps"),
    )
    outputs = (
        *("new_theta", "new_first", "new_second", "new_count"),
        *("loss", "correct"),
    )

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.layout = Layout.of(model)

    def begin(self) -> State:
        """The state before the first step: the model's weights, and nothing known."""
        theta = self.layout.flatten(self.model)
        return theta, torch.zeros_like(theta), torch.zeros_like(theta), torch.zeros(())

    def __call__(
        self,
        theta: Tensor,
        first: Tensor,
        second: Tensor,
        count: Tensor,
        images: Tensor,
        labels: Tensor,
        lr: Tensor,
        weight_decay: Tensor,
        eps: Tensor,
    ) -> tuple[Tensor, ...]:
        """Do one step, and say how the network did before it."""
        # The gradient is asked of the vector. `unflatten` gives views of it, so the
        # gradients of all parameters come back as one vector too.
        theta = theta.detach().requires_grad_()
        weights = self.layout.unflatten(theta)
        # The model with these weights in the place of its own.
        logits = functional_call(self.model, weights, (scaled(images),))
        loss = F.cross_entropy(logits, labels)
        (gradient,) = torch.autograd.grad(loss, theta)
        state = (theta.detach(), first, second, count)
        state = self.adamw(state, gradient, lr, weight_decay, eps)
        correct = (logits.argmax(dim=1) == labels).sum()
        return *state, loss.detach(), correct

    def adamw(
        self,
        state: State,
        gradient: Tensor,
        lr: Tensor,
        weight_decay: Tensor,
        eps: Tensor,
    ) -> State:
        """Move the weights against the gradient."""
        theta, first, second, count = state
        beta_1, beta_2 = BETAS
        count = count + 1
        # $m$ and $v$.
        first = beta_1 * first + (1 - beta_1) * gradient
        second = beta_2 * second + (1 - beta_2) * gradient * gradient
        # The means began at zero. After $t$ steps they have only $1 - \beta^t$ of their
        # size, and the division makes up for it.
        mean = first / warmth(beta_1, count)
        spread = (second / warmth(beta_2, count)).sqrt()
        # $(1 - \eta \lambda d)\, \theta$. What decays comes first in $\theta$.
        matrices = theta[: self.layout.decaying] * (1 - lr * weight_decay)
        theta = torch.cat([matrices, theta[self.layout.decaying :]])
        return theta - lr * mean / (spread + eps), first, second, count


def warmth(beta: float, count: Tensor) -> Tensor:
    r"""Compute $1 - \beta^t$.

    In float64: for $\beta_2$ and the first step it is $1 - 0.999$, and in float32 the
    difference of two numbers so near to each other has an error of $10^{-5}$ of itself.
    """
    return (1 - beta ** count.double()).to(count.dtype)


def scaled(images: Tensor) -> Tensor:
    """Turn pixels from 0 to 1 into what the network reads, from -1 to 1.

    **Shape.** Any, to the same.
    """
    return 2 * images - 1
