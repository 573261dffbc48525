# %% [markdown]
# # Learning curves: the family on digits
#
# Six networks that differ in how they mix tokens, under equal conditions: the same
# splits of the handwritten digits, the same hyperparameters, four blocks, sixteen
# tokens, equally many parameters. They were trained beforehand, and the results are on
# record ([`family_digits`][]); here we look at them, and train one for five epochs.

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
# channel-mixing MLP makes up for what token mixing costs: FNet, which has no parameters
# there, has the widest but for gMLP, whose MLP comes in two halves.

# %%
for model in FAMILY:
    network = build_model(Settings(model=model))
    parameters = sum(weight.numel() for weight in network.parameters())
    print(f"{model:10} {parameters:,} parameters")

# %% [markdown]
# ## Train one for five epochs
#
# With the [task][ImageTask] and the [`Trainer`][] of all experiments. The accuracy is
# that on augmented training images.

# %%
settings = Settings(model="fnet", epochs=5, warmup_epochs=1)
train, test = split_digits(settings.seed)
trainer = Trainer(build_model(settings), ImageTask(train, test, settings), settings)
for epoch in range(1, settings.epochs + 1):
    report = trainer.train_epoch()
    print(f"epoch {epoch}: loss {report.loss:.2f}, accuracy {report.accuracy:.0%}")

# %% [markdown]
# ## Test accuracy of all six
#
# Five splits each, 40 epochs. Mean and standard deviation over the splits.

# %%
runs = {model: [] for model in FAMILY}
for result in recorded("family_digits", "digits"):
    runs[result["settings"]["model"]].append(result)

for model, results in runs.items():
    shares = [100 * result["test_accuracy"] for result in results]
    seconds = statistics.mean(result["cpu_seconds"] for result in results)
    print(
        f"{model:10} test accuracy {statistics.mean(shares):.2f} ± "
        f"{statistics.stdev(shares):.2f} %, {seconds:3.0f} CPU-seconds"
    )

# %% [markdown]
# The learning curves: the test error after each epoch, on a logarithmic scale. Each
# split is a line; those of the Mixer are repeated behind the others. No choice
# was made by these curves.

# %% tags=["hide-input"]
figure, grid = figures.draw(6.4, 4.6, rows=2, columns=3)


def draw(axes, model, colour):
    """Draw a line for each split; no error at all is drawn as half an error."""
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
    axes.set_ylabel("test error")

means = {
    model: statistics.mean(result["test_accuracy"] for result in results)
    for model, results in runs.items()
}
figures.show(
    figure,
    "Six panels of falling test errors, one for each network, five lines in each. "
    "The mean test accuracy at the end is "
    + ", ".join(f"{share:.1%} ({model})" for model, share in means.items())
    + ".",
)

# %% [markdown]
# ## How to read it
#
# The hyperparameters were chosen for the Mixer. The data set is small and easy, and the
# results differ between splits about as much as between networks. So this shows that
# all six ways to mix tokens work, and little about which is best: that depends on the
# images, their number and the training time ([the page of the
# experiment][family_digits]).
