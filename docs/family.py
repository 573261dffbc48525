# %% [markdown]
# # The family
#
# All architectures on this page cut an image into patches, make a table of tokens, and
# then mix many times: between the tokens, and between the channels of each token. They
# differ above all in *how they mix tokens*, but also in their channel mixing,
# normalisation and residual connections; and PoolFormer, whose patches overlap, makes
# the table smaller three times.
#
# This page puts them side by side: first in a table, then from one to the next in code.

# %% [markdown]
# ## The designs in one table
#
# FNet is a network for text: here its blocks are applied to patches.

# %% tags=["hide-input"]
import re
from html import escape
from importlib import resources
from statistics import mean, stdev
from typing import NamedTuple

import torch

from labml_style_nn.experiments import records
from labml_style_nn.experiments.figures import show_table
from labml_style_nn.experiments.recorded import recorded
from labml_style_nn.models.conv_mixer import convmixer_768_32
from labml_style_nn.models.fnet import FNet
from labml_style_nn.models.gmlp import gmlp_s16
from labml_style_nn.models.mlp_mixer import mixer_b16, mixer_s16
from labml_style_nn.models.poolformer import poolformer_s24
from labml_style_nn.models.resmlp import resmlp_12
from labml_style_nn.models.vit import vit_base_16, vit_small_16
from labml_style_nn.proofs.cost import multiply_adds, parameters
from labml_style_nn.proofs.formula import evaluate


def fnet_s16():
    """An FNet for images, as wide and as deep as the others."""
    return FNet(
        image_size=224,
        patch_size=16,
        num_classes=1000,
        num_layers=12,
        hidden_dim=384,
        channels_mlp_dim=1536,
    )


class Member(NamedTuple):
    """A network of the family: how to build it, and what a block of it does."""

    build: object
    tokens: str
    channels: str
    norm: str
    residuals: str
    work: str
    sizes: dict


FAMILY = {
    "MLP-Mixer-S/16": Member(
        mixer_s16,
        "an MLP down each column, one for all channels",
        "an MLP along each row",
        "LayerNorm, before each mixing",
        "around both",
        "2 S D_S C + 2 S C D_C",
        {"S": 196, "C": 512, "D_S": 256, "D_C": 2048},
    ),
    "ResMLP-S12": Member(
        resmlp_12,
        "a linear map down each column",
        "an MLP along each row",
        "none: an affine map, before each mixing",
        "around both, scaled",
        "S^2 C + 2 S C D_C",
        {"S": 196, "C": 384, "D_C": 1536},
    ),
    "gMLP-S/16": Member(
        gmlp_s16,
        "a linear map down half the hidden columns, which gates the other half",
        "a linear map before the gate and one after it",
        "LayerNorm, before the block and in the gate",
        "around the block",
        "S^2 E + 3 S C E",
        {"S": 196, "C": 256, "E": 768},
    ),
    "FNet, for images": Member(
        fnet_s16,
        "a Fourier transform, without weights",
        "the same transform, and an MLP along each row",
        "LayerNorm, after each sum",
        "around both",
        "2 S C D_C",
        {"S": 196, "C": 384, "D_C": 1536},
    ),
    "PoolFormer-S24": Member(
        poolformer_s24,
        "the average of the neighbours, without weights",
        "an MLP at each place",
        "GroupNorm with one group, before each mixing",
        "around both, scaled",
        "2 S C D_C",
        {"S": 3136, "C": 64, "D_C": 256},
    ),
    "ConvMixer-768/32": Member(
        convmixer_768_32,
        "a depthwise convolution: a small kernel for each channel",
        "a linear map at each place",
        "BatchNorm, after each activation",
        "around the first only",
        "S C k^2 + S C^2",
        {"S": 1024, "C": 768, "k": 7},
    ),
    "ViT-S/16": Member(
        vit_small_16,
        "attention: each token weighs all others by what they hold",
        "an MLP along each row",
        "LayerNorm, before each mixing",
        "around both",
        "4 S C^2 + 2 S^2 C + 2 S C D_C",
        {"S": 197, "C": 384, "D_C": 1536},
    ),
}

show_table(
    (
        "Network",
        "Token mixing",
        "Channel mixing",
        "Normalisation",
        "Residual connections",
    ),
    [
        (
            escape(re.sub(r"-(S|768).*", "", name)),
            *map(escape, (one.tokens, one.channels, one.norm, one.residuals)),
        )
        for name, one in FAMILY.items()
    ],
    kind="family",
)

