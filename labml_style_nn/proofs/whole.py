r"""# A whole model against another implementation

A small network, asymmetric in every size, gets the weights and the images of another
implementation ([`reference`][]). Its scores, and the gradient of every weight and of
every pixel, must be the other's.
"""

from collections.abc import Iterator
from copy import deepcopy

import torch
from torch import Tensor, nn

from labml_style_nn.pretrained import timm_targets
from labml_style_nn.proofs.facts import Fact, difference
from labml_style_nn.proofs.reference import Stored


def scores_and_gradients(
    model: nn.Module, theirs: Stored, mode: str = ""
) -> Iterator[Fact]:
    """Compare the scores, and all gradients of a loss.

    `model` is in float64 and has their weights already. Where a network computes
    something else while it trains, what they computed then is stored under `train/`,
    and that is the `mode`.
    """
    image, training = theirs["x"].requires_grad_(), ", while training" * bool(mode)
    scores = model.train(bool(mode))(image)
    of = f"two images, {theirs.name.split()[0]}'s weights, float64{training}"
    yield difference(theirs.name, scores, theirs[f"{mode}y"], 1e-12, of)
    model.zero_grad()
    (scores * theirs["c"]).sum().backward()
    ours = {"gx": _gradient("the image", image), **_by_their_names(model)}
    expected = {name: theirs[f"{mode}{name}"] for name in ours}
    of, label = f"by image and by all weights{training}", "Difference of the gradients"
    yield difference(theirs.name, _row(ours), _row(expected), 1e-10, of, label)


def _by_their_names(model: nn.Module) -> dict[str, Tensor]:
    """The gradients of the weights, by the names of the stored ones."""
    # Gradients in the place of the weights can be read by timm's names. Running
    # statistics have none, and are no parameters.
    holder = deepcopy(model)
    gradients = {n: _gradient(n, tensor) for n, tensor in model.named_parameters()}
    holder.load_state_dict(gradients, strict=False)
    ours = {tensor.data_ptr() for tensor in holder.parameters()}
    return {
        f"g/{name}": tensor
        for name, tensor in timm_targets(holder).items()
        if tensor.data_ptr() in ours
    }


def _row(tensors: dict[str, Tensor]) -> Tensor:
    """All numbers, one after the other."""
    return torch.cat([tensor.flatten() for tensor in tensors.values()])


def _gradient(name: str, tensor: Tensor) -> Tensor:
    if tensor.grad is None:
        raise ValueError(f"no gradient reaches {name}")
    return tensor.grad
