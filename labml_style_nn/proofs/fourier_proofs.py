r"""# Proofs of FNet and its mixing

The Fourier mixing is held against NumPy's transform, against a transform made from
PyTorch's along one axis at a time, and against what Hugging Face's FNet computes. FNet
itself gets Hugging Face's weights, in the blocks alone and in a whole encoder for text,
and must give its outputs and all of its gradients.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import torch
from torch import Tensor, nn

from labml_style_nn.layers.fourier_mixing import FourierMixing, fourier_mixing
from labml_style_nn.models import fnet
from labml_style_nn.models.fnet import FNet, FNetBlock, FNetEncoder
from labml_style_nn.proofs.cost import (
    NO_PARAMETERS,
    NO_PRODUCTS,
    Expected,
    Place,
    count,
    evaluated,
    letters,
    multiply_adds,
    on_meta,
    parameters,
    stated,
)
from labml_style_nn.proofs.facts import Fact, difference, draw, given
from labml_style_nn.proofs.formula import Page
from labml_style_nn.proofs.reference import NUMPY, PYTORCH, Stored, stored
from labml_style_nn.proofs.whole import gradient, output_and_gradients

FNETS = {"FNet-Base": "fnet_base", "FNet-Large": "fnet_large"}
BASE = Place("FNet-Base", {"S": 512, "C": 768})
TABLE = (1, 512, 768)

# ## The mixing


def prove_fourier_mixing(page: Page) -> Iterator[Fact]:
    """Against three other transforms; by matrices, as many products as stated."""
    mixing, x = FourierMixing(), draw(*TABLE)
    yield from BASE.costs(page, mixing, TABLE, NO_PARAMETERS, NO_PRODUCTS)
    by_matrices = {BASE.of: multiply_adds(fourier_mixing, *TABLE)}
    yield count("MACs by matrices", by_matrices, BASE.stated(page, "2 S C (S + C)"))
    theirs = stored("hf_fnet_layer")
    mixed, of = mixing(theirs["x"]), "two texts of 11 tokens, float64"
    yield difference(theirs.name, mixed, theirs.after("layer0.fourier.self"), of)
    of = "512 tokens of 768 channels, float64"
    numpys = torch.from_numpy(np.fft.fft2(x.numpy(), axes=(1, 2)).real.copy())
    yield difference(f"fft2 of {NUMPY}", mixing(x), numpys, of, 1e-9)
    twice = torch.fft.fft(torch.fft.fft(x, dim=2), dim=1).real
    yield difference(f"two fft of {PYTORCH}", mixing(x), twice, of, 1e-9)
    name = "the layer (to the equation here)"
    yield difference(name, fourier_mixing(x), mixing(x), of, 1e-8)


# ## FNet
#
# Its page gives the numbers of parameters in pieces, which are put together.
BLOCK = "2 C D_C + D_C + C", "4 C"
OF_TEXT = "(V + L + T) C", "2C", "C^2 + C", BLOCK
OF_IMAGES = r"C\,(C_{\text{in}} P^2 + 1)", "S C", "(C + 1) K", BLOCK
TEXT_PRODUCTS = r"""\underbrace{S C^2}_{\text{map}}
+ N \underbrace{2 S C D_C}_{\text{channels}}"""
IMAGE_PRODUCTS = r"""\underbrace{S \, C_{\text{in}} P^2 \, C}_{\text{patches}}
+ N \underbrace{2 S C D_C}_{\text{channels}} + \underbrace{C K}_{\text{head}}"""

# `FNetModel(FNetConfig(...), add_pooling_layer=False)`, whose sizes are the authors',
# counted on the `meta` device. The second is that of 24 layers of 1024 channels.
TRANSFORMERS = "transformers 5.23.0"
COUNTED = {"FNet-Base": 82_270_464, "FNet-Large": 235_895_808}
TEXT = {"V": 32_000, "L": 512, "T": 4, "S": 512}
SIZES = {
    "FNet-Base": {**TEXT, "N": 12, "C": 768, "D_C": 3072},
    "FNet-Large": {**TEXT, "N": 24, "C": 1024, "D_C": 4096},
}
IMAGES = "a small FNet for images"
IMAGE_SIZES = {IMAGES: letters(4, classes=7, S=24, N=2, C=20, D_C=52)}


def prove_fnet(page: Page) -> Iterator[Fact]:
    """The paper's sizes, and Hugging Face's outputs and gradients."""
    encoders = on_meta(fnet, FNETS)
    found = {of: parameters(model) for of, model in encoders.items()}
    formula = evaluated(page.adds_up(*OF_TEXT), SIZES)
    yield count("Parameters", found, formula, Expected(TRANSFORMERS, COUNTED, True))
    found = {
        of: multiply_adds(model, 1, 512, dtype=torch.int64)
        for of, model in encoders.items()
    }
    yield count("MACs", found, stated(page, TEXT_PRODUCTS, SIZES))
    network = FNet(
        image_size=(16, 24),
        patch_size=4,
        num_classes=7,
        num_layers=2,
        hidden_dim=20,
        channels_mlp_dim=52,
    )
    formula = evaluated(page.adds_up(*OF_IMAGES), IMAGE_SIZES)
    yield count("Parameters for images", {IMAGES: parameters(network)}, formula)
    found = {IMAGES: multiply_adds(network, 1, 3, 16, 24)}
    yield count("MACs for an image", found, stated(page, IMAGE_PRODUCTS, IMAGE_SIZES))
    yield from blocks_like_theirs()
    yield from text_like_theirs()


# ## Hugging Face's weights

# What Hugging Face calls the parts of a block, and those before the blocks.
THEIR_NAMES = {
    "fnet.": "",
    "encoder.": "",
    "layer.": "blocks.",
    "fourier.output.LayerNorm": "token_norm",
    "intermediate.dense": "channel_mixing.fc1",
    "output.dense": "channel_mixing.fc2",
    "output.LayerNorm": "channel_norm",
    "embeddings.position_embeddings.weight": "positions.table",
    "embeddings.token_type_embeddings": "types",
    "embeddings.LayerNorm": "norm",
    "embeddings.projection": "projection",
}


def our_name(name: str) -> str:
    """The name that we have for a tensor of Hugging Face's FNet."""
    for theirs, ours in THEIR_NAMES.items():
        name = name.replace(theirs, ours)
    return name


