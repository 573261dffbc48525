"""An edited module beside the original: what is the same, what differs, what fails."""

import importlib
import json
import random
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from labml_style_nn.live.comparison import MIME, Comparison, compare
from labml_style_nn.live.edition import Edition
from support import write_files

PACKAGE = "labml_style_nn"
MIXING = f"{PACKAGE}.layers.token_mixing"
LAST = "return self.dropout(self.fc2(hidden))"
SAME = "No difference."
# Two blocks with skip connections, and a head that hides at first what they compute.
NET = "trial_package.net"
NET_SOURCE = '''"""
>>> net = Net(num_blocks=2)
>>> net(torch.randn(5, 4)).shape
torch.Size([5, 3])
>>> sum(parameter.numel() for parameter in net.parameters())
55
>>> build().blocks[0].linear
Linear(in_features=4, out_features=4, bias=True)
"""
import torch
from torch import nn

class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x):
        assert x.shape[1] == 4, "expected 4 channels"
        return x + self.linear(x)

class Net(nn.Module):
    def __init__(self, num_blocks):
        super().__init__()
        self.blocks = nn.ModuleList(Block() for _ in range(num_blocks))
        self.head = nn.Linear(4, 3)
        nn.init.zeros_(self.head.weight)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.head(x)

def build():
    return Net(num_blocks=2)
'''
# An example of one of its modules imports another, which imports the first.
INNER = '"""\n>>> from trial_package.outer import twice\n>>> twice()\n2\n"""\nONE = 1\n'
OUTER = "from trial_package.inner import ONE\n\ndef twice():\n    return 2 * ONE\n"


