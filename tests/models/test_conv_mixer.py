"""ConvMixer: its nonlinearity, what it reads, and where memory lies."""

import pytest
import torch
from torch import nn

from labml_style_nn.layers import GELU, BatchNorm
from labml_style_nn.models import conv_mixer
from labml_style_nn.models.conv_mixer import SIZES
from tests.models.networks import build
from tests.tensors import close, draw, gradients, randomised


def new(**options):
    """A new model with small patches."""
    return build("conv_mixer", **({"patch_size": 2, "hidden_dim": 10} | options))


def small(**options):
    """The small model with nothing left at zero or one."""
    return randomised(new(**options))


def test_only_768_32_has_another_nonlinearity():
    for name in SIZES:
        with torch.device("meta"):
            model = getattr(conv_mixer, name)(num_layers=1)
            gelu = getattr(conv_mixer, name)(num_layers=1, activation=GELU)
        expected = nn.ReLU if name == "convmixer_768_32" else GELU
        kinds = {type(part) for part in model.modules()} & {nn.ReLU, GELU}
        assert kinds == {expected}
        assert {type(part) for part in gelu.modules()} & {nn.ReLU, GELU} == {GELU}


def test_images_of_any_size_that_the_patches_tile():
    model = small(patch_size=(3, 2)).eval()
    for height, width in [(3, 2), (9, 8), (30, 2)]:
        assert model(draw(2, 3, height, width)).shape == (2, 7)


@pytest.mark.parametrize("training", [True, False])
def test_the_layout_of_the_memory_changes_no_number_and_reaches_all(training):
    results = []
    for layout in (torch.contiguous_format, torch.channels_last):
        model, seen = small().train(training).to(memory_format=layout), []
        for module in model.modules():
            if isinstance(module, nn.Conv2d | BatchNorm):
                module.register_forward_hook(lambda _m, _i, y, s=seen: s.append(y))
                module.register_full_backward_hook(
                    lambda _m, _i, by, s=seen: s.append(by[0])
                )
        image = draw(2, 3, 8, 12).to(memory_format=layout).requires_grad_()
        y = model(image)
        results.append([y, *gradients(y, [image, *model.parameters()])])
        assert len(seen) == 2 * 10
        assert all(t.is_contiguous(memory_format=layout) for t in seen)
    for one, other in zip(*results, strict=True):
        close(one, other, 1e-10)


def test_an_image_of_half_a_patch_or_with_one_number_a_channel_is_refused():
    model = new()
    with pytest.raises(ValueError, match=r"multiple of patch_size, got \(9, 12\) and"):
        model(torch.zeros(2, 3, 9, 12))
    with pytest.raises(ValueError, match="two numbers or more for each channel"):
        model(torch.zeros(1, 3, 2, 2))
    assert model.eval()(torch.zeros(1, 3, 2, 2)).shape == (1, 7)
