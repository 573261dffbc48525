"""gMLP: a new block has each token by itself, a trained one has none."""

import pytest
import torch
from torch import nn

from labml_style_nn.models.gmlp import GMLPBlock
from tests.tensors import close, draw, reaction


@pytest.fixture
def block():
    """A new block for six tokens of five channels."""
    torch.manual_seed(0)
    return GMLPBlock(6, 5, 12).double()


def test_a_new_block_treats_each_token_by_itself(block):
    heard, others = reaction(block, draw(1, 6, 5)), ~torch.eye(6, dtype=torch.bool)
    # Itself by the residual and by the MLP; the others by no more than the first
    # weights of the gate.
    assert heard.diagonal().min() > 0.1
    assert 0 < heard[others].max() < 1e-4


def test_an_open_gate_makes_an_ordinary_mlp(block):
    x = draw(2, 6, 5)
    nn.init.zeros_(block.token_mixing.projection.weight)
    first, _ = block.gelu(block.fc1(block.channel_norm(x))).chunk(2, dim=-1)
    close(block(x), x + block.fc2(first), atol=0)


def test_after_one_trained_block_every_number_depends_on_every_other(block):
    nn.init.normal_(block.token_mixing.projection.weight)
    assert (torch.func.jacrev(block)(draw(1, 6, 5)) != 0).all()


@pytest.mark.parametrize("shape", [(2, 7, 5), (2, 5, 6), (2, 6, 1), (6, 5)])
def test_a_table_that_does_not_fit_is_refused(block, shape):
    with pytest.raises(ValueError, match="expected shape"):
        block(torch.zeros(shape).double())
