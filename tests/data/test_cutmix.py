"""CutMix and mixup: what is mixed is what the label says."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from labml_style_nn.data import cutmix as module
from labml_style_nn.data.cutmix import cutmix, inside, mixup
from tests.experiments.common import same

NAN = float("nan")
BOTH = pytest.mark.parametrize("mix", [cutmix, mixup])


def numbered(batch: int, height: int = 6, width: int = 8) -> torch.Tensor:
    """Make images of one value each: the number of the image."""
    numbers = torch.arange(batch, dtype=torch.float64)
    return numbers[:, None, None, None].expand(batch, 2, height, width).clone()


SIDES, ALPHAS = st.integers(1, 9), st.sampled_from([0.2, 1.0, 5.0])


@given(st.integers(1, 8), SIDES, SIDES, ALPHAS, st.integers(0, 99))
def test_cutmix_pastes_a_box_and_counts_it(batch, height, width, alpha, seed) -> None:
    torch.manual_seed(seed)
    images, labels = numbered(batch, height, width), torch.arange(batch)
    mixed, targets = cutmix(images, labels, num_classes=batch, alpha=alpha)
    for number, image in enumerate(mixed):
        # All channels have the same box.
        assert image[0].equal(image[1])
        other = image[0] != number
        expected = torch.zeros(batch, dtype=torch.double)
        if other.any():
            rows, columns = other.any(dim=1).nonzero(), other.any(dim=0).nonzero()
            assert other[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
            (partner,) = image[0][other].unique()
            expected[int(partner)] = other.double().mean()
        expected[number] = 1 - expected.sum()
        torch.testing.assert_close(targets[number], expected)


@given(st.integers(1, 8), st.integers(0, 99))
def test_mixup_is_its_equation(batch, seed) -> None:
    torch.manual_seed(seed)
    images, labels = torch.rand(batch, 2, 3, 4), torch.arange(batch)
    mixed, targets = mixup(images, labels, num_classes=batch)
    # With as many classes as images, the label says which were mixed, and how.
    expected = torch.einsum("bk,kchw->bchw", targets, images)
    torch.testing.assert_close(mixed, expected)
    torch.testing.assert_close(targets.sum(dim=1), torch.ones(batch))
    assert ((targets > 0).sum(dim=1) <= 2).all()


@BOTH
def test_shares_follow_the_beta_distribution(mix, monkeypatch) -> None:
    # A beta with two parameters of 2 has a mean of 1/2 and a variance of 1/20.
    torch.manual_seed(0)
    many = torch.zeros(20_000, dtype=torch.int64)
    drawn = module.draw_shares(many[:, None, None, None].float(), many, alpha=2.0)
    assert abs(drawn.mean() - 1 / 2) < 0.01
    assert abs(drawn.var() - 1 / 20) < 0.002
    # And they are what is used.
    monkeypatch.setattr(module, "draw_shares", lambda images, *_: images.new_ones(4))
    images, labels = torch.rand(4, 1, 5, 5), torch.tensor([0, 1, 2, 0])
    mixed, targets = mix(images, labels, num_classes=3)
    assert mixed.equal(images)
    assert targets.equal(F.one_hot(labels).float())


@pytest.mark.parametrize(("share", "side"), [(0.0, 20), (0.75, 10), (0.19, 18), (1, 0)])
def test_sides_of_the_box_are_roots(share, side, monkeypatch) -> None:
    # With the centre in the middle, nothing sticks out.
    monkeypatch.setattr(torch, "rand_like", lambda x: torch.full_like(x, 0.5))
    within = inside(torch.tensor([share]), 20)[0]
    assert within.sum() == side
    assert within.equal(within.flip(0))


def test_box_that_sticks_out_is_cut_off(monkeypatch) -> None:
    monkeypatch.setattr(torch, "rand_like", lambda x: torch.tensor([0.0, 0.999]))
    first, last = inside(torch.tensor([0.75, 0.75]), 20).int().tolist()
    assert first == [1] * 5 + [0] * 15
    assert last == [0] * 15 + [1] * 5


@BOTH
def test_seed_decides_and_the_batch_stays_what_it_was(mix) -> None:
    images, labels = numbered(50), torch.arange(50)
    runs = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        runs.append(mix(images, labels, num_classes=50))
    first, again, other = runs
    assert same([*first], [*again])
    assert not first.images.equal(other.images)
    assert images.equal(numbered(50))
    # Each image is mixed in its own way.
    assert len(first.targets.diagonal().unique()) > 10


@BOTH
def test_what_cannot_be_mixed_is_refused(mix) -> None:
    images, labels = torch.rand(4, 3, 5, 5), torch.arange(4)
    for wrong, message in (
        ((images.byte(), labels, 4), r"must be floats to be mixed, got torch\.uint8"),
        ((images, labels[:3], 4), r"expected shape \(4\), got \(3,\)"),
        ((images[0], labels, 4), "expected shape"),
        *(((images, labels, 4, a), "alpha must be above 0") for a in (0.0, -1.0, NAN)),
    ):
        with pytest.raises(ValueError, match=message):
            mix(*wrong)
