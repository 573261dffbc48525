r"""# References: what others compute

The numbers that ours are held against come from three places.

**Other implementations**, timm's above all, run once and stored. `timm_mixer.npz` holds
the weights of timm's Mixer, its input, what leaves each of its stages, and its
gradients, for a small network in float64. The other models have files of the same form,
and `timm_counts.json` holds how many parameters and multiply–adds timm's models have.
The recipes that made them stand in `tests/references/`. So a layer of ours can be given
timm's weights and timm's input, and must give timm's output.

**PyTorch's own layers** (`nn.Linear`, `nn.Conv2d`, …), composed in another way than
ours.

**NumPy**, in float64, one line of code for each line of the equation. These are the
functions below.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

PYTORCH = f"PyTorch {torch.__version__.partition('+')[0]}"
NUMPY = f"NumPy {np.__version__}"

FOLDER = Path(__file__).parent / "references"
COUNTS = FOLDER / "timm_counts.json"

# ## What is stored


class Stored:
    """What another implementation computed: its weights, and what went through it.

    `name` says whose it is, with the version, as a page shows it. All tensors are
    float64.
    """

    def __init__(self, file: str) -> None:
        with np.load(FOLDER / f"{file}.npz") as arrays:
            self.arrays = {name: arrays[name] for name in arrays.files}
        self.meta: dict[str, Any] = json.loads(str(self.arrays["meta"]))
        source = next(name for name in SOURCES if name in self.meta)
        self.name = f"{source} {self.meta[source]}"

    def __getitem__(self, name: str) -> Tensor:
        """One stored tensor, such as `x`, `y` or `g/norm.weight`."""
        return torch.from_numpy(self.arrays[name]).double()

    def weights(self, part: str = "") -> dict[str, Tensor]:
        """The weights of a part, by their names within it."""
        prefix = f"w/{part}." if part else "w/"
        names = [name for name in self.arrays if name.startswith(prefix)]
        return {name.removeprefix(prefix): self[name] for name in names}

    def after(self, stage: str) -> Tensor:
        """What left a stage, such as `stem`, `block0` or `norm`."""
        return self[f"tap/{stage}"]


# Who can have computed it. The first that a file's `meta` gives a version of, did.
SOURCES = "timm", "transformers", "torch"


@cache
def stored(file: str) -> Stored:
    """Each file is read once: `stored("timm_conv_mixer")`."""
    return Stored(file)


class TimmMixer(Stored):
    """timm's Mixer.

    timm computes token mixing on the transposed table; what left it is turned back
    here.
    """

    def after(self, stage: str) -> Tensor:
        """What left a stage: `stem`, `block0`, `block0.mlp_tokens`, `norm`."""
        tensor = super().after(stage)
        return tensor.mT if stage.endswith("mlp_tokens") else tensor

    def before(self, stage: str) -> Tensor:
        """What entered an MLP of a block: the table, normalised (here by NumPy)."""
        block, _, mlp = stage.partition(".")
        number = int(block.removeprefix("block"))
        table = self.after(f"block{number - 1}" if number else "stem")
        norm = "norm1"
        if mlp == "mlp_channels":
            table, norm = table + self.after(f"{block}.mlp_tokens"), "norm2"
        weights = self.weights(f"blocks.{number}.{norm}")
        return normalised(table, weights["weight"], weights["bias"])


@cache
def timm() -> TimmMixer:
    """The Mixer's file is read once."""
    return TimmMixer("timm_mixer")


@cache
def timm_counts() -> dict[str, Any]:
    """How many parameters and multiply–adds timm's models have, and parts of them."""
    counts: dict[str, Any] = json.loads(COUNTS.read_text("utf-8"))
    return counts


# ## The equations, by NumPy


def normalised(x: Tensor, weight: Tensor, bias: Tensor, eps: float = 1e-6) -> Tensor:
    r"""Layer norm: $\gamma_i (x_i - \mu) / \sqrt{v + \varepsilon} + \beta_i$."""
    table, gamma, beta = x.numpy(), weight.numpy(), bias.numpy()
    mean = table.mean(axis=-1, keepdims=True)
    variance = ((table - mean) ** 2).mean(axis=-1, keepdims=True)
    return torch.from_numpy(gamma * (table - mean) / np.sqrt(variance + eps) + beta)


def patches(image: Tensor, kernel: Tensor, bias: Tensor) -> Tensor:
    """Each patch of an image times each kernel, summed: a loop over both."""
    pixels, kernels = image.numpy(), kernel.numpy()
    high, wide = kernels.shape[2:]
    corners = [
        (y, x)
        for y in range(0, pixels.shape[2], high)
        for x in range(0, pixels.shape[3], wide)
    ]
    cut = [pixels[:, :, y : y + high, x : x + wide] for y, x in corners]
    tokens = [[(patch * k).sum(axis=(1, 2, 3)) for k in kernels] for patch in cut]
    return torch.from_numpy(np.array(tokens).transpose(2, 0, 1)) + bias


def applied(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """A matrix times each vector of the last axis, plus the bias."""
    products = np.einsum("oi,...i->...o", weight.numpy(), x.numpy())
    return torch.from_numpy(products + bias.numpy())
