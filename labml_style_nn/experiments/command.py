r"""# The command line of an experiment

Every experiment is a command, and all of these commands are alike: a data set, with
hyperparameters for it, each of which is an option; seeds, and for each of them a
[run][runs] in a folder of its own; results in a file of [`records`][].

An [`Experiment`][] says what is special about one of them. The options are made from
its settings, a dataclass whose fields have a help text ([`option`][]).

## Example

>>> from labml_style_nn.experiments.classification import ImageRecipe
>>> from labml_style_nn.experiments.image_datasets import image_task
>>> from labml_style_nn.experiments.training import option
>>> @dataclass(frozen=True)
... class Settings(ImageRecipe):
...     data: str = "digits"
...     hidden_dim: int = option(32, "width of the hidden layer")
>>> def build_model(settings):
...     torch.manual_seed(settings.seed)
...     hidden_dim = settings.hidden_dim
...     first, last = nn.Linear(64, hidden_dim), nn.Linear(hidden_dim, 10)
...     return nn.Sequential(nn.Flatten(), first, nn.ReLU(), last)
>>> about, presets = "Train a small MLP.", {"digits": Settings(epochs=10)}
>>> experiment = Experiment("mlp", about, presets, build_model, image_task)
>>> options, settings = understood(experiment, ["--seeds", "1", "2", "--hidden-dim=8"])
>>> [(chosen.seed, chosen.hidden_dim, chosen.epochs) for chosen in settings]
[(1, 8, 10), (2, 8, 10)]

A module ends with `sys.exit(main(experiment))`, and is a command.
"""

import argparse
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from labml_style_nn.console import reason, show_what_it_can
from labml_style_nn.data.download import DataError
from labml_style_nn.experiments import records
from labml_style_nn.experiments.checkpoint import CheckpointError
from labml_style_nn.experiments.curves import curves
from labml_style_nn.experiments.distributed import Processes, started
from labml_style_nn.experiments.runs import Run, Stopped
from labml_style_nn.experiments.training import DivergedError, Recipe, Task, Trainer

# What is said in words: it is not the program that is wrong.
FAILURES = (ValueError, DataError, CheckpointError, DivergedError, OSError)


MOST_THREADS = 1024


@dataclass(frozen=True)
class Source:
    """## Where data come from

    `folder` has the files, if not the place where downloads are kept; `verify` asks
    whether their checksums are to be tested. `workers` is how many processes read
    ahead, where images are read one by one.
    """

    folder: Path | None = None
    verify: bool = True
    workers: int = 0


def nothing_more(_trainer: Trainer) -> records.Record:
    """Add nothing to what every record has."""
    return {}


@dataclass(frozen=True)
class Experiment:
    """## What is special about an experiment

    `presets` has the settings for each data set, the default first; `full` has those of
    the size that a GPU is for. Where the settings differ by the network and not by the
    data set, `chosen_by` names the setting that they differ by. `model` and `task` make
    the network and the task of settings. `more` says what else of a finished training
    its record is to have. Where `divergence_counts`, a run that diverges is recorded
    like any other; elsewhere it ends the command.
    """

    name: str
    about: str
    presets: dict[str, Any]
    model: Callable[[Any], nn.Module]
    task: Callable[[Any, Source], Task]
    full: dict[str, Any] = field(default_factory=dict)
    more: Callable[[Trainer], records.Record] = nothing_more
    divergence_counts: bool = False
    chosen_by: str = "data"

    @property
    def command(self) -> str:
        """What starts it."""
        return f"python -m {__package__}.{self.name}"


# ## From options to settings


def understood(
    experiment: Experiment, arguments: Sequence[str]
) -> tuple[argparse.Namespace, list[Any]]:
    """Read the command line: the options, and the settings of each seed.

    **Raises.** `ValueError` for settings that cannot be meant.
    """
    # The data set comes first, or the network: the defaults of all else depend on it.
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    choose_preset(first, experiment)
    chosen, _ = first.parse_known_args(arguments)
    presets = experiment.full if chosen.full else experiment.presets
    name = getattr(chosen, experiment.chosen_by)
    if name not in presets:
        raise ValueError(f"no full size is set for {name}: leave out --full")
    preset = presets[name]
    out = f"runs/{experiment.name}/{name}{'-full' if chosen.full else ''}"
    options = command_line(experiment, preset, out).parse_args(arguments)
    numbers = {name: getattr(options, name) for name in optional(preset)}
    seeds = different(options.seeds)
    settings = [replace(preset, seed=seed, **numbers) for seed in seeds]
    return options, settings


