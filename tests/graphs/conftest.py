"""The graphs as the site has them, exported once for all tests, and the digits."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache

import onnxruntime
import pytest
import torch
from torch import Tensor

from labml_style_nn.data.digits import split_digits
from labml_style_nn.models.mlp_mixer import MLPMixer
from labml_style_nn.web_training import digit_file, loop, site_files
from labml_style_nn.web_training.site_files import Files
from labml_style_nn.web_training.variants import VARIANTS
from support import CACHE

Run = Callable[[Mapping[str, Tensor]], dict[str, Tensor]]
Graphs = Callable[[str], Run]
PARTS = DIGITS, HELD_OUT = split_digits(seed=0)


def shaken(name: str, by: float) -> MLPMixer:
    """A network with weights of some size everywhere: a head of zeros hides all."""
    torch.manual_seed(2)
    model = VARIANTS[name].build()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=by)
    return model


@contextmanager
def read_once() -> Iterator[None]:
    """The digits are read and split once, not anew for each variant of each test."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (digit_file, loop):
            patch.setattr(module, "split_digits", lambda seed: {0: PARTS}[seed])
        yield


@pytest.fixture(scope="module", autouse=True)
def in_each_module() -> Iterator[None]:
    with read_once():
        yield


def ready(graph: bytes) -> Run:
    """A graph as a function from its inputs to its outputs."""
    options = onnxruntime.SessionOptions()
    # More threads would only wait for one another, and busily.
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph, options, ["CPUExecutionProvider"])
    outputs = [output.name for output in session.get_outputs()]

    def call(inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        given = {key: value.detach().numpy() for key, value in inputs.items()}
        found = session.run(outputs, given)
        return dict(zip(outputs, map(torch.from_numpy, found), strict=True))

    return call


@pytest.fixture(scope="session")
def files() -> Files:
    """What the page loads: `assets/train/` of the site."""
    with read_once():
        return site_files.files(CACHE / "browser")


@pytest.fixture(scope="session")
def run(files: Files) -> Graphs:
    """Open a graph by its name."""

    @cache
    def opened(name: str) -> Run:
        return ready(files[f"{name}.onnx"])

    return opened
