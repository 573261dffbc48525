"""The example of every page is whole, as a reader would paste it.

The build runs it, where the names of its module are known. Here it must know no name
but its own.
"""

import doctest
import importlib
import pkgutil
import re
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


# The letters of the table in `docs/guide/read.md`, with the names that they may have.
LETTERS = {
    "P": {"patch_size"},
    "S": {"num_patches", "num_tokens"},
    "C": {"hidden_dim", "dim", "channels"},
    "D_S": {"tokens_mlp_dim"},
    "D_C": {"channels_mlp_dim"},
}


@pytest.mark.parametrize("page", PAGES)
def test_the_letters_of_the_guide_mean_the_same_where_there_are_images(page):
    notation = re.split(r"\n## .*\n", importlib.import_module(page).__doc__)[1]
    for letter, names in re.findall(r"^- \$(\w+)\$((?:, `\w+`)*)", notation, re.M):
        if "image" in notation and letter in LETTERS:
            assert set(re.findall(r"\w+", names)) <= LETTERS[letter]


def test_the_examples_import_all_they_use(tmp_path):
    for page in (*PAGES, "labml_style_nn.pretrained"):
        text = importlib.import_module(page).__doc__
        assert "\n>>> " in text.partition("\n## Example\n")[2]
        code = doctest.script_from_examples(text)
        (tmp_path / f"{page}.py").write_text(code)
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--select=F821"]
    found = subprocess.run([*command, tmp_path], capture_output=True, text=True)
    assert found.returncode == 0, found.stdout
