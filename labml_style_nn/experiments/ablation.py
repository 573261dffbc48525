r"""# Ablations: one part taken away

What does each part of a Mixer contribute? An *ablation* takes it away, or puts
something simpler in its place, and trains again with all else as it was: the same
images, the same order of batches, the same hyperparameters, and in what is left the
same initial weights. What the accuracy loses is what the part was worth, under this
recipe and on these data.

The network is the one of [`mixer_images`][] for digits, four blocks of the Mixer's
equation (1),

$$\begin{aligned}
U_{*,i} &= X_{*,i} + W_2 \, \sigma\bigl(W_1 \, \text{LayerNorm}(X)_{*,i}\bigr), \\
& \qquad i = 1 \ldots C, \\
Y_{j,*} &= U_{j,*} + W_4 \, \sigma\bigl(W_3 \, \text{LayerNorm}(U)_{j,*}\bigr), \\
& \qquad j = 1 \ldots S.
\end{aligned}$$

| `--without` | what is left, or stands in its place |
|---|---|
| `token-mixing` | $U = X$: no patch learns of another before the average at the end |
| `channel-mixing` | $Y = U$: no MLP works on the channels of a token |
| `skips` | the lines without $X_{*,i} +$ and $U_{j,*} +$ |
| `layer-norm` | $X$ and $U$ in the place of their norms, also before the head |
| `gelu` | $\sigma(x) = \max(0, x)$, a ReLU |
| `sharing` | $W_1^{(i)}$ and $W_2^{(i)}$: a token-mixing MLP for each channel |

The last is *untied* token mixing. The authors of the Mixer
([arXiv:2105.01601](https://arxiv.org/abs/2105.01601)) tried it on networks that were
pre-trained on JFT-300M, and saw no noticeable improvement (Supplementary A.1).

## Notation

- $X$, `x`: the table before a block, $S \times C$
- $U$: the table between its halves
- $Y$: the table after it
- $S$, `num_patches`: the number of patches, the rows of the table
- $C$, `hidden_dim`: the number of channels, the columns of the table
- $i$: the index of a channel
- $j$: the index of a patch
- $W_1$, $W_2$, `token_mixing`: the weights of [`token_mixing`][];
  $W_1^{(i)}$, $W_2^{(i)}$ those for channel $i$, and $W^{(i)}$ either of them
- $b^{(i)}$, `bias`: the biases for channel $i$
- $W_3$, $W_4$, `channel_mixing`: the weights of [`channel_mixing`][]
- $D_S$, `tokens_mlp_dim`: the width of the token-mixing MLPs
- $\sigma$: the nonlinearity

## Run it

```console
$ python -m labml_style_nn.experiments.ablation --without skips --seeds 0 1 2 3 4
$ python -m labml_style_nn.experiments.ablation --without skips --data fashion-mnist
```

`--num-layers` and `--tokens-mlp-dim` are the sizes that vary below. Options and
files are those of [`mixer_images`][]. A run that diverges is recorded too, with the
step at which it did.

## Results on digits

Five splits each, 40 epochs, as in [`family_digits`][]. The *difference* is taken split
by split, since a variant and the whole network had the same images: mean and standard
deviation of the five differences, in percentage points.

>>> digits = recorded("ablation", "digits")
>>> print(table(digits, TAKEN_AWAY))
                         test accuracy (%)      difference  parameters
whole network                 98.89 ± 0.44                      43,322
without token mixing          73.50 ± 1.87   -25.39 ± 2.16      38,650
without channel mixing        98.28 ± 0.57    -0.61 ± 0.69       5,498
without skips                 98.83 ± 0.12    -0.06 ± 0.36      43,322
without LayerNorm             99.11 ± 0.50    +0.22 ± 0.66      42,458
ReLU for GELU                 98.67 ± 0.46    -0.22 ± 0.46      43,322
untied token mixing           99.56 ± 0.37    +0.67 ± 0.32     244,858

Without token mixing a network sees a bag of patches of $2 \times 2$ pixels, and
misclassifies more than a quarter of the digits. The other differences are small: one
test image is 0.28 points. These are the differences of each split:

>>> for row in TAKEN_AWAY[1:]:
...     found = (f"{change:+7.2f}" for change in differences(digits, row))
...     print(f"{row.name:22}", *found)
without token mixing    -27.22  -21.67  -25.83  -26.39  -25.83
without channel mixing   -1.11   +0.56   -0.83   -1.11   -0.56
without skips            -0.28   +0.28   +0.28   +0.00   -0.56
without LayerNorm        -0.56   +1.11   +0.56   -0.28   +0.28
ReLU for GELU            -0.28   -0.28   +0.56   -0.56   -0.56
untied token mixing      +0.56   +0.83   +1.11   +0.28   +0.56

**Untied weights** do better on each of the splits, by one to four images of 360. They
have their price: a token-mixing MLP has $2 S D_S + D_S + S$ parameters, and untied ones
$C$ times as many. The whole network is then 5.7 times as large. These runs do not tell
whether it is the untying that helps or only the number of parameters.

**Channel mixing** holds most of the parameters. Without it, an eighth of them is left,
and four of the five splits are worse, by up to four images.

**Skip connections, LayerNorm and GELU**: the network can do without any one of them
here, as far as these splits tell. The digits are easy, and four blocks are few.

## Depth, with and without skip connections

>>> print(table(digits, DEPTHS))
                         test accuracy (%)      difference  parameters
1 block                       97.50 ± 0.79                      11,450
  without skips               98.17 ± 0.58    +0.67 ± 0.50      11,450
2 blocks                      98.67 ± 0.66                      22,074
  without skips               98.56 ± 0.69    -0.11 ± 0.61      22,074
4 blocks                      98.89 ± 0.44                      43,322
  without skips               98.83 ± 0.12    -0.06 ± 0.36      43,322
8 blocks                      99.06 ± 0.32                      85,818
  without skips               98.00 ± 1.22    -1.06 ± 1.46      85,818

One block is a little better without skip connections. Eight are worse, but by less than
the spread of the differences. The speed of learning tells more. This is the first epoch
in which more than 90 % of the augmented training images are classified correctly, the
mean over the five runs, with skip connections and without:

>>> for depth in (1, 2, 4, 8):
...     sizes = {"num_layers": depth}
...     runs = runs_of(digits, sizes), runs_of(digits, sizes | {"without": "skips"})
...     print(depth, *(f"{first_epoch(some, 0.9):5.1f}" for some in runs))
1  15.0  14.8
2   8.8  10.2
4   8.2  10.8
8   7.4  17.4

With skip connections, each doubling of the depth makes the network learn in fewer
epochs. Without them, four blocks take longer than two, and eight longer than one.

## Width of token mixing, and depth

The first three networks have the same depth and token-mixing MLPs of different widths;
the last two have about as many parameters as the second, divided otherwise between
depth and width. All five are whole, and the difference is that to the second:

>>> print(table(digits, WIDTHS))
                         test accuracy (%)      difference  parameters
4 blocks, D_S = 8             98.83 ± 0.66    -0.06 ± 0.30      40,154
4 blocks, D_S = 32            98.89 ± 0.44    +0.00 ± 0.00      43,322
4 blocks, D_S = 128           98.67 ± 0.66    -0.22 ± 0.53      55,994
3 blocks, D_S = 139           99.00 ± 0.32    +0.11 ± 0.25      43,291
2 blocks, D_S = 352           99.06 ± 0.54    +0.17 ± 0.37      43,194

None of the differences is larger than its spread. On these sixteen tokens, eight hidden
units are enough, and neither width nor depth is what limits the accuracy.

## On Fashion-MNIST

One seed and two epochs each, with a network of the same widths on 49 tokens. There is
no spread to compare a difference with; the test set has 10,000 images.

>>> clothes = recorded("ablation", "fashion-mnist")
>>> print(table(clothes, TAKEN_AWAY))
                         test accuracy (%)      difference  parameters
whole network                        84.83                      52,478
without token mixing                 69.55          -15.28      39,226
without channel mixing               83.11           -1.72      14,654
without skips                        84.72           -0.11      52,478
without LayerNorm                    86.61           +1.78      51,614
ReLU for GELU                        84.49           -0.34      52,478
untied token mixing                  87.68           +2.85     657,274

As on the digits, token mixing is what the network cannot do without, and untied weights
are better, at 12.5 times the parameters:

>>> ratio = [runs_of(clothes, row.changes)[0]["parameters"] for row in TAKEN_AWAY]
>>> f"{ratio[-1] / ratio[0]:.1f}"
'12.5'

Without LayerNorm the network is better here, too. After two epochs that says how fast
it begins, at this learning rate, and not what it can reach.

## What this does not say

- **The recipe is that of the whole network.** Its hyperparameters were chosen for it
  ([`mixer_images`][]), and none was changed here. A variant might do better with its
  own, so a difference says what a part is worth under this recipe.
- **The splits are not independent samples**: all are drawn from the same 1,797 images.
  So the standard deviations are too small to be taken for those of new data.
- **Small and easy.** Near 99 % there is little room for a difference. The paper's
  networks have up to 32 blocks and 256 tokens.

## Example

>>> batch, image_size = 5, 8
>>> images = torch.zeros(batch, 1, image_size, image_size)
>>> for part in PARTS:
...     network = build_model(Settings(without=part))
...     parameters = sum(p.numel() for p in network.parameters())
...     print(f"{part:15}{parameters:7,} parameters, {tuple(network(images).shape)}")
nothing         43,322 parameters, (5, 10)
token-mixing    38,650 parameters, (5, 10)
channel-mixing   5,498 parameters, (5, 10)
skips           43,322 parameters, (5, 10)
layer-norm      42,458 parameters, (5, 10)
gelu            43,322 parameters, (5, 10)
sharing        244,858 parameters, (5, 10)

An untied layer whose matrices are all alike is the shared one:

>>> hidden_dim, num_patches, tokens_mlp_dim = 20, 24, 10
>>> shared = TokenMixing(num_patches, tokens_mlp_dim)
>>> untied = SeparateTokenMixing(hidden_dim, num_patches, tokens_mlp_dim)
>>> with torch.no_grad():
...     for ours, theirs in ((untied.fc1, shared.fc1), (untied.fc2, shared.fc2)):
...         _ = ours.weight.copy_(theirs.weight.expand_as(ours.weight))
>>> x = torch.randn(batch, num_patches, hidden_dim)
>>> torch.allclose(untied(x), shared(x), atol=1e-5)
True
"""

