"""ConvMixer: the authors' sizes, timm's numbers, and its own properties."""

import pytest
import torch
from torch import nn
from torch.func import functional_call
from torch.fx.experimental.proxy_tensor import make_fx

from labml_style_nn.layers.gelu import GELU
from labml_style_nn.layers.patch_embedding import PatchEmbedding
from labml_style_nn.layers.skip_connection import SkipConnection
from labml_style_nn.models import conv_mixer
from labml_style_nn.models.conv_mixer import SIZES, ConvMixer, ConvMixerBlock
from labml_style_nn.pretrained import load_timm_weights, timm_targets
from labml_style_nn.proofs.reference import stored

# Channels, blocks, patch, kernel; the exact number of parameters. The first three are
# timm's counts, the last is the sum in `test_the_formulas…`.
NAMED = {
    "convmixer_1536_20": (1536, 20, 7, 9, 51_625_960),
    "convmixer_768_32": (768, 32, 7, 7, 21_110_248),
    "convmixer_1024_20": (1024, 20, 14, 9, 24_383_464),
    "convmixer_256_8": (256, 8, 2, 5, 594_186),
}
SMALL = {
    "patch_size": 2,
    "num_classes": 7,
    "num_layers": 2,
    "hidden_dim": 10,
    "kernel_size": 3,
}


def parameters(model):
    """Count the parameters."""
    return sum(parameter.numel() for parameter in model.parameters())


def randomised(**options):
    """Build the small model with nothing left at zero or one."""
    torch.manual_seed(0)
    model = ConvMixer(**(SMALL | options)).double()
    for name, tensor in model.state_dict().items():
        if name.endswith("running_var"):
            tensor.uniform_(0.5, 2)
        elif tensor.is_floating_point():
            tensor.normal_(std=0.3)
    return model


# The paper


@pytest.mark.parametrize("name", NAMED)
def test_the_named_models_are_the_authors(name):
    hidden_dim, num_layers, patch_size, kernel_size, exact = NAMED[name]
    with torch.device("meta"):
        model = getattr(conv_mixer, name)()
    assert len(model.blocks) == num_layers
    shape = (hidden_dim, 3, patch_size, patch_size)
    assert model.patch_embedding.weight.shape == shape
    for block in model.blocks:
        shape = (hidden_dim, 1, kernel_size, kernel_size)
        assert block.token_mixing.weight.shape == shape
        assert block.channel_mixing.weight.shape == (hidden_dim, hidden_dim, 1, 1)
    assert parameters(model) == exact


def test_every_named_model_is_in_the_table():
    named = {name for name in vars(conv_mixer) if name.startswith("convmixer_")}
    assert named == {*NAMED} == {*SIZES}


def test_only_768_32_has_another_nonlinearity():
    for name in NAMED:
        with torch.device("meta"):
            model = getattr(conv_mixer, name)()
            gelu = getattr(conv_mixer, name)(activation=GELU)
        expected = nn.ReLU if name == "convmixer_768_32" else GELU
        kinds = {type(part) for part in model.modules()} & {nn.ReLU, GELU}
        assert kinds == {expected}
        assert {type(part) for part in gelu.modules()} & {nn.ReLU, GELU} == {GELU}


def test_options_override_the_table():
    model = conv_mixer.convmixer_768_32(
        patch_size=(4, 2), num_classes=5, in_channels=1, num_layers=1, hidden_dim=8
    )
    assert model(torch.zeros(2, 1, 16, 12)).shape == (2, 5)
    assert len(model.blocks) == 1


# The reference


@pytest.fixture(scope="module", params=["", "_even"])
def reference(request):
    """What timm computes, with an odd kernel or an even one."""
    return stored(f"timm_conv_mixer{request.param}")


def model_of(reference, dtype):
    """Build our model and load timm's weights into it."""
    model = ConvMixer(
        patch_size=reference.meta["patch_size"],
        num_classes=reference.meta["num_classes"],
        num_layers=reference.meta["depth"],
        hidden_dim=reference.meta["dim"],
        kernel_size=reference.meta["kernel_size"],
    ).to(dtype)
    load_timm_weights(model, reference.weights())
    return model.eval()


