"""What every model must do: begin, learn, refuse, be saved, wrapped and exported."""

import re
from collections import ChainMap
from importlib import import_module
from inspect import isfunction, signature
from itertools import combinations

import pytest
import torch
from torch import nn
from torch._subclasses import FakeTensorMode
from torch.func import functional_call, grad, vmap

from labml_style_nn import layers
from labml_style_nn.proofs.reference import timm_counts
from tests.models.networks import (
    MODELS,
    OF_IMAGES,
    OF_TEXT,
    batch,
    build,
    takes,
    trained,
)
from tests.tensors import begins_anew, close, emptied, gradients

each = pytest.mark.parametrize("name", MODELS)
each_of_text = pytest.mark.parametrize("name", OF_TEXT)
each_of_images = pytest.mark.parametrize("name", OF_IMAGES)


def modules_of(model, *kinds):
    """All parts of some kinds, in the order in which they were built."""
    return [module for module in model.modules() if isinstance(module, kinds)]


FAMILIES = ["mlp_mixer", "resmlp", "gmlp", "conv_mixer", "vit", "poolformer", "fnet"]
MODULES = [import_module(f"labml_style_nn.models.{family}") for family in FAMILIES]
MAKERS = ChainMap(*map(vars, MODULES))
# The one network for CIFAR-10, and those whose counts are of Hugging Face.
NOT_TIMMS = {"convmixer_256_8", "fnet_base", "fnet_large"}


def test_every_named_model_is_counted_by_somebody_else():
    # The proofs hold each of them against this count. What is named takes options only.
    named = {
        name
        for name, make in MAKERS.items()
        if isfunction(make) and [*signature(make).parameters] == ["options"]
    }
    assert named == {*timm_counts()["models"]} | NOT_TIMMS


OTHER = {"hidden_dim": 9, "image_size": (64, 96)}
CHANGED = dict.fromkeys(["mixer_s32", "resmlp_12", "gmlp_ti16", "vit_tiny_16"], OTHER)
CHANGED["convmixer_768_32"] = {"hidden_dim": 8, "patch_size": (4, 2)}


@pytest.mark.parametrize("name", CHANGED)
def test_options_override_the_sizes_of_the_paper(name):
    options = CHANGED[name]
    model = MAKERS[name](num_classes=5, in_channels=1, num_layers=1, **options)
    assert model(torch.zeros(2, 1, 64, 96)).shape == (2, 5)
    assert len(model.blocks) == 1


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
HEADS = dict.fromkeys(["mixer", "gmlp", "vit", "vit_average", "fnet"], "head")
HEADS |= {"causal_gmlp": "scores", "attention": "output", "mixer_text": "output"}


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
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, fused=True)
    for _ in range(60):
        loss = nn.functional.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.05


@each
def test_a_model_that_got_its_memory_later_is_loaded_or_begins_anew(name):
    whole, x = trained(name).float(), batch(name, dtype=torch.float)
    with torch.device("meta"):
        bare = build(name)
    for model, assign in ((emptied(lambda: build(name)), False), (bare, True)):
        model.load_state_dict(whole.state_dict(), assign=assign)
        assert torch.equal(model.eval()(x), whole(x))
    begins_anew(lambda: build(name))


@each
def test_tools_may_replace_every_map_and_every_convolution(name):
    model, x = trained(name), batch(name)
    expected = model(x)
    for kind in (nn.Linear, nn.Conv2d):
        for module in list(model.modules()):
            for key, child in list(module.named_children()):
                if isinstance(child, kind):
                    # PyTorch's own layer of the same settings, and around it one that
                    # has no weight which somebody could read in passing.
                    child.__class__ = kind
                    setattr(module, key, nn.Sequential(child))
    torch.testing.assert_close(model(x), expected)


@each
def test_one_argument_gives_all_gelus_their_form(name):
    for form in ("none", "tanh"):
        gelus = modules_of(build(name, approximate=form), layers.GELU)
        assert {gelu.approximate for gelu in gelus} == {form}


@pytest.mark.parametrize("name", [name for name in MODELS if takes(name, "eps")])
def test_one_argument_gives_all_norms_their_epsilon(name):
    gate = {"gate_eps": 0.25} if "gmlp" in name else {}
    kinds = layers.LayerNorm, layers.GroupNorm, layers.BatchNorm
    norms = modules_of(build(name, eps=0.25, **gate), *kinds)
    assert len(norms) > 2
    assert {norm.eps for norm in norms} == {0.25}


# How often a pass drops single numbers, and how often it drops each branch: seldom at
# first, or in a ResMLP always alike.
DROPOUTS = {"mixer": 8, "resmlp": 4, "gmlp": 4, "vit": 7, "vit_average": 7, "fnet": 4}
DROPOUTS |= {"poolformer": 6, "fnet_text": 5, "causal_gmlp": 4, "attention": 4}
DROPOUTS |= {"mixer_text": 4}
RISING = [0, 0.1, 0.2, 0.3]
BRANCHES = {
    "mixer": RISING,
    "resmlp": [0.3] * 4,
    "gmlp": [0, 0.3],
    "vit": RISING,
    "vit_average": RISING,
    "poolformer": [0, 0, 0.15, 0.15, 0.3, 0.3],
    "causal_gmlp": [0, 0.3],
}


