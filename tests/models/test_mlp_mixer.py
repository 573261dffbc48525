"""The Mixer: the paper's sizes, timm's numbers, and its own properties."""

import json

import numpy as np
import pytest
import torch
from torch import nn
from torch.func import functional_call
from torch.fx.experimental.proxy_tensor import make_fx

from labml_style_nn.layers.skip_connection import SkipConnection
from labml_style_nn.models import mlp_mixer
from labml_style_nn.models.mlp_mixer import MixerBlock, MLPMixer
from labml_style_nn.pretrained import load_timm_weights, timm_targets
from labml_style_nn.proofs.reference import FOLDER

# Table 1: layers, P, C, S, D_C, D_S, millions of parameters without the head; and the
# exact number with a head of 1000 classes.
TABLE_1 = {
    "mixer_s32": (8, 32, 512, 49, 2048, 256, 19, 19_104_624),
    "mixer_s16": (8, 16, 512, 196, 2048, 256, 18, 18_528_264),
    "mixer_b32": (12, 32, 768, 49, 3072, 384, 60, 60_293_428),
    "mixer_b16": (12, 16, 768, 196, 3072, 384, 59, 59_880_472),
    "mixer_l32": (24, 32, 1024, 49, 4096, 512, 206, 206_939_264),
    "mixer_l16": (24, 16, 1024, 196, 4096, 512, 207, 208_196_168),
    "mixer_h14": (32, 14, 1280, 256, 5120, 640, 431, 432_350_952),
}
SMALL = {
    "image_size": (16, 24),
    "patch_size": 4,
    "num_classes": 7,
    "num_layers": 2,
    "hidden_dim": 20,
    "tokens_mlp_dim": 10,
    "channels_mlp_dim": 80,
}


def parameters(model):
    """Count the parameters."""
    return sum(parameter.numel() for parameter in model.parameters())


def randomised(**options):
    """Build the small model with nothing left at zero or one."""
    torch.manual_seed(0)
    model = MLPMixer(**(SMALL | options)).double()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.3)
    return model


# The paper


@pytest.mark.parametrize("name", TABLE_1)
def test_the_named_models_are_those_of_table_1(name):
    layers, patch, hidden, tokens, channels_dim, tokens_dim, millions, exact = TABLE_1[
        name
    ]
    with torch.device("meta"):
        model = getattr(mlp_mixer, name)()
    block = model.blocks[0]
    assert len(model.blocks) == layers
    assert model.patch_embedding.patch_size == (patch, patch)
    assert model.patch_embedding.num_patches == tokens
    assert block.token_mixing.fc1.weight.shape == (tokens_dim, tokens)
    assert block.channel_mixing.fc1.weight.shape == (channels_dim, hidden)
    assert parameters(model) == exact
    assert round((exact - parameters(model.head)) / 1e6 - 0.5) <= millions
    assert abs((exact - parameters(model.head)) / 1e6 - millions) < 1


def test_every_named_model_is_in_the_table():
    assert {name for name in vars(mlp_mixer) if name.startswith("mixer_")} == {*TABLE_1}


def test_options_override_the_table():
    model = mlp_mixer.mixer_s32(
        image_size=(64, 96), num_classes=5, in_channels=1, num_layers=1, hidden_dim=8
    )
    assert model(torch.zeros(2, 1, 64, 96)).shape == (2, 5)
    assert len(model.blocks) == 1


# The reference


@pytest.fixture(scope="module")
def reference():
    """What timm computes, made by `tests/references/make_stored.py`."""
    with np.load(FOLDER / "timm_mixer.npz") as arrays:
        return {name: arrays[name] for name in arrays.files}


def model_of(reference, dtype):
    """Build our model and load timm's weights into it."""
    meta = json.loads(str(reference["meta"]))
    model = MLPMixer(
        image_size=tuple(meta["img_size"]),
        patch_size=tuple(meta["patch_size"]),
        num_classes=meta["num_classes"],
        num_layers=meta["num_blocks"],
        hidden_dim=meta["embed_dim"],
        tokens_mlp_dim=meta["embed_dim"] // 2,
        channels_mlp_dim=4 * meta["embed_dim"],
    ).to(dtype)
    load_timm_weights(model, weights_of(reference))
    return model


