"""The skip connection: identity, gradient, and no silent broadcasting."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from labml_style_nn.layers.skip_connection import SkipConnection


class Zero(nn.Module):
    """A branch that has learned nothing."""

    def forward(self, x):
        return torch.zeros_like(x)


@given(seed=st.integers(0, 2**16), rate=st.floats(0, 0.9))
def test_a_branch_of_zeros_leaves_the_input(seed, rate):
    x = torch.randn(3, 4, generator=torch.Generator().manual_seed(seed))
    assert torch.equal(SkipConnection(Zero(), rate)(x), x)


def test_the_branch_is_added():
    x = torch.randn(3, 4)
    torch.testing.assert_close(SkipConnection(nn.Tanh())(x), x + x.tanh())


def test_the_gradient_is_the_identity_plus_that_of_the_branch():
    x = torch.randn(4, dtype=torch.double)
    branch = nn.Linear(4, 4).double()
    jacobian = torch.func.jacrev(SkipConnection(branch))(x)
    torch.testing.assert_close(jacobian, torch.eye(4).double() + branch.weight)


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


def test_a_bad_rate_is_refused():
    with pytest.raises(ValueError, match=r"rate must lie in \[0, 1\), got 1"):
        SkipConnection(nn.Identity(), 1)
