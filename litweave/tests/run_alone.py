"""Run files where nothing else of a project can be imported; a program for tests.

`python -I run_alone.py FOLDER OUT PACKAGE…` imports `FOLDER/NAME/*.py`, each alone in
its folder, runs its examples and writes to `OUT`, as JSON, what failed and what each
layer computed. Beside Python's own, only the named packages and what they require can
be imported.
"""

import contextlib
import ctypes
import doctest
import hashlib
import importlib
import io
import json
import re
import sys
import traceback
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

START = list(sys.path)
# Finds nothing of what is installed but not allowed.
WALL = """
import importlib.machinery
import sys

class Wall(importlib.machinery.PathFinder):
    @classmethod
    def find_spec(cls, name, *rest):
        refused = name.partition(".")[0] in %s
        return None if refused else super().find_spec(name, *rest)

finder = importlib.machinery.PathFinder
sys.meta_path[:] = [Wall if item is finder else item for item in sys.meta_path]
"""


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def required(needs: Sequence[str]) -> set[str]:
    """The distributions that are needed, and all that they need."""
    found, waiting = set[str](), [*needs]
    while waiting:
        name = plain(re.split(r"[^\w.-]", waiting.pop())[0])
        with contextlib.suppress(metadata.PackageNotFoundError):
            if name not in found:
                more = metadata.requires(name) or []
                waiting += [need for need in more if "extra ==" not in need]
                found.add(name)
    return found


def others(allowed: set[str]) -> set[str]:
    """What can be imported here of this project, and of all but some distributions."""
    found = metadata.packages_distributions().items()
    refused = {top for top, names in found if not allowed & set(map(plain, names))}
    return refused | {"benchmarks", "labml_style_nn", "tests", "tools"}


def outputs(module: ModuleType, examples: str, names: dict[str, Any]) -> list[Any]:
    """What each layer gave while the examples ran, and all tensors they made."""
    space = {**names, **vars(module)}
    test = doctest.DocTestParser().get_doctest(examples, space, "alone", None, None)
    with noted(test.globs) as found:
        doctest.DocTestRunner().run(test, out=lambda _: None, clear_globs=False)
    return found


@contextlib.contextmanager
def noted(space: dict[str, Any]) -> Iterator[list[Any]]:
    """Note what each layer gives, and at the end the tensors in a name space."""
    import torch

    found: list[Any] = []

    def note(layer: torch.nn.Module, _: object, output: torch.Tensor) -> None:
        found.append((type(layer).__name__, told(output)))

    hook = torch.nn.modules.module.register_module_forward_hook(note)
    torch.manual_seed(1)
    try:
        yield found
    finally:
        hook.remove()
    made = {k: told(v) for k, v in space.items() if isinstance(v, torch.Tensor)}
    found += sorted(made.items())


def told(tensor: Any) -> tuple[str, list[int], str]:
    """The type and the shape of a tensor, and the hash of its numbers.

    The tensors themselves, of each step of a training, are gigabytes.
    """
    if tensor.is_meta:
        numbers = "none: on the `meta` device a tensor has no more than a shape"
    else:
        whole = tensor.detach().contiguous()
        size = whole.numel() * whole.element_size()
        memory = (ctypes.c_char * size).from_address(whole.data_ptr()) if size else b""
        numbers = hashlib.sha1(memory).hexdigest()
    return str(tensor.dtype), list(tensor.shape), numbers


def alone(path: Path) -> dict[str, Any]:
    """What became of one file."""
    said = io.StringIO()
    runner, found = doctest.DocTestRunner(), list[Any]()
    try:
        with contextlib.redirect_stdout(said):
            sys.path[:] = [str(path.parent), *START]
            sys.modules.pop(path.stem, None)
            module = importlib.import_module(path.stem)
            for test in doctest.DocTestFinder().find(module):
                if test.name == path.stem:
                    with noted(test.globs) as found:
                        runner.run(test, clear_globs=False)
                else:
                    runner.run(test)
    except Exception:
        return {"failed": traceback.format_exc(), "tried": 0, "outputs": []}
    return {"failed": said.getvalue(), "tried": runner.tries, "outputs": found}


def main(folder: Path, out: Path, packages: Sequence[str]) -> None:
    exec(WALL % others(required(packages)), {})
    results = {p.parent.name: alone(p) for p in sorted(folder.glob("*/*.py"))}
    out.write_text(json.dumps(results), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
