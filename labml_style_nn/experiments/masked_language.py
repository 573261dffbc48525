r"""# Mixer against attention on text

Draft.
"""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from labml_style_nn.data.standard_library import load_standard_library
from labml_style_nn.data.tiny_shakespeare import load_tiny_shakespeare
from labml_style_nn.experiments.command import Experiment, Source, main
from labml_style_nn.experiments.masked_text import (
    VOCABULARY,
    MaskedTextTask,
    TextRecipe,
    three_parts,
)
from labml_style_nn.experiments.training import option
from labml_style_nn.data.characters import split_text
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
    epochs: int = option(3, "how often the text is read")
    batch_size: int = option(64, "blocks to a step")
    learning_rate: float = option(3e-3, "the largest of the run")
    warmup_epochs: int = option(0, "how long the rate rises")
    weight_decay: float = option(0.05, "how fast matrices decay")
    clipping: float = option(1.0, "largest norm of all gradients together; 0: any")
    averaging: float = option(0.995, "how much of the averaged weights stays each step")
    encoder: str = option("mixer", "how characters meet", *ENCODERS)
    characters: int = option(3_000_000, "how much is read of the standard library")
    dim: int = option(96, "C: channels of a character")
    num_layers: int = option(3, "N: number of layers")
    hidden_dim: int = option(384, "D: width of the feed forward")
    num_heads: int = option(6, "h: heads of attention")


def build_model(settings: Settings) -> MaskedLanguageModel:
    """Build the network with its first weights, which follow from the seed.

    **Raises.** `ValueError` for sizes that make no network.
    """
    torch.manual_seed(settings.seed)
    sizes = {
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
    """Load the text of the settings, and make the task of it."""
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
        "tiny-shakespeare": replace(LIBRARY, data="tiny-shakespeare", epochs=9),
    },
    model=build_model,
    task=text_task,
)

if __name__ == "__main__":
    sys.exit(main(EXPERIMENT))