def different(seeds: Sequence[int]) -> Sequence[int]:
    """Refuse a seed that is given twice: its run would count as two.

    **Raises.** `ValueError` that names all seeds.
    """
    if len({*seeds}) < len(seeds):
        raise ValueError(f"seeds must differ, got {', '.join(map(str, seeds))}")
    return seeds


def choose_preset(parser: argparse.ArgumentParser, experiment: Experiment) -> None:
    """Add the options that choose between presets."""
    names, chosen_by = list(experiment.presets), experiment.chosen_by
    kind = "data set" if chosen_by == "data" else chosen_by
    about = f"the {kind} (default: %(default)s)"
    parser.add_argument(f"--{chosen_by}", choices=names, default=names[0], help=about)
    about = "the full size, for a GPU"
    parser.add_argument("--full", action="store_true", help=about)


def optional(preset: Recipe) -> dict[str, dict[str, Any]]:
    """Name the settings that are options, with what is said about them."""
    return {f.name: dict(f.metadata) for f in fields(preset) if "about" in f.metadata}


def command_line(
    experiment: Experiment, preset: Recipe, out: str
) -> argparse.ArgumentParser:
    """Describe the command: every setting is an option."""
    parser = argparse.ArgumentParser(
        prog=experiment.command,
        description=experiment.about,
        epilog="Interrupt it with Ctrl-C: the same command goes on where it stopped.",
        allow_abbrev=False,
    )
    choose_preset(parser, experiment)
    choose_circumstances(parser, out)
    for name, told in optional(preset).items():
        if name == experiment.chosen_by:
            continue
        default = getattr(preset, name)
        about = f"{told['about']} (default: %(default)s)"
        how: dict[str, Any] = {
            "type": type(default),
            "choices": told["choices"] or None,
        }
        if isinstance(default, bool):
            how = {"action": argparse.BooleanOptionalAction}
        flag = f"--{name.replace('_', '-')}"
        parser.add_argument(flag, default=default, help=about, **how)
    return parser


def choose_circumstances(parser: argparse.ArgumentParser, out: str) -> None:
    """Add the options that do not change what is learned."""
    add = parser.add_argument
    choose_places(parser, out)
    about = "a training run for each seed (default: 0)"
    add("--seeds", type=int, nargs="+", default=[0], metavar="SEED", help=about)
    about = "processes that read images of a folder ahead (default: none)"
    add("--workers", type=int, default=0, help=about)
    about = "where to compute (default: a GPU if there is one)"
    add("--device", choices=("auto", "cpu", "cuda"), default="auto", help=about)
    about = "CPU threads of a process; 0: as many as PyTorch likes (default: 1)"
    add("--threads", type=int, default=1, help=about)


def choose_places(parser: argparse.ArgumentParser, out: str) -> None:
    """Add the options for where data come from, and where results go."""
    add = parser.add_argument
    about = "the folder for what comes of it (default: %(default)s)"
    add("--out", type=Path, default=Path(out), help=about)
    add("--folder", type=Path, help="where the files of the data set are, if not kept")
    about = "take files that are not the official ones"
    add("--no-verify", dest="verify", action="store_false", help=about)
    add("--note", default="", help="a sentence that the record is to have")


# ## From settings to results


