# %% [markdown]
# # What the paper found
#
# [MLP-Mixer](models/mlp_mixer.md) is a few lines of code. Whether they are worth
# anything is a question for experiments, and most of the paper is about these. This
# page goes through its findings in turn. What is claimed, and in which table or figure?
# What does it mean? And what comes of the same question *here*, with small networks,
# small images and minutes on one processor core?
#
# The claims and numbers of the paper are from its text, its tables and the captions of
# its figures ([arXiv:2105.01601](https://arxiv.org/abs/2105.01601), read as
# [ar5iv](https://ar5iv.labs.arxiv.org/html/2105.01601) shows it). Values that stand in
# a plot alone are not given. The numbers of this site are read from records when the
# page is built, and the sentences about them are checked by assertions in the cells.
#
# A small experiment cannot refute a large one. It can show that an effect is there
# already at its size, or that it is not, and then the difference in size is one
# possible reason.

# %% tags=["hide-input"]
from html import escape
from importlib import resources
from statistics import mean

import torch

from labml_style_nn.experiments import (
    ablation,
    data_scale,
    family_budget,
    figures,
    higher_resolution,
    learned_weights,
    pixel_order,
    records,
)
from labml_style_nn.experiments.figures import show_table
from labml_style_nn.experiments.recorded import recorded
from labml_style_nn.experiments.token_cost import fit
from labml_style_nn.models import mlp_mixer
from labml_style_nn.proofs.cost import multiply_adds, parameters

RESULTS = resources.files("labml_style_nn.experiments") / "results"


def spread(shares):
    """Mean and, if there are several, standard deviation, in per cent."""
    return records.spread([100 * share for share in shares], digits=1)


def average(results, **chosen):
    """The mean test accuracy of the runs with these settings, in per cent."""
    wanted = chosen.items()
    return 100 * mean(
        result["test_accuracy"]
        for result in results
        if wanted <= result["settings"].items()
    )


# %% [markdown]
# ## Seven sizes, at a cost linear in the pixels
#
# **The paper.** Table 1 has seven models, from S/32 to H/14: a scale and the side of a
# patch. Within a scale they have nearly the same number of parameters, whatever the
# patches are, and smaller patches cost more. Section 2 says how much more: since the
# widths $D_S$ and $D_C$ do not depend on the number of patches, the cost is linear in
# that number, and so in the pixels of an image. That of a Vision Transformer is
# quadratic.
#
# **Here** the seven are built and counted. The paper's numbers of parameters are
# without the head, in millions.

# %% tags=["hide-input"]
TABLE_1 = {
    "S/32": 19,
    "S/16": 18,
    "B/32": 60,
    "B/16": 59,
    "L/32": 206,
    "L/16": 207,
    "H/14": 431,
}

rows = []
for name, millions in TABLE_1.items():
    build = getattr(mlp_mixer, f"mixer_{name.replace('/', '').lower()}")
    with torch.device("meta"):
        model = build()
    ours = (parameters(model) - parameters(model.head)) / 1e6
    work = multiply_adds(model, 1, 3, 224, 224) / 1e9
    rows.append((f"Mixer-{name}", millions, f"{ours:.1f}", f"{work:.1f}"))
    assert abs(ours - millions) < 1.5, name
heads = "Model", "Parameters, paper (M)", "Parameters, here (M)", "MACs (G)"
show_table(heads, rows, heads[1:])

# %% [markdown]
# And time was measured, for one training step on images of more and more tokens
# ([`token_cost`][]). A fit with a linear and a quadratic term says which share of the
# cost at the largest number is quadratic:

# %%
(COST,) = records.read(RESULTS / "token_cost.jsonl")
most = COST["tokens"][-1]
for name in ("Mixer", "ConvMixer", "ViT"):
    share = fit(COST["tokens"], COST["curves"][name]["training"]).share(most)
    print(f"{name:9} {share:4.0%} of the time at {most:,} tokens is quadratic")
    assert (share > 0.4) == (name == "ViT")
at_196 = fit(COST["tokens"], COST["curves"]["ViT"]["training"]).share(196)
print(f"ViT       {at_196:4.0%} at 196 tokens")
assert at_196 < 0.25

