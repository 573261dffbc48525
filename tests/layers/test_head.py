"""Pooling and the head: order does not matter, and nothing is said at the start."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from labml_style_nn.layers.head import ClassificationHead, GlobalAveragePooling


def test_pooling_is_the_mean_over_tokens():
    x = torch.randn(2, 24, 20, dtype=torch.double)
    expected = sum(x[:, token] for token in range(24)) / 24
    torch.testing.assert_close(GlobalAveragePooling()(x), expected)


@given(st.integers(0, 2**16))
def test_the_order_of_the_tokens_does_not_matter(seed):
    generator = torch.Generator().manual_seed(seed)
    head = ClassificationHead(20, 7).double()
    torch.nn.init.normal_(head.linear.weight)
    x = torch.randn(2, 24, 20, dtype=torch.double, generator=generator)
    order = torch.randperm(24, generator=generator)
    torch.testing.assert_close(head(x[:, order]), head(x), rtol=0, atol=1e-12)


def test_pooling_and_the_linear_map_may_be_exchanged():
    head = ClassificationHead(20, 7).double()
    torch.nn.init.normal_(head.linear.weight)
    torch.nn.init.normal_(head.linear.bias)
    x = torch.randn(2, 24, 20, dtype=torch.double)
    votes = head.linear(x).mean(dim=1)
    torch.testing.assert_close(head(x), votes, rtol=0, atol=1e-12)


def test_a_new_head_says_nothing():
    logits = ClassificationHead(20, 7)(torch.randn(2, 24, 20))
    assert torch.equal(logits, torch.zeros(2, 7))
    loss = torch.nn.functional.cross_entropy(logits, torch.tensor([1, 6]))
    torch.testing.assert_close(loss, torch.tensor(7.0).log())


def test_what_it_costs():
    head = ClassificationHead(20, 7)
    assert sum(p.numel() for p in head.parameters()) == 20 * 7 + 7
    with FlopCounterMode(display=False) as counter:
        head(torch.zeros(3, 24, 20))
    assert counter.get_total_flops() == 3 * 2 * (20 * 7)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="num_classes must be at least 1, got 0"):
        ClassificationHead(20, 0)
    with pytest.raises(ValueError, match="hidden_dim must be at least 1, got 0"):
        ClassificationHead(0, 7)
    with pytest.raises(ValueError, match=r"\(batch, tokens, 20\), got \(2, 24, 21\)"):
        ClassificationHead(20, 7)(torch.zeros(2, 24, 21))
    with pytest.raises(
        ValueError, match=r"\(batch, tokens, channels\), got \(24, 20\)"
    ):
        GlobalAveragePooling()(torch.zeros(24, 20))
