"""An edited module beside the original: what is the same, what differs, what fails."""

import _thread
import importlib
import json
import random
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import torch

from labml_style_nn.live.comparison import MIME, Comparison, compare
from labml_style_nn.live.edition import Edition
from tests.live.conftest import Live

PACKAGE = "labml_style_nn"
MIXER = f"{PACKAGE}.models.mlp_mixer"
MIXING = f"{PACKAGE}.layers.token_mixing"
LAST = "return self.dropout(self.fc2(hidden))"
SAME = "No difference."


def edited(name: str, old: str, new: str) -> Comparison:
    """Replace a text that stands once in a module, and compare."""
    source = Edition.original(name).source
    assert source.count(old) == 1
    return compare(name, source.replace(old, new))


@pytest.mark.parametrize(
    "module",
    [
        "layers.batch_norm",  # which changes its own state
        "layers.drop_in_mixer",  # which asks that two arguments are one
        "layers.gelu",  # whose input lies otherwise in memory than its copy
        "layers.stochastic_depth",  # which throws dice
        "layers.token_mixing",
        "experiments.masked_text",  # which is given a generator
        "experiments.runs",  # which reads the clock
        "console",  # which has nothing to do with networks
    ],
)
def test_an_unchanged_module_does_not_differ(module: str) -> None:
    source = Edition.original(f"{PACKAGE}.{module}").source
    result = compare(f"{PACKAGE}.{module}", source)
    assert result.title == SAME
    assert result.original_failure is None
    assert result.num_examples > 0
    assert not any(output.changes for output in result.outputs)


def test_comments_make_no_difference() -> None:
    line = "class TokenMixing(nn.Module):"
    assert edited(MIXING, line, f"{line}  # Mixes").title == SAME


def test_without_its_skip_connections_a_mixer_computes_something_else() -> None:
    result = edited(MIXER, "u = x + self.token_depth(", "u = self.token_depth(")
    assert result.title == "The edited module differs."
    first = result.outputs[0]
    assert first.name == "MLPMixer"
    assert first.shapes == ("(2, 10)", "(2, 10)")
    assert first.parameters == (150158, 150158)
    assert first.same_weights
    assert first.difference is not None
    assert first.difference > 0.05
    # The examples print shapes and counts, which stay, and an exercise compares.
    (example,) = result.examples
    assert "mixer_block" in example.source


def test_a_wider_layer_has_more_parameters() -> None:
    narrow = "num_patches, tokens_mlp_dim, dropout_rate, approximate\n"
    wide = narrow.replace("tokens_mlp_dim", "2 * tokens_mlp_dim")
    result = edited(MIXER, narrow, wide)
    first = result.outputs[0]
    # Four blocks, each with 2 · 49 · 32 + 32 more.
    assert first.parameters == (150158, 150158 + 4 * (2 * 49 * 32 + 32))
    assert not first.same_weights
    assert f"parameters 150,158 → {first.parameters[1]:,}" in str(result)
    example, _ = result.examples
    assert "19,104,624 parameters" in example.before
    assert "19,307,376 parameters" in example.after


def test_the_difference_is_what_it_is() -> None:
    """With weights and inputs of the original: adding a constant differs by it."""
    result = edited(MIXING, LAST, f"{LAST} + 3")
    assert result.outputs[0].difference == pytest.approx(3, abs=1e-5)


def test_another_shape_is_told() -> None:
    result = edited(MIXING, LAST, f"{LAST}[:, :7]")
    batch, patches, channels = 2, 24, 20
    before, after = f"({batch}, {patches}, {channels})", f"({batch}, 7, {channels})"
    assert result.outputs[0].shapes == (before, after)
    assert result.outputs[0].difference is None
    assert f"shape {before} → {after}" in str(result)


# ## What fails


def where(result: Comparison) -> list[tuple[int | None, str, str]]:
    assert result.failure
    return [(step.line, step.inside, step.code) for step in result.failure.steps]


def line_of(name: str, code: str) -> int:
    lines = Edition.original(name).source.splitlines()
    (number,) = [n for n, line in enumerate(lines, 1) if code in line]
    return number


def test_a_syntax_error_is_shown_by_its_line() -> None:
    result = edited(MIXER, "x = block(x)", "x = block(x")
    line = line_of(MIXER, "x = block(x)")
    assert result.title == "The edited module fails: SyntaxError: '(' was never closed"
    assert where(result) == [(line, "", "x = block(x")]
    assert str(result).splitlines()[1] == f"  line {line}: x = block(x"


def test_an_error_is_shown_from_the_example_to_the_line() -> None:
    result = edited(MIXER, "x = block(x)", "x = block(x[:, 1:])")
    assert "ValueError: expected shape (batch, 49, channels)" in result.title
    example, forward, block = where(result)
    assert example[0] is None
    assert example[2].startswith("model(torch.randn(batch, in_channels")
    line = line_of(MIXER, "x = block(x)")
    assert forward == (line, "MLPMixer.forward", "x = block(x[:, 1:])")
    assert block[:2] == (line_of(MIXER, "u = x + self"), "MixerBlock.forward")