# %% [markdown]
# **They agree.** What a complexity class leaves out is the size at which it begins to
# matter. At the 196 tokens of a model with patches of 16 pixels, the quadratic term is
# still a small part of what this Vision Transformer costs.
#
# ## As good as others at the same cost
#
# **The paper.** The main claim (section 3.1, Table 2, Figure 2): pre-trained on much
# data, a Mixer comes close to the best networks of its time at a similar cost. "Top-1"
# is the accuracy on ImageNet, throughput is in images per second and core of a TPU, and
# the cost of the pre-training in thousands of core-days.

# %% tags=["hide-input"]
TABLE_2 = [
    ("HaloNet", "ImageNet-21k", 85.8, 120, 0.10),
    ("Mixer-L/16", "ImageNet-21k", 84.15, 105, 0.41),
    ("ViT-L/16", "ImageNet-21k", 85.30, 32, 0.18),
    ("BiT-R152x4", "ImageNet-21k", 85.39, 26, 0.94),
    ("NFNet-F4+", "JFT-300M", 89.2, 46, 1.86),
    ("Mixer-H/14", "JFT-300M", 87.94, 40, 1.01),
    ("BiT-R152x4", "JFT-300M", 87.54, 26, 9.90),
    ("ViT-H/14", "JFT-300M", 88.55, 15, 2.30),
]
heads = (
    "Paper, Table 2",
    "Pre-trained on",
    "Top-1 (%)",
    "Throughput",
    "Core-days (1,000)",
)
rows = [(name, data, f"{t:.2f}", n, f"{d:.2f}") for name, data, t, n, d in TABLE_2]
show_table(heads, rows, heads[2:])

by_name = {(name, data): numbers for name, data, *numbers in TABLE_2}
mixer, vit = (by_name[name, "JFT-300M"] for name in ("Mixer-H/14", "ViT-H/14"))
print(f"Mixer-H/14: {vit[0] - mixer[0]:.2f} points below ViT-H/14,", end=" ")
print(f"{mixer[1] / vit[1]:.1f} times its throughput")

# %% [markdown]
# So the claim is about a *trade-off*, and the table is no clear victory. In neither
# group is the Mixer the most accurate. It has a higher throughput than the Vision
# Transformer of its size, but the ViT-L/16 of the first group cost less to pre-train.
#
# **Here** nothing of that size can be trained. The throughput of two networks of about
# 20 million parameters was measured on one processor core, see [the
# family](family.py#what-they-cost). And small networks were trained on Fashion-MNIST
# within fixed budgets of parameters and processor time, of which this is one
# ([`family_budget`][]):

# %% tags=["hide-input"]
throughput = records.read(RESULTS / "family_throughput.jsonl")
speed = {row["member"]: row for row in throughput if not row["channels_last"]}
ratio = 1 / speed["ViT-S/16"]["forward"]["ratio"]
print(f"Mixer-S/16 has {ratio:.2f} times the throughput of ViT-S/16 here")
assert 1 < ratio < 1.5

budget_runs = recorded("family_budget", "fashion-mnist")
half_a_minute = {
    family_budget.NAMES[model]: family_budget.of(budget_runs, model)[50_000, 30]
    for model in family_budget.FAMILY
}
rows = [
    (name, f"{100 * run['test_accuracy']:.1f}", run["steps"])
    for name, run in half_a_minute.items()
]
rows.sort(key=lambda row: row[1], reverse=True)
heads = "50,000 parameters, 30 seconds", "Test accuracy (%)", "Steps"
show_table(heads, rows, heads[1:])

conv_mixer, mixer, vit = map(half_a_minute.get, ("ConvMixer", "MLP-Mixer", "ViT"))
assert mixer["steps"] > vit["steps"]
assert conv_mixer["test_accuracy"] > mixer["test_accuracy"] > vit["test_accuracy"]

# %% [markdown]
# **They agree in part.** With 50,000 parameters and half a minute, the Mixer takes more
# steps than a Vision Transformer and learns more. It learns less than a ConvMixer,
# which has the inductive bias that a Mixer does without.
#
# ## On ImageNet alone it overfits
#
# **The paper.** Trained on the 1.3 million images of ImageNet, with extra
# regularisation, a Mixer is behind the Vision Transformer of the same name, and the
# larger Mixer is behind the smaller one (section 3.2, Table 3). Mixer-B/16 and ViT-B/16
# come to nearly the same training loss, so what the Mixer lacks is generalisation, not
# capacity. On larger sets the larger Mixer is the better one. This is the top-1
# accuracy on ImageNet, at 224 pixels:

