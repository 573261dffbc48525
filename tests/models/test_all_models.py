"""What every model must do: get its memory late, be wrapped, be told a form."""

import pytest
import torch
from torch import nn
from torch._subclasses import FakeTensorMode
from torch.func import functional_call, grad, vmap

from labml_style_nn.layers.batch_norm import BatchNorm
from labml_style_nn.layers.gelu import GELU
from labml_style_nn.layers.group_norm import GroupNorm
from labml_style_nn.layers.layer_norm import LayerNorm
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

IMAGE = {"image_size": (16, 24), "patch_size": 4, "num_classes": 7, "num_layers": 2}
WIDTHS = {"hidden_dim": 20, "channels_mlp_dim": 48}
TEXT = {"vocabulary_size": 30, "num_layers": 2}
LANGUAGE = TEXT | {"num_tokens": 9, "dim": 20, "hidden_dim": 48}
MODELS = {
    "mixer": (MLPMixer, {**IMAGE, **WIDTHS, "tokens_mlp_dim": 10}),
    "resmlp": (ResMLP, {**IMAGE, **WIDTHS}),
    "gmlp": (GMLP, {**IMAGE, **WIDTHS}),
    "vit": (VisionTransformer, {**IMAGE, **WIDTHS, "num_heads": 5}),
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
each = pytest.mark.parametrize("name", MODELS)
each_of_text = pytest.mark.parametrize("name", OF_TEXT)


def build(name, **options):
    """A model of the table."""
    make, sizes = MODELS[name]
    return make(**sizes, **options)


def trained(name, **options):
    """A model with other weights than it began with."""
    torch.manual_seed(0)
    model = build(name, **options)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.3)
    return model.eval()


def batch(name, size=3):
    """What a model reads."""
    generator = torch.Generator().manual_seed(0)
    if name in OF_TEXT:
        return torch.randint(30, (size, 9), generator=generator)
    return torch.randn(size, 3, 16, 24, generator=generator)


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
    whole = trained(name)
    model = emptied(name)
    model.load_state_dict(whole.state_dict())
    assert torch.equal(model.eval()(batch(name)), whole(batch(name)))
    with torch.device("meta"):
        model = build(name)
    model.load_state_dict(whole.state_dict(), assign=True)
    assert torch.equal(model.eval()(batch(name)), whole(batch(name)))


@each
def test_a_model_that_got_its_memory_later_can_begin_anew(name):
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
        self.down = nn.Linear(linear.in_features, 2, bias=False)
        self.up = nn.Linear(2, linear.out_features, bias=False)
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
    plain.load_state_dict(conv.state_dict())
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
    found = replaced(trained(name), nn.Linear, Wrapped)(batch(name))
    torch.testing.assert_close(found, expected)
    found = replaced(trained(name), nn.Conv2d, copied)(batch(name))
    torch.testing.assert_close(found, expected)


# Options of the whole model


@each
def test_one_argument_gives_all_gelus_their_form(name):
    for form in ("none", "tanh"):
        model = trained(name, approximate=form)
        forms = {m.approximate for m in model.modules() if isinstance(m, GELU)}
        assert forms == {form}
    with pytest.raises(ValueError, match="approximate must be 'none' or 'tanh', got"):
        build(name, approximate="tan")


@pytest.mark.parametrize("name", [name for name in MODELS if name != "resmlp"])
def test_one_argument_gives_all_norms_their_epsilon(name):
    gate = {"gate_eps": 0.25} if "gmlp" in name else {}
    model = build(name, eps=0.25, **gate)
    norms = [
        module.eps
        for module in model.modules()
        if isinstance(module, LayerNorm | GroupNorm | BatchNorm)
    ]
    assert len(norms) > 2
    assert set(norms) == {0.25}


# Without numbers, or with one more axis


@pytest.mark.filterwarnings("ignore:There is a performance drop")
@each_of_text
def test_each_text_has_a_gradient_of_its_own(name):
    model, tokens = trained(name), batch(name)
    parameters = {key: p.detach() for key, p in model.named_parameters()}

    def loss(parameters, text):
        return functional_call(model, parameters, (text[None],)).square().mean()

    found = vmap(grad(loss), in_dims=(None, 0))(parameters, tokens)
    for number, text in enumerate(tokens):
        model.zero_grad()
        model(text[None]).square().mean().backward()
        for key, parameter in model.named_parameters():
            theirs = torch.zeros_like(parameter)
            theirs = theirs if parameter.grad is None else parameter.grad
            torch.testing.assert_close(found[key][number], theirs, rtol=1e-4, atol=1e-5)


@each_of_text
def test_a_text_model_needs_no_numbers_to_tell_its_shapes(name):
    model, tokens = trained(name), batch(name)
    expected = model(tokens)
    program = torch.export.export(model, (tokens,))
    torch.testing.assert_close(program.module()(tokens), expected)
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        assert model(mode.from_tensor(tokens)).shape == expected.shape


@each
def test_of_no_image_and_no_text_there_is_no_result(name):
    model = trained(name)
    assert model(batch(name, size=0)).shape == (0, *model(batch(name)).shape[1:])
