"""Characters from their neighbours: the task, what counting answers, the command."""

import json
import math
import random
import string
from collections import Counter
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from labml_style_nn.data.characters import MASK, PAD, UNKNOWN
from labml_style_nn.data.masking import NOT_CHOSEN, Masked
from labml_style_nn.data.tiny_shakespeare import TINY_SHAKESPEARE
from labml_style_nn.experiments import masked_language, masked_text, records
from labml_style_nn.experiments.baselines import CharacterBaselines
from labml_style_nn.experiments.command import Source
from labml_style_nn.experiments.masked_language import ENCODERS, EXPERIMENT, compare
from labml_style_nn.experiments.masked_text import MaskedTextTask, TextRecipe
from labml_style_nn.experiments.recorded import recorded
from tests.experiments.common import same

VOCABULARY = masked_text.VOCABULARY
S = 16
V = len(VOCABULARY)


def text(length, seed=0):
    """Draw a text of letters and spaces."""
    return "".join(random.Random(seed).choices("abcdefghij   ", k=length))


def task(learned=None, **options):
    """Make the task of a text."""
    recipe = TextRecipe(**({"num_tokens": S, "batch_size": 5} | options))
    return MaskedTextTask(learned or text(700), text(200, 1), text(200, 2), recipe)


def test_the_three_parts_are_the_text_and_a_keyboard_is_known():
    parts = masked_text.three_parts("a" * 19 + "b", "the test")
    assert parts == ("a" * 19, "b", "the test")
    tokens = VOCABULARY.encode(string.printable)
    assert UNKNOWN not in tokens
    assert len(string.printable) + 3 == V


def test_an_epoch_reads_every_block_once_and_each_epoch_is_cut_elsewhere():
    letters = text(700)
    made = task(letters)
    encoded = VOCABULARY.encode(letters)
    starts = set()
    for epoch in range(3):
        seen = []
        for number in range(made.steps_per_epoch):
            tokens, targets = made.batch(epoch * made.steps_per_epoch + number)
            # What is not chosen is as it was; what is, stands in the targets.
            original = torch.where(targets == NOT_CHOSEN, tokens, targets)
            for block in original:
                (found,) = (encoded.unfold(0, S, 1) == block).all(dim=1).nonzero()
                seen.append(found.item())
        assert len(seen) == len(set(seen)) == made.blocks == 700 // S - 1
        ordered = sorted(seen)
        assert {b - a for a, b in pairwise(ordered)} == {S}
        assert seen != ordered
        starts.add(ordered[0])
    assert len(starts) > 1
    assert starts <= {*range(S)}


def test_a_step_follows_from_the_seed_and_its_number():
    first, again, other = task(), task(), task(seed=1)
    for step in (0, 7, 3):
        torch.manual_seed(step)
        assert same([*first.batch(step)], [*again.batch(step)])
        assert not torch.equal(first.batch(step).tokens, other.batch(step).tokens)
    # Of all blocks, other characters are hidden in every step.
    made = task(batch_size=42)
    assert made.steps_per_epoch == 1
    before, after = (made.batch(step).targets != NOT_CHOSEN for step in range(2))
    assert not torch.equal(before, after)


def test_unknown_characters_are_never_asked_for():
    made = task("äöü" * 300 + text(200))
    for step in range(made.steps_per_epoch):
        tokens, targets = made.batch(step)
        assert not ((tokens == UNKNOWN) & (targets != NOT_CHOSEN)).any()
        assert UNKNOWN not in targets


def test_the_test_is_asked_four_times_with_other_gaps_and_alike_for_every_seed():
    made, other, blocks = task(), task(seed=5, batch_size=9), 200 // S
    assert same([*made.validation_set], [*other.validation_set])
    assert same([*made.test_set], [*other.test_set])
    tokens, targets = made.test_set
    assert tokens.shape == (4 * blocks, S)
    assert made.validation_set.tokens.shape == (blocks, S)
    assert not torch.equal(made.validation_set.tokens, tokens[:blocks])
    original = torch.where(targets == NOT_CHOSEN, tokens, targets).view(4, blocks, S)
    assert torch.equal(original, original[:1].expand(4, -1, -1))
    expected = VOCABULARY.encode(text(200, 2))[: blocks * S].view(blocks, S)
    assert torch.equal(original[0], expected)
    chosen = (targets != NOT_CHOSEN).view(4, -1)
    assert len(chosen.unique(dim=0)) == 4


def test_the_loss_is_a_sum_over_the_chosen_places():
    made, batch = task(), task().batch(0)
    torch.manual_seed(0)
    model = nn.Embedding(V, V)
    sums = made.loss(model, batch)
    chosen = batch.targets != NOT_CHOSEN
    scores, targets = model(batch.tokens)[chosen], batch.targets[chosen]
    expected = F.cross_entropy(scores, targets, reduction="sum")
    torch.testing.assert_close(sums.loss, expected)
    assert sums.right == (scores.argmax(dim=1) == targets).sum()
    assert sums.number == chosen.sum() > 0


def test_one_who_knows_the_answers_is_always_right():
    made = task()

    def oracle(questions):
        """Answers one batch of questions after another."""
        answers = iter(questions.targets.clamp(min=0).split(500))
        model = nn.Embedding(V, V)
        model.forward = lambda tokens: 100.0 * F.one_hot(next(answers), V)
        return model

    said = made.test(oracle(made.test_set))
    assert (said["test_accuracy"], said["test_nats"]) == (1.0, 0.0)
    assert made.evaluate(oracle(made.validation_set))["validation_accuracy"] == 1.0


