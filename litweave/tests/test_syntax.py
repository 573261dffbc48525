"""Sources are read in several threads at once."""

import ast
import gc
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from litweave.syntax import syntax_tree


@contextmanager
def nervous() -> Iterator[None]:
    """Threads that change places as often as they can, also while garbage is found."""

    def called_back(*_: object) -> None:
        sum(range(200))

    before, interval = gc.get_threshold(), sys.getswitchinterval()
    gc.callbacks.append(called_back)
    gc.set_threshold(100)
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)
    gc.set_threshold(*before)
    gc.callbacks.remove(called_back)


def test_threads_read_sources_at_once() -> None:
    source = Path(ast.__file__).read_text("utf-8")
    with nervous(), ThreadPoolExecutor(3) as threads:
        trees = list(threads.map(syntax_tree, [source] * 12))
    assert len({ast.dump(tree) for tree in trees}) == 1
