"""Whole small sites: what a build makes, what it refuses, what it leaves in place."""

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support import CACHE, build_here

CONFIG = """
site_name: Small
site_url: http://localhost/
theme: {name: material, font: false}
nav: [index.md, {Pages: [layers/index.md, layers/norm.md, layers/mixer.md]}]
plugins:
  - search
  - litweave: {source: pkg, exclude: ["internal/*"], cache: %s}
validation: {links: {anchors: warn}}
markdown_extensions: [admonition, tables, footnotes, toc, pymdownx.superfences]
"""

NORM = '''\
r"""# The norm

It divides by $\\sigma_x$, see [`Mixer`][].

| a | b |
|---|---|
| 1 | 2 |

!!! note
    Noted.
"""

import os


def normalise(x):
    """Give $x$ the unit length.

    >>> 1 + 1
    2
    """
    # A sentence about porcupines.
    return x
'''

MIXER = '''\
# Mixes.
class Mixer:
    """## Mixer

    Of [`normalise`][].
    """
'''

EVERYTHING = """
# ??? tip "Folded"
#     Text.
#
# === "One"
#     Text.
#
# A note.[^1]
#
# [^1]: Here.
#
# term
# :   Explained.
#
# Attributed.
# {: .wide }
y = 1
"""

FILES = {
    "docs/index.md": "# Home\n\n[`normalise`][], [the layers][pkg.layers], $a^2$\n",
    "pkg/__init__.py": '"""# Not shown: docs/index.md is there."""\n',
    "pkg/layers/__init__.py": '"""# Layers\n\nSee [`norm`][].\n"""\n',
    "pkg/layers/norm.py": NORM,
    "pkg/layers/mixer.py": MIXER,
    "pkg/internal/secret.py": '"""# Secret"""\n',
    "pkg/empty.py": "",
}


def write_project(folder: Path) -> Path:
    (folder / "mkdocs.yml").write_text(CONFIG % (CACHE / "litweave"))
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.fixture
def project(tmp_path: Path, katex: Path) -> Path:
    return write_project(tmp_path)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, katex: Path) -> Path:
    """The small site, built once for the tests that only look at it."""
    folder = write_project(tmp_path_factory.mktemp("small"))
    result = build_here(folder)
    assert result.returncode == 0, result.stderr
    return folder / "site"


# ## What a build makes


def test_modules_are_pages(site: Path) -> None:
    pages = {path.relative_to(site).as_posix() for path in site.rglob("index.html")}
    assert pages == {
        "index.html",
        "layers/index.html",
        "layers/norm/index.html",
        "layers/mixer/index.html",
    }


def test_pages_are_in_the_navigation_and_the_sitemap(site: Path) -> None:
    home = (site / "index.html").read_text()
    assert 'href="layers/norm/"' in home
    assert "The norm" in home
    assert "http://localhost/layers/norm/" in (site / "sitemap.xml").read_text()


def test_search_knows_prose_and_definitions_and_no_tex(site: Path) -> None:
    index = json.loads((site / "search" / "search_index.json").read_text())
    found = {entry["location"]: entry["text"] for entry in index["docs"]}
    assert "porcupines" in found["layers/norm/#normalise"]
    assert "def normalise" in found["layers/norm/#normalise"]
    assert "class Mixer" in found["layers/mixer/#Mixer"]
    assert "sigma" not in json.dumps(index)
    assert "\ue000" not in json.dumps(index, ensure_ascii=False)


def test_pages_link_to_one_another_by_name(site: Path) -> None:
    home = (site / "index.html").read_text()
    assert '<a href="layers/norm/#normalise"><code>normalise</code></a>' in home
    assert '<a href="layers/">the layers</a>' in home
    norm = (site / "layers" / "norm" / "index.html").read_text()
    assert '<a href="../mixer/#Mixer"><code>Mixer</code></a>' in norm


def test_prose_is_the_sites_own_markdown(site: Path) -> None:
    norm = (site / "layers" / "norm" / "index.html").read_text()
    assert '<div class="admonition note">' in norm
    assert "<td>1</td>" in norm
    assert 'class="gp"' in norm or "pycon" in norm
    assert norm.count("<math ") == 2
    assert norm.count('<div class="weave-row') == 3


def test_the_module_can_be_downloaded_as_it_is(site: Path) -> None:
    assert (site / "layers" / "norm.py").read_text() == NORM
    page = (site / "layers/norm/index.html").read_text()
    assert 'href="../norm.py"' in page
    assert 'download="norm.py"' in page


def test_katex_is_copied_not_linked(site: Path) -> None:
    style = (site / "assets" / "katex" / "katex.min.css").read_text()
    for font in set(re.findall(r"fonts/[\w-]+\.woff2", style)):
        assert (site / "assets" / "katex" / font).exists()


