"""What every model must do: begin, learn, refuse, be saved, wrapped and exported."""

import inspect
import re
from itertools import combinations

import pytest
import torch
from torch import nn
from torch._subclasses import FakeTensorMode
from torch.func import functional_call, grad, vmap

from labml_style_nn.layers.batch_norm import BatchNorm
from labml_style_nn.layers.dropout import Dropout
from labml_style_nn.layers.gelu import GELU
from labml_style_nn.layers.group_norm import GroupNorm
from labml_style_nn.layers.layer_norm import LayerNorm
from labml_style_nn.layers.stochastic_depth import StochasticDepth
from labml_style_nn.models import conv_mixer, fnet, gmlp, mlp_mixer, poolformer, resmlp
from labml_style_nn.models import vit as vision_transformer
from labml_style_nn.models.causal_gmlp import CausalGMLP
from labml_style_nn.models.conv_mixer import ConvMixer
from labml_style_nn.models.fnet import FNet, FNetEncoder
from labml_style_nn.models.gmlp import GMLP
from labml_style_nn.models.masked_language_model import (
    attention_language_model,
    mixer_language_model,
)
from labml_style_nn.models.mlp_mixer import MLPMixer
from labml_style_nn.models.poolformer import PoolFormer
from labml_style_nn.models.resmlp import ResMLP
from labml_style_nn.models.vit import VisionTransformer
from labml_style_nn.proofs.reference import timm_counts
from tests.tensors import close, draw, gradients, randomised

IMAGE = {"image_size": (16, 24), "patch_size": 4, "num_classes": 7, "num_layers": 2}
WIDTHS = {"hidden_dim": 20, "channels_mlp_dim": 48}
TEXT = {"vocabulary_size": 30, "num_layers": 2}
LANGUAGE = TEXT | {"num_tokens": 9, "dim": 20, "hidden_dim": 48}
MODELS = {
    "mixer": (MLPMixer, {**IMAGE, **WIDTHS, "tokens_mlp_dim": 10}),
    "resmlp": (ResMLP, {**IMAGE, **WIDTHS}),
    "gmlp": (GMLP, {**IMAGE, **WIDTHS}),
    "vit": (VisionTransformer, {**IMAGE, **WIDTHS, "num_heads": 5}),
    "vit_average": (
        VisionTransformer,
        {**IMAGE, **WIDTHS, "num_heads": 5, "pooling": "average"},
    ),
    "fnet": (FNet, {**IMAGE, **WIDTHS}),
    "conv_mixer": (
        ConvMixer,
        {
            "patch_size": 4,
            "num_classes": 7,
            "num_layers": 2,
            "hidden_dim": 6,
            "kernel_size": 3,
        },
    ),
    "poolformer": (PoolFormer, {"num_classes": 7, "depths": (1, 2), "dims": (8, 12)}),
    "fnet_text": (FNetEncoder, {**TEXT, **WIDTHS, "max_len": 9, "num_types": 3}),
    "causal_gmlp": (CausalGMLP, {**TEXT, **WIDTHS, "num_tokens": 9}),
    "attention": (attention_language_model, {**LANGUAGE, "num_heads": 5}),
    "mixer_text": (mixer_language_model, LANGUAGE),
}
OF_TEXT = "fnet_text", "causal_gmlp", "attention", "mixer_text"
OF_IMAGES = [name for name in MODELS if name not in OF_TEXT]
each = pytest.mark.parametrize("name", MODELS)
each_of_text = pytest.mark.parametrize("name", OF_TEXT)
each_of_images = pytest.mark.parametrize("name", OF_IMAGES)


def takes(name, option):
    """Whether a model has an option."""
    return option in inspect.signature(MODELS[name][0]).parameters


def build(name, **options):
    """A model of the table."""
    make, sizes = MODELS[name]
    return make(**(sizes | options))


def trained(name, **options):
    """A model with other weights than it began with, in float64."""
    return randomised(build(name, **options)).eval()


def batch(name, size=3, seed=0, dtype=torch.double):
    """What a model reads."""
    if name in OF_TEXT:
        generator = torch.Generator().manual_seed(seed)
        return torch.randint(30, (size, 9), generator=generator)
    return draw(size, 3, 16, 24, seed=seed, dtype=dtype)


