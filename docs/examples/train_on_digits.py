# %% [markdown]
# # Train a Mixer on digits
#
# A small Mixer learns to classify handwritten digits, in under a minute on one
# processor core. We plot its learning curves, test it on images that it was not trained
# on, compare it with two classical methods, and look at its errors and at the weights
# with which it mixes tokens.
#
# It is the same training as that of the command [`mixer_images`][], step by step.

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
# 1,437 training images and 360 test images, drawn at random, with the same share of
# each digit in both (`data/digits.py`). The test set is not used until the training is
# over.

# %%
settings = Settings(seed=1)
train, test = split_digits(settings.seed)
print(len(train.labels), "training images,", len(test.labels), "test images")

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
show_digits(some, f"36 handwritten digits in three rows: “{names}”.")

# %% [markdown]
# ## Data augmentation
#
# With so few images the network would *overfit*: it would learn the training images by
# heart. Against that, most images are rotated, moved, scaled and sheared a little,
# differently in each epoch ([`random_affine`][]). Here is one digit, as twelve epochs
# might show it.

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
# An [`MLPMixer`][], like the paper's in all but size. Its last layer is initialised
# with zeros, so at first all digits are equally likely, and its cross-entropy is
# $\ln 10$.

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
# The [task][ImageTask] gives the batch of each step and computes the loss on it. In an
# epoch, the [`Trainer`][] goes through all training images once and takes a step after
# each batch.

# %%
trainer = Trainer(model, ImageTask(train, test, settings), settings)
history = []
for _ in tqdm(range(settings.epochs), unit="epoch", mininterval=5):
    report = trainer.train_epoch()
    history.append(report)

print(f"loss {report.loss:.3f}, accuracy {report.accuracy:.1%}, on augmented images")

# %% [markdown]
# The learning curves. Both are measured during training, on augmented images. The loss
# cannot reach zero because of label smoothing ([`classification`][]).

# %% tags=["hide-input"]
figure, (above, below) = figures.draw(5.2, 4.0, rows=2)
epochs = range(1, len(history) + 1)
above.plot(epochs, [report.loss for report in history], color=figures.TOKENS)
above.set(ylabel="training loss (nats)", ylim=(0, 2.4))
rates = [100 * report.accuracy for report in history]
below.plot(epochs, rates, color=figures.CHANNELS)
below.set(ylabel="training accuracy (%)", xlabel="epoch", ylim=(0, 102))
figures.show(
    figure,
    f"Two curves over {len(history)} epochs. The loss falls from {history[0].loss:.1f} "
    f"to {report.loss:.2f}; the training accuracy rises from "
    f"{history[0].accuracy:.0%} to {report.accuracy:.1%}.",
)

# %% [markdown]
# ## Test accuracy
#
# Now the network with the averaged weights is tested once on the 360 test images. For
# comparison, two methods from scikit-learn are fitted to the same training images and
# tested on the same test images: a support vector machine and the five nearest
# neighbours, both with the default settings.

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
# ## Confusion matrix
#
# The *confusion matrix* has a row for each true digit and a column for each prediction.
# Correct predictions are on the diagonal.

# %% tags=["hide-input"]
matrix = confusion_matrix(test.labels, named)
wrong = matrix * (1 - torch.eye(10, dtype=int).numpy())

figure, axes = figures.draw(4.2, 4.0)
figures.picture(axes, figures.tint(matrix / matrix.max() * 0.45, figures.CHANNELS))
figures.table(axes, figures.tint((wrong > 0) * 0.6, figures.TOKENS))
for true, answer in zip(*matrix.nonzero(), strict=True):
    axes.text(answer, true, matrix[true, answer], ha="center", va="center", size=9)
axes.set(
    xticks=range(10), yticks=range(10), xlabel="predicted class", ylabel="true class"
)
axes.tick_params(length=0)

taken = [f"{t} taken for {a}" for t, a in zip(*wrong.nonzero(), strict=True)]
figures.show(
    figure,
    f"A table of 10 by 10. {matrix.trace()} predictions are on the diagonal. Off it: "
    f"{', '.join(taken) or 'none'}.",
)

# %% [markdown]
# ## Errors, and the least certain predictions
#
# The softmax of the scores is a probability for each digit. These are the eight test
# images whose true class got the lowest probability, errors first. Would you have
# classified them correctly?

# %%
with torch.no_grad():
    probabilities = network(test.images).softmax(dim=1)
of_the_truth = probabilities.gather(1, test.labels[:, None]).squeeze(1)
hardest = of_the_truth.argsort()[:8]

# %% [markdown]
# Above each image is the true class; below it, the predicted class and its probability.

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
# ## Exercises
#
# **Exercise 1.** How exact is a test accuracy that was measured on 360 images? Is the
# difference to the support vector machine larger than that?
#
# **Answer.** If each image is classified correctly with probability $p$, independently,
# the standard error is $\sqrt{p (1 - p) / n}$. That is between one and two images, so a
# difference of this size may be chance.

# %%
p, n = accuracy["MLP-Mixer"], len(test.labels)
print(f"{p:.1%} ± {math.sqrt(p * (1 - p) / n):.1%}, and one image is {1 / n:.1%}")

# %% [markdown]
# **Exercise 2.** The test images are moved by one pixel. What happens to the accuracy?
# And to that of the five nearest neighbours?
#
# **Answer.** The network has seen moved images in training, the neighbours have not.

# %%
moved = test.images.roll(1, dims=3)
share = (predict(network, moved) == test.labels).float().mean()
neighbours = KNeighborsClassifier().fit(pixels, train.labels)
other_share = neighbours.score(moved.flatten(1).numpy(), test.labels)
print(f"MLP-Mixer {share:.1%}, five nearest neighbours {other_share:.1%}")

# %% [markdown]
# **Exercise 3.** Permute the patches of all test images, in the same way for each.
# What does the network make of them? How could you give it back its accuracy without
# any training?
#
# **Answer.** Its token mixing has a weight for each position, so it does no better than
# chance. It is as good as before once the same permutation has been applied to its
# weights: columns of $W_1$, rows of $W_2$, and $b_2$, in each block.

# %%
chance = torch.Generator().manual_seed(0)
order = torch.randperm(16, generator=chance)
patches = rearrange(test.images, "n k (r h) (c w) -> n k h w (r c)", h=2, w=2)
shuffled = rearrange(patches[..., order], "n k h w (r c) -> n k (r h) (c w)", r=4)
share = (predict(network, shuffled) == test.labels).float().mean()
print(f"patches permuted: {share:.1%}")

with torch.no_grad():
    for block in network.blocks:
        mixing = block.token_mixing
        mixing.fc1.weight.copy_(mixing.fc1.weight[:, order])
        mixing.fc2.weight.copy_(mixing.fc2.weight[order])
        mixing.fc2.bias.copy_(mixing.fc2.bias[order])
share = (predict(network, shuffled) == test.labels).float().mean()
print(f"weights permuted as well: {share:.1%}")
assert abs(share - accuracy["MLP-Mixer"]) < 0.003

# %% [markdown]
# ## Where to go from here
#
# - Change a setting and see what it does: `Settings(num_layers=1)`, or `rotation=0`
#   with `shift=0`.
# - Repeat the comparison on five splits: [`mixer_images`][] trains on all of them with
#   one command and keeps a record.
# - See the parts: [`TokenMixing`][], [`ChannelMixing`][], [`training`][],
#   [`augmentation`][].
