r"""# The files of the page"""

import gzip
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import torch

from labml_style_nn.browser import digit_file
from labml_style_nn.browser.graphs import export
from labml_style_nn.browser.manifest import manifest
from labml_style_nn.browser.probe import Probe
from labml_style_nn.browser.training_step import TrainingStep
from labml_style_nn.browser.variants import VARIANTS, Variant
from labml_style_nn.weave.formulas import node

MANIFEST = Path(__file__).parent / "package.json"
RUNTIME = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs")


def write(folder: Path, cache: Path, names: Sequence[str]) -> None:
    """Write everything into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    bring_runtime(folder / "ort", cache)
    (folder / "digits.bin").write_bytes(digit_file.written())
    variants = [VARIANTS[name] for name in names]
    for variant in variants:
        write_graphs(variant, folder)
    text = json.dumps(manifest(variants, folder), ensure_ascii=False)
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


def write_graphs(variant: Variant, folder: Path) -> None:
    """Export both graphs of a variant."""
    model = variant.build()
    images, labels = torch.zeros(64, 1, 8, 8), torch.zeros(64, dtype=torch.int64)
    step, probe = TrainingStep(model), Probe(model)
    numbers = [torch.tensor(value) for value in (1e-3, 0.1, 1e-8)]
    args = (*step.begin(), images, labels, *numbers)
    for kind, function, inputs in (
        ("step", step, args),
        ("probe", probe, (args[0], images)),
    ):
        graph = export(function, inputs, function.inputs, function.outputs)
        file = folder / f"{variant.name}.{kind}.onnx"
        file.write_bytes(graph.SerializeToString())
