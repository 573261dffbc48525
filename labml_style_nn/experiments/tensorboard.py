r"""# TensorBoard

While a run goes on, its metrics can be watched in a browser with TensorBoard. It reads
*event files*, which this module writes if the small package `tensorboardX` is
installed. (PyTorch's own writer, `torch.utils.tensorboard`, needs TensorBoard itself,
which brings a web server. Install that where you want to look.)

The same metrics are in `epochs.jsonl`, with or without TensorBoard ([`runs`][]).

## Example

>>> import tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     writer = TensorBoardWriter(Path(folder))
...     writer.write(3, {"loss": 0.5, "accuracy": 0.9})
...     writer.close()
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any


class TensorBoardWriter:
    """## The writer

    Without a folder, or without `tensorboardX`, it does nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self.writer: Any = None
        if folder and find_spec("tensorboardX"):
            from tensorboardX import SummaryWriter

            self.writer = SummaryWriter(str(folder))

    def write(self, step: int, metrics: dict[str, float]) -> None:
        """Add a point to the curve of each metric."""
        for name, value in metrics.items():
            if self.writer:
                self.writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Write what is still buffered, and close the file."""
        if self.writer:
            self.writer.close()
