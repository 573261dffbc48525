"""A proof notices what was made wrong: a layer, a model, a formula, a page."""

import inspect
import sys
import textwrap

import pytest
import torch

from labml_style_nn import layers, models
from labml_style_nn.layers import GroupNorm, LayerNorm, patch_embedding, spatial_gating
from labml_style_nn.models import fnet, mlp_mixer, poolformer
from labml_style_nn.proofs import (
    cost,
    fourier_proofs,
    layer_proofs,
    mlp_family_proofs,
    model_proofs,
    pooling_proofs,
)
from labml_style_nn.proofs.__main__ import PROOFS, Proof, prove
from labml_style_nn.proofs.cost import letters


def failures(page, message):
    """What fails of a page, up to the first fact of which the message is said."""
    name = next(name for name in PROOFS if name.endswith(f".{page}"))

    def until_it_fails(read):
        for fact in PROOFS[name](read):
            yield fact
            if any(message in failure for failure in Proof([fact]).failures()):
                return

    return prove(name, until_it_fails).failures()


# ## What is wrong in `forward`
#
# In a line: the page, the layer, what its code says, what it says then, and which fact
# tells.

KINDS = {**vars(layers), **vars(models), **vars(spatial_gating)}
IN_LAYERS = """
affine | Affine | self.beta | 0 * self.beta | from timm
attention | MultiHeadAttention | mean.transpose(1, 2).flatten(2) | query | from nn
batch_norm | BatchNorm | self.momentum | 0.0 | of the running statistics
causal_gmlp | CausalTokenLinear | .tril() | .tril(1) | by later tokens
causal_gmlp | GMLPBlock | self.gelu( | ( | from layers of PyTorch
channel_mixing | MLP | self.gelu( | ( | two nn.Conv1d
depthwise_convolution | DepthwiseConvolution | if self.more | if not self | the shape
drop_in_mixer | DropInMixer | self.token_mixing(query) | query | nn.Linear
dropout | Dropout | not self.training | False | from its input
dropout | Dropout | x * mask / (1 - self.rate) | x * mask | Mean that is left
fnet | FNetBlock | norm(x + self.token_mixing(x)) | norm(x) + x | from transformers
fnet | FNetEncoder | + look_up(types, self.types.weight, "types") | | no gradient
fourier_mixing | FourierMixing | .real | .imag | fft2 of NumPy
fourier_mixing | FourierMixing | fft2(wide) | fft(wide, dim=1) | from transformers
gelu | GELU | self.approximate | "tanh" | fifty digits
gmlp | GMLPBlock | self.gelu( | ( | from timm
gmlp | Linear | self.bias | None | Error: no gradient reaches
group_norm | GroupNorm | (grouped - mu) | grouped | in float64
group_norm | GroupNorm | (*range(1, x.dim() - 1), -1) | -1 | from timm
head | GlobalAveragePooling | x.mean | x.sum | from NumPy
head | ClassificationHead | self.pooling(x) | x[:, 0] | from timm
layer_norm | LayerNorm | self.eps | 1e-5 | from timm
layer_scale | LayerScale | self.weight | self.weight.mean() | from timm
mlp | MLP | self.gelu(self.fc1(x)) | self.fc1(x).relu() | from timm
mlp_mixer | MixerBlock | y = u | return u # | MACs for an image, Mixer-L/16: got
pool_mixing | PoolMixing | count_include_pad=False | count_include_pad=True | from timm
poolformer | PoolFormer | .flatten(1, 2) | [:, :1, 0] | from nn.Group
resmlp | ResMLPBlock | self.token_scale( | ( | from timm
resmlp | ResMLPBlock | return y | return 2 * y - y.detach() | of the gradients from timm
skip_connection | SkipConnection | x + | | from 2x
spatial_gating | SpatialGatingUnit | u, v = | v, u = | from timm
spatial_gating | SpatialGatingUnit | self.norm(v) | v | from timm
spatial_gating | CausalTokenLinear | .tril() | .tril(1) | by later tokens
spatial_gating | CausalTokenLinear | .tril() | .tril(-1) | lower triangle
spatial_gating | TokenLinear | self.bias[:, None] | 0 * self.bias[:, None] | new unit
stochastic_depth | StochasticDepth | (one_each) | (x.shape) | from nn.Dropout1d
token_embedding | TokenEmbedding | math.sqrt(self.dim) * | | nn.Embedding
token_mixing | TokenLinear | self.bias[:, None] | 0 * self.bias[:, None] | from timm
token_mixing | TokenLinear | weight, x) | weight, x.mT) | Error
transformer | EncoderLayer | self.norm_first | False | from nn.TransformerEncoder
"""