# %% [markdown]
# ## What they cost
#
# Each network has the size of about 20 million parameters that its paper, or timm,
# gives it, for images of $224 \times 224$ pixels and 1000 classes; FNet has the widths
# of the others. Of the Mixer and the Vision Transformer, there is the larger size B/16,
# too: it is that of most published weights.
#
# Parameters and MACs of the whole network are counted when this page is built, and so
# are the MACs of one block, which must equal its formula: a block has $S$ tokens of $C$
# channels, the hidden widths $D_S$ and $D_C$, and $E = D_C / 2$; $k$ is the kernel
# size. MACs are multiply–accumulate operations; FLOPs are usually counted as twice as
# many.
#
# The throughput was measured beforehand, with the networks of the smaller size in turn,
# and is on record: images per second of processor time, relative to the Mixer. Two is
# twice as fast.

# %% tags=["hide-input"]
LARGER = {
    "MLP-Mixer-S/16": (
        "MLP-Mixer-B/16",
        mixer_b16,
        {"S": 196, "C": 768, "D_S": 384, "D_C": 3072},
    ),
    "ViT-S/16": ("ViT-B/16", vit_base_16, {"S": 197, "C": 768, "D_C": 3072}),
}
sized = {}
for name, member in FAMILY.items():
    sized[name] = member
    if name in LARGER:
        larger, build, sizes = LARGER[name]
        sized[larger] = member._replace(build=build, sizes=sizes)

with torch.device("meta"):
    networks = {name: member.build() for name, member in sized.items()}

for name, network in networks.items():
    member = sized[name]
    sizes = member.sizes
    block = next(m for m in network.modules() if type(m).__name__.endswith("Block"))
    side = int(sizes["S"] ** 0.5)
    shape = {
        "ConvMixer-768/32": (1, sizes["C"], side, side),
        "PoolFormer-S24": (1, side, side, sizes["C"]),
    }.get(name, (1, sizes["S"], sizes["C"]))
    assert multiply_adds(block, *shape) == evaluate(member.work, sizes), name

counts = {name: parameters(network) for name, network in networks.items()}
work = {n: multiply_adds(network, 1, 3, 224, 224) for n, network in networks.items()}
folder = resources.files("labml_style_nn.experiments") / "results"
throughput = records.read(folder / "family_throughput.jsonl")
as_built = {row["member"]: row for row in throughput if not row["channels_last"]}
KINDS = "forward", "training"
rearranged = {row["member"]: row for row in throughput if row["channels_last"]}


def formula(tex):
    """A formula of this page as HTML: letters in italics, subscripts, powers."""
    html = re.sub(r"([A-Za-z])(?:_([A-Za-z]))?", _letter, tex)
    return re.sub(r"\^(\d)", r"<sup>\1</sup>", html).replace(" ", "\u202f")


def _letter(match):
    below = f"<sub>{match[2]}</sub>" if match[2] else ""
    return f"<var>{match[1]}</var>{below}"


def speeds(name):
    """The measured throughput, where there is one."""
    if name not in as_built:
        return ["–"] * len(KINDS)
    return [f"{as_built[name][kind]['ratio']:.2f}" for kind in KINDS]


COSTS = "Parameters", "MACs", "Throughput, forward", "Throughput, training"
show_table(
    ("Network", *COSTS, "MACs per block"),
    [
        (
            escape(name),
            f"{counts[name] / 1e6:.1f} M",
            f"{work[name] / 1e9:.1f} G",
            *speeds(name),
            formula(member.work),
        )
        for name, member in sized.items()
    ],
    numbers=COSTS,
    kind="family",
)

# %% [markdown]
# MACs and throughput need not agree. A depthwise convolution moves much memory for few
# MACs, and the Fourier transform is not counted at all. The convolutional networks can
# also be stored with the channels last in memory:

# %%
for name, row in rearranged.items():
    ratios = ", ".join(f"{kind} {row[kind]['ratio']:.2f}" for kind in KINDS)
    print(f"{name} with channels_last: {ratios}")

row = as_built["MLP-Mixer-S/16"]
seconds = [f"{kind} {row[kind]['images_per_second']:.1f}" for kind in KINDS]
print("The Mixer, images per second:", ", ".join(seconds))
print(row["command"])
print(row["time"][:10], row["processor"], f"{row['threads']} thread")

