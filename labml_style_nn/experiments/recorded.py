r"""# Recorded results

The results that come with the package, with all that it takes to repeat them. Each line
of these files was written by a run of the command that it names. (When a setting of the
command is renamed, its key here is renamed with it; no value changes.)

## Example

>>> results = recorded("mixer_images", "digits")
>>> [result["test_errors"] for result in results]
[0, 3, 4, 5, 1]
"""

from importlib import resources

from labml_style_nn.experiments import records


def recorded(experiment: str, *data: str) -> list[records.Record]:
    """Read the results of an experiment on data sets, one for each seed."""
    folder = resources.files("labml_style_nn.experiments") / "results"
    results = records.read(folder / f"{experiment}.jsonl")
    return [result for result in results if result["settings"]["data"] in data]
