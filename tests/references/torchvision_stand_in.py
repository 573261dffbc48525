"""A stand-in for torchvision, so that timm imports on a machine without it.

timm imports names from torchvision at module level. None of them runs when a model is
built and called, so every submodule may be empty and every name a class that does
nothing. This serves the recipes in this folder and the benchmarks, nothing else.
"""

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


def invented(_owner: Any, name: str) -> Any:
    """A class for every name that is asked for, but for Python's own protocols."""
    if name.startswith("__"):
        raise AttributeError(name)
    return Nothing(name, (), {})


# A class whose every attribute is another such class, and a module of such classes.
Nothing = type("Nothing", (type,), {"__getattr__": invented})
EmptyModule = type("EmptyModule", (ModuleType,), {"__getattr__": invented})


class StandIn(MetaPathFinder, Loader):
    """Find every module below `torchvision`, and find it empty."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: Any = None
    ) -> ModuleSpec | None:
        """Claim torchvision and its submodules only."""
        if fullname.partition(".")[0] != "torchvision":
            return None
        return importlib.util.spec_from_loader(fullname, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Make the empty module."""
        return EmptyModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Have nothing to run."""


def install() -> None:
    """Put the stand-in in place, unless the real torchvision is there."""
    if importlib.util.find_spec("torchvision") is None:
        sys.meta_path.append(StandIn())
