r"""# Imports: what several modules import, in one list

When modules become one file, so do their imports: each once, sorted as `isort` and
`ruff` sort them. The standard library comes first; `import …` comes before `from …`;
of the names in one line, constants come first, then classes, then all others.
"""

import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from litweave.diagnostics import Place

_WIDTH = 88


class StandaloneError(ValueError):
    """A module that cannot be one file: says where and why."""

    def __init__(self, place: Place, problem: str) -> None:
        super().__init__(f"{place}: {problem}")
        self.place, self.problem = place, problem


@dataclass(frozen=True)
class Import:
    """One name that an import binds: `from module import name as local`.

    Without a name, it is `import module`, and `local` is empty unless there is an `as`.
    """

    module: str
    name: str = ""
    local: str = ""

    @property
    def binds(self) -> str:
        """The name in the file."""
        return self.local or self.name or self.module.partition(".")[0]

    @property
    def means(self) -> str:
        """What it is a name of: `import a.b as c` and `from a import b as c` agree."""
        if self.name:
            return f"{self.module}.{self.name}"
        return self.module if self.local else self.binds


def listed(imports: Iterable[Import]) -> str:
    """The imports as they stand at the head of a file."""
    found = set(_different(imports))
    standard = {i for i in found if i.module.partition(".")[0] in _STANDARD}
    future = {i for i in found if i.module == "__future__"}
    sections = (future, standard - future, found - standard - future)
    return "\n".join("\n".join(_section(s)) + "\n" for s in sections if s)


def _different(imports: Iterable[Import]) -> Iterator[Import]:
    """The imports, without one that another only writes otherwise."""
    seen = set()
    for item in imports:
        # `import a.b` is more than `import a`, although both bind `a`.
        key = item.binds, item.means, "" if item.name or item.local else item.module
        if key not in seen:
            yield item
        seen.add(key)


_STANDARD = {*sys.stdlib_module_names, "__future__"}


def _section(imports: Iterable[Import]) -> Iterator[str]:
    plain = (i for i in imports if not i.name)
    for item in sorted(plain, key=lambda i: (_natural(i.module), i.local)):
        yield f"import {item.module}{_alias(item)}"
    modules = defaultdict(list)
    for item in imports:
        if item.name:
            modules[item.module].append(item)
    for module in sorted(modules, key=_natural):
        yield from _lines(module, sorted(modules[module], key=_rank))


def _lines(module: str, items: Iterable[Import]) -> Iterator[str]:
    """The imports from one module; a name with `as` has a line of its own."""
    names: list[str] = []
    for item in items:
        if item.local:
            yield f"from {module} import {item.name}{_alias(item)}"
        else:
            names.append(item.name)
    line = f"from {module} import {', '.join(names)}"
    if names and len(line) <= _WIDTH:
        yield line
    elif names:
        yield "\n".join([f"from {module} import (", *(f"    {n}," for n in names), ")"])


def _alias(item: Import) -> str:
    return f" as {item.local}" if item.local else ""


def _rank(item: Import) -> tuple[int, list[object], str]:
    name = item.name
    if name.isupper() and len(name) > 1:
        return 0, _natural(name), item.local
    return 1 if name[:1].isupper() else 2, _natural(name), item.local


def _natural(name: str) -> list[object]:
    """How names are sorted: whatever the case, and 2 before 10."""
    parts = re.split(r"(\d+)", name.lower())
    return [int(part) if part.isdigit() else part for part in parts] + [name]
