r"""# Forms: a module without its essay, or with all it needs

*Clean*: the comments go, and a docstring becomes one line of plain text, or goes too.
What speaks to a tool stays, such as `# noqa`. The prose is found by the positions that
`ast` and `tokenize` give, so that what is left is the same program.

*Standalone*: modules are *joined*: their statements come in the order in which Python
would run them, and imports of one from another go. Then they are *shaken*: of the
module itself everything stays; of the others, what is reached from there by name, and
what *does* something when the module is imported. What would have two meanings in the
file is refused, with its line, and so is whatever else cannot be joined.
"""

import ast
import doctest
import io
import re
import subprocess
import symtable
import token
import tokenize
import tomllib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate, takewhile
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import shorten
from typing import TypeVar

from ruff import find_ruff_bin

from litweave.dependencies import Import, ImportStatement, imported, is_package, root
from litweave.diagnostics import Place, PlacedError
from litweave.features.links.libraries import gist
from litweave.parse import Module
from litweave.syntax import (
    CODING,
    DEFINITIONS,
    directives,
    doctests,
    first_line,
    is_text,
    syntax_tree,
)

# The longest line that a docstring may make.
WIDTH = 88
_FORMAT = ["format", "--config", "format.quote-style = 'preserve'"]
_SORT = ["check", "--select", "I", "--fix"]
_Key = TypeVar("_Key")
_Lines = dict[int, str]


def clean(module: Module) -> str:
    """The code of a module, with at most one line for each docstring."""
    return formatted(joined(without_prose(module)))


def formatted(source: str, sort: bool = False) -> str:
    """A source as `ruff format` lays it out; with `sort`, its imports are sorted."""
    return all_formatted({"": source}, sort)[""]


def all_formatted(sources: Mapping[_Key, str], sort: bool = False) -> dict[_Key, str]:
    """Many sources, laid out at once; one stays as it is where ruff cannot do it."""
    with TemporaryDirectory() as folder:
        paths = {name: Path(folder, f"{n}.py") for n, name in enumerate(sources)}
        for name, path in paths.items():
            path.write_text(sources[name], "utf-8", newline="")
        for command in [_SORT] * sort + [_FORMAT] if paths else []:
            options = ["--isolated", "--no-cache", "--quiet", folder]
            program = [find_ruff_bin(), *command, *options]
            subprocess.run(program, capture_output=True)
        return {name: path.read_bytes().decode() for name, path in paths.items()}


# ## Clean


def without_prose(module: Module, docstrings: bool = True) -> _Lines:
    """The lines that are left of a module, by their numbers, before they are laid out.

    Without `docstrings`, not even one line is left of each.
    """
    lines = {n: line.rstrip("\r\n") for n, line in enumerate(module.lines, start=1)}
    text = joined(lines)
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    stays = directives(tokens)
    for item in tokens:
        line, column = item.start
        # What is said of the encoding goes: the copy is in UTF-8.
        encoding = line <= 2 and CODING.match(item.string)
        if item.type == token.COMMENT and (encoding or line not in stays):
            lines[line] = lines[line][:column].rstrip(" \t\f")
            if not lines[line]:
                del lines[line]
    for node in ast.walk(syntax_tree(text)):
        if isinstance(node, ast.Module | DEFINITIONS):
            _shorten_texts(lines, node, docstrings)
    return lines


def joined(lines: _Lines) -> str:
    """The text of some lines."""
    return "".join(f"{line}\n" for line in lines.values())


