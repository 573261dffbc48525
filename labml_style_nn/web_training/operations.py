r"""# The operations of PyTorch in those of ONNX

A function for each operation that is met in a training step of a Mixer, forward and
backward. PyTorch calls its operations `aten`; `TRANSLATIONS` has a function for each of
them, which asks for operations of ONNX that compute the same. Most are one line. Those
that are more than that have their equation.

What is not in the table is not guessed at: [`graphs`][web_training.graphs]
refuses it by its name. Nor is an argument that a translation does not honour.

## Sizes

All sizes are known, but for that of the batch, $B$. A size is a number or a multiple of
$B$ ([`Batches`][]), as when a table of 16 patches for each image is read as one of
$16 B$ rows.

## What is repeated, and what only seems to be

PyTorch often repeats a tensor along an axis without copying it. ONNX has no such views,
but its arithmetic repeats by itself what is too small. So a [`Value`][] has two shapes:
the one that it has for PyTorch, and the one that is *held*, which may have ones in it,
or fewer axes. Only an operation that needs all of it asks for it `complete`.

## Notation

- $B$: the size of the batch
- $x$: what an operation reads
- $y$: what it gives
- $\ell$: the loss
- $g$, `gradient`: how the loss changes with each number of $y$
- $C$: the number of channels of a token
- $\mu$, `mean`: the mean of a token
- $\sigma$: the standard deviation of a token, and `scale` is $1 / \sigma$
- $\hat x$, `normal`: the token, normalised
- $w$, `weight`: the scales of a norm
- $b$, `bias`: its shifts
- $\Phi$, `share`: the distribution function of the normal distribution
- $\varphi$, `density`: its density
- $Y$, `hot`: for each image a row of zeros, with a one at its label
- $p$: for each image the probability of each class, as the network has it

## Example

>>> translator = Translator("images")
>>> like = Like((Batches(1), 3), torch.float32)
>>> x = translator.full("x", like)
>>> y = TRANSLATIONS[aten.gelu.default](translator, like, x)
>>> [operation.kind for operation in translator.operations]
['Mul', 'Erf', 'Mul', 'Add', 'Mul']

The derivative asks for the same again, and for what is its own:

>>> _ = TRANSLATIONS[aten.gelu_backward.default](translator, like, y, x)
>>> [operation.kind for operation in translator.operations][5:]
['Mul', 'Sub', 'Exp', 'Mul', 'Add', 'Mul']
"""

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from onnx import TensorProto

from labml_style_nn.web_training.tracing import Batches, Like, Shape, Size
from labml_style_nn.web_training.writer import Writer

aten = torch.ops.aten

# The types that occur, as numpy has them and as ONNX has them.
TYPES: dict[torch.dtype, tuple[Any, int]] = {
    torch.float32: (np.float32, TensorProto.FLOAT),
    torch.float64: (np.float64, TensorProto.DOUBLE),
    torch.int64: (np.int64, TensorProto.INT64),
    torch.bool: (np.bool_, TensorProto.BOOL),
}


class Value(NamedTuple):
    """A tensor in the graph: its name, how PyTorch sees it, and the shape it has."""

    name: str
    like: Like
    held: Shape


class Translator(Writer):
    """A writer that knows what PyTorch says of the values."""

    def __init__(self, batched: str) -> None:
        super().__init__()
        # An input whose first axis is the batch.
        self.batched = batched
        # What was read in another shape.
        self.sources: dict[str, Value] = {}

    def full(self, name: str, like: Like) -> Value:
        """A value that is held as PyTorch sees it."""
        return Value(name, like, like.shape)

    def complete(self, x: Value) -> str:
        """The name of a tensor in which nothing is left to be repeated."""
        if x.held == x.like.shape:
            return x.name
        sizes = [self.size(size) for size in x.like.shape]
        return self.one("Expand", x.name, self.one("Concat", *sizes, axis=0))

    def size(self, size: Size) -> str:
        """The name of a size, as a list of one number."""
        if not isinstance(size, Batches):
            return self.ints(size)
        batch = self.one("Shape", self.batched, start=0, end=1)
        return self.one("Mul", batch, self.ints(size.factor))

    def elementwise(self, kind: str, like: Like, *operands: Any) -> Value:
        """An operation on each number by itself, all of them of one type."""
        tensors = [x for x in operands if isinstance(x, Value)]
        dtype = tensors[0].like.dtype
        for x in tensors:
            only(dtype, x.like.dtype, "the type of an operand")
        if like.dtype != torch.bool:
            only(dtype, like.dtype, "the type of the result")
        names = [
            x.name if isinstance(x, Value) else self.constant(x, TYPES[dtype][0])
            for x in operands
        ]
        return Value(self.one(kind, *names), like, broadcast(x.held for x in tensors))

    def reshaped(self, x: Value, like: Like) -> Value:
        """The same numbers, in the shape of a result."""
        # Of several changes of shape only the last one counts.
        if x.held == x.like.shape:
            x = self.sources.get(x.name, x)
        if x.held == like.shape:
            return x._replace(like=like)
        shape = [-1 if isinstance(size, Batches) else size for size in like.shape]
        y = self.full(self.one("Reshape", self.complete(x), self.ints(*shape)), like)
        self.sources[y.name] = x
        return y


