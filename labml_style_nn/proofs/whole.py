r"""# A whole model against another implementation

A small network, asymmetric in every size, gets the weights and the images of another
implementation ([`reference`][]). Its scores, and the gradient of every weight and of
every pixel, must be the other's.
"""

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import Any

from torch import Tensor, nn

from labml_style_nn.pretrained import load_timm_weights, timm_targets
from labml_style_nn.proofs.facts import Fact, Layer, difference, of_gradients
from labml_style_nn.proofs.reference import Stored

# What the sizes of a model are called in stored files, and in our models.
SIZES = {
    "img_size": "image_size",
    "patch_size": "patch_size",
    "num_classes": "num_classes",
    "num_blocks": "num_layers",
    "depth": "num_layers",
    "embed_dim": "hidden_dim",
    "dim": "hidden_dim",
    "kernel_size": "kernel_size",
    "num_heads": "num_heads",
    "depths": "depths",
    "dims": "dims",
}


def small(build: Callable[..., Layer], theirs: Stored, **more: Any) -> Layer:
    """The network of timm's stored numbers, with timm's weights."""
    meta = theirs.meta
    sizes = {ours: meta[name] for name, ours in SIZES.items() if name in meta}
    if "mlp_ratio" in meta:
        sizes["channels_mlp_dim"] = meta["mlp_ratio"] * meta["embed_dim"]
    model = build(**sizes, **more).double()
    load_timm_weights(model, theirs.weights())
    return model


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
    by = f"by image and by all weights{training}"
    model.zero_grad()

    def gradients() -> Mapping[str, Tensor]:
        return {"gx": gradient("the image", image), **_by_their_names(model)}

    yield from output_and_gradients(theirs, scores, gradients, (of, by), mode)


def output_and_gradients(
    theirs: Stored,
    output: Tensor,
    gradients: Callable[[], Mapping[str, Tensor]],
    of: tuple[str, str],
    mode: str = "",
) -> Iterator[Fact]:
    """Compare an output, and the gradients of a loss, by the names of the stored ones.

    `gradients` is called when they are computed; `of` tells of what both facts are.
    """
    yield difference(theirs.name, output, theirs[f"{mode}y"], of[0])
    (output * theirs["c"]).sum().backward()
    ours = gradients()
    expected = [theirs[f"{mode}{name}"] for name in ours]
    yield of_gradients(theirs.name, ours.values(), expected, of[1])


def _by_their_names(model: nn.Module) -> dict[str, Tensor]:
    """The gradients of the weights, by the names of the stored ones."""
    # Gradients in the place of the weights can be read by timm's names. Running
    # statistics have none, and are no parameters.
    holder = deepcopy(model)
    gradients = {n: gradient(n, tensor) for n, tensor in model.named_parameters()}
    holder.load_state_dict(gradients, strict=False)
    ours = {tensor.data_ptr() for tensor in holder.parameters()}
    return {
        f"g/{name}": tensor
        for name, tensor in timm_targets(holder).items()
        if tensor.data_ptr() in ours
    }


def gradient(name: str, tensor: Tensor) -> Tensor:
    """The gradient of a tensor, or an error that names it."""
    if tensor.grad is None:
        raise ValueError(f"no gradient reaches {name}")
    return tensor.grad
