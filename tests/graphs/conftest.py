"""The graphs as the site has them, exported once for all tests."""

from collections.abc import Callable, Mapping
from functools import cache

import onnxruntime
import pytest
import torch
from torch import Tensor

from labml_style_nn.web_training import site_files
from labml_style_nn.web_training.site_files import Files
from support import CACHE

Run = Callable[[Mapping[str, Tensor]], dict[str, Tensor]]
Graphs = Callable[[str], Run]


@pytest.fixture(scope="session")
def files() -> Files:
    """What the page loads: `assets/train/` of the site."""
    return site_files.files(CACHE / "browser")


@pytest.fixture(scope="session")
def run(files: Files) -> Graphs:
    """Open a graph by its name: a function from its inputs to its outputs."""

    @cache
    def opened(name: str) -> Run:
        session = onnxruntime.InferenceSession(
            files[f"{name}.onnx"], providers=["CPUExecutionProvider"]
        )
        outputs = [output.name for output in session.get_outputs()]

        def call(inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
            given = {key: value.detach().numpy() for key, value in inputs.items()}
            found = session.run(outputs, given)
            return dict(zip(outputs, map(torch.from_numpy, found), strict=True))

        return call

    return opened
