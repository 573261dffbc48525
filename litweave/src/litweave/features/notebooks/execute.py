"""Execute: the program that runs a notebook, so that the build can watch it.

It says in lines of JSON: `cell`, the number of one that begins, and at the end
`notebook`, the notebook with its outputs, or `failed`, what is said of the cell.
"""

import json
import os
import sys
from tempfile import TemporaryDirectory


def main() -> int:
    """Run a notebook, and say what came of it."""
    # As in the plugin: this would take longer to import than all else.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    import jupytext
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError
    from traitlets.config import Config

    # Jupyter gives up on a kernel that starts slowly, and goes on without the outputs
    # that come late. On a busy machine both happen; what hangs is found by the build.
    notebook, never, config = jupytext.read(sys.argv[1]), 10**9, Config()
    with TemporaryDirectory() as folder:
        if os.name == "posix":
            # Jupyter looks for free ports, and the kernel takes them a second later. If
            # another has one by then, the kernel neither runs nor ends. A socket that
            # is a file in a folder of its own is nobody else's.
            config.KernelManager.transport = "ipc"
            config.KernelManager.connection_file = f"{folder}/kernel.json"
        client = NotebookClient(
            notebook,
            config=config,
            startup_timeout=never,
            iopub_timeout=never,
            record_timing=False,
            on_cell_start=lambda cell, cell_index: _say(cell=cell_index + 1),
        )
        try:
            client.execute()
        except CellExecutionError as error:
            _say(failed=str(error))
            return 1
    _say(notebook=notebook)
    return 0


def _say(**answer: object) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    sys.exit(main())
