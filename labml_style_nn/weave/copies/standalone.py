r"""# Standalone: a module and all it needs, in one file

A module of a package leans on others. `standalone` puts what it needs into one file, in
the order in which Python would have run it:

```text
checks.py ─┐                        licence, source
linear.py ─┼──▶ reachable units ──▶ title, examples
mlp.py    ─┘    in their order      imports, merged and sorted
                                    the units, in the clean form
```

Of the module itself everything is taken. Of the others, what is reached from there by
name, and what *does* something when the module is imported. A definition that nobody
reaches is left out, unless making it calls the package's own code.

The file is the same program or there is none. Two private names that clash are told
apart by a prefix. Whatever cannot be joined for certain is refused, with its line: two
public names that clash, an import that hides in a function, a name that is bound anew
after others have imported it, code that asks where its own file lies.
"""

import ast
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, field

from labml_style_nn.weave.copies.clean import Edit, one_line
from labml_style_nn.weave.copies.examples import Examples
from labml_style_nn.weave.copies.imports import Import, listed
from labml_style_nn.weave.copies.package import Origin, Package, Sheet, StandaloneError
from labml_style_nn.weave.copies.spacing import is_text, spaced
from labml_style_nn.weave.copies.units import IMPORTS, Unit, Use
from labml_style_nn.weave.problems import Place

# What depends on where the code lies, or on all the names that are there.
_ELSEWHERE = {
    *("__file__", "__path__", "__spec__", "__package__", "__loader__"),
    *("globals", "exec", "eval", "__import__"),
}


def standalone(name: str, package: Package, head: str = "") -> str:
    """The module of a dotted name as a file that needs no other of its package.

    `head` is text for the top, such as a licence; it becomes a comment.

    **Raises.** [`StandaloneError`][] if no such file is certain to be the same program.
    """
    main = package.sheets[name]
    steps = _Run(package).steps(main)
    examples = Examples.of(main.module)
    needs = _Needs(package, main, steps)
    needs.take(examples)
    names = _Names(package, needs)
    title = one_line(ast.get_docstring(main.tree) or "") or f"{main.name}."
    parts = [
        "\n".join(f"# {line}".rstrip() for line in head.splitlines()),
        examples.docstring(title, names.example),
        listed(needs.imports),
        *(names.text(sheet, unit) for sheet, unit in needs.steps),
    ]
    return spaced("\n\n".join(filter(None, parts)) + "\n")


# ## In which order


@dataclass
class _Run:
    """Goes through modules as an import does: what a module imports comes first."""

    package: Package
    begun: set[str] = field(default_factory=set)

    def steps(self, sheet: Sheet) -> list[tuple[Sheet, Unit]]:
        """What Python runs when it imports a module, in its order."""
        return list(self.enter(sheet.name))

    def enter(self, name: str) -> Iterator[tuple[Sheet, Unit]]:
        if name not in self.package.sheets or name in self.begun:
            return
        # The packages around a module are imported before it.
        yield from self.enter(name.rpartition(".")[0])
        if name in self.begun:
            return
        self.begun.add(name)
        sheet = self.package.sheets[name]
        for unit in sheet.units:
            for item in sheet.imports(unit):
                yield from self.enter(item.module)
                yield from self.enter(f"{item.module}.{item.name}")
            yield sheet, unit


# ## What is needed


