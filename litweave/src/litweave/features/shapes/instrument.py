"""Instrument: modules are compiled with calls by which they tell what they compute.

`sys.settrace` would slow down every call within every library. So the functions that
are to be watched tell it themselves: that a call begins, what a statement is about to
bind and has bound, what is given. These calls are put into the tree of a module while
it is imported; its file stays as it is.
"""

import ast
import builtins
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from litweave.features.shapes.recording import Recorder, Watch
from litweave.features.shapes.statements import Source
from litweave.syntax import is_text

# It is found as a built-in, and so is among the names of no module.
_NAME = "__litweave__"
_OPENS = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def instrument(recorders: Mapping[str, Recorder]) -> Watch:
    """Instrument the modules of these names when they are imported."""
    watch = Watch()
    setattr(builtins, _NAME, watch.tell)
    sys.meta_path.insert(0, _Finder(recorders))
    return watch


@dataclass(eq=False)
class _Finder(MetaPathFinder):
    """Finds modules as Python does, and lets some be compiled in another way."""

    recorders: Mapping[str, Recorder]

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        recorder = self.recorders.get(fullname)
        spec = PathFinder.find_spec(fullname, path, target) if recorder else None
        # It may be another file that has the name.
        file = Path(spec.origin or "") if spec else Path()
        if recorder and spec and file.is_file() and recorder.path.samefile(file):
            spec.loader = _Loader(fullname, str(file), recorder.source)
        return spec


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, source: Source) -> None:
        super().__init__(name, path)
        self.source = source

    def get_code(self, fullname: str) -> CodeType:
        """Compile the module, whatever Python keeps of it."""
        source = self.get_data(self.path)
        tree: Any = ast.parse(source, self.path)
        try:
            tree = _Calls(fullname, self.source).visit(tree)
        except RecursionError:
            tree = ast.parse(source, self.path)
        return compile(tree, self.path, "exec", dont_inherit=True)


@dataclass
class _Calls(ast.NodeTransformer):
    """Puts calls into the tree of the module of a name."""

    name: str
    source: Source

    def visit(self, node: Any) -> Any:
        """Put calls into a node, or around it."""
        if isinstance(node, ast.Lambda):
            return node  # It has no statements.
        self.generic_visit(node)
        found = self.source.statements.get(getattr(node, "lineno", 0))
        if isinstance(node, ast.Module | _OPENS):
            self._open(node)
        elif isinstance(node, ast.Return) and not node.value:
            # In an asynchronous generator, it may give nothing.
            return [self._tell("ends", node), node]
        elif isinstance(node, ast.Return | ast.Yield | ast.YieldFrom):
            event = "returns" if isinstance(node, ast.Return) else "yields"
            value = node.value or ast.copy_location(ast.Constant(None), node)
            node.value = self._call(event, node, value)
        elif isinstance(node, ast.stmt) and found and not found.gives:
            before, after = (self._tell(event, node) for event in ("before", "after"))
            if not hasattr(node, "body"):
                return [before, node, after]
            node.body.insert(0, after)
            return [before, node]
        return node

    def _open(self, node: Any) -> None:
        """Tell where the body of a scope begins, and where it ends."""
        first = 0
        while first < len(node.body) and _comes_first(node.body[first], first):
            first += 1
        at = node if isinstance(node, _OPENS) else ast.Pass(lineno=1, col_offset=0)
        node.body.insert(first, self._tell("begins", at))
        node.body.append(self._tell("ends", at))

    def _tell(self, event: str, node: ast.stmt) -> ast.stmt:
        return ast.copy_location(ast.Expr(self._call(event, node)), node)

    def _call(self, event: str, node: Any, *values: ast.expr) -> ast.expr:
        told = map(ast.Constant, (event, self.name, node.lineno))
        tell = ast.Call(ast.Name(_NAME, ast.Load()), [*told, *values], [])
        call = ast.copy_location(tell, node)
        return ast.fix_missing_locations(call)


def _comes_first(node: ast.stmt, position: int) -> bool:
    """Whether a statement is a docstring, or has to stand above all others."""
    if isinstance(node, ast.ImportFrom):
        return node.module == "__future__"
    return is_text(node) and position == 0