import statistics
import sys
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from labml_style_nn.experiments import mixer_images
from labml_style_nn.experiments.command import Experiment, main
from labml_style_nn.experiments.image_datasets import image_task
from labml_style_nn.experiments.recorded import recorded as recorded
from labml_style_nn.experiments.records import Record, spread
from labml_style_nn.experiments.training import option
from labml_style_nn.layers.checks import check_positive, check_shape
from labml_style_nn.layers.gelu import GELU
from labml_style_nn.layers.layer_norm import LayerNorm
from labml_style_nn.layers.linear import lecun_normal_
from labml_style_nn.layers.token_mixing import TokenLinear, TokenMixing
from labml_style_nn.models.mlp_mixer import MLPMixer

# ## Parts in the place of others


class Zeros(nn.Module):
    """A branch that is not there: what it adds to the table is zero.

    **Shape.** Any, to the same.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return zeros in the shape of the table."""
        return torch.zeros_like(x)


class SeparateTokenLinear(TokenLinear):
    r"""## A linear map over tokens for each channel

    Where [`TokenLinear`][] has one matrix $W$ and one bias $b$, this has
    $W^{(1)} \dots W^{(C)}$ and $b^{(1)} \dots b^{(C)}$, each initialised independently
    by the same rule. Column $i$ of the result is $W^{(i)} X_{*,i} + b^{(i)}$.

    **Shape.** `(batch, in_features, channels)` to `(batch, out_features, channels)`.

    **Raises.** `ValueError` for a size below one, or a table of another shape.

    **Source.** Supplementary A.1, "Untying (not sharing) the parameters".
    """

    def __init__(self, channels: int, in_features: int, out_features: int) -> None:
        super().__init__(in_features, out_features)
        check_positive(channels=channels)
        self.channels = channels
        shape = channels, out_features, in_features
        self.weight = nn.Parameter(torch.empty(shape))
        for matrix in self.weight:
            lecun_normal_(matrix)
        # One long vector, so that [the optimiser][experiments.optimizer] takes it for
        # what it is: biases, which have no weight decay.
        self.bias = nn.Parameter(torch.zeros(channels * out_features))

    def forward(self, x: Tensor) -> Tensor:
        """Multiply each column by a matrix of its own."""
        check_shape(x, "batch", self.in_features, self.channels)
        # The columns of a channel, from all images of the batch, side by side.
        columns = x.permute(2, 1, 0)
        bias = self.bias.view(self.channels, self.out_features, 1)
        return torch.baddbmm(bias, self.weight, columns).permute(2, 1, 0)