# ## What a build refuses


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("pkg/layers/norm.py", "x = (\n", "pkg/layers/norm.py:1: "),
        ("pkg/layers/norm.py", '"""# A\n\n$x\n"""\n', "pkg/layers/norm.py:3: a “$”"),
        (
            "pkg/layers/norm.py",
            '"""# A\n\n$\\\\x$\n"""\n',
            "pkg/layers/norm.py:3: Python eats",
        ),
        (
            "pkg/layers/norm.py",
            'r"""# A\n\n$\\nope$\n"""\n',
            "pkg/layers/norm.py:3: KaTeX",
        ),
        (
            "pkg/layers/norm.py",
            "# [`Mixr`][]\n",
            "1: nothing is named “Mixr”; did you mean",
        ),
        (
            "docs/index.md",
            "---\na: b\n---\n\n# A\n\n[`Nix`][]\n",
            "index.md:7: nothing",
        ),
        ("docs/index.md", "# A\n\n[b](layers/norm.md#nowhere)\n", "nowhere"),
    ],
)
def test_a_mistake_fails_the_build_with_its_line(
    name: str, text: str, message: str, project: Path
) -> None:
    (project / name).write_text(text)
    result = build_here(project)
    assert result.returncode != 0
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_unreadable_bytes_fail_the_build(project: Path) -> None:
    (project / "pkg" / "layers" / "norm.py").write_bytes(b"# a\n\nx = '\xff'\n")
    assert "pkg/layers/norm.py:3: not utf-8" in build_here(project).stderr


def test_all_mistakes_are_listed_at_once(project: Path) -> None:
    (project / "docs" / "index.md").write_text("# A\n\n[`Nix`][]\n\n$\n")
    (project / "pkg" / "layers" / "norm.py").write_text('r"""# A\n\n$\\nope$\n"""\n')
    result = build_here(project)
    assert "4 warnings in strict mode" in result.stdout, "also the link to the norm"
    assert result.stderr.index("index.md:3") < result.stderr.index("index.md:5")


def test_a_build_that_is_not_strict_makes_every_page(project: Path) -> None:
    (project / "pkg" / "layers" / "norm.py").write_text(
        'r"""# A\n\n$\\nope$, a[i][j], [`Nix`][], [the words][nix]\n"""\nx = 1\n'
    )
    (project / "pkg" / "layers" / "broken.py").write_text("x = (\n")
    result = build_here(project, "--no-strict")
    assert result.returncode == 0, result.stderr
    assert "pkg/layers/broken.py:1: '(' was never closed" in result.stderr
    norm = (project / "site" / "layers" / "norm" / "index.html").read_text()
    words = r"<code>\nope</code>, a[i][j], <code>Nix</code>, [the words][nix]"
    assert words in norm
    assert not (project / "site" / "layers" / "broken").exists()


def test_two_lines_are_enough(project: Path) -> None:
    (project / "mkdocs.yml").write_text(
        "site_name: Two lines\ntheme: material\nplugins:\n  - litweave: {source: pkg}\n"
    )
    (project / ".cache").mkdir()
    (project / ".cache" / "litweave").symlink_to(CACHE / "litweave")
    (project / "pkg" / "layers" / "norm.py").write_text(NORM + EVERYTHING)
    result = build_here(project)
    assert result.returncode == 0, result.stderr
    norm = (project / "site" / "layers" / "norm" / "index.html").read_text()
    for part in (
        *('<div class="admonition note">', "<table>", '<details class="tip">'),
        *('<div class="tabbed-set', "<dt>term</dt>", 'class="footnote-ref"'),
        *('class="language-pycon highlight"', 'class="wide"'),
    ):
        assert part in norm


def test_a_page_may_be_one_that_others_lead_to(project: Path) -> None:
    path = project / "mkdocs.yml"
    text = path.read_text("utf-8").replace(", layers/mixer.md", "")
    path.write_text(text, "utf-8")
    assert 'not included in the "nav"' in build_here(project).stderr
    path.write_text(f"{text}not_in_nav: layers/mixer.md\n", "utf-8")
    result = build_here(project)
    assert result.returncode == 0, result.stderr
    assert (project / "site" / "layers" / "mixer" / "index.html").is_file()


def test_a_missing_source_is_named(project: Path) -> None:
    shutil.rmtree(project / "pkg")
    message = build_here(project).stderr
    assert "source" in message
    assert "pkg" in message


# ## While somebody writes


LOG = "serve.log"


@pytest.fixture
def preview(project: Path) -> Iterator[Callable[[str], str]]:
    """`mkdocs serve`, and a way to ask it for a page."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mkdocs", "serve"]
    with (project / LOG).open("w") as said:
        process = subprocess.Popen(
            [*command, "--dev-addr", f"127.0.0.1:{port}"],
            cwd=project,
            env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
            stdout=subprocess.DEVNULL,
            stderr=said,
        )

    def get(page: str) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request("GET", page)
            return connection.getresponse().read().decode()
        except OSError:
            return ""
        finally:
            connection.close()

    yield get
    process.terminate()
    process.wait()


def wait_for(text: str, page: str, get: Callable[[str], str]) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if text in get(page):
            return
        time.sleep(0.1)
    raise AssertionError(f"{page} never said “{text}”")


def read_of(folder: Path) -> Callable[[str], str]:
    """What stands in a file of a folder."""
    return lambda name: (folder / name).read_text()


def test_a_changed_module_is_rendered_again(
    project: Path, preview: Callable[[str], str]
) -> None:
    wait_for("porcupines", "/layers/norm/", preview)
    module = project / "pkg" / "layers" / "norm.py"
    module.write_text(NORM.replace("porcupines", "hedgehogs"))
    wait_for("hedgehogs", "/layers/norm/", preview)
    module.write_text("x = (\n")
    wait_for("was never closed", LOG, read_of(project))
    module.write_text(NORM.replace("porcupines", "badgers"))
    wait_for("badgers", "/layers/norm/", preview)
