r"""# Mixer against attention, on text

Is attention needed to read? Two [masked language models][masked_language_model] learn
to fill in hidden characters. They are the same but for how characters meet: in one by
[attention][layers.attention], in the other by a [Mixer][drop_in_mixer], and they have
the same number of parameters. The text is that of
[Python's own library][standard_library], which every machine has, or
[Shakespeare's][tiny_shakespeare].

## Run it

```console
$ python -m labml_style_nn.experiments.masked_language
$ python -m labml_style_nn.experiments.masked_language --encoder attention --seeds 1 2
$ python -m labml_style_nn.experiments.masked_language --data tiny-shakespeare
```

The first command trains both networks, one after the other, in seven minutes each on
one processor core, and downloads nothing. `--encoder` chooses one of them. The plays
are downloaded, or taken from the folder that `--folder` names. `--help` lists the
options: every number of the [settings][masked_language.Settings] is one. What comes out
lies in `runs/masked_language/`, in a folder for each text and in it one for each
encoder: the [run][runs], its result and its curves. On the same machine they come out
the same.

## What is asked

[`masked_text`][] says how the text is cut and what is hidden. In short: blocks of 64
characters, of which 15 % are chosen as in BERT; the last tenth of the text is for the
test, and every network is asked the same. A network reads the text ten times, each time
with other gaps.

Both networks have three layers with 96 channels and the same feed forward. In numbers:

>>> for encoder in ENCODERS:
...     model = build_model(Settings(encoder=encoder))
...     print(f"{encoder}: {sum(p.numel() for p in model.parameters()):,} parameters")
mixer: 355,495 parameters
attention: 355,591 parameters

## The record

A run of each network on each text comes with the package, with its settings, versions
and times. The share of right answers, and the surprise in nats and bits, at the places
of the test that were asked for, in Python's library:

>>> for found in (results := recorded("masked_language", "standard-library")):
...     print(scores(found))
mixer: 70.4 % right, 1.107 nats (1.597 bits), 355,495 parameters, 406 CPU-seconds
attention: 72.1 % right, 1.039 nats (1.499 bits), 355,591 parameters, 367 CPU-seconds

The two [baselines][experiments.baselines] that only count, asked the same:

>>> for name in ("frequency", "neighbours"):
...     share, nats = (results[0][f"{name}_{kind}"] for kind in ("accuracy", "nats"))
...     print(f"{name}: {share:.1%} right, {nats:.3f} nats")
frequency: 31.8% right, 3.008 nats
neighbours: 50.8% right, 1.794 nats

So attention is ahead, and not by much: most of what it knows beyond the neighbours, the
Mixer knows too. At first the Mixer was a little faster. This is how often each was
right on the text that is held out, in per cent, epoch by epoch:

>>> for found in results:
...     shares = found["curve"]["validation_accuracy"]
...     print(found["settings"]["encoder"], *(f"{100 * share:.0f}" for share in shares))
mixer 36 49 55 60 63 65 66 67 67 67
attention 35 47 55 60 63 66 67 68 68 69

Which text it was, says the record: Python's version, and a checksum.

>>> results[0]["text"]["python"], results[0]["text"]["characters"]
('3.11.7', 1000000)
>>> results[0]["text"] == results[1]["text"]
True

And Shakespeare's plays, with the same recipe:

>>> for found in (plays := recorded("masked_language", "tiny-shakespeare")):
...     print(scores(found))
mixer: 61.0 % right, 1.343 nats (1.938 bits), 355,495 parameters, 325 CPU-seconds
attention: 62.4 % right, 1.288 nats (1.858 bits), 355,591 parameters, 328 CPU-seconds
>>> f"neighbours: {plays[0]['neighbours_accuracy']:.1%} right"
'neighbours: 41.2% right'

The neighbours alone tell less in a play than in a program, and all guess worse. The
order of the two networks is the same.

We know of no published result for this task and these texts.

## How the recipe was chosen

The numbers of the recipe are the same for both networks, and not tuned for either. They
were set before these runs, after trials of a minute that showed how long a step takes.
One choice was made by such a trial, too, on the text that is learned from: positions by
formula, since attention learned faster with them than with learned ones. It was made in
favour of attention; a Mixer has no positions.

## What this does not say

One size, one recipe, one seed, a few minutes: with more of anything the order may
change. Attention can read a block of any length, and what it
learned about one place holds for another, which a Mixer must learn for each place by
itself. At equal parameters, a Mixer costs less where blocks are long
([`masked_language_model`][] has the formulas).

## Example

>>> tokens = VOCABULARY.encode("def forward(self, x):".ljust(64))[None]
>>> build_model(Settings())(tokens).shape
torch.Size([1, 64, 103])
"""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

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
from labml_style_nn.experiments.training import option
from labml_style_nn.models.masked_language_model import (
    MaskedLanguageModel,
    attention_language_model,
    mixer_language_model,
)

ENCODERS = "mixer", "attention"


@dataclass(frozen=True)
class Settings(TextRecipe):
    """## The settings

    The [recipe][TextRecipe], and the sizes of the network.
    """

    data: str = "standard-library"
    epochs: int = option(10, "how often the text is read")
    batch_size: int = option(32, "blocks to a step")
    warmup_epochs: int = option(1, "how long the rate rises")
    weight_decay: float = option(0.05, "how fast matrices decay")
    gradient_clipping: float = option(
        1.0, "largest norm of all gradients together; 0: any"
    )
    encoder: str = option("mixer", "how characters meet", *ENCODERS)
    characters: int = option(1_000_000, "how much of the standard library")
    dim: int = option(96, "C: channels of a character")
    num_layers: int = option(3, "N: number of layers")
    hidden_dim: int = option(384, "D: width of the feed forward")
    num_heads: int = option(6, "h: heads of attention")


def build_model(settings: Settings) -> MaskedLanguageModel:
    """Build the network with its first weights, which follow from the seed.

    **Raises.** `ValueError` for sizes that make no network.
    """
    torch.manual_seed(settings.seed)
    sizes: dict[str, Any] = {
        "vocabulary_size": len(VOCABULARY),
        "num_tokens": settings.num_tokens,
        "dim": settings.dim,
        "num_layers": settings.num_layers,
        "hidden_dim": settings.hidden_dim,
    }
    if settings.encoder == "attention":
        return attention_language_model(num_heads=settings.num_heads, **sizes)
    return mixer_language_model(**sizes)


def text_task(settings: Settings, source: Source) -> MaskedTextTask:
    """Load the text of the settings, and make the task of it.

    **Raises.** [`DataError`][] if the text cannot be had, and `ValueError` if it is too
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
    """Put what a network reached in a line."""
    encoder, share = result["settings"]["encoder"], 100 * result["test_accuracy"]
    nats, bits = result["test_nats"], result["test_bits"]
    parameters, seconds = result["parameters"], result["cpu_seconds"]
    return (
        f"{encoder}: {share:.1f} % right, {nats:.3f} nats ({bits:.3f} bits), "
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