class SeparateTokenMixing(TokenMixing):
    r"""## A token-mixing MLP for each channel

    The three lines of [`TokenMixing`][], with $C$ times the parameters and the same
    number of MACs.

    **Shape.** `(batch, num_patches, hidden_dim)` to the same.

    **Raises.** `ValueError` for a size below one, or a table of another shape.

    **Source.** Supplementary A.1, "Untying (not sharing) the parameters".
    """

    def __init__(self, hidden_dim: int, num_patches: int, tokens_mlp_dim: int) -> None:
        super().__init__(num_patches, tokens_mlp_dim)
        self.fc1 = SeparateTokenLinear(hidden_dim, num_patches, tokens_mlp_dim)
        self.fc2 = SeparateTokenLinear(hidden_dim, tokens_mlp_dim, num_patches)


# ## What is taken away
#
# Each of these functions changes a network that has just been built. So all that it
# leaves alone begins with the weights that the whole network of the same seed has.


def unchanged(model: MLPMixer) -> None:
    """Leave the network whole."""


def without_token_mixing(model: MLPMixer) -> None:
    """Leave $U = X$ of the first line of equation (1)."""
    for block in model.blocks:
        block.token_norm, block.token_mixing = nn.Identity(), Zeros()


def without_channel_mixing(model: MLPMixer) -> None:
    """Leave $Y = U$ of the second line of equation (1)."""
    for block in model.blocks:
        block.channel_norm, block.channel_mixing = nn.Identity(), Zeros()


