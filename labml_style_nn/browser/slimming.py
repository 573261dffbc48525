r"""# Slimming a graph

The exporter writes down where each operation came from: the line of Python, the module,
the shapes. That is most of the file, and nobody who runs the graph reads it. What is
left out here changes no number.

Names of values become short. Those of the inputs and outputs stay: they are how the
graph is called.

## Example

>>> from onnx import helper
>>> node = helper.make_node("Add", ["x", "x"], ["a_long_name"], doc_string="line 7")
>>> last = helper.make_node("Neg", ["a_long_name"], ["y"])
>>> x, y = (helper.make_tensor_value_info(name, 1, [2]) for name in "xy")
>>> slim = slimmed(helper.make_model(helper.make_graph([node, last], "g", [x], [y])))
>>> [(list(node.input), list(node.output)) for node in slim.graph.node]
[(['x', 'x'], ['v0']), (['v0'], ['y'])]
"""

from collections.abc import Iterable

import onnx


def slimmed(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph, without what no runtime reads."""
    slim = onnx.ModelProto()
    slim.CopyFrom(model)
    graph = slim.graph
    # A runtime infers the shapes between input and output by itself.
    del graph.value_info[:]
    values = [*graph.input, *graph.output, *graph.initializer]
    for part in (slim, graph, *graph.node, *values):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    for node in graph.node:
        node.ClearField("name")
    _shorten(graph)
    return slim


def _shorten(graph: onnx.GraphProto) -> None:
    # An empty name means that an optional input is not there.
    names = {value.name: value.name for value in (*graph.input, *graph.output)}
    names[""] = ""

    def short(long: Iterable[str]) -> list[str]:
        return [names.setdefault(name, f"v{len(names) - kept}") for name in long]

    kept = len(names)
    for tensor in graph.initializer:
        (tensor.name,) = short([tensor.name])
    for node in graph.node:
        node.input[:] = short(node.input)
        node.output[:] = short(node.output)
