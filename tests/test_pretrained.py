"""Loading timm's weights: all of them, or none and a list of what is wrong."""

import re
from contextlib import contextmanager
from copy import deepcopy
from itertools import permutations, product

import pytest
import torch
from torch._subclasses import FakeTensorMode
from torch.nn import functional as F

from labml_style_nn.models.mlp_mixer import MLPMixer
from labml_style_nn.models.poolformer import PoolFormer
from labml_style_nn.models.resmlp import ResMLP
from labml_style_nn.pretrained import ORIGINS, load_timm_weights, load_weights, targets
from labml_style_nn.proofs.reference import stored
from labml_style_nn.proofs.whole import small
from tests.models.networks import MODELS, OF_IMAGES, build, takes

# The sizes of timm's Mixer whose weights are stored.
SIZES = MODELS["mixer"][1] | {"image_size": (16, 36), "patch_size": (4, 6)}
SIZES |= {"channels_mlp_dim": 80}


@pytest.fixture
def model():
    """A small Mixer."""
    torch.manual_seed(0)
    return MLPMixer(**SIZES)


@pytest.fixture
def state_dict():
    """The weights of timm, under its names."""
    weights = stored("timm_mixer").weights()
    return {name: weight.float() for name, weight in weights.items()}


@contextmanager
def refused(model, message=""):
    """Nothing is loaded, for a reason."""
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    with pytest.raises(ValueError, match=f"nothing was loaded\n{message}") as error:
        yield error
    for key, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[key])


def test_weights_take_the_type_of_the_model_and_stay_trainable(model, state_dict):
    # That they are the right ones, the proof says.
    load_timm_weights(model.double(), state_dict)
    assert targets(model, "timm").keys() == state_dict.keys()
    for key, target in targets(model, "timm").items():
        assert target.dtype == torch.double
        assert torch.equal(target, state_dict[key].double())
    assert all(parameter.requires_grad for parameter in model.parameters())
    load_timm_weights(model.float(), state_dict)
    assert model.norm.weight.data_ptr() != state_dict["norm.weight"].data_ptr()


def test_everything_wrong_is_listed_and_nothing_is_copied(model, state_dict):
    del state_dict["norm.bias"], state_dict["blocks.0.norm1.weight"]
    state_dict["blocks.2.norm1.weight"] = torch.zeros(20)
    state_dict["head.weight"] = torch.zeros(21_843, 20)
    state_dict["stem.proj.weight"] = torch.zeros(20, 48)
    with refused(model) as error:
        load_timm_weights(model, state_dict)
    assert str(error.value).splitlines()[1:] == [
        "missing: blocks.0.norm1.weight",
        "missing: norm.bias",
        "unexpected: blocks.2.norm1.weight",
        "wrong shape: stem.proj.weight is (20, 48), the model needs (20, 3, 4, 6)",
        "wrong shape: head.weight is (21843, 20), the model needs (7, 20)",
    ]


def test_names_of_another_origin_or_a_model_without_any_are_told_in_one_line(model):
    ours = r"these are our own names: model.load_state_dict\(...\) reads them$"
    with refused(model, ours):
        load_timm_weights(model, model.state_dict())
    flax = targets(model, "google-research")
    with pytest.raises(ValueError, match=r"load them with origin='google-research'$"):
        load_timm_weights(model, flax)
    for network, origin, message in (
        (torch.nn.Linear(2, 2), "timm", r"no timm names for Linear; ORIGINS\['timm'\]"),
        (model, "sail-sg", "no sail-sg names for MLPMixer"),
        (model, "tim", "origin must be one of timm, google-research,"),
        (MLPMixer(**SIZES).to("meta"), "timm", "meta device .* model.to_empty"),
    ):
        with pytest.raises(ValueError, match=message):
            load_weights(network, {}, origin)