def rewritten(kind, old, new):
    """The `forward` of a class with something else in its code."""
    source = textwrap.dedent(inspect.getsource(kind.forward))
    assert old in source
    code = source.replace(old, new).replace("super()", "super(kind, self)")
    names = {**vars(sys.modules[kind.forward.__module__]), "kind": kind}
    exec(code, names)
    return names["forward"]


NARROWER = mlp_mixer.SCALES | {"B": (12, 768, 384, 3064)}
SMALLER = letters(14, N=24, C=384, D_C=1536)
OTHERS = mlp_family_proofs.RES_SIZES | {"ResMLP-S24": SMALLER}
ELSEWHERE = [
    ("affine", mlp_family_proofs, "folded", lambda affine, x: x, "into one"),
    ("checks", layer_proofs, "check_shape", lambda x, *_: None, "Verdicts"),
    ("fourier_mixing", fourier_proofs, "fourier_mixing", torch.fft.fft2, "MACs by"),
    ("fnet", fourier_proofs, "OF_TEXT", ("2C", "C^2 + C"), "Parameters"),
    ("fnet", fnet, "LayerNorm", lambda n, _: LayerNorm(n, 1e-3), "from transformers"),
    ("layer_norm", layer_proofs, "layer_norm", lambda x, w, b: w * x + b, "equation"),
    ("linear", layer_proofs, "TRUNCATED_STD", 0.88, "Standard deviation"),
    ("mlp_mixer", mlp_mixer, "SCALES", NARROWER, "Parameters, Mixer-B/16: got 59,732,"),
    ("mlp_mixer", model_proofs, "permuted", lambda mixer, *_: mixer, "original images"),
    ("patch_embedding", patch_embedding, "cut_into_patches", lambda x, _: x, "Error"),
    ("pool_mixing", pooling_proofs, "pool_mixing", lambda x, _: x, "the equation"),
    ("poolformer", pooling_proofs, "AFTER", ("2C", "C K"), "Parameters"),
    ("poolformer", poolformer, "GroupNorm", lambda n, **_: GroupNorm(n), "Difference"),
    ("resmlp", mlp_family_proofs, "RES_SIZES", OTHERS, "MACs for an image, ResMLP-S24"),
    (
        "stochastic_depth",
        layer_proofs,
        "linear_rates",
        lambda r, n: [r] * n,
        "linspace",
    ),
]


@pytest.mark.parametrize("line", IN_LAYERS.strip().splitlines())
def test_what_is_wrong_in_a_layer_is_not_proved(line, monkeypatch):
    page, kind, old, new, message = map(str.strip, line.split("|"))
    wrong = rewritten(KINDS[kind], old, new)
    assert_noticed(monkeypatch, page, KINDS[kind], "forward", wrong, message)


@pytest.mark.parametrize(("page", "owner", "name", "wrong", "message"), ELSEWHERE)
def test_what_is_wrong_elsewhere_is_not_proved(
    page, owner, name, wrong, message, monkeypatch
):
    assert_noticed(monkeypatch, page, owner, name, wrong, message)


def assert_noticed(monkeypatch, page, owner, name, wrong, message):
    """With something wrong, the proof of a page says so."""
    monkeypatch.setattr(owner, name, wrong)
    if not message.startswith("MACs"):
        # Counting takes most of the time, and what is wrong is elsewhere.
        monkeypatch.setattr(cost, "multiply_adds", lambda *_args, **_options: 0)
    found = failures(page, message)
    assert any(message in failure for failure in found), found


def test_a_wrong_formula_on_a_page_is_not_proved(monkeypatch):
    page = sys.modules["labml_style_nn.layers.token_mixing"]
    monkeypatch.setattr(page, "__doc__", page.__doc__.replace("2 S D_S C", "S D_S C"))
    message = "FormulaError: the page does not say “2 S D_S C”"
    assert message in failures("token_mixing", message)
