# %% [markdown]
# # Train a Mixer on digits
#
# A network of a few small matrices learns to read handwriting, in under a minute on one
# processor core. We watch it learn, test it on images that it has never seen, compare
# it with two classical methods, look at what it gets wrong, and at the weights with
# which it mixes tokens.
#
# It is the same training as [`mixer_digits`][], which is also a command. Here the loop
# is in the open.

# %%
import math

import torch
from einops import rearrange
from sklearn.metrics import confusion_matrix
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC
from torch.nn import functional as F
from tqdm import tqdm

from labml_style_nn.data.digits import split_digits, take
from labml_style_nn.experiments.figures import (
    CHANNELS,
    INK,
    TOKENS,
    draw,
    show,
    signed,
    tint,
)
from labml_style_nn.experiments.mixer_digits import Settings, build_model
from labml_style_nn.experiments.training import adamw, predict, shuffled, train_epoch

torch.set_num_threads(1)  # the matrices are small: more threads would only wait

# %% [markdown]
# ## The images
#
# 1,437 digits to learn from and 360 for the test, drawn at random, with the same share
# of each digit in both ([`digits`][]). Until the training is over, nobody looks at the
# test.

# %%
settings = Settings(seed=0)
train, test = split_digits(settings.seed)
print(len(train.labels), "to learn from,", len(test.labels), "for the test")

# %% [markdown]
# Here are some of them. They have $8 \times 8$ pixels, so a few need a second look from
# us as well.


# %%
def mosaic(images, columns):
    """Lay images side by side, with a gap of two pixels between them."""
    padded = F.pad(images[:, 0], (1, 1, 1, 1))
    return rearrange(padded, "(r c) h w -> (r h) (c w)", c=columns)


def show_images(images, columns, height, alt):
    figure, axis = draw(5.2, height)
    axis.imshow(tint(mosaic(images, columns), INK), interpolation="none")
    axis.axis("off")
    show(figure, alt)


labels = train.labels[:36].tolist()
show_images(
    train.images[:36],
    columns=12,
    height=1.4,
    alt=f"36 handwritten digits in three rows: {' '.join(map(str, labels))}.",
)

# %% [markdown]
# ## What changes and what stays
#
# So few images could be learned by heart. That is why in each epoch some are turned,
# moved, scaled and slanted a little ([`random_affine`][]). Below is one digit, as
# twelve epochs might show it.

# %%
torch.manual_seed(0)
twelve = take(train, torch.full((12,), 7))
(batch,) = shuffled(twelve, settings)
show_images(
    batch.images,
    columns=12,
    height=0.5,
    alt=f"The same handwritten {batch.labels[0]}, twelve times, in slightly "
    "different positions and shapes.",
)

# %% [markdown]
# ## The network
#
# An [`MLPMixer`][], like the paper's in all but size. Its last layer starts at zero, so
# at first it finds every digit equally likely, and its loss is $\ln 10$.

# %%
model = build_model(settings)
optimizer = adamw(model, settings)

with torch.no_grad():
    first_loss = F.cross_entropy(model(train.images), train.labels)
assert math.isclose(first_loss, math.log(10), rel_tol=1e-5)

parameters = sum(p.numel() for p in model.parameters())
print(f"{len(model.blocks)} blocks, {parameters:,} parameters, loss {first_loss:.3f}")

# %% [markdown]
# ## Training
#
# [`train_epoch`][] shows the network each image once and takes a step after each batch.
# That, repeated, is all.

# %%
history = []
for epoch in tqdm(range(settings.epochs), unit="epoch", mininterval=5):
    report = train_epoch(model, optimizer, train, settings, epoch)
    history.append(report)

print(f"loss {report.loss:.3f}, {report.accuracy:.1%} right, on the changed images")

# %% [markdown]
# The curves tell how it went. Both are taken while the network learns, on images that
# were just changed, so they are a little worse than on clean ones.


# %%
def show_curves(history):
    figure, (above, below) = draw(5.2, 4.2, rows=2)
    epochs = range(1, len(history) + 1)
    above.plot(epochs, [report.loss for report in history], color=TOKENS)
    above.set(ylabel="loss (nats)", yscale="log")
    below.plot(epochs, [100 * report.accuracy for report in history], color=CHANNELS)
    below.set(ylabel="right answers (%)", xlabel="epoch", ylim=(0, 101))
    show(
        figure,
        f"Two curves over {len(history)} epochs. The loss falls from "
        f"{history[0].loss:.1f} to {history[-1].loss:.2f}; the share of right answers "
        f"rises from {history[0].accuracy:.0%} to {history[-1].accuracy:.1%}.",
    )


show_curves(history)

# %% [markdown]
# ## The test
#
# Now the 360 other images, once. For comparison, two methods from scikit-learn learn
# from the same images and take the same test: a support vector machine and the five
# nearest neighbours.

