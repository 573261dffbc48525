"""Group normalisation: its equation, PyTorch's layer, and how others differ."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from labml_style_nn.layers.group_norm import GroupNorm, group_norm
from labml_style_nn.layers.layer_norm import LayerNorm

sides = st.integers(1, 6)


def maps(*shape, seed=0):
    """Draw a batch of maps."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, dtype=torch.double, generator=generator)


def randomised(dim, num_groups=1):
    """Build a norm with no scale at one and no shift at zero."""
    norm = GroupNorm(dim, num_groups).double()
    for seed, parameter in enumerate(norm.parameters(), start=1):
        with torch.no_grad():
            parameter.copy_(maps(dim, seed=seed))
    return norm


def close(left, right, atol=1e-11):
    """Compare absolutely."""
    torch.testing.assert_close(left, right, rtol=0, atol=atol)


@settings(deadline=None)
@given(sides, sides, st.sampled_from([1, 2, 3, 6]))
def test_the_layer_is_the_equation_and_pytorchs(height, width, num_groups):
    norm, x = randomised(6, num_groups), maps(2, height, width, 6).requires_grad_()
    theirs = nn.GroupNorm(num_groups, 6).double()
    theirs.load_state_dict(norm.state_dict())
    channels_second = x.permute(0, 3, 1, 2).contiguous()
    results = [
        norm(x),
        group_norm(x, norm.weight, norm.bias, num_groups),
        theirs(channels_second).permute(0, 2, 3, 1),
    ]
    cotangent = maps(2, height, width, 6, seed=7)
    gradients = [torch.autograd.grad((y * cotangent).sum(), x)[0] for y in results]
    for number in (1, 2):
        close(results[0], results[number])
        close(gradients[0], gradients[number], atol=1e-8)


@pytest.mark.parametrize("shape", [(2, 5, 6), (2, 6), (2, 3, 4, 5, 6)])
def test_any_number_of_axes_may_lie_between(shape):
    norm, x = randomised(6, 2), maps(*shape)
    close(norm(x), group_norm(x, norm.weight, norm.bias, 2))
    flat = x.reshape(2, -1, 6)
    close(norm(x).reshape(2, -1, 6), norm(flat))


@pytest.mark.parametrize("num_groups", [1, 4])
def test_far_from_zero_the_layer_is_the_equation_in_double(num_groups):
    # PyTorch's kernel for channels that stand last makes one pass, and fails here.
    norm, x = GroupNorm(20, num_groups), (maps(2, 8, 6, 20) + 1e4).float()
    x[..., :5] -= 2e4  # the groups lie apart
    if num_groups == 1:
        x[..., :5] += 2e4
    weight, bias = torch.ones(20), torch.zeros(20)
    exact = group_norm(x.double(), weight, bias, num_groups)
    close(norm(x).double(), exact, atol=2e-5)
    close(group_norm(x, weight, bias, num_groups).double(), exact, atol=2e-3)


def test_one_group_measures_an_image_and_c_groups_each_channel():
    x = 3 * maps(2, 8, 6, 20) + 5
    whole = GroupNorm(20).double()(x)
    close(whole.mean(dim=(1, 2, 3)), torch.zeros(2).double())
    close(whole.var(dim=(1, 2, 3), correction=0), torch.ones(2).double(), 1e-5)
    instance = nn.InstanceNorm2d(20).double()(x.permute(0, 3, 1, 2))
    close(GroupNorm(20, 20).double()(x), instance.permute(0, 2, 3, 1))


def test_on_a_map_of_one_place_it_is_layer_normalisation():
    x = maps(2, 1, 1, 20)
    close(GroupNorm(20, eps=1e-6).double()(x), LayerNorm(20).double()(x))


def test_places_meet_and_images_do_not():
    norm, x = randomised(20), maps(2, 8, 6, 20)
    changed = x.clone()
    changed[0, 3, 3, 0] += 1
    felt = (norm(changed) != norm(x)).any(dim=-1)
    assert felt[0].all()
    assert not felt[1].any()
    alone = (LayerNorm(20).double()(changed) != LayerNorm(20).double()(x)).any(dim=-1)
    assert alone.sum() == 1


@settings(deadline=None)
@given(st.floats(0.5, 50), st.floats(-50, 50))
def test_scale_and_place_of_an_image_do_not_matter(scale, shift):
    norm, x = randomised(20), maps(2, 8, 6, 20)
    close(norm(scale * x + shift), norm(x), atol=1e-3)


def test_channels_stay_last_in_memory():
    assert GroupNorm(20)(torch.zeros(2, 8, 6, 20)).is_contiguous()


def test_it_has_two_numbers_for_a_channel_whatever_the_groups():
    for num_groups in (1, 4, 20):
        norm = GroupNorm(20, num_groups)
        assert sum(parameter.numel() for parameter in norm.parameters()) == 40
        assert (norm.weight == 1).all()
        assert (norm.bias == 0).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dim": 0}, "dim must be at least 1, got 0"),
        ({"dim": 20, "num_groups": 0}, "num_groups must be at least 1, got 0"),
        (
            {"dim": 20, "num_groups": 3},
            "dim must be a multiple of num_groups, got 20 and 3",
        ),
        ({"dim": 20, "eps": 0.0}, "eps must be positive, got 0.0"),
        ({"dim": 20, "eps": float("nan")}, "eps must be positive, got nan"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        GroupNorm(**options)


@pytest.mark.parametrize("shape", [(2, 8, 6, 21), (20,), (2, 20, 6)])
def test_a_map_with_other_channels_is_refused(shape):
    with pytest.raises(ValueError, match=r"expected shape \(\.\.\., places, 20\), got"):
        GroupNorm(20)(torch.zeros(shape))
