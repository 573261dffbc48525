r"""# A probe: what the network computes on the way"""

import torch
from torch import Tensor, nn
from torch.func import functional_call

from labml_style_nn.browser.flat import Layout
from labml_style_nn.layers.token_mixing import TokenMixing


class Probe:
    """## The probe"""

    inputs = ("theta", "images")

    def __init__(self, model: nn.Module) -> None:
        self.model = model.eval()
        self.layout = Layout.of(model)
        self.mixings = [m for m in model.modules() if isinstance(m, TokenMixing)]
        blocks = range(len(self.mixings))
        self.outputs = (
            "logits",
            "embeddings",
            *(f"mixed_{k}" for k in blocks),
            *(f"influence_{k}" for k in blocks),
        )

    def __call__(self, theta: Tensor, images: Tensor) -> tuple[Tensor, ...]:
        """Look at some images through the weights."""
        seen: dict[nn.Module, Tensor] = {}

        def note(module: nn.Module, _: tuple[Tensor, ...], output: Tensor) -> None:
            seen[module] = output

        embedding = self.model.get_submodule("patch_embedding")
        watched = [embedding, *self.mixings, *(m.fc1 for m in self.mixings)]
        handles = [module.register_forward_hook(note) for module in watched]
        weights = self.layout.unflatten(theta)
        with torch.no_grad():
            logits = functional_call(self.model, weights, (images,))
        for handle in handles:
            handle.remove()
        names = {module: name for name, module in self.model.named_modules()}
        influences = [
            influence(
                seen[mixing.fc1],
                mixing.gelu,
                weights[f"{names[mixing]}.fc1.weight"],
                weights[f"{names[mixing]}.fc2.weight"],
            )
            for mixing in self.mixings
        ]
        mixed = [seen[mixing] for mixing in self.mixings]
        return logits, seen[embedding], *mixed, *influences


def influence(before: Tensor, gelu: nn.Module, w1: Tensor, w2: Tensor) -> Tensor:
    """Sum, over channels, the absolute Jacobian of a token mixing."""
    before = before.detach().requires_grad_()
    (slope,) = torch.autograd.grad(gelu(before).sum(), before)
    # (batch, channels, S, D) @ (D, S)
    left = w2 * slope.transpose(1, 2)[:, :, None, :]
    return (left @ w1).abs().sum(dim=1)
