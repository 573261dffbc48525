r"""# Writing a graph

A graph in the format ONNX is a list of *operations*. Each has a kind, the names of the
values that it reads, and names for those that it gives. A [`Writer`][]
takes them one by one, in the order in which they are computed, and leaves out three
things:

- what is asked for twice. Each operation here is a function, so the same operation on
  the same values gives the same: it is written once.
- what nobody reads. PyTorch notes more than is used in the end.
- what people read: long names, and where in Python an operation came from.

Numbers in the graph (the two of `2 * x`) are constants, each of them once.

## Example

The square of a number that is added to itself. The sum is asked for twice, and a third
operation leads nowhere:

>>> writer = Writer()
>>> for again in range(2):
...     total = writer.one("Add", "x", "x")
>>> _ = writer.one("Neg", total)
>>> square = writer.one("Mul", total, total)
>>> x, y = (helper.make_tensor_value_info(name, 1, [2]) for name in "xy")
>>> graph = writer.written([x], [square], [y]).graph
>>> [(node.op_type, list(node.input), list(node.output)) for node in graph.node]
[('Add', ['x', 'x'], ['0']), ('Mul', ['0', '0'], ['y'])]
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

# The version of the operations, and that of the file. onnxruntime-web reads both.
OPSET, FORMAT = 20, 10


@dataclass(frozen=True)
class Operation:
    """One line of a graph."""

    kind: str
    inputs: tuple[str, ...]
    attributes: tuple[tuple[str, Any], ...]


class Writer:
    """## The writer

    The names that it gives are numbers, so they are no name of an input or an output.
    """

    def __init__(self) -> None:
        self.operations: dict[Operation, list[str]] = {}
        self.constants: dict[Hashable, tuple[str, np.ndarray]] = {}
        # Which operation gave a value.
        self.origins: dict[str, Operation] = {}
        self._given = 0

    def one(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """The name of the value that an operation gives."""
        return self.some(1, kind, *inputs, **attributes)[0]

    def some(
        self, number: int, kind: str, *inputs: str, **attributes: Any
    ) -> list[str]:
        """The names of several values that one operation gives."""
        operation = Operation(kind, inputs, tuple(sorted(attributes.items())))
        if operation not in self.operations:
            names = [self._name() for _ in range(number)]
            self.operations[operation] = names
            self.origins.update(dict.fromkeys(names, operation))
        return self.operations[operation]

    def constant(self, value: Any, dtype: Any) -> str:
        """The name of a number or a list that stands in the graph."""
        array = np.asarray(value, dtype)
        key = (array.dtype, array.shape, array.tobytes())
        if key not in self.constants:
            self.constants[key] = self._name(), array
        return self.constants[key][0]

    def ints(self, *values: int) -> str:
        """The name of a list of whole numbers: sizes, or the numbers of axes."""
        return self.constant(values, np.int64)

    def argument(self, name: str, kind: str) -> str | None:
        """What an operation of some kind made this value of, if it was such a one."""
        origin = self.origins.get(name)
        return origin.inputs[0] if origin and origin.kind == kind else None

    def written(
        self,
        inputs: Sequence[onnx.ValueInfoProto],
        results: Sequence[str],
        outputs: Sequence[onnx.ValueInfoProto],
    ) -> onnx.ModelProto:
        """The whole graph: what of it are its results, and what they are called."""
        lines = self._needed(results)
        used = {name for line in lines for name in line.inputs}
        constants = [known for known in self.constants.values() if known[0] in used]
        names = {value.name: value.name for value in inputs}
        copies = []
        for name, output in zip(results, outputs, strict=True):
            # An input that is a result, or a result that has two names.
            if names.setdefault(name, output.name) != output.name:
                copies.append(
                    helper.make_node("Identity", [names[name]], [output.name])
                )
        # What is left is numbered again.
        made = [name for line in lines for name in self.operations[line]]
        for number, name in enumerate([name for name, _ in constants] + made):
            names.setdefault(name, str(number))
        graph = helper.make_graph(
            [self._node(line, names) for line in lines] + copies,
            "graph",
            inputs,
            outputs,
            [numpy_helper.from_array(a, names[name]) for name, a in constants],
        )
        opsets = [helper.make_opsetid("", OPSET)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=FORMAT)

    def _name(self) -> str:
        self._given += 1
        return str(self._given)

    def _needed(self, outputs: Iterable[str]) -> list[Operation]:
        needed, lines = set(outputs), []
        for operation, names in reversed(self.operations.items()):
            if not needed.isdisjoint(names):
                needed.update(operation.inputs)
                lines.append(operation)
        return lines[::-1]

    def _node(self, line: Operation, names: Mapping[str, str]) -> onnx.NodeProto:
        return helper.make_node(
            line.kind,
            [names[name] for name in line.inputs],
            [names[name] for name in self.operations[line]],
            **dict(line.attributes),
        )
