r"""# One vector for all weights

A network keeps its weights in many tensors. A graph that is run again and again from
outside is simpler if there is one: a vector $\theta$ in which every weight has a place
of its own. The moments of Adam are two more vectors of the same length, and a step of
the optimiser becomes arithmetic on vectors.

The matrices come first, then the vectors (biases, and the scales of the norms). So the
part of $\theta$ that decays is a slice ([`optimizer`][] says why only matrices do).

## Notation

- $\theta$, `theta`: all weights of a network, one after another
- $n$, `count`: how many there are

## Example

>>> from torch import nn
>>> model = nn.Sequential(nn.Linear(3, 5), nn.LayerNorm(5))
>>> layout = Layout.of(model)
>>> for place in layout.places:
...     print(place)
Place(name='0.weight', shape=(5, 3), offset=0)
Place(name='0.bias', shape=(5,), offset=15)
Place(name='1.weight', shape=(5,), offset=20)
Place(name='1.bias', shape=(5,), offset=25)
>>> layout.count, layout.decaying
(30, 15)
>>> theta = layout.flatten(model)
>>> torch.equal(layout.unflatten(theta)["1.weight"], model[1].weight)
True
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Place:
    """Where a parameter lies: from `offset` on, its rows one after another."""

    name: str
    shape: tuple[int, ...]
    offset: int

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Layout:
    """## The places of all parameters"""

    places: tuple[Place, ...]

    @classmethod
    def of(cls, model: nn.Module) -> "Layout":
        """Give each parameter a place: matrices first, else in the model's order."""
        places: list[Place] = []
        offset = 0
        ordered = sorted(model.named_parameters(), key=lambda named: named[1].dim() < 2)
        for name, parameter in ordered:
            places.append(Place(name, tuple(parameter.shape), offset))
            offset += parameter.numel()
        return cls(tuple(places))

    @property
    def count(self) -> int:
        """The number of all weights."""
        return sum(place.size for place in self.places)

    @property
    def decaying(self) -> int:
        """The number of those in matrices. They come first."""
        return sum(place.size for place in self.places if len(place.shape) > 1)

    def flatten(self, model: nn.Module) -> Tensor:
        r"""Copy the weights of a model into one vector.

        **Shape.** `(count,)`
        """
        weights = dict(model.named_parameters())
        parts = [weights[place.name].detach().flatten() for place in self.places]
        return torch.cat(parts)

    def unflatten(self, theta: Tensor) -> dict[str, Tensor]:
        """Cut a vector into parameters again, by their names. Nothing is copied."""
        parts = theta.split([place.size for place in self.places])
        return {
            place.name: part.view(place.shape)
            for place, part in zip(self.places, parts, strict=True)
        }
