"""Trees of sources, and what a statement is."""

import ast
from threading import Lock

# Python 3.11 counts how deep it is in a tree in one place for all threads, and fails if
# another thread comes in between. A build reads sources in several, which take turns.
_TURN = Lock()
DEFINITIONS = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def syntax_tree(source: str | bytes) -> ast.Module:
    """What `ast.parse` makes of a source, in any thread.

    **Raises.** As `ast.parse` does.
    """
    with _TURN:
        return ast.parse(source)


def is_text(node: ast.AST) -> bool:
    """Whether a statement is a string and nothing else, as a docstring is."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def first_line(node: ast.stmt) -> int:
    """The first line of a statement, decorators included."""
    decorators = node.decorator_list if isinstance(node, DEFINITIONS) else []
    return min([node.lineno, *(item.lineno for item in decorators)])
