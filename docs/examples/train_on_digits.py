# %% [markdown]
# # Train a Mixer on digits
#
# A network of a few small matrices learns to read handwriting, in under a minute on one
# processor core. We watch it learn, test it on images that it has never seen, compare
# it with two classical methods, look at what it gets wrong, and at the weights with
# which it mixes tokens.
#
# It is the same training as [`mixer_images`][], which is also a command. Here the loop
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

from labml_style_nn.data.digits import split_digits
from labml_style_nn.data.images import take
from labml_style_nn.experiments import figures
from labml_style_nn.experiments.classification import ImageTask, augmented, predict
from labml_style_nn.experiments.mixer_images import Settings, build_model
from labml_style_nn.experiments.recorded import recorded
from labml_style_nn.experiments.records import summary
from labml_style_nn.experiments.training import Trainer

torch.set_num_threads(1)  # the matrices are small: more threads would only wait

# %% [markdown]
# ## The images
#
# 1,437 digits to learn from and 360 for the test, drawn at random, with the same share
# of each digit in both ([`digits`][]). Until the training is over, nobody looks at the
# test.

# %%
settings = Settings(seed=1)
train, test = split_digits(settings.seed)
print(len(train.labels), "to learn from,", len(test.labels), "for the test")

# %% [markdown]
# Here are some of them. They have $8 \times 8$ pixels, so a few need a second look from
# us as well.


# %% tags=["hide-input"]
def show_digits(digits, alt):
    """Draw digits in rows of twelve, with a gap of two pixels between them."""
    padded = F.pad(digits.images[:, 0], (1, 1, 1, 1))
    mosaic = rearrange(padded, "(r c) h w -> (r h) (c w)", c=12)
    figure, axes = figures.draw(5.2, 0.45 * len(digits.labels) / 12)
    figures.picture(axes, figures.tint(mosaic, figures.INK))
    figures.show(figure, alt)


some = take(train, torch.arange(36))
names = " ".join(map(str, some.labels.tolist()))
show_digits(some, f"36 handwritten digits in three rows: {names}.")

# %% [markdown]
# ## What changes and what stays
#
# So few images could be learned by heart. That is why most are turned, moved, scaled
# and slanted a little, differently in every epoch ([`random_affine`][]). Here is one
# digit, as twelve epochs might show it.

# %%
_ = torch.manual_seed(0)
twelve = take(train, torch.full((12,), 3))
twelve = twelve._replace(images=augmented(twelve.images, settings))
show_digits(
    twelve,
    f"The same handwritten {twelve.labels[0]}, twelve times, in slightly different "
    "positions and shapes.",
)

# %% [markdown]
# ## The network
#
# An [`MLPMixer`][], like the paper's in all but size. Its last layer starts at zero, so
# at first it finds every digit equally likely, and its loss is $\ln 10$.

# %%
model = build_model(settings)

with torch.no_grad():
    first_loss = F.cross_entropy(model(train.images), train.labels)
assert math.isclose(first_loss, math.log(10), rel_tol=1e-5)

parameters = sum(p.numel() for p in model.parameters())
print(f"{len(model.blocks)} blocks, {parameters:,} parameters, loss {first_loss:.3f}")

# %% [markdown]
# ## Training
#
# The [task][ImageTask] gives the images of each step and says how far off the network
# is on them. In an epoch, the [`Trainer`][] shows the network each image once and takes
# a step after each batch. That, repeated, is all.

# %%
trainer = Trainer(model, ImageTask(train, test, settings), settings)
history = []
for _ in tqdm(range(settings.epochs), unit="epoch", mininterval=5):
    report = trainer.train_epoch()
    history.append(report)

print(f"loss {report.loss:.3f}, {report.accuracy:.1%} right, on changed images")

# %% [markdown]
# The curves tell how it went. Both are taken while the network learns, on images that
# were just changed. The loss cannot reach zero: its labels are smoothed
# ([`classification`][]).

# %% tags=["hide-input"]
figure, (above, below) = figures.draw(5.2, 4.0, rows=2)
epochs = range(1, len(history) + 1)
above.plot(epochs, [report.loss for report in history], color=figures.TOKENS)
above.set(ylabel="loss (nats)", ylim=(0, 2.4))
rates = [100 * report.accuracy for report in history]
below.plot(epochs, rates, color=figures.CHANNELS)
below.set(ylabel="right answers (%)", xlabel="epoch", ylim=(0, 102))
figures.show(
    figure,
    f"Two curves over {len(history)} epochs. The loss falls from {history[0].loss:.1f} "
    f"to {report.loss:.2f}; the share of right answers rises from "
    f"{history[0].accuracy:.0%} to {report.accuracy:.1%}.",
)

# %% [markdown]
# ## The test
#
# Now the 360 other images, once, to the network with the averaged weights. For
# comparison, two methods from scikit-learn learn from the same images and take the same
# test: a support vector machine and the five nearest neighbours, both with the default
# settings.