def broadcast(shapes: Iterable[Shape]) -> Shape:
    """The shape that operands have together, of which some are repeated."""
    backwards = zip_longest(*(shape[::-1] for shape in shapes), fillvalue=1)
    sizes = [next((size for size in axis if size != 1), 1) for axis in backwards]
    return tuple(sizes[::-1])


Translation = TypeVar("Translation", bound=Callable[..., Any])
# A function for each operation. It is called with a translator, with what PyTorch says
# of the result (or of each, if there are several), and with what PyTorch was given: a
# `Value` in the place of each tensor. It returns the value, or a list of them.
TRANSLATIONS: dict[Any, Callable[..., Any]] = {}


def translates(*operations: Any) -> Callable[[Translation], Translation]:
    """Enter a function in the table, under each operation that it translates."""

    def enter(function: Translation) -> Translation:
        TRANSLATIONS.update(dict.fromkeys(operations, function))
        return function

    return enter


def only(known: Any, found: Any, name: str) -> None:
    """Refuse an argument that is not the one for which a translation holds."""
    if found != known:
        raise NotImplementedError(f"{name} is {found}; only {known} is translated")


# ## The same numbers again


@translates(aten.detach.default, aten.clone.default)
def same(w: Translator, like: Like, x: Value, **_: Any) -> Value:
    """Neither a copy nor a cut in the history changes a number."""
    return x


@translates(aten.view.default, aten._unsafe_view.default)
@translates(aten.unsqueeze.default, aten.squeeze.dim)
def view(w: Translator, like: Like, x: Value, *_: Any) -> Value:
    """Read the numbers in another shape."""
    kept = len(x.held)
    if ending(x.like.shape, kept) == x.held == ending(like.shape, kept):
        # All that changes is how often the whole of it is repeated.
        return x._replace(like=like)
    return w.reshaped(x, like)


def ending(shape: Shape, number: int) -> Shape:
    """The last axes of a shape."""
    return shape[max(0, len(shape) - number) :]


@translates(aten.expand.default)
def expand(w: Translator, like: Like, x: Value, *_: Any, **__: Any) -> Value:
    """Repeat. Nothing is done until somebody needs it."""
    return x._replace(like=like)


@translates(aten.ones_like.default)
def ones(w: Translator, like: Like, x: Value, **_: Any) -> Value:
    """Repeat a one."""
    return Value(w.constant(1, TYPES[like.dtype][0]), like, ())


@translates(aten.zeros_like.default)
def zeros(w: Translator, like: Like, x: Value, **_: Any) -> Value:
    """Repeat a zero."""
    return Value(w.constant(0, TYPES[like.dtype][0]), like, ())


@translates(aten.permute.default)
def permute(w: Translator, like: Like, x: Value, order: Sequence[int]) -> Value:
    """Exchange the axes."""
    kept = len(x.held)
    order = [axis % len(order) for axis in order]
    repeated = len(order) - kept
    stays = order[:repeated] == [*range(repeated)]
    if stays and x.held == ending(x.like.shape, kept):
        # Only axes that are there are exchanged; the others still only repeat them.
        perm = tuple(axis - repeated for axis in order[repeated:])
        name = w.one("Transpose", x.name, perm=perm)
        return Value(name, like, ending(like.shape, kept))
    return w.full(w.one("Transpose", w.complete(x), perm=tuple(order)), like)


@translates(aten.transpose.int)
def transpose(w: Translator, like: Like, x: Value, one: int, other: int) -> Value:
    """Exchange two axes."""
    order = [*range(len(like.shape))]
    order[one], order[other] = order[other], order[one]
    return permute(w, like, x, order)


