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
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, takewhile
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import shorten
from typing import TypeVar

from ruff import find_ruff_bin

from litweave.dependencies import ImportStatement, imported, is_package, root
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
    refuses an example in it.
    """
    file = _File(name, modules)
    opening, taken = file.opening(), file.taken()
    imports = {s.text for s in taken if s.is_foreign}
    pieces = [
        "\n".join(f"# {line}".rstrip() for line in head.splitlines()),
        opening,
        # ruff will sort the imports and join them.
        "\n".join(sorted(imports, key=lambda t: ("__future__" not in t, t))),
        *(s.text for s in file.joined if s in taken and not s.is_foreign),
    ]
    return "\n\n".join(filter(None, pieces)) + "\n"


def head(name: str, path: Path, address: str = "") -> str:
    """What a file says at its top: whence it comes, and the licence."""
    package = root(name, path) / name.partition(".")[0]
    package = package if package.is_dir() else path.parent
    # What is around an installed package belongs to somebody else.
    own = takewhile(lambda p: p.name not in _INSTALLED, (package, *package.parents))
    project = next((p for p in own if (p / "pyproject.toml").is_file()), package)
    about = {"name": package.name, "version": ""}
    with suppress(OSError, ValueError):
        text = (project / "pyproject.toml").read_text("utf-8")
        about |= tomllib.loads(text).get("project", {})
    source = f"{about['name']} {about['version']}".strip()
    source += f", {address}" if address else "."
    found = (p for p in project.iterdir() if p.name.upper().startswith(_LICENCES))
    licences = sorted(p for p in found if p.suffix != ".py" and p.is_file())
    licence = licences[0].read_text("utf-8", "replace").strip() if licences else ""
    said = f"{name}, with all it needs, in one file.\nFrom {source}\n\n{licence}"
    return said.rstrip()


@dataclass(eq=False)
class _Statement:
    """A statement of a module, or a name that an import brings, `full` in whole.

    It is `text` in the file, where the names that it `binds` are those of an `owner`;
    it `uses` names, each of a module, and has imports of these packages in it, `inner`.
    """

    module: str
    place: Place
    node: ast.stmt
    text: str
    owner: str
    binds: Collection[str]
    uses: Collection[tuple[str, str]]
    inner: Sequence["_Statement"] = ()
    full: str = ""

    @property
    def is_foreign(self) -> bool:
        """Whether it is an import from elsewhere."""
        return bool(self.full) and not self.uses


@lru_cache(maxsize=1024)
def _statements(
    name: str, module: Module, packages: frozenset[str]
) -> list[_Statement]:
    """The statements of a module of this name, but for its strings."""
    found, lines, last = list[_Statement](), without_prose(module), 0
    for node in syntax_tree(module.source).body:
        place = Place(module.path, first_line(node))
        if place.line <= last:
            raise PlacedError(place, "two statements share a line")
        last = node.end_lineno or 0
        imports = _imports(name, module.path, ast.walk(node), packages)
        if isinstance(node, ImportStatement):
            found += imports
        elif not is_text(node):
            spanned = range(place.line, last + 1)
            text = "\n".join(lines[n] for n in spanned if n in lines)
            inner = [s for s in imports if not s.is_foreign]
            names = _names(name, text)
            found.append(_Statement(name, place, node, text, name, *names, inner))
    return found


def _imports(
    module: str, path: str, nodes: Iterable[ast.AST], packages: Collection[str]
) -> Iterator[_Statement]:
    """The imports among some nodes, name by name; what is of the packages is there."""
    for node in (node for node in nodes if isinstance(node, ImportStatement)):
        for item in imported(node, module, is_package(path)):
            text, owner, uses = str(item), item.means, list[tuple[str, str]]()
            if item.module.partition(".")[0] in packages:
                text = f"{item.local} = {item.name}" if item.local else ""
                owner, uses = module, [(item.module, item.name)]
            names = owner, [item.binds], uses, ()
            place = Place(path, node.lineno)
            yield _Statement(module, place, node, text, *names, item.full)


def _names(module: str, code: str) -> tuple[list[str], list[tuple[str, str]]]:
    """The names of a module that some of its code binds, and those that it uses."""
    tables = [symtable.symtable(code, "", "exec")]
    for table in tables:
        tables += table.get_children()
    found = [s for table in tables for s in table.get_symbols() if s.is_global()]
    binds = {s.get_name() for s in found if s.is_assigned() or s.is_imported()}
    uses = {(module, s.get_name()) for s in found if s.is_referenced()}
    return sorted(binds), sorted(uses)


class _File:
    """The modules that one needs, joined, and what its examples import of them.

    `names` tells what binds a name in a module, and `owners` whose a name in the file
    is.
    """

    def __init__(self, main: str, modules: Mapping[str, Module]) -> None:
        self.main, self.modules = main, modules
        self.packages = frozenset(name.partition(".")[0] for name in modules)
        self.joined, self.shown = list[_Statement](), list[_Statement]()
        self.names = defaultdict[tuple[str, str], list[_Statement]](list)
        self.owners, self.entered = dict[str, tuple[str, Place]](), set[str]()
        self.enter(main)

    def enter(self, name: str) -> None:
        """Join what runs when a module is imported: first the packages around it."""
        for around in accumulate(name.split("."), "{}.{}".format):
            if around in self.modules and around not in self.entered:
                self.entered.add(around)
                module = self.modules[around]
                for statement in _statements(around, module, self.packages):
                    self.enter(statement.full)
                    self.joined.append(statement)
                    for bound in statement.binds:
                        self.names[around, bound].append(statement)

    def opening(self) -> str:
        """The docstring: a line, and the examples until “Example” ends."""
        module = self.modules[self.main]
        tree = syntax_tree(module.source)
        docstring = ast.get_docstring(tree, clean=False) or ""
        section = _SECTION.match(docstring)
        place = Place(module.path, tree.body[0].lineno if tree.body else 1)
        parts = doctests(section[0] if section else "", place)
        shown = "".join(self.example(part, place) for part in parts)
        shown = re.sub(r"\n{3,}", "\n\n", shown.strip("\n"))
        title = one_line(docstring) or f"{self.main}."
        if not shown:
            return f'"""{title}"""\n'
        prefix = "r" if "\\" in shown else ""
        quotes = "'''" if '"""' in shown else '"""'
        return f"{prefix}{quotes}{title}\n\nExample:\n\n{shown}\n{quotes}\n"

    def example(self, example: str | doctest.Example, place: Place) -> str:
        """An example, but for what it imports of these modules, which is at hand."""
        if isinstance(example, str):
            return "\n" if example else ""
        nodes, above = list[ast.stmt](), "\n" * (place.line - 1 + example.lineno)
        with suppress(SyntaxError):  # An example may show just that.
            nodes = syntax_tree(above + example.source).body
        imports = _imports(self.main, place.path, nodes, self.packages)
        if not (own := [s for s in imports if not s.is_foreign]):
            code = example.source.removesuffix("\n").replace("\n", "\n... ")
            return f">>> {code}\n{example.want}"
        for statement in own:
            self.enter(statement.full)
        self.shown += own
        return "".join(f">>> {s.text}\n" for s in own if s.text)

    def stays(self, statement: _Statement) -> bool:
        """Whether a statement is in the file even if nothing there needs it."""
        node, full = statement.node, statement.full
        is_main = statement.module == self.main
        if full:
            # A module that is imported counts for what it does, until it is used.
            is_name = full not in self.modules
            return full.startswith("__future__.") or (is_main and is_name)
        if isinstance(node, ast.If) and "__main__" in ast.unparse(node.test):
            return is_main  # No import runs it.
        if isinstance(node, DEFINITIONS):
            called = node.decorator_list
        elif isinstance(node, ast.Assign | ast.AnnAssign) and statement.binds:
            called = [n.func for n in ast.walk(node) if isinstance(n, ast.Call)]
        else:
            return True
        # What is called of the package may do anything.
        _, uses = _names(statement.module, "\n".join(map(ast.unparse, called)))
        found = (s for used in uses for s in self.names[used])
        return is_main or not all(s.is_foreign for s in found)

    def taken(self) -> set[_Statement]:
        """What stays in any case, and all that it needs.

        **Raises.** [`PlacedError`][] if one would not be the same in another file.
        """
        left, taken = [*filter(self.stays, self.joined), *self.shown], set[_Statement]()
        while left:
            if (statement := left.pop()) in taken:
                continue
            taken.add(statement)
            place, full = statement.place, statement.full
            if statement.inner:
                first = statement.inner[0].place
                raise PlacedError(first, "an import stands within other code")
            for name in statement.binds if statement.text else ():
                self.claim(name, statement.owner, place)
            for module, name in statement.uses:
                # `from x import *` may give what a statement uses, and no import.
                wider = [] if full else self.names[module, "*"]
                if found := self.names[module, name] or wider:
                    left += found
                elif full:
                    problem = f"“{full}” is no name in a module that could be read"
                    raise PlacedError(place, problem)
                elif name in _ELSEWHERE:
                    problem = f"“{name}” depends on the file that it stands in"
                    raise PlacedError(place, problem)
                else:
                    self.claim(name, "", place)
        return taken

    def claim(self, name: str, owner: str, place: Place) -> None:
        """Let a name be that of one module, or of one thing that is not ours."""
        first, where = self.owners.setdefault(name, (owner, place))
        if first != owner:
            above, below = sorted((place, where))
            raise PlacedError(above, f"“{name}” means something else in {below}")
