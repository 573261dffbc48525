r"""# Masked language modelling

Is attention needed for text? Two [masked language models][masked_language_model] are
trained as BERT is, to predict masked characters. They differ in how they mix tokens:
one by [self-attention][layers.attention], the other by a [Mixer][drop_in_mixer]; they
have the same number of parameters to within 0.03 %. The text is the source code of
Python's standard library, which is there wherever Python is, or *Tiny Shakespeare*, a
million characters of plays.

## Run it

```console
$ python -m labml_style_nn.experiments.masked_language
$ python -m labml_style_nn.experiments.masked_language --encoder attention --seeds 1 2
$ python -m labml_style_nn.experiments.masked_language --data tiny-shakespeare
```

The first command trains both networks, one after the other, in seven minutes each on
one processor core, and downloads nothing. `--encoder` chooses one of them. The plays
are downloaded, or taken from the folder that `--folder` names. `--help` lists the
options: every hyperparameter of the [settings][masked_language.Settings] is one. The
results are in `runs/masked_language/`, in a folder for each text and in it one for each
encoder: the run, its result and its learning curves. On the same machine a run gives
the same numbers again.

## The task

[`masked_text`][] describes the task. In short: blocks of 64 characters, of which 15 %
are chosen as in BERT; the last tenth of the text is the test set, and the masked
positions in it are the same for every network. Training takes ten epochs, each with
other masks.

Both networks have three layers with 96 channels and the same feed-forward network:

>>> for encoder in ENCODERS:
...     model = build_model(Settings(encoder=encoder))
...     print(f"{encoder}: {sum(p.numel() for p in model.parameters()):,} parameters")
mixer: 355,495 parameters
attention: 355,591 parameters

## Results

A run of each network on each text comes with the package, with its settings, versions
and times. Test accuracy and cross-entropy at the masked positions, for Python's
library. The cross-entropy is in nats and in bits per character; its exponential is the
*perplexity*:

>>> for found in (results := recorded("masked_language", "standard-library")):
...     print(scores(found))
mixer: accuracy 70.4 %, 1.107 nats (1.597 bits), 355,495 parameters, 406 CPU-seconds
attention: accuracy 72.1 %, 1.039 nats (1.499 bits), 355,591 parameters, 367 CPU-seconds

Two baselines that count characters (`baselines.py`): the frequency of each character,
and the two neighbours of the masked position.

>>> for name in ("frequency", "neighbours"):
...     share, nats = (results[0][f"{name}_{kind}"] for kind in ("accuracy", "nats"))
...     print(f"{name}: accuracy {share:.1%}, {nats:.3f} nats")
frequency: accuracy 31.8%, 3.008 nats
neighbours: accuracy 50.8%, 1.794 nats

Attention is ahead by a small margin: the Mixer reaches most of what attention gains
over the neighbours. In the first epochs the Mixer learned a little faster. Validation
accuracy in per cent, epoch by epoch:

>>> for found in results:
...     shares = found["curve"]["validation_accuracy"]
...     print(found["settings"]["encoder"], *(f"{100 * share:.0f}" for share in shares))
mixer 36 49 55 60 63 65 66 67 67 67
attention 35 47 55 60 63 66 67 68 68 69

The record names the text by Python's version and a checksum:

>>> results[0]["text"]["python"], results[0]["text"]["characters"]
('3.11.7', 1000000)
>>> results[0]["text"] == results[1]["text"]
True

And Shakespeare's plays, with the same recipe:

>>> for found in (plays := recorded("masked_language", "tiny-shakespeare")):
...     print(scores(found))
mixer: accuracy 61.0 %, 1.343 nats (1.938 bits), 355,495 parameters, 325 CPU-seconds
attention: accuracy 62.4 %, 1.288 nats (1.858 bits), 355,591 parameters, 328 CPU-seconds
>>> f"neighbours: accuracy {plays[0]['neighbours_accuracy']:.1%}"
'neighbours: accuracy 41.2%'

In a play the neighbours tell less than in a program, and all accuracies are lower. The
order of the two networks is the same.

We know of no published result for this task and these texts.

## How the hyperparameters were chosen

The hyperparameters are the same for both networks and were tuned for neither. They were
fixed before these runs, after trials of a minute that showed how long a step takes. One
choice was made by such a trial on the training text: sinusoidal position encodings,
with which attention learned faster than with learned embeddings. It favours attention;
a Mixer has no position encoding.

## What this does not say

This is one size, one set of hyperparameters, one seed and a few minutes of training:
with more of any of them the order may change. Attention can read a block of any length
and shares its weights between positions, while a Mixer learns the weights of each
position separately. At equal parameters, a Mixer costs less where blocks are long
([`masked_language_model`][] has the formulas).

## Example

>>> tokens = VOCABULARY.encode("def forward(self, x):".ljust(64))[None]
>>> build_model(Settings())(tokens).shape
torch.Size([1, 64, 103])
"""

