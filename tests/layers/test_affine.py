"""The affine layer: how it begins, its gradients, and what it can be folded into."""

import pytest
import torch

from labml_style_nn.layers.affine import Affine, folded
from labml_style_nn.layers.head import ClassificationHead
from labml_style_nn.layers.linear import Linear
from labml_style_nn.layers.token_mixing import TokenLinear
from tests.tensors import alike, close, draw, randomised

S, C, D = 24, 20, 80


def test_a_new_layer_is_the_identity():
    x = draw(2, S, C)
    assert torch.equal(Affine(C).double()(x), x)


def test_each_channel_has_its_scale_and_its_shift_with_their_gradients():
    affine, x = randomised(Affine(C)), draw(2, S, C).requires_grad_()
    weights = affine.alpha, affine.beta
    expected = torch.einsum("bsc,c->bsc", x, affine.alpha) + affine.beta
    alike(affine(x), [x, *weights], expected)


def test_a_folded_map_is_a_layer_of_its_own_that_can_be_trained():
    affine, linear = randomised(Affine(C)), randomised(Linear(C, D))
    before = [parameter.clone() for parameter in (*affine.parameters(), linear.weight)]
    one = folded(affine, linear)
    after = [*affine.parameters(), linear.weight]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert one.weight.dtype == torch.double
    assert all(parameter.requires_grad for parameter in one.parameters())
    assert one.weight.data_ptr() != linear.weight.data_ptr()


def test_the_last_affine_layer_folds_into_the_head_for_a_mean_is_linear():
    affine, head = randomised(Affine(C)), randomised(ClassificationHead(C, 7))
    x = draw(2, S, C)
    expected = head(affine(x))
    head.linear = folded(affine, head.linear)
    close(head(x), expected)


def test_a_map_over_tokens_or_over_other_channels_can_take_no_affine_layer():
    # Not even one over tokens that would fit: its weight multiplies tokens.
    with pytest.raises(ValueError, match="only a map over channels can be folded, got"):
        folded(Affine(C), TokenLinear(C, C))
    message = r"expected shape \(out_features, 20\), got \(80, 24\)"
    with pytest.raises(ValueError, match=message):
        folded(Affine(C), Linear(S, D))
