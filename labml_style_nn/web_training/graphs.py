r"""# From a function to a graph

[`training_step`][web_training.training_step] is a function in Python, and a browser has
no Python. But what the function does to tensors is always the same list of operations,
and such a list can be written down: a *graph* in the format ONNX, which a runtime of a
few megabytes executes.

It is written in three movements.

1. **Trace.** The function is called, and [every operation is noted][tracing], those of
   the backward pass too.
2. **Translate.** A [table][web_training.operations] says for each operation of PyTorch
   which ones of ONNX compute the same.
3. **Write.** [What comes twice, and what nobody needs][writer] is left out.

The size of the batch stays open. All other sizes are fixed in the graph, and so is
every decision of Python: an `if` in the model is taken once, here.

PyTorch brings an exporter for whole models, `torch.onnx.export`. For these graphs it
takes over a hundred times as long: it traces a function several times more, with sizes
that are symbols of an algebra. A training step has some forty kinds of operations and
one open size, which is little enough to write down what each of them means.

## What goes wrong without a word

A graph may be wrong and its loss still fall. Adam divides a gradient by its size, so
one that is $B$ times too large hides, as when the derivative of a mean over the batch
forgets to divide by $B$. And a loss can fall without a small term, until it is `nan`.
So the tests look at gradients, not at curves. They hold every graph to PyTorch, at five
sizes of the batch, and where gradients are zero.

## What makes a step faster

GELU's derivative needs the error function at the places where its value needed it, and
`erf` is the dearest operation here: in WebAssembly it took forty times as long as a
multiplication. Both ask for the same `erf`, so it is written once. Of a step with the
widths 64, 32 and 128 that took 45 ms in Chromium, 34 ms remained.

A product of matrices need not turn them around first. And a weight that is the same for
all images of a batch need not be repeated for each.

## Notation

- $B$: the size of the batch

## Example

>>> import torch
>>> def square(theta, images):
...     total = theta.sum()
...     return (total * images * (total * images),)
>>> example = {"theta": torch.ones(2), "images": torch.ones(3, 1, 8, 8)}
>>> graph = exported(square, example, ["squares"]).graph
>>> [operation.op_type for operation in graph.node]
['ReduceSum', 'Mul', 'Mul']
>>> [(value.name, len(value.type.tensor_type.shape.dim)) for value in graph.input]
[('theta', 1), ('images', 4)]

An operation that is not in the table:

>>> exported(lambda images: (images.cos(),), {"images": torch.ones(3, 2)}, ["cosines"])
Traceback (most recent call last):
    ...
NotImplementedError: aten.cos.default has no translation into ONNX: write one ...
"""

from collections.abc import Mapping, Sequence

import onnx
from onnx import helper
from torch import Tensor

from labml_style_nn.web_training.operations import (
    TRANSLATIONS,
    TYPES,
    Translator,
    Value,
)
from labml_style_nn.web_training.tracing import (
    BATCHED,
    Batches,
    Function,
    Like,
    Line,
    Noted,
    Trace,
    mapped,
    traced,
)


def exported(
    function: Function, example: Mapping[str, Tensor], outputs: Sequence[str]
) -> onnx.ModelProto:
    """Write down what a function does to tensors.

    `example` has a tensor for each input, by its name. Those named in `BATCHED` may
    later have any number of rows, from one on.
    """
    return translated(traced(function, example), list(example), outputs)


def translated(
    trace: Trace, inputs: Sequence[str], outputs: Sequence[str]
) -> onnx.ModelProto:
    """Write each operation of PyTorch in those of ONNX."""
    writer = Translator(next((name for name in inputs if name in BATCHED), ""))
    values = {
        note.number: writer.full(name, note)
        for name, note in zip(inputs, trace.inputs, strict=True)
    }
    for line in trace.lines:
        results = result(writer, line, values)
        values.update(results)
    found = [writer.complete(values[note.number]) for note in trace.outputs]
    given, told = (
        [described(name, note) for name, note in zip(names, notes, strict=True)]
        for names, notes in ((inputs, trace.inputs), (outputs, trace.outputs))
    )
    return writer.written(given, found, told)


def result(
    writer: Translator, line: Line, values: Mapping[int, Value]
) -> dict[int, Value]:
    """What comes of an operation, each value under the number of its note."""
    translate = TRANSLATIONS.get(line.operation)
    if translate is None:
        raise NotImplementedError(
            f"{line.operation} has no translation into ONNX: write one beside those of "
            "its kind in labml_style_nn/web_training/operations.py"
        )
    args, kwargs = mapped(
        [line.args, line.kwargs], Noted, lambda note: values[note.number]
    )
    try:
        found = translate(writer, line.result, *args, **kwargs)
    except (NotImplementedError, TypeError, ValueError) as error:
        raise NotImplementedError(f"{line.operation}: {error}") from error
    if isinstance(line.result, Noted):
        return {line.result.number: found}
    return {note.number: value for note, value in zip(line.result, found, strict=True)}


def described(name: str, like: Like) -> onnx.ValueInfoProto:
    """An input or an output: its name, its type and its shape."""
    shape = ["batch" if isinstance(size, Batches) else size for size in like.shape]
    return helper.make_tensor_value_info(name, TYPES[like.dtype][1], shape)