@dataclass
class _Needs:
    """Collects what a module needs: units of the package, and imports from outside."""

    package: Package
    main: Sheet
    all_steps: list[tuple[Sheet, Unit]]
    taken: set[int] = field(default_factory=set)
    imports: dict[Import, Place] = field(default_factory=dict)
    builtins: dict[str, Place] = field(default_factory=dict)

    @property
    def steps(self) -> list[tuple[Sheet, Unit]]:
        """The units to take, in the order in which they run."""
        return [step for step in self.all_steps if id(step[1]) in self.taken]

    def take(self, examples: Examples) -> None:
        """Begin with the module and its examples, and follow what they use."""
        wanted = list(self.shown_by(examples))
        for sheet, unit in self.all_steps:
            if sheet is self.main or self.acts(sheet, unit):
                wanted.append((sheet, unit))
        while wanted:
            sheet, unit = wanted.pop()
            if id(unit) not in self.taken:
                self.taken.add(id(unit))
                self.check(sheet, unit)
                wanted += self.uses(sheet, unit)
        self.agree_on_future()

    def shown_by(self, examples: Examples) -> Iterator[tuple[Sheet, Unit]]:
        """What the examples import; their modules may be others than ours."""
        run = _Run(self.package, {sheet.name for sheet, _ in self.all_steps})
        for item, line in examples.imports:
            if self.package.has(item):
                self.all_steps += run.enter(item.module)
                origin = self.package.origin(self.main, item, line)
                if origin.kind != "name":
                    problem = f"an example imports “{item.binds}” as a module"
                    raise self.main.error(line, problem)
                yield from self.package.units(origin)

    def acts(self, sheet: Sheet, unit: Unit) -> bool:
        """Whether a unit of another module does more than to define."""
        if unit.is_import or _is_program(unit) or unit.binds == {"__all__"}:
            return False
        if not unit.is_definition:
            return not all(is_text(node) for node in unit.nodes)
        called = [use for use in unit.uses if use.called]
        return any(self.package.meaning(sheet, use)[0].kind == "name" for use in called)

    def uses(self, sheet: Sheet, unit: Unit) -> Iterator[tuple[Sheet, Unit]]:
        """The units that a unit needs. What else it uses is noted."""
        for item in sheet.imports(unit):
            if not self.package.has(item):
                self.imports.setdefault(item, sheet.place(unit.first))
                self.package.origin(sheet, item, unit.first)
            else:
                yield from self.package.units(
                    self.package.origin(sheet, item, unit.first)
                )
        for use in unit.uses:
            if use.nodes or sheet.has(use.parts[0]):
                yield from self.follow(sheet, use)

    def follow(self, sheet: Sheet, use: Use) -> Iterator[tuple[Sheet, Unit]]:
        origin, count = self.package.meaning(sheet, use)
        place = sheet.place(use.line)
        if origin.kind == "import" and count > 1:
            name = ".".join(use.parts[:count])
            raise sheet.error(use.line, f"“{name}” is an import of another module")
        if origin.kind == "import":
            for item in self.outside(sheet, use.parts[0]):
                self.imports.setdefault(item, place)
        elif origin.kind == "builtin" and origin.name not in use.hidden:
            self.builtins.setdefault(origin.name, place)
        yield from self.package.units(origin)

    def outside(self, sheet: Sheet, name: str) -> Iterator[Import]:
        """The imports that bring a name from outside, perhaps by way of another."""
        for item in sheet.imported[name]:
            if not self.package.has(item):
                yield item
                continue
            inner = self.package.sheets[item.module]
            for found in self.outside(inner, item.name):
                if found.binds != name:
                    problem = f"“{name}” has another name in {inner.name}"
                    raise sheet.error(1, problem)
                yield found

    # ### What cannot be joined

    def check(self, sheet: Sheet, unit: Unit) -> None:
        """Refuse what would not be the same in another file."""
        if not unit.is_import and any(isinstance(n, IMPORTS) for n in unit.nodes):
            raise sheet.error(unit.first, "an import shares its line with other code")
        for inner in unit.inner_imports:
            if any(self.package.has(item) for item in sheet.read(inner)):
                problem = "an import from the package stands within other code"
                raise sheet.error(inner.lineno, problem)
        for use in unit.uses:
            if use.nodes and use.parts[0] in _ELSEWHERE:
                problem = f"“{use.parts[0]}” depends on the file that it stands in"
                raise sheet.error(use.line, problem)
        for text in self.package.known & unit.strings.keys():
            problem = f"a string names “{text}”, a module of the package"
            raise sheet.error(unit.strings[text], problem)

    def agree_on_future(self) -> None:
        """`from __future__` holds for a whole file: all must want the same."""
        wanted = {sheet.name: _futures(sheet) for sheet, _ in self.steps}
        for name, found in wanted.items():
            if found != _futures(self.main):
                problem = f"{self.main.name} imports other things from __future__"
                raise self.package.sheets[name].error(1, problem)


def _futures(sheet: Sheet) -> set[str]:
    found = (item for items in sheet.imported.values() for item in items)
    return {item.name for item in found if item.module == "__future__"}


def _is_program(unit: Unit) -> bool:
    """Whether a unit is `if __name__ == "__main__":`, which no import runs."""
    node = unit.nodes[0]
    return isinstance(node, ast.If) and ast.unparse(node.test) in (
        "__name__ == '__main__'",
        "'__main__' == __name__",
    )


# ## What things are called, and how they are written


