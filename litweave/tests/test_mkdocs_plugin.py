"""Whole small sites: what a build makes, what it refuses, what it leaves in place."""

import http.client
import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from support import CACHE, PATIENCE, build_here, free_port, wait_for, write_files

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

It divides by $\\\\sigma_x$, see [`Mixer`][].

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
MIXER = '# Mixes.\nclass Mixer:\n    """## Mixer\n\n    Of [`normalise`][].\n    """\n'
# What a site has whose `mkdocs.yml` names no extensions.
EVERYTHING = """
# ??? tip "Folded"
#     Text.
#
# === "One"
#     A note.[^1]
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
MODULE = "pkg/layers/norm.py"
FILES = {
    "mkdocs.yml": CONFIG % (CACHE / "litweave"),
    "docs/index.md": "# Home\n\n[`normalise`][], [the layers][pkg.layers], $a^2$\n\n"
    "```difference\nnormalise\nMixer\n```\n\nAfter.\n",
    "pkg/__init__.py": '"""# Not shown: docs/index.md is there."""\n',
    "pkg/layers/__init__.py": '"""# Layers\n\nSee [`norm`][].\n"""\n',
    MODULE: NORM,
    "pkg/layers/mixer.py": MIXER,
    "pkg/internal/secret.py": '"""# Secret"""\n',
    "pkg/empty.py": "",
}


@pytest.fixture
def project(tmp_path: Path, katex: Path) -> Path:
    return write_files(tmp_path, FILES)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, katex: Path) -> Path:
    """The small site, built once for the tests that only look at it."""
    folder = write_files(tmp_path_factory.mktemp("small"), FILES)
    result = build_here(folder)
    assert result.returncode == 0, result.stderr
    return folder / "site"


def test_modules_are_pages_in_the_navigation_and_the_sitemap(site: Path) -> None:
    pages = {path.relative_to(site).as_posix() for path in site.rglob("index.html")}
    modules = {f"layers/{name}index.html" for name in ("", "norm/", "mixer/")}
    assert pages == {"index.html", *modules}
    home = (site / "index.html").read_text()
    assert 'href="layers/norm/"' in home
    assert "The norm" in home
    assert "http://localhost/layers/norm/" in (site / "sitemap.xml").read_text()
    # They link to one another by name.
    assert '<a href="layers/norm/#normalise"><code>normalise</code></a>' in home
    assert '<a href="layers/">the layers</a>' in home
    assert '<table class="highlight" aria-label="normalise beside Mixer">' in home
    norm = (site / "layers/norm/index.html").read_text()
    assert '<a href="../mixer/#Mixer"><code>Mixer</code></a>' in norm
    # The source lies beside its page, as it is.
    assert (site / "layers/norm.py").read_text() == NORM
    assert 'href="../norm.py"' in norm
    assert 'download="norm.py"' in norm


def test_search_knows_prose_and_definitions_and_no_tex(site: Path) -> None:
    index = json.loads((site / "search" / "search_index.json").read_text())
    found = {entry["location"]: entry["text"] for entry in index["docs"]}
    assert "porcupines" in found["layers/norm/#normalise"]
    assert "def normalise" in found["layers/norm/#normalise"]
    assert "class Mixer" in found["layers/mixer/#Mixer"]
    # Nor the code that is shown beside other code.
    assert "After." in found[""]
    assert "return" not in found[""]
    assert "sigma" not in json.dumps(index)
    assert "\ue000" not in json.dumps(index, ensure_ascii=False)


def test_prose_is_the_sites_own_markdown(site: Path) -> None:
    norm = (site / "layers" / "norm" / "index.html").read_text()
    assert '<div class="admonition note">' in norm
    assert "<td>1</td>" in norm
    assert 'class="gp"' in norm or "pycon" in norm
    assert norm.count("<math ") == 2
    assert norm.count('<div class="weave-row') == 3
    # KaTeX is copied, not linked.
    style = (site / "assets" / "katex" / "katex.min.css").read_text()
    for font in set(re.findall(r"fonts/[\w-]+\.woff2", style)):
        assert (site / "assets" / "katex" / font).exists()


