r"""# Variants: one thing changed

Every part of a Mixer is there for a reason. The quickest way to see the reason is to
take the part away and train again. These variants are made from the same module that
[its page][mlp_mixer] explains, each by one change; all else stays as it is, the
initial weights of what remains included.

Some leave the network as it is and change the digits: their pixels are
[shuffled][shuffles], or there are fewer to learn from.

## Example

>>> _ = torch.manual_seed(0)
>>> whole = VARIANTS["default"].build()
>>> _ = torch.manual_seed(0)
>>> without = VARIANTS["no_token_mixing"].build()
>>> ours, theirs = (m.blocks[3].channel_mixing.fc1.weight for m in (without, whole))
>>> torch.equal(ours, theirs)
True
>>> [sum(p.numel() for p in m.parameters()) for m in (whole, without)]
[26346, 17578]

Without token mixing, a block hears nothing of the order of the patches. And if both
mixings compute zero, a block with skip connections hands its table on, and one without
them has nothing left.

>>> table, order = torch.randn(2, 16, 32), torch.randperm(16)
>>> block = without.blocks[0]
>>> torch.allclose(block(table)[:, order], block(table[:, order]), atol=1e-6)
True
>>> for name in ("default", "no_skip"):
...     block = VARIANTS[name].build().blocks[0]
...     for parameter in block.parameters():
...         _ = nn.init.zeros_(parameter)
...     print(name, torch.equal(block(table), table), bool(block(table).any()))
default True True
no_skip False False

Untied token mixing has a matrix for each channel. All of them begin as the one that the
Mixer has, so the first answers are its answers; then each goes its own way.

>>> _ = torch.manual_seed(0)
>>> untied = VARIANTS["untied"].build()
>>> [tuple(m.blocks[0].token_mixing.fc1.weight.shape) for m in (whole, untied)]
[(64, 16), (32, 64, 16)]
>>> sum(p.numel() for p in untied.parameters())
290218
>>> images = torch.rand(5, 1, 8, 8)
>>> embedded = whole.patch_embedding(images)
>>> torch.allclose(untied.blocks[0](embedded), whole.blocks[0](embedded), atol=1e-5)
True

The variants that change the digits share the graphs of the network that reads them:

>>> [v.name for v in VARIANTS.values() if v.network == "default"]
['default', 'shuffled_pixels', 'digits_100', 'digits_400']
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from labml_style_nn.browser.shuffles import (
    IN_ORDER,
    Order,
    shuffled_pixels,
)
from labml_style_nn.layers.checks import check_shape
from labml_style_nn.layers.gelu import GELU
from labml_style_nn.layers.layer_norm import LayerNorm
from labml_style_nn.layers.token_mixing import TokenLinear
from labml_style_nn.models.mlp_mixer import MixerBlock, MLPMixer

SETTINGS = {
    "patch_size": 2,
    "num_layers": 4,
    "hidden_dim": 32,
    "tokens_mlp_dim": 64,
    "channels_mlp_dim": 64,
}


class WithoutSkips(MixerBlock):
    """A block that does not add what it read to what it computes."""

    def forward(self, x: Tensor) -> Tensor:
        """Mix the tokens, then the channels, and keep nothing else."""
        u = self.token_depth(self.token_mixing(self.token_norm(x)))
        y: Tensor = self.channel_depth(self.channel_mixing(self.channel_norm(u)))
        return y


class Nothing(nn.Module):
    """What stands in the place of a branch that is left out: it adds zero."""

    def forward(self, x: Tensor) -> Tensor:
        """Forget the table."""
        return torch.zeros_like(x)


class UntiedLinear(nn.Module):
    r"""A [`TokenLinear`][] with a matrix $W^{(i)}$ for each channel $i$.

    All begin as copies of the one that it is made of.

    **Shape.** `(batch, in_features, channels)` to `(batch, out_features, channels)`.

    **Raises.** `ValueError` for a table of another shape.

    **Source.** Supplementary A.1 of the paper, which saw no noticeable improvement.
    """

    def __init__(self, tied: TokenLinear, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(tied.weight.detach().repeat(channels, 1, 1))
        # One axis, so that these do not decay, as other biases do not.
        self.bias = nn.Parameter(tied.bias.detach().repeat(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Multiply each column by the matrix of its channel."""
        channels, _, in_features = self.weight.shape
        check_shape(x, "batch", in_features, channels)
        # The columns of a channel, from all images of the batch, side by side.
        columns = x.permute(2, 1, 0)
        bias = self.bias.view(channels, -1, 1)
        return torch.baddbmm(bias, self.weight, columns).permute(2, 1, 0)


