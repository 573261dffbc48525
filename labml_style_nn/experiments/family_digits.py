r"""# The family at equal parameters

Six networks of the family under equal conditions: the same splits of the digits, the
same hyperparameters and number of epochs, patches of $2 \times 2$ pixels, four blocks,
and as many parameters as the Mixer has, to within one per cent. They differ above all
in how they mix tokens, but also in the channel mixing, normalisation and skip
connections that belong to each.

| `--model` | network | token mixing |
|---|---|---|
| `mixer` | [`MLPMixer`][] | an MLP along the columns of the table |
| `resmlp` | [`ResMLP`][] | one linear map along the columns |
| `gmlp` | [`GMLP`][] | a linear map whose output gates the other channels |
| `fnet` | [`FNet`][] | a Fourier transform, without parameters |
| `conv_mixer` | [`ConvMixer`][] | a depthwise convolution |
| `vit` | [`VisionTransformer`][] | multi-head self-attention |

[`PoolFormer`][] is not among them. It is a pyramid: before its first block it makes one
token of $4 \times 4$ pixels, which leaves four tokens of these images.

## Run it

```console
$ python -m labml_style_nn.experiments.family_digits --model vit --seeds 0 1 2 3 4
```

Options and files are those of [`mixer_images`][].

## Results, and what they do not say

The comparison is at 43,000 parameters, on sixteen tokens, with 1,437 training images,
after 40 epochs. The hyperparameters were chosen for the Mixer; each of the others might
do better with its own. And the results of one network on different splits differ about
as much as those of most networks on the same split.

>>> for model in FAMILY:
...     runs = recorded("family_digits", "digits")
...     runs = [run for run in runs if run["settings"]["model"] == model]
...     print(f"{model:10} {summary(runs)}")
mixer      5 seeds: test accuracy 98.89 ± 0.44 %, 17 CPU-seconds each
resmlp     5 seeds: test accuracy 97.72 ± 0.82 %, 16 CPU-seconds each
gmlp       5 seeds: test accuracy 99.11 ± 0.36 %, 15 CPU-seconds each
fnet       5 seeds: test accuracy 99.00 ± 0.75 %, 13 CPU-seconds each
conv_mixer 5 seeds: test accuracy 99.72 ± 0.39 %, 18 CPU-seconds each
vit        5 seeds: test accuracy 98.00 ± 0.41 %, 17 CPU-seconds each

The ConvMixer, which has the strongest inductive bias towards images, does best: with so
few images, that is expected. More surprising is that a Fourier transform, without any
parameters, mixes these sixteen tokens as well as the MLP does.

[The notebook](../examples/family_on_digits.py) shows the learning curves.

## Example

All of them have the size of the first:

>>> for model in FAMILY:
...     network = build_model(Settings(model=model))
...     print(f"{model:10} {sum(p.numel() for p in network.parameters()):,}")
mixer      43,322
resmlp     43,610
gmlp       43,338
fnet       43,198
conv_mixer 43,425
vit        43,158
>>> import torch
>>> network(torch.zeros(5, 1, 8, 8)).shape
torch.Size([5, 10])
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from labml_style_nn.experiments.classification import ImageRecipe
from labml_style_nn.experiments.command import Experiment, main
from labml_style_nn.experiments.image_datasets import fitting, image_task
from labml_style_nn.experiments.recorded import recorded as recorded
from labml_style_nn.experiments.records import summary as summary
from labml_style_nn.experiments.training import option
from labml_style_nn.models.conv_mixer import ConvMixer
from labml_style_nn.models.fnet import FNet
from labml_style_nn.models.gmlp import GMLP
from labml_style_nn.models.mlp_mixer import MLPMixer
from labml_style_nn.models.resmlp import ResMLP
from labml_style_nn.models.vit import VisionTransformer

# The options that all of them share, and the widths that give each the size of the
# Mixer. The table is 48 channels wide, as the Mixer's is, unless a network has one
# width only, or too little is left for its MLPs: attention has four matrices.
COMMON = {"patch_size": 2, "num_layers": 4}
FAMILY: dict[str, tuple[Callable[..., nn.Module], dict[str, int]]] = {
    "mixer": (
        MLPMixer,
        {"hidden_dim": 48, "tokens_mlp_dim": 32, "channels_mlp_dim": 96},
    ),
    "resmlp": (ResMLP, {"hidden_dim": 48, "channels_mlp_dim": 104}),
    "gmlp": (GMLP, {"hidden_dim": 48, "channels_mlp_dim": 138}),
    "fnet": (FNet, {"hidden_dim": 48, "channels_mlp_dim": 105}),
    "conv_mixer": (ConvMixer, {"hidden_dim": 95, "kernel_size": 3}),
    "vit": (
        VisionTransformer,
        {"hidden_dim": 36, "num_heads": 4, "channels_mlp_dim": 68},
    ),
}


@dataclass(frozen=True)
class Settings(ImageRecipe):
    """## The settings

    The hyperparameters of [`ImageRecipe`][], and the network.
    """

    data: str = "digits"
    epochs: int = option(40, "passes through the training set")
    model: str = option("mixer", "the network", *FAMILY)

    @property
    def label(self) -> str:
        """Name the run among others: each network has a folder of its own."""
        return f"{self.model}-{super().label}"


def build_model(settings: Settings) -> nn.Module:
    """Build the network; the seed determines its initial weights."""
    network, widths = FAMILY[settings.model]
    return fitting(network, settings, **COMMON, **widths)


EXPERIMENT = Experiment(
    name="family_digits",
    about="Train a network of the MLP-Mixer family on digits, and test it.",
    presets={"digits": Settings()},
    model=build_model,
    task=image_task,
)

if __name__ == "__main__":
    sys.exit(main(EXPERIMENT))
