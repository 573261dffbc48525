r"""# Execute: the program that runs a notebook

    python -m litweave.features.notebooks.execute NOTEBOOK

A process of its own for each notebook, so that several run at once and the build can
watch them. mkdocs-jupyter runs the notebook; what comes out is said in lines of JSON:
`cell`, the number of one that begins, and at the end `notebook`, the notebook with its
outputs, or `failed`, what Jupyter says of the cell that did.
"""

import base64
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mkdocs_jupyter.config import settings
from mkdocs_jupyter.convert import nb2html
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

# mkdocs-jupyter fills a template with the notebook that ran. Ours is the notebook
# itself, so that nothing is lost on the way.
TEMPLATES = Path(__file__).parent / "template"
# Jupyter gives up on a kernel that starts slowly, and goes on without the outputs that
# come late. On a busy machine both happen; what hangs is found by the build.
_NEVER = 10**9


def main() -> int:
    """Run a notebook, and say what came of it."""
    say = _take_output()
    _set_defaults(
        startup_timeout=_NEVER,
        iopub_timeout=_NEVER,
        on_cell_start=lambda cell, cell_index: say({"cell": cell_index + 1}),
    )
    settings.templates_dir = str(TEMPLATES)
    try:
        content = nb2html(sys.argv[1], execute=True, allow_errors=False)
    except CellExecutionError as error:
        say({"failed": str(error)})
        return 1
    say({"notebook": json.loads(base64.b64decode(content))})
    return 0


def _set_defaults(**values: object) -> None:
    """Set what mkdocs-jupyter leaves at Jupyter's default."""
    for name, value in values.items():
        NotebookClient.class_traits()[name].default_value = value


def _take_output() -> Callable[[Any], None]:
    """Keep standard output for the answers: what others print goes elsewhere."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(answer: object) -> None:
        print(json.dumps(answer), file=answers, flush=True)

    return say


if __name__ == "__main__":
    sys.exit(main())