def exchange(
    model: nn.Module, kind: type[nn.Module], new: Callable[[Any], nn.Module]
) -> None:
    """Put another layer in the place of each of one kind, which it is made of."""
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, kind):
                setattr(module, name, new(child))


def nothing(model: MLPMixer) -> None:
    """Change nothing."""


def no_skip(model: MLPMixer) -> None:
    """Let each block compute its two branches without the sums."""
    # What a block does becomes another; what it holds was drawn already, and stays.
    for block in model.blocks:
        block.__class__ = WithoutSkips


def no_layer_norm(model: MLPMixer) -> None:
    """Let every norm hand its table through."""
    exchange(model, LayerNorm, lambda _: nn.Identity())


def relu(model: MLPMixer) -> None:
    """Exchange the nonlinearity."""
    exchange(model, GELU, lambda _: nn.ReLU())


def no_token_mixing(model: MLPMixer) -> None:
    """Leave out the first branch of each block."""
    for block in model.blocks:
        block.token_norm, block.token_mixing = nn.Identity(), Nothing()


def no_channel_mixing(model: MLPMixer) -> None:
    """Leave out the second branch of each block."""
    for block in model.blocks:
        block.channel_norm, block.channel_mixing = nn.Identity(), Nothing()


def untied(model: MLPMixer) -> None:
    """Give each channel token-mixing matrices of its own."""
    channels = model.patch_embedding.projection.out_features
    exchange(model, TokenLinear, lambda tied: UntiedLinear(tied, channels))


@dataclass(frozen=True)
class Variant:
    """## A variant

    The page shows its `title`, its `change` in a few words and as a link to the row of
    `code` that is changed, and what to `expect`.

    A variant may change the digits instead of the network: `order` says which pixel
    stands in which place, and `learns_from` how many digits there are to learn from, if
    not all.
    """

    name: str
    title: str
    change: str
    expect: str
    code: str
    settings: dict[str, int] = field(default_factory=lambda: dict(SETTINGS))
    alter: Callable[[MLPMixer], None] = nothing
    order: Order = IN_ORDER
    learns_from: int | None = None

    @property
    def changes_digits(self) -> bool:
        """Whether the network is the Mixer, and what it is given is changed."""
        return self.order != IN_ORDER or self.learns_from is not None

    @property
    def network(self) -> str:
        """The first variant with this network: they have the same graphs."""
        return next(
            other.name
            for other in VARIANTS.values()
            if (other.settings, other.alter) == (self.settings, self.alter)
        )

    def build(self) -> MLPMixer:
        """Draw the weights of a whole Mixer, then change it."""
        model = self.unaltered()
        self.alter(model)
        return model

    def unaltered(self) -> MLPMixer:
        """A Mixer of these sizes, with nothing left out."""
        sizes: dict[str, Any] = dict(self.settings)
        return MLPMixer(image_size=8, in_channels=1, num_classes=10, **sizes)


# The rows of code that are changed, as addresses of this site.
PAGE = "models/mlp_mixer/"
TOKENS = f"{PAGE}#MixerBlock.forward:the-norm-works-within-rows-the"
CHANNELS = f"{PAGE}#MixerBlock.forward:in-evaluation-and-at-a-rate"
PATCHES = f"{PAGE}#MLPMixer.__init__:the-first-table-the-image-size"
BLOCKS = f"{PAGE}#MLPMixer.__init__:blocks-of-two-branches-each-every"
SHARED = "layers/token_mixing/#TokenMixing.__init__:enters-here-and-with-it-the"
EMBEDDING = "layers/patch_embedding/#PatchEmbedding.forward:then"
BATCH = "experiments/training/#Trainer.draw:all-processes-draw-the-same-batch"


def _sized(**sizes: int) -> dict[str, int]:
    return SETTINGS | sizes


