"""Code that nobody here wrote: each module of it becomes a page.

`tools/litweave_others.py` does the same with the whole standard library and `torch.nn`.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from html import unescape
from importlib import metadata
from pathlib import Path

import markdown

from litweave.build import build
from run_alone import WALL, others, required
from support import FOLDER, cache_of, settings_of, write_files

STDLIB = Path(sysconfig.get_path("stdlib"))
# Prose of many kinds: titles underlined with tildes, money, shell prompts, regular
# expressions with dollars, doctests, tags, backslashes, and none at all.
SAMPLE = (
    *("ast.py", "base64.py", "cgi.py", "difflib.py", "doctest.py", "keyword.py"),
    *("ntpath.py", "optparse.py", "os.py", "string.py", "this.py", "zipapp.py"),
    *("http", "json", "lib2to3/tests/data"),
)


def test_lines_are_on_pages_remarks_at_lines_and_words_as_meant(tmp_path: Path) -> None:
    source, site = tmp_path / "others", tmp_path / "site"
    shutil.copytree(Path(markdown.__file__).parent, source / "markdown")
    # What later Pythons have no more is passed over.
    for name in (name for name in SAMPLE if (STDLIB / name).exists()):
        copy = shutil.copytree if (STDLIB / name).is_dir() else shutil.copy
        (source / "std" / name).parent.mkdir(parents=True, exist_ok=True)
        copy(STDLIB / name, source / "std" / name)
    built = build(settings_of(source), site)
    # Every module is a page, or skipped: not Python any more, or empty.
    files = (path for path in source.rglob("*.py") if path.name[0] != ".")
    modules = {path.relative_to(tmp_path).as_posix() for path in files}
    pages, skipped = built.book.chapters, built.book.skipped
    assert {chapter.module.path for chapter in pages.values()} | {*skipped} == modules
    assert len(pages) > 50
    for name, reason in skipped.items():
        assert "lib2to3/tests/data" in name or reason == "there is nothing in it"
    for page, chapter in pages.items():
        html = (site / page).with_suffix(".html").read_text()
        found = re.findall(r'<span class="weave-line" data-line="(\d+)"', html)
        rows = chapter.module.rows
        assert list(map(int, found)) == [n for row in rows for n in row.code], page
        woven = re.findall(r'<div class="weave-row(?! weave-closing)', html)
        assert len(woven) == len(rows), page
    for path in site.rglob("*.html"):
        html = path.read_text()
        assert not re.search("[\ue000-\ue00f\ue200-\ue2ff]", html), path
        assert "weave-row-" not in html, path
    assert built.book.context.diagnostics.found
    for problem in built.book.context.diagnostics.found:
        lines = (tmp_path / problem.place.path).read_bytes().count(b"\n") + 1
        assert 1 <= problem.place.line <= lines, str(problem)
        assert problem.kind != "page", str(problem)
    assert not built.remarks
    for page, words in {
        "json/tool.html": '$ echo \'{"json":"obj"}\' | python -m json.tool',
        **{"ntpath.html": "$var", "difflib.html": "I can live with that <wink>."},
    }.items():
        html = (site / "std" / page).read_text()
        prose = re.sub(r'<div class="weave-code.*?</pre></div>', "", html, flags=re.S)
        assert words in unescape(re.sub("<[^>]*>", "", prose))
    # The name of a class would push those of its methods out of the contents.
    contents = (site / "std/difflib.html").read_text()
    link = r'href="#Differ\.compare" [^>]*>\s*<span class="md-ellipsis">\s*compare\s*<'
    assert re.search(link, contents)


# ## Where nothing is installed that it does not require

NEWTON = (FOLDER / "examples/newton.py").read_text("utf-8")
FILES = {
    "roots/__init__.py": '"""# Roots\n\nSee [`square_root`][].\n"""\n',
    "roots/newton.py": NEWTON.replace("\n\n\ndef", "\n\nimport fractions\n\n\ndef"),
    "torch_user.py": '"""# A\n\n>>> import torch\n"""\n',
}
# What they type, and what has no more than its package brings.
COMMANDS = (
    "check roots --run-examples --cache cache",
    "build roots --run-examples --cache cache --out site --strict",
    "copy roots newton --clean",
    "check torch_user.py --run-examples --cache cache",
)
# Each command says what it has to say, and ends with its status.
PROGRAM = """
import sys
from litweave.__main__ import main
for command in sys.argv[1:]:
    print(main(command.split()), flush=True)
"""


def test_a_package_is_checked_built_and_copied(tmp_path: Path, katex: Path) -> None:
    # To install it into a fresh environment takes minutes and a network. Here the
    # processes see what is installed, but for all that is not required.
    project = tomllib.loads((FOLDER / "pyproject.toml").read_text("utf-8"))["project"]
    refused = others(required(project["dependencies"]))
    computing = {"einops", "matplotlib", "numpy", "sklearn", "torch"}
    assert computing & set(metadata.packages_distributions()) <= refused
    assert not {"markdown", "mkdocs", "nh3", "pygments"} & refused
    # Python imports it at the start of each process, also of those that a build begins.
    wall = {"wall/sitecustomize.py": WALL % (refused - {"litweave"})}
    cache_of(write_files(tmp_path, FILES | wall))
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, *COMMANDS],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": "wall"},
        capture_output=True,
        text=True,
    )
    built, copied, checked = result.stdout.split("\n0\n")
    assert built.startswith("0\nno remarks\n2 pages in "), result.stderr
    page = (tmp_path / "site/newton.html").read_text("utf-8")
    for part in ("<mfrac", 'data-n="', "docs.python.org/3/library/fractions.html"):
        assert part in page
    title = "Square roots by Newton's method."
    assert copied.startswith(f'"""{title}"""\n\nimport fractions')
    assert "torch_user.py:3: the example fails: ModuleNotFoundError" in checked
    assert checked.endswith("\n1\n")
