r"""# Exercises: is it right?

Many pages end in a function to write. Whoever has written it asks whether it computes
what ours does:

>>> import torch
>>> from labml_style_nn.exercises import check
>>> def token_mixing(x, w1, b1, w2, b2):
...     return w2 @ torch.nn.functional.relu(w1 @ x + b1[:, None]) + b2[:, None]
>>> check("token_mixing", token_mixing)
Not yet: the shape is right, but values differ from ours by up to 0.94 (the largest
of ours is 47). Here `x` is 2 × 24 × 20, `w1` 10 × 24, `b1` 10, `w2` 24 × 10, `b2`
24.

Both functions get the same random numbers, in float64 and in two sizes, and must agree
in shape, in values and in the gradient of each argument.
"""

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pkgutil import resolve_name
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

# Where rounding ends and another function begins: float64 rounds at $10^{-16}$, and the
# two forms of GELU are $5 \cdot 10^{-4}$ apart.
_TOLERANCE = 1e-8


@dataclass(frozen=True)
class Verdict:
    """Whether an answer is right, and in words how it is not. It is true or false."""

    is_right: bool
    message: str

    def __bool__(self) -> bool:
        return self.is_right

    def __repr__(self) -> str:
        return "\n".join(textwrap.wrap(self.message, 84))


def check(name: str, yours: Callable[..., Any]) -> Verdict:
    """Compare a function with the one that an exercise asks for.

    What `yours` raises is left to show itself: its traceback leads to the line.

    **Raises.** `ValueError` for a name that no exercise has.
    """
    if name not in EXERCISES:
        raise ValueError(f"no exercise is called {name!r}; there are {[*EXERCISES]}")
    exercise = EXERCISES[name]
    # A notebook that only looks may have switched gradients off.
    with torch.enable_grad():
        for sizes in exercise.sizes:
            arguments = exercise.arguments(sizes)
            problem = _problem(exercise.ours, yours, arguments)
            if problem:
                return Verdict(False, f"Not yet: {problem} {_told(arguments)}")
    return Verdict(True, "Right: shape, values and gradients are those of ours.")


def _problem(
    ours: Callable[..., Tensor],
    yours: Callable[..., Any],
    arguments: Mapping[str, Tensor | int],
) -> str:
    """How an answer is wrong; nothing if it is right."""
    found = yours(*arguments.values())
    if not isinstance(found, Tensor):
        what = "nothing" if found is None else f"a {type(found).__name__}"
        return f"it returned {what}, and should return a tensor."
    expected = ours(*arguments.values())
    if found.shape != expected.shape:
        return (
            f"the result has the shape {_times(found.shape)}, and ours "
            f"{_times(expected.shape)}."
        )
    if found.dtype != expected.dtype:
        return f"the numbers became {found.dtype}; ours stay {expected.dtype}."
    if not _close(found, expected):
        return f"the shape is right, but values {_apart(found, expected)}"
    return _wrong_gradient(found, expected, arguments)


def _wrong_gradient(
    found: Tensor, expected: Tensor, arguments: Mapping[str, Tensor | int]
) -> str:
    """How the gradients of two equal results differ."""
    if not found.requires_grad:
        return (
            "the values are right, but the result has no gradient (was a tensor "
            "detached, or made into numbers?)."
        )
    probe = torch.linspace(-1, 1, found.numel(), dtype=found.dtype).reshape(found.shape)
    tensors = {n: a for n, a in arguments.items() if isinstance(a, Tensor)}
    gradients = [
        torch.autograd.grad(
            (result * probe).sum(), [*tensors.values()], materialize_grads=True
        )
        for result in (found, expected)
    ]
    for name, mine, right in zip(tensors, *gradients, strict=True):
        if not _close(mine, right):
            missing = not mine.any()
            how = (
                "is missing." if missing else f"is wrong: numbers {_apart(mine, right)}"
            )
            return f"the values are right, but the gradient of `{name}` {how}"
    return ""


def _close(found: Tensor, expected: Tensor) -> bool:
    return torch.allclose(found, expected, rtol=_TOLERANCE, atol=_TOLERANCE)


def _apart(found: Tensor, expected: Tensor) -> str:
    if not found.isfinite().all():
        return "are not finite."
    difference = (found - expected).abs().max().item()
    largest = expected.abs().max().item()
    return (
        f"differ from ours by up to {difference:.2g} "
        f"(the largest of ours is {largest:.2g})."
    )


def _told(arguments: Mapping[str, Tensor | int]) -> str:
    """The sizes with which something went wrong."""
    told = [
        f"`{name}` {'is ' * (not number)}"
        + (_times(a.shape) if isinstance(a, Tensor) else str(a))
        for number, (name, a) in enumerate(arguments.items())
    ]
    return f"Here {', '.join(told)}."


def _times(shape: torch.Size) -> str:
    return " × ".join(map(str, shape)) or "that of a number"


# ## The exercises


@dataclass(frozen=True)
class Exercise:
    """What to compute, of which arguments.

    An argument is a tensor, with a letter for each axis, or one size as a number. Each
    letter has two sizes, and all arguments are made in both.
    """

    ours: Callable[..., Tensor]
    shapes: Mapping[str, str]
    letters: Mapping[str, tuple[int, int]]

    @property
    def sizes(self) -> Iterator[Mapping[str, int]]:
        """Both sets of sizes: an answer must not hold for one of them alone."""
        for number in range(2):
            yield {letter: sizes[number] for letter, sizes in self.letters.items()}

    def arguments(self, sizes: Mapping[str, int]) -> dict[str, Tensor | int]:
        """The same random numbers each time; those of the reader's seed are left."""
        chance = torch.Generator().manual_seed(0)
        return {
            name: sizes[shape[1:]]
            if shape.startswith("=")
            else torch.randn(
                [sizes[letter] for letter in shape.split()],
                generator=chance,
                dtype=torch.double,
                requires_grad=True,
            )
            for name, shape in self.shapes.items()
        }


