"""Fashion-MNIST in another order of pixels and in another size: what is learned."""

import re
from dataclasses import asdict, replace
from functools import partial
from itertools import product

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from labml_style_nn.experiments import higher_resolution as higher
from labml_style_nn.experiments import pixel_order, records
from labml_style_nn.experiments.command import Source, main
from labml_style_nn.experiments.data_scale import last_validation
from labml_style_nn.experiments.pixel_order import NETWORKS, ORDERS, Settings, reordered
from labml_style_nn.experiments.recorded import recorded
from labml_style_nn.experiments.training import Trainer
from labml_style_nn.models.mlp_mixer import MLPMixer
from labml_style_nn.permutation import permuted
from labml_style_nn.resolution import enlarge
from tests.experiments.common import given, noise, same

task_of = partial(pixel_order.permuted_task, source=Source())
# Each pixel says where it came from.
NUMBERS = torch.arange(784).view(1, 1, 28, 28)
SMALL = Settings(examples=96, validation=32, batch_size=32, epochs=2)


@pytest.fixture(autouse=True)
def clothes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Noise in the place of Fashion-MNIST, brighter where the class says."""
    sets = noise(160, 1, 28), noise(40, 1, 28)
    for images, labels in sets:
        for image, label in zip(images, labels.tolist(), strict=True):
            image[:, 2 * label : 2 * label + 4] |= 128
    given(monkeypatch, "fashion-mnist", *sets)


@pytest.mark.parametrize("order", ORDERS)
def test_all_images_are_shuffled_in_one_way_and_lose_nothing(order) -> None:
    # The second image says it backwards.
    found = reordered(torch.cat([NUMBERS, 783 - NUMBERS]), order, seed=3)
    assert torch.equal(found[0], 783 - found[1])
    assert found[0].flatten().sort().values.tolist() == [*range(784)]
    # Another seed shuffles otherwise.
    for other in (NUMBERS, reordered(NUMBERS, order, seed=4)):
        assert torch.equal(found[0], other[0]) == (order == "original")


def patches_of(found: Tensor) -> list[set[int]]:
    """From which patches of the original the pixels of each patch come."""
    rows, columns = found[0, 0] // 28 // 4, found[0, 0] % 28 // 4
    blocks = (7 * rows + columns).unfold(0, 4, 4).unfold(1, 4, 4).reshape(49, 16)
    return [set(block.tolist()) for block in blocks]


def test_patches_stay_together_and_pixels_do_not() -> None:
    whole = patches_of(reordered(NUMBERS, "patches", seed=0))
    assert all(len(patch) == 1 for patch in whole)
    assert len(set.union(*whole)) == 49
    assert whole != [{place} for place in range(49)]
    torn = patches_of(reordered(NUMBERS, "pixels", seed=0))
    assert min(len(patch) for patch in torn) > 8


def test_training_validation_and_test_images_have_the_same_order() -> None:
    plain = task_of(SMALL)
    for order in ("patches", "pixels"):
        task = task_of(replace(SMALL, order=order))
        for name in ("train_set", "validation_set", "test_set"):
            ours, theirs = getattr(task, name), getattr(plain, name)
            assert torch.equal(ours.labels, theirs.labels)
            assert torch.equal(ours.images, reordered(theirs.images, order, 0))
        # Normalised alike: the statistics do not see where a pixel is.
        assert task.statistics == plain.statistics
    assert len(plain.train_set.labels) == 96
    assert len(plain.validation_set.labels) == 32


def test_the_reordered_mixer_learns_what_the_other_learns() -> None:
    shuffled = replace(SMALL, order="patches")
    chance = pixel_order.generator(0, "pixel order")
    orders = [torch.randperm(number, generator=chance) for number in (49, 16)]

    def trained(model: MLPMixer, settings: Settings) -> MLPMixer:
        task = task_of(settings)
        prepare = task.prepare
        task.prepare = lambda images: prepare(images).double()
        trainer = Trainer(model.double(), task, settings)
        for _ in range(trainer.steps):
            trainer.advance()
        return trainer.average.module

    start = pixel_order.build_model(SMALL)
    ours = trained(permuted(start, *orders), shuffled)
    theirs = permuted(trained(start, SMALL), *orders)
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-9)


def test_records_are_on_one_footing() -> None:
    trained = {"fashion-mnist": [*NETWORKS], "cifar10": ["mixer", "conv_mixer"]}
    for data, models in trained.items():
        expected = [
            asdict(Settings(data=data, model=model, order=order, seed=seed))
            for model, order, seed in product(models, ORDERS, range(3))
        ]
        found = [run["settings"] for run in recorded("pixel_order", data)]
        assert sorted(found, key=str) == sorted(expected, key=str)
    kinds = [("low", 5), *((start, 2) for start in higher.STARTS[1:]), ("scratch", 4)]
    names = ("start", "epochs", "seed")
    results = recorded("higher_resolution", "fashion-mnist")
    runs = [tuple(run["settings"][name] for name in names) for run in results]
    assert sorted(runs) == sorted((*kind, seed) for kind in kinds for seed in range(3))


def test_the_learning_rates_are_those_of_the_searches() -> None:
    search, found = recorded("pixel_order_search", "fashion-mnist"), {}
    for run in search:
        place = run["settings"]["learning_rate"], run["settings"]["model"]
        found[place] = last_validation(run)
    rates = {rate for rate, _ in found}
    assert len(found) == len(search) == len(rates) * len(NETWORKS)
    means = {rate: sum(found[rate, model] for model in NETWORKS) for rate in rates}
    assert max(means, key=lambda rate: means[rate]) == Settings().learning_rate
    assert {run["settings"]["order"] for run in search} == {"original"}
    names = ("higher_resolution_search", "higher_resolution")
    tried, used = (recorded(name, "fashion-mnist") for name in names)
    for start in higher.STARTS[1:]:
        search, runs = (
            [run for run in some if run["settings"]["start"] == start]
            for some in (tried, used)
        )
        best = [max(search, key=last_validation)]
        rates, *chosen = (
            {run["settings"]["learning_rate"] for run in some}
            for some in (search, runs, best)
        )
        assert len(search) == len(rates) == 3
        assert chosen[0] == chosen[1]


def test_the_table_has_means_spreads_and_differences() -> None:
    results = []
    for model, order, seed in product(NETWORKS, ORDERS, (2, 0, 1)):
        share = 0.8 - 0.1 * ORDERS.index(order) + 0.01 * seed
        run = {"seed": seed, "test_accuracy": share}
        results.append(run | {"settings": {"model": model, "order": order}})
    rows = ((False, [81, 1, 71, 1, 61, 1]), (True, [-10, 0, -20, 0]))
    for difference, expected in rows:
        first = pixel_order.table(results, difference).splitlines()[1]
        found = [float(number) for number in re.findall(r"-?\d+\.\d+", first)]
        assert found == expected


SHORT = ["--examples=64", "--validation=32", "--epochs=2", "--device=cpu"]


def test_the_large_image_has_a_black_frame_and_a_small_pixel_is_a_mean() -> None:
    images = noise(3, 1, 28).images
    starts = ("low", "scratch", "contiguous")
    small, large, other = (higher.resized(images, start) for start in starts)
    assert torch.equal(other, F.pad(images, [2] * 4))
    assert small.dtype == torch.uint8
    assert small.shape == (3, 1, 16, 16)
    assert (small - F.avg_pool2d(large.double(), 2)).abs().max() <= 0.5


def test_a_run_begins_with_the_average_of_the_small_one(tmp_path, capsys) -> None:
    line = [*SHORT, "--start=low", "--seeds", "3", f"--out={tmp_path}"]
    assert main(higher.EXPERIMENT, line) == 0
    state = torch.load(tmp_path / "low-seed-3/checkpoint.pt", weights_only=True)
    average = state["training"]["average"]
    small = higher.build_model(higher.Settings(seed=3, start="low"))
    small.load_state_dict({n[7:]: w for n, w in average.items() if n != "n_averaged"})
    large = higher.build_model(higher.Settings(start="scratch"))
    for start in ("contiguous", "interleaved"):
        settings = higher.Settings(seed=3, start=start, pretrained=str(tmp_path))
        found = higher.build_model(settings).state_dict()
        assert same({**found}, {**enlarge(small, 2, start).state_dict()})
        large.load_state_dict(found)
    # And fine-tunes them.
    tuning = [*SHORT, "--seeds", "3", f"--out={tmp_path}", f"--pretrained={tmp_path}"]
    assert main(higher.EXPERIMENT, tuning) == 0
    first, second = records.read(tmp_path / "results.jsonl")
    assert first["settings"]["start"] == "low"
    assert second["settings"]["start"] == "contiguous"
    assert second["parameters"] > first["parameters"]
    assert 0 <= second["accuracy_before"] <= 1
    assert "contiguous-seed-3: test accuracy" in capsys.readouterr().out
