"""Attention: PyTorch's numbers, who may look where, and what does not fit."""

import re

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.attention import SDPBackend, sdpa_kernel

from labml_style_nn.layers import MultiHeadAttention
from labml_style_nn.layers.attention import attention_weights, dot_product_attention
from labml_style_nn.layers.masked_attention import fused_attention
from labml_style_nn.proofs.attention_proofs import pytorch_attention
from tests.tensors import alike, close, draw, randomised

B, Q, K, C, H = 2, 5, 11, 24, 3


def closed(*shape, seed=0, rate=0.4):
    """Draw a mask."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(shape, generator=generator) < rate


def layer(dtype=torch.double, **options):
    """Attention with nothing left at zero."""
    return randomised(MultiHeadAttention(C, H, **options)).to(dtype)


PADDING = torch.arange(K) >= torch.tensor([[K], [7]])
CAUSAL = torch.ones(K, K, dtype=torch.bool).triu(1)
# A key that all may see, so that no query is left with none: PyTorch would give NaN.
ONE_OPEN = torch.arange(K) > 0
PER_IMAGE, PER_HEAD = closed(B, K, K) & ONE_OPEN, closed(B, H, K, K, seed=1) & ONE_OPEN
OF_IMAGES, OF_HEADS = PER_IMAGE.repeat_interleave(H, dim=0), PER_HEAD.flatten(0, 1)
ALL = (PER_IMAGE | CAUSAL).repeat_interleave(H, dim=0)


def same(names, **masks):
    """A case with one name for each mask."""
    return names, masks, masks


PADDED, CLOSED = {"key_padding_mask": PADDING}, {"attn_mask": PER_IMAGE}
PADDED_CAUSAL = {**PADDED, "attn_mask": ALL}
# What looks at what, our options, PyTorch's options.
CASES = {
    "self": same("x"),
    "causal": ("x", {"is_causal": True}, {"attn_mask": CAUSAL}),
    "rule": same("x", attn_mask=PER_IMAGE[0]),
    "rule for each image": ("x", CLOSED, {"attn_mask": OF_IMAGES}),
    "rule for each head": ("x", {"attn_mask": PER_HEAD}, {"attn_mask": OF_HEADS}),
    "padding": same("x", **PADDED),
    "all masks": ("x", {**CLOSED, **PADDED, "is_causal": True}, PADDED_CAUSAL),
    "cross": same("xzz"),
    "cross, padded": same("xzz", **PADDED),
    "three tables": same("xzv"),
    "three tables, rule": same("xzv", attn_mask=PER_IMAGE[0, :Q]),
}


def tables(case, dtype):
    """Give a case its tables: our arguments, and PyTorch's three."""
    names, ours, theirs = CASES[case]
    drawn = {
        "x": draw(B, K if names == "x" else Q, C, dtype=dtype),
        "z": draw(B, K, C, seed=1, dtype=dtype),
        "v": draw(B, K, C, seed=2, dtype=dtype),
    }
    # What is both keys and values is given once to ours, and twice to PyTorch's.
    given = [drawn[name].requires_grad_() for name in dict.fromkeys(names)]
    three = [drawn[name] for name in (names if len(names) == 3 else "xxx")]
    return given, three, ours, theirs


@pytest.mark.parametrize("dtype", [torch.double, torch.float])
@pytest.mark.parametrize("case", CASES)
def test_values_weights_and_gradients_are_torchs(case, dtype):
    given, three, our_masks, their_masks = tables(case, dtype)
    ours, theirs = layer(dtype), pytorch_attention(layer()).to(dtype)
    y = ours(*given, **our_masks)
    expected, weights = theirs(*three, **their_masks, average_attn_weights=False)
    tolerance = 1e-11 if dtype == torch.double else 2e-6
    close(ours.weights(*given[:2], **our_masks), weights, tolerance)
    by_theirs = [*given, *theirs.parameters()]
    alike(y, [*given, *ours.parameters()], expected, by_theirs, tolerance)