# %% [markdown]
# ## From block to block
#
# The comparisons below are generated from the modules when this site is built: the code
# of two blocks side by side, with marks at the lines that are removed and added. The
# names at the top lead to the pages that explain them.
#
# ### Mixer to ResMLP: one matrix in place of an MLP
#
# [ResMLP][resmlp] asks how much can be removed. One linear map down the columns
# replaces the token-mixing MLP, so there is no width $D_S$. And there are no
# statistics: an [affine layer][affine] replaces each LayerNorm, and a [learned
# scale][layer_scale] at the end of each residual branch, which begins near zero, keeps
# a deep network stable.
#
# ```difference
# MixerBlock
# ResMLPBlock
# ```
#
# ### ResMLP to gMLP: a spatial gating unit
#
# [gMLP][gmlp] moves the linear map over tokens into the MLP over channels. Half of the
# hidden channels are mixed over the tokens and *multiply* the other half, see
# [`spatial_gating`][]. One residual connection replaces the two.
#
# ```difference
# ResMLPBlock
# GMLPBlock
# ```
#
# ### gMLP to FNet: a Fourier transform
#
# [FNet][fnet] mixes without parameters: a [Fourier transform][fourier_mixing] combines
# every number with every other, by fixed weights. There are two residual connections
# again, and the norm comes after each (*post-norm*), as in the original Transformer.
#
# ```difference
# GMLPBlock
# FNetBlock
# ```
#
# ### FNet to ConvMixer: a depthwise convolution
#
# [ConvMixer][conv_mixer] mixes neighbouring tokens with a [depthwise
# convolution][depthwise_convolution], which has a small kernel for each channel. Many
# blocks make the receptive field large. Channels are mixed by a single linear map, and
# the residual connection is around the depthwise convolution alone. The norm is
# [BatchNorm][batch_norm], after the activation.
#
# ```difference
# FNetBlock
# ConvMixerBlock
# ```
#
# ### ConvMixer to ViT: self-attention
#
# In the blocks so far, the weights that mix tokens are fixed after training (gMLP's
# gate multiplies by values, but its matrix is fixed too). In a [Vision
# Transformer][vit] they are computed anew for each image from its queries and keys, see
# [`attention`][]. The rest of the block is that of the Mixer, as the next comparison
# shows.
#
# ```difference
# ConvMixerBlock
# ViTBlock
# ```
#
# ### Mixer to ViT: attention in place of the token-mixing MLP
#
# ```difference
# MixerBlock
# ViTBlock
# ```
#
# ### Mixer to ConvMixer: convolutions in place of both MLPs
#
# The token-mixing MLP sees all patches and has weights of its own for each. In a
# ConvMixer its place is taken by a depthwise convolution, and that of the
# channel-mixing MLP by a pointwise one: together a *depthwise separable convolution*.
#
# ```difference
# MixerBlock
# ConvMixerBlock
# ```
#
# ## Which one is best?
#
# None is best at everything: it depends on the data, on the training recipe and on the
# time that there is.
#
# ### On small data
#
# Here, the networks of the family were trained on 1,437 digits at about equal numbers
# of parameters, five times each. gMLP, FNet and MLP-Mixer differ by less than the
# standard deviation over the seeds.

# %% tags=["hide-input"]
MEMBERS = {
    "conv_mixer": "ConvMixer",
    "gmlp": "gMLP",
    "fnet": "FNet",
    "mixer": "MLP-Mixer",
    "vit": "Vision Transformer",
    "resmlp": "ResMLP",
}
digits = {}
for record in recorded("family_digits", "digits"):
    digits.setdefault(record["settings"]["model"], []).append(record)
rows = []
for model, group in digits.items():
    shares = [100 * record["test_accuracy"] for record in group]
    accuracy = f"{mean(shares):.2f} ± {stdev(shares):.2f}"
    rows.append((MEMBERS[model], accuracy, f"{group[0]['parameters']:,}"))
    assert len(group) == 5
HEADS = "Network", "Test accuracy (%)", "Parameters"
rows.sort(key=lambda row: row[1], reverse=True)
show_table(HEADS, rows, HEADS[1:], "family")

# The sentences around are true of the records.
assert [row[0] for row in rows[:4]] == ["ConvMixer", "gMLP", "FNet", "MLP-Mixer"]
[cifar_mixer], [cifar_conv] = (
    recorded(experiment, "cifar10")
    for experiment in ("mixer_images", "conv_mixer_images")
)
assert cifar_conv["test_accuracy"] > cifar_mixer["test_accuracy"] + 0.05
assert cifar_conv["parameters"] < cifar_mixer["parameters"]

# %% [markdown]
# ConvMixer is ahead, and on CIFAR-10 it leads a Mixer with more parameters clearly, see
# [the results](results.py). Its convolutions look at neighbours from the first step on.
# A Mixer has to learn from the data which patches are neighbours: it lacks this
# *inductive bias*.
#
# ### On ImageNet
#
# Published weights were trained by different people with different recipes. timm tests
# all of them in one way. This is the top-1 accuracy on the validation set of ImageNet,
# for networks of the table above, from its file [`results-imagenet.csv`][timm]:
#
# [timm]: https://github.com/huggingface/pytorch-image-models/blob/0173a139a2c66db3a41ebfe1d8ac4fb02483642e/results/results-imagenet.csv

