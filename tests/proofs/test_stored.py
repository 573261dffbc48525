"""The stored references: what they must be, for a comparison with them to mean much."""

import numpy as np
import pytest
import torch

from labml_style_nn.proofs.reference import FOLDER, Stored, stored, timm_counts

NAMES = sorted(path.stem for path in FOLDER.glob("*.npz"))
# Gradients that are zero by mathematics. A bias of the Mixer's tokens is one number for
# all channels, which the next layer norm subtracts again. PoolFormer's pooling takes a
# token from the mean around it, and with it whatever was added to all tokens.
ZERO = {
    "timm_mixer": ["blocks.*.mlp_tokens.fc2.bias"],
    "timm_poolformer": ["stages.*.blocks.*.norm1.bias"],
}


def without_numbers(name: str) -> str:
    return ".".join("*" if part.isdigit() else part for part in name.split("."))


@pytest.fixture(scope="module", params=NAMES)
def file(request: pytest.FixtureRequest) -> tuple[str, Stored]:
    return request.param, stored(request.param)


def test_each_file_is_small_and_says_who_computed_it(file: tuple[str, Stored]) -> None:
    name, reference = file
    assert (FOLDER / f"{name}.npz").stat().st_size < 250_000
    source = {"timm": "timm 1.", "hf": "transformers 5."}[name.partition("_")[0]]
    assert reference.name.startswith(source)
    assert reference.meta["torch"].startswith("2.")
    # Inputs are float32, and results float64.
    for key, array in reference.arrays.items():
        if key != "meta" and not key.endswith("num_batches_tracked"):
            drawn = key in {"x", "c"} or key.startswith("w/")
            assert array.dtype == (np.float32 if drawn else np.float64), key
            assert np.isfinite(array).all(), key


def test_each_weight_is_drawn_and_has_a_gradient(file: tuple[str, Stored]) -> None:
    shapes = {name: array.shape for name, array in file[1].arrays.items()}
    buffers = ("running_mean", "running_var", "num_batches_tracked")
    weights = {n for n in shapes if n.startswith("w/") and not n.endswith(buffers)}
    gradients = {f"w{n[1:]}": s for n, s in shapes.items() if n.startswith("g/")}
    assert gradients == {name: shapes[name] for name in weights}
    assert (shapes["gx"], shapes["y"]) == (shapes["x"], shapes["c"])
    for name, weight in file[1].weights().items():
        if not name.endswith("num_batches_tracked"):
            assert weight.numel() == 1 or weight.std() > 0.02, name
            assert not torch.isin(weight, torch.tensor([0.0, 1.0]).double()).any(), name


def test_only_the_gradients_that_must_be_zero_are(file: tuple[str, Stored]) -> None:
    name, reference = file
    zero = {
        without_numbers(key.partition("g/")[2])
        for key, array in reference.arrays.items()
        if key.startswith(("g/", "train/g/")) and np.abs(array).max() < 1e-12
    }
    assert sorted(zero) == ZERO.get(name, [])
    assert np.abs(reference.arrays["gx"]).min() > 0


def test_no_two_axes_can_be_mistaken_for_each_other(file: tuple[str, Stored]) -> None:
    arrays = file[1].arrays
    high, wide = arrays["x"].shape[-2:]
    assert high != wide
    for name, array in arrays.items():
        # Batch and in_channels may equal a size elsewhere, never one beside them.
        if name.startswith("tap/") and array.ndim > 1:
            sizes = [size for size in array.shape if size > 1]
            assert len(set(sizes)) == len(sizes), name


@pytest.mark.parametrize("pool", ["", "_average"])
def test_the_bias_of_a_vits_keys_changes_nothing(pool: str) -> None:
    # It adds one number to all of a query's scores, and the softmax takes it away.
    reference = stored(f"timm_vit{pool}")
    for block in range(2):
        query, key, value = reference[f"g/blocks.{block}.attn.qkv.bias"].chunk(3)
        assert key.abs().max() < 1e-14
        assert query.abs().max() > 1e-3
        assert value.abs().max() > 1e-3


@pytest.mark.parametrize("kernel", ["", "_even"])
def test_training_moves_the_statistics_of_a_batch_norm(kernel: str) -> None:
    # PyTorch's rule, on what the first norm read: it is what left the GELU before it.
    reference = stored(f"timm_conv_mixer{kernel}")
    read = reference.after("stem.1").transpose(0, 1).flatten(1)
    for name, found in (("mean", read.mean(1)), ("var", read.var(1))):
        before = reference[f"w/stem.2.running_{name}"]
        after = reference[f"train/running/stem.2.running_{name}"]
        torch.testing.assert_close(after, 0.9 * before + 0.1 * found)
    assert reference["train/running/stem.2.num_batches_tracked"] == 6
    assert (reference["train/y"] - reference["y"]).abs().max() > 0.01


def test_counts_and_parts_are_numbers_of_whole_models() -> None:
    counts = timm_counts()
    assert counts["models"].keys() == counts["multiply_adds"].keys()
    for name, parts in counts.items():
        if name.startswith("parts of "):
            whole = counts["models"][name.removeprefix("parts of ")]
            assert all(0 < part < whole for part in parts.values())