@pytest.mark.parametrize("masked", [False, True])
def test_dropped_weights_are_those_that_torch_drops(masked):
    attention, x = layer(dropout_rate=0.3), draw(B, K, C)
    theirs = pytorch_attention(attention)
    theirs.dropout = 0.3
    mask = CAUSAL if masked else None
    torch.manual_seed(0)
    y = attention(x, attn_mask=mask)
    torch.manual_seed(0)
    expected, _ = theirs(x, x, x, attn_mask=mask)
    close(y, expected)
    assert not torch.allclose(y, attention(x, attn_mask=mask))
    attention.eval()
    torch.testing.assert_close(attention(x, attn_mask=mask), layer()(x, attn_mask=mask))
    # The weights to look at are never dropped.
    torch.testing.assert_close(attention.train().weights(x), layer().weights(x))


@given(st.integers(0, 2**16), st.floats(0, 1), st.booleans())
def test_the_fused_function_is_the_equation(seed, rate, every_head):
    shapes = (B, H, Q, 8), (B, H, K, 8), (B, H, K, 8)
    q, k, v = (draw(*s, seed=seed + n).requires_grad_() for n, s in enumerate(shapes))
    mask = closed(B, H if every_head else 1, Q, K, seed=seed, rate=rate)
    equation = dot_product_attention(q, k, v, mask)
    alike(fused_attention(q, k, v, mask), [q, k, v], equation)


def test_it_can_be_differentiated_twice_where_nothing_is_fused():
    x = draw(1, 2, 5, 8).requires_grad_()

    def second(attend):
        loss = attend(x, x, x).square().sum()
        (first,) = torch.autograd.grad(loss, x, create_graph=True)
        return torch.autograd.grad(first.square().sum(), x)[0]

    with sdpa_kernel(SDPBackend.MATH):
        expected = second(dot_product_attention)
        torch.testing.assert_close(second(fused_attention), expected)
        attention = MultiHeadAttention(8, 2).double()

        def by_steps(x, *_):
            mean = dot_product_attention(*attention.project(x[0]))
            return attention.projection(mean.transpose(1, 2).flatten(2))

        expected = second(by_steps)
        assert expected.abs().max() > 0
        torch.testing.assert_close(second(lambda x, *_: attention(x[0])), expected)


@pytest.mark.parametrize("dtype", [torch.float, torch.bfloat16])
def test_large_scores_overflow_nowhere(dtype):
    q, k = 100 * draw(Q, 8), 100 * draw(K, 8, seed=1)
    expected = attention_weights(q.to(dtype).double(), k.to(dtype).double())
    found = attention_weights(q.to(dtype), k.to(dtype))
    assert found.isfinite().all()
    assert (q @ k.mT).abs().max() > 10_000
    tolerance = 1e-2 if dtype == torch.float else 1
    torch.testing.assert_close(found.double(), expected, rtol=0, atol=tolerance)
    torch.testing.assert_close(found.sum(-1).float(), torch.ones(Q), atol=0.01, rtol=0)


def test_a_closed_key_of_the_largest_score_has_no_say():
    q, k = torch.tensor([[30.0]]), torch.tensor([[1.0], [2.0], [1000.0]])
    mask = torch.tensor([[False, False, True]])
    weights = attention_weights(q, k, mask)
    torch.testing.assert_close(weights[0, :2], torch.tensor([30.0, 60]).softmax(-1))
    assert weights[0, 2] == 0


NOWHERE = torch.tensor([[False] * Q, [True] * 2 + [False] * (Q - 2)])


@pytest.mark.parametrize("training", [False, True])
def test_a_query_that_may_look_nowhere_gets_zero_and_gives_no_gradient(training):
    attention = layer(dropout_rate=0.2 if training else 0.0)
    x, z = draw(B, Q, C).requires_grad_(), draw(B, K, C, seed=1).requires_grad_()
    mask = NOWHERE[:, :, None].expand(-1, -1, K)
    y = attention(x, z, attn_mask=mask)
    bias = attention.projection.bias
    torch.testing.assert_close(y[1, :2], bias.expand(2, -1), rtol=0, atol=0)
    assert not torch.allclose(y[1, 2], bias)
    assert (attention.weights(x, z, attn_mask=mask)[1, :, :2] == 0).all()
    gradient = torch.autograd.grad(y.square().sum(), (x, z, attention.qkv.weight))
    assert all(g.isfinite().all() for g in gradient)
    assert (gradient[0][1, :2] == 0).all()
    assert (gradient[0][1, 2:] != 0).any()


