"""A probe sees what the modules compute, and influences as autograd has them."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from labml_style_nn.layers.token_mixing import TokenMixing
from labml_style_nn.models.mlp_mixer import MLPMixer
from labml_style_nn.web_training.flat import Layout
from labml_style_nn.web_training.training_step import scaled
from labml_style_nn.web_training.variants import NETWORKS
from tests.graphs.conftest import HELD_OUT, Graphs, shaken


def given(model: MLPMixer, images: Tensor) -> dict[str, Tensor]:
    return {"theta": Layout.of(model).flatten(model), "images": images}


def overheard(model: nn.Module, images: Tensor) -> dict[str, Tensor]:
    """What goes into and comes out of the modules, by hooks."""
    seen: dict[str, Tensor] = {}

    def listen(name: str) -> Callable[..., None]:
        def hook(_: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
            seen[f"{name} in"], seen[f"{name} out"] = inputs[0], output

        return hook

    for name, module in model.named_modules():
        module.register_forward_hook(listen(name))
    with torch.no_grad():
        model(images)
    return seen


def mixings(model: MLPMixer) -> list[str]:
    return [n for n, module in model.named_modules() if isinstance(module, TokenMixing)]


@pytest.mark.parametrize("name", NETWORKS)
def test_it_sees_what_the_modules_compute(name: str, run: Graphs) -> None:
    model = shaken(name, by=0.1).eval()
    images = HELD_OUT.images[:3]
    found = run(f"{name}.probe")(given(model, images))
    seen = overheard(model, scaled(images))
    close = {"rtol": 1e-4, "atol": 1e-4}
    names = {f"mixed_{n}": mixing for n, mixing in enumerate(mixings(model))}
    assert sum(key.startswith("mixed") for key in found) == len(names)
    names |= {"logits": "head", "embeddings": "patch_embedding"}
    for name, module in names.items():
        torch.testing.assert_close(found[name], seen[f"{module} out"], **close)


@pytest.mark.parametrize("name", ["relu", "no_skip", "patch_4", "untied", "narrow"])
def test_influence_is_the_jacobian(name: str, run: Graphs) -> None:
    model = shaken(name, by=0.1).eval()
    image = HELD_OUT.images[5:6]
    found = run(f"{name}.probe")(given(model, image))
    seen = overheard(model, scaled(image))
    for number, mixing in enumerate(mixings(model)):
        layer, table = model.get_submodule(mixing), seen[f"{mixing} in"]
        # (1, S, C, 1, S, C): every number that comes out by every number that goes in.
        whole = torch.func.jacrev(layer)(table)[0, :, :, 0].detach()
        channels = range(table.shape[2])
        expected = sum(whole[:, c, :, c].abs() for c in channels)
        ours = found[f"influence_{number}"][0]
        torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-5)
        other = whole.clone()
        other[:, channels, :, channels] = 0
        assert not other.any(), "a channel hears of another"
