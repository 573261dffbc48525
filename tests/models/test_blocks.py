"""The blocks of Mixer, ResMLP and gMLP: who hears whom, and how they begin."""

import pytest
import torch
from torch import nn

from labml_style_nn.layers import Linear, TokenLinear
from labml_style_nn.models import resmlp
from labml_style_nn.models.gmlp import GMLPBlock
from labml_style_nn.models.mlp_mixer import MixerBlock
from labml_style_nn.models.resmlp import ResMLPBlock
from tests.models.networks import build, trained
from tests.tensors import close, draw, randomised, reaction


@pytest.fixture
def gmlp():
    """A new block for six tokens of five channels."""
    torch.manual_seed(0)
    return GMLPBlock(6, 5, 12).double()


def test_a_new_block_of_gmlp_treats_each_token_by_itself(gmlp):
    heard, others = reaction(gmlp, draw(1, 6, 5)), ~torch.eye(6, dtype=torch.bool)
    # Itself by the residual and by the MLP; the others by no more than the first
    # weights of the gate.
    assert heard.diagonal().min() > 0.1
    assert 0 < heard[others].max() < 1e-4
    # An open gate makes an ordinary MLP of it.
    x = draw(2, 6, 5)
    nn.init.zeros_(gmlp.token_mixing.projection.weight)
    first, _ = gmlp.gelu(gmlp.fc1(gmlp.channel_norm(x))).chunk(2, dim=-1)
    close(gmlp(x), x + gmlp.fc2(first), atol=0)


def test_after_one_trained_block_every_number_depends_on_every_other(gmlp):
    nn.init.normal_(gmlp.token_mixing.projection.weight)
    for block in (gmlp, randomised(MixerBlock(6, 5, 4, 8))):
        assert (torch.func.jacrev(block)(draw(1, 6, 5)) != 0).all()


@pytest.mark.parametrize("shape", [(2, 7, 5), (2, 5, 6), (2, 6, 1), (6, 5)])
def test_a_table_that_does_not_fit_is_refused(gmlp, shape):
    for block in (gmlp, ResMLPBlock(6, 5, 8, layer_scale=0.1).double()):
        with pytest.raises(ValueError, match="expected shape"):
            block(torch.zeros(shape).double())


# ResMLP. The first layer scale of the named models stands in the authors'
# `resmlp_models.py`; nobody can count it.
SCALES = {"12": 0.1, "24": 1e-5, "36": 1e-6, "big_24": 1e-6}


@pytest.mark.parametrize("name", SCALES)
def test_the_named_models_begin_with_the_layer_scale_of_the_authors(name):
    make = getattr(resmlp, f"resmlp_{name}")
    model = make(image_size=16, num_classes=2, hidden_dim=4)
    for block in model.blocks:
        for layer_scale in (block.token_scale, block.channel_scale):
            assert layer_scale.weight.tolist() == pytest.approx([SCALES[name]] * 4)


def test_the_layer_scale_follows_the_number_of_layers_unless_it_is_given():
    small = {"image_size": 16, "num_layers": 1, "hidden_dim": 4}
    one = resmlp.resmlp_12(**small).blocks[0]
    assert one.token_scale.weight[0].item() == pytest.approx(0.1)
    given = resmlp.resmlp_big_24(**small, layer_scale=0.5).blocks[0]
    assert given.token_scale.weight[0] == 0.5


def test_without_channel_mixing_the_whole_resmlp_is_linear():
    # Nothing but the GELU of channel mixing is not: no norm, no hidden layer of tokens.
    model, image = trained("resmlp"), draw(2, 3, 16, 24)
    other = draw(2, 3, 16, 24, seed=1)

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
def test_a_new_resmlp_is_nearly_its_patch_embedding(num_layers):
    torch.manual_seed(0)
    model, seen = build("resmlp", num_layers=num_layers).double(), []
    for stage in (model.patch_embedding, model.blocks[-1]):
        stage.register_forward_hook(lambda _m, _i, output: seen.append(output))
    model(draw(2, 3, 16, 24))
    first, last = seen
    assert 0 < (last - first).std() < 0.05 * first.std()


def test_resmlp_begins_as_the_authors_begin():
    sizes = {"image_size": 64, "num_classes": 300, "num_layers": 1}
    model = build("resmlp", **sizes, hidden_dim=200, channels_mlp_dim=800)
    for part in (model.blocks[0], model.head):
        kinds = Linear | TokenLinear
        for linear in (m for m in part.modules() if isinstance(m, kinds)):
            assert linear.weight.std().item() == pytest.approx(0.02, rel=0.02)
            assert (linear.bias == 0).all()