# %% tags=["hide-input"]
TABLE_3 = {
    "ImageNet": {
        "Mixer-B/16": 76.44,
        "Mixer-L/16": 71.76,
        "ViT-B/16": 79.67,
        "ViT-L/16": 76.11,
    },
    "ImageNet-21k": {
        "Mixer-B/16": 80.64,
        "Mixer-L/16": 82.89,
        "ViT-B/16": 84.59,
        "ViT-L/16": 84.46,
    },
    "JFT-300M": {"Mixer-B/16": 80.00, "Mixer-L/16": 84.82, "ViT-L/16": 85.63},
}
models = list(TABLE_3["ImageNet"])
heads = ["Paper, Table 3: pre-trained on", *(f"{model} (%)" for model in models)]
rows = [
    (data, *(f"{found[m]:.2f}" if m in found else "–" for m in models))
    for data, found in TABLE_3.items()
]
show_table(heads, rows, heads[1:])

for data, found in TABLE_3.items():
    gap = found["ViT-L/16"] - found["Mixer-L/16"]
    print(f"{data}: Mixer-L/16 is {gap:.2f} points behind ViT-L/16")
gaps = [found["ViT-L/16"] - found["Mixer-L/16"] for found in TABLE_3.values()]
assert gaps == sorted(gaps, reverse=True)

# %% [markdown]
# (On JFT-300M the Mixer-B/16 was trained for 7 epochs, the two larger ones for 14.) The
# gap closes as the set grows. The rows differ in more than the set, though: the recipe
# is another for each.
#
# **Here** nothing was trained on ImageNet. The next section looks for the same effect.
#
# ## The more images, the better for a Mixer
#
# **The paper.** So that nothing but the number of images differs, section 3.3 trains on
# 3, 10, 30 and 100 % of JFT-300M for the same number of steps, and measures the linear
# 5-shot accuracy on ImageNet (Figure 2, right). On the smallest part all Mixers overfit
# strongly, and the convolutional BiT models less: possibly, the authors write, because
# of the inductive bias of convolutions. With more images the larger Mixers gain faster
# than BiT, which levels off, and their distance to ViT shrinks.
#
# **Here** three networks of equal size were trained on parts of Fashion-MNIST, in the
# same number of steps each ([`data_scale`][]):

# %% tags=["hide-input"]
scale = recorded("data_scale", "fashion-mnist")
figures.show(data_scale.scale_curves(scale), data_scale.in_words(scale))

found = data_scale.accuracies(scale)
gains = {}
for model, sizes in found.items():
    few, many = min(sizes), max(sizes)
    assert few < many
    gains[model] = data_scale.gain(found, model, few, many)
    name = data_scale.NAMES[model]
    print(f"{name:9} gains {gains[model]:4.1f} points from {few:,} images to {many:,}")
assert gains["conv_mixer"] > gains["mixer"] > gains["vit"] > 0

# %% [markdown]
# **They agree in part.** As in the paper, the convolutional network is ahead where
# images are few, and the Mixer gains more than the Vision Transformer. But here the
# ConvMixer gains most, and the Mixer does not catch up with it. From 8,000 images on,
# it is the length of the training and the size of the networks that limits them, and
# not the number of images ([more][data_scale]). Besides the size, two things differ
# from the paper: the images are simpler, and the accuracy is that on the task itself,
# not that of features for another.
#
# ## Features for new classes
#
# **The paper.** Where fine-tuning would cost too much, transfer is measured by a
# *linear 5-shot probe*: five images of each class, and a linear classifier on the
# frozen features (section 3). Figures 2 (right) and 4 are such accuracies.
#
# **Here** networks learn one half of the classes and are probed on the other
# ([`few_shot`][]), next to a probe on the pixels themselves:

