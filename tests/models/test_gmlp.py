"""gMLP: the paper's sizes, timm's numbers, and its own properties."""

import pytest
import torch
from torch import nn

from labml_style_nn.layers.linear import Linear
from labml_style_nn.layers.token_mixing import TokenLinear
from labml_style_nn.models import gmlp
from labml_style_nn.models.gmlp import GMLP, GMLPBlock
from labml_style_nn.pretrained import load_timm_weights, timm_targets
from labml_style_nn.proofs.reference import stored

# Table 1: layers, d_model, d_ffn, millions of parameters; and the exact number in timm.
TABLE_1 = {
    "gmlp_ti16": (30, 128, 768, 5.9, 5_867_328),
    "gmlp_s16": (30, 256, 1536, 19.5, 19_422_656),
    "gmlp_b16": (30, 512, 3072, 73.4, 73_075_392),
}
SMALL = {
    "image_size": (16, 24),
    "patch_size": 4,
    "num_classes": 7,
    "num_layers": 2,
    "hidden_dim": 20,
    "channels_mlp_dim": 60,
}


def parameters(model):
    """Count the parameters."""
    return sum(parameter.numel() for parameter in model.parameters())


def randomised(**options):
    """Build the small model with nothing left at zero or one."""
    torch.manual_seed(0)
    model = GMLP(**(SMALL | options)).double()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.3)
    return model


def images(number=2):
    return torch.randn(number, 3, 16, 24, dtype=torch.double)


def table(batch=2):
    return torch.randn(batch, 6, 5, dtype=torch.double)


# The paper


