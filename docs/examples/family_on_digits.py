# %% [markdown]
# # The family on digits
#
# Six networks that differ in how they mix tokens, and in as little else as possible:
# the same splits of the handwritten digits, the same recipe, four blocks, sixteen
# tokens, equally many parameters. The training took place beforehand and is on record
# ([`family_digits`][]); here we look at it, and train one of them for a moment.

# %%
import statistics

import torch

from labml_style_nn.data.digits import split_digits
from labml_style_nn.experiments import figures
from labml_style_nn.experiments.classification import ImageTask
from labml_style_nn.experiments.family_digits import FAMILY, Settings, build_model
from labml_style_nn.experiments.recorded import recorded
from labml_style_nn.experiments.training import Trainer

torch.set_num_threads(1)  # the matrices are small: more threads would only wait

# %% [markdown]
# ## Equal size
#
# The size to meet is that of the Mixer of [`mixer_images`][]. The width of the
# channel-mixing MLP makes up for what token mixing costs: FNet, which learns nothing
# there, has the widest but for gMLP, whose MLP comes in two halves.

# %%
for model in FAMILY:
    network = build_model(Settings(model=model))
    parameters = sum(weight.numel() for weight in network.parameters())
    print(f"{model:10} {parameters:,} parameters")

# %% [markdown]
# ## One of them, for a moment
#
# Five epochs, with the [task][ImageTask] and the [`Trainer`][] that all of them have.
# The shares are of changed images, while the network learns.

# %%
settings = Settings(model="fnet", epochs=5, warmup_epochs=1)
train, test = split_digits(settings.seed)
trainer = Trainer(build_model(settings), ImageTask(train, test, settings), settings)
for epoch in range(1, settings.epochs + 1):
    report = trainer.train_epoch()
    print(f"epoch {epoch}: loss {report.loss:.2f}, {report.accuracy:.0%} right")

# %% [markdown]
# ## All of them, to the end
#
# Five splits each, 40 epochs. The standard deviation is over the splits.

# %%
runs = {model: [] for model in FAMILY}
for result in recorded("family_digits", "digits"):
    runs[result["settings"]["model"]].append(result)

for model, results in runs.items():
    shares = [100 * result["test_accuracy"] for result in results]
    seconds = statistics.mean(result["cpu_seconds"] for result in results)
    print(
        f"{model:10} {statistics.mean(shares):.2f} ± {statistics.stdev(shares):.2f} % "
        f"right in the test, {seconds:3.0f} CPU-seconds"
    )

# %% [markdown]
# And this is how they got there: the share of wrong answers on the test images, on a
# scale where each line down is a tenth. Every split is a line; those of the Mixer stand
# behind the others in grey. No decision was made by these curves.

# %% tags=["hide-input"]
figure, grid = figures.draw(6.4, 4.6, rows=2, columns=3)


def draw(axes, model, colour):
    """Draw a line for each split; no mistake at all counts as half a one."""
    for result in runs[model]:
        shares = result["curve"]["test_accuracy"]
        wrong = [max(1 - share, 0.5 / 360) for share in shares]
        axes.plot(range(1, len(wrong) + 1), wrong, color=colour, linewidth=1)


for axes, model in zip(grid.flat, FAMILY, strict=True):
    draw(axes, "mixer", figures.INK)
    if model != "mixer":
        draw(axes, model, figures.CHANNELS)
    axes.set(title=model, yscale="log", ylim=(1e-3, 1))
for axes in grid[1]:
    axes.set_xlabel("epoch")
for axes in grid[:, 0]:
    axes.set_ylabel("wrong answers")

means = {
    model: statistics.mean(result["test_accuracy"] for result in results)
    for model, results in runs.items()
}
figures.show(
    figure,
    "Six panels of falling curves, one panel for each network, five lines in each. At "
    "the end they are right in "
    + ", ".join(f"{share:.1%} ({model})" for model, share in means.items())
    + ".",
)

# %% [markdown]
# ## How to read it
#
# The recipe was chosen for the Mixer. The set is small and easy, and between five
# splits the results differ about as much as between networks. So this says that all six
# ways to mix tokens work, and little about which is best: that depends on the images,
# their number and the time ([the page of the experiment][family_digits]).
