"""The proofs hold, and the program tells what does not."""

import json

import pytest
import torch
from litweave.features import proofs as shown

from labml_style_nn.proofs import __main__ as program
from labml_style_nn.proofs import layer_proofs
from labml_style_nn.proofs.__main__ import PROOFS, as_json, as_table, plan, prove
from labml_style_nn.proofs.cost import count, multiply_adds, parameters
from labml_style_nn.proofs.facts import Fact
from support import CACHE, ROOT

PROGRAM = "labml_style_nn.proofs"
LAYERS = "labml_style_nn.layers"
Proofs = dict[str, shown.Said]
Said = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def proofs() -> Proofs:
    """The proofs that a build would show: those that are kept, if nothing changed."""
    return shown.prove(PROGRAM, ROOT, CACHE / "litweave" / "proofs")


def test_every_layer_and_model_has_a_proof_and_every_proof_holds(
    proofs: Proofs,
) -> None:
    assert {name: [*shown.failures(proof)] for name, proof in proofs.items()} == {
        name: [] for name in PROOFS
    }
    # And something was held against something else.
    for name, proof in proofs.items():
        assert sum(len(fact["checks"]) for fact in proof["facts"]) >= 2, name
    assert program.unproved() == []


def test_the_mixer_is_held_against_all_that_is_published(proofs: Proofs) -> None:
    fact = proofs["labml_style_nn.models.mlp_mixer"]["facts"][0]
    assert (fact["value"], fact["of"]) == ("59,880,472", "Mixer-B/16")
    cases = {c["against"]: len(c["cases"]) for c in fact["checks"]}
    assert cases == {
        "the formula": 7,
        "timm 1.0.31": 7,
        "the authors' test (vit_jax)": 3,
        "the paper's Table 1": 7,
    }
    assert [check["quoted"] for check in fact["checks"]] == [False, True, True, True]


def test_a_layer_is_counted_as_its_page_and_timm_count_it(proofs: Proofs) -> None:
    weights, work, *_ = proofs[f"{LAYERS}.token_mixing"]["facts"]
    assert (weights["value"], weights["of"]) == ("151,108", "in a Mixer-B/16")
    against = [check["against"] for check in weights["checks"]]
    assert against == ["the formula", "timm 1.0.31"]
    assert [check["formula"] for check in work["checks"]] == ["2 S D_S C"]


@pytest.mark.parametrize(
    ("page", "cases"), [("models.transformer", 16), ("models.conv_mixer", 4)]
)
def test_a_model_is_held_against_another_in_all_its_forms(
    page: str, cases: int, proofs: Proofs
) -> None:
    facts = proofs[f"labml_style_nn.{page}"]["facts"]
    checks = {fact["label"]: fact["checks"][0] for fact in facts}
    differences = [c for label, c in checks.items() if label.startswith("Difference f")]
    assert [len(check["cases"]) for check in differences] == [cases]


def test_json_and_table_say_the_same() -> None:
    told = plan()
    assert told["pages"].keys() == PROOFS.keys()
    assert told["versions"]["PyTorch"] == torch.__version__
    for name in (f"{LAYERS}.token_mixing", f"{LAYERS}.layer_norm", f"{LAYERS}.gelu"):
        proof = prove(name, PROOFS[name])
        table = as_table(name, proof)
        assert proof.facts
        for fact in json.loads(json.dumps(as_json(name, proof)))["facts"]:
            assert f"{fact['label']}: {fact['value']}" in table


def test_the_program_prints_a_page_and_refuses_one_that_it_does_not_know(
    capsys: Said,
) -> None:
    assert program.main(["checks"]) == 0
    assert "Verdicts that differ: 0" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        program.main(["atention"])
    assert "token_mixing" in capsys.readouterr().err


def test_what_is_missing_or_fails_ends_the_program_and_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    monkeypatch.delitem(PROOFS, f"{LAYERS}.gelu")
    assert program.main(["checks"]) == 1
    message = f"{LAYERS}.gelu: nothing is proved of it\n"
    assert capsys.readouterr().err == message
    # A check that fails, with both numbers.
    monkeypatch.setattr(layer_proofs, "TRUNCATED_STD", 0.88)
    assert program.main(["linear"]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"{LAYERS}.linear: Standard deviation that is left")
    assert "got 0.8800000000000000, expected 0.8796256610342398" in said


def test_costs_are_counted_on_shapes_and_a_count_without_a_check_is_a_fact() -> None:
    linear = torch.nn.Linear(10**6, 10**5, device="meta")
    assert parameters(linear) == 10**11 + 10**5
    assert multiply_adds(linear, 3, 10**6) == 3 * 10**11
    assert count("Numbers", {"here": 1234}) == Fact("Numbers", "1,234", "here", ())
