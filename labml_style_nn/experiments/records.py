r"""# Records

A result can be repeated if its circumstances are known. So a run leaves a *record*: one
line of JSON with the result, all settings, and what it was made with. A file of such
lines can be read by people, compared by tools, and added to by later runs.

## Example

>>> import tempfile
>>> from pathlib import Path
>>> folder = tempfile.TemporaryDirectory()
>>> path = Path(folder.name) / "results.jsonl"
>>> add(path, {"seed": 0, "accuracy": 0.5}, key="seed")
>>> add(path, {"seed": 1, "accuracy": 0.7}, key="seed")
>>> add(path, {"seed": 0, "accuracy": 0.9}, key="seed")
>>> read(path)
[{'seed': 1, 'accuracy': 0.7}, {'seed': 0, 'accuracy': 0.9}]
>>> folder.cleanup()
"""

import json
import os
import platform
import statistics
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, BinaryIO

import torch

Record = dict[str, Any]


def read(path: Traversable) -> list[Record]:
    """Read all records of a file.

    **Raises.** `ValueError` that names the line which is no record.
    """
    lines = path.read_bytes().splitlines()
    return [_record(line, f"{path}:{n}") for n, line in enumerate(lines, 1)]


def _record(line: bytes, place: str) -> Record:
    try:
        record = json.loads(line)
    except ValueError:
        record = None
    if not isinstance(record, dict):
        raise ValueError(f"{place}: this line is no record: mend or remove it")
    return record


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Write a file that takes the place of another in one step, when it is whole.

    So nobody reads half of it, and what was there stays until then.

    **Raises.** `OSError` that names the file, if it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # The name is of this process, so that two runs cannot write into one another.
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with unfinished.open("wb") as file:
            yield file
        os.replace(unfinished, path)
    except OSError as error:
        problem = f"{error.strerror} (whatever was saved before is whole)"
        raise OSError(error.errno, problem, str(path)) from error
    finally:
        with suppress(OSError):
            unfinished.unlink()


def write(path: Path, records: Iterable[Record]) -> None:
    """Write records, one a line, in the place of those in the file."""
    lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in records]
    with replacing(path) as file:
        file.write("".join(lines).encode())


def add(path: Path, record: Record, key: str) -> None:
    """Add a record. One with the same `key` was of the same run, and makes way."""
    others = read(path) if path.exists() else []
    write(path, [other for other in others if other.get(key) != record[key]] + [record])


def columns(history: Sequence[Record]) -> dict[str, list[float]]:
    """Turn what each epoch reported into a curve for each number."""
    names = [name for name in (history[0] if history else {}) if name != "epoch"]
    return {name: [round(entry[name], 5) for entry in history] for name in names}


def spread(values: Sequence[float], digits: int = 2, sign: str = "") -> str:
    """Write the mean and, if there are several values, the standard deviation."""
    mean = f"{statistics.mean(values):{sign}.{digits}f}"
    if len(values) == 1:
        return mean
    return f"{mean} ± {statistics.stdev(values):.{digits}f}"


def summary(results: Sequence[Record]) -> str:
    """Put the results of several seeds in a line.

    A run that leaves the test images alone has an accuracy on the validation images.
    """
    kind = "test" if "test_accuracy" in results[0] else "validation"
    accuracies = [100 * result[f"{kind}_accuracy"] for result in results]
    seconds = statistics.mean(result["cpu_seconds"] for result in results)
    said = f"{kind} accuracy {spread(accuracies)} %, {seconds:.0f} CPU-seconds"
    return said if len(results) == 1 else f"{len(results)} seeds: {said} each"


def circumstances(device: torch.device) -> Record:
    """Say when, on what and with which libraries a result was made."""
    libraries = ("torch", "numpy", "scikit-learn")
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
        "gpu": torch.cuda.get_device_name(device) if device.type == "cuda" else "",
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "versions": {library: version(library) for library in libraries},
    }


def processor() -> str:
    """Name the processor, as Linux or else as Python does."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2] for line in lines if line.startswith("model name")]
    return names[0].strip() if names else platform.processor()
