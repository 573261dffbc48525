# %% [markdown]
# # Results
#
# The results of the experiments on small benchmarks: test accuracy, cross-entropy,
# few-shot accuracy and cost. The numbers and curves are read from records when the site
# is built: lines of JSON, each written by a run of the command that is named with it.
# Results of others stand apart, with their source.
#
# The runs are small enough for a processor without a GPU: minutes, not days. They say
# how these networks compare at that size, and not how they compare at the size of the
# papers.

# %% tags=["hide-input"]
from html import escape
from importlib import resources
from itertools import product
from statistics import mean

import numpy as np
from IPython.display import HTML, display

from labml_style_nn.experiments import ablation, data_scale, figures, records
from labml_style_nn.experiments import family_budget as budgets
from labml_style_nn.experiments.figures import show_table
from labml_style_nn.experiments.recorded import recorded
from labml_style_nn.experiments.records import spread
from labml_style_nn.experiments.token_cost import fit


def duration(seconds):
    """Seconds, or minutes where they are many."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def circumstances(record):
    """Versions, machine and date of a record."""
    versions = ", ".join(f"{k} {v}" for k, v in record["versions"].items())
    threads = f"{record['threads']} thread" + "s" * (record["threads"] != 1)
    parts = [record["processor"], record["gpu"], threads, f"Python {record['python']}"]
    return "; ".join([*filter(None, parts), versions, record["time"][:10]])


def alike(results):
    """Records of one command, seed by seed."""
    groups = {}
    for record in results:
        groups.setdefault(record["command"], []).append(record)
    return groups.values()


def commands(*groups):
    """How each group of records was made, in a folded list."""
    items = []
    for group in groups:
        first = group[0]
        seeds = ", ".join(str(record.get("seed", 0)) for record in group)
        note = first.get("note", "")
        told = f"<br>{escape(note[:1].upper() + note[1:])}." if note else ""
        # As it was recorded, whatever the language of the page.
        items.append(
            f"<li><code>{escape(first['command'])}</code><br>"
            f'<samp lang="en">seed {seeds}; {escape(circumstances(first))}</samp>'
            f"{told}</li>"
        )
    display(
        HTML(
            "<details><summary>Commands, seeds, versions and hardware</summary>"
            f"<ul>{''.join(items)}</ul></details>"
        )
    )


# %% [markdown]
# ## Image classification
#
# A [Mixer][mixer_images], a [ConvMixer][conv_mixer_images] and on CIFAR-10 a
# [Vision Transformer][vit_images], trained from scratch.
# The averaged weights ([`ema`][]) are tested once, at the end. *Time* is the processor
# time of one thread for the whole training, and ± the standard deviation over the runs.

# %% tags=["hide-input"]
SETS = {"digits": "Digits", "fashion-mnist": "Fashion-MNIST", "cifar10": "CIFAR-10"}
NETWORKS = {
    "mixer_images": "MLP-Mixer",
    "conv_mixer_images": "ConvMixer",
    "vit_images": "ViT",
}

runs = {
    (data, experiment): found
    for data in SETS
    for experiment in NETWORKS
    if (found := recorded(experiment, data))
}
rows = []
for (data, experiment), group in runs.items():
    first = group[0]
    rows.append(
        (
            f"{SETS[data]}, {NETWORKS[experiment]}",
            spread([100 * record["test_accuracy"] for record in group]),
            f"{first['parameters']:,}",
            first["settings"]["epochs"],
            duration(mean(record["cpu_seconds"] for record in group)),
            len(group),
        )
    )
heads = "Network", "Test accuracy (%)", "Parameters", "Epochs", "Time", "Runs"
show_table(heads, rows, heads[-5:])
commands(*runs.values())

# The sentences below are true of the records.
for network in NETWORKS:
    (cifar,) = runs["cifar10", network]
    assert cifar["verified"] is False
    assert "98 of the 60,000" in cifar["note"]

# %% [markdown]
# Four caveats. On digits, the hyperparameters were chosen on the training images of
# one split, which are test images of the others ([details][mixer_images]). CIFAR-10 and
# Fashion-MNIST have one run each. The ViT was trained on another processor, and its
# time cannot be compared. And the runs on CIFAR-10 used a copy of which 98
# of the 60,000 images are not the official ones but come from JPEG files. With
# the official files, which are downloaded and checked, the commands are
#
# ```sh
# python -m labml_style_nn.experiments.mixer_images --data cifar10
# python -m labml_style_nn.experiments.conv_mixer_images --data cifar10
# python -m labml_style_nn.experiments.vit_images --data cifar10
# ```
#
# They take about a quarter of an hour each on one processor core, and were not run here
# with these files.
#
# The learning curves: training loss above; below, the accuracy on the validation set,
# or for digits on the test set, after each epoch.

# %% tags=["hide-input"]
COLOURS = {
    "mixer_images": figures.TOKENS,
    "conv_mixer_images": figures.CHANNELS,
    "vit_images": figures.INK,
}

figure, axes = figures.draw(7.2, 4.6, rows=2, columns=len(SETS))
told = []
for (data, experiment), group in runs.items():
    above, below = axes[:, [*SETS].index(data)]
    for record in group:
        curve = record["curve"]
        epochs = range(1, len(curve["loss"]) + 1)
        accuracy = next(v for k, v in curve.items() if k.endswith("_accuracy"))
        style = {"color": COLOURS[experiment], "linewidth": 1.2}
        label = NETWORKS[experiment] if record is group[0] else None
        above.plot(epochs, curve["loss"], label=label, **style)
        below.plot(epochs, [100 * share for share in accuracy], **style)
    above.set(title=SETS[data])
    below.set(xlabel="epoch")
    told.append(
        f"{NETWORKS[experiment]} on {SETS[data]} ends at {100 * accuracy[-1]:.1f} %"
    )
axes[0, 0].set(ylabel="training loss (nats)")
axes[0, -1].legend(fontsize=9)
axes[1, 0].set(ylabel="accuracy (%)")
figures.show(
    figure,
    "Curves of training loss and accuracy over the epochs, warm for the Mixer, cool "
    f"for ConvMixer and in the colour of the text for the ViT. {'; '.join(told)}.",
)

# %% [markdown]
# ### Published results on CIFAR-10
#
# Trained from scratch on a GPU by others. These are quoted and were not repeated here.
# The first two commands above have networks of that size as `--full`, which were not
# run either.
#
# | Network | Test accuracy (%) | Parameters | Epochs |
# |---|--:|--:|--:|
# | [Mixer-Nano][nano], with AutoAugment and CutMix | 90.83 | 0.67 M | 300 |
# | [ConvMixer-256/8][authors], kernel 5, patches of 2 pixels | 92.5 | 0.59 M | 25 |
# | [ViT][vit-cifar], with AutoAugment | 91.01 | 6.3 M | 200 |
#
# [nano]: https://github.com/omihub777/MLP-Mixer-CIFAR
# [authors]: https://github.com/locuslab/convmixer-cifar10
# [vit-cifar]: https://github.com/omihub777/ViT-CIFAR

# %% [markdown]
# ## The family at equal parameters
#
# Networks of [the family](family.py) on digits, with about the same number of
# parameters, the same hyperparameters and the same number of epochs
# ([`family_digits`][]). The seed determines the split, and all networks are trained on
# the same five splits.

# %% tags=["hide-input"]
MEMBERS = {
    "mixer": "MLP-Mixer",
    "resmlp": "ResMLP",
    "gmlp": "gMLP",
    "fnet": "FNet",
    "conv_mixer": "ConvMixer",
    "vit": "ViT",
}
FAMILY = recorded("family_digits", "digits")

by_model = {}
for record in FAMILY:
    by_model.setdefault(record["settings"]["model"], []).append(record)
rows = [
    (
        MEMBERS[model],
        spread([100 * record["test_accuracy"] for record in group]),
        f"{group[0]['parameters']:,}",
        duration(mean(record["cpu_seconds"] for record in group)),
        len(group),
    )
    for model, group in by_model.items()
]
rows.sort(key=lambda row: row[1], reverse=True)
heads = "Network", "Test accuracy (%)", "Parameters", "Time", "Runs"
show_table(heads, rows, heads[-4:])
commands(*by_model.values())

# %% [markdown]
# Differences smaller than the standard deviation say little: a test set has 360 images,
# and one of them is 0.28 %.

# %% [markdown]
# ## Masked language modelling
#
# Two networks predict the masked characters of a text: one that mixes tokens by
# [attention][layers.attention], and one with a [Mixer in its place][drop_in_mixer], at
# the same number of parameters ([`masked_language`][]). The cross-entropy is that at
# the masked positions, in bits per character.

# %% tags=["hide-input"]
TEXTS = {
    "standard-library": "Python's library",
    "tiny-shakespeare": "Shakespeare",
}
ENCODERS = {"mixer": "Mixer", "attention": "attention"}

texts = [group for text in TEXTS if (group := recorded("masked_language", text))]
rows = []
for record in (record for group in texts for record in group):
    settings = record["settings"]
    rows.append(
        (
            f"{TEXTS[settings['data']]}, {ENCODERS[settings['encoder']]}",
            f"{record['test_bits']:.3f}",
            f"{100 * record['test_accuracy']:.2f}",
            f"{record['parameters']:,}",
            settings["epochs"],
            duration(record["cpu_seconds"]),
        )
    )
BASELINES = {
    "frequency": "baseline: character frequency",
    "neighbours": "baseline: the two neighbours",
}
for group in texts:
    record = group[0]
    for name, words in BASELINES.items():
        bits = record[f"{name}_nats"] / np.log(2)
        share = 100 * record[f"{name}_accuracy"]
        text = f"{TEXTS[record['settings']['data']]}, {words}"
        rows.append((text, f"{bits:.3f}", f"{share:.2f}", "–", "–", "–"))
heads = (
    "Network",
    "Cross-entropy (bits per character)",
    "Test accuracy (%)",
    "Parameters",
    "Epochs",
    "Time",
)
show_table(heads, rows, heads[-5:])
commands(*texts)

# %% [markdown]
# The learning curves on Python's library, measured on the validation text.

# %% tags=["hide-input"]
figure, (left, right) = figures.draw(7.2, 2.8, columns=2)
told = []
for record in texts[0]:
    curve, encoder = record["curve"], record["settings"]["encoder"]
    colour = figures.TOKENS if encoder == "mixer" else figures.INK
    epochs = range(1, len(curve["validation_nats"]) + 1)
    bits = [nats / np.log(2) for nats in curve["validation_nats"]]
    left.plot(epochs, bits, color=colour, label=encoder)
    rights = [100 * share for share in curve["validation_accuracy"]]
    right.plot(epochs, rights, color=colour)
    told.append(f"{encoder} ends at {bits[-1]:.2f} bits and {rights[-1]:.1f} %")
left.set(xlabel="epoch", ylabel="cross-entropy (bits)")
right.set(xlabel="epoch", ylabel="accuracy (%)")
left.legend(fontsize=9)
figures.show(
    figure,
    "Two plots over the epochs, on the validation text: the cross-entropy at masked "
    f"characters falls, and the accuracy rises. {'; '.join(told)}.",
)

# %% [markdown]
# ## Few-shot linear probe
#
# Networks are trained on one half of the classes. A linear classifier is then fitted to
# their features of five examples of each class of the other half ([`few_shot`][]): its
# test accuracy, with the standard deviation over the draws of the examples.

# %% tags=["hide-input"]
PROBES = {data: recorded("few_shot", data) for data in SETS}
PROBES = {data: group for data, group in PROBES.items() if group}

names = [*next(iter(PROBES.values()))[0]["accuracies"]]
rows = []
for name in names:
    shares = [
        [100 * s for record in group for s in record["accuracies"][name]]
        for group in PROBES.values()
    ]
    rows.append((escape(name), *(spread(some, 1) for some in shares)))
heads = ["Features", *(f"{SETS[data]}, 5-shot accuracy (%)" for data in PROBES)]
show_table(heads, rows, heads[1:])
commands(*PROBES.values())

# %% [markdown]
# ## Throughput and cost
#
# Time and peak memory of a training step against the number of tokens, with the fit of
# a linear and a quadratic term ([`token_cost`][]).

# %% tags=["hide-input"]
folder = resources.files("labml_style_nn.experiments") / "results"
(COST,) = records.read(folder / "token_cost.jsonl")

tokens = COST["tokens"]
lines = {
    "Mixer": {"color": figures.TOKENS},
    "ConvMixer": {"color": figures.CHANNELS},
    "ViT": {"color": figures.INK},
    "ViT, written out": {"color": figures.INK, "linestyle": (0, (4, 2))},
}
kinds = {
    "training": ("time per training step (s)", 1),
    "memory": ("peak memory (MB)", 1e-6),
}
figure, axes = figures.draw(7.2, 3.4, columns=2)
smooth = np.linspace(tokens[0], tokens[-1], 200)
for ax, (kind, (label, unit)) in zip(axes, kinds.items(), strict=True):
    for name, style in lines.items():
        values = COST["curves"][name][kind]
        found = fit(tokens, values)
        curve = found.linear * smooth + found.quadratic * smooth**2
        ax.plot(smooth, curve * unit, label=name, **style)
        ax.plot(tokens, np.array(values) * unit, "o", color=style["color"], ms=3)
    ax.set(xlabel="number of tokens", ylabel=label, ylim=(0, None))
axes[0].legend(fontsize=9)
figures.show(
    figure,
    "Two plots against the number of tokens, dots for measurements and lines for fits. "
    "In time, Mixer and ConvMixer rise in a straight line and both ViTs bend upward. "
    "In memory only the ViT with attention written out bends upward.",
)

# %% [markdown]
# The quadratic term of the fit, as a share of the whole at the largest number of
# tokens:

# %% tags=["hide-input"]
rows = []
for name, curves in COST["curves"].items():
    cells = []
    for kind in ("forward", "training", "memory"):
        found = fit(tokens, curves[kind])
        cells += [f"{100 * found.share(tokens[-1]):.0f} %"]
    rows.append((escape(name), *cells))
heads = (
    f"Quadratic share at {tokens[-1]:,} tokens",
    "Time, forward",
    "Time, training",
    "Memory",
)
show_table(heads, rows, heads[-3:])
commands([COST])

# %% [markdown]
# ## Findings of the paper, in small
#
# [What the paper found](findings.py) sets these experiments beside the findings of the
# MLP-Mixer paper. Here are their numbers, with the command of each run.
#
# **Training images.** Test accuracy against the size of the training set, on
# Fashion-MNIST ([`data_scale`][]).

# %% tags=["hide-input"]
SCALE_RUNS = recorded("data_scale", "fashion-mnist")
found = data_scale.accuracies(SCALE_RUNS)
images = sorted({size for sizes in found.values() for size in sizes})
rows = [
    (
        f"{size:,}",
        *(spread(sizes[size]) if size in sizes else "–" for sizes in found.values()),
    )
    for size in images
]
heads = [
    "Training images",
    *(f"{data_scale.NAMES[m]}, test accuracy (%)" for m in found),
]
show_table(heads, rows, heads[1:])
commands(*alike(SCALE_RUNS))

# %% [markdown]
# **Shuffled pixels.** Test accuracy on images whose patches and pixels are shuffled
# ([`pixel_order`][]).

# %% tags=["hide-input"]
ORDERED = {"mixer": "MLP-Mixer", "conv_mixer": "ConvMixer", "vit": "ViT", "mlp": "MLP"}
ORDERS = "original", "patches", "pixels"
rows, groups = [], []
for data, model in product(SETS, ORDERED):
    runs_by_order = [
        [
            run
            for run in recorded("pixel_order", data)
            if (run["settings"]["model"], run["settings"]["order"]) == (model, order)
        ]
        for order in ORDERS
    ]
    if all(runs_by_order):
        cells = [
            spread([100 * run["test_accuracy"] for run in group])
            for group in runs_by_order
        ]
        first = runs_by_order[0]
        size = f"{first[0]['parameters']:,}"
        rows.append((f"{SETS[data]}, {ORDERED[model]}", *cells, size, len(first)))
        groups += runs_by_order
heads = (
    "Network",
    "Original order (%)",
    "Patches shuffled (%)",
    "All pixels shuffled (%)",
    "Parameters",
    "Runs",
)
show_table(heads, rows, heads[1:])
commands(*groups)

# %% [markdown]
# **Ablations.** A Mixer without one of its parts, and the difference from the whole
# network on the same split, with its standard deviation ([`ablation`][]).

# %% tags=["hide-input"]
ABLATED = {data: recorded("ablation", data) for data in SETS}
rows, groups = [], []
for data, results in ABLATED.items():
    for row in ablation.TAKEN_AWAY + ablation.WIDTHS:
        if group := ablation.runs_of(results, row.changes):
            change = (
                ablation.differences(results, row) if row.against is not None else []
            )
            name = f"{SETS[data]}, {row.name}"
            accuracy = spread([100 * run["test_accuracy"] for run in group])
            size = f"{group[0]['parameters']:,}"
            rows.append(
                (name, accuracy, spread(change) if change else "–", size, len(group))
            )
            groups.append(group)
heads = "Network", "Test accuracy (%)", "Difference (points)", "Parameters", "Runs"
show_table(heads, rows, heads[1:])
commands(*groups)

# %% [markdown]
# **Budgets.** The family on Fashion-MNIST within budgets of parameters and of processor
# time; the Pareto front stands out ([`family_budget`][]). In the figure, a staircase
# joins the best runs within each budget; the best may be a smaller network, of the
# other panel.

# %% tags=["hide-input"]
BUDGET_RUNS = recorded("family_budget", "fashion-mnist")
front = budgets.pareto_front(BUDGET_RUNS)
rows = []
for model, name in budgets.NAMES.items():
    mine = budgets.of(BUDGET_RUNS, model)
    cells = [f"{budgets.accuracy(mine[budget]):.2f}" for budget in budgets.BUDGETS]
    rows.append(
        (
            name,
            *(
                f"<strong>{cell}</strong>" if mine[budget] in front else cell
                for cell, budget in zip(cells, budgets.BUDGETS, strict=True)
            ),
        )
    )
heads = [
    "Network, test accuracy (%)",
    *(
        f"{size:,} parameters, {seconds}\N{NO-BREAK SPACE}s"
        for size, seconds in budgets.BUDGETS
    ),
]
show_table(heads, rows, heads[1:])
figures.show(budgets.scatter(BUDGET_RUNS), budgets.told(BUDGET_RUNS))
commands(*alike(BUDGET_RUNS))

# %% [markdown]
# **Another resolution.** A Mixer for images of 16 pixels, enlarged to 32 and fine-tuned
# ([`higher_resolution`][]): test accuracy before and after.

# %% tags=["hide-input"]
STARTED = {
    "low": "Low resolution",
    "contiguous": "Enlarged, contiguous parts",
    "interleaved": "Enlarged, interleaved parts",
    "scratch": "Random weights",
}
rows, groups = [], []
for start, epochs in product(STARTED, (2, 4, 5)):
    group = [
        run
        for run in recorded("higher_resolution", "fashion-mnist")
        if (run["settings"]["start"], run["settings"]["epochs"]) == (start, epochs)
    ]
    if group:
        rows.append(
            (
                STARTED[start],
                epochs,
                spread([100 * run["accuracy_before"] for run in group]),
                spread([100 * run["test_accuracy"] for run in group]),
                f"{group[0]['parameters']:,}",
                duration(mean(run["cpu_seconds"] for run in group)),
                len(group),
            )
        )
        groups.append(group)
heads = (
    "First weights",
    "Epochs",
    "Before (%)",
    "Test accuracy (%)",
    "Parameters",
    "Time",
    "Runs",
)
show_table(heads, rows, heads[1:])
commands(*groups)

# %% [markdown]
# ## What was not run
#
# The full sizes of the CIFAR-10 experiments, CIFAR-100 and longer texts need a GPU, or
# patience. Their commands are ready: see [how to run them](guide/run.md).