# %% tags=["hide-input"]
SETS = {"digits": "digits", "fashion-mnist": "Fashion-MNIST"}
probes = {
    data: [
        run
        for run in recorded("few_shot", data)
        if not run["settings"].get("train_images")  # those that learned from all
    ]
    for data in SETS
}
by_features = {
    (features, data): [s for run in group for s in run["accuracies"][features]]
    for data, group in probes.items()
    for features in group[0]["accuracies"]
}
features = dict.fromkeys(features for features, _ in by_features)
heads = ["Features", *(f"{name}, 5-shot accuracy (%)" for name in SETS.values())]
rows = [
    (escape(name), *(spread(by_features[name, data]) for data in SETS))
    for name in features
]
show_table(heads, rows, heads[1:])
for data in SETS:
    best = max(features, key=lambda name: mean(by_features[name, data]))
    assert best == "pixels"

# %% [markdown]
# **They do not agree**, and need not: here the pixels themselves are the best features.
# A probe measures what was learned *besides* the task, and five classes of small
# centred images teach little besides. The paper's probes follow a training on 18,000
# classes.
#
# ## The order of patches and pixels
#
# **The paper.** A Mixer-B/16 and a ResNet50x1 are trained on JFT-300M in three ways
# (section 3.4, Figure 4): with images as they are; with patches shuffled, and the
# pixels within patches, by one permutation for all images; and with all pixels
# shuffled. The Mixer's curves of the first two coincide. Its accuracy drops by about
# 45 % with the third, where that of the ResNet drops by about 75 %; the ResNet loses
# much by the second, too.
#
# The first of these is a theorem: permute $W_1$, $W_2$, $b_2$ and the embedding
# likewise, and the
# [Mixer computes the same](examples/find_it_again.py#permute-the-weights-as-well).
# The rest is a measurement of how much a network relies on neighbours being neighbours.
#
# **Here**, on Fashion-MNIST and on CIFAR-10, without augmentation ([`pixel_order`][]).
# Test accuracy in per cent, with the standard deviation over the seeds:

# %%
clothes, photographs = (
    recorded("pixel_order", data) for data in ("fashion-mnist", "cifar10")
)
print(pixel_order.table(clothes))
print(pixel_order.table(photographs))


def changed(results, model, order):
    """What an order changes for a network, as a share of its accuracy."""
    before = average(results, model=model, order="original")
    return average(results, model=model, order=order) / before - 1


for order in ("patches", "pixels"):
    for model in ("mixer", "conv_mixer"):
        change = changed(photographs, model, order)
        print(f"CIFAR-10, {order}: {model} {change:+.0%} of its accuracy")

orders = [(m, o) for m in pixel_order.NETWORKS for o in ("patches", "pixels")]
assert all(abs(changed(clothes, *order)) < 0.01 for order in orders)
assert abs(changed(photographs, "mixer", "patches")) < 0.02
assert changed(photographs, "conv_mixer", "patches") < -0.1
assert changed(photographs, "conv_mixer", "pixels") < -0.2
assert -0.15 < changed(photographs, "mixer", "pixels") < -0.08

# %% [markdown]
# **They agree on photographs, and not on clothes.** On CIFAR-10 all is as in the paper,
# if smaller: *patches* costs the Mixer nothing and the ConvMixer much, and *pixels*
# costs both, the ConvMixer about twice as much. With shuffled pixels the two end at
# about the same accuracy: what the ConvMixer was ahead by was its bias. On
# Fashion-MNIST no order costs any network one per cent of its accuracy. So an inductive
# bias is worth something where it is true of the images: these clothes are centred and
# fill the image, and a pixel by itself says much.
#
# [Find it again](examples/find_it_again.py) has the same question on digits, in code
# that runs in a minute.
#
# ## What token mixing learns
#
# **The paper.** Each hidden unit of token mixing has a weight for each patch, so that
# its weights are a picture (section 3.5, Figure 5). In the first block of a Mixer-B/16
# trained on JFT-300M, some units weigh the whole image and some a part of it; many come
# in pairs of opposite sign. Deeper blocks show no clear structure. Supplementary D
# adds that the augmentation of the images has much influence on these pictures.
#
# **Here**, of a Mixer for Fashion-MNIST ([`learned_weights`][]). The units are sorted
# by frequency, each followed by the one most opposed to it:

