"""The Vision Transformer: its heads, and how it begins."""

import pytest
import torch

from labml_style_nn.models import vit
from tests.models.networks import build

# Table 1 of the paper; the smaller ones are of the authors' code. No count tells these.
HEADS = {"tiny": 3, "small": 6, "base": 12, "large": 16, "huge": 16}


@pytest.mark.parametrize("scale", HEADS)
def test_the_named_models_have_the_heads_of_the_paper(scale):
    patch_size = 14 if scale == "huge" else 16
    with torch.device("meta"):
        model = getattr(vit, f"vit_{scale}_{patch_size}")(num_layers=2)
    assert {block.token_mixing.num_heads for block in model.blocks} == {HEADS[scale]}


def test_it_begins_as_the_authors_code_does_and_drops_no_weights_of_attention():
    torch.manual_seed(0)
    model = build("vit", hidden_dim=200, channels_mlp_dim=600)
    assert (model.class_token == 0).all()
    assert model.positions.table.std().item() == pytest.approx(0.02, rel=0.05)
    for block in model.blocks:
        attention, mlp = block.token_mixing, block.channel_mixing
        maps = [*attention.qkv.weight.chunk(3), attention.projection.weight]
        for weight in (*maps, mlp.fc1.weight, mlp.fc2.weight):
            # Uniform between the bounds of Xavier's rule, which has this variance.
            bound = (6 / sum(weight.shape)) ** 0.5
            assert 0.99 * bound < weight.abs().max() <= bound
            assert weight.var().item() == pytest.approx(bound**2 / 3, rel=0.05)
        assert (attention.qkv.bias == 0).all()
        assert (attention.projection.bias == 0).all()
        for layer in (mlp.fc1, mlp.fc2):
            assert layer.bias.std().item() == pytest.approx(1e-6, rel=0.2)
    # As in the authors' configurations.
    model = build("vit", dropout_rate=0.2)
    assert {block.token_mixing.dropout_rate for block in model.blocks} == {0}