def modules_of(model, *kinds):
    """All parts of some kinds, in the order in which they were built."""
    return [module for module in model.modules() if isinstance(module, kinds)]


# The sizes of the papers

FAMILIES = {
    mlp_mixer: "mixer_",
    resmlp: "resmlp_",
    gmlp: "gmlp_",
    conv_mixer: "convmixer_",
    vision_transformer: "vit_",
    poolformer: "poolformer_",
    fnet: "fnet_",
}
# The one network for CIFAR-10, and those whose counts are of Hugging Face.
NOT_TIMMS = {"convmixer_256_8", "fnet_base", "fnet_large"}


def test_every_named_model_is_counted_by_somebody_else():
    # The proofs hold each of them against this count.
    named = {
        name
        for module, begin in FAMILIES.items()
        for name in vars(module)
        if name.startswith(begin)
    }
    assert named == {*timm_counts()["models"]} | NOT_TIMMS


@pytest.mark.parametrize(
    ("make", "options"),
    [
        (mlp_mixer.mixer_s32, {"hidden_dim": 8}),
        (resmlp.resmlp_12, {"hidden_dim": 8}),
        (gmlp.gmlp_ti16, {"hidden_dim": 8}),
        (vision_transformer.vit_tiny_16, {"hidden_dim": 9}),
        (conv_mixer.convmixer_768_32, {"hidden_dim": 8, "patch_size": (4, 2)}),
    ],
)
def test_options_override_the_sizes_of_the_paper(make, options):
    free = {"image_size": (64, 96)} if make is not conv_mixer.convmixer_768_32 else {}
    model = make(num_classes=5, in_channels=1, num_layers=1, **options, **free)
    assert model(torch.zeros(2, 1, 64, 96)).shape == (2, 5)
    assert len(model.blocks) == 1


# How it begins


@each
def test_no_two_weights_of_a_stack_begin_alike(name):
    weights = [
        weight
        for key, parameter in build(name).named_parameters()
        if parameter.dim() > 1 and parameter.any()
        # Queries, keys and values have one matrix each.
        for weight in parameter.chunk(3 if key.endswith("qkv.weight") else 1)
    ]
    assert len(weights) > 4
    for one, other in combinations(weights, 2):
        assert one.shape != other.shape or not torch.equal(one, other)


# What says nothing at first: all whose last map begins with zeros.
HEADS = {
    "mixer": "head",
    "gmlp": "head",
    "vit": "head",
    "vit_average": "head",
    "fnet": "head",
    "causal_gmlp": "scores",
    "attention": "output",
    "mixer_text": "output",
}


@pytest.mark.parametrize("name", HEADS)
def test_a_new_model_prefers_nothing_and_its_head_learns_first(name):
    model = build(name)
    scores = model(batch(name, dtype=torch.float))
    assert (scores == 0).all()
    found = gradients(scores, model.parameters())
    names = [key for key, _ in model.named_parameters()]
    learn = {key for key, g in zip(names, found, strict=True) if g.any()}
    assert learn == {key for key in names if key.startswith(HEADS[name])}
    assert len(learn) == 2


# Weights of which nothing can be seen: the next norm takes away what is added to all
# channels of a token, and pooling what is added to all places.
UNSEEN = {
    "mixer": "token_mixing.fc2.bias",
    "mixer_text": "token_mixing.fc2.bias",
    "poolformer": "token_norm.bias",
}


@each
def test_a_loss_depends_on_every_weight(name):
    model = trained(name)
    found = gradients(model(batch(name)), model.parameters())
    for (key, _), gradient in zip(model.named_parameters(), found, strict=True):
        seen = not key.endswith(UNSEEN.get(name, "nothing"))
        assert (gradient.abs().max() > 1e-9) == seen, key


@each_of_images
def test_it_learns_four_images_by_heart(name):
    torch.manual_seed(0)
    model = build(name, **({"layer_scale": 0.1} if name == "poolformer" else {}))
    images, labels = batch(name, 4, dtype=torch.float), torch.arange(4)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(60):
        loss = nn.functional.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.05


# Built without memory


def emptied(name):
    """A model that was built on the meta device, and whose memory holds anything."""
    with torch.device("meta"):
        model = build(name)
    model.to_empty(device="cpu")
    for tensor in (*model.parameters(), *model.buffers()):
        tensor.detach().fill_(-77)
    return model


