# %% [markdown]
# # Find it again: the order of pixels and the number of images
#
# Two findings of the Mixer paper can be looked for at home. The first is about the
# *order of pixels* (section 3.4): a Mixer does not mind if the patches of all images
# are shuffled in one and the same way, and a convolutional network does. The second is
# about the *number of images* (section 3.3): with few of them, a Mixer overfits more
# than a convolutional network does, and it gains more when there are more.
#
# The paper trains on 300 million images. Here are 1,437 digits and about a minute of
# processor time, and the question is which of these effects show at that size. At the
# end there are exercises, with answers that are run.

# %%
import math
from copy import deepcopy
from statistics import mean, stdev

import torch
from einops import rearrange
from sklearn.svm import SVC
from torch import nn
from torch.nn import functional as F

from labml_style_nn.data.digits import split_digits
from labml_style_nn.data.images import take
from labml_style_nn.experiments import figures
from labml_style_nn.experiments.classification import ImageTask, predict
from labml_style_nn.experiments.command import choose_arithmetic
from labml_style_nn.experiments.family_digits import Settings, build_model
from labml_style_nn.experiments.training import Trainer

choose_arithmetic(threads=1)  # the matrices are small: more threads would only wait
full, test = split_digits(seed=0)

# %% [markdown]
# ## Two networks, one recipe
#
# The networks are the Mixer and the ConvMixer of [`family_digits`][]: four blocks on
# sixteen patches of $2 \times 2$ pixels, with equally many parameters. They differ in
# how they mix tokens. A Mixer has a weight for each pair of a patch and a hidden unit.
# A [ConvMixer][conv_mixer] slides a small kernel over the image: that neighbours belong
# together is built into it.
#
# The hyperparameters are those of that experiment, too. They were chosen for the Mixer
# by cross-validation on these 1,437 training images ([how][mixer_images]); nothing was
# chosen for the ConvMixer. What is set anew is the length of the training: every
# network takes about 140 steps, however many images it learns from, as in the paper.
# The [average of the weights][ema] then covers the last steps and no more. The test
# images were used for no choice.

# %%
NETWORKS = {"mixer": "MLP-Mixer", "conv_mixer": "ConvMixer"}
STEPS = 140


def settings_for(model, count, seed):
    """The hyperparameters: as many epochs as make 140 steps."""
    epochs = round(STEPS / math.ceil(count / Settings.batch_size))
    return Settings(
        model=model, seed=seed, epochs=epochs, warmup_epochs=epochs // 8, ema_decay=0.97
    )


for model, name in NETWORKS.items():
    network = build_model(Settings(model=model))
    print(f"{name:9} {sum(weight.numel() for weight in network.parameters()):,}")

# %% [markdown]
# ## The order of pixels
#
# Three orders, each one permutation for all images, as in the paper's Figure 4:
#
# - *original*;
# - *patches*: the patches are shuffled, and the pixels within the patches, in each of
#   them alike;
# - *pixels*: all 64 pixels are shuffled.
#
# An order says for each place which pixel of the image stands there.

# %%
chance = torch.Generator().manual_seed(0)
patch_order = torch.randperm(16, generator=chance)
pixel_order = torch.randperm(4, generator=chance)


def to_patches(pixels):
    """Cut images into the rows of a table: 16 patches of 4 pixels."""
    return rearrange(pixels, "... (r h) (c w) -> ... (r c) (h w)", r=4, c=4)


def from_patches(table):
    """Put such a table together again."""
    return rearrange(table, "... (r c) (h w) -> ... (r h) (c w)", r=4, h=2)


places = torch.arange(64).view(8, 8)
ORDERS = {
    "original": places,
    "patches": from_patches(to_patches(places)[patch_order][:, pixel_order]),
    "pixels": torch.randperm(64, generator=chance).view(8, 8),
}
assert all(order.unique().numel() == 64 for order in ORDERS.values())

# %% [markdown]
# Five digits in these orders. With the second, a patch is still a patch; with the
# third, its four pixels come from anywhere.


# %% tags=["hide-input"]
def shuffled(images, order):
    """Put the pixels of images in another order."""
    return images.flatten(2)[..., order]


figure, grid = figures.draw(5.2, 3.3, rows=3, columns=5)
for row, (name, order) in zip(grid, ORDERS.items(), strict=True):
    for axes, image in zip(row, shuffled(full.images[:5], order), strict=True):
        figures.picture(axes, figures.tint(image[0], figures.INK))
    row[0].set_ylabel(name)
