"""The proofs hold, and fail as soon as a layer or a page is wrong."""

import json
import sys
from functools import partial
from types import ModuleType

import pytest
import torch
from litweave.features.proofs.proof import Proof
from litweave.features.proofs.proof import prove as kept_proofs
from torch.nn import functional as F

from labml_style_nn.layers import gelu, layer_norm, mlp, patch_embedding
from labml_style_nn.layers.dropout import Dropout
from labml_style_nn.layers.head import ClassificationHead, GlobalAveragePooling
from labml_style_nn.layers.skip_connection import SkipConnection
from labml_style_nn.layers.stochastic_depth import StochasticDepth
from labml_style_nn.layers.token_mixing import TokenLinear
from labml_style_nn.models import mlp_mixer
from labml_style_nn.proofs import __main__ as program
from labml_style_nn.proofs import layer_proofs, model_proofs
from labml_style_nn.proofs.__main__ import PROOFS, as_json, as_table, plan, prove
from labml_style_nn.proofs.cost import count, multiply_adds, parameters
from labml_style_nn.proofs.facts import Fact
from labml_style_nn.proofs.formula import Page
from support import CACHE, ROOT
from tests.proofs.mutation import failures

PROGRAM = "labml_style_nn.proofs"
LAYERS = "labml_style_nn.layers"


# ## What holds


@pytest.fixture(scope="module")
def proofs() -> dict[str, Proof]:
    """The proofs that a build would show: those that are kept, if nothing changed."""
    return dict(kept_proofs(PROGRAM, ROOT, CACHE / "litweave" / "proofs").pages)


def test_every_proof_holds(proofs: dict[str, Proof]) -> None:
    assert {name: [*proof.failures()] for name, proof in proofs.items()} == {
        name: [] for name in PROOFS
    }


def test_every_layer_and_model_has_a_proof() -> None:
    assert program.unproved() == []


@pytest.mark.parametrize("name", PROOFS)
def test_every_proof_counts_and_compares(name: str, proofs: dict[str, Proof]) -> None:
    proof = proofs[name]
    labels = " ".join(fact.label for fact in proof.facts)
    if not name.endswith(".checks"):
        assert "Parameters" in labels
        assert "MACs" in labels
        assert "Difference from" in labels
    assert sum(len(fact.checks) for fact in proof.facts) >= 2


def test_the_mixer_is_held_against_all_that_is_published(
    proofs: dict[str, Proof],
) -> None:
    fact = proofs["labml_style_nn.models.mlp_mixer"].facts[0]
    assert (fact.value, fact.of) == ("59,880,472", "Mixer-B/16")
    cases = {check.against: len(check.cases) for check in fact.checks}
    assert cases == {
        "the formula": 7,
        "timm 1.0.31": 7,
        "the authors' test (vit_jax)": 3,
        "the paper's Table 1": 7,
    }
    assert [check.quoted for check in fact.checks] == [False, True, True, True]


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


