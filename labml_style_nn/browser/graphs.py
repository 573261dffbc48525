r"""# From a function to a graph"""

import warnings
from collections.abc import Callable, Sequence
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

LOSS = [torch.ops.aten.nll_loss_forward, torch.ops.aten.nll_loss_backward]


def traced(function: Callable[..., Any], args: Sequence[Tensor]) -> GraphModule:
    """Trace a function; the first axis of what has four or is named a batch varies."""
    mode = FakeTensorMode(shape_env=ShapeEnv(), allow_non_fake_inputs=True)
    fakes = []
    for number, tensor in enumerate(args):
        kinds = [DimDynamic.STATIC] * tensor.dim()
        if is_batched(tensor):
            kinds[0] = DimDynamic.DYNAMIC
        context = StatelessSymbolicContext(dynamic_sizes=kinds)
        fakes.append(
            mode.from_tensor(
                tensor, symbolic_context=context, source=ConstantSource(f"in_{number}")
            )
        )
    tracer = make_fx(
        function,
        decomposition_table=get_decompositions(LOSS),
        tracing_mode="symbolic",
        _allow_non_fake_inputs=True,
    )
    return tracer(*fakes)


def is_batched(tensor: Tensor) -> bool:
    """Whether the first axis is the batch."""
    return tensor.dim() == 4 or tensor.dtype == torch.int64


def export(
    function: Callable[..., Any],
    args: Sequence[Tensor],
    inputs: Sequence[str],
    outputs: Sequence[str],
) -> onnx.ModelProto:
    """Trace and export."""
    graph = traced(function, args)
    batch = torch.export.Dim("batch", min=2, max=4096)
    dynamic = tuple({0: batch} if is_batched(tensor) else None for tensor in args)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            graph,
            tuple(args),
            dynamo=True,
            dynamic_shapes=dynamic,
            input_names=list(inputs),
            output_names=list(outputs),
            verbose=False,
        )
    assert program is not None
    return slim(program.model_proto)


def slim(model: onnx.ModelProto) -> onnx.ModelProto:
    """Leave out what no runtime reads."""
    graph = model.graph
    del model.metadata_props[:]
    del graph.value_info[:]
    graph.doc_string = ""
    kept = {value.name for value in (*graph.input, *graph.output)}
    short: dict[str, str] = {"": ""}

    def rename(name: str) -> str:
        if name not in kept and name not in short:
            short[name] = f"v{len(short)}"
        return short.get(name, name)

    for node in graph.node:
        del node.metadata_props[:]
        node.doc_string = node.name = ""
        node.input[:] = [rename(name) for name in node.input]
        node.output[:] = [rename(name) for name in node.output]
    for tensor in graph.initializer:
        tensor.name = rename(tensor.name)
        tensor.doc_string = ""
        del tensor.metadata_props[:]
    return model
