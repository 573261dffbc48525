"""The example of every page runs by itself, as a reader would paste it."""

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
    example = doctest.DocTestParser().get_doctest(text, {}, page, None, 0)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    assert runner.run(example).failed == 0
    assert runner.tries > 0