import sys
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from labml_style_nn.data.characters import split_text
from labml_style_nn.data.standard_library import load_standard_library
from labml_style_nn.data.tiny_shakespeare import load_tiny_shakespeare
from labml_style_nn.experiments.command import Experiment, Source, main
from labml_style_nn.experiments.masked_text import (
    VOCABULARY,
    MaskedTextTask,
    TextRecipe,
    three_parts,
)
from labml_style_nn.experiments.recorded import recorded as recorded
from labml_style_nn.experiments.records import Record
from labml_style_nn.experiments.seeding import built
from labml_style_nn.experiments.training import option
from labml_style_nn.models.masked_language_model import (
    MaskedLanguageModel,
    attention_language_model,
    mixer_language_model,
)

ENCODERS: dict[str, Callable[..., MaskedLanguageModel]] = {
    "mixer": mixer_language_model,
    "attention": attention_language_model,
}


@dataclass(frozen=True)
class Settings(TextRecipe):
    """## The settings

    The hyperparameters of [`TextRecipe`][], and the sizes of the network.
    """

    data: str = "standard-library"
    epochs: int = option(10, "passes through the training text")
    batch_size: int = option(32, "blocks in a step")
    warmup_epochs: int = option(1, "epochs of linear warm-up")
    weight_decay: float = option(0.05, "decoupled weight decay of matrices")
    gradient_clipping: float = option(1.0, "maximum global gradient norm; 0: none")
    encoder: str = option("mixer", "how tokens are mixed", *ENCODERS)
    characters: int = option(1_000_000, "characters of the standard library")
    dim: int = option(96, "C: channels of a character")
    num_layers: int = option(3, "N: number of layers")
    hidden_dim: int = option(384, "D: width of the feed-forward network")
    num_heads: int = option(6, "h: attention heads")


def build_model(settings: Settings) -> MaskedLanguageModel:
    """Build the network; the seed determines its initial weights.

    **Raises.** `ValueError` for sizes that make no network.
    """
    options = asdict(settings) | {"vocabulary_size": len(VOCABULARY)}
    return built(ENCODERS[settings.encoder], settings.seed, options)


def text_task(settings: Settings, source: Source) -> MaskedTextTask:
    """Load the text of the settings, and make the task of it.

    **Raises.** `DataError` if the text cannot be had, and `ValueError` if it is too
    short.
    """
    about: dict[str, int | str]
    if settings.data == "tiny-shakespeare":
        parts = load_tiny_shakespeare(source.folder, verify=source.verify)
        about = {"characters": sum(map(len, parts))}
    else:
        corpus = load_standard_library(settings.characters, source.folder)
        parts, about = split_text(corpus.text), corpus.description()
    return MaskedTextTask(*three_parts(*parts), settings, about)


LIBRARY = Settings()
EXPERIMENT = Experiment(
    name="masked_language",
    about="Train a masked language model, with a Mixer or with attention.",
    presets={
        "standard-library": LIBRARY,
        "tiny-shakespeare": replace(LIBRARY, data="tiny-shakespeare"),
    },
    model=build_model,
    task=text_task,
)


def scores(result: Record) -> str:
    """Put accuracy, cross-entropy and cost of a network in a line."""
    encoder, share = result["settings"]["encoder"], 100 * result["test_accuracy"]
    nats, bits = result["test_nats"], result["test_bits"]
    parameters, seconds = result["parameters"], result["cpu_seconds"]
    return (
        f"{encoder}: accuracy {share:.1f} %, {nats:.3f} nats ({bits:.3f} bits), "
        f"{parameters:,} parameters, {seconds:.0f} CPU-seconds"
    )


def compare(arguments: Sequence[str]) -> int:
    """Run the command for the encoder that is asked for, or for both in turn.

    Each has a folder of its own. The exit status is that of the last run.
    """
    parser = ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--data", default=LIBRARY.data)
    parser.add_argument("--encoder", choices=ENCODERS)
    parser.add_argument("--out", type=Path)
    options, rest = parser.parse_known_args(arguments)
    out = options.out or Path("runs") / EXPERIMENT.name / options.data
    for encoder in [options.encoder] if options.encoder else ENCODERS:
        chosen = ["--data", options.data, "--encoder", encoder]
        line = [*chosen, "--out", str(out / encoder), *rest]
        if status := main(EXPERIMENT, line):
            return status
    return 0


if __name__ == "__main__":
    sys.exit(compare(sys.argv[1:]))
