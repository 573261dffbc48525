"""The Vision Transformer: how it begins, and what positions and pooling do."""

import pytest
import torch
from torch import nn

from labml_style_nn.models import vit
from labml_style_nn.models.vit import VisionTransformer, ViTBlock
from labml_style_nn.proofs.reference import stored
from labml_style_nn.proofs.whole import small
from tests.models.networks import build, trained
from tests.tensors import close, draw

# Table 1 of the paper; the smaller ones are of the authors' code. No count tells these.
HEADS = {"tiny": 3, "small": 6, "base": 12, "large": 16, "huge": 16}


@pytest.mark.parametrize("scale", HEADS)
def test_the_named_models_have_the_heads_of_the_paper(scale):
    patch_size = 14 if scale == "huge" else 16
    with torch.device("meta"):
        model = getattr(vit, f"vit_{scale}_{patch_size}")(num_layers=2)
    assert {block.token_mixing.num_heads for block in model.blocks} == {HEADS[scale]}


def test_it_begins_as_the_authors_code_does():
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


@pytest.mark.parametrize(
    ("file", "pooling"), [("timm_vit_average", "class"), ("timm_vit", "average")]
)
def test_a_file_of_the_other_pooling_is_refused(file, pooling):
    with pytest.raises(ValueError, match="nothing was loaded"):
        small(VisionTransformer, stored(file), pooling=pooling)


def test_a_block_reads_tables_of_any_length():
    block = ViTBlock(20, 5, 44)
    for tokens in (1, 24, 25):
        assert block(torch.zeros(2, tokens, 20)).shape == (2, tokens, 20)


@pytest.mark.parametrize("name", ["vit", "vit_average"])
def test_without_positions_an_image_is_a_bag_of_patches(name):
    model, image = trained(name), draw(2, 3, 16, 24)
    order = torch.randperm(24, generator=torch.Generator().manual_seed(0))
    patches = nn.functional.unfold(image, 4, stride=4)[:, :, order]
    other = nn.functional.fold(patches, (16, 24), 4, stride=4)
    assert not torch.allclose(model(other), model(image))
    nn.init.zeros_(model.positions.table)
    close(model(other), model(image), 1e-10)


def test_the_class_token_is_the_first_row():
    # Of the scores of both poolings the proof speaks.
    model, image = trained("vit"), draw(2, 3, 16, 24)
    assert model.tokens(image).shape == (2, 25, 20)
    assert torch.equal(model.tokens(image)[1, 0], model.class_token[0, 0])
    assert not hasattr(build("vit_average"), "class_token")


def test_the_weights_of_attention_are_not_dropped():
    # As in the authors' configurations.
    model = build("vit", dropout_rate=0.2)
    assert {block.token_mixing.dropout_rate for block in model.blocks} == {0}
