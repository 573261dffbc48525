"""What tests ask of the clean form of a module."""

import ast
from collections.abc import Iterator

from litweave.features.copy.forms import joined, without_prose
from litweave.parse import Module
from litweave.syntax import is_text


def bare(module: Module) -> str:
    """The clean form as ruff is given it."""
    return joined(without_prose(module))


def program(source: str) -> str:
    """What Python makes of a source, without strings that are statements."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list):
                kept = [item for item in block if not is_text(item)]
                # Where nothing else was in a block, there is `pass`.
                setattr(node, name, kept or [ast.Pass() for _ in block[:1]])
    if all(isinstance(node, ast.Pass) for node in tree.body):
        tree.body = []
    return ast.dump(tree)


def docstrings(source: str) -> Iterator[str | None]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            yield ast.get_docstring(node)
