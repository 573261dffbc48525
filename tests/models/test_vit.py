"""The Vision Transformer: its authors' counts, timm's numbers, its own properties."""

import numpy as np
import pytest
import torch
from torch import nn

from labml_style_nn.layers.skip_connection import SkipConnection
from labml_style_nn.models import vit
from labml_style_nn.models.vit import VisionTransformer, ViTBlock
from labml_style_nn.pretrained import load_timm_weights, timm_targets
from labml_style_nn.proofs.reference import stored

# Layers, P, C, h, D_C, patches, and the exact number of parameters with a head of 1000
# classes. Base, Large and Huge are in the paper's Table 1; the numbers are those of the
# authors' own test, `vit_jax/models_test.py`.
NAMED = {
    "vit_tiny_16": (12, 16, 192, 3, 768, 196, 5_717_416),
    "vit_small_16": (12, 16, 384, 6, 1536, 196, 22_050_664),
    "vit_small_32": (12, 32, 384, 6, 1536, 49, 22_878_952),
    "vit_base_16": (12, 16, 768, 12, 3072, 196, 86_567_656),
    "vit_base_32": (12, 32, 768, 12, 3072, 49, 88_224_232),
    "vit_large_16": (24, 16, 1024, 16, 4096, 196, 304_326_632),
    "vit_large_32": (24, 32, 1024, 16, 4096, 49, 306_535_400),
    "vit_huge_14": (32, 14, 1280, 16, 5120, 256, 632_045_800),
}
# With an average in place of the class token: "gap-norep" in the same test.
AVERAGED = {
    "vit_small_16": 22_049_896,
    "vit_small_32": 22_878_184,
    "vit_base_16": 86_566_120,
    "vit_base_32": 88_222_696,
}
SMALL = {
    "image_size": (16, 24),
    "patch_size": 4,
    "num_classes": 7,
    "num_layers": 2,
    "hidden_dim": 20,
    "num_heads": 5,
    "channels_mlp_dim": 44,
}
POOLING = pytest.mark.parametrize("pooling", ["class", "average"])
FILES = {"class": "timm_vit", "average": "timm_vit_average"}


def parameters(model):
    """Count the parameters."""
    return sum(parameter.numel() for parameter in model.parameters())


def randomised(**options):
    """Build the small model with nothing left at zero or one."""
    torch.manual_seed(0)
    model = VisionTransformer(**(SMALL | options)).double()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.3)
    return model


def images(number=2):
    """Draw images."""
    generator = torch.Generator().manual_seed(1)
    return torch.randn(number, 3, 16, 24, dtype=torch.double, generator=generator)


# The authors


@pytest.mark.parametrize("name", NAMED)
def test_the_named_models_have_the_published_sizes(name):
    layers, patch, hidden, heads, channels_dim, patches, exact = NAMED[name]
    with torch.device("meta"):
        model = getattr(vit, name)()
    block = model.blocks[0]
    assert len(model.blocks) == layers
    assert model.patch_embedding.patch_size == (patch, patch)
    assert model.patch_embedding.num_patches == patches
    assert model.positions.table.shape == (patches + 1, hidden)
    assert block.token_mixing.num_heads == heads
    assert block.token_mixing.qkv.weight.shape == (3 * hidden, hidden)
    assert block.channel_mixing.fc1.weight.shape == (channels_dim, hidden)
    assert parameters(model) == exact


@pytest.mark.parametrize("name", AVERAGED)
def test_the_averaging_models_are_counted_by_the_authors_too(name):
    with torch.device("meta"):
        assert parameters(getattr(vit, name)(pooling="average")) == AVERAGED[name]


def test_every_named_model_is_in_the_table():
    assert {name for name in vars(vit) if name.startswith("vit_")} == {*NAMED}


def test_options_override_the_table():
    model = vit.vit_tiny_16(
        image_size=(64, 96), num_classes=5, in_channels=1, num_layers=1, hidden_dim=9
    )
    assert model(torch.zeros(2, 1, 64, 96)).shape == (2, 5)
    assert len(model.blocks) == 1


