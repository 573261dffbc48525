"""The navigation: one name for a page everywhere, few pages, a path, and notebooks.

The site's build runs the notebooks; that test is in tests/browser.
"""

import importlib.util
import re
from collections import ChainMap
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import Mock

import jupytext
import pytest
from bs4 import BeautifulSoup
from litweave.settings import Settings
from litweave.site import check
from mkdocs.utils import yaml_load

from support import CACHE, ROOT

CONFIG: dict[str, Any] = yaml_load((ROOT / "mkdocs.yml").read_text("utf-8"))
PLUGINS = ChainMap(*(p for p in CONFIG["plugins"] if isinstance(p, dict)))
HOME = (ROOT / "docs" / "index.md").read_text("utf-8")
# The name of the site is that of its home page, which is Home in the navigation.
NAMES = {"index.md": "The Annotated Mixer"}
PATH = re.compile(r'<div class="path" markdown>.*?</div>', re.DOTALL)


def load(path: Path) -> ModuleType:
    """A file as a module, whichever folder it lies in."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HOOKS = load(ROOT / "tools" / "site_hooks.py")


def entries(nav: list[Any], section: str = "") -> Iterator[tuple[str, str]]:
    """The pages of the navigation: each with its name, an index with its section's."""
    for entry in nav:
        named = entry if isinstance(entry, dict) else {section: entry}
        [(name, what)] = named.items()
        if isinstance(what, list):
            yield from entries(what, name)
        else:
            yield what, NAMES.get(what, name)


ENTRIES = dict(entries(CONFIG["nav"]))


def source(page: str) -> Path:
    """The file that a page is made of."""
    written = ROOT / "docs" / page
    if written.exists():
        return written
    folder = "litweave/src" if page.startswith("litweave/") else "labml_style_nn"
    module = ROOT / folder / page.replace(".md", ".py")
    return module.with_name("__init__.py") if module.stem == "index" else module


def title(path: Path) -> str:
    """The first heading of a page, a notebook or a module."""
    found = re.search(r'^(?:r?"""|# )?# (?!%%)(.+)$', path.read_text("utf-8"), re.M)
    assert found, path
    return found[1]


# All pages, those too that stand beside others.
BESIDE: dict[str, str] = CONFIG["extra"]["beside"]
TITLES = ENTRIES | {page: title(source(page)) for page in BESIDE}


def test_a_page_has_one_name_and_no_other_page_has_it() -> None:
    assert {page: title(source(page)) for page in ENTRIES} == ENTRIES
    assert len(set(TITLES.values())) == len(TITLES)
    assert len(ENTRIES) <= 75, "more than a reader can survey"
    for path in PATH.findall(HOME):
        for words, page in re.findall(r"\[([^\]]+)\]\(([^)]+)\)", path):
            assert words == ENTRIES[page]


def test_an_old_address_leads_to_a_page_and_a_module_that_left_has_kept_its() -> None:
    """Those that were pages once; later ones never had an address."""
    redirects: dict[str, str] = PLUGINS["redirects"]["redirect_maps"]
    for old, new in redirects.items():
        assert old not in TITLES
        assert new.partition("#")[0] in TITLES, old
    never = {"baselines", "distributed", "exercises", "image_datasets", "seeding"}
    never |= {"shapes", "tensorboard", "__init__"}
    paths = [Path(p) for p in PLUGINS["litweave"]["exclude"] if "*" not in p]
    pages = {str(path.with_suffix(".md")) for path in paths if path.stem not in never}
    assert pages <= set(redirects)


@pytest.mark.parametrize("folder", ["labml_style_nn", "litweave/src/litweave"])
def test_names_resolve_in_modules_outside_of_the_site_too(folder: str) -> None:
    settings = Settings((ROOT / folder,), extras=False, cache=CACHE / "litweave")
    found = check(settings).context.diagnostics.found
    told = re.compile("nothing is named|could be")
    assert not [str(each) for each in found if told.search(str(each))]


def test_published_accuracies_are_those_of_their_sources_on_both_pages() -> None:
    pages = "models/mlp_mixer.md", "family.py"
    mixer, family = (source(page).read_text() for page in pages)
    _, _, section = mixer.partition("\n## Mixer and ViT, by pre-training set\n")
    rows = re.findall(r"\| (ImageNet.*?) \| (.+) \|", section.partition("\n## ")[0])
    assert [(name, row.split(" | ")) for name, row in rows] == [
        ("ImageNet", ["96.72", "96.59", "–", "–"]),
        ("ImageNet-21k", ["96.82", "98.34", "99.02", "99.13"]),
        ("ImageNet", ["76.60", "72.05", "79.15", "–"]),
        ("ImageNet-21k, then ImageNet", ["–", "–", "84.53", "85.83"]),
    ]
    entry = r'"(\S+)", (\d\d\.\d{3}), (?:SMALL|LARGE), "([\w.]+)"'
    published = {weights: (n, top) for n, top, weights in re.findall(entry, family)}
    assert len(published) == 10
    for weights, name, top in (
        ("mixer_b16_224.goog_in21k_ft_in1k", "MLP-Mixer-B/16", "76.602"),
        ("mixer_b16_224.miil_in21k_ft_in1k", "MLP-Mixer-B/16", "82.306"),
        ("vit_base_patch16_224.augreg_in1k", "ViT-B/16", "79.154"),
        ("vit_base_patch16_224.augreg_in21k_ft_in1k", "ViT-B/16", "84.532"),
        ("deit_small_patch16_224.fb_in1k", "ViT-S/16", "79.844"),
    ):
        assert published[weights] == (name, top)