@dataclass
class _Names:
    """Gives each thing a name in the file, and writes units with these names."""

    package: Package
    needs: _Needs
    owners: dict[str, tuple[Origin, Place]] = field(default_factory=dict)
    changed: dict[Origin, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for item, place in self.needs.imports.items():
            self.claim(item.binds, Origin("import", item.means), place)
        for name, place in self.needs.builtins.items():
            self.claim(name, Origin("builtin", "", name), place)
        # The module itself comes first: its names stay as they are.
        main = self.needs.main
        steps = sorted(self.needs.steps, key=lambda step: step[0] is not main)
        for sheet, unit in steps:
            names = [n for n, _ in self.aliases(sheet, unit)]
            for name in names if unit.is_import else sorted(unit.binds):
                origin = Origin("name", sheet.name, name)
                self.claim(name, origin, sheet.place(unit.first))

    def claim(self, name: str, origin: Origin, place: Place) -> None:
        """Let a name mean a thing; a private thing gives way to another."""
        owner, other = self.owners.setdefault(name, (origin, place))
        if owner == origin or origin in self.changed:
            return
        if origin.kind != "name" or not name.startswith("_") or name.startswith("__"):
            problem = f"“{name}” means something else in {other}"
            raise StandaloneError(place, problem)
        self.changed[origin] = f"_{origin.module.rpartition('.')[2]}{name}"
        self.claim(self.changed[origin], origin, place)

    def final(self, origin: Origin) -> str:
        """What a thing is called in the file."""
        return self.changed.get(origin, origin.name)

    def aliases(self, sheet: Sheet, unit: Unit) -> Iterator[tuple[str, Origin]]:
        """The names that the module itself gives to things of others."""
        for item in sheet.imports(unit) if sheet is self.needs.main else ():
            if item.local and self.package.has(item):
                origin = self.package.origin(sheet, item, unit.first)
                if origin.kind == "name":
                    yield item.local, origin

    def example(self, item: Import, line: int) -> str:
        """What stands in an example for an import."""
        if not self.package.has(item):
            return listed([item]).strip()
        final = self.final(self.package.origin(self.needs.main, item, line))
        return "" if final == item.binds else f"{item.binds} = {final}"

    def text(self, sheet: Sheet, unit: Unit) -> str:
        """A unit in its clean form, with the names that things have in the file."""
        if unit.is_import:
            pairs = self.aliases(sheet, unit)
            return "\n".join(f"{name} = {self.final(origin)}" for name, origin in pairs)
        start, end = (sheet.source.starts[n] for n in (unit.first - 1, unit.last))
        edits = [*sheet.prose, *self.edits(sheet, unit)]
        return sheet.source.edited(edits, start, end).rstrip("\n")

    def edits(self, sheet: Sheet, unit: Unit) -> Iterator[Edit]:
        for use in unit.uses:
            if sheet.has(use.parts[0]):
                origin, count = self.package.meaning(sheet, use)
                written = ".".join(use.parts[:count])
                if origin.kind == "name" and self.final(origin) != written:
                    yield self.edit(sheet, use, count, self.final(origin))
        for node in unit.nodes:
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                final = self.final(Origin("name", sheet.name, node.name))
                if final != node.name:
                    yield _head(sheet, node, final)

    def edit(self, sheet: Sheet, use: Use, count: int, final: str) -> Edit:
        """The edit that writes another name where a use stands."""
        written = ".".join(use.parts[:count])
        if use.nodes and final not in use.hidden and use.parts[0] not in use.hidden:
            start, _ = sheet.source.span(use.nodes[0])
            _, end = sheet.source.span(use.nodes[count - 1])
            # Within an f-string, older versions of Python count from another place.
            if sheet.source.text[start:end] == written:
                return Edit(start, end, final)
        raise sheet.error(use.line, f"“{written}” cannot be written as “{final}” here")


def _head(sheet: Sheet, node: ast.stmt, final: str) -> Edit:
    """The edit that renames a class or a function where it is defined."""
    lines = iter(sheet.source.lines[node.lineno - 1 :])
    tokens = tokenize.generate_tokens(lambda: next(lines, "") + "\n")
    before = next(t for t in tokens if t.string in ("class", "def"))
    name = next(t for t in tokens if t.type == tokenize.NAME)
    assert before.start <= name.start
    first = node.lineno - 1
    start = sheet.source.at(name.start[0] + first, name.start[1])
    return Edit(start, start + len(name.string), final)
