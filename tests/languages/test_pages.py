"""What this site adds to the pages can be said in every language, too.

A small site is built in which every word is known, between two brackets (see
`test_words` of litweave).
"""

import json
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag
from translated import english, marked_site, unsaid

from labml_style_nn.web_training import site_plugin, train_page
from labml_style_nn.web_training.variants import VARIANTS
from support import ROOT

TRAIN = ROOT / "docs/assets/train"
LIVE = ROOT / "labml_style_nn/live/assets"
SCRIPTS = [*sorted(LIVE.glob("*.js")), *sorted(TRAIN.glob("*.js"))]
CONFIG = f"""
site_name: Small
site_url: http://localhost/
repo_url: http://localhost/repository
theme: {{name: material, font: false}}
extra: {{generator: false, other_names: {{}}, search_boosts: {{}}}}
nav: [{{Home: index.md}}, {{Train: train.md}}, {{Mixing: mixing.md}}]
hooks: [{ROOT}/tools/site_hooks.py]
plugins:
  - search
  - train-in-browser
  - litweave: {{source: pkg, cache: cache}}
  - litweave-languages: {{languages: [zh]}}
markdown_extensions: [attr_list, md_in_html]
"""
FILES = {
    "mkdocs.yml": CONFIG,
    "docs/index.md": "# Home\n\nWords.\n",
    "docs/train.md": (ROOT / "docs/train.md").read_text("utf-8"),
    "pkg/mixing.py": '"""# Mixing\n\nIt mixes.\n"""\n\nx = 1\n',
}


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_says_nothing_in_english_alone(path: Path) -> None:
    assert not unsaid(path)


def test_a_thread_has_no_page_and_so_no_words() -> None:
    names = ["worker.js"]
    for name in names:  # and what is found on the way
        text = (TRAIN / name).read_text("utf-8")
        assert "/words.js" not in text
        imported = re.findall(r'from "\./([\w.]+)"', text)
        names += [name for name in imported if name not in names]
    assert {"trainer.js", "files.js"} <= {*names}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, katex: Path) -> Path:
    folder = tmp_path_factory.mktemp("marked")
    run = {"loss": [2.3, 0.1], "accuracy": [0.1, 0.9]}
    parts = train_page.parts(dict.fromkeys(VARIANTS, run))
    files = {**FILES, "parts.json": json.dumps(parts)}
    return marked_site(folder, files, (site_plugin, "made", lambda *_: folder))


@pytest.mark.parametrize("page", ["train/", "mixing/", ""])
def test_every_word_of_a_page_can_be_said_otherwise(site: Path, page: str) -> None:
    assert english(site / "zh" / page / "index.html") <= {"English"}


def test_scripts_find_their_words_in_the_page(site: Path) -> None:
    html = (site / "zh/train/index.html").read_text("utf-8")
    element = BeautifulSoup(html, "html.parser").find(id="weave-words")
    assert isinstance(element, Tag)
    known = json.loads(element.get_text())
    assert known["Please download"] == "⟦Please download⟧"
