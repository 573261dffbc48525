"""The skip connection: chance strikes the branch alone, and nothing is broadcast."""

import pytest
import torch
from torch import nn

from labml_style_nn.layers.skip_connection import SkipConnection


def test_stochastic_depth_drops_the_branch_and_never_the_input():
    torch.manual_seed(0)
    x = torch.randn(2000, 4)
    y = SkipConnection(nn.Identity(), 0.5)(x)
    dropped = (y == x).all(dim=1)
    assert 900 < dropped.sum() < 1100
    torch.testing.assert_close(y[~dropped], 3 * x[~dropped])


def test_a_branch_that_would_be_broadcast_is_refused():
    skip = SkipConnection(nn.Linear(4, 1))
    with pytest.raises(ValueError, match=r"expected shape \(3, 4\), got \(3, 1\)"):
        skip(torch.zeros(3, 4))
