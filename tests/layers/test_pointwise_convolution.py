"""Pointwise convolution: its beginning, and its memory in either layout."""

import pytest
import torch
from torch import nn

from labml_style_nn.layers.channel_mixing import ChannelMixing
from labml_style_nn.layers.gelu import GELU
from labml_style_nn.layers.pointwise_convolution import PointwiseConvolution
from tests.tensors import alike, close, draw, randomised


def test_two_with_a_gelu_between_are_the_channel_mixing_of_a_mixer():
    mixing = randomised(ChannelMixing(6, 24))
    first, last = PointwiseConvolution(6, 24), PointwiseConvolution(24, 6)
    for layer, linear in ((first, mixing.fc1), (last, mixing.fc2)):
        kernel = linear.weight[:, :, None, None]
        layer.double().load_state_dict({"weight": kernel, "bias": linear.bias})
    x = draw(2, 6, 4, 5).requires_grad_()
    y = last(GELU()(first(x)))
    expected = mixing(x.flatten(2).mT).mT.unflatten(2, (4, 5))
    by = [x, *first.parameters(), *last.parameters()]
    alike(y, by, expected, [x, *mixing.parameters()])


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_the_layout_of_the_memory_is_kept(layout):
    layer, x = randomised(PointwiseConvolution(5, 7)), draw(2, 5, 4, 6)
    expected = layer(x)
    y = layer.to(memory_format=layout)(x.to(memory_format=layout))
    assert y.is_contiguous(memory_format=layout)
    close(y, expected)


def test_it_begins_as_torch_begins():
    torch.manual_seed(0)
    ours = PointwiseConvolution(100, 60)
    torch.manual_seed(0)
    theirs = nn.Conv2d(100, 60, 1)
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    assert torch.equal(ours.weight, theirs.weight)
    assert torch.equal(ours.bias, theirs.bias)
