"""What a token costs: the fit finds the curve, the measurements are what they say."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from labml_style_nn.experiments import records, token_cost
from labml_style_nn.experiments.token_cost import NETWORKS, Settings, build, fit, image

WIDTHS = {"hidden_dim": 12, "tokens_mlp_dim": 6, "channels_mlp_dim": 24, "num_heads": 3}
SMALL = Settings(sides=(2, 3, 4), batch=2, rounds=1, num_layers=1, **WIDTHS)
TERMS = st.floats(1e-6, 1e3)


@given(TERMS, TERMS)
def test_the_fit_finds_both_terms(linear, quadratic):
    tokens = [64, 144, 256, 1024]
    expected = [linear * s + quadratic * s * s for s in tokens]
    found = fit(tokens, expected)
    values = [found.linear * s + found.quadratic * s * s for s in tokens]
    assert values == pytest.approx(expected, rel=1e-6)


@given(st.lists(st.floats(0.9, 1.1), min_size=4, max_size=4))
def test_noise_makes_no_term_negative(noise):
    tokens = [64, 144, 256, 1024]
    found = fit(tokens, [s * n for s, n in zip(tokens, noise, strict=True)])
    assert min(found.linear, found.quadratic) >= 0
    assert 0 <= found.share(1024) <= 1


def test_both_ways_to_compute_attention_agree():
    x = image(4, SMALL)
    network = build("ViT", 4, SMALL)
    torch.nn.init.normal_(network.head.weight)
    fused = network(x)
    with token_cost.kernels("ViT, written out"):
        torch.testing.assert_close(network(x), fused)


def test_what_is_written_out_keeps_the_table_of_all_pairs_in_memory():
    settings = Settings(num_layers=1, hidden_dim=48)
    table = 4 * settings.batch * settings.num_heads * 1024**2
    written_out = token_cost.peak_memory("ViT, written out", 32, settings)
    fused = token_cost.peak_memory("ViT", 32, settings)
    assert written_out > table > fused


def test_memory_is_what_was_alive_at_once():
    settings = Settings(num_layers=1)
    network = build("Mixer", 16, settings)
    gradients = sum(4 * parameter.numel() for parameter in network.parameters())
    table = 4 * settings.batch * 256 * settings.hidden_dim
    found = token_cost.peak_memory("Mixer", 16, settings)
    # Eight tables and two hidden layers at least are kept for the backward pass.
    assert gradients + 8 * table < found < gradients + 20 * table
    assert found == token_cost.peak_memory("Mixer", 16, settings)


def test_the_command_records_what_it_measured(tmp_path, capsys):
    options = ["--sides", "2", "3", "4", "--rounds", "1", "--out", str(tmp_path)]
    assert token_cost.main(options) == 0
    (record,) = records.read(tmp_path / "results.jsonl")
    assert record["tokens"] == [4, 9, 16]
    for name in NETWORKS:
        curves = record["curves"][name]
        assert all(len(values) == 3 for values in curves.values())
        assert all(value > 0 for value in curves["forward"] + curves["training"])
    assert "quadratic share" in capsys.readouterr().out