def weights_of(theirs: Stored) -> dict[str, Tensor]:
    """Hugging Face's weights, by our names."""
    return {our_name(name): weight for name, weight in theirs.weights().items()}


def blocks_like_theirs() -> Iterator[Fact]:
    """Two blocks of Hugging Face's encoder."""
    theirs = stored("hf_fnet_layer")
    sizes = theirs.meta["hidden_size"], theirs.meta["intermediate_size"]
    blocks = nn.Sequential(FNetBlock(*sizes), FNetBlock(*sizes))
    model = given(nn.ModuleDict({"blocks": blocks}), weights_of(theirs))
    x = theirs["x"].requires_grad_()
    yield from _like_theirs(theirs, blocks(x), model, x, "two blocks")


def text_like_theirs() -> Iterator[Fact]:
    """A whole encoder. The stored input is what the table of words holds."""
    theirs = stored("hf_fnet_text")
    meta, x = theirs.meta, theirs["x"]
    model = FNetEncoder(
        vocabulary_size=x.shape[0] * x.shape[1],
        max_len=meta["max_position_embeddings"],
        num_types=meta["type_vocab_size"],
        num_layers=meta["num_hidden_layers"],
        hidden_dim=meta["hidden_size"],
        channels_mlp_dim=meta["intermediate_size"],
    )
    given(model, weights_of(theirs) | {"words.weight": x.flatten(0, 1)})
    tokens = torch.arange(x.shape[0] * x.shape[1]).reshape(x.shape[:2])
    types = torch.arange(x.shape[1]).expand(x.shape[:2]) % meta["type_vocab_size"]
    y, words = model(tokens, types), model.words.weight
    yield from _like_theirs(theirs, y, model, words, "an encoder for text")


def _like_theirs(
    theirs: Stored, y: Tensor, model: nn.Module, read: Tensor, of: str
) -> Iterator[Fact]:
    """The output of a model with their weights, and gradients by these and by input."""

    def gradients() -> Mapping[str, Tensor]:
        names = (name[2:] for name in theirs.arrays if name.startswith("g/"))
        weights = {f"g/{n}": model.get_parameter(our_name(n)) for n in names}
        ours = {name: gradient(name, weight) for name, weight in weights.items()}
        return {**ours, "gx": gradient("the input", read).reshape(theirs["gx"].shape)}

    told = f"{of}, float64", f"{of}, by input and by all weights"
    yield from output_and_gradients(theirs, y, gradients, told)