def test_it_begins_as_the_authors_code_does():
    torch.manual_seed(0)
    model = VisionTransformer(**(SMALL | {"hidden_dim": 200, "channels_mlp_dim": 600}))
    assert (model.class_token == 0).all()
    assert (model.head.weight == 0).all()
    assert (model.head.bias == 0).all()
    assert model.positions.table.std().item() == pytest.approx(0.02, rel=0.05)
    for block in model.blocks:
        attention, mlp = block.token_mixing, block.channel_mixing
        maps = [*attention.qkv.weight.chunk(3), attention.projection.weight]
        for weight in (*maps, mlp.fc1.weight, mlp.fc2.weight):
            # Uniform between the bounds of Xavier's rule, which has this variance.
            bound = (6 / sum(weight.shape)) ** 0.5
            assert weight.abs().max() <= bound
            assert weight.abs().max() > 0.99 * bound
            assert weight.var().item() == pytest.approx(bound**2 / 3, rel=0.05)
        assert (attention.qkv.bias == 0).all()
        assert (attention.projection.bias == 0).all()
        for layer in (mlp.fc1, mlp.fc2):
            assert layer.bias.std().item() == pytest.approx(1e-6, rel=0.2)


# The reference: what timm computes, made by `tests/references/make_stored.py`.


def model_of(reference, pooling, dtype):
    """Build our model and load timm's weights into it."""
    meta = reference.meta
    model = VisionTransformer(
        image_size=meta["img_size"],
        patch_size=meta["patch_size"],
        num_classes=meta["num_classes"],
        num_layers=meta["depth"],
        hidden_dim=meta["embed_dim"],
        num_heads=meta["num_heads"],
        channels_mlp_dim=meta["mlp_ratio"] * meta["embed_dim"],
        pooling=pooling,
    ).to(dtype)
    load_timm_weights(model, reference.weights())
    return model


def close(ours, theirs, dtype):
    """Compare to 1e-10 in float64, and to 2e-6 of the largest value in float32."""
    largest = theirs.abs().max().item()
    tolerance = 1e-10 if dtype == torch.double else 2e-6 * largest
    torch.testing.assert_close(ours.double(), theirs, rtol=0, atol=tolerance)


@POOLING
@pytest.mark.parametrize("dtype", [torch.double, torch.float])
def test_scores_and_stages_are_timms(pooling, dtype):
    reference, stages = stored(FILES[pooling]), {}
    model = model_of(reference, pooling, dtype)
    watched = {
        "patch_embed": model.patch_embedding,
        "pos_drop": model.dropout,
        "block0.norm1": model.blocks[0].token_norm,
        "block0.attn": model.blocks[0].token_mixing,
        "block0.norm2": model.blocks[0].channel_norm,
        "block0.mlp": model.blocks[0].channel_mixing,
        "block0": model.blocks[0],
        "block1": model.blocks[1],
        "norm" if pooling == "class" else "fc_norm": model.norm,
    }
    for name, module in watched.items():
        module.register_forward_hook(
            lambda _module, _inputs, output, name=name: stages.update({name: output})
        )
    close(model(reference["x"].to(dtype)), reference["y"], dtype)
    taps = {n[4:]: reference[n] for n in reference.arrays if n.startswith("tap/")}
    assert stages.keys() == taps.keys()
    for name, theirs in taps.items():
        # timm normalises all rows, and takes the class token after that.
        close(stages[name], theirs[:, 0] if name == "norm" else theirs, dtype)


@POOLING
@pytest.mark.parametrize("dtype", [torch.double, torch.float])
def test_the_gradients_are_timms(pooling, dtype):
    reference = stored(FILES[pooling])
    model = model_of(reference, pooling, dtype)
    x = reference["x"].to(dtype).requires_grad_()
    (model(x) * reference["c"].to(dtype)).sum().backward()
    close(x.grad, reference["gx"], dtype)
    # Load the gradients of our parameters into a model, to read them by timm's names.
    holder = model_of(reference, pooling, dtype)
    with torch.no_grad():
        for slot, parameter in zip(
            holder.parameters(), model.parameters(), strict=True
        ):
            slot.copy_(parameter.grad)
    targets = timm_targets(holder)
    assert {f"g/{name}" for name in targets} == {
        name for name in reference.arrays if name.startswith("g/")
    }
    for name, ours in targets.items():
        theirs = reference[f"g/{name}"]
        # A gradient that is small in truth is a sum of terms that cancel: the floor.
        scale = max(theirs.abs().max().item(), 0.1)
        tolerance = 1e-10 if dtype == torch.double else 2e-6 * scale
        torch.testing.assert_close(ours.double(), theirs, rtol=0, atol=tolerance)


