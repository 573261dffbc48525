r"""# Observation: what the examples of a module come to

To run the examples of an [edition][live.edition] and to write down what they print, and
what the functions and networks of the module compute when an example calls them. Every
docstring begins with the same seed.
"""

import doctest
import inspect
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import wraps
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from labml_style_nn.live.edition import Edition, Failure, show_in_tracebacks

# More would fill the memory: with each call goes a copy of the weights.
MOST_CALLS = 24


@dataclass(frozen=True)
class Printed:
    """An example, what it printed, and whether that is what it says it prints."""

    source: str
    output: str
    as_said: bool


@dataclass(frozen=True)
class Start:
    """All that the outcome of a call depends on, beside the code."""

    weights: dict[str, Tensor]
    training: bool
    given: tuple[Sequence[Any], dict[str, Any]]
    chance: Tensor


@dataclass(frozen=True)
class Call:
    """A call from an example to a function, or to a network's forward pass."""

    function: Callable[..., Any]
    network: nn.Module | None
    start: Start
    output: Any

    @property
    def name(self) -> str:
        """What was called."""
        return self.function.__qualname__.removesuffix(".forward")

    @property
    def parameters(self) -> int | None:
        """How many parameters the network has, if it is one."""
        if self.network is None:
            return None
        return sum(parameter.numel() for parameter in self.network.parameters())

    def shaken(self) -> Start:
        """Its start, but from weights that are moved a little.

        Before any training a network hides much: the head that makes the scores of
        zeros makes them of anything.
        """
        if self.network is None:
            return self.start
        weights = dict(self.start.weights)
        with _chance_kept():
            torch.manual_seed(0)
            for name, parameter in self.network.named_parameters():
                weights[name] = weights[name] + 0.05 * torch.randn_like(parameter)
        return replace(self.start, weights=weights)

    def again(self, start: Start) -> Any:
        """What comes out of another start."""
        arguments, options = copied(start.given)
        with _chance_kept():
            torch.set_rng_state(start.chance)
            if self.network is None:
                return self.function(*arguments, **options)
            self.network.load_state_dict(start.weights)
            self.network.train(start.training)
            return self.function(self.network, *arguments, **options)


@dataclass
class Observation:
    """What the examples of a module printed and computed, until one of them failed."""

    printed: list[Printed] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    failure: Failure | None = None


def observe(edition: Edition) -> Observation:
    """Run the examples of a module."""
    seen = Observation()
    recorder = _Recorder(seen.calls)
    try:
        with _chance_kept(), edition.imported() as module:
            tests = doctest.DocTestFinder().find(module, edition.name)
            recorder.attend(module)
            for test in tests:
                _run(test, module, seen)
    except (Exception, KeyboardInterrupt) as error:
        # The example's own error, or one of importing the module.
        cause = error.cause if isinstance(error, _ExampleError) else error
        seen.failure = Failure.of(cause, edition)
    recorder.deaf = True
    return seen


@contextmanager
def _chance_kept() -> Iterator[None]:
    """Let what is drawn inside be undrawn."""
    state = random.getstate()
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        random.setstate(state)


# ## What is printed


def _run(test: doctest.DocTest, module: ModuleType, seen: Observation) -> None:
    for number, example in enumerate(test.examples):
        show_in_tracebacks(f"<doctest {test.name}[{number}]>", example.source)
    test.globs = dict(vars(module))
    torch.manual_seed(0)
    random.seed(0)
    _Runner(seen.printed).run(test, out=lambda text: None)


class _ExampleError(Exception):
    """An example raised what it did not announce."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(str(cause))
        self.cause = cause


class _Runner(doctest.DocTestRunner):
    """Runs examples, and minds only what they print."""

    def __init__(self, printed: list[Printed]) -> None:
        super().__init__(verbose=False)
        self.printed = printed

    def report_success(self, out: Any, test: Any, example: Any, got: str) -> None:
        """Note what was printed, as was said it would be."""
        self._note(example, got, as_said=True)

    def report_failure(self, out: Any, test: Any, example: Any, got: str) -> None:
        """Note what was printed, and was not expected."""
        self._note(example, got, as_said=False)

    def _note(self, example: doctest.Example, got: str, as_said: bool) -> None:
        source = example.source.strip()
        self.printed.append(Printed(source, _without_lines(got), as_said))

    def report_unexpected_exception(
        self, out: Any, test: Any, example: Any, exc_info: Any
    ) -> None:
        """Go no further: what follows builds upon this."""
        raise _ExampleError(exc_info[1])


def _without_lines(got: str) -> str:
    """Leave out of a traceback the lines, which are of one text or the other."""
    printed, traceback, error = got.strip().partition("Traceback (most recent")
    return printed + error.splitlines()[-1] if traceback else printed


# ## What is computed


@dataclass
class _Recorder:
    """Writes down the calls that examples make, and not those that come of them."""

    calls: list[Call]
    deaf: bool = False

    def attend(self, module: ModuleType) -> None:
        """Listen to a module's functions, and to the forward passes of its networks."""
        for name, thing in list(vars(module).items()):
            if getattr(thing, "__module__", None) != module.__name__:
                continue
            if inspect.isfunction(thing):
                setattr(module, name, self.recorded(thing))
            elif inspect.isclass(thing) and issubclass(thing, nn.Module):
                self._attend_network(thing)

    def _attend_network(self, network: type[nn.Module]) -> None:
        if "forward" in vars(network):
            network.forward = self.recorded(network.forward)

    def recorded(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function that does the same, and is written down."""

        @wraps(function)
        def wrapper(*arguments: Any, **options: Any) -> Any:
            if self.deaf or len(self.calls) >= MOST_CALLS:
                return function(*arguments, **options)
            self.deaf = True
            try:
                return self._record(function, arguments, options)
            finally:
                self.deaf = False

        return wrapper

    def _record(
        self,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        options: dict[str, Any],
    ) -> Any:
        network = None
        if function.__name__ == "forward" and isinstance(arguments[0], nn.Module):
            network, arguments = arguments[0], arguments[1:]
        start = Start(
            copied(network.state_dict()) if network is not None else {},
            network is not None and network.training,
            copied((arguments, options)),
            torch.get_rng_state(),
        )
        itself = () if network is None else (network,)
        output = function(*itself, *arguments, **options)
        if any(True for _ in tensors(output)):
            self.calls.append(Call(function, network, start, copied(output)))
        return output


def copied(value: Any, copies: dict[int, Any] | None = None) -> Any:
    """The same, with tensors of its own; what was one thing is one thing again."""
    copies = {} if copies is None else copies
    if id(value) not in copies:
        copies[id(value)] = _copied(value, copies)
    return copies[id(value)]


def _copied(value: Any, copies: dict[int, Any]) -> Any:
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, torch.Generator):
        return value.clone_state()
    if isinstance(value, dict):
        return {key: copied(item, copies) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(copied(item, copies) for item in value)
    return value


def tensors(value: Any) -> Iterator[Tensor]:
    """All tensors in it, in order."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict):
        yield from tensors(list(value.values()))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from tensors(item)
