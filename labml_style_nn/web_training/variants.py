r"""# Variants: one thing changed

Every part of a Mixer is there for a reason. The quickest way to see the reason is to
take the part away and train again. These variants are made from the same module that
[its page][mlp_mixer] explains, each by one change; all else stays as it is, the
initial weights of what remains included.

Some leave the network as it is and change the digits: their pixels are
[shuffled][shuffles], or there are fewer to learn from.

## Example

>>> import torch
>>> from torch import nn
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

from labml_style_nn.experiments import ablation
from labml_style_nn.models.mlp_mixer import MLPMixer
from labml_style_nn.web_training.shuffles import IN_ORDER, Order, shuffled_pixels

SETTINGS = {
    "patch_size": 2,
    "num_layers": 4,
    "hidden_dim": 32,
    "tokens_mlp_dim": 64,
    "channels_mlp_dim": 64,
}


def untied(model: MLPMixer) -> None:
    """Give each channel token-mixing matrices of its own, copies of the shared ones."""
    shared: list[Any] = [block.token_mixing for block in model.blocks]
    ablation.untied(model)
    for block, old in zip(model.blocks, shared, strict=True):
        new: Any = block.token_mixing
        for ours, theirs in ((new.fc1, old.fc1), (new.fc2, old.fc2)):
            ours.weight.data.copy_(theirs.weight.expand_as(ours.weight))


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
    alter: Callable[[MLPMixer], None] = ablation.unchanged
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
        alter=ablation.without_skips,
    ),
    Variant(
        "no_layer_norm",
        "No LayerNorm",
        "The mixings read x and u as they are",
        "nothing keeps the numbers at one size. Four blocks stand it at the usual "
        "learning rate; at 0.1 expect only the Mixer to learn.",
        TOKENS,
        alter=ablation.without_layer_norm,
    ),
    Variant(
        "relu",
        "ReLU for GELU",
        "Another bend between two linear maps",
        "hardly any difference, and faster steps: GELU is the costliest function here.",
        "layers/mlp/#MLP.forward:the-hidden-layer-dropout-has-no",
        alter=ablation.with_relu,
    ),
    Variant(
        "no_token_mixing",
        "No token mixing",
        "u = x",
        "no patch learns of another, so the network sees a bag of small pieces. "
        "Expect it to stay far below.",
        TOKENS,
        alter=ablation.without_token_mixing,
    ),
    Variant(
        "no_channel_mixing",
        "No channel mixing",
        "y = u",
        "the features of a patch no longer meet inside a block. Expect it to learn "
        "more slowly, with half of the work left out.",
        CHANNELS,
        alter=ablation.without_channel_mixing,
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
        ablation.without_skips,
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
