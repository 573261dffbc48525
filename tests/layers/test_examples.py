"""The example of every page is whole, as a reader would paste it.

The build runs it, where the names of its module are known. Here it must know no name
but its own.
"""

import ast
import builtins
import doctest
import importlib
import pkgutil

import pytest

import labml_style_nn.layers
import labml_style_nn.models

PAGES = [
    "labml_style_nn.pretrained",
    *(
        module.name
        for package in (labml_style_nn.layers, labml_style_nn.models)
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")
    ),
]
SECTIONS = ["Notation", "What differs from the paper", "What it costs", "Example"]


@pytest.mark.parametrize("page", PAGES[1:])
def test_the_page_has_what_every_page_has(page):
    headings = importlib.import_module(page).__doc__.split("\n## ")[1:]
    sections = dict(section.split("\n", 1) for section in headings)
    for name in SECTIONS:
        assert sections[name].strip(), name


@pytest.mark.parametrize("page", PAGES)
def test_the_example_imports_all_it_uses(page):
    text = importlib.import_module(page).__doc__
    assert "\n## Example\n" in text
    examples = doctest.DocTestParser().get_examples(text)
    assert examples
    known = set(dir(builtins))
    for example in examples:
        nodes = list(ast.walk(ast.parse(example.source)))
        known |= {name for node in nodes for name in bound(node)}
        names = {node.id for node in nodes if isinstance(node, ast.Name)}
        assert names <= known, example.source


def bound(node):
    """The names that a piece of code gives a meaning."""
    match node:
        case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
            return [name]
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.alias(name=name, asname=other):
            return [other or name.partition(".")[0]]
    return []
