"""# Syntax: one tree at a time

Python 3.11 counts how deep it is in a tree in one place for all threads. If another
thread comes in between (which takes a callback of the garbage collector: Hypothesis has
one), `ast.parse` fails with “AST constructor recursion depth mismatch”. A build reads
sources in several threads, so they take turns.
"""

import ast
from threading import Lock

_TURN = Lock()


def syntax_tree(source: str | bytes) -> ast.Module:
    """What `ast.parse` makes of a source, in any thread.

    **Raises.** As `ast.parse` does.
    """
    with _TURN:
        return ast.parse(source)
