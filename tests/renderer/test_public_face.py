"""The book uses of the renderer what the renderer offers to others, and all of it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from pkgutil import resolve_name

import litweave

ROOT = Path(__file__).parents[2]
RENDERER = re.compile(r"litweave\b")
PUBLIC = {
    f"litweave.{name}"
    for names in re.findall(
        r"^- ((?:`[\w.]+`,?\s+)*`[\w.]+`):", litweave.__doc__ or "", re.M
    )
    for name in re.findall(r"[\w.]+", names)
}


def used() -> Iterator[tuple[str, str]]:
    """The names of the renderer that a file of the book imports, and the file."""
    for folder in ("labml_style_nn", "tools"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for name in imported(ast.parse(path.read_text("utf-8"))):
                yield name, path.relative_to(ROOT).as_posix()


def imported(tree: ast.Module) -> Iterator[str]:
    """What is imported by its name, or is an attribute of a module that is."""
    modules = dict[str, str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.startswith("litweave"))
        elif isinstance(node, ast.ImportFrom) and RENDERER.match(node.module or ""):
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                if isinstance(resolve_name(name), type(litweave)):
                    modules[alias.asname or alias.name] = name
                else:
                    yield name
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=module)) if module in modules:
                yield f"{modules[module]}.{node.attr}"


def test_the_book_uses_what_is_public_and_all_of_it() -> None:
    found = [*used()]
    assert [f"{path}: {name}" for name, path in found if name not in PUBLIC] == []
    assert {name for name, _ in found} == PUBLIC
    assert all(resolve_name(name) for name in PUBLIC)