# %% tags=["hide-input"]
(weights,) = recorded("learned_weights", "fashion-mnist")
figures.show(*learned_weights.draw_units(weights))

for name in ("block 1", "block 4"):
    pictures = learned_weights.layer(weights, name)
    told = {
        when: learned_weights.measure(pictures[when]).neighbours
        for when in ("before", "after", "added")
    }
    print(f"{name}, correlation of neighbouring weights:", end=" ")
    print(*(f"{when} {value:+.2f}" for when, value in told.items()))
    assert abs(told["after"]) < 0.1 < told["added"]

# %% [markdown]
# **They agree in what was learned, not in what is seen.** The trained weights still
# look like noise, because most of them is the noise that they began with: the training
# was short. What training *added* is not noise. Neighbouring patches have similar
# weights in it, although nothing told the network which patches are neighbours, and
# many units come with an inverse ([more][learned_weights]).
#
# ## What can be left out, and what did not help
#
# **The paper.** Sharing one token-mixing MLP between all channels is unusual, and
# Supplementary A.1 tried the alternative: a separate MLP for each channel gave no
# noticeable improvement, with $C$ times the parameters. Nor did most of what else was
# tried. Grouping channels for token mixing gained less than 1 to 2 % of 5-shot
# accuracy; several "views" of the channels gained 3 to 4 % for the Mixer-S/32 and
# nothing for larger ones; a pyramid of fewer and fewer tokens was faster on JFT-300M,
# but the finding did not carry over to ImageNet.
#
# **Here**, one part at a time is taken away from the Mixer for digits
# ([`ablation`][]). The difference is that to the whole network on the same split.

# %%
parts = recorded("ablation", "digits")
print(ablation.table(parts, ablation.TAKEN_AWAY))

lost = {
    row.name: mean(ablation.differences(parts, row))
    for row in ablation.TAKEN_AWAY
    if row.against is not None
}
assert lost.pop("without token mixing") < -20
assert max(map(abs, lost.values())) < 1
clothes_parts = recorded("ablation", "fashion-mnist")
(gained,) = ablation.differences(clothes_parts, ablation.TAKEN_AWAY[-1])
assert 2.5 < gained < 3

# %% [markdown]
# **They agree on digits:** separate MLPs change the accuracy by less than a point, for
# more than five times the parameters. On Fashion-MNIST, after two epochs, they gain
# nearly three points, for twelve times the parameters ([more][ablation]). What a Mixer
# cannot do without here is token mixing. To leave out any other part costs less than a
# point: four blocks on digits are too easy a case to show what the others are for.
#
# ## Larger images after training
#
# **The paper.** A Mixer has weights for a fixed number of patches. To fine-tune it on
# images $K$ times as high and wide, Supplementary C puts $K^2$ copies of $W_1$ on the
# diagonal of a larger matrix, so that each part of the image is mixed by itself, as
# before; fine-tuning then learns the connections. In Table 3, a Mixer-L/16 pre-trained
# on JFT-300M comes to 84.82 % at 224 pixels and to 86.78 % at 448, at a quarter of the
# throughput (419 and 105 images per second).
#
# **Here** a Mixer learned Fashion-MNIST at $16 \times 16$ pixels and was fine-tuned at
# $32 \times 32$ ([`higher_resolution`][]), with the parts as the paper has them, with
# interleaved parts, and with random weights instead:

# %%
resolution = recorded("higher_resolution", "fashion-mnist")
print(higher_resolution.table(resolution))


def fine_tuned(start, epochs=2):
    """The test accuracy after so many epochs on the larger images."""
    return average(resolution, start=start, epochs=epochs)


enlarged = fine_tuned("contiguous")
assert abs(enlarged - fine_tuned("interleaved")) < 0.5
assert fine_tuned("scratch") + 0.5 < enlarged < fine_tuned("scratch", epochs=4)
assert abs(enlarged - average(resolution, start="low")) < 1