# PyTorch says that this kind of tensor is to change.
@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_what_is_no_weight_is_refused_before_anything_is_copied(model, state_dict):
    bias = state_dict["head.bias"]
    for value, message in (
        (bias.numpy(), "no tensor: head.bias is a ndarray"),
        (bias.to("meta"), "no numbers: head.bias is on the meta device"),
        (FakeTensorMode().from_tensor(bias), "no numbers: head.bias is a FakeTensor,"),
        (bias.to_sparse(), "wrong layout: head.bias is torch.sparse_coo"),
        (torch.nested.nested_tensor([bias]), "wrong layout: head.bias is nested"),
        (bias.long(), "wrong type: head.bias is torch.int64, the model needs"),
        (bias > 0, "wrong type: head.bias is torch.bool, the model needs"),
        (bias * 1j, "wrong type: head.bias is torch.complex64, the model needs"),
        (bias / 0, "wrong numbers: head.bias is not finite in torch.float32"),
        (bias * torch.nan, "wrong numbers: head.bias is not finite"),
        (bias.double() * 1e300, "wrong numbers: head.bias is not finite in"),
    ):
        with refused(model, message):
            load_timm_weights(model, state_dict | {"head.bias": value})


def test_what_many_names_have_in_common_is_said_once(model, state_dict):
    many = {key: tensor.int() for key, tensor in state_dict.items()}
    with refused(model) as error:
        load_timm_weights(model, many)
    lines = str(error.value).splitlines()
    assert lines[3] == (
        "wrong type: blocks.0.norm1.weight (and 3 like it) is torch.int32, "
        "the model needs torch.float32"
    )
    assert len(lines) < 16
    with pytest.raises(ValueError, match=r"and 4 lines like these$"):
        load_timm_weights(model, {f"{letter}.x": 0 for letter in "abcdefghijkl"})


def renamed(weights, *rules):
    """Weights of timm under other names, by rules from left to right."""
    result = {}
    for name, tensor in weights.items():
        for pattern, replacement in rules:
            name = re.sub(pattern, replacement, name)
        result[name] = tensor
    return result


def test_what_is_around_the_weights_of_one_checkpoint_is_left_out(model, state_dict):
    for wrapped in (
        *(renamed(state_dict, ("^", f"{a}.")) for a in ("module", "_orig_mod.module")),
        renamed(state_dict, ("^", "model.net.")),
        renamed(state_dict, (r"blocks\.1", "blocks.1._orig_mod")),
        {"state_dict": state_dict, "epoch": 3},
        {"model_ema": state_dict, "optimizer": {"state": {0: state_dict}}},
        {"state": {"model": {"net": state_dict}}},
        {"model": state_dict, "scaler": {"scale": torch.ones(1)}},
    ):
        torch.nn.init.ones_(model.norm.bias)
        load_timm_weights(model, wrapped)
        assert torch.equal(model.norm.bias, state_dict["norm.bias"])
    both = {"model": state_dict, "model_ema": state_dict}
    with pytest.raises(ValueError, match=r"one of checkpoint\['model'\], checkpoint\["):
        load_timm_weights(model, both)
    twice = state_dict | {"module.norm.bias": state_dict["norm.bias"]}
    with pytest.raises(ValueError, match=r"norm.bias is there twice"):
        load_timm_weights(model, twice)
    for whole, place in ((model, ""), ({"model": model, "epoch": 3}, r"\['model'\]")):
        told = rf"checkpoint{place} is a model: give its state_dict\(\)"
        with pytest.raises(ValueError, match=told):
            load_timm_weights(model, whole)
    with pytest.raises(ValueError, match="a state dict is needed, got a list"):
        load_timm_weights(model, [])
    # Of a larger whole, what is not the model's is named.
    larger = renamed(state_dict, ("^", "model.")) | {"loss.weight": torch.ones(1)}
    with refused(model, r"unexpected: loss.weight$"):
        load_timm_weights(model, larger)
    arrays = {name: tensor.numpy() for name, tensor in state_dict.items()}
    with refused(model, r"no tensor: stem.proj.weight is a ndarray\n"):
        load_timm_weights(model, {"state_dict": arrays})


class Derived(MLPMixer):
    """A reader's own."""


def test_a_model_may_be_wrapped_derived_or_compiled_in_part(model, state_dict):
    partly = deepcopy(model)
    partly.blocks[0] = torch.compile(partly.blocks[0], backend="eager")
    for wrapped in (
        torch.nn.DataParallel(deepcopy(model)),
        torch.compile(deepcopy(model), backend="eager"),
        torch.optim.swa_utils.AveragedModel(model),
        Derived(**SIZES),
        partly,
    ):
        load_timm_weights(wrapped, state_dict)
        assert targets(wrapped, "timm").keys() == state_dict.keys()
        for key, target in targets(wrapped, "timm").items():
            assert torch.equal(target, state_dict[key])


