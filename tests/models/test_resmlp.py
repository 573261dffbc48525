"""ResMLP: how it begins, and what is linear in it."""

import pytest
import torch
from torch import nn

from labml_style_nn.layers.linear import Linear
from labml_style_nn.layers.token_mixing import TokenLinear
from labml_style_nn.models import resmlp
from labml_style_nn.models.resmlp import ResMLP, ResMLPBlock
from tests.tensors import draw, randomised, reaction

# The first layer scale in the authors' `resmlp_models.py`, which nobody can count.
SCALES = {
    "resmlp_12": 0.1,
    "resmlp_24": 1e-5,
    "resmlp_36": 1e-6,
    "resmlp_big_24": 1e-6,
}
SMALL = {
    "image_size": (16, 24),
    "patch_size": 4,
    "num_classes": 7,
    "num_layers": 2,
    "hidden_dim": 20,
    "channels_mlp_dim": 80,
}


@pytest.mark.parametrize("name", SCALES)
def test_the_named_models_begin_with_the_layer_scale_of_the_authors(name):
    model = getattr(resmlp, name)(image_size=16, num_classes=2, hidden_dim=4)
    for block in model.blocks:
        for layer_scale in (block.token_scale, block.channel_scale):
            assert layer_scale.weight.tolist() == pytest.approx([SCALES[name]] * 4)


def test_the_layer_scale_follows_the_number_of_layers_unless_it_is_given():
    small = {"image_size": 16, "num_layers": 1, "hidden_dim": 4}
    one = resmlp.resmlp_12(**small).blocks[0]
    assert one.token_scale.weight[0].item() == pytest.approx(0.1)
    given = resmlp.resmlp_big_24(**small, layer_scale=0.5).blocks[0]
    assert given.token_scale.weight[0] == 0.5


def test_without_channel_mixing_the_whole_network_is_linear():
    # Nothing but the GELU of channel mixing is not: no norm, no hidden layer of tokens.
    model, image, other = (
        randomised(ResMLP(**SMALL)),
        draw(2, 3, 16, 24),
        draw(2, 3, 16, 24, seed=1),
    )

    def apart():
        zero = model(torch.zeros_like(image))
        return model(image + other) - model(image) - model(other) + zero

    assert apart().abs().max() > 0.01
    for block in model.blocks:
        nn.init.zeros_(block.channel_scale.weight)
    assert apart().abs().max() < 1e-12


def test_a_row_of_the_token_map_says_who_is_heard():
    block = ResMLPBlock(6, 5, 8, layer_scale=0.1).double()
    with torch.no_grad():
        block.token_mixing.weight[2] = torch.tensor([0, 0, 0, 0, 1.5, 0])
    heard = reaction(block, draw(1, 6, 5)) > 0
    # Itself by the residual, and token 4.
    assert heard[2].tolist() == [False, False, True, False, True, False]
    assert heard[1].all()


@pytest.mark.parametrize("num_layers", [18, 24, 36])
def test_a_new_network_is_nearly_its_patch_embedding(num_layers):
    torch.manual_seed(0)
    model, seen = ResMLP(**(SMALL | {"num_layers": num_layers})).double(), []
    for stage in (model.patch_embedding, model.blocks[-1]):
        stage.register_forward_hook(lambda _m, _i, output: seen.append(output))
    model(draw(2, 3, 16, 24))
    first, last = seen
    assert 0 < (last - first).std() < 0.05 * first.std()


def test_it_begins_as_the_authors_begin():
    model = ResMLP(
        image_size=64, patch_size=4, num_classes=300, num_layers=1,
        hidden_dim=200, channels_mlp_dim=800,
    )  # fmt: skip
    block = model.blocks[0]
    for part in (block, model.head):
        kinds = Linear | TokenLinear
        for linear in (m for m in part.modules() if isinstance(m, kinds)):
            assert linear.weight.std().item() == pytest.approx(0.02, rel=0.02)
            assert (linear.bias == 0).all()


@pytest.mark.parametrize("shape", [(2, 7, 5), (2, 5, 6), (2, 6, 4), (6, 5)])
def test_a_table_that_does_not_fit_is_refused(shape):
    with pytest.raises(ValueError, match="expected shape"):
        ResMLPBlock(6, 5, 8, layer_scale=0.1)(torch.zeros(shape))
