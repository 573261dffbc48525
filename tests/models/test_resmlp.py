"""ResMLP: the paper's sizes, timm's numbers, and its own properties."""

import pytest
import torch
from torch import nn

from labml_style_nn.layers.linear import Linear
from labml_style_nn.layers.token_mixing import TokenLinear
from labml_style_nn.models import resmlp
from labml_style_nn.models.resmlp import ResMLP, ResMLPBlock
from labml_style_nn.pretrained import load_timm_weights, timm_targets
from labml_style_nn.proofs.reference import stored

# Layers, patch size, channels and first layer scale in the authors' `resmlp_models.py`;
# and the exact number of parameters in timm.
NAMED = {
    "resmlp_12": (12, 16, 384, 0.1, 15_350_872),
    "resmlp_24": (24, 16, 384, 1e-5, 30_020_680),
    "resmlp_36": (36, 16, 384, 1e-6, 44_690_488),
    "resmlp_big_24": (24, 8, 768, 1e-6, 129_138_280),
}
SMALL = {
    "image_size": (16, 24),
    "patch_size": 4,
    "num_classes": 7,
    "num_layers": 2,
    "hidden_dim": 20,
    "channels_mlp_dim": 80,
}


def parameters(model):
    """Count the parameters."""
    return sum(parameter.numel() for parameter in model.parameters())


def randomised(**options):
    """Build the small model with nothing left at zero or one."""
    torch.manual_seed(0)
    model = ResMLP(**(SMALL | options)).double()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.3)
    return model


def images(number=2):
    return torch.randn(number, 3, 16, 24, dtype=torch.double)


# The paper