@each
def test_a_model_that_got_its_memory_later_is_complete_once_it_is_loaded(name):
    whole, x = trained(name).float(), batch(name, dtype=torch.float)
    model = emptied(name)
    model.load_state_dict(whole.state_dict())
    assert torch.equal(model.eval()(x), whole(x))
    with torch.device("meta"):
        model = build(name)
    model.load_state_dict(whole.state_dict(), assign=True)
    assert torch.equal(model.eval()(x), whole(x))


@each
def test_a_model_that_got_its_memory_later_can_begin_anew(name):
    torch.manual_seed(0)
    model = emptied(name)
    # Layers first: a model may have its own mind about how a layer of it begins.
    model.apply(lambda module: getattr(module, "reset_parameters", lambda: None)())
    expected = build(name)
    for (key, ours), (_, theirs) in zip(
        [*model.named_parameters(), *model.named_buffers()],
        [*expected.named_parameters(), *expected.named_buffers()],
        strict=True,
    ):
        if len(theirs.unique()) == 1 or not theirs.requires_grad:
            assert torch.equal(ours, theirs), key
        else:
            # Another draw of the same, where parts are drawn in another order.
            assert 1 / 3 < ours.std() / theirs.std() < 3, key


# Changed by tools


class Wrapped(nn.Module):
    """A map with an addition of low rank, which is zero at first."""

    def __init__(self, linear):
        super().__init__()
        self.linear = linear
        self.down = nn.Linear(linear.in_features, 2, bias=False).double()
        self.up = nn.Linear(2, linear.out_features, bias=False).double()
        nn.init.zeros_(self.up.weight)

    def forward(self, x):
        weight, bias = self.linear.weight, self.linear.bias
        return nn.functional.linear(x, weight, bias) + self.up(self.down(x))


def copied(conv):
    """A convolution with the settings of another."""
    plain = nn.Conv2d(
        conv.in_channels,
        conv.out_channels,
        conv.kernel_size,
        conv.stride,
        conv.padding,
        groups=conv.groups,
    )
    plain.double().load_state_dict(conv.state_dict())
    return plain


def replaced(model, kind, new):
    """Put something else in the place of each layer of one kind, as a tool does."""
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, kind):
                setattr(module, name, new(child))
    return model


@each
def test_tools_may_replace_every_map_and_every_convolution(name):
    expected = trained(name)(batch(name))
    for kind, new in ((nn.Linear, Wrapped), (nn.Conv2d, copied)):
        found = replaced(trained(name), kind, new)(batch(name))
        torch.testing.assert_close(found, expected)


# Options of the whole model


@each
def test_one_argument_gives_all_gelus_their_form(name):
    for form in ("none", "tanh"):
        gelus = modules_of(build(name, approximate=form), GELU)
        assert {gelu.approximate for gelu in gelus} == {form}


@pytest.mark.parametrize("name", [name for name in MODELS if takes(name, "eps")])
def test_one_argument_gives_all_norms_their_epsilon(name):
    gate = {"gate_eps": 0.25} if "gmlp" in name else {}
    norms = modules_of(build(name, eps=0.25, **gate), LayerNorm, GroupNorm, BatchNorm)
    assert len(norms) > 2
    assert {norm.eps for norm in norms} == {0.25}


# How often a pass drops single numbers, and how often it drops each branch: seldom at
# first, or in a ResMLP always alike.
DROPOUTS = {
    "mixer": 8,
    "resmlp": 4,
    "gmlp": 4,
    "vit": 7,
    "vit_average": 7,
    "fnet": 4,
    "poolformer": 6,
    "fnet_text": 5,
    "causal_gmlp": 4,
    "attention": 4,
    "mixer_text": 4,
}
BRANCHES = {
    "mixer": [0, 0.1, 0.2, 0.3],
    "resmlp": [0.3] * 4,
    "gmlp": [0, 0.3],
    "vit": [0, 0.1, 0.2, 0.3],
    "vit_average": [0, 0.1, 0.2, 0.3],
    "poolformer": [0, 0, 0.15, 0.15, 0.3, 0.3],
    "causal_gmlp": [0, 0.3],
}


