r"""# Comparison: a module that was edited, beside the original

What the button *Try this module* runs in the kernel:

    compare("labml_style_nn.models.mlp_mixer", source)

It runs the examples of the module as it is installed, and those of the edited text, and
says what became different: what the examples print, the shapes of what is computed, how
many parameters there are, and how far the numbers are apart. For these, both are given
the same input and the same weights, which are those of the original, moved a little. If
the edited network has other weights, both began with the same seed, and the numbers
tell less.

What it returns shows itself as text and, for a page's script, as JSON.
"""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import zip_longest
from typing import Any

import torch
from torch import Tensor

from labml_style_nn.live.edition import Edition, Failure
from labml_style_nn.live.observation import (
    Call,
    Observation,
    Printed,
    Start,
    observe,
    tensors,
)

MIME = "application/vnd.annotated-mixer.comparison+json"


@dataclass(frozen=True)
class Example:
    """An example that prints something else."""

    source: str
    before: str
    after: str

    def __str__(self) -> str:
        return f">>> {self.source}\nbefore: {self.before}\nafter:  {self.after}"


@dataclass(frozen=True)
class Output:
    """What a call comes to, before and after."""

    name: str
    shapes: tuple[str, str]
    parameters: tuple[int | None, int | None]
    # The largest difference of numbers, and the largest number before. There are none
    # if the shapes differ, or on PyTorch's `meta` device.
    difference: float | None
    largest: float | None
    same_weights: bool

    @property
    def changes(self) -> list[str]:
        """What is different, each in a few words."""
        changes = []
        if self.shapes[0] != self.shapes[1]:
            changes.append("shape {} → {}".format(*self.shapes))
        if self.parameters[0] != self.parameters[1]:
            changes.append("parameters {} → {}".format(*map(_count, self.parameters)))
        if self.difference:
            same = "weights and inputs" if self.same_weights else "seed"
            changes.append(
                f"numbers differ by up to {self.difference:.2g}, and the largest was "
                f"{self.largest:.2g} (same {same})"
            )
        return changes


@dataclass(frozen=True)
class Comparison:
    """What became different, and how much was looked at."""

    module: str
    failure: Failure | None
    original_failure: Failure | None
    examples: tuple[Example, ...]
    outputs: tuple[Output, ...]
    num_examples: int
    # Calls that only one of the two made, before it failed or ended.
    unpaired: int

    @property
    def title(self) -> str:
        """The result in one line."""
        if self.failure:
            return f"The edited module fails: {self.failure.message}"
        return "The edited module differs." if self.differs else "No difference."

    @property
    def differs(self) -> bool:
        """Whether anything became different."""
        changed = any(output.changes for output in self.outputs)
        return bool(self.examples or self.unpaired or changed)

    @property
    def extent(self) -> str:
        """What the result rests on."""
        return (
            f"Examples that ran: {self.num_examples}. "
            f"Outputs that were compared: {len(self.outputs)}."
        )

    def __str__(self) -> str:
        return "\n".join([self.title, *self._details(), self.extent])

    def _details(self) -> Iterator[str]:
        if self.failure:
            yield from (f"  {step}" for step in self.failure.steps)
        if self.original_failure:
            yield f"The original fails, too: {self.original_failure.message}"
        for output in self.outputs:
            if output.changes:
                yield f"{output.name}: {'; '.join(output.changes)}"
        if self.unpaired and not self.failure:
            yield f"Calls that only one of the two makes: {self.unpaired}"
        yield from map(str, self.examples)

    def to_json(self) -> dict[str, Any]:
        """The same for a script."""
        outputs = [
            {**asdict(output), "changes": output.changes} for output in self.outputs
        ]
        whole = {**asdict(self), "differs": self.differs}
        facts: dict[str, Any] = _named({**whole, "outputs": outputs})
        return facts

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {"text/plain": str(self), MIME: self.to_json()}


def _count(number: int | None) -> str:
    return "none" if number is None else f"{number:,}"


def _named(value: Any) -> Any:
    """Name the numbers that JSON does not have."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _named(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_named(item) for item in value]
    return value


# ## How it is found


def compare(name: str, source: str) -> Comparison:
    """Compare a module of this package with an edited text of it."""
    before = _original(Edition.original(name))
    after = observe(Edition(name, source))
    pairs = zip(before.outcomes, after.calls, strict=False)
    return Comparison(
        name,
        after.failure,
        before.seen.failure,
        tuple(_examples(before.seen.printed, after.printed)),
        tuple(_output(old, new) for old, new in pairs if old),
        len(after.printed),
        abs(len(before.outcomes) - len(after.calls)),
    )


@dataclass(frozen=True)
class _Outcome:
    """A call of the original, and what comes out of a start that hides nothing."""

    call: Call
    start: Start
    output: Any


@dataclass(frozen=True)
class _Original:
    seen: Observation
    outcomes: list[_Outcome | None]


@lru_cache(maxsize=1)
def _original(edition: Edition) -> _Original:
    """What the installed module does, in the way in which the edited one is asked."""
    seen = observe(edition)
    return _Original(seen, [_outcome(call) for call in seen.calls])


def _outcome(call: Call) -> _Outcome | None:
    """Nothing, if it is not the same twice, as with what depends on the time."""
    start = call.shaken()
    try:
        output, second = call.again(start), call.again(start)
    except Exception:
        return None
    difference, _ = _difference(list(tensors(output)), list(tensors(second)))
    return None if difference else _Outcome(call, start, output)


def _examples(before: list[Printed], after: list[Printed]) -> Iterator[Example]:
    for old, new in zip_longest(before, after):
        if new and not (old and _alike(old, new)):
            yield Example(new.source, old.output if old else "", new.output)


def _alike(old: Printed, new: Printed) -> bool:
    # What an example says may leave room for what differs each time.
    said = old.source == new.source and old.as_said and new.as_said
    return said or old.output == new.output


def _output(before: _Outcome, after: Call) -> Output:
    try:
        pair, same_weights = (before.output, after.again(before.start)), True
    except Exception:
        # The weights do not fit, or what was given does not.
        pair, same_weights = (before.call.output, after.output), False
    old, new = (list(tensors(output)) for output in pair)
    return Output(
        after.name,
        (_shapes(old), _shapes(new)),
        (before.call.parameters, after.parameters),
        *_difference(old, new),
        same_weights,
    )


def _shapes(outputs: list[Tensor]) -> str:
    return ", ".join(str(tuple(output.shape)) for output in outputs)


def _difference(
    old: list[Tensor], new: list[Tensor]
) -> tuple[float | None, float | None]:
    """The largest difference, and the largest number before."""
    alike = [tensor.shape for tensor in old] == [tensor.shape for tensor in new]
    if not alike or any(tensor.is_meta for tensor in (*old, *new)):
        return None, None
    before = torch.cat([tensor.flatten().double() for tensor in old])
    after = torch.cat([tensor.flatten().double() for tensor in new])
    if not before.numel():
        return None, None
    # Two infinities, or two that are no numbers, do not differ.
    same = (before == after) | (before.isnan() & after.isnan())
    apart = torch.where(same, 0.0, (before - after).abs())
    return apart.max().item(), before.abs().max().item()