# %% tags=["hide-input"]
SMALL, LARGE = "ImageNet", "ImageNet-21k, then ImageNet"
PUBLISHED = [
    ("PoolFormer-S24", 80.296, SMALL, "poolformer_s24.sail_in1k"),
    ("ConvMixer-768/32", 80.168, SMALL, "convmixer_768_32.in1k"),
    ("ViT-S/16", 79.844, SMALL, "deit_small_patch16_224.fb_in1k"),
    ("gMLP-S/16", 79.644, SMALL, "gmlp_s16_224.ra3_in1k"),
    ("ResMLP-S12", 76.648, SMALL, "resmlp_12_224.fb_in1k"),
    ("ViT-B/16", 81.992, SMALL, "deit_base_patch16_224.fb_in1k"),
    ("ViT-B/16", 79.154, SMALL, "vit_base_patch16_224.augreg_in1k"),
    ("ViT-B/16", 84.532, LARGE, "vit_base_patch16_224.augreg_in21k_ft_in1k"),
    ("MLP-Mixer-B/16", 76.602, SMALL, "mixer_b16_224.goog_in21k_ft_in1k"),
    ("MLP-Mixer-B/16", 82.306, LARGE, "mixer_b16_224.miil_in21k_ft_in1k"),
]
assert {name for name, *_ in PUBLISHED} < set(sized)
show_table(
    ("Network", "Top-1 (%)", "Trained on", "Weights in timm"),
    [
        (name, f"{accuracy:.1f}", data, f"<code>{weights}</code>")
        for name, accuracy, data, weights in PUBLISHED
    ],
    numbers=("Top-1 (%)",),
    kind="family",
)

# %% [markdown]
# - **The recipe counts as much as the network.** Trained on ImageNet alone, the
#   ViT-B/16 comes to 79.2 % by one recipe (`augreg`) and to 82.0 % by another (`deit`).
# - **Pre-training on more data helps.** In one recipe (`augreg`), the ViT-B/16 gains
#   five points from it. The Mixer-B/16 comes to 76.6 % with weights that its authors
#   trained on ImageNet alone, and to 82.3 % with weights that others pre-trained on
#   ImageNet-21k, by another recipe. (The name of the former in timm says ImageNet-21k;
#   [the page of the Mixer](models/mlp_mixer.md#mixer-and-vit-by-pre-training-set) says
#   why that is not so.) The ViT-B/16 stays ahead, with more parameters and MACs.
# - **At 20 million parameters, trained on ImageNet alone, four designs are within a
#   point:** PoolFormer, ConvMixer, ViT and gMLP. So attention is not needed for that.
#   But they do not cost the same, see [above](#what-they-cost).
#
# The second is what [the paper of the Mixer](https://arxiv.org/abs/2105.01601) claims
# in its abstract: its accuracy can compete if it is trained on large data sets, or with
# modern regularisation. The page of the Mixer also has the authors' numbers beside
# those of the Vision Transformer, and [the family on
# digits](examples/family_on_digits.py) the learning curves at equal parameters.

# %% [markdown]
# ## Exercises
#
# **Exercise 1.** Which of these networks have weights that belong to a position in the
# image? Do not forget what a Vision Transformer adds to its tokens.
#
# **Answer.** Those with a parameter that has $S$ among its sizes. In a Mixer, a ResMLP
# and a gMLP it is the token mixing, in ViT and FNet the position embedding alone. Where
# there is none, the same weights fit images of any size.

# %%
for name, member in FAMILY.items():
    weights = networks[name].named_parameters()
    found = [n for n, weight in weights if member.sizes["S"] in weight.shape]
    if found:
        print(f"{name}: {len(found)}, among them {found[0]}")

# %% [markdown]
# **Exercise 2.** Images become twice as high and twice as wide, and the patches stay as
# large as they are. By which factor do the MACs of each block grow?
#
# **Answer.** By four, if the formula is linear in $S$. A term with $S^2$ makes it more,
# in gMLP most of all: there it has the largest share in the block.

# %%
for name, member in FAMILY.items():
    larger = member.sizes | {"S": 4 * member.sizes["S"]}
    factor = evaluate(member.work, larger) / evaluate(member.work, member.sizes)
    print(f"{name}: {factor:.2f}")

# %% [markdown]
# **Exercise 3.** If time were spent on MACs alone, a network with twice the MACs of the
# Mixer would have half its throughput. Which networks are furthest below what their
# MACs predict, and why?
#
# **Answer.** PoolFormer and ConvMixer. An average and a depthwise convolution take few
# MACs for the memory that they move, and their tables have many more places. Here one
# is what the MACs predict:

# %%
for name, row in as_built.items():
    predicted = work["MLP-Mixer-S/16"] / work[name]
    print(f"{name}: {row['forward']['ratio'] / predicted:.2f}")

# %% [markdown]
# FNet is below it because the Fourier transform takes time, and none of its operations
# are counted as MACs.