def close(ours, theirs, dtype, floor=0.0):
    """Compare to 1e-10 in float64, and to 2e-6 of the largest value in float32."""
    largest = max(theirs.abs().max().item(), floor)
    tolerance = 1e-10 if dtype == torch.double else 2e-6 * largest
    torch.testing.assert_close(ours.double(), theirs, rtol=0, atol=tolerance)


LAYOUTS = [torch.contiguous_format, torch.channels_last]
everywhere = pytest.mark.parametrize("dtype", [torch.double, torch.float])
in_any_layout = pytest.mark.parametrize("layout", LAYOUTS)


@everywhere
@in_any_layout
def test_the_output_is_timms(reference, dtype, layout):
    model = model_of(reference, dtype).to(memory_format=layout)
    close(model(reference["x"].to(dtype)), reference["y"], dtype)


@everywhere
def test_the_stages_are_timms(reference, dtype):
    model, stages = model_of(reference, dtype), {}
    block = model.blocks[0]
    watched = {
        "stem.0": model.patch_embedding,
        "stem": model.patch_norm,
        "block0.0.fn.0": block.token_mixing,
        "block0.0.fn.2": block.token_norm,
        "block0.1": block.channel_mixing,
        "block0": block,
        f"block{len(model.blocks) - 1}": model.blocks[-1],
    }
    for name, module in watched.items():
        module.register_forward_hook(
            lambda _module, _inputs, output, name=name: stages.update({name: output})
        )
    model(reference["x"].to(dtype))
    # What the pointwise convolution reads is the sum.
    stages["block0.0"] = stages["stem"] + stages["block0.0.fn.2"]
    for name, ours in stages.items():
        close(ours, reference.after(name), dtype)
    pooled = stages[f"block{len(model.blocks) - 1}"].mean(dim=(2, 3))
    close(pooled, reference.after("global_pool"), dtype)


@everywhere
@in_any_layout
@pytest.mark.parametrize("mode", ["", "train/"])
def test_the_gradients_are_timms(reference, dtype, layout, mode):
    model = model_of(reference, dtype).train(bool(mode)).to(memory_format=layout)
    x = reference["x"].to(dtype).requires_grad_()
    y = model(x)
    close(y, reference[f"{mode}y"], dtype)
    (y * reference["c"].to(dtype)).sum().backward()
    close(x.grad, reference[f"{mode}gx"], dtype)
    # Load the gradients of our parameters into a model, to read them by timm's names.
    holder = model_of(reference, dtype)
    with torch.no_grad():
        for slot, parameter in zip(
            holder.parameters(), model.parameters(), strict=True
        ):
            slot.copy_(parameter.grad)
    prefix = f"{mode}g/"
    names = {n for n in reference.arrays if n.startswith(prefix)}
    targets = timm_targets(holder)
    assert {n.removeprefix(prefix) for n in names} == {
        n for n in targets if not n.endswith(("mean", "var", "tracked"))
    }
    for name in names:
        # A gradient that is a sum of terms that cancel is rounded as they are. While
        # training there are more of them: they go through the statistics, too.
        ours = targets[name.removeprefix(prefix)]
        close(ours, reference[name], dtype, floor=2.5 if mode else 0.5)


@everywhere
def test_the_running_statistics_are_timms(reference, dtype):
    model = model_of(reference, dtype).train()
    model(reference["x"].to(dtype))
    targets, prefix, seen = timm_targets(model), "train/running/", 0
    for name in reference.arrays:
        if name.startswith(prefix):
            ours, seen = targets[name.removeprefix(prefix)], seen + 1
            close(ours.double(), reference[name], dtype)
    assert seen == 3 * sum(type(m).__name__ == "BatchNorm" for m in model.modules())


def test_the_buffers_are_loaded_and_a_missing_one_is_refused(reference):
    model = model_of(reference, torch.float)
    weights = reference.weights()
    norm = model.blocks[0].token_norm
    name = "blocks.0.0.fn.2.running_var"
    assert torch.equal(norm.running_var, weights[name].float())
    assert norm.num_batches_tracked.dtype == torch.long
    assert norm.num_batches_tracked == weights["stem.2.num_batches_tracked"]
    del weights[name]
    with pytest.raises(ValueError, match=f"missing: {name}$"):
        load_timm_weights(model, weights)


# Its own properties