def test_the_head_can_be_kept_and_how_many_batches_were_seen_be_missing(state_dict):
    model = MLPMixer(**(SIZES | {"num_classes": 3}))
    with pytest.raises(ValueError, match=r"wrong shape: head.weight is"):
        load_timm_weights(model, state_dict)
    torch.nn.init.ones_(model.head.linear.weight)
    load_timm_weights(model, state_dict, keep_head=True)
    assert (model.head.linear.weight == 1).all()
    assert torch.equal(model.norm.bias, state_dict["norm.bias"])
    # Nor need a published file have one.
    del state_dict["head.weight"], state_dict["head.bias"]
    load_timm_weights(model, state_dict, keep_head=True)
    model = build("conv_mixer")
    weights = {key: torch.rand(t.shape) for key, t in targets(model, "timm").items()}
    kept = {key: w for key, w in weights.items() if "num_batches" not in key}
    load_timm_weights(model, kept)
    assert torch.equal(model.patch_norm.running_var, weights["stem.2.running_var"])
    del kept["stem.2.running_var"]
    with pytest.raises(ValueError, match=r"missing: stem.2.running_var$"):
        load_timm_weights(model, kept)


def drawn(model, origin):
    """Random weights under the names of an origin."""
    torch.manual_seed(0)
    named = targets(model, origin).items()
    return {name: 0.5 * torch.randn(tensor.shape).double() for name, tensor in named}


class Flax:
    """The authors' two networks on their weights, with the names of their code."""

    def __init__(self, weights):
        self.weights = weights

    def dense(self, name, x):
        return x @ self.weights[f"{name}/kernel"] + self.weights[f"{name}/bias"]

    def norm(self, name, x):
        weights = self.weights[f"{name}/scale"], self.weights[f"{name}/bias"]
        return F.layer_norm(x, x.shape[-1:], *weights, eps=1e-6)

    def mlp(self, name, x):
        hidden = F.gelu(self.dense(f"{name}/Dense_0", x), approximate="tanh")
        return self.dense(f"{name}/Dense_1", hidden)

    def patches(self, name, image, size=4):
        # Rows and columns of a patch, its channels, and what comes out.
        kernel = self.weights[f"{name}/kernel"].permute(3, 2, 0, 1)
        tokens = F.conv2d(image, kernel, self.weights[f"{name}/bias"], stride=size)
        return tokens.flatten(2).mT

    def mixer(self, image):
        x = self.patches("stem", image)
        for number in range(2):
            block = f"MixerBlock_{number}"
            y = self.norm(f"{block}/LayerNorm_0", x)
            x = x + self.mlp(f"{block}/token_mixing", y.mT).mT
            y = self.norm(f"{block}/LayerNorm_1", x)
            x = x + self.mlp(f"{block}/channel_mixing", y)
        return self.dense("head", self.norm("pre_head_layer_norm", x).mean(1))

    def attention(self, name, x):
        q, k, v = (
            torch.einsum("bsc,chd->bshd", x, self.weights[f"{name}/{part}/kernel"])
            + self.weights[f"{name}/{part}/bias"]
            for part in ("query", "key", "value")
        )
        a = (torch.einsum("bshd,bthd->bhst", q, k) / q.shape[-1] ** 0.5).softmax(-1)
        y = torch.einsum("bhst,bthd,hdc->bsc", a, v, self.weights[f"{name}/out/kernel"])
        return y + self.weights[f"{name}/out/bias"]

    def vit(self, image):
        x = self.patches("embedding", image)
        x = torch.cat([self.weights["cls"].expand(len(x), -1, -1), x], dim=1)
        x = x + self.weights["Transformer/posembed_input/pos_embedding"]
        for number in range(2):
            block = f"Transformer/encoderblock_{number}"
            y = self.norm(f"{block}/LayerNorm_0", x)
            x = x + self.attention(f"{block}/MultiHeadDotProductAttention_1", y)
            y = self.norm(f"{block}/LayerNorm_2", x)
            x = x + self.mlp(f"{block}/MlpBlock_3", y)
        return self.dense("head", self.norm("Transformer/encoder_norm", x[:, 0]))