def test_two_lines_are_enough(project: Path) -> None:
    lines = "theme: material\nplugins:\n  - litweave: {source: pkg}\n"
    files = {"mkdocs.yml": f"site_name: Two lines\n{lines}", MODULE: NORM + EVERYTHING}
    write_files(project, files)
    (project / ".cache").mkdir()
    (project / ".cache" / "litweave").symlink_to(CACHE / "litweave")
    result = build_here(project)
    assert result.returncode == 0, result.stderr
    norm = (project / "site/layers/norm/index.html").read_text()
    for part in (
        *('<div class="admonition note">', "<table>", '<details class="tip">'),
        *('<div class="tabbed-set', "<dt>term</dt>", 'class="footnote-ref"'),
        *('class="language-pycon highlight"', 'class="wide"'),
    ):
        assert part in norm


HOME = "---\na: b\n---\n\n# A\n\n[`Nix`][]\n\n$\n\n[b](layers/norm.md#nowhere)\n"
WORDS = r"a[i][j], [`Nix`][], [the words][nix]"
MISTAKES = {
    "docs/index.md": HOME,
    "pkg/broken.py": "x = (\n",
    "pkg/layers/__init__.py": '"""# A\n\n$x\n"""\n',
    "pkg/layers/mixer.py": '"""# A\n\n$\\\\x$, [`Mixr`][]\n"""\nclass Mixer: ...\n',
    MODULE: f'r"""# A\n\n$\\nope$, {WORDS}\n"""\nimport math\nx = math.pie\n',
}


def test_each_mistake_fails_the_build_with_its_line(project: Path) -> None:
    write_files(project, MISTAKES)
    (project / "pkg/bytes.py").write_bytes(b"# a\n\nx = '\xff'\n")
    result = build_here(project)
    assert result.returncode != 0
    told = [
        *("index.md:7: nothing is named “Nix”", "index.md:9: a “$”"),
        *("pkg/broken.py:1: '(' was never closed", "pkg/bytes.py:3: not utf-8"),
        *("pkg/layers/__init__.py:3: a “$”", "pkg/layers/mixer.py:3: Python eats"),
        "pkg/layers/mixer.py:3: nothing is named “Mixr”; did you mean “Mixer”?",
        *(f"{MODULE}:3: KaTeX parse error", f"{MODULE}:3: nothing is named “Nix”"),
        f"{MODULE}:3: nothing is named “nix”",
        f"{MODULE}:6: “math” has no “pie”; did you mean “pi”?",
        "Doc file 'index.md' contains a link 'layers/norm.md#nowhere'",
    ]
    assert f"{len(told)} warnings in strict mode" in result.stdout
    said = [line for line in result.stderr.splitlines() if "WARNING" in line]
    assert all(start in line for start, line in zip(told, said, strict=True)), said

    # One that is not strict makes every page that it can.
    result = build_here(project, "--no-strict")
    assert result.returncode == 0, result.stderr
    norm = (project / "site/layers/norm/index.html").read_text()
    words = r"<code>\nope</code>, a[i][j], <code>Nix</code>, [the words][nix]"
    assert words in norm
    assert 'href="https://docs.python.org/3/library/math.html" rel="external"' in norm
    assert not (project / "site" / "broken").exists()

    shutil.rmtree(project / "pkg")
    message = build_here(project).stderr
    assert "source" in message
    assert "pkg" in message


def test_a_page_may_be_one_that_others_lead_to(project: Path) -> None:
    path = project / "mkdocs.yml"
    text = path.read_text("utf-8").replace(", layers/mixer.md", "")
    path.write_text(text, "utf-8")
    assert 'not included in the "nav"' in build_here(project).stderr
    path.write_text(f"{text}not_in_nav: layers/mixer.md\n", "utf-8")
    result = build_here(project)
    assert result.returncode == 0, result.stderr
    assert (project / "site" / "layers" / "mixer" / "index.html").is_file()


def test_a_changed_module_is_rendered_again(project: Path) -> None:
    port, module, log = free_port(), project / MODULE, project / "serve.log"

    def page() -> str:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        with closing(connection):
            connection.request("GET", "/layers/norm/")
            return connection.getresponse().read().decode()

    address = ["--dev-addr", f"127.0.0.1:{port}"]
    with log.open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "mkdocs", "serve", *address],
            cwd=project,
            env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
    try:
        wait_for("porcupines", page)
        module.write_text(NORM.replace("porcupines", "hedgehogs"))
        wait_for("hedgehogs", page)
        module.write_text("x = (\n")
        wait_for("was never closed", log.read_text)
        module.write_text(NORM.replace("porcupines", "badgers"))
        wait_for("badgers", page)
    finally:
        process.terminate()
        process.wait()