_ALL = [
    Variant(
        "default",
        "The Mixer",
        "Nothing is changed",
        "four blocks, and after a few epochs a test accuracy of about 97 %.",
        PAGE,
    ),
    Variant(
        "no_skip",
        "No skip connections",
        "Without “x +” and “u +”",
        "each block replaces the table instead of adding to it. Four blocks still "
        "learn, but expect a few more mistakes.",
        TOKENS,
        alter=no_skip,
    ),
    Variant(
        "no_layer_norm",
        "No LayerNorm",
        "The mixings read x and u as they are",
        "nothing keeps the numbers at one size. Four blocks stand it at the usual "
        "learning rate; at 0.1 expect only the Mixer to learn.",
        TOKENS,
        alter=no_layer_norm,
    ),
    Variant(
        "relu",
        "ReLU for GELU",
        "Another bend between two linear maps",
        "hardly any difference, and faster steps: GELU is the costliest function here.",
        "layers/mlp/#MLP.forward:the-hidden-layer-dropout-has-no",
        alter=relu,
    ),
    Variant(
        "no_token_mixing",
        "No token mixing",
        "u = x",
        "no patch learns of another, so the network sees a bag of small pieces. "
        "Expect it to stay far below.",
        TOKENS,
        alter=no_token_mixing,
    ),
    Variant(
        "no_channel_mixing",
        "No channel mixing",
        "y = u",
        "the features of a patch no longer meet inside a block. Expect it to learn "
        "more slowly, with half of the work left out.",
        CHANNELS,
        alter=no_channel_mixing,
    ),
    Variant(
        "untied",
        "Untied token mixing",
        "A token-mixing MLP for each channel",
        "eleven times the weights, and slower steps. Expect it to learn more from the "
        "first epochs than the Mixer, and to come to about 98 %.",
        SHARED,
        alter=untied,
    ),
    Variant(
        "narrow",
        "Narrow token mixing",
        "tokens_mlp_dim = 1",
        "in each block, one number for each channel is all that the patches learn of "
        "one another. Expect a slow start, and then about 94 %.",
        SHARED,
        _sized(tokens_mlp_dim=1),
    ),
    Variant(
        "patch_1",
        "Patches of 1 pixel",
        "patch_size = 1",
        "64 tokens, each a single pixel: four times the work in a step, and it is not "
        "better for it.",
        PATCHES,
        _sized(patch_size=1),
    ),
    Variant(
        "patch_4",
        "Patches of 4 × 4",
        "patch_size = 4",
        "four tokens, each a quarter of the image: quick steps, and almost as good.",
        PATCHES,
        _sized(patch_size=4),
    ),
    Variant(
        "depth_1",
        "One block",
        "num_layers = 1",
        "tokens are mixed once, before the channels are. Expect it to lag behind.",
        BLOCKS,
        _sized(num_layers=1),
    ),
    Variant(
        "depth_2",
        "Two blocks",
        "num_layers = 2",
        "half of the work. Expect it to come close to four blocks.",
        BLOCKS,
        _sized(num_layers=2),
    ),
    Variant(
        "depth_8",
        "Eight blocks",
        "num_layers = 8",
        "twice the work in a step. Deeper is no harder to train, thanks to the skip "
        "connections; on digits so small it is no better either.",
        BLOCKS,
        _sized(num_layers=8),
    ),
    Variant(
        "depth_16",
        "Sixteen blocks",
        "num_layers = 16",
        "four times the work in a step, and it learns as if that were nothing.",
        BLOCKS,
        _sized(num_layers=16),
    ),
    Variant(
        "no_skip_16",
        "Sixteen blocks, no skip connections",
        "num_layers = 16, without “x +” and “u +”",
        "what a block says about the image must pass through all the others. Expect "
        "it to learn late and little.",
        TOKENS,
        _sized(num_layers=16),
        no_skip,
    ),
    Variant(
        "shuffled_pixels",
        "Shuffled pixels",
        "A patch has pixels from anywhere",
        "one shuffle for all digits, and for yours. Expect about 96 %, where we can "
        "read nothing.",
        EMBEDDING,
        order=shuffled_pixels(),
    ),
    Variant(
        "digits_100",
        "100 training digits",
        "The batches are drawn from 100 digits",
        "from 5 to 17 of each kind. Expect about 81 %.",
        BATCH,
        learns_from=100,
    ),
    Variant(
        "digits_400",
        "400 training digits",
        "The batches are drawn from 400 digits",
        "more than a quarter of all. Expect about 93 %.",
        BATCH,
        learns_from=400,
    ),
]
VARIANTS = {variant.name: variant for variant in _ALL}
# One variant for each network: the others share its graphs.
NETWORKS = [name for name, variant in VARIANTS.items() if variant.network == name]
