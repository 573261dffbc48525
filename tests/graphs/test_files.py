"""What the page loads: small, whole, and told truly by the manifest."""

import gzip
import json
import os
import re
import shutil
import signal
from collections.abc import Iterator
from concurrent.futures import Future
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import onnx
import pytest
import torch
from litweave.process import ChildError
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError

import labml_style_nn
from labml_style_nn.web_training import exports, site_plugin
from labml_style_nn.web_training.loop import given, train
from labml_style_nn.web_training.probe import Probe
from labml_style_nn.web_training.record import EPOCHS, SEED, STEPS_IN_EPOCH, recorded
from labml_style_nn.web_training.repeated import NAMES, SEEDS, accuracies, spread
from labml_style_nn.web_training.site_files import Files
from labml_style_nn.web_training.training_step import TrainingStep
from labml_style_nn.web_training.variants import NETWORKS, VARIANTS
from tests.graphs.conftest import DIGITS, HELD_OUT, PARTS

PACKAGE = Path(labml_style_nn.__file__).parent


@pytest.fixture(scope="module")
def manifest(files: Files) -> Any:
    return json.loads(files["manifest.json"])


def test_little_travels(files: Files, manifest: Any) -> None:
    """The runtime, the digits and the two largest networks, side by side."""
    sizes = {name: len(content) for name, content in files.items()}
    rest = sum(size for name, size in sizes.items() if not name.endswith(".onnx"))
    # Variants with the same network share its graphs.
    networks = {variant["step"]: variant["bytes"] for variant in manifest["variants"]}
    graphs = sorted(networks.values())
    assert sum(graphs) + rest == sum(sizes.values())
    assert sum(graphs[-2:]) + rest < 4_500_000
    packed = files["ort/ort-wasm-simd-threaded.wasm.gz"]
    assert gzip.decompress(packed).startswith(b"\0asm")
    assert {"ort/ort.wasm.min.js", "ort/ort-wasm-simd-threaded.js"} <= files.keys()
    # Many servers know no type for `.mjs`, and no browser runs a script without one.
    assert not [name for name in files if name.endswith(".mjs")]


@pytest.mark.parametrize("name", NETWORKS)
def test_a_graph_has_the_names_of_its_function(name: str, files: Files) -> None:
    model = VARIANTS[name].build()
    for kind, function in (("step", TrainingStep(model)), ("probe", Probe(model))):
        graph = onnx.load_from_string(files[f"{name}.{kind}.onnx"]).graph
        assert [value.name for value in graph.input] == [*function.inputs]
        assert [value.name for value in graph.output] == [*function.outputs]
        # No weight stands in the graph: one graph serves any of them.
        stored = sum(onnx.numpy_helper.to_array(t).size for t in graph.initializer)
        assert stored < 1000


def test_the_manifest_tells_of_each_network_and_of_its_digits(manifest: Any) -> None:
    assert [variant["name"] for variant in manifest["variants"]] == [*VARIANTS]
    whole = HELD_OUT.images.flatten(1)
    for told in manifest["variants"]:
        weights = dict(VARIANTS[told["name"]].build().named_parameters())
        shapes = {part["name"]: part["shape"] for part in told["parameters"]}
        assert shapes == {name: [*weight.shape] for name, weight in weights.items()}
        assert told["count"] == sum(weight.numel() for weight in weights.values())
        train, test = given(told["name"])
        assert told["train"] == len(train.labels)
        assert manifest["digits"]["test"] == len(test.labels)
        assert torch.equal(test.images.flatten(1), whole[:, told["order"]])


def test_the_digits_are_those_of_the_split(files: Files, manifest: Any) -> None:
    told = manifest["digits"]
    data = torch.frombuffer(bytearray(files[told["file"]]), dtype=torch.uint8)
    pixels, labels = data[: told["labels_offset"]], data[told["labels_offset"] :]
    images = pixels.view(-1, 1, 8, 8) / told["levels"]
    assert torch.equal(images, torch.cat([part.images for part in PARTS]))
    assert torch.equal(labels, torch.cat([part.labels for part in PARTS]))


