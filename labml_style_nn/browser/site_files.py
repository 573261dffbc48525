r"""# The files of the page"""

import gzip
import json
import shutil
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import torch

from labml_style_nn.browser import digit_file
from labml_style_nn.browser.graphs import exported
from labml_style_nn.browser.manifest import manifest
from labml_style_nn.browser.probe import Probe
from labml_style_nn.browser.record import recorded
from labml_style_nn.browser.training_step import TrainingStep
from labml_style_nn.browser.variants import VARIANTS
from labml_style_nn.weave.formulas import node

MANIFEST = Path(__file__).parent / "package.json"
RUNTIME = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs")


def write(folder: Path, cache: Path, names: Sequence[str]) -> None:
    """Write everything into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    bring_runtime(folder / "ort", cache)
    (folder / "digits.bin").write_bytes(digit_file.written())
    variants = [VARIANTS[name] for name in names]
    # An export takes half a minute of one processor.
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        list(pool.map(write_graphs, names, [folder] * len(names)))
    text = json.dumps(manifest(variants, folder, recorded()), ensure_ascii=False)
    (folder / "manifest.json").write_text(text, "utf-8")


def bring_runtime(folder: Path, cache: Path) -> None:
    """Copy onnxruntime-web; the large file compressed."""
    folder.mkdir(parents=True, exist_ok=True)
    dist = node.packages(cache, MANIFEST) / "onnxruntime-web" / "dist"
    for name in RUNTIME:
        shutil.copy(dist / name, folder)
    wasm = (dist / "ort-wasm-simd-threaded.wasm").read_bytes()
    packed = gzip.compress(wasm, mtime=0)
    (folder / "ort-wasm-simd-threaded.wasm.gz").write_bytes(packed)


def write_graphs(name: str, folder: Path) -> None:
    """Export both graphs of a variant."""
    torch.set_num_threads(1)
    model = VARIANTS[name].build()
    step, probe = TrainingStep(model), Probe(model)
    images, labels = torch.zeros(64, 1, 8, 8), torch.zeros(64, dtype=torch.int64)
    numbers = [torch.tensor(value) for value in (1e-3, 0.1, 1e-8)]
    state = step.begin()
    values = (*state, images, labels, *numbers)
    learning = dict(zip(step.inputs, values, strict=True))
    looking = {"theta": state[0], "images": images}
    for kind, function, example in (
        ("step", step, learning),
        ("probe", probe, looking),
    ):
        graph = exported(function, example, function.outputs)
        path = folder / f"{name}.{kind}.onnx"
        path.write_bytes(graph.SerializeToString())