def test_the_bias_of_the_keys_changes_nothing():
    # It adds one number to all scores of a query, and softmax takes it away.
    attention, x = layer(), draw(B, K, C)
    before = attention(x)
    with torch.no_grad():
        attention.qkv.bias[C : 2 * C] += 3
    torch.testing.assert_close(attention(x), before, rtol=0, atol=1e-12)


def test_each_third_begins_with_the_variance_of_a_square_map():
    torch.manual_seed(0)
    attention = MultiHeadAttention(512, 8)
    for third in attention.qkv.weight.chunk(3):
        assert third.var().item() * 512 == pytest.approx(1, abs=0.02)
    assert (attention.qkv.bias == 0).all()


def test_export_with_a_free_batch_and_a_free_length():
    attention = layer().eval()
    sizes = {0: torch.export.Dim("batch", min=2), 1: torch.export.Dim("tokens", min=2)}
    program = torch.export.export(attention, (draw(3, K, C),), dynamic_shapes=(sizes,))
    x = draw(5, 17, C)
    torch.testing.assert_close(program.module()(x), attention(x))


def test_half_precision_is_near_and_finite():
    attention, x = layer(torch.float), draw(B, K, C, dtype=torch.float)
    expected = attention(x, key_padding_mask=PADDING)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = attention(x, key_padding_mask=PADDING)
    halved = attention.bfloat16()(x.bfloat16(), key_padding_mask=PADDING)
    for output in (mixed, halved):
        assert output.dtype == torch.bfloat16
        assert (output.float() - expected).abs().max() < 0.05 * expected.abs().max()


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([(B, Q, C), (3, K, C)], "(2, keys, 24), got (3, 11, 24)"),
        ([(B, Q, C), (B, K, 23)], "(2, keys, 24), got (2, 11, 23)"),
        ([(B, Q, C), (B, K, C), (B, Q, C)], "(2, 11, 24), got (2, 5, 24)"),
    ],
)
def test_tables_that_do_not_fit_are_refused(shapes, message):
    with pytest.raises(ValueError, match=re.escape(f"expected shape {message}")):
        layer()(*(draw(*shape) for shape in shapes))


@pytest.mark.parametrize(
    ("name", "mask", "message"),
    [
        ("attn_mask", torch.zeros(Q, K), "boolean (True: masked), got torch.float32"),
        ("key_padding_mask", torch.zeros(B, K).byte(), "boolean"),
        ("attn_mask", closed(K, Q), "shape (5, 11), got (11, 5)"),
        ("attn_mask", closed(B * H, Q, K), "shape (2, 5, 11), got (6, 5, 11)"),
        ("attn_mask", closed(B, 1, Q, K), "shape (2, 3, 5, 11), got (2, 1, 5, 11)"),
        ("attn_mask", closed(K), "shape (5, 11), got (11,)"),
        ("key_padding_mask", closed(B, Q), "shape (2, 11), got (2, 5)"),
        ("is_causal", True, "as many queries as keys, got 5 and 11"),
    ],
)
def test_masks_that_do_not_fit_are_refused(name, mask, message):
    x, z = draw(B, Q, C), draw(B, K, C)
    for call in (layer(), layer().weights):
        with pytest.raises(ValueError, match=f"{name} .*{re.escape(message)}"):
            call(x, z, **{name: mask})


def test_a_value_alone_is_looked_up_by_the_queries():
    attention, x, values = layer(), draw(B, Q, C), draw(B, Q, C, seed=1)
    close(attention(x, value=values), attention(x, x, values))
