"""PoolFormer: how it begins, and images of any size."""

import pytest
import torch

from labml_style_nn.models import poolformer
from labml_style_nn.models.poolformer import MapEmbedding, PoolFormer, PoolFormerBlock
from tests.models.networks import build, trained
from tests.tensors import draw

# What the layer scales begin with in the authors' code, which nobody can count.
SCALES = {"s12": 1e-5, "s24": 1e-5, "s36": 1e-6, "m36": 1e-6, "m48": 1e-6}
STAGES = {"depths": (1, 2, 1), "dims": (8, 12, 20), "mlp_ratio": 3}


@pytest.mark.parametrize("name", SCALES)
def test_options_override_the_sizes_and_leave_the_layer_scale_of_the_authors(name):
    model = getattr(poolformer, f"poolformer_{name}")(
        num_classes=5, in_channels=1, depths=(1, 1), dims=(8, 12)
    )
    assert model(torch.zeros(2, 1, 32, 40)).shape == (2, 5)
    block = model.stages[0].blocks[0]
    for scale in (block.token_scale, block.channel_scale):
        assert scale.weight.tolist() == pytest.approx([SCALES[name]] * 8)


def test_the_weights_begin_as_in_the_authors_code():
    torch.manual_seed(0)
    model = PoolFormer(num_classes=50, depths=(1,), dims=(64,))
    block = model.stages[0].blocks[0]
    for linear in (block.channel_mixing.fc1, block.channel_mixing.fc2):
        assert linear.weight.std().item() == pytest.approx(0.02, rel=0.05)
        assert (linear.bias == 0).all()
    assert model.head.linear.weight.std().item() == pytest.approx(0.02, rel=0.05)
    # PyTorch's own: uniform, up to one over the root of the inputs.
    largest = model.stages[0].embedding.weight.abs().max().item()
    assert largest == pytest.approx((3 * 7 * 7) ** -0.5, rel=0.01)


def test_any_size_of_image_will_do():
    model = trained("poolformer", **STAGES)
    for height, width in ((64, 96), (33, 47), (7, 7), (3, 50)):
        assert model(draw(2, 3, height, width)).shape == (2, 7)


def test_a_new_block_changes_almost_nothing():
    torch.manual_seed(0)
    x = torch.randn(2, 6, 8, 20)
    change = PoolFormerBlock(20, 80)(x) - x
    assert 0 < change.abs().max() < 1e-4


def test_what_is_too_small_or_no_map_is_refused():
    message = r"height and width must be at least 3, got \(40, 2\)"
    with pytest.raises(ValueError, match=message):
        build("poolformer", **STAGES)(torch.zeros(2, 3, 40, 2))
    message = r"expected shape \(batch, height, width, 3\), got"
    with pytest.raises(ValueError, match=message):
        MapEmbedding(3, 8, 3, 2, 1)(torch.zeros(2, 3, 32, 40))
