"""The example of every page is whole, as a reader would paste it.

The build runs it, where the names of its module are known. Here it must know no name
but its own.
"""

import doctest
import importlib
import pkgutil
import subprocess
import sys

import pytest

from labml_style_nn import layers, models

PAGES = [
    module.name
    for package in (layers, models)
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")
]
SECTIONS = ["Notation", "What differs from the paper", "What it costs", "Example"]


@pytest.mark.parametrize("page", PAGES)
def test_the_page_has_what_every_page_has(page):
    headings = importlib.import_module(page).__doc__.split("\n## ")[1:]
    sections = dict(section.split("\n", 1) for section in headings)
    for name in SECTIONS:
        assert sections[name].strip(), name


def test_the_examples_import_all_they_use(tmp_path):
    for page in (*PAGES, "labml_style_nn.pretrained"):
        text = importlib.import_module(page).__doc__
        assert "\n>>> " in text.partition("\n## Example\n")[2]
        code = doctest.script_from_examples(text)
        (tmp_path / f"{page}.py").write_text(code)
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--select=F821"]
    found = subprocess.run([*command, tmp_path], capture_output=True, text=True)
    assert found.returncode == 0, found.stdout