@translates(aten.t.default)
def turn(w: Translator, like: Like, x: Value) -> Value:
    """Exchange rows and columns."""
    return transpose(w, like, x, 0, 1)


@translates(aten.split_with_sizes.default)
def split(w: Translator, likes: list[Like], x: Value, sizes: list[int]) -> list[Value]:
    """Cut a vector into pieces."""
    names = w.some(len(sizes), "Split", w.complete(x), w.ints(*sizes))
    return [w.full(name, like) for name, like in zip(names, likes, strict=True)]


@translates(aten.slice.Tensor)
def cut(w: Translator, like: Like, x: Value, axis: int, start: int, end: int) -> Value:
    """Take a piece."""
    where = (w.ints(number) for number in (start, end, axis))
    return w.full(w.one("Slice", w.complete(x), *where), like)


@translates(aten.cat.default)
def cat(w: Translator, like: Like, parts: Sequence[Value], axis: int = 0) -> Value:
    """Put pieces together."""
    return w.full(w.one("Concat", *map(w.complete, parts), axis=axis), like)


@translates(aten._to_copy.default)
def cast(w: Translator, like: Like, x: Value, *, dtype: torch.dtype) -> Value:
    """Turn into numbers of another type."""
    return x._replace(name=w.one("Cast", x.name, to=TYPES[dtype][1]), like=like)


# ## Arithmetic


def arithmetic(kind: str) -> Callable[..., Value]:
    """An operation that both know, on tensors or numbers."""

    def operation(w: Translator, like: Like, *operands: Any) -> Value:
        return w.elementwise(kind, like, *operands)

    return operation


for _operation, _kind in (
    (aten.add.Tensor, "Add"),
    (aten.sub.Tensor, "Sub"),
    (aten.mul.Tensor, "Mul"),
    (aten.div.Tensor, "Div"),
    (aten.div.Scalar, "Div"),
    (aten.pow.Scalar, "Pow"),
    (aten.sqrt.default, "Sqrt"),
    (aten.abs.default, "Abs"),
    (aten.eq.Tensor, "Equal"),
    (aten.relu.default, "Relu"),
):
    translates(_operation)(arithmetic(_kind))


@translates(aten.rsub.Scalar)
def rsub(w: Translator, like: Like, x: Value, number: float) -> Value:
    """A number minus a tensor."""
    return w.elementwise("Sub", like, number, x)


@translates(aten.sum.default)
def sum_all(w: Translator, like: Like, x: Value) -> Value:
    """Add up all numbers. Of truth values, this counts those that are true."""
    name = w.complete(x)
    if x.like.dtype != like.dtype:
        name = w.one("Cast", name, to=TYPES[like.dtype][1])
    return w.full(w.one("ReduceSum", name, keepdims=0), like)


@translates(aten.sum.dim_IntList)
def sum_axes(
    w: Translator, like: Like, x: Value, axes: list[int], keepdim: bool = False
) -> Value:
    """Add up along axes."""
    return reduced(w, "ReduceSum", like, x, axes)


@translates(aten.mean.dim)
def mean(
    w: Translator, like: Like, x: Value, axes: list[int], keepdim: bool = False
) -> Value:
    """Average along axes."""
    return reduced(w, "ReduceMean", like, x, axes)


def reduced(w: Translator, kind: str, like: Like, x: Value, axes: list[int]) -> Value:
    """Make one number of all along some axes."""
    only(like.dtype, x.like.dtype, "the type of the numbers")
    rank = len(x.like.shape)
    gone = tuple(axis % rank for axis in axes)
    left = [size for axis, size in enumerate(x.like.shape) if axis not in gone]
    name = w.one(kind, w.complete(x), w.ints(*gone), keepdims=0)
    # If the axes are to stay, as axes of one, that is a change of shape. Often it is
    # changed back at once.
    return w.reshaped(w.full(name, Like(tuple(left), like.dtype)), like)


@translates(aten.argmax.default)
def argmax(w: Translator, like: Like, x: Value, axis: int) -> Value:
    """Where the largest number is."""
    return w.full(w.one("ArgMax", w.complete(x), axis=axis, keepdims=0), like)


# ## Products