def test_the_tables_of_rates_leave_no_model_out():
    assert [*DROPOUTS] == [name for name in MODELS if takes(name, "dropout_rate")]
    branches = [name for name in MODELS if takes(name, "stochastic_depth_rate")]
    assert [*BRANCHES] == branches


@pytest.mark.parametrize("name", DROPOUTS)
def test_both_rates_reach_every_branch(name):
    rates = {"stochastic_depth_rate": 0.3} if name in BRANCHES else {}
    model = trained(name, dropout_rate=0.2, **rates).train()
    dropped, branches, x = [], [], batch(name)
    for kind, seen in ((Dropout, dropped), (StochasticDepth, branches)):
        for layer in modules_of(model, kind):
            layer.register_forward_hook(
                lambda layer, _inputs, _y, seen=seen: seen.append(layer.rate)
            )
    first = model(x)
    # The layers of language models drop nothing but their updates.
    assert [rate for rate in dropped if rate] == [0.2] * DROPOUTS[name]
    assert branches == pytest.approx(BRANCHES.get(name, [0] * len(branches)))
    assert not torch.equal(model(x), first)
    model.eval()
    assert torch.equal(model(x), model(x))


# One by one, without numbers, in other precisions


@each
def test_what_stands_in_one_batch_does_not_meet(name):
    model, x = trained(name), batch(name)
    close(model(x), torch.cat([model(one[None]) for one in x]), 1e-11)


@each
def test_of_no_image_and_no_text_there_is_no_result(name):
    model = trained(name)
    assert model(batch(name, size=0)).shape == (0, *model(batch(name)).shape[1:])


@pytest.mark.filterwarnings("ignore:There is a performance drop")
@each_of_text
def test_each_text_has_a_gradient_of_its_own(name):
    model, tokens = trained(name), batch(name)
    parameters = {key: p.detach() for key, p in model.named_parameters()}

    def loss(parameters, text):
        return functional_call(model, parameters, (text[None],)).square().mean()

    found = vmap(grad(loss), in_dims=(None, 0))(parameters, tokens)
    for number, text in enumerate(tokens):
        alone = grad(loss)(parameters, text)
        for key, gradient in alone.items():
            torch.testing.assert_close(found[key][number], gradient)


@each
def test_it_can_be_exported_with_a_free_batch_dimension(name):
    model = trained(name)
    sizes = ({0: torch.export.Dim("batch", min=2)},)
    program = torch.export.export(model, (batch(name),), dynamic_shapes=sizes)
    others = batch(name, 6, seed=1)
    torch.testing.assert_close(program.module()(others), model(others))


@each_of_text
def test_a_text_model_needs_no_numbers_to_tell_its_shapes(name):
    model, tokens = trained(name), batch(name)
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        assert model(mode.from_tensor(tokens)).shape == model(tokens).shape


@each
def test_float32_gives_the_scores_and_the_gradients_of_float64(name):
    results = []
    for dtype in (torch.double, torch.float):
        model = trained(name).to(dtype)
        y = model(batch(name, dtype=dtype))
        results.append([y, *gradients(y, model.parameters())])
    for exact, single in zip(*results, strict=True):
        # What is small is a sum of terms that cancel: hence the floor.
        scale = max(exact.abs().max().item(), 0.5)
        close(single.double(), exact, atol=4e-6 * scale)