def test_a_name_that_is_gone_is_missed_where_it_is_imported() -> None:
    result = edited(MIXING, "class TokenMixing(", "class TokenMixer(")
    assert "cannot import name 'TokenMixing'" in result.title
    line, inside, code = where(result)[-1]
    assert line is None
    assert inside.startswith(f"{PACKAGE}.layers.drop_in_mixer, line ")
    assert code == f"from {MIXING} import TokenMixing"


def test_what_ran_before_the_error_is_compared() -> None:
    result = edited(MIXER, "return MLPMixer(**(sizes | options))", "return 1 / 0")
    assert "ZeroDivisionError" in result.title
    assert len(result.outputs) == 1
    assert not result.outputs[0].changes
    assert "Calls that only" not in str(result)


def test_an_endless_loop_is_stopped_and_named() -> None:
    compare(MIXING, Edition.original(MIXING).source)
    timer = threading.Timer(1, _thread.interrupt_main)
    timer.start()
    try:
        result = compare(MIXING, endless(MIXING))
    finally:
        timer.cancel()
    assert result.title == "The edited module fails: stopped"
    _, inside, code = where(result)[-1]
    assert inside == "TokenMixing.forward"
    assert code in ("while True:", "pass")


def endless(name: str) -> str:
    lines = Edition.original(name).source.splitlines(keepends=True)
    first = [n for n, line in enumerate(lines) if "    def forward(" in line][-1]
    return "".join(
        [
            *lines[: first + 1],
            "        while True:\n            pass\n",
            *lines[first + 1 :],
        ]
    )


def test_a_module_that_is_not_there_is_named() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such"):
        compare(f"{PACKAGE}.layers.no_such", "")


# ## What stays as it was


def test_nothing_that_was_imported_changes() -> None:
    module = importlib.import_module(MIXING)
    before = {name: m for name, m in sys.modules.items() if name.startswith(PACKAGE)}
    torch_chance, chance = torch.get_rng_state(), random.getstate()
    path = list(sys.meta_path)
    edited(MIXING, "class TokenMixing(nn.Module):", "class TokenMixing(nn.Module):  #")
    edited(MIXING, "class TokenMixing(nn.Module):", "class TokenMixing(nn.Module)")
    after = {name: m for name, m in sys.modules.items() if name.startswith(PACKAGE)}
    assert after == before
    assert importlib.import_module(MIXING) is module
    assert sys.meta_path == path
    assert torch.equal(torch.get_rng_state(), torch_chance)
    assert random.getstate() == chance


def test_what_an_example_imports_sees_the_edit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "trial_package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    inner = (
        '"""\n>>> from trial_package.outer import twice\n>>> twice()\n2\n"""\nONE = 1\n'
    )
    (package / "inner.py").write_text(inner)
    outer = "from trial_package.inner import ONE\n\ndef twice():\n    return 2 * ONE\n"
    (package / "outer.py").write_text(outer)
    monkeypatch.syspath_prepend(tmp_path)
    result = compare("trial_package.inner", inner.replace("ONE = 1", "ONE = 5"))
    (example,) = result.examples
    assert (example.source, example.before, example.after) == ("twice()", "2", "10")
    assert "trial_package.inner" not in sys.modules


# ## How it is shown


def test_a_result_is_json_even_with_numbers_that_json_lacks() -> None:
    result = edited(MIXING, LAST, f"{LAST} / 0")
    bundle: dict[str, Any] = result._repr_mimebundle_()
    text = json.dumps(bundle[MIME], allow_nan=False)
    assert json.loads(text) == bundle[MIME]
    assert bundle[MIME]["outputs"][0]["difference"] in ("inf", "nan")
    assert bundle["text/plain"].startswith("The edited module differs.\nTokenMixing: ")


def test_a_kernel_shows_it(live: Live) -> None:
    name = f"{PACKAGE}.layers.gelu"
    source = Edition.original(name).source.replace("0.044715", "0.05")
    code = f"""
from labml_style_nn.live.comparison import MIME, compare
from IPython import get_ipython
result = compare({json.dumps(name)}, {json.dumps(source)})
shown, _ = get_ipython().display_formatter.format(result)
print(sorted(shown))
print(shown["text/plain"])
"""
    printed = live.run(live.kernel("/layers/gelu/"), code)
    kinds, title, *rest = printed.splitlines()
    assert kinds == str(sorted([MIME, "text/plain"]))
    assert title == "The edited module differs."
    assert any(line.startswith("gelu_tanh: numbers differ by up to") for line in rest)
