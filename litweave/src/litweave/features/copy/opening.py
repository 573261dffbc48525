r"""# Opening: what stands at the top of a standalone file

The licence of the project that the module comes from; then, as a docstring, the title
of the module and its examples, so that `python -m doctest mixer.py` tells whether the
copy works. These are the examples under the heading `Example`. If they use a name that
an earlier one made, all the earlier ones come along: those may have set a seed.
"""

import doctest
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

from litweave.diagnostics import Place
from litweave.doctests import UnreadableError, parts
from litweave.features.copy.statements import Unit, units
from litweave.imports import Import, ImportStatement, imported
from litweave.parse import Module
from litweave.syntax import syntax_tree

_HEADING = re.compile(r"^(#{1,6}) +(.+?)[ #]*$", re.MULTILINE)
_NAMED = re.compile(r"examples?", re.IGNORECASE)
# How a traceback calls an error that is not Python's own.
_QUALIFIED = re.compile(r"^[A-Za-z_]\w*(?:\.\w+)+(?=:|$)")
# What is written for an import, and the examples that stand together.
_Written = Callable[[Import, int], str]
_Group = Sequence[doctest.Example]


class StandaloneError(ValueError):
    """A module that cannot be one file: says where and why."""

    def __init__(self, place: Place, problem: str) -> None:
        super().__init__(f"{place}: {problem}")


# ## The examples


@dataclass(frozen=True)
class Examples:
    """The examples to keep, in groups as they stand together; `line` is the text's."""

    groups: Sequence[_Group] = ()
    line: int = 1
    raw: bool = True

    @classmethod
    def of(cls, module: Module) -> "Examples":
        """The examples of the docstring that opens a module.

        **Raises.** [`StandaloneError`][] if doctest cannot read them.
        """
        for text in module.rows[0].prose if module.rows else ():
            if module.lines[text.line - 1].lstrip().startswith("#"):
                continue  # A comment is no docstring: a licence may stand above.
            try:
                return cls(list(_kept(text.text)), text.line, text.raw)
            except UnreadableError as error:
                place = Place(module.path, text.line + error.line - 1)
                raise StandaloneError(place, error.reason) from None
        return cls()

    @property
    def imports(self) -> Iterator[tuple[Import, int]]:
        """What they import, each with the line it is on."""
        for example in (example for group in self.groups for example in group):
            yield from ((i, self.line + example.lineno) for i in _imports(example))

    def docstring(self, title: str, written: _Written) -> str:
        """The docstring of the file; `written` tells what stands for an import."""
        groups = ["".join(self._lines(group, written)) for group in self.groups]
        shown = [group.rstrip("\n") for group in groups if group]
        if not shown:
            return f'"""{title}"""\n'
        body = "\n\n".join([title, "Example:", *shown])
        prefix = "r" if self.raw and "\\" in body else ""
        quotes = "'''" if '"""' in body else '"""'
        return f"{prefix}{quotes}{body}\n{quotes}\n"

    def _lines(self, group: _Group, written: _Written) -> Iterator[str]:
        for example in group:
            items = list(_imports(example))
            if not items:
                yield _shown(example.source, example.want)
            # An example is one statement, and what was imported by one may need two.
            for item in items:
                if text := written(item, self.line + example.lineno):
                    yield _shown(f"{text}\n", "")


def _shown(source: str, want: str) -> str:
    """An example as it is typed, and its answer."""
    first, *others = source.splitlines(keepends=True)
    # The full name of an error begins with its module, which has another in a copy.
    last = want.rstrip("\n").rpartition("\n")[2]
    if want.startswith("Traceback") and _QUALIFIED.match(last):
        first = f"{first.rstrip()}  # doctest: +IGNORE_EXCEPTION_DETAIL\n"
    return "".join([f">>> {first}", *(f"... {line}" for line in others), want])


def _kept(text: str) -> Iterator[_Group]:
    """The examples under the heading, and before them what they build on."""
    groups = _groups(text)
    names = [is_named for is_named, _ in groups]
    if True not in names:
        return
    kept = [group for is_named, group in groups if is_named]
    earlier = [group for _, group in groups[: names.index(True)]]
    used, _ = _names(kept)
    _, made = _names(earlier)
    needed = {
        example.source: example
        for group in earlier
        for example in group
        if any(item.binds in used for item in _imports(example))
    }
    yield from earlier if used & made else filter(None, [list(needed.values())])
    yield from kept


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
                named, level = bool(_NAMED.fullmatch(match[2])), len(match[1])
    return groups


def _names(groups: Iterable[_Group]) -> tuple[set[str], set[str]]:
    """The names that examples use before they bind them; those that they make."""
    used, bound, made = set[str](), set[str](), set[str]()
    for unit in (u for group in groups for example in group for u in _units(example)):
        used |= unit.uses - bound
        bound |= unit.binds
        made |= set() if unit.is_import else unit.binds
    return used, made


def _imports(example: doctest.Example) -> Iterator[Import]:
    """What an example binds, if it does nothing but import."""
    nodes = [node for unit in _units(example) for node in unit.nodes]
    if all(isinstance(node, ImportStatement) for node in nodes):
        for node in nodes:
            yield from imported(node) if isinstance(node, ImportStatement) else ()


def _units(example: doctest.Example) -> list[Unit]:
    return _read(example.source)


@cache
def _read(source: str) -> list[Unit]:
    try:
        return units(syntax_tree(source).body)
    except SyntaxError:
        return []  # An example may show just that.


# ## The licence

_INSTALLED = {"site-packages", "dist-packages"}
_FILES = ("LICENSE", "LICENCE", "COPYING", "UNLICENSE")


@dataclass(frozen=True)
class Project:
    """Where a package comes from: “name version”, and the words of its licence."""

    name: str
    licence: str = ""

    @classmethod
    @cache
    def around(cls, folder: Path) -> "Project":
        """The project that a package belongs to, as far as it can be told."""
        for above in (folder, *folder.parents):
            if above.name in _INSTALLED:
                break  # What is around belongs to somebody else.
            if (above / "pyproject.toml").is_file():
                return cls(_declared(above, folder.name), _beside(above))
        installed = any(folder.parent.glob("*.dist-info"))
        found = cls._of_installed(folder.name) if installed else None
        return found or cls(folder.name, _beside(folder))

    @classmethod
    def _of_installed(cls, package: str) -> "Project | None":
        names = metadata.packages_distributions().get(package)
        if not names:
            return None
        found = metadata.distribution(names[0])
        files = [file for file in found.files or () if _is_licence(file.name)]
        texts = [file.read_text("utf-8") for file in files[:1]]
        return cls(f"{names[0]} {found.version}", "".join(texts))

    def head(self, module: str, address: str = "") -> str:
        """What a file says at its top, of the module that it was made from."""
        source = f"From {self.name}{f', {address}' if address else '.'}"
        lines = [f"{module}, with all it needs, in one file.", source]
        lines += ["", *self.licence.strip().splitlines()] if self.licence else []
        return "\n".join(lines)


def _declared(root: Path, package: str) -> str:
    """What a project calls itself, or else the name of the package."""
    try:
        settings = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    except ValueError:
        settings = {}
    project = settings.get("project", {})
    return f"{project.get('name', package)} {project.get('version', '')}".strip()


def _beside(folder: Path) -> str:
    found = sorted(path for path in folder.iterdir() if _is_licence(path.name))
    return found[0].read_text("utf-8", "replace") if found else ""


def _is_licence(name: str) -> bool:
    return name.upper().startswith(_FILES) and not name.endswith(".py")