@pytest.mark.parametrize("name", TABLE_1)
def test_the_named_models_are_those_of_table_1(name):
    layers, d_model, d_ffn, millions, exact = TABLE_1[name]
    with torch.device("meta"):
        model = getattr(gmlp, name)()
    block = model.blocks[0]
    assert len(model.blocks) == layers
    assert model.patch_embedding.num_patches == 196
    assert block.fc1.weight.shape == (d_ffn, d_model)
    assert block.token_mixing.projection.weight.shape == (196, 196)
    assert block.fc2.weight.shape == (d_model, d_ffn // 2)
    assert parameters(model) == exact
    # The paper counts a little more, and does not say what.
    assert abs(exact / 1e6 / millions - 1) < 0.01


def test_every_named_model_is_in_the_table():
    assert {name for name in vars(gmlp) if name.startswith("gmlp_")} == {*TABLE_1}


def test_options_override_the_table():
    model = gmlp.gmlp_ti16(
        image_size=(64, 96), num_classes=5, in_channels=1, num_layers=1, hidden_dim=8
    )
    assert model(torch.zeros(2, 1, 64, 96)).shape == (2, 5)
    assert len(model.blocks) == 1


# The reference


@pytest.fixture(scope="module")
def reference():
    return stored("timm_gmlp")


def model_of(reference, dtype):
    """Build our model and load timm's weights into it."""
    meta = reference.meta
    model = GMLP(
        image_size=meta["img_size"],
        patch_size=meta["patch_size"],
        num_classes=meta["num_classes"],
        num_layers=meta["num_blocks"],
        hidden_dim=meta["embed_dim"],
        channels_mlp_dim=meta["mlp_ratio"] * meta["embed_dim"],
    ).to(dtype)
    load_timm_weights(model, reference.weights())
    return model


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
        watched[f"block{number}.norm"] = block.channel_norm
        watched[f"block{number}.mlp_channels.fc1"] = block.fc1
        watched[f"block{number}.mlp_channels.gate"] = block.token_mixing
        watched[f"block{number}.mlp_channels"] = block.fc2
        watched[f"block{number}"] = block
    for name, module in watched.items():
        module.register_forward_hook(
            lambda _module, _inputs, output, name=name: stages.update({name: output})
        )
    model(reference["x"].to(dtype))
    taps = {k[4:]: reference[k] for k in reference.arrays if k.startswith("tap/")}
    assert stages.keys() >= taps.keys()
    assert len(taps) > 6
    for name, theirs in taps.items():
        close(stages[name], theirs, dtype)


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


def test_a_new_block_treats_each_token_by_itself():
    torch.manual_seed(0)
    block, x = GMLPBlock(6, 5, 12).double(), table(1)
    reaction = torch.func.jacrev(block)(x)[0, :, :, 0].abs().amax(dim=(1, 3))
    others = ~torch.eye(6, dtype=torch.bool)
    # Itself by the residual and by the MLP; the others by no more than the first
    # weights of the gate.
    assert reaction.diagonal().min() > 0.1
    assert 0 < reaction[others].max() < 1e-4


def test_an_open_gate_makes_an_ordinary_mlp():
    torch.manual_seed(0)
    block, x = GMLPBlock(6, 5, 12).double(), table()
    nn.init.zeros_(block.token_mixing.projection.weight)
    first, _ = block.gelu(block.fc1(block.channel_norm(x))).chunk(2, dim=-1)
    torch.testing.assert_close(block(x), x + block.fc2(first), rtol=0, atol=0)


def test_after_one_trained_block_every_number_depends_on_every_other():
    torch.manual_seed(0)
    block, x = GMLPBlock(6, 5, 12).double(), table(1)
    nn.init.normal_(block.token_mixing.projection.weight)
    assert (torch.func.jacrev(block)(x) != 0).all()


def test_the_layers_of_a_stack_start_apart():
    model = GMLP(**(SMALL | {"num_layers": 4}))
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


def test_a_new_model_says_nothing_then_the_head_learns_then_all_does():
    torch.manual_seed(0)
    model, image = GMLP(**SMALL), images(4).float()
    label = torch.tensor([0, 1, 2, 3])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    losses, moved = [], []
    for _ in range(40):
        loss = nn.functional.cross_entropy(model(image), label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        gradients = {name: p.grad.abs().max() for name, p in model.named_parameters()}
        moved.append({name for name, largest in gradients.items() if largest > 0})
    assert losses[0] == pytest.approx(torch.tensor(7.0).log().item(), abs=1e-6)
    assert losses[-1] < 0.05
    assert moved[0] == {"head.linear.weight", "head.linear.bias"}
    assert moved[1] == {name for name, _ in model.named_parameters()}


def test_the_images_of_a_batch_do_not_meet():
    model, batch = randomised(), images(3)
    alone = torch.cat([model(image[None]) for image in batch])
    torch.testing.assert_close(model(batch), alone, rtol=0, atol=1e-12)
    assert model(batch[:0]).shape == (0, 7)


def test_dropout_and_stochastic_depth_reach_every_branch():
    options = {"num_layers": 3, "dropout_rate": 0.2, "stochastic_depth_rate": 0.3}
    model = randomised(**options)
    assert all(block.dropout.rate == 0.2 for block in model.blocks)
    rates = [block.channel_depth.rate for block in model.blocks]
    assert rates == pytest.approx([0, 0.15, 0.3])
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
        ("channels_mlp_dim", 0, "channels_mlp_dim must be at least 1, got 0"),
        ("channels_mlp_dim", 61, "channels_mlp_dim must be even, got 61"),
        ("dropout_rate", 1.0, r"rate must lie in \[0, 1\), got 1.0"),
        ("stochastic_depth_rate", -0.1, r"stochastic_depth_rate must lie in \[0, 1\)"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(option, value, message):
    with pytest.raises(ValueError, match=message):
        GMLP(**(SMALL | {option: value}))


@pytest.mark.parametrize("shape", [(2, 1, 16, 24), (2, 3, 24, 16), (3, 16, 24)])
def test_an_image_that_does_not_fit_is_refused(shape):
    with pytest.raises(ValueError, match=r"expected shape \(batch, 3, 16, 24\), got"):
        GMLP(**SMALL)(torch.zeros(shape))


@pytest.mark.parametrize("shape", [(2, 7, 5), (2, 5, 6), (2, 6, 1), (6, 5)])
def test_a_table_that_does_not_fit_is_refused(shape):
    with pytest.raises(ValueError, match="expected shape"):
        GMLPBlock(6, 5, 12)(torch.zeros(shape))
