"""PoolFormer: the paper's sizes, timm's numbers, and its own properties."""

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from labml_style_nn.models import poolformer
from labml_style_nn.models.poolformer import MapEmbedding, PoolFormer, PoolFormerBlock
from labml_style_nn.pretrained import load_timm_weights, timm_targets
from labml_style_nn.proofs.reference import stored, timm_counts

# Table 1: blocks and channels of each stage; what the layer scales begin with in the
# authors' code; the millions of parameters and the GMACs in their README; and the
# exact number of parameters.
S, M = (64, 128, 320, 512), (96, 192, 384, 768)
TABLE_1 = {
    "poolformer_s12": ((2, 2, 6, 2), S, 1e-5, 12, 1.8, 11_915_176),
    "poolformer_s24": ((4, 4, 12, 4), S, 1e-5, 21, 3.4, 21_388_968),
    "poolformer_s36": ((6, 6, 18, 6), S, 1e-6, 31, 5.0, 30_862_760),
    "poolformer_m36": ((6, 6, 18, 6), M, 1e-6, 56, 8.8, 56_172_520),
    "poolformer_m48": ((8, 8, 24, 8), M, 1e-6, 73, 11.6, 73_473_448),
}
SMALL = {"num_classes": 7, "depths": (1, 2, 1), "dims": (8, 12, 20), "mlp_ratio": 3}


def parameters(model):
    """Count the parameters."""
    return sum(parameter.numel() for parameter in model.parameters())


def randomised(model, std=0.3):
    """Leave nothing at zero or one."""
    torch.manual_seed(0)
    for parameter in model.double().parameters():
        nn.init.normal_(parameter, std=std)
    return model


