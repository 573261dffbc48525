"""The benchmarks compare networks that compute the same."""

from collections.abc import Callable
from functools import partial
from importlib import import_module

import pytest
import torch
from torch import nn
from torch.testing import assert_close as close

from benchmarks import plain
from benchmarks.models import CONTESTS, TIMM_NAMES
from benchmarks.timing import interleave, ratio
from labml_style_nn.models.conv_mixer import ConvMixer
from labml_style_nn.models.mlp_mixer import MLPMixer
from labml_style_nn.models.vit import VisionTransformer
from labml_style_nn.pretrained import load_timm_weights, timm_targets

BOTH = {"patch_size": 4, "num_classes": 5, "num_layers": 2, "hidden_dim": 14}
TABLE = {**BOTH, "image_size": 12, "channels_mlp_dim": 20}
PAIRS = {
    "mixer": (
        lambda: plain.Mixer(12, 4, 2, 14, 6, 20, classes=5),
        lambda: MLPMixer(**TABLE, tokens_mlp_dim=6),
    ),
    "conv_mixer": (
        lambda: plain.ConvMixer(4, 2, 14, 3, nn.ReLU, classes=5),
        lambda: ConvMixer(**BOTH, kernel_size=3, activation=nn.ReLU),
    ),
    "vit": (
        lambda: plain.ViT(12, 4, 2, 14, 2, 20, classes=5),
        lambda: VisionTransformer(**TABLE, num_heads=2),
    ),
}


@pytest.mark.parametrize("train", [False, True])
@pytest.mark.parametrize("name", PAIRS)
def test_the_plain_network_has_our_scores_and_gradients(name: str, train: bool) -> None:
    torch.manual_seed(0)
    theirs, ours = (build().double().train(train) for build in PAIRS[name])
    weights = {
        key: 1 + 0.2 * torch.rand_like(tensor) if tensor.dim() < 2 else tensor
        for key, tensor in theirs.state_dict().items()
        if tensor.is_floating_point()
    }
    theirs.load_state_dict(weights, strict=False)
    load_timm_weights(ours, theirs.state_dict())
    image = torch.randn(2, 3, 12, 12, dtype=torch.double)
    expected, found = theirs(image), ours(image)
    close(found, expected, rtol=1e-12, atol=1e-12)
    cotangent = torch.randn_like(expected)
    (expected * cotangent).sum().backward()
    (found * cotangent).sum().backward()
    for parameter in ours.parameters():
        parameter.data = parameter.grad
    gradients = timm_targets(ours)
    for key, parameter in theirs.named_parameters():
        close(gradients[key], parameter.grad, rtol=1e-10, atol=1e-10)


def test_each_contest_is_of_the_named_size() -> None:
    with torch.device("meta"):
        for name, contest in CONTESTS.items():
            assert name in TIMM_NAMES
            module = import_module(f"labml_style_nn.models.{contest.module}")
            states = contest.plain().state_dict(), timm_targets(getattr(module, name)())
            theirs, ours = ({k: t.shape for k, t in one.items()} for one in states)
            assert ours == theirs, name


def test_each_is_timed_once_a_round_and_a_ratio_is_of_rounds_not_of_medians() -> None:
    """It is made anew for each set."""
    ticks = iter(range(1000))
    made, called = {"a": 0, "b": 0}, {"a": 0, "b": 0}

    def make(name: str) -> Callable[[], None]:
        made[name] += 1

        def run() -> None:
            called[name] += 1

        return run

    makers = {name: partial(make, name) for name in made}
    times = interleave(makers, rounds=7, clock=lambda: next(ticks), sets=3)
    assert made == {"a": 3, "b": 3}
    assert called == {"a": 10, "b": 10}, "three to warm up, seven timed"
    assert times == {"a": [1] * 7, "b": [1] * 7}
    times = {"ours": [1.0, 20.0, 3.0], "theirs": [2.0, 10.0, 3.0]}
    assert ratio(times, "ours", "theirs") == (1.0, 0.5, 2.0)