@POOLING
def test_the_names_and_shapes_of_a_published_file(pooling):
    reference = stored(FILES[pooling])
    model = model_of(reference, pooling, torch.float)
    shapes = {name: tensor.shape for name, tensor in timm_targets(model).items()}
    assert shapes == {name: w.shape for name, w in reference.weights().items()}
    other = "average" if pooling == "class" else "class"
    with pytest.raises(ValueError, match="nothing was loaded"):
        load_timm_weights(model, stored(FILES[other]).weights())


# Its own properties


def test_a_block_is_two_skip_connections():
    torch.manual_seed(0)
    block = ViTBlock(20, 5, 44).double()
    composed = nn.Sequential(
        SkipConnection(nn.Sequential(block.token_norm, block.token_mixing)),
        SkipConnection(nn.Sequential(block.channel_norm, block.channel_mixing)),
    )
    x = torch.randn(2, 24, 20, dtype=torch.double)
    torch.testing.assert_close(block(x), composed(x), rtol=0, atol=0)


def test_a_block_reads_tables_of_any_length():
    block = ViTBlock(20, 5, 44)
    for tokens in (1, 24, 25):
        assert block(torch.zeros(2, tokens, 20)).shape == (2, tokens, 20)


@POOLING
def test_without_positions_an_image_is_a_bag_of_patches(pooling):
    model, image = randomised(pooling=pooling), images()
    order = torch.randperm(24, generator=torch.Generator().manual_seed(0))
    patches = nn.functional.unfold(image, 4, stride=4)[:, :, order]
    other = nn.functional.fold(patches, (16, 24), 4, stride=4)
    assert not torch.allclose(model(other), model(image))
    nn.init.zeros_(model.positions.table)
    torch.testing.assert_close(model(other), model(image), rtol=0, atol=1e-10)


@POOLING
def test_shuffled_patches_and_shuffled_positions_cancel(pooling):
    model, shuffled = randomised(pooling=pooling), randomised(pooling=pooling)
    image = images()
    order = torch.randperm(24, generator=torch.Generator().manual_seed(0))
    first = int(pooling == "class")
    with torch.no_grad():
        rows = shuffled.positions.table[first:]
        rows.copy_(rows[order].clone())
    patches = nn.functional.unfold(image, 4, stride=4)[:, :, order]
    other = nn.functional.fold(patches, (16, 24), 4, stride=4)
    torch.testing.assert_close(shuffled(other), model(image), rtol=0, atol=1e-10)


def test_the_average_is_over_all_patches_and_the_class_token_is_the_first_row():
    model = randomised()
    assert model.tokens(images()).shape == (2, 25, 20)
    assert torch.equal(model.tokens(images())[1, 0], model.class_token[0, 0])
    average = randomised(pooling="average")
    assert not hasattr(average, "class_token")
    table = average.positions(average.patch_embedding(images()))
    for block in average.blocks:
        table = block(table)
    by_hand = average.head(average.norm(sum(table[:, s] for s in range(24)) / 24))
    torch.testing.assert_close(average(images()), by_hand, rtol=0, atol=1e-10)


def test_the_layers_of_a_stack_start_apart():
    model = VisionTransformer(**(SMALL | {"num_layers": 4}))
    weights = [
        weight
        for block in model.blocks
        for weight in (
            *block.token_mixing.qkv.weight.chunk(3),
            block.token_mixing.projection.weight,
            block.channel_mixing.fc1.weight,
            block.channel_mixing.fc2.weight,
        )
    ]
    for index, weight in enumerate(weights):
        for other in weights[:index]:
            assert weight.shape != other.shape or not torch.equal(weight, other)