def _shorten_texts(
    lines: _Lines, parent: ast.Module | DEFINITIONS, docstrings: bool
) -> None:
    """Shorten the docstring; other strings that are statements go."""
    is_bare = not isinstance(parent, ast.Module) and all(map(is_text, parent.body))
    for node in filter(is_text, parent.body):
        first, last = node.lineno, node.end_lineno or 0
        # A syntax tree counts columns in bytes.
        indent = lines[first].encode()[: node.col_offset].decode()
        behind = lines[last].encode()[node.end_col_offset :].decode()
        if indent.strip() or behind.strip()[:1] not in ("", "#"):
            continue  # It shares its lines with code.
        text = ""
        if docstrings and node is parent.body[0]:
            width = max(1, WIDTH - len(f'{indent}""""""'))
            said = one_line(ast.get_docstring(parent) or "", width)
            text = f'"""{said}"""' if said and '"""' not in said else ""
        if not text and is_bare and node is parent.body[-1]:
            text = "pass"
        lines[first] = f"{indent}{text}{behind}"
        for number in range(first + 1 if text else first, last + 1):
            lines.pop(number, None)


def one_line(docstring: str, width: int = WIDTH) -> str:
    """What a docstring says, in a line: its title, or else its first sentence."""
    text = "".join(gist(docstring)[:1]).rstrip(":;,")
    stop = "." if text and not text.endswith((".", "!", "?", "…")) else ""
    return shorten(text + stop, width, placeholder="…")


# ## Standalone

# What depends on where the code lies, or on all the names that are there.
_ELSEWHERE = {"__file__", "__path__", "__package__", "globals", "exec", "eval"}
# A docstring as far as the end of its section “Example”.
_SECTION = re.compile(
    r"\A.*?^(#+) +examples?[ #]*$.*?(?=^(?!\1#)#+ |\Z)",
    re.DOTALL | re.IGNORECASE | re.MULTILINE,
)
_INSTALLED = {"site-packages", "dist-packages"}
_LICENCES = ("LICENSE", "LICENCE", "COPYING", "UNLICENSE")


def standalone(name: str, modules: Mapping[str, Module], head: str = "") -> str:
    """The module of a dotted name as a file that needs no other of its package.

    `head` is text for the top, such as a licence; it becomes a comment. The file is
    not laid out yet.

    **Raises.** [`PlacedError`][] if the file would not be the same program, or doctest
    refuses the docstring.
    """
    file = _File(name, modules)
    file.enter(name)
    opening = file.opening()
    file.take(filter(file.keeps, file.joined))
    outside = {s for s in file.taken if s.item and not file.has(s.item)}
    imports, inside = {str(s.item) for s in outside}, file.taken - outside
    pieces = [
        "\n".join(f"# {line}".rstrip() for line in head.splitlines()),
        opening,
        # ruff will sort the imports and join them.
        "\n".join(sorted(imports, key=lambda t: ("__future__" not in t, t))),
        *(statement.text for statement in file.joined if statement in inside),
    ]
    return "\n\n".join(filter(None, pieces)) + "\n"


def head(name: str, path: Path, address: str = "") -> str:
    """What a file says at its top: whence it comes, and the licence."""
    package = root(name, path) / name.partition(".")[0]
    project, licence = _project(package if package.is_dir() else path.parent)
    source = f"From {project}, {address}" if address else f"From {project}."
    return f"{name}, with all it needs, in one file.\n{source}\n\n{licence}".rstrip()


@cache
def _project(package: Path) -> tuple[str, str]:
    """“Name version” of the project around a package, and its licence."""
    # What is around an installed package belongs to somebody else.
    own = takewhile(lambda p: p.name not in _INSTALLED, (package, *package.parents))
    project = next((p for p in own if (p / "pyproject.toml").is_file()), package)
    about = {"name": package.name, "version": ""}
    with suppress(OSError, ValueError):
        text = (project / "pyproject.toml").read_text("utf-8")
        about |= tomllib.loads(text).get("project", {})
    found = (p for p in project.iterdir() if p.name.upper().startswith(_LICENCES))
    licences = sorted(p for p in found if p.suffix != ".py" and p.is_file())
    licence = licences[0].read_text("utf-8", "replace") if licences else ""
    return f"{about['name']} {about['version']}".strip(), licence.strip()


@dataclass(eq=False)
class _Statement:
    """A statement of a module, or a name of an import, the `item`.

    `text` is what it becomes in the file; `binds` and `uses` are names of its module.
    """

    module: str
    place: Place
    node: ast.stmt
    text: str
    item: Import | None = None
    binds: Collection[str] = ()
    uses: Collection[str] = ()


