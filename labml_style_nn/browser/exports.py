r"""# Exports: the graphs of all variants

Each variant becomes two graphs: the [step][browser.training_step], which learns, and
the [probe][browser.probe], which looks. To export them takes minutes, so they are kept
under a digest of the code that they are made of. Prose does not count: to write on a
page costs nothing.
"""

import logging
import os
import shutil
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import onnx
import onnxscript
import torch
from torch import Tensor

from labml_style_nn.browser.graphs import exported
from labml_style_nn.browser.probe import Probe
from labml_style_nn.browser.training_step import TrainingStep
from labml_style_nn.browser.variants import VARIANTS
from labml_style_nn.weave import kept
from labml_style_nn.weave.copies.clean import clean
from labml_style_nn.weave.measures.dependencies import Dependencies
from labml_style_nn.weave.parse import parse

_PACKAGE = Path(__file__).parent.parent
# What is written down, and what writes it.
_PARTS = ("graphs", "probe", "training_step", "variants")
_log = logging.getLogger("mkdocs.plugins.train-in-browser")


def graphs(cache: Path, stale: bool = False) -> Path:
    """The folder with all graphs, exported unless they are kept.

    Of earlier states nothing is left. If `stale`, the graphs of an earlier state do.
    """
    earlier = sorted(cache.glob("graphs-*"), key=os.path.getmtime)
    if stale and earlier:
        return earlier[-1]
    folder = kept.folder(cache / f"graphs-{key()[:16]}", export_all)
    for other in earlier:
        if other != folder:
            shutil.rmtree(other)
    return folder


def key(package: Path = _PACKAGE) -> str:
    """A digest of the code that becomes graphs, and of the exporter's versions."""
    dependencies, sources = Dependencies(), set[Path]()
    for part in _PARTS:
        path = package / "browser" / f"{part}.py"
        sources.update(dependencies.of(f"{package.name}.browser.{part}", path))
    code = [
        clean(parse(path.read_text("utf-8"), path.name)) for path in sorted(sources)
    ]
    return kept.digest(
        torch.__version__, onnx.__version__, onnxscript.__version__, *code
    )


def export_all(folder: Path) -> None:
    """Write all graphs, a variant for each processor at a time."""
    _log.info("exporting %d networks for the browser takes minutes", len(VARIANTS))
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        list(pool.map(partial(export, folder), VARIANTS))


def export(folder: Path, name: str) -> None:
    """Write both graphs of a variant."""
    torch.set_num_threads(1)
    model = VARIANTS[name].build()
    step, probe = TrainingStep(model), Probe(model)
    given = example(step)
    looking = {part: given[part] for part in probe.inputs}
    learns = exported(step, given, step.outputs)
    looks = exported(probe, looking, probe.outputs)
    for kind, graph in (("step", learns), ("probe", looks)):
        (folder / f"{name}.{kind}.onnx").write_bytes(graph.SerializeToString())


def example(step: TrainingStep) -> Mapping[str, Tensor]:
    """Something to trace the step with: only the shapes and types count."""
    images, labels = torch.zeros(64, 1, 8, 8), torch.zeros(64, dtype=torch.int64)
    lr, weight_decay, eps = torch.zeros(3)
    values = (*step.begin(), images, labels, lr, weight_decay, eps)
    return dict(zip(step.inputs, values, strict=True))