# %%
named = predict(model, test.images)
accuracy = {"MLP-Mixer": (named == test.labels).float().mean().item()}

pixels, test_pixels = train.images.flatten(1).numpy(), test.images.flatten(1).numpy()
for classifier in (SVC(), KNeighborsClassifier()):
    classifier.fit(pixels, train.labels)
    accuracy[type(classifier).__name__] = classifier.score(test_pixels, test.labels)

for method, share in accuracy.items():
    errors = round((1 - share) * len(test.labels))
    print(f"{method:20} {share:7.2%}   ({errors} of {len(test.labels)} wrong)")
assert accuracy["MLP-Mixer"] > 0.98

# %% [markdown]
# ## Which digits it confuses
#
# In the *confusion matrix* there is a row for each true digit and a column for each
# answer. Right answers are on the diagonal.


# %%
def show_confusion(matrix):
    figure, axis = draw(4.2, 4.0)
    off_diagonal = matrix - matrix.diagonal() * torch.eye(10).numpy()
    axis.imshow(tint(matrix / matrix.max() * 0.45, CHANNELS))
    axis.imshow(tint((off_diagonal > 0) * 0.55, TOKENS))
    for truth, answer in zip(*matrix.nonzero(), strict=True):
        axis.text(
            answer, truth, matrix[truth, answer], ha="center", va="center", size=9
        )
    axis.set(xticks=range(10), yticks=range(10), xlabel="answer", ylabel="truth")
    axis.tick_params(length=0)
    wrong = [
        f"{matrix[t, a]} × {t} taken for {a}"
        for t, a in zip(*off_diagonal.nonzero(), strict=True)
    ]
    show(
        figure,
        f"A 10 by 10 table. {matrix.trace()} answers are on the diagonal. Off it: "
        f"{', '.join(wrong) or 'none'}.",
    )


show_confusion(confusion_matrix(test.labels, named))

# %% [markdown]
# ## Its mistakes, and its closest calls
#
# Each answer comes with a probability for each digit. Here are the eight images of the
# test on which the network gave the truth the least, mistakes first. Would you have
# known?

# %%
with torch.no_grad():
    probabilities = model(test.images).softmax(dim=1)
truth = probabilities.gather(1, test.labels[:, None]).squeeze(1)
hardest = truth.argsort()[:8]


# %% [markdown]
# Above each image stands what it is; below it, the network's answer and how sure it
# was.


# %%
def show_hardest(digits, answers, sureness):
    figure, axes = draw(5.2, 3.4, rows=2, columns=4)
    told = []
    for axis, image, label, answer, sure in zip(
        axes.flat, digits.images, digits.labels, answers, sureness, strict=True
    ):
        axis.imshow(tint(image[0], INK), interpolation="none")
        axis.set(xticks=[], yticks=[], title=f"a {label}")
        colour = CHANNELS if answer == label else TOKENS
        axis.set_xlabel(f"“{answer}”, {sure:.0%}", color=colour)
        told.append(f"a {label} read as {answer}")
    show(figure, f"The eight hardest images of the test: {', '.join(told)}.")


show_hardest(
    take(test, hardest), named[hardest], probabilities.max(dim=1).values[hardest]
)

# %% [markdown]
# ## How it mixes tokens
#
# A hidden unit of token mixing ([`TokenMixing`][]) has one weight for each patch of the
# image. These $4 \times 4$ weights are a picture: where the unit looks, and what it
# compares with what. Warm is positive, cool is negative. The paper shows such pictures
# of a large Mixer (section 3.5): some of its units look at the whole image and others
# at a small part, and many come in pairs of opposite sign.


# %%
def show_units(model):
    figure, axes = draw(5.2, 4.6, rows=len(model.blocks))
    for number, (axis, block) in enumerate(zip(axes, model.blocks, strict=True), 1):
        weights = block.token_mixing.fc1.weight.detach()
        pictures = rearrange(weights, "(r u) (h w) -> r u h w", r=2, h=4)
        pictures = F.pad(pictures, (0, 1, 0, 1))
        axis.imshow(
            signed(rearrange(pictures, "r u h w -> (r h) (u w)")), interpolation="none"
        )
        axis.set(xticks=[], yticks=[], ylabel=f"block {number}")
        axis.spines[:].set_visible(False)
    show(
        figure,
        f"For each of {len(model.blocks)} blocks, {len(weights)} small pictures of "
        "4 by 4 weights. Most have a few strong weights of either sign.",
    )


show_units(model)

# %% [markdown]
# ## Where to go from here
#
# - Change a setting and see what it does: `Settings(num_layers=1)`, or `rotation=0`
#   with `shift=0`.
# - Take the comparison seriously: [`mixer_digits`][] trains on five splits with one
#   command and keeps the record.
# - See the parts: [`TokenMixing`][], [`ChannelMixing`][], [`training`][],
#   [`augmentation`][].
