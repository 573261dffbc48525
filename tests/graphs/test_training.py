"""The setting of the page learns, whatever the seed."""

from itertools import islice

from labml_style_nn.browser.loop import steps
from labml_style_nn.browser.record import EPOCHS, STEPS_IN_EPOCH, share
from labml_style_nn.browser.variants import VARIANTS
from labml_style_nn.data.digits import split_digits

SEEDS = range(10)


def reaches(bar: float, seed: int) -> bool:
    """Whether a run passes the bar after one of the epochs that the page trains."""
    _, held_out = split_digits(seed=0)
    run = steps("default", seed)
    states = islice(run, STEPS_IN_EPOCH, EPOCHS * STEPS_IN_EPOCH + 1, STEPS_IN_EPOCH)
    mixer = VARIANTS["default"]
    return any(share(mixer, weights, held_out) >= bar for _, weights in states)


def test_nine_of_ten_seeds_reach_97_percent() -> None:
    assert sum(reaches(0.97, seed) for seed in SEEDS) >= 9