def weights_of(reference):
    """Timm's state dict."""
    return {k[2:]: torch.from_numpy(v) for k, v in reference.items() if k[:2] == "w/"}


def close(ours, theirs, dtype):
    """Compare to 1e-10 in float64, and to 2e-6 of the largest value in float32."""
    theirs = torch.as_tensor(theirs)
    largest = theirs.abs().max().item()
    tolerance = 1e-10 if dtype == torch.double else 2e-6 * largest
    torch.testing.assert_close(ours.double(), theirs, rtol=0, atol=tolerance)


@pytest.mark.parametrize("dtype", [torch.double, torch.float])
def test_the_output_is_timms(reference, dtype):
    x = torch.from_numpy(reference["x"]).to(dtype)
    close(model_of(reference, dtype)(x), reference["y"], dtype)


@pytest.mark.parametrize("dtype", [torch.double, torch.float])
def test_the_stages_are_timms(reference, dtype):
    model, stages = model_of(reference, dtype), {}
    watched = {"stem": model.patch_embedding, "norm": model.norm}
    for number, block in enumerate(model.blocks):
        watched[f"block{number}.mlp_tokens"] = block.token_mixing
        watched[f"block{number}.mlp_channels"] = block.channel_mixing
        watched[f"block{number}"] = block
    for name, module in watched.items():
        module.register_forward_hook(
            lambda _module, _inputs, output, name=name: stages.update({name: output})
        )
    model(torch.from_numpy(reference["x"]).to(dtype))
    taps = {k[4:]: v for k, v in reference.items() if k.startswith("tap/")}
    assert stages.keys() == taps.keys()
    for name, theirs in taps.items():
        # timm mixes the tokens of the transposed table.
        if name.endswith("mlp_tokens"):
            theirs = theirs.swapaxes(1, 2)
        close(stages[name], theirs, dtype)


@pytest.mark.parametrize("dtype", [torch.double, torch.float])
def test_the_gradients_are_timms(reference, dtype):
    model = model_of(reference, dtype)
    x = torch.from_numpy(reference["x"]).to(dtype).requires_grad_()
    cotangent = torch.from_numpy(reference["c"]).to(dtype)
    (model(x) * cotangent).sum().backward()
    close(x.grad, reference["gx"], dtype)
    gradients = {k[2:]: v for k, v in reference.items() if k.startswith("g/")}
    # Load the gradients of our parameters into a model, to read them by timm's names.
    holder = model_of(reference, dtype)
    with torch.no_grad():
        for slot, parameter in zip(
            holder.parameters(), model.parameters(), strict=True
        ):
            slot.copy_(parameter.grad)
    targets = timm_targets(holder)
    assert targets.keys() == gradients.keys()
    for name, theirs in gradients.items():
        # A gradient that is zero in truth is a sum of terms that cancel: the floor.
        scale = max(abs(theirs).max(), 0.1)
        tolerance = 1e-10 if dtype == torch.double else 2e-6 * scale
        torch.testing.assert_close(
            targets[name].double(), torch.from_numpy(theirs), rtol=0, atol=tolerance
        )


def test_the_reference_is_small_and_all_its_gradients_say_something(reference):
    assert (FOLDER / "timm_mixer.npz").stat().st_size < 500_000
    silent = {
        name
        for name, value in reference.items()
        if name.startswith("g/") and abs(value).max() < 1e-12
    }
    # Their true gradient is zero: see the test on the last bias of token mixing.
    assert silent == {f"g/blocks.{n}.mlp_tokens.fc2.bias" for n in range(2)}


# Its own properties


def test_a_block_is_two_skip_connections():
    torch.manual_seed(0)
    block = MixerBlock(24, 20, 10, 80).double()
    composed = nn.Sequential(
        SkipConnection(nn.Sequential(block.token_norm, block.token_mixing)),
        SkipConnection(nn.Sequential(block.channel_norm, block.channel_mixing)),
    )
    x = torch.randn(2, 24, 20, dtype=torch.double)
    torch.testing.assert_close(block(x), composed(x), rtol=0, atol=0)


