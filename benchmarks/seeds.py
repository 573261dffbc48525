"""Count from how many seeds the page's setting learns to read digits.

    python -m benchmarks.seeds
    python -m benchmarks.seeds --seeds 30

Each seed trains the default network as the page does, for all of its epochs, and tells
the best share of the held-out digits that it read rightly after one of them.
"""

import argparse
from itertools import islice

from labml_style_nn.data.digits import split_digits
from labml_style_nn.web_training.loop import steps
from labml_style_nn.web_training.record import EPOCHS, STEPS_IN_EPOCH, share
from labml_style_nn.web_training.variants import VARIANTS

BAR = 0.97


def best(seed: int) -> float:
    """The best share of right answers that a run reaches after one of its epochs."""
    _, held_out = split_digits(seed=0)
    mixer = VARIANTS["default"]
    run = steps(mixer.name, seed)
    states = islice(run, STEPS_IN_EPOCH, EPOCHS * STEPS_IN_EPOCH + 1, STEPS_IN_EPOCH)
    return max(share(mixer, weights, held_out) for _, weights in states)


def main() -> None:
    """Train from each seed, and count those that pass the bar."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=10, help="how many, from 0 on")
    options = parser.parse_args()
    passed = 0
    for seed in range(options.seeds):
        reached = best(seed)
        passed += reached >= BAR
        print(f"seed {seed}: {reached:.4f}", flush=True)
    print(f"{passed} of {options.seeds} reach {BAR:.0%}")


if __name__ == "__main__":
    main()