@pytest.mark.parametrize("name", [n for n in MODELS if takes(n, "dropout_rate")])
def test_both_rates_reach_every_branch(name):
    drops = takes(name, "stochastic_depth_rate")
    rates = {"stochastic_depth_rate": 0.3} if drops else {}
    model = trained(name, dropout_rate=0.2, **rates).train()
    dropped, branches, x = [], [], batch(name)
    for kind, seen in ((layers.Dropout, dropped), (layers.StochasticDepth, branches)):
        for layer in modules_of(model, kind):
            layer.register_forward_hook(
                lambda layer, _inputs, _y, seen=seen: seen.append(layer.rate)
            )
    first = model(x)
    # The layers of language models drop nothing but their updates.
    assert [rate for rate in dropped if rate] == [0.2] * DROPOUTS[name]
    assert branches == pytest.approx(BRANCHES[name] if drops else [0] * len(branches))
    assert not torch.equal(model(x), first)
    model.eval()
    assert torch.equal(model(x), model(x))


@each
def test_what_stands_in_one_batch_does_not_meet_and_may_be_nothing(name):
    model, x = trained(name), batch(name)
    close(model(x), torch.cat([model(one[None]) for one in x]), 1e-11)
    assert model(x[:0]).shape == (0, *model(x).shape[1:])


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
    # To trace a second layer of the same kind takes as long as the first.
    one = {"depths": (1, 1)} if name == "poolformer" else {"num_layers": 1}
    model = trained(name, **one)
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


AT_LEAST_1 = {
    **dict.fromkeys(["in_channels", "num_classes", "num_layers", "tokens_mlp_dim"], 0),
    **dict.fromkeys(["channels_mlp_dim", "num_heads", "kernel_size", "max_len"], 0),
    **dict.fromkeys(["vocabulary_size", "num_tokens", "num_types", "dim"], 0),
    "patch_size": -4,
}
REFUSED = [
    *(
        (option, n, f"{option} must be at least 1, got {n}")
        for option, n in AT_LEAST_1.items()
    ),
    ("image_size", 30, "image_size must be a multiple of patch_size"),
    ("image_size", (16, 0), "image_size must be at least 1, got 0"),
    ("hidden_dim", 0, "dim must be at least 1, got 0"),
    ("num_heads", 3, "dim must be a multiple of num_heads, got 20 and 3"),
    ("approximate", "tan", "approximate must be 'none' or 'tanh', got"),
    ("dropout_rate", 1.0, "rate must lie in [0, 1), got 1.0"),
    ("stochastic_depth_rate", -0.1, "stochastic_depth_rate must lie in [0, 1), got"),
    ("eps", 0.0, "eps must be positive, got 0.0"),
    ("layer_scale", 0.0, "initial_value must be positive, got 0.0"),
]
EQUALLY_MANY = "depths and dims must be equally many"
REFUSED_BY_ONE = [
    ("mixer", {"patch_size": 5}, "multiple of patch_size, got (16, 24) and (5, 5"),
    ("gmlp", {"channels_mlp_dim": 61}, "channels_mlp_dim must be even, got 61"),
    ("vit", {"pooling": "max"}, "pooling must be 'class' or 'average', got 'max'"),
    ("conv_mixer", {"patch_size": (2, 3, 4)}, "patch_size must be a number or (height"),
    ("poolformer", {"dims": (8, 0)}, "dims must be at least 1, got 0"),
    ("poolformer", {"depths": (1, 0)}, "depths must be at least 1, got 0"),
    ("poolformer", {"depths": (1, 1, 1)}, f"{EQUALLY_MANY}, got (1, 1, 1) and (8, 12)"),
    ("poolformer", {"depths": (), "dims": ()}, EQUALLY_MANY),
    ("poolformer", {"mlp_ratio": 0}, "mlp_ratio must be at least 1, got 0"),
    ("poolformer", {"pool_size": 2}, "pool_size must be odd"),
]


@each
def test_sizes_that_do_not_fit_are_refused(name):
    of_all = [(name, {key: value}, said) for key, value, said in REFUSED]
    for model, options, message in (*of_all, *REFUSED_BY_ONE):
        if model == name and all(takes(name, option) for option in options):
            with pytest.raises(ValueError, match=re.escape(message)):
                build(name, **options)


OF_ONE_SIZE = [name for name in OF_IMAGES if takes(name, "image_size")]


@each_of_images
def test_what_is_no_image_of_its_size_is_refused(name):
    model, shapes = build(name), [(2, 1, 16, 24), (3, 16, 24)]
    size = "16, 24" if name in OF_ONE_SIZE else "height, width"
    message = re.escape(f"expected shape (batch, 3, {size}), got")
    for shape in shapes + [(2, 3, 24, 16)] * (name in OF_ONE_SIZE):
        with pytest.raises(ValueError, match=message):
            model(torch.zeros(shape))


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