def test_the_program_prints_a_page_and_ends_well(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert program.main(["checks"]) == 0
    assert "Verdicts that differ: 0" in capsys.readouterr().out


def test_an_unknown_page_is_refused_with_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        program.main(["atention"])
    assert "token_mixing" in capsys.readouterr().err


# ## What does not


@pytest.mark.parametrize(
    ("page", "owner", "name", "wrong", "message"),
    [
        (
            "token_mixing",
            TokenLinear,
            "forward",
            lambda self, x: torch.matmul(self.weight, x),  # no bias
            "Difference from timm",
        ),
        (
            "token_mixing",
            TokenLinear,
            "forward",
            lambda self, x: F.linear(x, self.weight.T, self.bias[: x.shape[2]]),
            "Error",
        ),
        (
            "layer_norm",
            layer_norm.LayerNorm,
            "forward",
            lambda self, x: F.layer_norm(x, (self.dim,), self.weight, self.bias, 1e-5),
            "Difference from timm",
        ),
        (
            "layer_norm",
            layer_proofs,
            "layer_norm",
            lambda x, weight, bias: weight * x + bias,
            "to the equation here",
        ),
        (
            "gelu",
            gelu.GELU,
            "forward",
            lambda self, x: F.gelu(x, approximate="tanh"),
            "Difference from fifty digits",
        ),
        (
            "mlp",
            mlp.MLP,
            "forward",
            lambda self, x: self.fc2(F.relu(self.fc1(x))),
            "Difference from timm",
        ),
        (
            "channel_mixing",
            mlp.MLP,
            "forward",
            lambda self, x: self.fc2(self.fc1(x)),
            "Difference from two nn.Conv1d",
        ),
        (
            "patch_embedding",
            patch_embedding,
            "cut_into_patches",
            partial(patch_embedding.rearrange, pattern=""),
            "Error",
        ),
        (
            "head",
            GlobalAveragePooling,
            "forward",
            lambda self, x: x.sum(dim=1),
            "Difference from NumPy",
        ),
        (
            "head",
            ClassificationHead,
            "forward",
            lambda self, x: self.linear(x[:, 0]),
            "Difference from timm",
        ),
        (
            "skip_connection",
            SkipConnection,
            "forward",
            lambda self, x: self.branch(x),
            "Difference from 2x",
        ),
        (
            "dropout",
            Dropout,
            "forward",
            lambda self, x: F.dropout(x, 0.1, self.training) * 0.9,
            "Mean that is left",
        ),
        (
            "dropout",
            Dropout,
            "forward",
            lambda self, x: F.dropout(x, 0.1, True),
            "Difference from its input",
        ),
        (
            "stochastic_depth",
            StochasticDepth,
            "forward",
            lambda self, x: F.dropout(x, 0.1, self.training),
            "Difference from nn.Dropout1d",
        ),
        (
            "stochastic_depth",
            layer_proofs,
            "linear_rates",
            lambda rate, number: [rate * (n + 1) / number for n in range(number)],
            "Difference from linspace",
        ),
        (
            "linear",
            layer_proofs,
            "TRUNCATED_STD",
            0.88,
            "Standard deviation that is left",
        ),
        (
            "checks",
            layer_proofs,
            "check_shape",
            lambda x, *expected: None,
            "Verdicts that differ",
        ),
        (
            "mlp_mixer",
            mlp_mixer.MixerBlock,
            "forward",
            lambda self, x: x + self.token_mixing(self.token_norm(x)),
            "MACs for an image, Mixer-L/16: got",
        ),
        (
            "mlp_mixer",
            mlp_mixer,
            "SCALES",
            mlp_mixer.SCALES | {"B": (12, 768, 384, 3064)},
            "Parameters, Mixer-B/16: got 59,732,",
        ),
        (
            "mlp_mixer",
            model_proofs,
            "permuted",
            lambda mixer, patch_order, pixel_order: mixer,  # as if order were nothing
            "Difference from the Mixer on original images",
        ),
    ],
)
def test_a_wrong_layer_is_not_proved(
    page: str,
    owner: object,
    name: str,
    wrong: object,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(owner, name, wrong)
    found = failures(page, message)
    assert any(message in failure for failure in found), found


def test_a_wrong_formula_on_a_page_is_not_proved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = sys.modules[f"{LAYERS}.token_mixing"]
    assert page.__doc__
    monkeypatch.setattr(page, "__doc__", page.__doc__.replace("2 S D_S C", "S D_S C"))
    message = "FormulaError: the page does not say “2 S D_S C”"
    assert message in failures("token_mixing", message)


def test_what_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(PROOFS, f"{LAYERS}.gelu")
    assert program.main(["checks"]) == 1
    message = f"{LAYERS}.gelu: nothing is proved of it\n"
    assert capsys.readouterr().err == message


def test_a_failed_check_ends_the_program_with_both_numbers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(layer_proofs, "TRUNCATED_STD", 0.88)
    assert program.main(["linear"]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"{LAYERS}.linear: Standard deviation that is left")
    assert "got 0.8800000000000000, expected 0.8796256610342398" in said


# ## What it needs


def test_weave_and_the_proofs_know_nothing_of_each_other() -> None:
    for folder, other in (("proofs", "litweave"), ("litweave", "proofs")):
        for path in (ROOT / "labml_style_nn" / folder).rglob("*.py"):
            for line in path.read_text().split("\n"):
                if line.lstrip().startswith(("import ", "from ")):
                    assert f"labml_style_nn.{other}" not in line, path


# ## Measuring


def test_costs_are_counted_on_shapes_alone() -> None:
    linear = torch.nn.Linear(10**6, 10**5, device="meta")
    assert parameters(linear) == 10**11 + 10**5
    assert multiply_adds(linear, 3, 10**6) == 3 * 10**11


def test_a_count_without_a_check_is_a_fact_all_the_same() -> None:
    assert count("Numbers", {"here": 1234}) == Fact("Numbers", "1,234", "here", ())


def test_a_page_without_a_docstring_says_nothing() -> None:
    assert Page(ModuleType("m")).text == ""
