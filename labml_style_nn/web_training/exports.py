r"""# Exports: the graphs of all networks

Each network becomes two graphs: the [step][web_training.training_step], which learns,
and the [probe][], which looks. They are kept under a digest of the code that they are
made of, the two of a network as soon as both are made. Prose does not count: to write
on a page costs nothing. Variants that change the digits alone have no graphs of their
own.
"""

import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import onnx
import torch
from litweave.cache import build_folder, digest
from litweave.dependencies import Dependencies
from torch import Tensor

from labml_style_nn.web_training.graphs import exported
from labml_style_nn.web_training.probe import Probe
from labml_style_nn.web_training.training_step import TrainingStep
from labml_style_nn.web_training.variants import NETWORKS, VARIANTS

# Called before a network is exported: which of how many it is, and its name.
Progress = Callable[[int, int, str], None]

_PACKAGE = Path(__file__).parent.parent
# What is written down, and what writes it.
_PARTS = ("graphs", "probe", "training_step", "variants")


def graphs(cache: Path, progress: Progress | None = None) -> dict[str, bytes]:
    """All graphs by the names of their files. Those that are not kept are exported.

    Of earlier states nothing is left.
    """
    folder = cache / f"graphs-{key()[:16]}"
    for number, name in enumerate(NETWORKS, start=1):
        if progress and not (folder / name).exists():
            progress(number, len(NETWORKS), name)
        build_folder(folder / name, partial(export, name))
    for other in {*cache.glob("graphs-*")} - {folder}:
        shutil.rmtree(other)
    paths = (path for name in NETWORKS for path in sorted((folder / name).iterdir()))
    return {path.name: path.read_bytes() for path in paths}


def key(package: Path = _PACKAGE) -> str:
    """A digest of the code that becomes graphs, and of the libraries' versions."""
    dependencies, within = Dependencies(), f"{package.name}.web_training"
    code = (
        dependencies.computes(f"{within}.{part}", package / f"web_training/{part}.py")
        for part in _PARTS
    )
    return digest(torch.__version__, onnx.__version__, *code)


def export(name: str, folder: Path) -> None:
    """Write both graphs of a network."""
    model = VARIANTS[name].build()
    step, probe = TrainingStep(model), Probe(model)
    given = example(step)
    for kind, function in (("step", step), ("probe", probe)):
        taken = {part: given[part] for part in function.inputs}
        graph = exported(function, taken, function.outputs)
        (folder / f"{name}.{kind}.onnx").write_bytes(graph.SerializeToString())


def example(step: TrainingStep) -> Mapping[str, Tensor]:
    """Something to trace the step with: only the shapes and types count."""
    images, labels = torch.zeros(64, 1, 8, 8), torch.zeros(64, dtype=torch.int64)
    lr, weight_decay, eps = torch.zeros(3)
    values = (*step.begin(), images, labels, lr, weight_decay, eps)
    return dict(zip(step.inputs, values, strict=True))