@translates(aten.mm.default)
def mm(w: Translator, like: Like, a: Value, b: Value, *bias: str) -> Value:
    """Multiply matrices. None of them need be turned around first."""
    given = {}
    names = [w.complete(a), w.complete(b)]
    for place, flag in enumerate(("transA", "transB")):
        turned = w.argument(names[place], "Transpose")
        if turned:
            names[place], given[flag] = turned, 1
    return w.full(w.one("Gemm", *names, *bias, **given), like)


@translates(aten.addmm.default)
def addmm(w: Translator, like: Like, bias: Value, a: Value, b: Value) -> Value:
    """Multiply matrices, and add a bias to each row."""
    return mm(w, like, a, b, bias.name)


@translates(aten.bmm.default)
def bmm(w: Translator, like: Like, a: Value, b: Value) -> Value:
    """Multiply matrices, pair by pair. One matrix may be there for all."""
    a, b = (
        x if x.held[-2:] == x.like.shape[-2:] else w.full(w.complete(x), x.like)
        for x in (a, b)
    )
    held = broadcast([a.held[:-2], b.held[:-2]]) + like.shape[-2:]
    return Value(w.one("MatMul", a.name, b.name), like, held)


@translates(aten.baddbmm.default)
def baddbmm(w: Translator, like: Like, bias: Value, a: Value, b: Value) -> Value:
    """Multiply matrices, pair by pair, and add a bias."""
    return w.elementwise("Add", like, bmm(w, like, a, b), bias)


# ## Layer normalisation


@translates(aten.native_layer_norm.default)
def layer_norm_forward(
    w: Translator,
    likes: list[Like],
    x: Value,
    shape: list[int],
    weight: Value,
    bias: Value,
    eps: float,
) -> list[Value]:
    r"""Give $y = w \hat x + b$, and with it $\mu$ and $1 / \sigma$."""
    names = w.some(
        3,
        "LayerNormalization",
        *(w.complete(x), weight.name, bias.name),
        axis=-len(shape),
        epsilon=eps,
    )
    return [w.full(name, like) for name, like in zip(names, likes, strict=True)]


@translates(aten.native_layer_norm_backward.default)
def layer_norm_backward(
    w: Translator,
    likes: list[Like],
    gradient: Value,
    x: Value,
    shape: list[int],
    mean: Value,
    scale: Value,
    weight: Value,
    bias: Value,
    mask: list[bool],
) -> list[Value]:
    r"""Go backwards through a layer norm.

    $\mu$ and $\sigma$ depend on all channels of the token, so the mean over the
    channels comes in twice. The weight and the bias are the same for all tokens, so
    their gradients are sums over them.

    $$\frac{\partial \ell}{\partial x} = \frac{1}{\sigma} \Bigl( w g
      - \overline{w g} - \hat x \, \overline{w g \hat x} \Bigr),
      \qquad \frac{\partial \ell}{\partial w} = \sum g \hat x,
      \qquad \frac{\partial \ell}{\partial b} = \sum g$$
    """
    like, tokens = likes[0], [*range(len(x.like.shape) - len(shape))]
    channels = [*range(len(tokens), len(x.like.shape))]

    def averaged(value: Value) -> Value:
        axes = w.ints(*channels)
        name = w.one("ReduceMean", w.complete(value), axes, keepdims=1)
        return w.full(name, mean.like)

    centred = w.elementwise("Sub", like, x, mean)
    normal = w.elementwise("Mul", like, centred, scale)
    scaled = w.elementwise("Mul", like, gradient, weight)
    both = w.elementwise("Mul", like, scaled, normal)
    along = w.elementwise("Mul", like, normal, averaged(both))
    rest = w.elementwise("Sub", like, scaled, averaged(scaled))
    rest = w.elementwise("Sub", like, rest, along)
    by_weight = w.elementwise("Mul", like, gradient, normal)
    return [
        w.elementwise("Mul", like, rest, scale),
        reduced(w, "ReduceSum", likes[1], by_weight, tokens),
        reduced(w, "ReduceSum", likes[2], gradient, tokens),
    ]


# ## Nonlinearities


def normal_share(w: Translator, x: Value) -> tuple[Value, Value]:
    r"""Compute $x / \sqrt 2$, and $\Phi(x)$ from it.

    $$\Phi(x) = \tfrac12 + \tfrac12 \operatorname{erf} \frac{x}{\sqrt 2}$$
    """
    turned = w.elementwise("Mul", x.like, x, math.sqrt(0.5))
    half = w.elementwise("Mul", x.like, w.elementwise("Erf", x.like, turned), 0.5)
    return turned, w.elementwise("Add", x.like, half, 0.5)


