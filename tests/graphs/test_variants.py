"""Each variant is the Mixer but for one change, and begins as it does."""

import pytest
import torch

from labml_style_nn.layers.gelu import GELU
from labml_style_nn.layers.layer_norm import LayerNorm
from labml_style_nn.models.mlp_mixer import MLPMixer
from labml_style_nn.web_training.variants import SETTINGS, VARIANTS


def test_the_default_is_the_mixer_of_its_page() -> None:
    torch.manual_seed(4)
    ours = VARIANTS["default"].build()
    torch.manual_seed(4)
    mixer = MLPMixer(image_size=8, in_channels=1, num_classes=10, **SETTINGS)
    assert type(ours) is MLPMixer
    assert all(
        map(torch.equal, ours.state_dict().values(), mixer.state_dict().values())
    )


@pytest.mark.parametrize("name", VARIANTS)
def test_what_remains_begins_as_in_the_whole_mixer(name: str) -> None:
    variant = VARIANTS[name]
    torch.manual_seed(4)
    ours = variant.build().state_dict()
    torch.manual_seed(4)
    whole = MLPMixer(image_size=8, in_channels=1, num_classes=10, **variant.settings)
    weights = whole.state_dict()
    assert ours.keys() <= weights.keys()
    for key, weight in ours.items():
        # If a channel has weights of its own, they are those of all in the Mixer.
        each = weight.view(-1, *weights[key].shape)
        assert torch.equal(each, weights[key].expand_as(each))
        assert len(each) == (32 if name == "untied" and "token_mixing" in key else 1)


def test_each_leaves_out_what_it_says() -> None:
    built = {name: variant.build() for name, variant in VARIANTS.items()}
    kinds = {n: {type(m) for m in model.modules()} for n, model in built.items()}
    assert {n for n in built if GELU not in kinds[n]} == {"relu"}
    assert {n for n in built if LayerNorm not in kinds[n]} == {"no_layer_norm"}
    keys = {name: " ".join(model.state_dict()) for name, model in built.items()}
    without = {n for n in built if "token_mixing" not in keys[n]}
    assert without == {"no_token_mixing"}
    without = {n for n in built if "channel_mixing" not in keys[n]}
    assert without == {"no_channel_mixing"}


def test_untied_channels_are_mixed_by_their_own_matrices() -> None:
    mixings = []
    for name in ("default", "untied"):
        torch.manual_seed(0)
        mixings.append(VARIANTS[name].build().blocks[0].token_mixing)
    tied, untied = mixings
    x, channel = torch.randn(5, 16, 32), 7
    torch.testing.assert_close(untied(x), tied(x))
    with torch.no_grad():
        untied.fc1.weight[channel].add_(1)
    changed = (untied(x) - tied(x)).abs().amax(dim=(0, 1)) > 1e-4
    assert changed.nonzero().flatten().tolist() == [channel]


def test_without_skips_a_block_forgets_what_it_read() -> None:
    """With mixings that compute zero, nothing is left; the Mixer's block keeps it."""
    x = torch.randn(2, 16, 32)
    for name, left in (("default", x), ("no_skip", torch.zeros_like(x))):
        block = VARIANTS[name].build().blocks[0]
        for parameter in block.parameters():
            torch.nn.init.zeros_(parameter)
        assert torch.equal(block(x), left)


def test_without_token_mixing_the_order_of_patches_tells_nothing() -> None:
    torch.manual_seed(0)
    table = torch.randn(2, 16, 32)
    order = torch.randperm(16)
    for name, alike in (("default", False), ("no_token_mixing", True)):
        block = VARIANTS[name].build().blocks[0]
        same = torch.allclose(block(table)[:, order], block(table[:, order]), atol=1e-5)
        assert same is alike
