r"""# Checkpoints

A checkpoint is all that a training run needs to resume: the weights, the state of the
optimiser, and the metrics of the epochs so far. It has no state of a random number
generator, since each draw has a seed of its own ([`seeding`][]).

Three things can go wrong with a file like this, and each has its answer here.

- **The machine stops while the file is being written.** So the file is written beside
  the old one, under another name, and takes its place in one step. There is a whole
  checkpoint at every moment.
- **The file belongs to another run.** Going on with other settings would give a result
  that neither run describes. So the settings are stored too, and compared.
- **The file is not to be trusted.** Python's usual format for objects can run any code
  when it is opened. `weights_only=True` reads numbers, texts and tensors, and refuses
  everything else.

## Example

>>> import tempfile
>>> from pathlib import Path
>>> folder = tempfile.TemporaryDirectory()
>>> path = Path(folder.name) / "checkpoint.pt"
>>> save_checkpoint(path, {"settings": {"epochs": 10}, "weight": torch.ones(2)})
>>> load_checkpoint(path, {"epochs": 10})["weight"]
tensor([1., 1.])
>>> load_checkpoint(path, {"epochs": 20})
Traceback (most recent call last):
    ...
labml_style_nn.experiments.checkpoint.CheckpointError: ...
>>> folder.cleanup()
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from labml_style_nn.experiments.records import replacing


class CheckpointError(RuntimeError):
    """## When a checkpoint does not help

    It cannot be read, or it belongs to a run with other settings. The message says
    which file, what is wrong with it and what to do.
    """


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write a state to a file, whole or not at all.

    `state["settings"]` is what [`load_checkpoint`][] compares.

    **Raises.** `OSError` that names the file, if it cannot be written.
    """
    # Written by torch itself, a full disk is an error that does not say so.
    whole = io.BytesIO()
    torch.save(state, whole)
    with replacing(path) as file:
        file.write(whole.getbuffer())


@contextmanager
def understood(path: Path) -> Iterator[None]:
    """Take back what a checkpoint holds.

    **Raises.** [`CheckpointError`][] for whatever goes wrong with it.
    """
    try:
        yield
    except CheckpointError:
        raise
    except PermissionError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}") from error
    # What torch raises depends on the byte at which the file is broken.
    except Exception as error:
        raise CheckpointError(
            f"{path} is not a checkpoint of this experiment, or it is broken. "
            "Remove it to start anew."
        ) from error


def load_checkpoint(path: Path, settings: dict[str, Any]) -> dict[str, Any]:
    """Read the state that a run with these settings has saved.

    **Raises.** [`CheckpointError`][] for a file that is broken, or of another run.
    """
    with understood(path):
        state: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
        stored = dict(state["settings"])
    different = [
        f"{name} was {stored.get(name)}, not {settings.get(name)}"
        for name in sorted(stored.keys() | settings.keys())
        if stored.get(name) != settings.get(name)
    ]
    if different:
        raise CheckpointError(
            f"{path} is of a run with other settings: {'; '.join(different)}. "
            "Repeat those, choose another folder, or remove the file to start anew."
        )
    return state


def averaged_weights(state: dict[str, Any]) -> dict[str, Tensor]:
    """The averaged weights in the state of a run, by their names in the network."""
    average: dict[str, Tensor] = state["training"]["average"]
    return {
        name.removeprefix("module."): weight
        for name, weight in average.items()
        if name.startswith("module.")
    }