def test_a_block_is_one_skip_connection_and_one_plain_half():
    torch.manual_seed(0)
    block = ConvMixerBlock(6, 5).double()
    composed = nn.Sequential(
        SkipConnection(nn.Sequential(block.token_mixing, GELU(), block.token_norm)),
        nn.Sequential(block.channel_mixing, GELU(), block.channel_norm),
    )
    x = torch.randn(2, 6, 7, 4, dtype=torch.double)
    torch.testing.assert_close(block(x), composed(x), rtol=0, atol=0)


def test_the_patches_are_those_of_the_patch_embedding():
    model = randomised()
    embed = PatchEmbedding((8, 12), 2, in_channels=3, hidden_dim=10).double()
    with torch.no_grad():
        embed.kernel().copy_(model.patch_embedding.weight)
        embed.projection.bias.copy_(model.patch_embedding.bias)
    image = torch.randn(2, 3, 8, 12, dtype=torch.double)
    pictures = model.patch_embedding(image)
    torch.testing.assert_close(pictures.flatten(2).mT, embed(image))


@pytest.mark.parametrize("num_layers", [1, 2, 3])
@pytest.mark.parametrize("kernel_size", [3, 4])
def test_sight_grows_by_a_kernel_with_each_block(num_layers, kernel_size):
    model = randomised(num_layers=num_layers, kernel_size=kernel_size).eval()
    x = torch.randn(1, 10, 15, 15, dtype=torch.double, requires_grad=True)
    nn.Sequential(*model.blocks)(x)[0, 0, 7, 7].backward()
    seen = (x.grad[0] != 0).any(dim=0)
    before = num_layers * ((kernel_size - 1) // 2)
    after = num_layers * (kernel_size // 2)
    sides = range(7 - before, 7 + after + 1)
    assert seen.any(dim=0).nonzero().flatten().tolist() == [*sides]
    assert seen.sum() == len(sides) ** 2


def test_images_of_any_size_that_the_patches_tile():
    model = randomised(patch_size=(3, 2)).eval()
    for height, width in [(3, 2), (9, 8), (30, 2)]:
        image = torch.randn(2, 3, height, width, dtype=torch.double)
        assert model(image).shape == (2, 7)
        assert model(image[:0]).shape == (0, 7)


def test_an_image_moved_by_a_patch_has_the_same_scores():
    # As long as it does not come near the edge: shift invariance, which a Mixer has to
    # learn. Around the image there are zeros, and the network is built without biases
    # so that what is empty stays empty.
    model = randomised().eval()
    for name, tensor in model.state_dict().items():
        if name.endswith(("bias", "running_mean")):
            tensor.zero_()
    image = torch.zeros(1, 3, 32, 32, dtype=torch.double)
    image[:, :, 12:18, 14:20] = torch.randn(3, 6, 6, dtype=torch.double)
    moved = image.roll((2, -4), dims=(2, 3))
    torch.testing.assert_close(model(moved), model(image), rtol=0, atol=1e-12)
    assert not torch.allclose(model(image.roll(1, dims=3)), model(image))


@in_any_layout
def test_the_layout_reaches_every_layer_and_every_gradient(layout):
    model, image = ConvMixer(**SMALL), torch.randn(2, 3, 8, 12)
    model.to(memory_format=layout)
    seen = []
    for module in model.modules():
        if isinstance(module, nn.Conv2d) or type(module).__name__ == "BatchNorm":
            module.register_forward_hook(lambda _m, _i, output: seen.append(output))
            module.register_full_backward_hook(
                lambda _m, _i, gradients: seen.append(gradients[0])
            )
    image = image.to(memory_format=layout).requires_grad_()
    model(image).square().sum().backward()
    assert len(seen) == 2 * 10
    for tensor in seen:
        assert tensor.is_contiguous(memory_format=layout)


def test_training_and_evaluation_differ_until_the_statistics_are_known():
    torch.manual_seed(0)
    model, image = ConvMixer(**SMALL).double(), torch.randn(8, 3, 8, 12).double()
    trained = model(image)
    before = (model.eval()(image) - trained).abs().max()
    model.train()
    with torch.no_grad():
        for _ in range(200):
            model(image)
    # What is left is the factor of the unbiased variance, 192 / 191 in each norm.
    after = (model.eval()(image) - trained).abs().max()
    assert before > 0.3
    assert after < 0.03


def test_the_images_of_a_batch_do_not_meet_in_evaluation():
    model = randomised().eval()
    images = torch.randn(3, 3, 8, 12, dtype=torch.double)
    alone = torch.cat([model(image[None]) for image in images])
    torch.testing.assert_close(model(images), alone, rtol=0, atol=1e-12)


def test_the_layers_of_a_stack_start_apart():
    model = ConvMixer(**(SMALL | {"num_layers": 4}))
    weights = [
        layer.weight
        for block in model.blocks
        for layer in (block.token_mixing, block.channel_mixing)
    ]
    for index, weight in enumerate(weights):
        for other in weights[:index]:
            assert weight.shape != other.shape or not torch.equal(weight, other)


def test_it_learns_four_images_by_heart():
    torch.manual_seed(0)
    model, image = ConvMixer(**SMALL), torch.randn(4, 3, 8, 12)
    label = torch.tensor([0, 1, 2, 3])
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for step in range(60):
        loss = nn.functional.cross_entropy(model(image), label)
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            assert all(p.grad.abs().max() > 0 for p in model.parameters())
        optimizer.step()
    assert loss < 0.05


def test_training_steps_export_with_a_free_batch_dimension():
    model = randomised().float().eval()
    weights, buffers = dict(model.named_parameters()), dict(model.named_buffers())

    def gradient(weights, image):
        scores = functional_call(model, weights | buffers, (image,))
        return torch.autograd.grad(scores.square().sum(), list(weights.values()))

    trace = make_fx(gradient, tracing_mode="symbolic", _allow_non_fake_inputs=True)
    # Equal sizes share a symbol while tracing, so the batch must differ from all axes.
    graph = trace(weights, torch.randn(11, 3, 8, 12))
    image = torch.randn(5, 3, 8, 12)
    for traced, eager in zip(
        graph(weights, image), gradient(weights, image), strict=True
    ):
        torch.testing.assert_close(traced, eager)


def test_torch_export_with_a_free_batch_dimension():
    model = randomised(kernel_size=4).eval()
    batch = torch.export.Dim("batch", min=2)
    image = torch.randn(3, 3, 8, 12, dtype=torch.double)
    program = torch.export.export(model, (image,), dynamic_shapes=({0: batch},))
    other = torch.randn(6, 3, 8, 12, dtype=torch.double)
    torch.testing.assert_close(program.module()(other), model(other))


def test_half_precision_is_near_and_finite():
    model, image = randomised().float().eval(), torch.randn(2, 3, 8, 12)
    expected = model(image)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = model(image)
    halved = model.bfloat16()(image.bfloat16())
    for output in (mixed, halved):
        assert output.dtype == torch.bfloat16
        error = (output.float() - expected).abs().max() / expected.abs().max()
        assert error < 0.05


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("patch_size", 0, "patch_size must be at least 1, got 0"),
        ("patch_size", (2, 3, 4), r"patch_size must be a number or \(height, width\)"),
        ("in_channels", 0, "in_channels must be at least 1, got 0"),
        ("num_classes", 0, "num_classes must be at least 1, got 0"),
        ("num_layers", 0, "num_layers must be at least 1, got 0"),
        ("hidden_dim", -4, "hidden_dim must be at least 1, got -4"),
        ("kernel_size", 0, "kernel_size must be at least 1, got 0"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(option, value, message):
    with pytest.raises(ValueError, match=message):
        ConvMixer(**(SMALL | {option: value}))


def test_an_image_that_does_not_fit_is_refused():
    model = ConvMixer(**SMALL)
    for shape in [(2, 1, 8, 12), (3, 8, 12)]:
        with pytest.raises(ValueError, match=r"expected shape \(batch, 3, height, wid"):
            model(torch.zeros(shape))
    with pytest.raises(ValueError, match=r"multiple of patch_size, got \(9, 12\) and"):
        model(torch.zeros(2, 3, 9, 12))
    with pytest.raises(ValueError, match="two numbers or more for each channel"):
        model(torch.zeros(1, 3, 2, 2))
    assert model.eval()(torch.zeros(1, 3, 2, 2)).shape == (1, 7)