@translates(aten.gelu.default)
def gelu_forward(
    w: Translator, like: Like, x: Value, *, approximate: str = "none"
) -> Value:
    r"""Give $x \, \Phi(x)$."""
    only("none", approximate, "approximate")
    _, share = normal_share(w, x)
    return w.elementwise("Mul", like, x, share)


@translates(aten.gelu_backward.default)
def gelu_backward(
    w: Translator, like: Like, gradient: Value, x: Value, *, approximate: str = "none"
) -> Value:
    r"""Give $g \cdot \bigl( \Phi(x) + x \, \varphi(x) \bigr)$.

    With $\varphi(x) = \exp \bigl( -x^2 / 2 - \ln \sqrt{2 \pi} \bigr)$, so that the
    factor in front of the density costs no multiplication.
    """
    only("none", approximate, "approximate")
    turned, share = normal_share(w, x)
    square = w.elementwise("Mul", like, turned, turned)
    exponent = w.elementwise("Sub", like, -math.log(math.sqrt(2 * math.pi)), square)
    density = w.elementwise("Exp", like, exponent)
    slope = w.elementwise("Add", like, share, w.elementwise("Mul", like, x, density))
    return w.elementwise("Mul", like, gradient, slope)


@translates(aten.threshold_backward.default)
def threshold_backward(
    w: Translator, like: Like, gradient: Value, y: Value, threshold: float
) -> Value:
    """Give the gradient where ReLU gave more than nothing, and zero elsewhere."""
    on = w.elementwise("Greater", Like(like.shape, torch.bool), y, threshold)
    zero = w.constant(0, TYPES[like.dtype][0])
    name = w.one("Where", on.name, gradient.name, zero)
    return Value(name, like, broadcast([on.held, gradient.held]))


# ## The loss


@translates(aten._log_softmax.default)
def log_softmax(w: Translator, like: Like, x: Value, axis: int, half: bool) -> Value:
    r"""Give $\ln p$."""
    return w.full(w.one("LogSoftmax", w.complete(x), axis=axis), like)


@translates(aten._log_softmax_backward_data.default)
def log_softmax_backward(
    w: Translator, like: Like, gradient: Value, y: Value, axis: int, _: torch.dtype
) -> Value:
    r"""Give $g - p \sum g$, the sum over the classes."""
    total = w.one("ReduceSum", w.complete(gradient), w.ints(axis), keepdims=1)
    p = w.elementwise("Exp", like, y)
    name = w.one("Sub", w.complete(gradient), w.one("Mul", p.name, total))
    return w.full(name, like)


def hot(w: Translator, like: Like, labels: Value) -> Value:
    """Give the rows $Y$. A label that is no class makes a row of zeros."""
    classes = like.shape[1]
    off_on = w.constant([0, 1], TYPES[like.dtype][0])
    depth = w.constant(classes, np.int64)
    return w.full(w.one("OneHot", labels.name, depth, off_on), like)


@translates(aten.nll_loss_forward.default)
def nll_loss(
    w: Translator,
    likes: list[Like],
    x: Value,
    labels: Value,
    weight: None,
    reduction: int,
    ignored: int,
) -> list[Value]:
    r"""Give the mean of $-\ln p$ at the labels, and over how many it was taken.

    PyTorch leaves out images of the label `ignored`. It is no class, so that $Y$ leaves
    them out here.
    """
    only((None, MEAN), (weight, reduction), "weight and reduction")
    rows = hot(w, x.like, labels)
    number = w.one("ReduceSum", rows.name, keepdims=0)
    chosen = w.elementwise("Mul", x.like, x, rows)
    total = w.one("Neg", w.one("ReduceSum", chosen.name, keepdims=0))
    return [
        w.full(w.one("Div", total, number), likes[0]),
        w.full(number, likes[1]),
    ]


# What PyTorch calls the mean, among the ways to make one loss of many.
MEAN = 1


@translates(aten.nll_loss_backward.default)
def nll_loss_backward(
    w: Translator,
    like: Like,
    gradient: Value,
    x: Value,
    labels: Value,
    weight: None,
    reduction: int,
    ignored: int,
    number: Value,
) -> Value:
    r"""Give $-Y g$, divided by the number of images."""
    only((None, MEAN), (weight, reduction), "weight and reduction")
    each = w.one("Neg", w.one("Div", gradient.name, number.name))
    return w.full(w.one("Mul", hot(w, x.like, labels).name, each), like)