def test_each_variant_has_a_recorded_run_of_this_code() -> None:
    """The first steps of the record, computed again."""
    runs = recorded()
    assert runs.keys() == VARIANTS.keys()
    for name, run in runs.items():
        assert len(run["loss"]) == EPOCHS * STEPS_IN_EPOCH
        # Without skip connections the gradients of 16 blocks vanish, and AdamW makes
        # whole steps of what a processor rounds.
        steps = 3 if name == "no_skip_16" else 5
        again = pytest.approx(train(name, SEED, steps), abs=2e-4)
        assert run["loss"][:steps] == again, name
        assert len(run["accuracy"]) == EPOCHS + 1


def test_what_the_page_says_to_expect_was_measured() -> None:
    """A number in the sentence of a variant is its mean over ten seeds, rounded."""
    for name in NAMES:
        assert len(accuracies(name)) == len(SEEDS)
        for number in re.findall(r"(\d+) %", VARIANTS[name].expect):
            assert float(number) == round(spread(name)[0]), name
    names = "default", "untied", "shuffled_pixels"
    mixer, untied, shuffled = (spread(name)[0] for name in names)
    assert (round(untied - mixer), round(mixer - shuffled)) == (1, 2)
    # The digits that are learned by heart, and how often each is seen.
    assert recorded()["digits_100"]["loss"][-1] < 0.01
    assert round(len(DIGITS.labels) / 100) == 14


def write_one(name: str, folder: Path) -> None:
    (folder / f"{name}.step.onnx").write_text(f"a graph of {name}")


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork")
def test_what_was_exported_before_it_was_killed_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop_in_the_third(name: str, folder: Path) -> None:
        write_one(name, folder)
        if name == "no_layer_norm":
            os.kill(os.getpid(), signal.SIGKILL)

    told: list[tuple[int, int, str]] = []

    def graphs() -> dict[str, bytes]:
        return exports.graphs(tmp_path, progress=lambda *now: told.append(now))

    monkeypatch.setattr(exports, "key", lambda: "a state of the code")
    monkeypatch.setattr(exports, "export", stop_in_the_third)
    process = get_context("fork").Process(target=graphs)
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    monkeypatch.setattr(exports, "export", write_one)
    told.clear()
    found = graphs()
    # It goes on with the third, and what is whole is not made again.
    numbered = [(n, len(NETWORKS), name) for n, name in enumerate(NETWORKS, 1)]
    assert told == numbered[2:]
    assert found.keys() == {f"{name}.step.onnx" for name in NETWORKS}
    assert graphs() == found
    assert told == numbered[2:]
    # What is of no use any more is removed.
    monkeypatch.setattr(exports, "key", lambda: "another state of the code")
    graphs()
    assert told[-len(NETWORKS) :] == numbered
    assert len(list(tmp_path.iterdir())) == 1


def test_a_preview_makes_do_with_what_was_made_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lines(command: list[str]) -> Iterator[dict[str, object]]:
        (Path(command[-1]) / "made").write_text(site_plugin.key())
        yield {"exports": "default", "number": 1, "of": 1}

    monkeypatch.setattr(site_plugin.process, "lines", lines)
    before = site_plugin.made(tmp_path, stale=True)
    monkeypatch.setattr(site_plugin, "key", lambda: "another state of the code")
    assert site_plugin.made(tmp_path, stale=True) == before
    after = site_plugin.made(tmp_path)
    assert (after / "made").read_text() == "another state of the code"
    assert not before.exists()


def test_a_failure_says_what_is_kept() -> None:
    plugin = site_plugin.TrainPlugin()
    plugin.made = Future()
    plugin.made.set_exception(ChildError("ended with status 3"))
    with pytest.raises(PluginError, match="status 3\nAll that was finished is kept"):
        plugin.on_files(site_plugin.Files([]), config=MkDocsConfig())


def test_only_code_that_becomes_graphs_costs_an_export(tmp_path: Path) -> None:
    package = tmp_path / "labml_style_nn"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    before = exports.key(package)
    gelu, vit = package / "layers" / "gelu.py", package / "models" / "vit.py"
    change(vit, "return", "return 2 *")
    change(gelu, "Two linear maps", "In other words: two linear maps")
    assert exports.key(package) == before
    change(gelu, "\n    return", "\n    return 2 *")
    assert exports.key(package) != before


def change(path: Path, old: str, new: str) -> None:
    source = path.read_text("utf-8")
    assert old in source
    path.write_text(source.replace(old, new, 1), "utf-8")