def test_after_one_block_every_number_depends_on_every_other():
    torch.manual_seed(0)
    block = MixerBlock(6, 5, 4, 8).double()
    x = torch.randn(1, 6, 5, dtype=torch.double)
    assert (torch.func.jacrev(block)(x) != 0).all()


def test_the_layers_of_a_stack_start_apart():
    model = MLPMixer(**(SMALL | {"num_layers": 4}))
    weights = [
        layer.weight
        for block in model.blocks
        for mixing in (block.token_mixing, block.channel_mixing)
        for layer in (mixing.fc1, mixing.fc2)
    ]
    for index, weight in enumerate(weights):
        for other in weights[:index]:
            assert weight.shape != other.shape or not torch.equal(weight, other)


def test_a_new_model_says_nothing_then_the_head_learns_then_all_does():
    torch.manual_seed(0)
    model, image = MLPMixer(**SMALL), torch.randn(4, 3, 16, 24)
    label = torch.tensor([0, 1, 2, 3])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    losses, moved = [], []
    for _ in range(60):
        loss = nn.functional.cross_entropy(model(image), label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        gradients = {name: p.grad.abs().max() for name, p in model.named_parameters()}
        moved.append({name for name, largest in gradients.items() if largest > 0})
    assert losses[0] == pytest.approx(np.log(7), abs=1e-6)
    assert losses[-1] < 0.05
    assert moved[0] == {"head.linear.weight", "head.linear.bias"}
    assert moved[1] == {name for name, _ in model.named_parameters()}


def test_shuffled_patches_and_shuffled_weights_cancel():
    # Section 3.4 of the paper: the order of the patches carries nothing that training
    # could not find again in another order.
    model, shuffled = randomised(), randomised()
    order = torch.randperm(24)
    for block in shuffled.blocks:
        mixing = block.token_mixing
        with torch.no_grad():
            mixing.fc1.weight.copy_(mixing.fc1.weight[:, order])
            mixing.fc2.weight.copy_(mixing.fc2.weight[order])
            mixing.fc2.bias.copy_(mixing.fc2.bias[order])
    image = torch.randn(2, 3, 16, 24, dtype=torch.double)
    embedding = model.patch_embedding
    patches = torch.nn.functional.unfold(image, 4, stride=4)[:, :, order]
    other = torch.nn.functional.fold(patches, (16, 24), 4, stride=4)
    assert not torch.allclose(embedding(other), embedding(image))
    torch.testing.assert_close(shuffled(other), model(image), rtol=0, atol=1e-10)


def test_shuffled_patches_alone_change_the_answer():
    model, image = randomised(), torch.randn(2, 3, 16, 24, dtype=torch.double)
    rolled = torch.roll(image, 4, dims=3)
    assert not torch.allclose(model(rolled), model(image))


def test_the_last_bias_of_token_mixing_has_no_effect():
    # It adds one number to all channels of a token; every later reader of the table
    # normalises over the channels first, and the skip connection carries it no further.
    model, image = randomised(), torch.randn(2, 3, 16, 24, dtype=torch.double)
    before = model(image)
    for block in model.blocks:
        nn.init.normal_(block.token_mixing.fc2.bias, std=3)
    torch.testing.assert_close(model(image), before, rtol=0, atol=1e-9)


def test_the_images_of_a_batch_do_not_meet():
    model, images = randomised(), torch.randn(3, 3, 16, 24, dtype=torch.double)
    alone = torch.cat([model(image[None]) for image in images])
    torch.testing.assert_close(model(images), alone, rtol=0, atol=1e-12)
    assert model(images[:0]).shape == (0, 7)


def test_dropout_and_stochastic_depth_reach_every_branch():
    model = MLPMixer(**SMALL, dropout_rate=0.2, stochastic_depth_rate=0.3)
    for block in model.blocks:
        assert block.token_mixing.dropout.rate == 0.2
        assert block.channel_mixing.dropout.rate == 0.2
    depths = [d for b in model.blocks for d in (b.token_depth, b.channel_depth)]
    assert [d.rate for d in depths] == pytest.approx([0, 0.1, 0.2, 0.3])
    nn.init.normal_(model.head.linear.weight)
    image = torch.randn(2, 3, 16, 24)
    assert not torch.equal(model(image), model(image))
    model.eval()
    assert torch.equal(model(image), model(image))


def test_the_expected_update_of_stochastic_depth_is_the_update():
    torch.manual_seed(0)
    block = MixerBlock(24, 20, 10, 80, stochastic_depth_rates=(0.4, 0.0)).double()
    x = torch.randn(1, 24, 20, dtype=torch.double)
    seen = []
    block.token_depth.register_forward_hook(lambda _m, _i, output: seen.append(output))
    block(x.expand(4000, -1, -1))
    block.eval()(x)
    update, mean = seen[1][0], seen[0].mean(dim=0)
    assert torch.allclose(mean, update, rtol=0.1, atol=0)


def test_training_steps_export_with_a_free_batch_dimension():
    model = MLPMixer(**SMALL, stochastic_depth_rate=0.1, dropout_rate=0.1).eval()
    weights = dict(model.named_parameters())

    def gradient(weights, image):
        logits = functional_call(model, weights, (image,))
        return torch.autograd.grad(logits.square().sum(), list(weights.values()))

    nn.init.normal_(model.head.linear.weight)
    trace = make_fx(gradient, tracing_mode="symbolic", _allow_non_fake_inputs=True)
    # Equal sizes share a symbol while tracing, so the batch must differ from all axes.
    graph = trace(weights, torch.randn(11, 3, 16, 24))
    image = torch.randn(5, 3, 16, 24)
    for traced, eager in zip(
        graph(weights, image), gradient(weights, image), strict=True
    ):
        torch.testing.assert_close(traced, eager)


def test_half_precision_is_near_and_finite():
    model = randomised().float().eval()
    image = torch.randn(2, 3, 16, 24)
    expected = model(image)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = model(image)
    halved = model.bfloat16()(image.bfloat16())
    for output in (mixed, halved):
        assert output.dtype == torch.bfloat16
        error = (output.float() - expected).abs().max() / expected.abs().max()
        assert error < 0.05


def test_torch_export_with_a_free_batch_dimension():
    model = randomised().eval()
    batch = torch.export.Dim("batch", min=2)
    image = torch.randn(3, 3, 16, 24, dtype=torch.double)
    program = torch.export.export(model, (image,), dynamic_shapes=({0: batch},))
    other = torch.randn(6, 3, 16, 24, dtype=torch.double)
    torch.testing.assert_close(program.module()(other), model(other))


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("image_size", 30, r"image_size must be a multiple of patch_size"),
        ("image_size", (16, 0), "image_size must be at least 1, got 0"),
        (
            "patch_size",
            5,
            r"multiple of patch_size, got \(16, 24\) and \(5, 5\)",
        ),
        ("patch_size", -4, "patch_size must be at least 1, got -4"),
        ("in_channels", 0, "in_channels must be at least 1, got 0"),
        ("num_classes", 0, "num_classes must be at least 1, got 0"),
        ("num_layers", 0, "num_layers must be at least 1, got 0"),
        ("hidden_dim", 0, "hidden_dim must be at least 1, got 0"),
        ("tokens_mlp_dim", 0, "tokens_mlp_dim must be at least 1, got 0"),
        ("channels_mlp_dim", -1, "channels_mlp_dim must be at least 1, got -1"),
        ("dropout_rate", 1.0, r"rate must lie in \[0, 1\), got 1.0"),
        ("stochastic_depth_rate", -0.1, r"stochastic_depth_rate must lie in \[0, 1\)"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(option, value, message):
    with pytest.raises(ValueError, match=message):
        MLPMixer(**(SMALL | {option: value}))


@pytest.mark.parametrize("shape", [(2, 1, 16, 24), (2, 3, 24, 16), (3, 16, 24)])
def test_an_image_that_does_not_fit_is_refused(shape):
    with pytest.raises(ValueError, match=r"expected shape \(batch, 3, 16, 24\), got"):
        MLPMixer(**SMALL)(torch.zeros(shape))
