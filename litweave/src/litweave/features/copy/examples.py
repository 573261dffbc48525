r"""# Examples: what a standalone file keeps of the essay

A standalone file opens with the title of its module and the module's examples, so that
`python -m doctest mixer.py` tells whether the copy works. These are the examples under
the heading `Example`, without the words between them.

Examples build on one another. If those under the heading use a name that an earlier one
made, all the earlier ones come along: they may have set a seed, or changed a thing.
"""

import ast
import doctest
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from litweave.diagnostics import Place
from litweave.doctests import UnreadableError, parts
from litweave.features.copy.imports import Import, StandaloneError
from litweave.features.copy.statements import IMPORTS, Unit, units
from litweave.parse import Module, Prose
from litweave.syntax import syntax_tree

_HEADING = re.compile(r"^(#{1,6}) +(.+?)[ #]*$", re.MULTILINE)
_NAMED = re.compile(r"examples?", re.IGNORECASE)
# How a traceback calls an error that is not Python's own.
_QUALIFIED = re.compile(r"^[A-Za-z_]\w*(?:\.\w+)+(?=:|$)")


@dataclass(frozen=True)
class Examples:
    """The examples to keep, in groups as they stand together; `line` is the text's."""

    groups: Sequence[Sequence[doctest.Example]]
    line: int
    raw: bool

    @classmethod
    def of(cls, module: Module) -> "Examples":
        """The examples of the docstring that opens a module.

        **Raises.** [`StandaloneError`][] if doctest cannot read them.
        """
        for text in module.rows[0].prose if module.rows else ():
            if module.lines[text.line - 1].lstrip().startswith("#"):
                continue  # A comment is no docstring: a licence may stand above.
            try:
                return cls(list(_kept(text)), text.line, text.raw)
            except UnreadableError as error:
                place = Place(module.path, text.line + error.line - 1)
                raise StandaloneError(place, error.reason) from None
        return cls([], 1, True)

    @property
    def imports(self) -> Iterator[tuple[Import, int]]:
        """What they import, each with the line it is on."""
        for group in self.groups:
            for example in group:
                for item in _imports(example):
                    yield item, self.line + example.lineno

    def docstring(self, title: str, written: Callable[[Import, int], str]) -> str:
        """The docstring of the file; `written` tells what stands for an import."""
        groups = ["".join(self._lines(group, written)) for group in self.groups]
        shown = [group.rstrip("\n") for group in groups if group]
        if not shown:
            return f'"""{title}"""\n'
        body = "\n\n".join([title, "Example:", *shown])
        prefix = "r" if self.raw and "\\" in body else ""
        quotes = "'''" if '"""' in body else '"""'
        return f"{prefix}{quotes}{body}\n{quotes}\n"

    def _lines(
        self, group: Sequence[doctest.Example], written: Callable[[Import, int], str]
    ) -> Iterator[str]:
        for example in group:
            items = list(_imports(example))
            line = self.line + example.lineno
            if not items:
                yield _shown(example.source, example.want)
            # An example is one statement, and what was imported by one may need two.
            for text in filter(None, (written(item, line) for item in items)):
                yield _shown(f"{text}\n", "")


def _shown(source: str, want: str) -> str:
    """An example as it is typed, and its answer."""
    first, *others = source.splitlines(keepends=True)
    # The full name of an error begins with its module, which has another in a copy.
    last = want.rstrip("\n").rpartition("\n")[2]
    if want.startswith("Traceback") and _QUALIFIED.match(last):
        first = f"{first.rstrip()}  # doctest: +IGNORE_EXCEPTION_DETAIL\n"
    return "".join([f">>> {first}", *(f"... {line}" for line in others), want])


def _imports(example: doctest.Example) -> Iterator[Import]:
    """What an example binds, if it does nothing but import."""
    nodes = _nodes(example)
    if all(isinstance(node, IMPORTS) for node in nodes):
        for node in nodes:
            for alias in node.names if isinstance(node, IMPORTS) else ():
                is_from = isinstance(node, ast.ImportFrom)
                module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
                yield Import(
                    module or alias.name,
                    alias.name if is_from else "",
                    alias.asname or "",
                )


# ## Which examples


def _kept(prose: Prose) -> Iterator[list[doctest.Example]]:
    """The examples under the heading, and before them what they build on."""
    groups = _groups(prose.text)
    kept = [group for named, group in groups if named]
    if not kept:
        return
    first = next(number for number, (named, _) in enumerate(groups) if named)
    earlier = [group for _, group in groups[:first]]
    used = _used([example for group in kept for example in group])
    made = {
        name
        for group in earlier
        for example in group
        for unit in _units(example)
        if not unit.is_import
        for name in unit.binds
    }
    yield from earlier if used & made else _needed_imports(earlier, used)
    yield from kept


def _needed_imports(
    groups: Iterable[list[doctest.Example]], used: set[str]
) -> Iterator[list[doctest.Example]]:
    """The imports among earlier examples that bind a name which is used."""
    found = {
        example.source: example
        for group in groups
        for example in group
        if any(item.binds in used for item in _imports(example))
    }
    if found:
        yield list(found.values())


def _groups(text: str) -> list[tuple[bool, list[doctest.Example]]]:
    """The examples by the paragraphs they stand in, and whether under the heading."""
    groups: list[tuple[bool, list[doctest.Example]]] = []
    named, level, together = False, 7, False
    for part in parts(text):
        if isinstance(part, doctest.Example):
            if not together:
                groups.append((named, []))
            groups[-1][1].append(part)
            together = True
            continue
        together = together and not part.strip() and "\n\n" not in part
        for match in _HEADING.finditer(part):
            # A heading within the section goes on with it.
            if not named or len(match[1]) <= level:
                named = bool(_NAMED.fullmatch(match[2]))
                level = len(match[1])
    return groups


def _nodes(example: doctest.Example) -> list[ast.stmt]:
    return _parsed(example.source)


def _units(example: doctest.Example) -> list[Unit]:
    return units(ast.Module(_nodes(example), []))


@cache
def _parsed(source: str) -> list[ast.stmt]:
    try:
        return syntax_tree(source).body
    except SyntaxError:
        return []  # An example may show just that.


def _used(examples: Iterable[doctest.Example]) -> set[str]:
    """The names that examples use before they make them."""
    used: set[str] = set()
    made: set[str] = set()
    for example in examples:
        for unit in _units(example):
            used |= unit.uses - made
            made |= unit.binds
    return used
