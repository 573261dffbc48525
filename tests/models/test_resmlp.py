"""ResMLP: how it begins."""

import pytest

from labml_style_nn.layers import Linear, TokenLinear
from labml_style_nn.models import resmlp
from tests.models.networks import build

# The first layer scale of the named models stands in the authors'
# `resmlp_models.py`; nobody can count it.
SCALES = [("12", {}, 0.1), ("24", {}, 1e-5), ("36", {}, 1e-6), ("big_24", {}, 1e-6)]
# It follows the number of layers, unless it is given.
SCALES += [("36", {"num_layers": 1}, 0.1), ("big_24", {"layer_scale": 0.5}, 0.5)]


@pytest.mark.parametrize(("name", "options", "scale"), SCALES)
def test_a_model_begins_with_the_layer_scale_of_the_authors(name, options, scale):
    make = getattr(resmlp, f"resmlp_{name}")
    model = make(image_size=16, num_classes=2, hidden_dim=4, **options)
    for block in model.blocks:
        for layer_scale in (block.token_scale, block.channel_scale):
            assert layer_scale.weight.tolist() == pytest.approx([scale] * 4)


def test_resmlp_begins_as_the_authors_begin():
    sizes = {"image_size": 64, "num_classes": 300, "num_layers": 1}
    model = build("resmlp", **sizes, hidden_dim=200, channels_mlp_dim=800)
    for part in (model.blocks[0], model.head):
        kinds = Linear | TokenLinear
        for linear in (m for m in part.modules() if isinstance(m, kinds)):
            assert linear.weight.std().item() == pytest.approx(0.02, rel=0.02)
            assert (linear.bias == 0).all()
