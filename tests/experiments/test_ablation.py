"""Ablations: what is taken away is gone, and the rest is as it was."""

from dataclasses import asdict
from typing import Any

import pytest
import torch
from torch import nn

from labml_style_nn.experiments import ablation, mixer_images, records
from labml_style_nn.experiments.ablation import DEPTHS, EXPERIMENT, PARTS, TAKEN_AWAY
from labml_style_nn.experiments.command import main
from labml_style_nn.experiments.optimizer import adamw
from labml_style_nn.experiments.recorded import recorded
from labml_style_nn.layers.gelu import GELU
from labml_style_nn.layers.layer_norm import LayerNorm
from labml_style_nn.layers.token_mixing import TokenMixing
from tests.experiments.common import SHORT, TINY
from tests.tensors import randomised

WIDTHS, Settings, build_model = ablation.WIDTHS, ablation.Settings, ablation.build_model


def built(without: str, **sizes: int) -> Any:
    """A network whose head reads what it is given, in float64."""
    model: Any = build_model(Settings(without=without, **sizes)).double().eval()
    nn.init.normal_(model.head.linear.weight)
    return model


@pytest.mark.parametrize("without", PARTS)
def test_what_is_left_begins_as_in_the_whole_network(without) -> None:
    whole = mixer_images.build_model(Settings(seed=3)).parameters()
    begun = [weight.detach() for weight in whole]
    left = build_model(Settings(seed=3, without=without)).named_parameters()
    for name, weight in left:
        # All but the matrices of untied token mixing, which no other network has.
        if without != "sharing" or "token_mixing" not in name:
            assert any(torch.equal(weight, other) for other in begun), name


def test_blocks_compute_what_is_left_of_equation_1() -> None:
    x = torch.randn(2, 16, 48, dtype=torch.double)
    block: Any = built("nothing").blocks[1]
    # The branches of equation (1), without the sums.
    tokens = block.token_mixing(block.token_norm(x))
    channels = nn.Sequential(block.channel_norm, block.channel_mixing)
    u = x + tokens
    expected = {
        "nothing": u + channels(u),
        "token-mixing": x + channels(x),
        "channel-mixing": u,
        "skips": channels(tokens),
    }
    for without, y in expected.items():
        torch.testing.assert_close(built(without).blocks[1](x), y)


def test_no_norm_and_no_gelu_is_left() -> None:
    whole, norm, gelu = (
        {type(layer) for layer in built(without).modules()}
        for without in ("nothing", "layer-norm", "gelu")
    )
    assert whole >= {LayerNorm, GELU}
    assert LayerNorm not in norm
    assert GELU not in gelu
    assert nn.ReLU in gelu


def test_untied_token_mixing_is_a_token_mixing_for_each_channel() -> None:
    layer: Any = ablation.SeparateTokenMixing(5, num_patches=6, tokens_mlp_dim=3)
    layer, columns = randomised(layer), []
    x = torch.randn(2, 6, 5, dtype=torch.double)
    for channel in range(5):
        one, state = TokenMixing(6, 3).double(), {}
        for name, part, size in (("fc1", layer.fc1, 3), ("fc2", layer.fc2, 6)):
            state[f"{name}.weight"] = part.weight[channel]
            state[f"{name}.bias"] = part.bias[size * channel :][:size]
        one.load_state_dict(state)
        columns.append(one(x[:, :, [channel]]))
    torch.testing.assert_close(layer(x), torch.cat(columns, dim=2))
    with pytest.raises(ValueError, match=r"expected shape \(batch, 6, 5\)"):
        layer(x[:, :, :4])
    # Its biases do not decay, and it begins with matrices of its own.
    decayed, others = adamw(layer, weight_decay=0.1).param_groups
    assert {weight.shape for weight in decayed["params"]} == {(5, 3, 6), (5, 6, 3)}
    assert {weight.shape for weight in others["params"]} == {(15,), (30,)}
    torch.manual_seed(0)
    weight = ablation.SeparateTokenMixing(50, 40, 30).fc1.weight
    assert len({matrix.sum().item() for matrix in weight}) == 50
    assert weight.var().item() == pytest.approx(1 / 40, rel=0.02)


def result(seed: int, accuracy: float, **changes: Any) -> records.Record:
    found = {"seed": seed, "test_accuracy": accuracy, "parameters": 7}
    return found | {"settings": asdict(Settings(seed=seed, **changes))}


def test_differences_are_taken_seed_by_seed() -> None:
    """Both vary by ten points between splits, and their difference by none."""
    row = ablation.Row("without skips", {"without": "skips"}, {})
    found = [
        result(1, 0.80),
        result(0, 0.90),
        result(0, 0.88, without="skips"),
        result(1, 0.78, without="skips"),
        # Of another depth, and so of another variant.
        result(0, 0.10, num_layers=8),
        result(0, 0.20, num_layers=8, without="skips"),
        # A seed that the whole network has not.
        result(2, 0.50, without="skips"),
    ]
    assert ablation.differences(found, row) == pytest.approx([-2, -2])
    assert [run["seed"] for run in ablation.runs_of(found, {})] == [0, 1]
    rows = [ablation.Row("whole", {}), row, *WIDTHS[3:]]
    _, *lines = ablation.table(found[:6], rows).splitlines()
    assert [" ".join(line.split()) for line in lines] == [
        "whole 85.00 ± 7.07 7",
        "without skips 83.00 ± 7.07 -2.00 ± 0.00 7",
    ]


def test_first_epoch_is_counted_from_one() -> None:
    curves = [0.5, 0.9, 0.95, 0.8], [0.91, 0.5]
    runs = [{"curve": {"accuracy": curve}} for curve in curves]
    assert ablation.first_epoch(runs, 0.9) == (3 + 1) / 2
    with pytest.raises(ValueError, match=r"no epoch with an accuracy above 0\.92"):
        ablation.first_epoch(runs, 0.92)


def test_a_run_that_diverges_is_recorded_as_such(tmp_path, capsys) -> None:
    arguments = [*SHORT, *TINY, f"--out={tmp_path}", "--without=layer-norm"]
    assert main(EXPERIMENT, arguments) == 0
    assert main(EXPERIMENT, [*arguments, "--learning-rate=1e30", "--seeds", "1"]) == 0
    well, ill = records.read(tmp_path / "results.jsonl")
    assert "diverged" not in well
    assert ill["diverged"].startswith("the loss is nan in epoch 1, step ")
    assert 0 <= ill["test_accuracy"] <= 1
    assert ill["curve"] == {}
    assert ablation.diverged([well, ill]) == "  1 of 2 diverged"
    assert ablation.diverged([well]) == ""


def test_every_run_is_of_a_row_and_rows_on_digits_have_five_splits() -> None:
    for data in EXPERIMENT.presets:
        found, rows = recorded("ablation", data), [*TAKEN_AWAY, *DEPTHS, *WIDTHS]
        runs = [ablation.runs_of(found, row.changes) for row in rows]
        assert all(any(run in some for some in runs) for run in found)
        for some in runs[: -len(WIDTHS)] if data == "digits" else ():
            assert [run["seed"] for run in some] == [0, 1, 2, 3, 4]