# %% [markdown]
# **They agree in part.** With the trained weights, a Mixer is further after two epochs
# on the larger images than with random ones, however its parts are divided. But the
# gain of the paper is not there: the larger images make it no better than the small
# Mixer was, and random weights come out ahead if they get the time of the pre-training,
# too. It may be that twice the resolution shows little more of a piece of clothing, or
# that two epochs are too few.
#
# ## What is left open
#
# - *Which features, and why.* The paper ends with this question (section 5): what do
#   these networks learn that others do not, and which inductive bias is behind it?
# - *Other domains.* Whether such a design works for text, the paper leaves open. Here
#   [masked language modelling][masked_language] has a small answer.
# - *The recipe.* The comparisons between sets differ in augmentation and
#   regularisation, and with another recipe for ImageNet-21k the same Mixer-B/16 has
#   since reached 82.3 %, where the paper has 80.64 %
#   ([on ImageNet](family.py#on-imagenet)).
# - *Size.* All that stands under **Here** is on small images and with small networks.
#   Where it agrees with the paper, the effect does not need its scale. Where it does
#   not, these experiments cannot say whether the scale or the data is the reason.

# %% [markdown]
# ## Exercises
#
# **Exercise 1.** In Table 1 the Mixer-S/32 has more parameters than the Mixer-S/16, and
# the Mixer-L/32 fewer than the Mixer-L/16. Which parts of a Mixer depend on the side of
# a patch, and why does the sign change?
#
# **Answer.** Larger patches need a larger embedding, which is there once. They also
# leave fewer tokens, and so smaller matrices in the token mixing, which is there in
# each block: in 24 blocks of an L, and in 8 of an S.


# %%
def with_patches(scale, side):
    """The parameters of the embedding, of all token mixings, and of the whole."""
    with torch.device("meta"):
        model = getattr(mlp_mixer, f"mixer_{scale.lower()}{side}")()
    mixings = sum(parameters(block.token_mixing) for block in model.blocks)
    return parameters(model.patch_embedding), mixings, parameters(model)


for scale in ("S", "B", "L"):
    counts = zip(with_patches(scale, 32), with_patches(scale, 16), strict=True)
    embedding, mixings, whole = (large - small for large, small in counts)
    print(f"{scale}/32: {embedding:+,} and {mixings:+,} parameters, {whole:+,} in all")
    assert embedding + mixings == whole

# %% [markdown]
# **Exercise 2.** A block of a Vision Transformer takes $4 S C^2 + 2 S^2 C + 2 S C D_C$
# MACs. With how many tokens is half of this work quadratic, for ViT-B/16 and for the
# smaller network that was measured above? With how many is half of the measured time?
#
# **Answer.** Where $2 S^2 C$ equals the rest, $S = 2 C + D_C$: for ViT-B/16 that is an
# image of more than a thousand pixels a side. In the fit, $a S = b S^2$ at $S = a / b$.

# %%
tokens = 2 * 768 + 3072
print(f"ViT-B/16: {tokens:,} tokens, {16 * tokens**0.5:,.0f} pixels a side")
assert 16 * tokens**0.5 > 1000
sizes = COST["settings"]
print(f"smaller: {2 * sizes['hidden_dim'] + sizes['channels_mlp_dim']:,} tokens")
measured = fit(COST["tokens"], COST["curves"]["ViT"]["training"])
print(f"measured: {measured.linear / measured.quadratic:,.0f} tokens")

# %% [markdown]
# **Exercise 3.** A Mixer-L/16 is enlarged from 224 to 448 pixels, with the $K^2$ copies
# of Supplementary C. By which factor do its MACs grow? Table 3 says that the throughput
# falls to a quarter.
#
# **Answer.** There are four times as many tokens, for the embedding and the channel
# mixing. In token mixing $D_S$ grows by four as well, so that it takes 16 times the
# MACs; but its part was small.

# %%
enlarged = {"image_size": 448, "tokens_mlp_dim": 4 * 512}
with torch.device("meta"):
    before, after = mlp_mixer.mixer_l16(), mlp_mixer.mixer_l16(**enlarged)
more = multiply_adds(after, 1, 3, 448, 448) / multiply_adds(before, 1, 3, 224, 224)
print(f"{more:.2f} times the MACs, {419 / 105:.2f} times the time")
assert 419 / 105 < more < 16

# %% [markdown]
# The throughput falls by less than the MACs predict: time is not spent on them alone.