names = ", ".join(map(str, full.labels[:5].tolist()))
figures.show(
    figure,
    f"Five digits ({names}) in three rows: as they are; with patches of 2 by 2 pixels "
    "in another order; and with all pixels scattered. In the last two rows no digit "
    "can be recognised.",
)

# %% [markdown]
# ### Train with each order
#
# A layer in front of the network shuffles what the network reads. So images are
# augmented first and shuffled afterwards, and the training of all three is the same in
# everything else.
#
# The networks learn from 100 of the images: the fewer there are, the more it counts
# what is built into a network. The seed draws which images, and the initial weights;
# three seeds each.


# %%
class InOrder(nn.Module):
    """A network that reads its images in another order."""

    def __init__(self, network, order):
        super().__init__()
        self.network, self.order = network, order

    def forward(self, images):
        return self.network(shuffled(images, self.order))


def some_digits(count, seed):
    """Draw some of the training images."""
    drawn = torch.randperm(
        len(full.labels), generator=torch.Generator().manual_seed(seed)
    )
    return take(full, drawn[:count])


def train(network, digits, settings, order=places):
    """Train a network; it comes back with its averaged weights."""
    task = ImageTask(digits, test, settings)
    trainer = Trainer(InOrder(network, order), task, settings)
    for _ in range(settings.epochs):
        trainer.train_epoch()
    return trainer.average.module


def accuracy(network, digits=test):
    """The share that it classifies correctly, in per cent."""
    right = predict(network, digits.images) == digits.labels
    return 100 * right.float().mean().item()


trained = {
    (model, name, seed): train(
        build_model(settings := settings_for(model, 100, seed)),
        some_digits(100, seed),
        settings,
        order,
    )
    for model in NETWORKS
    for name, order in ORDERS.items()
    for seed in range(3)
}

# %% [markdown]
# Their test accuracy, with the standard deviation over the three seeds:

# %%
by_order = {
    (model, name): [accuracy(trained[model, name, seed]) for seed in range(3)]
    for model in NETWORKS
    for name in ORDERS
}
for (model, name), shares in by_order.items():
    print(f"{NETWORKS[model]:9} {name:8} {mean(shares):.1f} ± {stdev(shares):.1f} %")

# %% [markdown]
# Each dot is a network, and the lines join those of one seed.

# %% tags=["hide-input"]
COLOURS = {"mixer": figures.TOKENS, "conv_mixer": figures.CHANNELS}
figure, axes = figures.draw(5.2, 2.6)
for model, colour in COLOURS.items():
    for seed in range(3):
        line = [by_order[model, name][seed] for name in ORDERS]
        label = NETWORKS[model] if seed == 0 else None
        axes.plot(line, "o-", color=colour, label=label, linewidth=1, markersize=4)
axes.set(xticks=range(3), ylabel="test accuracy (%)", xlim=(-0.3, 2.3))
axes.set_xticklabels(ORDERS)
axes.legend(fontsize=9)
told = [f"{NETWORKS[m]}, {o}: {mean(s):.1f} %" for (m, o), s in by_order.items()]
figures.show(figure, f"Test accuracy by order, three seeds. {'; '.join(told)}.")

# %% [markdown]
# The networks of one seed learned from the same images. So what an order costs is best
# seen in the differences, seed by seed. The standard error of their mean is their
# standard deviation divided by $\sqrt{3}$; with three seeds, which share the test
# images, that is a rough measure.


# %%
def difference(before, after):
    """The mean of the differences, seed by seed, with its standard error."""
    pairs = zip(before, after, strict=True)
    found = [late - early for early, late in pairs]
    return f"{mean(found):+.1f} ± {stdev(found) / math.sqrt(len(found)):.1f}"


for model, name in NETWORKS.items():
    for order in ("patches", "pixels"):
        change = difference(by_order[model, "original"], by_order[model, order])
        print(f"{name:9} {order:8} {change} points")


def change_of(model, order):
    """The mean difference, in points."""
    return mean(by_order[model, order]) - mean(by_order[model, "original"])


# The sentences below are true of these runs.
assert all(-20 < change_of("conv_mixer", order) < -1 for order in ("patches", "pixels"))
assert change_of("mixer", "pixels") > change_of("conv_mixer", "pixels")

# %% [markdown]
# The ConvMixer loses by both orders, by more than two standard errors each: with
# *patches* already, its kernels see what was not side by side. The Mixer loses by
# neither, as far as three seeds can tell. By *patches* it could only by chance, as the
# next section shows.
#
# So the direction is that of the paper, and the effect is small. With all pixels
# shuffled, the paper's Mixer loses about 45 % of its accuracy and its ResNet about 75 %
# (section 3.4); here the ConvMixer loses a few points. The digits are centred and of
# one size, so that each pixel by itself says much about the class: Exercise 4 has a
# method that never knew of neighbours.

