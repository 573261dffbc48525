"""Each variant is the Mixer but for one change, and begins as it does.

What the changes come to, the examples of `variants` show.
"""

import pytest
import torch

from labml_style_nn.layers.gelu import GELU
from labml_style_nn.layers.layer_norm import LayerNorm
from labml_style_nn.models.mlp_mixer import MLPMixer
from labml_style_nn.web_training.variants import VARIANTS


@pytest.mark.parametrize("name", VARIANTS)
def test_what_remains_begins_as_in_the_whole_mixer(name: str) -> None:
    variant = VARIANTS[name]
    torch.manual_seed(4)
    model = variant.build()
    torch.manual_seed(4)
    whole = MLPMixer(image_size=8, in_channels=1, num_classes=10, **variant.settings)
    ours, weights = model.state_dict(), whole.state_dict()
    assert type(model) is MLPMixer
    assert ours.keys() <= weights.keys()
    assert name != "default" or len(ours) == len(weights)
    for key, weight in ours.items():
        # If a channel has weights of its own, they are those of all in the Mixer.
        each = weight.view(-1, *weights[key].shape)
        assert torch.equal(each, weights[key].expand_as(each))
        assert len(each) == (32 if name == "untied" and "token_mixing" in key else 1)


def test_each_leaves_out_what_it_says() -> None:
    built = {name: variant.build() for name, variant in VARIANTS.items()}
    kinds = {n: {type(m) for m in model.modules()} for n, model in built.items()}
    for kind, without in ((GELU, "relu"), (LayerNorm, "no_layer_norm")):
        assert {n for n in built if kind not in kinds[n]} == {without}
    keys = {name: " ".join(model.state_dict()) for name, model in built.items()}
    for part in ("token_mixing", "channel_mixing"):
        assert {n for n in built if part not in keys[n]} == {f"no_{part}"}