@lru_cache(maxsize=1024)
def _statements(name: str, module: Module) -> list[_Statement]:
    """The statements of a module of this name, but for its strings."""
    found, lines, last = list[_Statement](), without_prose(module), 0
    for node in syntax_tree(module.source).body:
        place = Place(module.path, first_line(node))
        if place.line <= last:
            raise PlacedError(place, "two statements share a line")
        last = node.end_lineno or 0
        if isinstance(node, ImportStatement):
            for item in imported(node, name, is_package(module.path)):
                more = _alias(item), item, [item.binds]
                found.append(_Statement(name, place, node, *more))
        elif not is_text(node):
            spanned = range(place.line, last + 1)
            text = "\n".join(lines[n] for n in spanned if n in lines)
            found.append(_Statement(name, place, node, text, None, *_names(text)))
    return found


def _names(code: str) -> tuple[set[str], set[str]]:
    """The names of a module that some of its code binds, and those that it uses."""
    table = symtable.symtable(code, "", "exec")
    tables = table.get_children()
    for each in tables:
        tables += each.get_children()
    outer = table.get_symbols()
    inner = [s for each in tables for s in each.get_symbols() if s.is_global()]
    # A function binds a name of the module if it declares it as `global`.
    binds = [s for s in inner if s.is_declared_global() and s.is_assigned()]
    binds += [s for s in outer if s.is_assigned() or s.is_imported()]
    uses = [*inner, *(s for s in outer if s.is_referenced())]
    return {s.get_name() for s in binds}, {s.get_name() for s in uses}


def _alias(item: Import) -> str:
    """What stands for an import where the thing itself is at hand."""
    return f"{item.local} = {item.name}" if item.local else ""