# By name, so that a page that asks an exercise depends on its own layer and not on all.
def _ours(name: str) -> Any:
    return resolve_name(f"labml_style_nn.{name}")


def _computes(
    layer_class: str, names: str, sizes: Sequence[tuple[int, int]] = ((0, 1), (0, 0))
) -> Callable[..., Tensor]:
    """What a layer computes, with weights that are given after its input.

    `names` are those of its parameters, in the order of the weights. Each of its
    `sizes` is that of a weight along an axis, by default those of the first matrix.
    """

    def ours(x: Tensor, *weights: Tensor) -> Tensor:
        # All of its parameters are replaced, so it needs no numbers of its own.
        with torch.device("meta"):
            layer = _ours(layer_class)(*(weights[i].shape[axis] for i, axis in sizes))
        parameters = dict(zip(names.split(), weights, strict=True))
        return _called(layer, parameters, x)

    return ours


def _called(layer: nn.Module, parameters: Mapping[str, Tensor], x: Tensor) -> Tensor:
    found: Tensor = functional_call(layer, dict(parameters), (x,))
    return found


def _patches(image: Tensor, height: int, width: int) -> Tensor:
    found: Tensor = _ours("layers.patch_embedding:cut_into_patches")(
        image, (height, width)
    )
    return found


def _layer_norm(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    found: Tensor = _ours("layers.layer_norm:layer_norm")(x, weight, bias)
    return found


def _gelu_derivative(x: Tensor) -> Tensor:
    gelu = _ours("layers.gelu:gelu_exact")
    (derivative,) = torch.autograd.grad(gelu(x).sum(), x, create_graph=True)
    return derivative


def _mixer_block(x: Tensor, *weights: Tensor) -> Tensor:
    """A block whose norms are as they begin: with one and zero."""
    tokens, places = weights[0].shape
    channels, width = weights[4].shape
    with torch.device("meta"):
        block = _ours("models.mlp_mixer:MixerBlock")(places, width, tokens, channels)
    names = [
        f"{mixing}.{layer}.{kind}"
        for mixing, layer, kind in product(
            ("token_mixing", "channel_mixing"), ("fc1", "fc2"), ("weight", "bias")
        )
    ]
    norms = {
        f"{norm}.{kind}": torch.full([width], float(kind == "weight"), dtype=x.dtype)
        for norm, kind in product(("token_norm", "channel_norm"), ("weight", "bias"))
    }
    parameters = dict(zip(names, weights, strict=True)) | norms
    return _called(block, parameters, x)


_TABLE = {"B": (2, 3), "S": (24, 5), "C": (20, 8)}
_TWO_LAYERS = "fc1.weight fc1.bias fc2.weight fc2.bias"
_TOKENS = {"w1": "T S", "b1": "T", "w2": "S T", "b2": "S"}
_CHANNELS = {"w3": "D C", "b3": "D", "w4": "C D", "b4": "C"}

EXERCISES: Mapping[str, Exercise] = {
    "patch_embedding": Exercise(
        _patches,
        {"image": "B I H W", "height": "=P", "width": "=Q"},
        {
            "B": (2, 3),
            "I": (3, 1),
            "H": (12, 6),
            "W": (20, 8),
            "P": (4, 2),
            "Q": (5, 4),
        },
    ),
    "layer_norm": Exercise(
        _layer_norm, {"x": "B S C", "weight": "C", "bias": "C"}, _TABLE
    ),
    "gelu_derivative": Exercise(_gelu_derivative, {"x": "B S C"}, _TABLE),
    "linear": Exercise(
        _computes("layers.linear:Linear", "weight bias"),
        {"x": "B S C", "weight": "O C", "bias": "O"},
        _TABLE | {"O": (7, 11)},
    ),
    "mlp": Exercise(
        _computes("layers.mlp:MLP", _TWO_LAYERS),
        {"x": "B S C", "w1": "D C", "b1": "D", "w2": "C D", "b2": "C"},
        _TABLE | {"D": (80, 11)},
    ),
    "token_mixing": Exercise(
        _computes("layers.token_mixing:TokenMixing", _TWO_LAYERS),
        {"x": "B S C"} | _TOKENS,
        _TABLE | {"T": (10, 7)},
    ),
    "channel_mixing": Exercise(
        _computes("layers.channel_mixing:ChannelMixing", _TWO_LAYERS),
        {"x": "B S C"} | _CHANNELS,
        _TABLE | {"D": (80, 11)},
    ),
    "head": Exercise(
        _computes("layers.head:ClassificationHead", "linear.weight linear.bias"),
        {"x": "B S C", "weight": "K C", "bias": "K"},
        _TABLE | {"K": (7, 4)},
    ),
    "mixer_block": Exercise(
        _mixer_block,
        {"x": "B S C"} | _TOKENS | _CHANNELS,
        _TABLE | {"T": (10, 7), "D": (80, 11)},
    ),
    "depthwise_convolution": Exercise(
        _computes(
            "layers.depthwise_convolution:DepthwiseConvolution",
            "weight bias",
            [(0, 0), (0, 2)],
        ),
        {"x": "B C H W", "weight": "C 1 K K", "bias": "C"},
        {"B": (2, 3), "C": (5, 4), "H": (8, 7), "W": (6, 9), "K": (3, 5), "1": (1, 1)},
    ),
}
