r"""# Opening: what stands at the top of a standalone file

The licence of the project that the module comes from; then, as a docstring, the title
of the module and its examples, so that `python -m doctest mixer.py` tells whether the
copy works. These are the examples under the heading `Example`. If they use a name that
an earlier one made, all the earlier ones come along: those may have set a seed.
"""

import ast
import doctest
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from itertools import chain, takewhile
from pathlib import Path

from litweave.diagnostics import Place
from litweave.doctests import UnreadableError, parts
from litweave.features.copy.clean import Source
from litweave.features.copy.statements import Names, Unit, alias, names
from litweave.imports import Import, ImportStatement, imported, root
from litweave.syntax import syntax_tree

_HEADING = re.compile(r"^(#{1,6}) +(.+?)[ #]*$", re.MULTILINE)
_NAMED = re.compile(r"examples?", re.IGNORECASE)
# How a traceback calls an error that is not Python's own.
_QUALIFIED = re.compile(r"^[A-Za-z_]\w*(?:\.\w+)+(?=:|$)")
_Group = Sequence[doctest.Example]  # those that stand together


class StandaloneError(ValueError):
    """A module that cannot be one file: says where and why."""

    def __init__(self, place: Place, problem: str) -> None:
        super().__init__(f"{place}: {problem}")


# ## The examples


@dataclass(frozen=True)
class Examples:
    """The examples to keep, in groups as they stand together."""

    place: Place
    groups: Sequence[_Group]

    @classmethod
    def of(cls, source: Source) -> "Examples":
        """The examples of the docstring that opens a module.

        **Raises.** [`StandaloneError`][] if doctest cannot read them.
        """
        body = source.tree.body
        place = Place(source.path, body[0].lineno if body else 1)
        try:
            text = ast.get_docstring(source.tree, clean=False) or ""
            return cls(place, list(_kept(text)))
        except UnreadableError as error:
            place = Place(source.path, place.line + error.line - 1)
            raise StandaloneError(place, error.reason) from None

    def units(self, module: str, is_here: Callable[[Import], bool]) -> Iterator[Unit]:
        """What they import of what `is_here`, and use."""
        for example in chain(*self.groups):
            place = Place(self.place.path, self.place.line + example.lineno)
            for item in filter(is_here, _read(example.source)[1]):
                bound = Names({item.binds}, {item.binds})
                yield Unit(module, place, [], "", bound, item)

    def docstring(self, title: str, is_here: Callable[[Import], bool]) -> str:
        """The docstring of a file; what `is_here` is not imported."""
        groups = ["".join(_lines(group, is_here)) for group in self.groups]
        shown = [group.rstrip("\n") for group in groups if group]
        if not shown:
            return f'"""{title}"""\n'
        body = "\n\n".join([title, "Example:", *shown])
        prefix = "r" if "\\" in body else ""
        quotes = "'''" if '"""' in body else '"""'
        return f"{prefix}{quotes}{body}\n{quotes}\n"


def _lines(group: _Group, is_here: Callable[[Import], bool]) -> Iterator[str]:
    for example in group:
        items = _read(example.source)[1]
        if not any(map(is_here, items)):
            yield _shown(example.source, example.want)
            continue
        # An example is one statement, and what was imported by one may need two.
        for item in items:
            if text := alias(item) if is_here(item) else str(item):
                yield f">>> {text}\n"


def _shown(source: str, want: str) -> str:
    """An example as it is typed, and its answer."""
    first, *others = source.splitlines(keepends=True)
    # The full name of an error begins with its module, which has another in a copy.
    last = want.rstrip("\n").rpartition("\n")[2]
    if want.startswith("Traceback") and _QUALIFIED.match(last):
        first = f"{first.rstrip()}  # doctest: +IGNORE_EXCEPTION_DETAIL\n"
    return "".join([f">>> {first}", *(f"... {line}" for line in others), want])


def _kept(text: str) -> list[_Group]:
    """The examples under the heading, and before them what they build on."""
    groups = _groups(text)
    shown = [group for is_named, group in groups if is_named]
    earlier = [group for _, group in takewhile(lambda pair: not pair[0], groups)]
    used, bound = set[str](), set[str]()
    for example in chain(*shown):
        found, _ = _read(example.source)
        used |= found.uses - bound
        bound |= found.binds
    needed: dict[str, doctest.Example] = {}
    for example in chain(*earlier):
        found, imports = _read(example.source)
        if not used.isdisjoint(found.binds):
            if not imports:
                return [*earlier, *shown]
            needed[example.source] = example
    return [list(needed.values()), *shown]


def _groups(text: str) -> list[tuple[bool, list[doctest.Example]]]:
    """The examples by the paragraphs they stand in, and whether under the heading."""
    groups: list[tuple[bool, list[doctest.Example]]] = [(False, [])]
    named, level = False, 7
    for part in parts(text):
        if isinstance(part, doctest.Example):
            groups[-1][1].append(part)
        elif part:
            for match in _HEADING.finditer(part):
                # A heading within the section goes on with it.
                if not named or len(match[1]) <= level:
                    named, level = bool(_NAMED.fullmatch(match[2])), len(match[1])
            groups.append((named, []))
    return [group for group in groups if group[1]]


@cache
def _read(source: str) -> tuple[Names, list[Import]]:
    """The names of an example, and what it imports if it does nothing else."""
    try:
        found, nodes = names(source), syntax_tree(source).body
    except SyntaxError:
        return Names(), []  # An example may show just that.
    imports = [node for node in nodes if isinstance(node, ImportStatement)]
    if len(imports) < len(nodes):
        return found, []
    return found, [item for node in imports for item in imported(node)]


# ## The licence

_INSTALLED = {"site-packages", "dist-packages"}
_FILES = ("LICENSE", "LICENCE", "COPYING", "UNLICENSE")


def head(name: str, path: Path, address: str = "") -> str:
    """What a file says at its top, of the module that it was made from."""
    package = root(name, path) / name.partition(".")[0]
    project, licence = _project(package if package.is_dir() else path.parent)
    source = f"From {project}{f', {address}' if address else '.'}"
    lines = [f"{name}, with all it needs, in one file.", source]
    return "\n".join([*lines, "", *licence.strip().splitlines()]).rstrip()


@cache
def _project(folder: Path) -> tuple[str, str]:
    """“Name version” of the project around a package, and the words of its licence."""
    for above in (folder, *folder.parents):
        if above.name in _INSTALLED:
            break  # What is around belongs to somebody else.
        if (file := above / "pyproject.toml").is_file():
            project = {"name": folder.name, "version": ""}
            with suppress(ValueError):
                project |= tomllib.loads(file.read_text("utf-8")).get("project", {})
            title = f"{project['name']} {project['version']}".strip()
            return title, _licence(above.iterdir())
    is_installed = folder.parent.name in _INSTALLED
    # It reads what all packages are made of, which takes a third of a second.
    names = is_installed and metadata.packages_distributions().get(folder.name)
    if names:
        found = metadata.distribution(names[0])
        files = (Path(str(file.locate())) for file in found.files or ())
        return f"{names[0]} {found.version}", _licence(files)
    return folder.name, _licence(folder.iterdir())


def _licence(files: Iterable[Path]) -> str:
    """What stands in the first of some files that is a licence."""
    named = (p for p in files if p.name.upper().startswith(_FILES))
    found = sorted(p for p in named if p.suffix != ".py" and p.is_file())
    return found[0].read_text("utf-8", "replace") if found else ""