class _File:
    """The modules that one of a package needs, joined; and what is taken of them.

    `names` tells what binds a name in a module, and `owners` whose a name in the file
    is.
    """

    def __init__(self, main: str, modules: Mapping[str, Module]) -> None:
        self.main, self.modules = main, modules
        self.packages = {name.partition(".")[0] for name in modules}
        self.entered, self.taken = set[str](), set[_Statement]()
        self.joined = list[_Statement]()
        self.names = defaultdict[tuple[str, str], list[_Statement]](list)
        self.owners = dict[str, tuple[str, Place]]()

    def has(self, item: Import) -> bool:
        """Whether an import is one from these modules."""
        return item.module.partition(".")[0] in self.packages

    def enter(self, name: str) -> None:
        """Join what runs when a module is imported: first the packages around it."""
        for around in accumulate(name.split("."), "{}.{}".format):
            if around in self.modules and around not in self.entered:
                self.entered.add(around)
                for statement in _statements(around, self.modules[around]):
                    if statement.item:
                        self.enter(statement.item.full)
                    self.joined.append(statement)
                    for bound in statement.binds:
                        self.names[around, bound].append(statement)

    # ## The docstring

    def opening(self) -> str:
        """The docstring of the file: a line, and the examples of the module."""
        tree = syntax_tree(self.modules[self.main].source)
        docstring = ast.get_docstring(tree, clean=False) or ""
        line = tree.body[0].lineno if tree.body else 1
        shown = self.examples(docstring, Place(self.modules[self.main].path, line))
        title = one_line(docstring) or f"{self.main}."
        if not shown:
            return f'"""{title}"""\n'
        prefix = "r" if "\\" in shown else ""
        quotes = "'''" if '"""' in shown else '"""'
        return f"{prefix}{quotes}{title}\n\nExample:\n\n{shown}\n{quotes}\n"

    def examples(self, docstring: str, place: Place) -> str:
        """The examples up to those under the heading `Example`."""
        section = _SECTION.match(docstring)
        lines, text = section[0].count("\n") if section else 0, ""
        for part in doctests(docstring, place):
            if isinstance(part, str):
                text += "\n" if part else ""
            elif part.lineno < lines:
                text += self.example(part, Place(place.path, place.line + part.lineno))
        return re.sub(r"\n{3,}", "\n\n", text.strip("\n"))

    def example(self, example: doctest.Example, place: Place) -> str:
        """An example, but for what it imports of these modules, which is at hand."""
        nodes = list[ast.stmt]()
        with suppress(SyntaxError):  # An example may show just that.
            nodes = syntax_tree(example.source).body
        imports = (node for node in nodes if isinstance(node, ImportStatement))
        items = [(n, item) for n in imports for item in imported(n) if self.has(item)]
        if not items:
            code = example.source.removesuffix("\n").replace("\n", "\n... ")
            return f">>> {code}\n{example.want}"
        for node, item in items:
            self.enter(item.full)
            self.take([_Statement(self.main, place, node, "", item)])
        return "".join(f">>> {_alias(item)}\n" for _, item in items if item.local)

    # ## What is taken

    def keeps(self, statement: _Statement) -> bool:
        """Whether a statement stays though nothing reaches it."""
        is_main, item = statement.module == self.main, statement.item
        if item:
            # A module that is imported counts for what it does, until it is used.
            is_name = item.full not in self.modules
            return item.module == "__future__" or (is_main and is_name)
        return is_main or self.acts(statement, statement.node)

    def acts(self, statement: _Statement, node: ast.stmt) -> bool:
        """Whether a statement does more than to give a name a meaning."""
        if isinstance(node, ast.If) and "__main__" in ast.unparse(node.test):
            return False  # No import runs it.
        if isinstance(node, DEFINITIONS):
            called = node.decorator_list
        elif isinstance(node, ast.Assign | ast.AnnAssign) and statement.binds:
            called = [n.func for n in ast.walk(node) if isinstance(n, ast.Call)]
        else:
            return True
        # What is called of the package may do anything.
        parts = (part for call in called for part in ast.walk(call))
        names = (part.id for part in parts if isinstance(part, ast.Name))
        found = (s for name in names for s in self.names[statement.module, name])
        return any(not s.item or self.has(s.item) for s in found)

    def take(self, statements: Iterable[_Statement]) -> None:
        """Take statements, and all that they need.

        **Raises.** [`PlacedError`][] if one would not be the same in another file.
        """
        left = list(statements)
        while left:
            if (statement := left.pop()) not in self.taken:
                self.taken.add(statement)
                item = statement.item
                left += self.given(statement, item) if item else self.used(statement)

    def given(self, statement: _Statement, item: Import) -> list[_Statement]:
        """What gives the name that an import brings."""
        if not self.has(item):
            self.claim(item.binds, item.means, statement.place)
            return []
        found = self.names[item.module, item.name]
        if not found:
            problem = f"“{item.full}” is no name in a module that could be read"
            raise PlacedError(statement.place, problem)
        if item.local:
            self.claim(item.local, statement.module, statement.place)
        return found

    def used(self, statement: _Statement) -> Iterator[_Statement]:
        """What gives the names that a statement uses."""
        module, place = statement.module, statement.place
        for node in ast.walk(statement.node):
            if isinstance(node, ImportStatement):
                items = imported(node, module, is_package(place.path))
                if any(map(self.has, items)):
                    line = Place(place.path, node.lineno)
                    raise PlacedError(line, "an import stands within other code")
        for name in sorted(statement.binds):
            self.claim(name, module, place)
        for name in sorted(statement.uses):
            found = self.names[module, name] or self.names[module, "*"]
            yield from found
            if not found and name in _ELSEWHERE:
                problem = f"“{name}” depends on the file that it stands in"
                raise PlacedError(place, problem)
            if not found:
                self.claim(name, "", place)

    def claim(self, name: str, owner: str, place: Place) -> None:
        """Let a name be that of one module, or of one thing that is not ours."""
        first, where = self.owners.setdefault(name, (owner, place))
        if first != owner:
            above, below = sorted((place, where))
            raise PlacedError(above, f"“{name}” means something else in {below}")