def test_blocks_are_compared_and_commands_stand_in_the_open() -> None:
    family, results = (source(p).read_text() for p in ("family.py", "results.py"))
    pairs = re.findall(r"# ```difference\n# (\w+)\n# (\w+)\n# ```", family)
    assert {("MixerBlock", "ViTBlock"), ("MixerBlock", "ConvMixerBlock")} <= {*pairs}
    [words] = [c for c in results.split("# %%") if "98\n# of the 60,000 images" in c]
    for name in ("mixer_images", "conv_mixer_images", "vit_images"):
        assert f"experiments.{name} --data cifar10\n" in words
    assert "<details" not in words


def test_the_reading_path_of_the_home_page_is_followed_by_next_and_previous() -> None:
    path = HOOKS.reading_path(HOME)
    assert path[:2] == ["layers/patch_embedding.md", "layers/layer_norm.md"]
    assert path[11:13] == ["models/mlp_mixer.md", "findings.py"]
    assert path[14:17] == ["examples/train_on_digits.py", "train.md", "family.py"]
    assert path[-1] == "results.py"
    assert set(path) <= set(ENTRIES)
    names = ["index.md", "guide.md", "b.md", "other.md", "a.md", "inner.md"]
    files = [SimpleNamespace(src_uri=name) for name in names]
    pages = [SimpleNamespace(file=f, is_page=True, is_index=False) for f in files]
    home, guide, b, other, a, inner = pages
    other.is_index = True
    sections = [SimpleNamespace(is_section=True, children=[other, a, guide])]
    extra = {"reading_path": ["index.md", "a.md", "b.md"], "beside": {names[5]: "a.md"}}
    config, files = SimpleNamespace(extra=extra), Mock()
    files.get_file_from_path.return_value.page, a.parent = inner, "section"
    HOOKS.on_nav(SimpleNamespace(pages=pages[:5], items=sections), config, files)
    assert (inner.parent, inner.previous_page, inner.next_page) == ("section", a, b)
    assert (home.next_page, a.next_page, b.next_page) == (a, b, None)
    assert (home.previous_page, a.previous_page, b.previous_page) == (None, home, a)
    assert (guide.previous_page, guide.next_page) == (None, other)
    # The overview of a section leads to its first page.
    assert (other.previous_page, other.next_page) == (guide, a)


def test_a_page_says_where_the_repository_is() -> None:
    text = (ROOT / "docs/guide/install.md").read_text("utf-8")
    page = SimpleNamespace(file=SimpleNamespace(src_uri="guide/install.md"))
    for url in ("https://example.org/mixer", ""):
        config = SimpleNamespace(repo_url=url)
        said = HOOKS.on_page_markdown(text, page, config, None)
        assert "REPO_URL" not in said
        assert ("git clone https://example.org/mixer" in said) == bool(url)
        assert ("the folder with Makefile and mkdocs.yml" in said) != bool(url)


def test_a_card_says_what_the_head_of_its_page_says() -> None:
    page = """<head><title>A &amp; B - not C - The site</title>
<meta name="description" content="All &quot;of&quot; it.">
<link rel="canonical" href="https://example.org/mixer/a/"></head>"""
    trees = SimpleNamespace(leaves_site=True, source="en", language="zh")
    trees.config = {"languages": ["zh", "ja"]}
    config = SimpleNamespace(plugins={"litweave-languages": trees})
    config.site_name, config.site_url = "The site", "https://example.org/mixer/zh/"
    config.extra = {"beside": {}}
    made = HOOKS.on_post_page(page, Mock(), config)
    made = BeautifulSoup(made, "html.parser").head
    assert made
    tags = [(m.get("property"), m["content"]) for m in made.find_all("meta")]
    assert {
        ("og:locale", "zh_CN"),
        ("og:title", "A & B - not C"),
        ("og:locale:alternate", "en_US"),
        ("og:locale:alternate", "ja_JP"),
        ("og:site_name", "The site"),
        ("og:description", 'All "of" it.'),
        ("og:url", "https://example.org/mixer/a/"),
        ("og:image", "https://example.org/mixer/assets/card.png"),
    } <= set(tags)


DOCS = ROOT / "docs"
NOTEBOOKS = [*sorted((DOCS / "examples").glob("*")), *sorted(DOCS.glob("*.py"))]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_run_by_the_build_and_found_by_readers(path: Path) -> None:
    """It begins with a title and ends with prose."""
    notebook = jupytext.read(path)
    assert path.suffix == ".py", "it has no room for outputs"
    assert jupytext.writes(notebook, fmt="py:percent") == path.read_text("utf-8")
    assert notebook.cells[0].source.startswith("# ")
    kinds = [cell.cell_type for cell in notebook.cells]
    assert kinds[-1] == "markdown"
    # So a message about the prose names the right line: see litweave's `cells`.
    assert ("code", "code") not in pairwise(kinds)
    jupyter, name = PLUGINS["mkdocs-jupyter"], path.relative_to(DOCS)
    assert (jupyter["execute"], jupyter["allow_errors"]) == (True, False)
    assert any(name.match(pattern) for pattern in jupyter["include"])
    assert str(name) in str(CONFIG["nav"]) + str(BESIDE)
