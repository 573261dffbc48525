r"""# From a function to a graph

[`training_step`][browser.training_step] is a function in Python, and a browser has no
Python. But what the function does to tensors is always the same list of operations, and
such a list can be written down: a *graph* in the format ONNX, which a runtime of a few
megabytes executes.

It is written in two movements.

1. **Trace.** `make_fx` calls the function once, with tensors that have shapes and no
   numbers, and notes every operation. `torch.autograd.grad` runs as it always does, so
   the operations of the backward pass stand in the list too, one by one.
2. **Export.** `torch.onnx.export` translates each operation of PyTorch into those of
   ONNX, and [`slimming`][] removes what is there for people to read.

The size of the batch stays open. All other sizes are fixed in the graph, and so is
every decision of Python: an `if` in the model is taken once, here.

## What goes wrong without a word

A graph may be wrong and its loss still fall. Two mistakes of the exporter (torch 2.13,
onnxscript 0.7) are of this kind, and the tests of every graph look for them.

- **A gradient that is too large.** The derivative of the mean over the batch divides by
  a number that the forward pass hands on. The exporter takes that number to be one. All
  gradients are then $B$ times as large, and Adam, which divides by their size, hides
  it. So the loss is taken apart by us, before the exporter sees it (`DECOMPOSED`).
- **A constant that disappears.** See `eps` in [`training_step`][browser.training_step].

## What makes a step faster

GELU's derivative needs the error function at the places where its value needed it, and
`erf` is the dearest operation here: in WebAssembly it took forty times as long as a
multiplication. So GELU and its derivative are taken apart as well. Then both ask for
the same `erf`, the runtime sees that, and computes it once. Of a step with the widths
64, 32 and 128 that took 45 ms in Chromium, 34 ms remained.

## Example

>>> def square(theta, images):
...     return (theta.sum() * images.square(),)
>>> example = {"theta": torch.ones(2), "images": torch.ones(3, 1, 8, 8)}
>>> graph = exported(square, example, ["squares"]).graph
>>> [operation.op_type for operation in graph.node]
['ReduceSum', 'Pow', 'Mul']
>>> [(value.name, len(value.type.tensor_type.shape.dim)) for value in graph.input]
[('theta', 1), ('images', 4)]
"""

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import onnx
import torch
from torch import Tensor
from torch._decomp import get_decompositions
from torch._dynamo.source import ConstantSource
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx import GraphModule
from torch.fx.experimental.proxy_tensor import make_fx
from torch.fx.experimental.symbolic_shapes import (
    DimDynamic,
    ShapeEnv,
    StatelessSymbolicContext,
)

from labml_style_nn.browser.slimming import slimmed

Function = Callable[..., tuple[Tensor, ...]]
# The inputs whose first axis is the batch.
BATCHED = ("images", "labels")
# What is taken apart before the exporter sees it.
DECOMPOSED = [
    torch.ops.aten.nll_loss_forward,
    torch.ops.aten.nll_loss_backward,
    torch.ops.aten.gelu,
    torch.ops.aten.gelu_backward,
]


def exported(
    function: Function, example: Mapping[str, Tensor], outputs: Sequence[str]
) -> onnx.ModelProto:
    """Write down what a function does to tensors.

    `example` has a tensor for each input, by its name. Those named in `BATCHED` may
    later have any number of rows, from one on.
    """
    graph = traced(function, example)
    batch = torch.export.Dim("batch", min=1)
    shapes = tuple({0: batch} if name in BATCHED else None for name in example)
    with quiet():
        program = torch.onnx.export(
            graph.eval(),
            tuple(example.values()),
            dynamo=True,
            dynamic_shapes=shapes,
            input_names=list(example),
            output_names=list(outputs),
            verbose=False,
        )
    assert program is not None
    return slimmed(program.model_proto)


def traced(function: Function, example: Mapping[str, Tensor]) -> GraphModule:
    """Call a function on tensors without numbers, and note what it does."""
    # In this mode a tensor knows its shape and computes nothing. The weights of a model
    # that the function holds are real tensors, hence `allow_non_fake_inputs`; the
    # function reads no number of them.
    mode = FakeTensorMode(shape_env=ShapeEnv(), allow_non_fake_inputs=True)
    trace = make_fx(
        function,
        decomposition_table=get_decompositions(DECOMPOSED),  # type: ignore[arg-type]
        tracing_mode="symbolic",
        _allow_non_fake_inputs=True,
    )
    return trace(*(hollow(mode, name, tensor) for name, tensor in example.items()))


def hollow(mode: FakeTensorMode, name: str, tensor: Tensor) -> Tensor:
    """A tensor of the same shape without numbers; the size of a batch is a symbol."""
    sizes = [DimDynamic.STATIC] * tensor.dim()
    if name in BATCHED:
        sizes[0] = DimDynamic.DYNAMIC
    context: StatelessSymbolicContext[Any, Any]
    context = StatelessSymbolicContext(dynamic_sizes=sizes)
    return mode.from_tensor(
        tensor, symbolic_context=context, source=ConstantSource(name)
    )


@contextmanager
def quiet() -> Iterator[None]:
    """Let the exporter say nothing of its own parts, or of what is not installed."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    with warnings.catch_warnings(action="ignore"):
        yield
    log.setLevel(level)
