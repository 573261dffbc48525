r"""# A probe: what the network computes on the way

A second graph of the same network looks inside. It takes the weights and some images
and gives, beside the answer, what is computed on the way: the table that the patch
embedding makes, what the token mixing of each block adds to it, and which patches it
mixes with which. It is small and quick, so a page can ask it while somebody is drawing.

## Which patch is mixed with which

Token mixing reads a table $Z$ (the normalised one) of $S$ rows and computes
$U_{*,c} = W_2 \, \sigma(W_1 Z_{*,c} + b_1) + b_2$ in each channel $c$ by itself. How
much does row $i$ of the result depend on row $j$ of what it read? The derivative says
so, for this image, at this place of the curve $\sigma$:

$$J^{(c)}_{ij} = \frac{\partial U_{ic}}{\partial Z_{jc}}
= \sum_d (W_2)_{id} \, \sigma'(H_{dc}) \, (W_1)_{dj},
\qquad H = W_1 Z + b_1 \mathbf{1}^\top .$$

No channel depends on another here, so this is the whole Jacobian: $C$ matrices of
$S \times S$. One number for each pair of patches is left of it when the channels are
summed, without their signs, since a push and a pull are both an influence:

$$A_{ij} = \sum_c \bigl| J^{(c)}_{ij} \bigr| .$$

The measure is exact for a small change of $Z$, and says nothing of a large one. It
looks at one block: what earlier blocks have mixed is in $Z$ already. And the skip
connection, which hands every patch to itself, is not in it.

## Notation

- $Z$: the table that token mixing reads, normalised, $S \times C$
- $U$: the table that it computes
- $H$, `hidden`: its hidden layer before the nonlinearity, $D_S \times C$
- $W_1$, $W_2$, $b_1$, $b_2$, `fc1`, `fc2`: its weights
- $\sigma$, `gelu`: the nonlinearity; $\sigma'$, `slope`, its derivative
- $J_{ij}$, `jacobian`: the derivative of row $i$ by row $j$, in each channel
- $c$: the index of a channel
- $\mathbf{1}^\top$: a row of ones, which repeats a bias in every column
- $A$: the influence of each patch on each
- $S$: the number of patches
- $C$: the number of channels
- $D_S$: the width of the hidden layer
- $\theta$, `theta`: all weights of the network in one vector

## Example

>>> from labml_style_nn.web_training.variants import VARIANTS
>>> model = VARIANTS["depth_2"].build()
>>> probe = Probe(model)
>>> theta = probe.layout.flatten(model)
>>> seen = probe(theta, torch.rand(3, 1, 8, 8))
>>> for name, tensor in zip(probe.outputs, seen):
...     print(name, tuple(tensor.shape))
logits (3, 10)
embeddings (3, 16, 32)
mixed_0 (3, 16, 32)
mixed_1 (3, 16, 32)
influence_0 (3, 16, 16)
influence_1 (3, 16, 16)
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.func import functional_call

from labml_style_nn.layers.token_mixing import TokenMixing
from labml_style_nn.web_training.flat import Layout
from labml_style_nn.web_training.training_step import scaled


class Probe:
    """## The probe

    A network without token mixing has no `mixed_0` and no `influence_0`.

    **Shape.** `theta`: `(n,)`. `images`: `(batch, 1, height, width)`.
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.layout = Layout.of(model)
        self.embedding = model.get_submodule("patch_embedding")
        modules = model.named_modules()
        self.mixings = {n: m for n, m in modules if isinstance(m, TokenMixing)}
        numbers = range(len(self.mixings))
        self.inputs = ("theta", "images")
        self.outputs = (
            *("logits", "embeddings"),
            *(f"mixed_{number}" for number in numbers),
            *(f"influence_{number}" for number in numbers),
        )

    def __call__(self, theta: Tensor, images: Tensor) -> tuple[Tensor, ...]:
        """Look at images through some weights."""
        mixings = self.mixings.values()
        hidden_layers = [mixing.fc1 for mixing in mixings]
        weights = self.layout.unflatten(theta)
        # What a module returns, a hook can read. The module is left as it is.
        with watching([self.embedding, *mixings, *hidden_layers]) as seen:
            logits = functional_call(self.model, weights, (scaled(images),))
        influences = [
            influence(seen[mixing.fc1], mixing.gelu, weights, name)
            for name, mixing in self.mixings.items()
        ]
        mixed = [seen[mixing] for mixing in mixings]
        return logits, seen[self.embedding], *mixed, *influences


@contextmanager
def watching(modules: Sequence[nn.Module]) -> Iterator[dict[nn.Module, Tensor]]:
    """Keep what some modules return, as long as the context lasts."""
    seen: dict[nn.Module, Tensor] = {}

    def keep(module: nn.Module, _: object, output: Tensor) -> None:
        seen[module] = output

    handles = [module.register_forward_hook(keep) for module in modules]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def influence(
    hidden: Tensor, gelu: nn.Module, weights: dict[str, Tensor], name: str
) -> Tensor:
    """Compute how much each patch depends on each, in one token mixing.

    **Shape.** `hidden`: `(batch, D, channels)` to `(batch, S, S)`: a row for the patch
    that depends, a column for the patch it depends on.
    """
    # $\sigma'(H)$. The sum has the derivative of each of its terms, since each hidden
    # number is in one term only.
    hidden = hidden.detach().requires_grad_()
    (slope,) = torch.autograd.grad(gelu(hidden).sum(), hidden)
    # $W_2$ with its columns scaled by the slopes of a channel, for each channel.
    fc1, fc2 = (weights[f"{name}.{layer}.weight"] for layer in ("fc1", "fc2"))
    scaled = fc2 * slope.transpose(1, 2).unsqueeze(2)
    # $J^{(c)}$: `(batch, channels, S, S)`.
    jacobian = scaled @ fc1
    return jacobian.abs().sum(dim=1)