@pytest.mark.parametrize("name", ["mixer", "vit"])
def test_a_file_of_flax_gives_what_the_authors_code_computes(name):
    model = build(name, approximate="tanh").double()
    drawn_weights = drawn(model, "google-research").items()
    weights = {key.replace(".", "/"): tensor for key, tensor in drawn_weights}
    load_weights(model, weights, "google-research")
    image = torch.randn(2, 3, 16, 24, dtype=torch.double)
    torch.testing.assert_close(model(image), getattr(Flax(weights), name)(image))


def test_another_function_or_pooling_is_refused():
    for name, options, origin, message in (
        ("mixer", {}, "google-research", "with approximate='none' the model does not"),
        ("vit", {}, "google-research", "with approximate='none' the model does not"),
        ("vit_average", {"approximate": "tanh"}, "google-research", "pooling='class'"),
        ("poolformer", {}, "timm", "build it with average_first=True"),
        ("poolformer", {"average_first": True}, "sail-sg", "with average_first=False"),
    ):
        model = build(name, **options)
        with refused(model, ".*" + message):
            load_weights(model, drawn(model, origin), origin)
    # Every option that changes what is computed, in every layout.
    others = {"eps": 0.5, "gate_eps": 0.5, "pool_size": 5}
    for origin, name in product(ORIGINS, OF_IMAGES):
        kind = MODELS[name][0]
        needs = ORIGINS[origin][kind].needs if kind in ORIGINS[origin] else {}
        others["approximate"] = {"none": "tanh"}.get(needs.get("approximate"), "none")
        for option, value in others.items() if needs else ():
            if takes(name, option):
                model = build(name, **{**needs, option: value})
                with refused(model, f"another function: with {option}={value!r}"):
                    load_weights(model, drawn(model, origin), origin)
    for names in permutations(("vit", "vit_average")):
        model, other = map(build, names)
        with refused(model, "missing: "):
            load_timm_weights(model, drawn(other, "timm"))


def test_the_names_of_facebookresearch_are_read():
    reference = stored("timm_resmlp")
    rules = [("stem", "patch_embed"), ("linear_tokens", "attn"), ("_channels", "")]
    weights = renamed(reference.weights(), *rules, (r"ls(\d)", r"gamma_\1"))
    flat = {n: w.flatten() if "norm" in n else w for n, w in weights.items()}
    model = small(ResMLP, reference)
    for parameter in model.parameters():
        torch.nn.init.zeros_(parameter)
    load_weights(model, flat, "facebookresearch")
    assert torch.allclose(model(reference["x"]), reference["y"], rtol=0, atol=1e-10)


def test_the_names_of_sail_sg_are_read_in_the_authors_order():
    reference = stored("timm_poolformer")
    weights = renamed(
        reference.weights(),
        (r"^stem.conv", "patch_embed.proj"),
        (r"^stages.1.downsample.conv", "network.1.proj"),
        (r"^stages.0.blocks", "network.0"),
        (r"^stages.1.blocks", "network.2"),
        (r"layer_scale(\d).scale", r"layer_scale_\1"),
        (r"^head.norm", "norm"),
        (r"^head.fc", "head"),
    )
    timms, model = small(PoolFormer, reference, average_first=True), build("poolformer")
    load_weights(model.double(), weights, "sail-sg")
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, timms.state_dict()[name])


class Residual(torch.nn.Module):
    """A branch beside a sum, with the name that it has in the authors' code."""

    def __init__(self, *layers):
        super().__init__()
        self.fn = torch.nn.Sequential(*layers)

    def forward(self, x):
        return x + self.fn(x)


def test_the_names_of_locuslab_are_read():
    def then(layer):
        return layer, torch.nn.GELU(), torch.nn.BatchNorm2d(6)

    blocks = [
        torch.nn.Sequential(
            Residual(*then(torch.nn.Conv2d(6, 6, 3, groups=6, padding="same"))),
            *then(torch.nn.Conv2d(6, 6, 1)),
        )
        for _ in range(2)
    ]
    end = torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(6, 7)
    theirs = torch.nn.Sequential(*then(torch.nn.Conv2d(3, 6, 4, 4)), *blocks, *end)
    model = build("conv_mixer")
    load_weights(model, theirs.state_dict(), "locuslab")
    image = torch.randn(2, 3, 12, 20)
    torch.testing.assert_close(model.eval()(image), theirs.eval()(image))