@POOLING
def test_a_new_model_says_nothing_then_the_head_learns_then_all_does(pooling):
    torch.manual_seed(0)
    model = VisionTransformer(**SMALL, pooling=pooling)
    image, label = torch.randn(4, 3, 16, 24), torch.tensor([0, 1, 2, 3])
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
    assert moved[0] == {"head.weight", "head.bias"}
    assert moved[1] == {name for name, _ in model.named_parameters()}


@POOLING
def test_the_images_of_a_batch_do_not_meet(pooling):
    model, batch = randomised(pooling=pooling), images(3)
    alone = torch.cat([model(image[None]) for image in batch])
    torch.testing.assert_close(model(batch), alone, rtol=0, atol=1e-12)
    assert model(batch[:0]).shape == (0, 7)


def test_dropout_and_stochastic_depth_reach_every_branch():
    model = VisionTransformer(**SMALL, dropout_rate=0.2, stochastic_depth_rate=0.3)
    for block in model.blocks:
        assert block.dropout.rate == 0.2
        assert block.channel_mixing.dropout.rate == 0.2
        # As in the authors' configurations, the weights themselves are not dropped.
        assert block.token_mixing.dropout_rate == 0
    assert model.dropout.rate == 0.2
    depths = [d for b in model.blocks for d in (b.token_depth, b.channel_depth)]
    assert [d.rate for d in depths] == pytest.approx([0, 0.1, 0.2, 0.3])
    nn.init.normal_(model.head.weight)
    image = torch.randn(2, 3, 16, 24)
    assert not torch.equal(model(image), model(image))
    model.eval()
    assert torch.equal(model(image), model(image))


@pytest.mark.parametrize("where", ["dropout", "blocks.1.dropout"])
def test_each_dropout_drops(where):
    model, image = randomised(), images()
    before = model(image)
    model.get_submodule(where).rate = 0.5
    assert not torch.allclose(model(image), before)


def test_torch_export_with_a_free_batch_dimension():
    model = randomised().eval()
    sizes = ({0: torch.export.Dim("batch", min=2)},)
    program = torch.export.export(model, (images(3),), dynamic_shapes=sizes)
    torch.testing.assert_close(program.module()(images(6)), model(images(6)))


def test_half_precision_is_near_and_finite():
    model, image = randomised().float().eval(), images().float()
    expected = model(image)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = model(image)
    halved = model.bfloat16()(image.bfloat16())
    for output in (mixed, halved):
        assert output.dtype == torch.bfloat16
        error = (output.float() - expected).abs().max() / expected.abs().max()
        assert error < 0.05


# Bad input


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("image_size", 30, r"image_size must be a multiple of patch_size"),
        ("image_size", (16, 0), "image_size must be at least 1, got 0"),
        ("patch_size", -4, "patch_size must be at least 1, got -4"),
        ("in_channels", 0, "in_channels must be at least 1, got 0"),
        ("num_classes", 0, "num_classes must be at least 1, got 0"),
        ("num_layers", 0, "num_layers must be at least 1, got 0"),
        ("hidden_dim", 0, "dim must be at least 1, got 0"),
        ("num_heads", 0, "num_heads must be at least 1, got 0"),
        ("num_heads", 3, "dim must be a multiple of num_heads, got 20 and 3"),
        ("channels_mlp_dim", -1, "channels_mlp_dim must be at least 1, got -1"),
        ("pooling", "max", "pooling must be 'class' or 'average', got 'max'"),
        ("dropout_rate", 1.0, r"rate must lie in \[0, 1\), got 1.0"),
        ("stochastic_depth_rate", -0.1, r"stochastic_depth_rate must lie in \[0, 1\)"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(option, value, message):
    with pytest.raises(ValueError, match=message):
        VisionTransformer(**(SMALL | {option: value}))


@pytest.mark.parametrize("shape", [(2, 1, 16, 24), (2, 3, 24, 16), (3, 16, 24)])
def test_an_image_that_does_not_fit_is_refused(shape):
    with pytest.raises(ValueError, match=r"expected shape \(batch, 3, 16, 24\), got"):
        VisionTransformer(**SMALL)(torch.zeros(shape))