@pytest.fixture(scope="module", autouse=True)
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A package to try edits in."""
    folder = tmp_path_factory.mktemp("packages")
    texts = {"net": NET_SOURCE, "inner": INNER, "outer": OUTER, "__init__": ""}
    files = {f"trial_package/{name}.py": text for name, text in texts.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(write_files(folder, files))
        yield


def edited(name: str, old: str, new: str) -> Comparison:
    """Replace a text that stands once in a module, and compare."""
    source = Edition.original(name).source
    assert source.count(old) == 1
    return compare(name, source.replace(old, new))


def test_an_unchanged_module_does_not_differ() -> None:
    for module in (
        "layers.batch_norm",  # which changes its own state
        "layers.drop_in_mixer",  # which asks that two arguments are one
        "layers.gelu",  # whose input lies otherwise in memory than its copy
        "layers.stochastic_depth",  # which throws dice
        "layers.token_mixing",
        "experiments.masked_text",  # which is given a generator
        "experiments.runs",  # which reads the clock
        "console",  # which has nothing to do with networks
    ):
        source = Edition.original(f"{PACKAGE}.{module}").source
        result = compare(f"{PACKAGE}.{module}", source)
        assert (result.title, result.original_failure) == (SAME, None), module
        assert result.num_examples > 0
        assert not any(output.changes for output in result.outputs)


def test_a_network_that_computes_something_else_or_is_deeper_is_told() -> None:
    result = edited(NET, "return x + self.linear(x)", "return self.linear(x)")
    assert result.title == "The edited module differs."
    first = result.outputs[0]
    assert (first.name, first.shapes) == ("Net", ("(5, 3)", "(5, 3)"))
    assert first.parameters == (55, 55)
    assert first.same_weights
    assert first.difference is not None
    assert first.difference > 0.05
    # The examples print shapes and counts, which stay.
    assert not result.examples
    result = edited(NET, "in range(num_blocks)", "in range(100 * num_blocks)")
    first = result.outputs[0]
    assert first.parameters == (55, 4_015)
    assert not first.same_weights
    assert "parameters 55 → 4,015" in str(result)
    (example,) = result.examples
    assert (example.before, example.after) == ("55", "4015")


def test_the_difference_is_what_it_is_in_json_too_and_another_shape_is_told() -> None:
    """With weights and inputs of the original: adding a constant differs by it."""
    result = edited(MIXING, LAST, f"{LAST} + 3")
    assert result.outputs[0].difference == pytest.approx(3, abs=1e-5)
    result = edited(MIXING, LAST, f"{LAST}[:, :7]")
    assert result.outputs[0].shapes == ("(2, 24, 20)", "(2, 7, 20)")
    assert result.outputs[0].difference is None
    assert "shape (2, 24, 20) → (2, 7, 20)" in str(result)
    # And though JSON lacks the number.
    result = edited(MIXING, LAST, f"{LAST} / 0")
    bundle: dict[str, Any] = result._repr_mimebundle_()
    text = json.dumps(bundle[MIME], allow_nan=False)
    assert json.loads(text) == bundle[MIME]
    assert bundle[MIME]["outputs"][0]["difference"] in ("inf", "nan")
    assert bundle["text/plain"].startswith("The edited module differs.\nTokenMixing: ")


def where(result: Comparison) -> list[tuple[int | None, str, str]]:
    steps = result.failure.steps if result.failure else []
    return [(step.line, step.inside, step.code) for step in steps]


def line_of(code: str) -> int:
    return NET_SOURCE.partition(code)[0].count("\n") + 1


def test_an_error_is_shown_from_the_example_to_the_line() -> None:
    """A mistake in writing by its line, a name that is gone where it is imported."""
    result = edited(NET, "x = block(x)", "x = block(x")
    line = line_of("x = block(x)")
    assert result.title == "The edited module fails: SyntaxError: '(' was never closed"
    assert where(result) == [(line, "", "x = block(x")]
    assert str(result).splitlines()[1] == f"  line {line}: x = block(x"
    result = edited(NET, "x = block(x)", "x = block(x[:, 1:])")
    assert "AssertionError: expected 4 channels" in result.title
    example, forward, block = where(result)
    assert example == (None, "", "net(torch.randn(5, 4)).shape")
    assert forward == (line_of("x = block(x)"), "Net.forward", "x = block(x[:, 1:])")
    assert block[:2] == (line_of("assert x.shape"), "Block.forward")
    result = edited(MIXING, "class TokenMixing(", "class TokenMixer(")
    assert "cannot import name 'TokenMixing'" in result.title
    place, inside, code = where(result)[-1]
    assert (place, code) == (None, f"from {MIXING} import TokenMixing")
    assert inside.startswith(f"{PACKAGE}.layers.drop_in_mixer, line ")
    with pytest.raises(ModuleNotFoundError, match="no_such"):
        compare(f"{PACKAGE}.layers.no_such", "")


def test_what_ran_before_an_error_is_compared_and_an_endless_loop_stopped() -> None:
    """As soon as it is in the loop, it interrupts itself, as Ctrl-C would."""
    result = edited(NET, "return Net(num_blocks=2)", "return 1 / 0")
    assert "ZeroDivisionError" in result.title
    assert len(result.outputs) == 1
    assert not result.outputs[0].changes
    assert "Calls that only" not in str(result)
    loop = "import _thread; _thread.interrupt_main()\n        while True: pass"
    result = edited(NET, "return x + self.linear(x)", loop)
    assert result.title == "The edited module fails: stopped"
    _, inside, code = where(result)[-1]
    assert inside == "Block.forward"
    assert code in (loop.partition("\n")[0], "while True: pass")


def test_nothing_that_was_imported_changes_but_an_example_sees_the_edit() -> None:
    importlib.import_module(MIXING)

    def state() -> list[Any]:
        ours = {n: id(m) for n, m in sys.modules.items() if n.startswith(PACKAGE)}
        chance = (torch.get_rng_state().tolist(), random.getstate())
        return [ours, chance, [*sys.meta_path]]

    before = state()
    line = "class TokenMixing(nn.Module):"
    assert edited(MIXING, line, f"{line}  # Comments make no difference").title == SAME
    assert "SyntaxError" in edited(MIXING, line, line.removesuffix(":")).title
    assert state() == before
    result = edited("trial_package.inner", "ONE = 1", "ONE = 5")
    (example,) = result.examples
    assert (example.source, example.before, example.after) == ("twice()", "2", "10")
    assert "trial_package.inner" not in sys.modules