def main(experiment: Experiment, arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit status, as shells count it."""
    line = sys.argv[1:] if arguments is None else arguments

    def act() -> None:
        options, settings = understood(experiment, line)
        with started(options.device) as processes:
            told = {"experiment": experiment.name}
            told |= said(experiment.command, options, line)
            run_all(experiment, options, settings, processes, told)

    return attempted(act)


def attempted(act: Callable[[], None]) -> int:
    """Do what a command is for; its exit status, as shells count it.

    What went wrong is said in a line.
    """
    show_what_it_can()
    try:
        act()
    except Stopped as stopped:
        print(f"\n{stopped}", file=sys.stderr)
        return 130
    except FAILURES as error:
        print(f"error: {reason(error)}", file=sys.stderr)
        return 1
    finally:
        # Whatever else this process does, it computes as before.
        torch.set_flush_denormal(False)
    return 0


def said(
    command: str, options: argparse.Namespace, arguments: Sequence[str]
) -> records.Record:
    """Say which command it was. The note changes nothing, and stands by itself."""
    line = list(arguments)
    if "--note" in line:
        place = line.index("--note")
        del line[place : place + 2]
    return {
        "command": shlex.join([*command.split(), *line]),
        "verified": options.verify,
        "note": options.note,
    }


def run_all(
    experiment: Experiment,
    options: argparse.Namespace,
    settings: Sequence[Recipe],
    processes: Processes,
    told: records.Record,
) -> None:
    """Train and test with each of the settings, and write down what came of it."""
    choose_arithmetic(options.threads)
    # Before anything is learned: what stands there must be such that one can add to it.
    if (options.out / "results.jsonl").exists():
        records.read(options.out / "results.jsonl")
    source = Source(options.folder, options.verify, options.workers)
    runs, results = [], []
    for chosen in settings:
        model, task = experiment.model(chosen), experiment.task(chosen, source)
        run = Run(Trainer(model, task, chosen, processes), options.out / chosen.label)
        ended = train(run, experiment)
        runs.append(run)
        if processes.first:
            more = experiment.more(run.trainer)
            results.append(told | outcome(run) | ended | more)
            records.add(options.out / "results.jsonl", results[-1], key="settings")
            print(f"{chosen.label}: {records.summary(results[-1:])}")
    if processes.first:
        conclude(options.out, runs, results)


def train(run: Run, experiment: Experiment) -> records.Record:
    """Train to the end; what its record is to say if there was none.

    A run that diverged is tested with the average of the weights that it had.

    **Raises.** As `Run.train` does; [`DivergedError`][] unless a divergence counts.
    """
    try:
        run.train()
    except DivergedError as error:
        if not experiment.divergence_counts:
            raise
        return {"diverged": str(error)}
    return {}


def choose_arithmetic(threads: int) -> None:
    r"""Let CPUs compute as fast as they can.

    Numbers below $10^{-38}$ are stored in a form of their own, with which CPUs compute
    many times slower. Where its input is far below zero, the gradient of GELU is such a
    number. With them, a ConvMixer that had learned for a while took its steps at two
    fifths of the speed that it has if they count as zero. Sums do not notice.

    **Raises.** `ValueError` for a number of threads that no process can have.
    """
    if not 0 <= threads <= MOST_THREADS:
        raise ValueError(f"threads must be from 0 to {MOST_THREADS}, got {threads}")
    # Threads that are started later compute as this one does.
    torch.set_flush_denormal(True)
    if threads:
        torch.set_num_threads(threads)


def outcome(run: Run) -> records.Record:
    """Test the network, and put together what the run came to."""
    trainer = run.trainer
    wall, cpu = run.seconds.tolist()
    return {
        "seed": trainer.recipe.seed,
        **trainer.task.test(trainer.average),
        "cpu_seconds": round(cpu, 2),
        "wall_seconds": round(wall, 2),
        "parameters": sum(p.numel() for p in trainer.model.parameters()),
        "settings": asdict(trainer.recipe),
        "curve": records.columns(run.history),
        "processes": run.processes.count,
        **records.circumstances(run.processes.device),
    }


def conclude(out: Path, runs: Sequence[Run], results: Sequence[records.Record]) -> None:
    """Draw the curves, and say what came of all seeds."""
    # A run that diverged in its first epoch has no curve.
    histories = [run.history for run in runs if run.history]
    drawing = curves([records.columns(history) for history in histories])
    with records.replacing(out / "curves.svg") as file:
        file.write(drawing.encode())
    print(records.summary(results))
    print(f"written: {out}/results.jsonl, {out}/curves.svg")
