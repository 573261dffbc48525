"""Pointwise convolution: a linear map over channels, in either layout."""

import pytest
import torch
from torch import nn

from labml_style_nn.layers.channel_mixing import ChannelMixing
from labml_style_nn.layers.gelu import GELU
from labml_style_nn.layers.pointwise_convolution import PointwiseConvolution


def layer_of(in_channels=5, out_channels=7):
    """Build the layer, the same each time."""
    torch.manual_seed(0)
    return PointwiseConvolution(in_channels, out_channels).double()


def test_it_is_a_linear_map_over_channels_with_its_gradients():
    layer, linear = layer_of(), nn.Linear(5, 7).double()
    linear.load_state_dict({"weight": layer.weight[:, :, 0, 0], "bias": layer.bias})
    x = torch.randn(2, 5, 4, 6, dtype=torch.double, requires_grad=True)
    found = layer(x)
    expected = linear(x.flatten(2).mT).mT.unflatten(2, (4, 6))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    cotangent = torch.randn_like(found)
    ours = torch.autograd.grad((found * cotangent).sum(), [x, *layer.parameters()])
    theirs = torch.autograd.grad(
        (expected * cotangent).sum(), [x, *linear.parameters()]
    )
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one.view_as(other), other, rtol=0, atol=1e-11)


def test_two_with_a_gelu_between_are_the_channel_mixing_of_a_mixer():
    torch.manual_seed(0)
    mixing = ChannelMixing(6, 24).double()
    first, last = PointwiseConvolution(6, 24), PointwiseConvolution(24, 6)
    for layer, linear in ((first, mixing.fc1), (last, mixing.fc2)):
        kernel = linear.weight[:, :, None, None]
        layer.double().load_state_dict({"weight": kernel, "bias": linear.bias})
    x = torch.randn(2, 6, 4, 5, dtype=torch.double)
    expected = mixing(x.flatten(2).mT).mT.unflatten(2, (4, 5))
    torch.testing.assert_close(last(GELU()(first(x))), expected, rtol=0, atol=1e-12)


def test_no_place_sees_another():
    layer = layer_of()
    x = torch.randn(1, 5, 4, 6, dtype=torch.double)
    other = x.clone()
    other[:, :, 2, 3] = 7
    changed = (layer(other) != layer(x)).any(dim=1)[0]
    assert changed.nonzero().tolist() == [[2, 3]]


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_the_layout_of_the_memory_is_kept(layout):
    layer, x = layer_of(), torch.randn(2, 5, 4, 6, dtype=torch.double)
    expected = layer(x)
    y = layer.to(memory_format=layout)(x.to(memory_format=layout))
    assert y.is_contiguous(memory_format=layout)
    torch.testing.assert_close(y, expected, rtol=0, atol=1e-12)


def test_it_begins_as_torch_begins():
    torch.manual_seed(0)
    ours = PointwiseConvolution(100, 60)
    torch.manual_seed(0)
    theirs = nn.Conv2d(100, 60, 1)
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    assert torch.equal(ours.weight, theirs.weight)
    assert torch.equal(ours.bias, theirs.bias)
    assert 0.099 < ours.weight.abs().max() <= 0.1


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="in_channels must be at least 1, got 0"):
        PointwiseConvolution(0, 3)
    with pytest.raises(ValueError, match="out_channels must be at least 1, got -3"):
        PointwiseConvolution(3, -3)
    for shape in [(2, 4, 5, 5), (2, 3, 5), (3, 5, 5)]:
        with pytest.raises(ValueError, match=r"expected shape \(batch, 3, height, wid"):
            PointwiseConvolution(3, 3)(torch.zeros(shape))