# %%
network = trainer.average.module
named = predict(network, test.images)
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
# Three methods within a few images of each other: on a set this small, one split says
# little. Over the five splits that [`mixer_images`][] has recorded, with their means
# and standard deviations:

# %%
print("MLP-Mixer,", summary(recorded("mixer_images", "digits")))

for classifier in (SVC(), KNeighborsClassifier()):
    shares = []
    for seed in range(5):
        some, others = split_digits(seed)
        classifier.fit(some.images.flatten(1).numpy(), some.labels)
        shares.append(classifier.score(others.images.flatten(1).numpy(), others.labels))
    shares = 100 * torch.tensor(shares)
    print(f"{type(classifier).__name__}: {shares.mean():.2f} ± {shares.std():.2f} %")

# %% [markdown]
# ## Which digits it confuses
#
# In the *confusion matrix* there is a row for each true digit and a column for each
# answer. Right answers are on the diagonal.

# %% tags=["hide-input"]
matrix = confusion_matrix(test.labels, named)
wrong = matrix * (1 - torch.eye(10, dtype=int).numpy())

figure, axes = figures.draw(4.2, 4.0)
figures.picture(axes, figures.tint(matrix / matrix.max() * 0.45, figures.CHANNELS))
figures.table(axes, figures.tint((wrong > 0) * 0.6, figures.TOKENS))
for true, answer in zip(*matrix.nonzero(), strict=True):
    axes.text(answer, true, matrix[true, answer], ha="center", va="center", size=9)
axes.set(xticks=range(10), yticks=range(10), xlabel="answer", ylabel="truth")
axes.tick_params(length=0)

taken = [f"{t} taken for {a}" for t, a in zip(*wrong.nonzero(), strict=True)]
figures.show(
    figure,
    f"A table of 10 by 10. {matrix.trace()} answers are on the diagonal. Off it: "
    f"{', '.join(taken) or 'none'}.",
)

# %% [markdown]
# ## Its mistakes, and its closest calls
#
# Each answer comes with a probability for each digit. These are the eight images of the
# test on which the network gave the truth the least, mistakes first. Would you have
# known?

# %%
with torch.no_grad():
    probabilities = network(test.images).softmax(dim=1)
of_the_truth = probabilities.gather(1, test.labels[:, None]).squeeze(1)
hardest = of_the_truth.argsort()[:8]

# %% [markdown]
# Above each image stands what it is; below it, the network's answer and how sure it
# was.

# %% tags=["hide-input"]
figure, grid = figures.draw(5.2, 3.4, rows=2, columns=4)
told = []
for axes, index in zip(grid.flat, hardest, strict=True):
    label, answer = test.labels[index].item(), named[index].item()
    figures.picture(axes, figures.tint(test.images[index, 0], figures.INK))
    colour = figures.CHANNELS if answer == label else figures.TOKENS
    sure = probabilities[index].max()
    axes.set(title=f"a {label}")
    axes.set_xlabel(f"“{answer}”, {sure:.0%}", color=colour)
    told.append(f"a {label} read as {answer}")
figures.show(figure, f"The eight hardest images of the test: {', '.join(told)}.")

# %% [markdown]
# ## How it mixes tokens
#
# A hidden unit of token mixing ([`TokenMixing`][]) has one weight for each patch of the
# image. These $4 \times 4$ weights are a picture: where the unit looks, and what it
# compares with what. Warm is positive, cool is negative. The paper shows such pictures
# of a large Mixer (section 3.5): some of its units look at the whole image and others
# at a small part, and many come in pairs of opposite sign.

# %% tags=["hide-input"]
figure, grid = figures.draw(5.2, 3.0, rows=len(network.blocks))
for number, (axes, block) in enumerate(zip(grid, network.blocks, strict=True), 1):
    weights = block.token_mixing.fc1.weight.detach()
    pictures = rearrange(weights, "(r u) (h w) -> r u h w", r=2, h=4)
    pictures = F.pad(pictures, (0, 1, 0, 1))
    pictures = rearrange(pictures, "r u h w -> (r h) (u w)")
    figures.picture(axes, figures.signed(pictures))
    axes.set(ylabel=f"block {number}")
figures.show(
    figure,
    f"For each of {len(network.blocks)} blocks, {len(weights)} small pictures of 4 by "
    "4 weights, coloured by sign and size.",
)

# %% [markdown]
# ## Where to go from here
#
# - Change a setting and see what it does: `Settings(num_layers=1)`, or `rotation=0`
#   with `shift=0`.
# - Take the comparison seriously: [`mixer_images`][] trains on five splits with one
#   command and keeps the record.
# - See the parts: [`TokenMixing`][], [`ChannelMixing`][], [`training`][],
#   [`augmentation`][].
