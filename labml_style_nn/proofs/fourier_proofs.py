r"""# Proofs of FNet and its mixing

The Fourier mixing is held against NumPy's transform, against a transform made from
PyTorch's along one axis at a time, and against what Hugging Face's FNet computes. FNet
itself gets Hugging Face's weights, in the blocks alone and in a whole encoder for text,
and must give its outputs and all of its gradients.
"""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from labml_style_nn.layers.fourier_mixing import FourierMixing, fourier_mixing
from labml_style_nn.models.fnet import (
    FNet,
    FNetBlock,
    FNetEncoder,
    fnet_base,
    fnet_large,
)
from labml_style_nn.proofs.cost import (
    Expected,
    count,
    multiply_adds,
    none,
    parameters,
    stated,
)
from labml_style_nn.proofs.facts import Fact, difference, draw
from labml_style_nn.proofs.formula import Page
from labml_style_nn.proofs.reference import Stored, stored

PYTORCH = f"PyTorch {torch.__version__.partition('+')[0]}"
NUMPY = f"NumPy {np.__version__}"
BASE, LARGE, IMAGES = "FNet-Base", "FNet-Large", "a small FNet for images"
TABLE = (1, 512, 768)

# ## The mixing


def prove_fourier_mixing(page: Page) -> Iterator[Fact]:
    """Against three other transforms; by matrices, as many products as stated."""
    mixing, x = FourierMixing(), draw(*TABLE)
    weights, work = none(page, "No parameters", BASE), none(page, NO_PRODUCTS, BASE)
    yield count("Parameters", {BASE: parameters(mixing)}, weights)
    yield count("MACs", {BASE: multiply_adds(mixing, *TABLE)}, work)
    sizes = {BASE: {"S": 512, "C": 768}}
    with FlopCounterMode(display=False) as counter:
        fourier_mixing(torch.empty(TABLE, device="meta"))
    found = {BASE: int(counter.get_total_flops()) // 2}
    by_matrices = stated(page, "2 S C (S + C)", sizes)
    yield count("MACs by matrices", found, by_matrices)
    theirs = stored("hf_fnet_layer")
    mixed, of = mixing(theirs["x"]), "two texts of 11 tokens, float64"
    yield difference(theirs.name, mixed, theirs.after("layer0.fourier.self"), 1e-12, of)
    of = "512 tokens of 768 channels, float64"
    numpys = torch.from_numpy(np.fft.fft2(x.numpy(), axes=(1, 2)).real.copy())
    yield difference(f"fft2 of {NUMPY}", mixing(x), numpys, 1e-9, of)
    twice = torch.fft.fft(torch.fft.fft(x, dim=2), dim=1).real
    yield difference(f"two fft of {PYTORCH}", mixing(x), twice, 1e-9, of)
    name = "the layer (to the equation here)"
    yield difference(name, fourier_mixing(x), mixing(x), 1e-8, of)


NO_PRODUCTS = "no matrices are multiplied"

# ## FNet
#
# The formulas of its page, put together.
BLOCK = "2 C D_C + D_C + C", "4 C"
BEFORE = "(V + L + T) C", "2C", "C^2 + C"
AROUND = r"C\,(C_{\text{in}} P^2 + 1)", "S C", "(C + 1) K"
OF_TEXT = f"{' + '.join(BEFORE)} + N ({' + '.join(BLOCK)})"
OF_IMAGES = f"{' + '.join(AROUND)} + N ({' + '.join(BLOCK)})"
TEXT_PRODUCTS = r"""\underbrace{S C^2}_{\text{map}}
+ N \underbrace{2 S C D_C}_{\text{channels}}"""
IMAGE_PRODUCTS = r"""\underbrace{S \, C_{\text{in}} P^2 \, C}_{\text{patches}}
+ N \underbrace{2 S C D_C}_{\text{channels}} + \underbrace{C K}_{\text{head}}"""

# `FNetModel(FNetConfig(...), add_pooling_layer=False)`, whose sizes are the authors',
# counted on the `meta` device. The second is that of 24 layers of 1024 channels.
TRANSFORMERS = "transformers 5.23.0"
COUNTED = {BASE: 82_270_464, LARGE: 235_895_808}


def text_sizes(num_layers: int, hidden_dim: int) -> dict[str, int]:
    """The sizes of an encoder of the paper, by the letters of the page."""
    return {
        "N": num_layers,
        "C": hidden_dim,
        "D_C": 4 * hidden_dim,
        "V": 32_000,
        "L": 512,
        "T": 4,
        "S": 512,
    }


SIZES = {BASE: text_sizes(12, 768), LARGE: text_sizes(24, 1024)}
SMALL = {
    "S": 24,
    "C": 20,
    "D_C": 52,
    "N": 2,
    "P": 4,
    r"C_{\text{in}}": 3,
    "K": 7,
}


def prove_fnet(page: Page) -> Iterator[Fact]:
    """The paper's sizes, and Hugging Face's outputs and gradients."""
    for piece in (*BLOCK, *BEFORE, *AROUND):
        page.says(piece)
    with torch.device("meta"):
        encoders = {BASE: fnet_base(), LARGE: fnet_large()}
        network = small_network()
    quoted = Expected(TRANSFORMERS, COUNTED, quoted=True)
    found = {name: parameters(model) for name, model in encoders.items()}
    yield count("Parameters", found, stated(page, "", SIZES, OF_TEXT), quoted)
    found = {name: products_of_text(model) for name, model in encoders.items()}
    yield count("MACs", found, stated(page, TEXT_PRODUCTS, SIZES))
    small = {IMAGES: SMALL}
    found, formula = {IMAGES: parameters(network)}, stated(page, "", small, OF_IMAGES)
    yield count("Parameters for images", found, formula)
    found = {IMAGES: multiply_adds(network, 1, 3, 16, 24)}
    yield count("MACs for an image", found, stated(page, IMAGE_PRODUCTS, small))
    yield from blocks_like_theirs()
    yield from text_like_theirs()


def small_network() -> FNet:
    """An FNet for images of the sizes in `SMALL`."""
    return FNet(
        image_size=(16, 24),
        patch_size=4,
        num_classes=7,
        num_layers=2,
        hidden_dim=20,
        channels_mlp_dim=52,
    )


def products_of_text(model: nn.Module) -> int:
    """The multiply–adds for one text of 512 tokens."""
    with FlopCounterMode(display=False) as counter:
        model(torch.zeros(1, 512, dtype=torch.int64, device="meta"))
    return int(counter.get_total_flops()) // 2


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


def by_our_names(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors of Hugging Face's FNet, by our names."""
    renamed = {}
    for name, tensor in tensors.items():
        for theirs, ours in THEIR_NAMES.items():
            name = name.replace(theirs, ours)
        renamed[name] = tensor
    return renamed


def blocks_like_theirs() -> Iterator[Fact]:
    """Two blocks of Hugging Face's encoder."""
    theirs = stored("hf_fnet_layer")
    sizes = theirs.meta["hidden_size"], theirs.meta["intermediate_size"]
    blocks = nn.Sequential(FNetBlock(*sizes), FNetBlock(*sizes))
    model = nn.ModuleDict({"blocks": blocks}).double()
    model.load_state_dict(by_our_names(theirs.weights()))
    x = theirs["x"].requires_grad_()
    y, of = blocks(x), "two blocks"
    yield from outputs_and_gradients(model, theirs, y, {"the table": x}, of)


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
    ).double()
    words = {"words.weight": x.flatten(0, 1)}
    model.load_state_dict(by_our_names(theirs.weights()) | words)
    tokens = torch.arange(len(words["words.weight"])).reshape(x.shape[:2])
    types = torch.arange(x.shape[1]).expand(x.shape[:2]) % meta["type_vocab_size"]
    y, of = model(tokens, types), "an encoder for text"
    leaves = {"the words": model.words.weight}
    yield from outputs_and_gradients(model, theirs, y, leaves, of)


def outputs_and_gradients(
    model: nn.Module, theirs: Stored, y: Tensor, leaves: dict[str, Tensor], of: str
) -> Iterator[Fact]:
    """Compare the output, and all gradients of a loss."""
    yield difference(theirs.name, y, theirs["y"], 1e-12, f"{of}, float64")
    (y * theirs["c"]).sum().backward()
    names = [name for name in theirs.arrays if name.startswith("g/")]
    expected = by_our_names({name[2:]: theirs[name] for name in names})
    ours = [_gradient(model.get_parameter(name)) for name in expected]
    ours += [_gradient(leaf) for leaf in leaves.values()]
    row = torch.cat([tensor.flatten() for tensor in (*expected.values(), theirs["gx"])])
    found = torch.cat([tensor.flatten() for tensor in ours])
    label = "Difference of the gradients"
    of = f"{of}, by input and by all weights"
    yield difference(theirs.name, found, row, 1e-10, of, label)


def _gradient(tensor: Tensor) -> Tensor:
    if tensor.grad is None:
        raise ValueError("no gradient reaches a weight")
    return tensor.grad


PROOFS: dict[str, Callable[[Page], Iterator[Fact]]] = {
    "labml_style_nn.layers.fourier_mixing": prove_fourier_mixing,
    "labml_style_nn.models.fnet": prove_fnet,
}