# %% [markdown]
# ### Permute the weights as well
#
# That a Mixer does not mind the order of patches need not be found by training: it can
# be proved. If the patches are permuted, permute the columns of $W_1$, the rows of
# $W_2$ and the entries of $b_2$ in the same way; if the pixels within patches are,
# permute the columns of the embedding. Every product then has the same terms in another
# order, so scores and loss are the same. So are the gradients, permuted likewise, and
# [AdamW][optimizer] treats each weight by itself. Hence the two networks stay permuted
# copies of each other, step by step.


# %%
@torch.no_grad()
def permuted_copy(seed):
    """A Mixer with the initial weights of another, but for their order."""
    mixer = build_model(Settings(model="mixer", seed=seed))
    projection = mixer.patch_embedding.projection
    projection.weight.copy_(projection.weight[:, pixel_order])
    for block in mixer.blocks:
        mixing = block.token_mixing
        mixing.fc1.weight.copy_(mixing.fc1.weight[:, patch_order])
        mixing.fc2.weight.copy_(mixing.fc2.weight[patch_order])
        mixing.fc2.bias.copy_(mixing.fc2.bias[patch_order])
    return mixer


def first_losses(network, order, dtype, steps=10):
    """The losses of the first steps, on one batch of 100 digits."""
    images, labels = some_digits(100, seed=0)
    images = shuffled(images, order).to(dtype)
    optimizer = torch.optim.AdamW(network.to(dtype).parameters(), lr=3e-3)
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(network(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return torch.tensor(losses, dtype=torch.float64)


for dtype in (torch.float64, torch.float32):
    original = first_losses(build_model(Settings()), places, dtype)
    copy = first_losses(permuted_copy(seed=0), ORDERS["patches"], dtype)
    apart = (original - copy).abs().max()
    print(f"{dtype}: from {original[0]:.3f} to {original[-1]:.3f}, {apart:.0e} apart")
    assert apart < {torch.float64: 1e-12, torch.float32: 1e-3}[dtype]

# %% [markdown]
# In float64 the two losses are the same to the last digits, where rounding depends on
# the order of a sum. Rounding errors grow during training, as all differences do. In
# float32, the whole training from permuted weights ends here:

# %%
settings = settings_for("mixer", 100, seed=0)
copy = train(permuted_copy(seed=0), some_digits(100, 0), settings, ORDERS["patches"])
pair = trained["mixer", "original", 0], copy, trained["mixer", "patches", 0]
answers = [predict(network, test.images) for network in pair]
same = [(answers[0] == others).sum().item() for others in answers[1:]]
print(f"of {len(test.labels)} test images, the original Mixer agrees with")
print(f"its permuted copy on {same[0]}, with one of other initial weights on {same[1]}")
assert same[0] > same[1]

# %% [markdown]
# So the order of patches is nothing that a Mixer could lose by. What is left is
# chance: other initial weights are another draw, and so is the same draw in another
# order.
#
# ## The number of images
#
# Now all images are as they are, and the networks learn from 100, 400 and all 1,437 of
# them, in the same number of steps. Those that learned from 100 are there already.

# %%
COUNTS = (100, 400, len(full.labels))
for model in NETWORKS:
    for count in COUNTS[1:]:
        for seed in range(3):
            settings = settings_for(model, count, seed)
            digits = some_digits(count, seed)
            trained[model, count, seed] = train(build_model(settings), digits, settings)

by_count = {
    (model, count): [
        accuracy(trained[model, "original" if count == 100 else count, seed])
        for seed in range(3)
    ]
    for model in NETWORKS
    for count in COUNTS
}
for (model, count), shares in by_count.items():
    print(f"{NETWORKS[model]:9} {count:5,} {mean(shares):.1f} ± {stdev(shares):.1f} %")

# %% [markdown]
# The same as curves, a line for each seed, as test error on logarithmic axes. A run
# without an error, which such an axis cannot show, is drawn as if half an image were
# wrong (0.14 %).

# %% tags=["hide-input"]
figure, axes = figures.draw(5.2, 2.8)
for model, colour in COLOURS.items():
    for seed in range(3):
        errors = [max(100 - by_count[model, n][seed], 100 / 720) for n in COUNTS]
        label = NETWORKS[model] if seed == 0 else None
        axes.plot(COUNTS, errors, "o-", color=colour, label=label, lw=1, markersize=4)
axes.set(xscale="log", yscale="log", xlabel="training images", ylabel="test error (%)")
axes.set_xticks(COUNTS, [f"{count:,}" for count in COUNTS])
axes.set_yticks((0.3, 1, 3, 10), ("0.3", "1", "3", "10"))
axes.minorticks_off()
axes.legend(fontsize=9)
told = [f"{NETWORKS[m]}, {n:,}: {mean(s):.1f} %" for (m, n), s in by_count.items()]
figures.show(
    figure,
    "Test error against the number of images; a run without an error is drawn as if "
    f"half an image were wrong. Accuracies: {'; '.join(told)}.",
)

# %% [markdown]
# What is gained from 100 images to all of them:

# %%
gains = {}
for model, name in NETWORKS.items():
    few, many = by_count[model, 100], by_count[model, COUNTS[-1]]
    print(f"{name:9} {difference(few, many)} points")
    gains[model] = mean(many) - mean(few)
assert gains["mixer"] > gains["conv_mixer"] > 0

# %% [markdown]
# Both gain, and the Mixer gains more, as in the paper: it begins lower, and has to
# learn what the other has built in. Read it with care. The ConvMixer begins near 100 %,
# where little is left to gain; it is ahead with all images, too; and a test image is
# 0.28 points.
#
# ## Exercises
#
# **Exercise 1.** How many of the orders of 64 pixels can a Mixer undo by permuting its
# weights?
#
# **Answer.** Those that keep patches together and permute the pixels of all patches
# alike: $16! \cdot 4!$ of $64!$.

# %%
undone = math.factorial(16) * math.factorial(4)
print(f"{undone:.1e} of {math.factorial(64):.1e} orders")

# %% [markdown]
# **Exercise 2.** Is there an order of pixels that a ConvMixer does not mind?
#
# **Answer.** Mirror all images: with mirrored kernels, and a mirrored embedding, the
# ConvMixer computes the same. The same holds for quarter turns, and so for the eight
# symmetries of the square. What is within a patch is for the embedding alone, so that
# the pixels of all patches may be permuted alike, too.


# %%
@torch.no_grad()
def mirrored(network):
    network = deepcopy(network)
    for weight in network.parameters():
        if weight.dim() == 4:  # the kernels, and the embedding
            weight.copy_(weight.flip(-1))
    return network


images = test.images.double()
network = deepcopy(trained["conv_mixer", "original", 0].network).double().eval()
with torch.no_grad():
    scores = network(images)
    other_scores = mirrored(network)(images.flip(-1))
print(f"scores differ by {(scores - other_scores).abs().max():.0e}")
torch.testing.assert_close(scores, other_scores)

# %% [markdown]
# **Exercise 3.** Permute the four pixels within the patches in *another* order for each
# patch. Can a Mixer undo that by permuting its weights? Does it mind?
#
# **Answer.** It cannot: one embedding reads all patches, and a permutation of its
# columns is the same for all of them.

# %%
mixed = to_patches(places)[patch_order]
mixed = torch.stack([row[torch.randperm(4, generator=chance)] for row in mixed])
settings = settings_for("mixer", 100, seed=0)
network = train(
    build_model(settings), some_digits(100, 0), settings, from_patches(mixed)
)
print(f"another order in each patch: {accuracy(network):.1f} %")
print(f"one order for all patches: {by_order['mixer', 'patches'][0]:.1f} %")

# %% [markdown]
# **Exercise 4.** A support vector machine (scikit-learn's `SVC`) compares images by the
# distance between their pixels. What does it make of the three orders, and of 100, 400
# and 1,437 images?
#
# **Answer.** The distance is a sum over pixels, in which their order does not count.

# %%
for count in COUNTS:
    found = []
    for order in ORDERS.values():
        digits = some_digits(count, seed=0)
        classifier = SVC().fit(shuffled(digits.images, order).flatten(1), digits.labels)
        found.append(
            classifier.score(shuffled(test.images, order).flatten(1), test.labels)
        )
    print(f"{count:5,} images:", *(f"{share:.1%}" for share in found))
    assert max(found) - min(found) < 0.003

# %% [markdown]
# ## Where to go from here
#
# - The same on larger images: [`pixel_order`][] and [`data_scale`][]. That a Mixer can
#   be permuted like its images is proved in [`permutation`][].
# - [What the paper found](../findings.py), and what this site found beside it.
# - [Train a Mixer on digits](train_on_digits.py), at full length.
