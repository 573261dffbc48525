r"""# TensorBoard

While a run goes on, its numbers can be watched in a browser with TensorBoard. It reads
*event files*, and this page writes them, if the small package `tensorboardX` is there.
It brings one other, protobuf. TensorBoard's own writer would bring a server and what
that needs; whoever wants to look installs it beside, and a run does without.

The same numbers are in `epochs.jsonl`, always ([`records`][]).

## Example

>>> import tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     board = Board(Path(folder))
...     board.write(3, {"loss": 0.5, "accuracy": 0.9})
...     board.close()
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any


class Board:
    """## The writer

    Without a folder, or without `tensorboardX`, it does nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self.writer: Any = None
        if folder and find_spec("tensorboardX"):
            from tensorboardX import SummaryWriter

            self.writer = SummaryWriter(str(folder))

    def write(self, step: int, numbers: dict[str, float]) -> None:
        """Add a point to the curve of each number."""
        for name, value in numbers.items():
            if self.writer:
                self.writer.add_scalar(name, value, step)

    def close(self) -> None:
        """See to it that all is in the file."""
        if self.writer:
            self.writer.close()