def test_one_who_knows_the_frequency_is_the_first_guesser():
    made = task()
    # Blocks leave out what is behind the last of them.
    seen = made.cut(made.learned).flatten().bincount(minlength=V).double() + 1
    scores = (seen / seen.sum()).log().expand(V, V)
    said = made.test(nn.Embedding.from_pretrained(scores))
    for name in ("accuracy", "nats"):
        expected = said[f"frequency_{name}"]
        assert said[f"test_{name}"] == pytest.approx(expected, abs=1e-4)
    assert said["test_bits"] == pytest.approx(said["test_nats"] / math.log(2), abs=1e-4)
    assert said["test_questions"] == (made.test_set.targets != NOT_CHOSEN).sum()


@given(st.integers(0, 2**16))
@settings(deadline=None, max_examples=30)
def test_the_neighbours_are_counted_as_a_dictionary_would(seed):
    generator = torch.Generator().manual_seed(seed)
    size, shape = 6, (7, 5)
    tokens = torch.randint(2, size, shape, generator=generator)
    gaps = torch.rand(shape, generator=generator) < 0.3
    read = tokens.masked_fill(gaps, MASK)
    baselines = CharacterBaselines(read, tokens, size)
    # To the left and to the right of each place.
    framed = F.pad(read, (1, 1), value=PAD)
    near = torch.stack([framed[:, :-2], framed[:, 2:]], dim=2)
    frequency = Counter(tokens.flatten().tolist())
    sides = map(tuple, near.flatten(0, 1).tolist())
    counts = Counter(zip(sides, tokens.flatten().tolist(), strict=True))
    chances = baselines.probabilities(Masked(read, tokens.where(gaps, NOT_CHOSEN)))
    for place, side in enumerate(map(tuple, near[gaps].tolist())):
        total = sum(counts[side, token] for token in range(size))
        for token in range(size):
            share = (frequency[token] + 1) / (tokens.numel() + size)
            found = (counts[side, token] + 2 * share) / (total + 2)
            assert chances["frequency"][place, token].item() == pytest.approx(share)
            assert chances["neighbours"][place, token].item() == pytest.approx(found)


def test_a_text_that_is_too_short_and_blocks_of_no_length_are_refused():
    with pytest.raises(ValueError, match="two blocks of 16 characters, got 31"):
        MaskedTextTask(text(700), text(31), text(200), TextRecipe(num_tokens=S))
    with pytest.raises(ValueError, match="num_tokens must be at least 1, got 0"):
        TextRecipe(num_tokens=0)


SMALL = ["--epochs=2", "--warmup-epochs=1", "--batch-size=16", "--device=cpu"]
SMALL += ["--characters=4000", "--num-tokens=16", "--dim=8", "--num-layers=1"]
SMALL += ["--hidden-dim=16", "--num-heads=2"]


def trained(out: Path, *encoders: str) -> list[records.Record]:
    """Run the command; what there is of each encoder."""
    options = [f"--encoder={encoder}" for encoder in encoders]
    assert compare([*SMALL, *options, f"--out={out}"]) == 0
    both = encoders or ENCODERS
    assert sorted(path.name for path in out.iterdir()) == sorted(both)
    return [only for e in both for only in records.read(out / e / "results.jsonl")]


def test_one_command_trains_both_encoders_or_the_same_one_alone(tmp_path) -> None:
    both = tmp_path / "both"
    mixer, attention = trained(both)
    for encoder, found in zip(ENCODERS, (mixer, attention), strict=True):
        assert found["experiment"] == "masked_language"
        assert found["settings"]["encoder"] == encoder
        out = f"--data standard-library --encoder {encoder} --out {both / encoder} "
        assert found["command"].startswith(f"{EXPERIMENT.command} {out}")
        names = ("loss", "accuracy", "validation_accuracy", "validation_nats")
        lengths = {name: len(values) for name, values in found["curve"].items()}
        assert lengths == dict.fromkeys(names, 2)
        assert 0 < found["test_accuracy"] < 1
        assert 0 < found["test_nats"] < 10
        json.dumps(found, allow_nan=False)
    # The same text and the same questions, and so the same answers by counting.
    for name in ("text", "test_questions", "frequency_nats", "neighbours_accuracy"):
        assert mixer[name] == attention[name]
    assert mixer["text"]["characters"] == 4000
    assert len(mixer["text"]["sha256"]) == 64
    (alone,) = trained(tmp_path / "alone", "mixer")
    for name in ("test_accuracy", "test_nats", "curve", "parameters"):
        assert alone[name] == mixer[name]


def test_the_plays_are_read_from_a_folder(tmp_path) -> None:
    text = "To be, or not to be: that is it.\n" * 200
    (tmp_path / TINY_SHAKESPEARE.name).write_text(text)
    settings = masked_language.Settings(data="tiny-shakespeare", num_tokens=16)
    with pytest.warns(UserWarning, match="is not the published file"):
        task = masked_language.text_task(settings, Source(tmp_path, verify=False))
    assert task.about == {"characters": 33 * 200}
    assert len(task.learned) == int(int(33 * 200 * 0.9) * 0.95)


@pytest.mark.parametrize("data", ["standard-library", "tiny-shakespeare"])
def test_the_record_is_of_networks_that_this_code_builds(data) -> None:
    results = recorded("masked_language", data)
    assert [found["settings"]["encoder"] for found in results] == [*ENCODERS]
    for found in results:
        own = {"encoder": found["settings"]["encoder"], "seed": found["seed"]}
        assert found["settings"] == asdict(EXPERIMENT.presets[data]) | own
    # The same questions about the same text.
    for name in ("text", "test_questions", "neighbours_nats"):
        assert results[0][name] == results[1][name]