def without_skips(model: MLPMixer) -> None:
    """Leave out both sums: a block is then a chain of its four layers."""
    names = "token_norm", "token_mixing", "channel_norm", "channel_mixing"
    model.blocks = nn.ModuleList(
        nn.Sequential(OrderedDict((name, getattr(block, name)) for name in names))
        for block in model.blocks
    )


def without_layer_norm(model: MLPMixer) -> None:
    """Leave out every norm, the one before the head too."""
    exchange(model, LayerNorm, nn.Identity)


def with_relu(model: MLPMixer) -> None:
    r"""Put a ReLU, $\max(0, x)$, in the place of every GELU."""
    exchange(model, GELU, nn.ReLU)


def exchange(
    model: nn.Module, kind: type[nn.Module], new: Callable[[], nn.Module]
) -> None:
    """Put a new layer in the place of each layer of a kind."""
    for name, layer in list(model.named_modules()):
        if isinstance(layer, kind):
            model.set_submodule(name, new())


def untied(model: MLPMixer) -> None:
    """Give every channel a token-mixing MLP of its own."""
    channels = model.head.linear.in_features
    for block in model.blocks:
        shared: Any = block.token_mixing
        sizes = shared.num_patches, shared.fc1.out_features
        block.token_mixing = SeparateTokenMixing(channels, *sizes)


PARTS: dict[str, Callable[[MLPMixer], None]] = {
    "nothing": unchanged,
    "token-mixing": without_token_mixing,
    "channel-mixing": without_channel_mixing,
    "skips": without_skips,
    "layer-norm": without_layer_norm,
    "gelu": with_relu,
    "sharing": untied,
}


# ## The experiment


@dataclass(frozen=True)
class Settings(mixer_images.Settings):
    """## The settings

    Those of [`mixer_images`][mixer_images.Settings], and what is taken away.
    """

    epochs: int = option(40, "passes through the training set")
    without: str = option("nothing", "the part that is taken away", *PARTS)

    @property
    def label(self) -> str:
        """Name the run among others: each variant has folders of its own."""
        sizes = f"{self.num_layers}x{self.tokens_mlp_dim}"
        return f"without-{self.without}-{sizes}-{super().label}"


def build_model(settings: Settings) -> MLPMixer:
    """Build a whole network and take a part away; the seed determines its weights.

    **Raises.** `ValueError` for sizes that make no network.
    """
    model = mixer_images.build_model(settings)
    PARTS[settings.without](model)
    return model


DIGITS = Settings()
# The recipe of [`mixer_images`][] for this data set, but two epochs instead of ten and
# a network with the widths of the one for digits.
FASHION_MNIST = Settings(
    **asdict(mixer_images.FASHION_MNIST)
    | {"epochs": 2, "hidden_dim": 48, "tokens_mlp_dim": 32, "channels_mlp_dim": 96}
)

EXPERIMENT = Experiment(
    name="ablation",
    about="Train an MLP-Mixer without one of its parts, and test it.",
    presets={"digits": DIGITS, "fashion-mnist": FASHION_MNIST},
    model=build_model,
    task=image_task,
    divergence_counts=True,
)