@pytest.mark.parametrize("name", NAMED)
def test_the_named_models_are_those_of_the_authors(name):
    layers, patch, hidden, scale, exact = NAMED[name]
    with torch.device("meta"):
        model = getattr(resmlp, name)()
    block, tokens = model.blocks[0], (224 // patch) ** 2
    assert len(model.blocks) == layers
    assert model.patch_embedding.patch_size == (patch, patch)
    assert block.token_mixing.weight.shape == (tokens, tokens)
    assert block.channel_mixing.fc1.weight.shape == (4 * hidden, hidden)
    assert parameters(model) == exact
    small = getattr(resmlp, name)(image_size=16, num_classes=2, hidden_dim=4)
    for block in small.blocks:
        for layer_scale in (block.token_scale, block.channel_scale):
            torch.testing.assert_close(layer_scale.weight, torch.full((4,), scale))


def test_every_named_model_is_in_the_table():
    assert {name for name in vars(resmlp) if name.startswith("resmlp_")} == {*NAMED}


def test_options_override_the_sizes():
    model = resmlp.resmlp_12(
        image_size=(64, 96), num_classes=5, in_channels=1, num_layers=1, hidden_dim=8
    )
    assert model(torch.zeros(2, 1, 64, 96)).shape == (2, 5)
    assert len(model.blocks) == 1
    # One block needs no caution; who knows better, may say so.
    assert model.blocks[0].token_scale.weight[0].item() == pytest.approx(0.1)
    model = resmlp.resmlp_big_24(image_size=16, num_layers=1, layer_scale=0.5)
    assert model.blocks[0].token_scale.weight[0] == 0.5


# The reference


def model_of(reference, dtype):
    """Build our model and load timm's weights into it."""
    meta = reference.meta
    model = ResMLP(
        image_size=meta["img_size"],
        patch_size=meta["patch_size"],
        num_classes=meta["num_classes"],
        num_layers=meta["num_blocks"],
        hidden_dim=meta["embed_dim"],
        channels_mlp_dim=meta["mlp_ratio"] * meta["embed_dim"],
    ).to(dtype)
    load_timm_weights(model, reference.weights())
    return model


@pytest.fixture(scope="module")
def reference():
    return stored("timm_resmlp")


def close(ours, theirs, dtype):
    """Compare to 1e-10 in float64, and to 2e-6 of the largest value in float32."""
    tolerance = 1e-10 if dtype == torch.double else 2e-6 * theirs.abs().max().item()
    torch.testing.assert_close(ours.double(), theirs, rtol=0, atol=tolerance)


@pytest.mark.parametrize("dtype", [torch.double, torch.float])
def test_the_output_is_timms(reference, dtype):
    close(model_of(reference, dtype)(reference["x"].to(dtype)), reference["y"], dtype)


@pytest.mark.parametrize("dtype", [torch.double, torch.float])
def test_the_stages_are_timms(reference, dtype):
    model, stages = model_of(reference, dtype), {}
    watched = {"stem": model.patch_embedding, "norm": model.norm}
    for number, block in enumerate(model.blocks):
        watched[f"block{number}.norm1"] = block.token_norm
        watched[f"block{number}.linear_tokens"] = block.token_mixing
        watched[f"block{number}.norm2"] = block.channel_norm
        watched[f"block{number}.mlp_channels"] = block.channel_mixing
        watched[f"block{number}"] = block
    for name, module in watched.items():
        module.register_forward_hook(
            lambda _module, _inputs, output, name=name: stages.update({name: output})
        )
    model(reference["x"].to(dtype))
    taps = {k[4:]: reference[k] for k in reference.arrays if k.startswith("tap/")}
    assert stages.keys() == taps.keys()
    for name, theirs in taps.items():
        # timm mixes the tokens of the transposed table.
        close(stages[name], theirs.mT if "tokens" in name else theirs, dtype)


@pytest.mark.parametrize("dtype", [torch.double, torch.float])
def test_the_gradients_are_timms(reference, dtype):
    model = model_of(reference, dtype)
    x = reference["x"].to(dtype).requires_grad_()
    (model(x) * reference["c"].to(dtype)).sum().backward()
    close(x.grad, reference["gx"], dtype)
    # Load the gradients of our parameters into a model, to read them by timm's names.
    holder = model_of(reference, dtype)
    with torch.no_grad():
        for slot, parameter in zip(
            holder.parameters(), model.parameters(), strict=True
        ):
            slot.copy_(parameter.grad)
    targets = timm_targets(holder)
    assert targets.keys() == {k[2:] for k in reference.arrays if k.startswith("g/")}
    for name, ours in targets.items():
        theirs = reference[f"g/{name}"]
        scale = max(theirs.abs().max().item(), 0.1)
        tolerance = 1e-10 if dtype == torch.double else 2e-6 * scale
        torch.testing.assert_close(ours.double(), theirs, rtol=0, atol=tolerance)


# Its own properties


def test_without_channel_mixing_the_whole_network_is_linear():
    # Nothing but the GELU of channel mixing is not: no norm, no hidden layer of tokens.
    model, image, other = randomised(), images(), images()
    for block in model.blocks:
        nn.init.zeros_(block.channel_scale.weight)
    zero = model(torch.zeros_like(image))
    together = model(image + other) - zero
    torch.testing.assert_close(together, model(image) + model(other) - 2 * zero)
    full = randomised()
    zero = full(torch.zeros_like(image))
    apart = full(image) + full(other) - 2 * zero
    assert not torch.allclose(full(image + other) - zero, apart)


def test_a_row_of_the_token_map_says_who_is_heard():
    block = ResMLPBlock(6, 5, 8, layer_scale=0.1).double()
    x = torch.randn(1, 6, 5, dtype=torch.double)
    with torch.no_grad():
        block.token_mixing.weight[2] = torch.tensor([0, 0, 0, 0, 1.5, 0])
    reaction = torch.func.jacrev(block)(x)[0, :, :, 0].abs().amax(dim=(1, 3))
    # Itself by the residual, and token 4.
    assert (reaction[2] > 0).tolist() == [False, False, True, False, True, False]
    assert (reaction[1] > 0).all()


def test_after_one_block_every_number_depends_on_every_other():
    torch.manual_seed(0)
    block = ResMLPBlock(6, 5, 8, layer_scale=0.1).double()
    x = torch.randn(1, 6, 5, dtype=torch.double)
    assert (torch.func.jacrev(block)(x) != 0).all()


@pytest.mark.parametrize("num_layers", [18, 24, 36])
def test_a_new_network_is_nearly_its_patch_embedding(num_layers):
    torch.manual_seed(0)
    model, seen = ResMLP(**(SMALL | {"num_layers": num_layers})).double(), []
    for stage in (model.patch_embedding, model.blocks[-1]):
        stage.register_forward_hook(lambda _m, _i, output: seen.append(output))
    model(images())
    first, last = seen
    assert 0 < (last - first).std() < 0.05 * first.std()


def test_it_begins_as_the_authors_begin():
    model = ResMLP(
        image_size=64, patch_size=4, num_classes=300, num_layers=1,
        hidden_dim=200, channels_mlp_dim=800,
    )  # fmt: skip
    block = model.blocks[0]
    for part in (block, model.head):
        kinds = Linear | TokenLinear
        for linear in (m for m in part.modules() if isinstance(m, kinds)):
            assert linear.weight.std().item() == pytest.approx(0.02, rel=0.02)
            assert (linear.bias == 0).all()
    for affine in (block.token_norm, block.channel_norm, model.norm):
        assert (affine.alpha == 1).all()
        assert (affine.beta == 0).all()


def test_the_layers_of_a_stack_start_apart():
    model = ResMLP(**(SMALL | {"num_layers": 4}))
    weights = [
        linear.weight
        for block in model.blocks
        for linear in block.modules()
        if isinstance(linear, Linear | TokenLinear)
    ]
    assert len(weights) == 12
    for index, weight in enumerate(weights):
        for other in weights[:index]:
            assert weight.shape != other.shape or not torch.equal(weight, other)


def test_it_learns_and_every_weight_does():
    torch.manual_seed(0)
    model, image = ResMLP(**SMALL).double(), images(4)
    label = torch.tensor([0, 1, 2, 3])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(60):
        loss = nn.functional.cross_entropy(model(image), label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        assert all(p.grad.abs().max() > 0 for p in model.parameters())
    assert losses[-1] < 0.05 < losses[0]


def test_the_images_of_a_batch_do_not_meet():
    model, batch = randomised(), images(3)
    alone = torch.cat([model(image[None]) for image in batch])
    torch.testing.assert_close(model(batch), alone, rtol=0, atol=1e-12)
    assert model(batch[:0]).shape == (0, 7)


def test_dropout_and_stochastic_depth_reach_every_branch():
    model = ResMLP(**SMALL, dropout_rate=0.2, stochastic_depth_rate=0.3).double()
    for block in model.blocks:
        assert block.channel_mixing.dropout.rate == 0.2
        assert block.token_depth.rate == block.channel_depth.rate == 0.3
    image = images()
    assert not torch.equal(model(image), model(image))
    model.eval()
    assert torch.equal(model(image), model(image))


def test_torch_export_with_a_free_batch_dimension():
    model = randomised().eval()
    batch = torch.export.Dim("batch", min=2)
    program = torch.export.export(model, (images(3),), dynamic_shapes=({0: batch},))
    other = images(6)
    torch.testing.assert_close(program.module()(other), model(other))


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("image_size", 30, r"image_size must be a multiple of patch_size"),
        ("patch_size", -4, "patch_size must be at least 1, got -4"),
        ("in_channels", 0, "in_channels must be at least 1, got 0"),
        ("num_classes", 0, "num_classes must be at least 1, got 0"),
        ("num_layers", 0, "num_layers must be at least 1, got 0"),
        ("hidden_dim", 0, "hidden_dim must be at least 1, got 0"),
        ("channels_mlp_dim", -1, "channels_mlp_dim must be at least 1, got -1"),
        ("layer_scale", 0.0, r"initial_value must be positive, got 0\.0"),
        ("dropout_rate", 1.0, r"rate must lie in \[0, 1\), got 1.0"),
        ("stochastic_depth_rate", -0.1, r"stochastic_depth_rate must lie in \[0, 1\)"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(option, value, message):
    with pytest.raises(ValueError, match=message):
        ResMLP(**(SMALL | {option: value}))


@pytest.mark.parametrize("shape", [(2, 1, 16, 24), (2, 3, 24, 16), (3, 16, 24)])
def test_an_image_that_does_not_fit_is_refused(shape):
    with pytest.raises(ValueError, match=r"expected shape \(batch, 3, 16, 24\), got"):
        ResMLP(**SMALL)(torch.zeros(shape))


@pytest.mark.parametrize("shape", [(2, 7, 5), (2, 5, 6), (2, 6, 4), (6, 5)])
def test_a_table_that_does_not_fit_is_refused(shape):
    with pytest.raises(ValueError, match="expected shape"):
        ResMLPBlock(6, 5, 8, layer_scale=0.1)(torch.zeros(shape))
