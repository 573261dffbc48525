"""What the page loads: small, whole, and told truly by the manifest."""

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import onnx
import pytest
import torch

from labml_style_nn.browser import site_plugin
from labml_style_nn.browser.probe import Probe
from labml_style_nn.browser.record import EPOCHS, SEED, STEPS_IN_EPOCH, recorded
from labml_style_nn.browser.training_step import TrainingStep
from labml_style_nn.browser.variants import VARIANTS
from labml_style_nn.data.digits import split_digits

WEB = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs")


@pytest.fixture(scope="module")
def manifest(files: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((files / "manifest.json").read_text("utf-8"))
    return found


def test_little_travels(files: Path, manifest: dict[str, Any]) -> None:
    """The runtime, the digits and the two largest networks, side by side."""
    runtime = sum(path.stat().st_size for path in (files / "ort").iterdir())
    graphs = sorted(variant["bytes"] for variant in manifest["variants"])
    others = [files / "manifest.json", files / "digits.bin"]
    rest = sum(path.stat().st_size for path in others)
    assert runtime + sum(graphs[-2:]) + rest < 4_500_000
    packed = (files / "ort" / "ort-wasm-simd-threaded.wasm.gz").read_bytes()
    assert gzip.decompress(packed).startswith(b"\0asm")
    assert all((files / "ort" / name).exists() for name in WEB)


@pytest.mark.parametrize("name", VARIANTS)
def test_a_graph_is_called_by_the_names_of_its_function(name: str, files: Path) -> None:
    model = VARIANTS[name].build()
    for kind, function in (("step", TrainingStep(model)), ("probe", Probe(model))):
        graph = onnx.load(files / f"{name}.{kind}.onnx").graph
        assert [value.name for value in graph.input] == [*function.inputs]
        assert [value.name for value in graph.output] == [*function.outputs]
        # No weight stands in the graph: one graph serves any of them.
        stored = sum(onnx.numpy_helper.to_array(t).size for t in graph.initializer)
        assert stored < 1000


def test_the_manifest_tells_each_parameter(manifest: dict[str, Any]) -> None:
    assert [variant["name"] for variant in manifest["variants"]] == [*VARIANTS]
    for told in manifest["variants"]:
        model = VARIANTS[told["name"]].build()
        shapes = {part["name"]: part["shape"] for part in told["parameters"]}
        expected = {n: [*p.shape] for n, p in model.named_parameters()}
        assert shapes == expected
        assert told["count"] == sum(p.numel() for p in model.parameters())


def test_the_digits_are_those_of_the_split(
    files: Path, manifest: dict[str, Any]
) -> None:
    told = manifest["digits"]
    data = torch.frombuffer(
        bytearray((files / told["file"]).read_bytes()), dtype=torch.uint8
    )
    pixels, labels = data[: told["labels_offset"]], data[told["labels_offset"] :]
    images = pixels.view(-1, 1, 8, 8) / told["levels"]
    parts = split_digits(seed=0)
    assert torch.equal(images, torch.cat([part.images for part in parts]))
    assert torch.equal(labels, torch.cat([part.labels for part in parts]))


def test_each_variant_has_a_recorded_run_of_this_code() -> None:
    """The first steps of the record, computed again."""
    from labml_style_nn.browser.loop import train

    runs = recorded()
    assert runs.keys() == VARIANTS.keys()
    for name, run in runs.items():
        assert len(run["loss"]) == EPOCHS * STEPS_IN_EPOCH
        assert run["loss"][:5] == pytest.approx(train(name, SEED, 5), abs=1e-3)
        assert len(run["accuracy"]) == EPOCHS + 1


def test_an_export_that_was_interrupted_is_not_taken_for_a_whole_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(folder: Path, cache: Path, names: list[str]) -> None:
        folder.mkdir()
        (folder / "manifest.json").write_text("{}")
        raise KeyboardInterrupt

    def succeed(folder: Path, cache: Path, names: list[str]) -> None:
        folder.mkdir()
        (folder / "manifest.json").write_text('{"whole": true}')

    monkeypatch.setattr(site_plugin.site_files, "write", fail)
    with pytest.raises(KeyboardInterrupt):
        site_plugin.exported(tmp_path)
    monkeypatch.setattr(site_plugin.site_files, "write", succeed)
    folder = site_plugin.exported(tmp_path)
    assert (folder / "manifest.json").read_text() == '{"whole": true}'
    # And what is whole is not made again.
    monkeypatch.setattr(site_plugin.site_files, "write", fail)
    assert site_plugin.exported(tmp_path) == folder


def test_a_preview_makes_do_with_what_was_exported_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def succeed(folder: Path, cache: Path, names: list[str]) -> None:
        folder.mkdir()

    monkeypatch.setattr(site_plugin.site_files, "write", succeed)
    before = site_plugin.exported(tmp_path, stale=True)
    monkeypatch.setattr(site_plugin, "key", lambda: "another state of the code")
    assert site_plugin.exported(tmp_path, stale=True) == before
    assert site_plugin.exported(tmp_path) != before


def test_prose_costs_no_export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "package"
    for part in ("browser", "layers", "models", "data"):
        shutil.copytree(site_plugin._PACKAGE / part, package / part)
    monkeypatch.setattr(site_plugin, "_PACKAGE", package)
    before, layer = site_plugin.key(), package / "layers" / "gelu.py"
    source = layer.read_text("utf-8")
    layer.write_text(source.replace("    # ", "    # In other words: ", 1), "utf-8")
    assert site_plugin.key() == before
    layer.write_text(source.replace("return", "return 2 *", 1), "utf-8")
    assert site_plugin.key() != before