@each
def test_half_precision_is_near_and_finite(name):
    model, x = trained(name).float(), batch(name, dtype=torch.float)
    expected = model(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = model(x)
    halved = model.bfloat16()(x if name in OF_TEXT else x.bfloat16())
    for output in (mixed, halved):
        assert output.dtype == torch.bfloat16
        assert (output.float() - expected).abs().max() < 0.1 * expected.abs().max()


# What is refused

RATE = r"rate must lie in \[0, 1\), got"
REFUSED = [
    ("image_size", 30, "image_size must be a multiple of patch_size"),
    ("image_size", (16, 0), "image_size must be at least 1, got 0"),
    ("patch_size", -4, "patch_size must be at least 1, got -4"),
    ("in_channels", 0, "in_channels must be at least 1, got 0"),
    ("num_classes", 0, "num_classes must be at least 1, got 0"),
    ("num_layers", 0, "num_layers must be at least 1, got 0"),
    ("hidden_dim", 0, "dim must be at least 1, got 0"),
    ("tokens_mlp_dim", 0, "tokens_mlp_dim must be at least 1, got 0"),
    ("channels_mlp_dim", 0, "channels_mlp_dim must be at least 1, got 0"),
    ("num_heads", 0, "num_heads must be at least 1, got 0"),
    ("num_heads", 3, "dim must be a multiple of num_heads, got 20 and 3"),
    ("kernel_size", 0, "kernel_size must be at least 1, got 0"),
    ("vocabulary_size", 0, "vocabulary_size must be at least 1, got 0"),
    ("num_tokens", 0, "num_tokens must be at least 1, got 0"),
    ("max_len", 0, "max_len must be at least 1, got 0"),
    ("num_types", 0, "num_types must be at least 1, got 0"),
    ("dim", 0, "dim must be at least 1, got 0"),
    ("approximate", "tan", "approximate must be 'none' or 'tanh', got"),
    ("dropout_rate", 1.0, f"{RATE} 1.0"),
    ("stochastic_depth_rate", -0.1, f"stochastic_depth_{RATE} -0.1"),
    ("eps", 0.0, "eps must be positive, got 0.0"),
    ("layer_scale", 0.0, "initial_value must be positive, got 0.0"),
]
REFUSED_BY_ONE = [
    ("mixer", {"patch_size": 5}, r"multiple of patch_size, got \(16, 24\) and \(5, 5"),
    ("gmlp", {"channels_mlp_dim": 61}, "channels_mlp_dim must be even, got 61"),
    ("vit", {"pooling": "max"}, "pooling must be 'class' or 'average', got 'max'"),
    (
        "conv_mixer",
        {"patch_size": (2, 3, 4)},
        r"patch_size must be a number or \(height, width\)",
    ),
    ("poolformer", {"dims": (8, 0)}, "dims must be at least 1, got 0"),
    ("poolformer", {"depths": (1, 0)}, "depths must be at least 1, got 0"),
    (
        "poolformer",
        {"depths": (1, 1, 1)},
        r"depths and dims must be equally many, got \(1, 1, 1\) and \(8, 12\)",
    ),
    ("poolformer", {"depths": (), "dims": ()}, "depths and dims must be equally many"),
    ("poolformer", {"mlp_ratio": 0}, "mlp_ratio must be at least 1, got 0"),
    ("poolformer", {"pool_size": 2}, "pool_size must be odd"),
]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        *(
            (name, {option: value}, message)
            for name in MODELS
            for option, value, message in REFUSED
            if takes(name, option)
        ),
        *REFUSED_BY_ONE,
    ],
)
def test_sizes_that_do_not_fit_are_refused(name, options, message):
    with pytest.raises(ValueError, match=message):
        build(name, **options)


OF_ONE_SIZE = [name for name in OF_IMAGES if takes(name, "image_size")]


@pytest.mark.parametrize("shape", [(2, 1, 16, 24), (3, 16, 24)])
@each_of_images
def test_what_is_no_image_is_refused(name, shape):
    size = "16, 24" if name in OF_ONE_SIZE else "height, width"
    message = re.escape(f"expected shape (batch, 3, {size}), got")
    with pytest.raises(ValueError, match=message):
        build(name)(torch.zeros(shape))


@pytest.mark.parametrize("name", OF_ONE_SIZE)
def test_an_image_of_another_size_is_refused(name):
    with pytest.raises(ValueError, match=r"expected shape \(batch, 3, 16, 24\), got"):
        build(name)(torch.zeros(2, 3, 24, 16))


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (torch.full((2, 9), 30), "tokens must lie from 0 to 29, got 30 to 30"),
        (torch.zeros(2, 9), "tokens must be int64 or int32, got torch.float32"),
        (torch.zeros(2, 10).long(), r"at most 9 tokens|expected shape .*got \(2, 10"),
        (torch.zeros(9).long(), r"expected shape \(batch, (num_)?tokens\), got \(9,\)"),
    ],
)
@each_of_text
def test_a_text_that_does_not_fit_is_refused(name, tokens, message):
    with pytest.raises(ValueError, match=message):
        build(name)(tokens)