def images(*shape):
    """Draw a batch of images."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(shape, dtype=torch.double, generator=generator)


# The paper


@pytest.mark.parametrize("name", TABLE_1)
def test_the_named_models_are_those_of_table_1(name):
    depths, dims, layer_scale, millions, gmacs, exact = TABLE_1[name]
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        model = getattr(poolformer, name)()
        model(torch.zeros(1, 3, 224, 224))
    assert [len(stage.blocks) for stage in model.stages] == list(depths)
    assert [len(stage.embedding.weight) for stage in model.stages] == list(dims)
    assert parameters(model) == exact == timm_counts()["models"][name]
    assert round(exact / 1e6) == millions
    # The authors count the norms and the pooling, too.
    assert counter.get_total_flops() / 2e9 == pytest.approx(gmacs, abs=0.1)
    assert counter.get_total_flops() == 2 * timm_counts()["multiply_adds"][name]
    with torch.device("cpu"):
        scale = getattr(poolformer, name)(depths=(1,), dims=(8,)).stages[0].blocks[0]
    assert scale.token_scale.weight.tolist() == pytest.approx([layer_scale] * 8)
    assert scale.channel_scale.weight.tolist() == pytest.approx([layer_scale] * 8)


def test_every_named_model_is_in_the_table():
    names = {name for name in vars(poolformer) if name.startswith("poolformer_")}
    assert names == TABLE_1.keys()


def test_options_override_the_table():
    model = poolformer.poolformer_s12(
        num_classes=5, in_channels=1, depths=(1, 1), dims=(8, 12)
    )
    assert model(torch.zeros(2, 1, 32, 40)).shape == (2, 5)


def test_the_weights_begin_as_in_the_authors_code():
    torch.manual_seed(0)
    model = PoolFormer(num_classes=50, depths=(1,), dims=(64,))
    block = model.stages[0].blocks[0]
    for linear in (block.channel_mixing.fc1, block.channel_mixing.fc2):
        assert linear.weight.std().item() == pytest.approx(0.02, rel=0.05)
        assert (linear.bias == 0).all()
    assert model.head.linear.weight.std().item() == pytest.approx(0.02, rel=0.05)
    # PyTorch's own: uniform, up to one over the root of the inputs.
    largest = model.stages[0].embedding.weight.abs().max().item()
    assert largest == pytest.approx((3 * 7 * 7) ** -0.5, rel=0.01)


# The references


def model_of(reference, dtype):
    """Build our model in timm's order and load timm's weights into it."""
    model = PoolFormer(**sizes_of(reference), average_first=True).to(dtype)
    load_timm_weights(model, reference.weights())
    return model


def sizes_of(reference):
    """The sizes of the network whose numbers are stored."""
    return {name: reference.meta[name] for name in ("num_classes", "depths", "dims")}


def close(ours, theirs, dtype, floor=0.0):
    """Compare to 1e-10 in float64, and to 2e-6 of the largest value in float32."""
    scale = max(theirs.abs().max().item(), floor)
    tolerance = 1e-10 if dtype == torch.double else 2e-6 * scale
    torch.testing.assert_close(ours.double(), theirs, rtol=0, atol=tolerance)


@pytest.mark.parametrize("dtype", [torch.double, torch.float])
def test_the_output_and_the_stages_are_timms(dtype):
    reference = stored("timm_poolformer")
    model, stages = model_of(reference, dtype), {}
    first = model.stages[0].blocks[0]
    watched = {
        "stem": model.stages[0].embedding,
        "stage0.block0.norm1": first.token_norm,
        "stage0.block0.token_mixer": first.token_mixing,
        "stage0.block0.norm2": first.channel_norm,
        "stage0.block0.mlp": first.channel_mixing,
        "stage0.block0": first,
        "stage1.downsample": model.stages[1].embedding,
        "stage1.block0": model.stages[1].blocks[0],
        "stage1.block1": model.stages[1].blocks[1],
        "head.norm": model.norm,
    }
    for name, module in watched.items():
        module.register_forward_hook(
            lambda _module, _inputs, output, name=name: stages.update({name: output})
        )
    close(model(reference["x"].to(dtype)), reference["y"], dtype)
    taps = {name[4:] for name in reference.arrays if name.startswith("tap/")}
    assert stages.keys() == taps
    for name, ours in stages.items():
        close(ours.permute(0, 3, 1, 2), reference.after(name), dtype)


@pytest.mark.parametrize("dtype", [torch.double, torch.float])
def test_the_gradients_are_timms(dtype):
    reference = stored("timm_poolformer")
    model = model_of(reference, dtype)
    x = reference["x"].to(dtype).requires_grad_()
    (model(x) * reference["c"].to(dtype)).sum().backward()
    close(x.grad, reference["gx"], dtype)
    holder = model_of(reference, dtype)
    holder.load_state_dict({n: p.grad for n, p in model.named_parameters()})
    targets = timm_targets(holder)
    assert targets.keys() == reference.weights().keys()
    for name, ours in targets.items():
        # A gradient that is zero in truth is a sum of terms that cancel: the floor.
        close(ours, reference[f"g/{name}"], dtype, floor=0.5)


def test_the_head_is_the_authors_unless_it_is_timms():
    reference = stored("timm_poolformer")
    model = PoolFormer(**sizes_of(reference)).double()
    with pytest.raises(ValueError, match="build it with average_first=True"):
        load_timm_weights(model, reference.weights())
    model.load_state_dict(model_of(reference, torch.double).state_dict())
    last, weights = reference.after("stage1.block1"), reference.weights("head")
    norm, linear = nn.GroupNorm(1, 12).double(), nn.Linear(12, 7).double()
    norm.load_state_dict({name: weights[f"norm.{name}"] for name in ("weight", "bias")})
    linear.load_state_dict({name: weights[f"fc.{name}"] for name in ("weight", "bias")})
    scores = model(reference["x"])
    close(scores, linear(norm(last).mean(dim=(2, 3))), torch.double)
    assert (scores - reference["y"]).abs().max() > 0.01


# Its own properties


def test_any_size_of_image_will_do():
    model = randomised(PoolFormer(**SMALL))
    for height, width in ((64, 96), (33, 47), (7, 7), (3, 50)):
        assert model(images(2, 3, height, width)).shape == (2, 7)


def test_a_mirror_image_on_a_mirrored_kernel_has_the_same_scores():
    # No weight belongs to a place: only the kernels know left from right.
    model, other = randomised(PoolFormer(**SMALL)), PoolFormer(**SMALL).double()
    other.load_state_dict(model.state_dict())
    # At 35 pixels the last square ends where the frame does, in every stage. So a
    # mirror image meets the same squares.
    image = images(2, 3, 35, 35)
    with torch.no_grad():
        for stage in other.stages:
            stage.embedding.weight.copy_(stage.embedding.weight.flip(3))
    assert not torch.allclose(model(image), model(image.flip(3)))
    torch.testing.assert_close(model(image), other(image.flip(3)))


def test_without_pooling_places_would_only_share_a_norm():
    block = randomised(PoolFormerBlock(20, 60, layer_scale=1.0))
    block.token_norm = block.channel_norm = nn.Identity()
    x, changed = images(1, 7, 6, 20), images(1, 7, 6, 20)
    changed[0, 3, 2, 5] += 1
    felt = (block(changed) - block(x)).abs().amax(dim=-1)[0] > 1e-9
    assert felt.sum() == 9
    assert felt[2:5, 1:4].all()
    block.token_mixing = nn.Identity()
    felt = (block(changed) - block(x)).abs().amax(dim=-1)[0] > 1e-9
    assert felt.nonzero().tolist() == [[3, 2]]


def test_the_first_bias_of_a_block_has_no_effect():
    # What is added to all places alike, pooling takes away.
    model, image = randomised(PoolFormer(**SMALL)), images(2, 3, 35, 47)
    before = model(image)
    for stage in model.stages:
        for block in stage.blocks:
            nn.init.normal_(block.token_norm.bias, std=3)
    torch.testing.assert_close(model(image), before, rtol=0, atol=1e-10)


def test_a_new_block_changes_almost_nothing():
    torch.manual_seed(0)
    x = torch.randn(2, 6, 8, 20)
    change = PoolFormerBlock(20, 80)(x) - x
    assert 0 < change.abs().max() < 1e-4


def test_the_layers_of_a_stack_start_apart():
    model = PoolFormer(num_classes=7, depths=(3, 3), dims=(8, 8))
    weights = [p for p in model.parameters() if p.dim() > 1]
    for index, weight in enumerate(weights):
        for other in weights[:index]:
            assert weight.shape != other.shape or not torch.equal(weight, other)


def test_the_images_of_a_batch_do_not_meet():
    model, batch = randomised(PoolFormer(**SMALL)), images(3, 3, 33, 47)
    alone = torch.cat([model(image[None]) for image in batch])
    torch.testing.assert_close(model(batch), alone, rtol=0, atol=1e-11)


def test_dropout_and_stochastic_depth_reach_every_block():
    model = PoolFormer(**SMALL, dropout_rate=0.2, stochastic_depth_rate=0.3)
    blocks = [block for stage in model.stages for block in stage.blocks]
    rates = [0, 0.1, 0.2, 0.3]
    assert [block.token_depth.rate for block in blocks] == pytest.approx(rates)
    assert [block.channel_depth.rate for block in blocks] == pytest.approx(rates)
    assert {block.channel_mixing.dropout.rate for block in blocks} == {0.2}
    randomised(model)
    image = images(2, 3, 35, 47)
    assert not torch.equal(model(image), model(image))
    model.eval()
    assert torch.equal(model(image), model(image))


def test_it_learns():
    torch.manual_seed(0)
    model = PoolFormer(**SMALL, layer_scale=0.1)
    image, label = torch.randn(4, 3, 32, 40), torch.tensor([0, 1, 2, 3])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(40):
        loss = nn.functional.cross_entropy(model(image), label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.05
    # Beside the bias that nothing can see, every weight has a gradient.
    silent = {n for n, p in model.named_parameters() if p.grad.abs().max() < 1e-9}
    assert all(name.endswith("token_norm.bias") for name in silent)


def test_half_precision_is_near_and_finite():
    model, image = randomised(PoolFormer(**SMALL)).float(), images(2, 3, 35, 47).float()
    expected = model(image)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = model(image)
    halved = model.bfloat16()(image.bfloat16())
    for output in (mixed, halved):
        assert output.dtype == torch.bfloat16
        assert (output.float() - expected).abs().max() / expected.abs().max() < 0.05


def test_torch_export_with_a_free_batch_dimension():
    model = randomised(PoolFormer(**SMALL)).eval()
    batch = torch.export.Dim("batch", min=2)
    program = torch.export.export(
        model, (images(3, 3, 35, 47),), dynamic_shapes=({0: batch},)
    )
    other = images(6, 3, 35, 47)
    torch.testing.assert_close(program.module()(other), model(other))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_classes": 0}, "num_classes must be at least 1, got 0"),
        ({"in_channels": 0}, "in_channels must be at least 1, got 0"),
        ({"dims": (8, 0, 12)}, "dims must be at least 1, got 0"),
        ({"depths": (1, 0, 1)}, "depths must be at least 1, got 0"),
        (
            {"depths": (1, 1)},
            r"depths and dims must be equally many, got \(1, 1\) and \(8, 12, 20\)",
        ),
        ({"depths": (), "dims": ()}, "depths and dims must be equally many"),
        ({"mlp_ratio": 0}, "mlp_ratio must be at least 1, got 0"),
        ({"pool_size": 2}, "pool_size must be odd"),
        ({"layer_scale": 0.0}, "initial_value must be positive, got 0.0"),
        ({"dropout_rate": 1.0}, r"rate must lie in \[0, 1\), got 1.0"),
        ({"stochastic_depth_rate": -0.1}, r"stochastic_depth_rate must lie in \[0, 1"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        PoolFormer(**(SMALL | options))


def test_what_is_no_image_or_too_small_is_refused():
    with pytest.raises(
        ValueError, match=r"expected shape \(batch, 3, height, width\), got"
    ):
        PoolFormer(**SMALL)(torch.zeros(2, 1, 32, 32))
    with pytest.raises(
        ValueError, match=r"height and width must be at least 3, got \(40, 2\)"
    ):
        PoolFormer(**SMALL)(torch.zeros(2, 3, 40, 2))
    with pytest.raises(
        ValueError, match=r"expected shape \(batch, height, width, 3\), got"
    ):
        MapEmbedding(3, 8, 3, 2, 1)(torch.zeros(2, 3, 32, 40))