# ## The tables


class Row(NamedTuple):
    """A row of a table: a variant, and the one that it is compared with.

    Both are given by what they change in the settings of the whole network.
    """

    name: str
    changes: Mapping[str, Any]
    against: Mapping[str, Any] | None = None


WHOLE: dict[str, Any] = {}
TAKEN_AWAY = [
    Row("whole network", WHOLE),
    Row("without token mixing", {"without": "token-mixing"}, WHOLE),
    Row("without channel mixing", {"without": "channel-mixing"}, WHOLE),
    Row("without skips", {"without": "skips"}, WHOLE),
    Row("without LayerNorm", {"without": "layer-norm"}, WHOLE),
    Row("ReLU for GELU", {"without": "gelu"}, WHOLE),
    Row("untied token mixing", {"without": "sharing"}, WHOLE),
]
# Without skips, each depth is compared with the whole network of that depth.
DEPTHS = [
    row
    for depth in (1, 2, 4, 8)
    for row in (
        Row(f"{depth} block{'s' * (depth > 1)}", {"num_layers": depth}),
        Row(
            "  without skips",
            {"num_layers": depth, "without": "skips"},
            {"num_layers": depth},
        ),
    )
]
# The first three have the same depth; the last two have about as many parameters as the
# second.
WIDTHS = [
    Row(f"{depth} blocks, D_S = {width}", sizes, WHOLE)
    for depth, width in ((4, 8), (4, 32), (4, 128), (3, 139), (2, 352))
    for sizes in [{"num_layers": depth, "tokens_mlp_dim": width}]
]


def runs_of(results: Sequence[Record], changes: Mapping[str, Any]) -> list[Record]:
    """The results of a variant, one for each seed, in the order of the seeds.

    All settings must be those of the data set, but for the seed and these changes.
    """
    wanted = {
        data: asdict(replace(preset, **changes))
        for data, preset in EXPERIMENT.presets.items()
    }
    return sorted(
        (
            result
            for result in results
            if result["settings"]
            == wanted[result["settings"]["data"]] | {"seed": result["seed"]}
        ),
        key=lambda result: result["seed"],
    )


def accuracies(runs: Sequence[Record]) -> dict[int, float]:
    """The test accuracy of each seed, in per cent."""
    return {run["seed"]: 100 * run["test_accuracy"] for run in runs}


def differences(results: Sequence[Record], row: Row) -> list[float]:
    """The test accuracy of a variant minus that of the other, seed by seed.

    Both had the same training images, test images and order of batches, so what a split
    makes easy or hard for both falls out. In percentage points.
    """
    ours = accuracies(runs_of(results, row.changes))
    theirs = accuracies(runs_of(results, row.against or WHOLE))
    return [ours[seed] - theirs[seed] for seed in ours if seed in theirs]


def first_epoch(runs: Sequence[Record], share: float) -> float:
    """The first epoch with a training accuracy above a share, the mean over runs.

    **Raises.** `ValueError` if a run did not come so far.
    """
    curves = [run["curve"]["accuracy"] for run in runs]
    if any(max(curve) <= share for curve in curves):
        raise ValueError(f"a run has no epoch with an accuracy above {share}")
    passed = [[accuracy > share for accuracy in curve] for curve in curves]
    return statistics.mean(1 + epochs.index(True) for epochs in passed)


def table(results: Sequence[Record], rows: Sequence[Row]) -> str:
    """Write a table for a terminal; a variant without a result has no line."""
    lines = [f"{'':24}{'test accuracy (%)':>18}{'difference':>16}{'parameters':>12}"]
    for row in rows:
        if runs := runs_of(results, row.changes):
            accuracy = spread([*accuracies(runs).values()])
            change = ""
            if row.against is not None and (found := differences(results, row)):
                change = spread(found, sign="+")
            line = f"{row.name:24}{accuracy:>18}{change:>16}"
            lines.append(f"{line}{runs[0]['parameters']:>12,}{diverged(runs)}")
    return "\n".join(lines)


def diverged(runs: Sequence[Record]) -> str:
    """Say how many runs diverged, if any did."""
    count = sum("diverged" in run for run in runs)
    return f"  {count} of {len(runs)} diverged" if count else ""


if __name__ == "__main__":
    sys.exit(main(EXPERIMENT))
