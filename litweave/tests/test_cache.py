"""What was made before is kept, under the key of what it was made of."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from textwrap import indent

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.config.defaults import MkDocsConfig

from litweave import site
from litweave.cache import Folder, answers, build_folder, digest
from litweave.diagnostics import Place
from support import build_here, cache_of, write_files


def test_a_question_is_asked_once_a_key_and_forgotten_if_unasked(
    tmp_path: Path,
) -> None:
    path, asked = tmp_path / "deep" / "kept.json", list[str]()

    def ask(questions: Sequence[str]) -> list[object]:
        asked.extend(questions)
        return [{question: [1, None]} for question in questions]

    def new(questions: str, key: str = "1", others: int = 0) -> str:
        """Those of the questions, a letter each, that are asked."""
        asked.clear()
        found = answers(path, key, questions, ask, others)
        assert found == {question: {question: [1, None]} for question in questions}
        return "".join(asked)

    assert [new("ab"), new("ba"), new("b")] == ["ab", "", ""]
    assert [new("b", "2"), new("bc", "2"), new("a", "2")] == ["b", "c", "a"]
    # Or so many stay: those that were asked last.
    assert [new("b", "2", 1), new("c", "2", 1), new("b", "2", 1)] == ["b", "c", ""]
    assert new("ab", "2", 1) == "a"
    # A file that is not whole keeps nothing.
    for text in ("", "{", "7", '[["a"]]', '{"a": 1}'):
        path.write_text(text)
        assert new("a") == "a"


def test_a_thing_in_a_file_is_found_by_some_of_its_keys(tmp_path: Path) -> None:
    kept = Folder(tmp_path / "deep")
    kept.keep("a/b", [1], "whole", "part")
    for keys in ([], ["part"], ["whole"], ["part", "whole"]):
        assert kept.get("a/b", *keys) == [1]
    assert kept.get("a/b", "whole", "other") is None
    assert kept.get("none") is None
    file = kept.file("a/b")
    before = digest("a", files=[file])
    assert digest("a", files=[file]) == before
    for text in ("", "{", "7", "[]", '{"a": 1}', "[1, 2, 3]"):
        file.write_text(text)
        assert kept.get("a/b", "part") is None
        assert digest("a", files=[file]) != before, "a key follows the files"
    for age, name in enumerate(("last", "before", "first")):
        kept.keep(name, 1)
        os.utime(kept.file(name), (-age, -age))
    kept.forget(["a/b"], others=2)
    assert {p.stem for p in kept.path.rglob("*.*")} == {"b", "last", "before"}
    kept.forget(["a/b"])
    assert [*kept.path.rglob("*.*")] == [file]


@given(st.lists(st.text()), st.lists(st.text()))
def test_other_parts_have_another_key(some: list[str], others: list[str]) -> None:
    assert (digest(*some) == digest(*others)) == (some == others)


def test_a_folder_is_made_once_and_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a"

    def stop(folder: Path) -> None:
        (folder / "half").write_text("")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_folder(path, stop)
    assert not list(path.parent.iterdir())

    made = []

    def make(folder: Path) -> None:
        made.append(folder)
        time.sleep(0.1)
        (folder / "whole").write_text("")

    with ThreadPoolExecutor() as pool:
        found = list(pool.map(lambda _: build_folder(path, make), range(4)))
    assert found == [path] * 4
    assert len(made) == 1
    assert [file.name for file in path.iterdir()] == ["whole"]


# ## A page that would come out as before is taken as it was, and any other is made

CONFIG = """
site_name: Small
site_url: http://localhost/
theme: {name: material, font: false}
nav: %s
plugins:
  - search
"""
PAGES = CONFIG % "[index.md, One: one.md, Two: two.md]"
ONE = '''"""# The first

It has $a^2$ and [`two`][pkg.two], see [there](two.md#second).
"""

from pkg.two import second

first = second()
'''
TWO = '''"""# The second"""


def second():
    """Give it, a porcupine."""
    return 2
'''
ALL = ["index.md", "one.md", "two.md"]


class Project:
    """A package of two modules, and how often a page was made of rows."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.made = folder, list[str]()
        config = f"{PAGES}  - litweave: {{source: pkg, cache: {cache_of(folder)}}}\n"
        files = {"docs/index.md": "# Home\n", "pkg/one.py": ONE, "pkg/two.py": TWO}
        write_files(folder, {**files, "mkdocs.yml": config})
        document = site.Site.document

        def make(own: site.Site, uri: str) -> str:
            """Make a page, as the plugin does, and note which."""
            self.made.append(uri)
            return document(own, uri)

        monkeypatch.setattr(site.Site, "document", make)

    def change(self, name: str, old: str, new: str) -> None:
        text = (self.folder / name).read_text()
        assert old in text
        (self.folder / name).write_text(text.replace(old, new))

    def build(self) -> list[str]:
        """Build in a process that knows nothing yet; the pages that were made."""
        self.made.clear()
        self.begin("build").plugins.on_shutdown()
        return sorted(self.made)

    def begin(self, command: str) -> MkDocsConfig:
        config = load_config(str(self.folder / "mkdocs.yml"))
        config.plugins.on_startup(command=command, dirty=False)
        build(config)
        return config

    def site(self) -> dict[str, bytes]:
        root = self.folder / "site"
        # When it was built stands in the map of the site.
        files = (p for p in root.rglob("*") if p.is_file() and "sitemap" not in p.name)
        return {p.relative_to(root).as_posix(): p.read_bytes() for p in files}


@pytest.fixture
def project(tmp_path: Path, katex: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    return Project(tmp_path, monkeypatch)


def test_a_site_of_kept_pages_is_the_site(project: Project) -> None:
    assert project.build() == ALL
    whole = project.site()
    assert b"katex" in whole["one/index.html"]
    assert "assets/katex/katex.min.css" in whole
    assert project.build() == []
    assert project.site() == whole
    found = json.loads(whole["search/search_index.json"])["docs"]
    assert any("porcupine" in entry["text"] for entry in found)
    # What is not whole is made again.
    for kept, text in (("one", ""), ("two", '{"key": 1}\n<p>')):
        (project.folder / f"cache/pages/{kept}.md.json").write_text(text)
    assert project.build() == ["one.md", "two.md"]
    assert project.site() == whole


def test_a_change_makes_the_pages_that_show_it(project: Project) -> None:
    project.build()
    for name, old, new, made in (
        ("pkg/two.py", "return 2", "return 3", ["two.md"]),
        ("docs/index.md", "Home", "Begin", ALL),  # it is in all tabs
        ("docs/index.md", "Begin", "Begin\n\nWords.", ["index.md"]),
        # What a tip says of a function is shown where the function is used.
        ("pkg/two.py", "a porcupine", "a hedgehog", ["one.md", "two.md"]),
        ("mkdocs.yml", "Two: two.md", "Deux: two.md", ALL),
        ("mkdocs.yml", "site_name: Small", "site_name: Large", ALL),
        ("pkg/two.py", "second", "other", ALL),
    ):
        project.change(name, old, new)
        assert project.build() == made, new
    assert b"3" in project.site()["two/index.html"]
    # What is no page any more is not kept.
    (project.folder / "pkg/two.py").unlink()
    project.build()
    assert not (project.folder / "cache/pages/two.md.json").exists()


def test_no_page_is_kept_where_an_extension_may_read_a_file(project: Project) -> None:
    given, docs = "[pymdownx.superfences, tables, abbr]", project.folder / "docs"
    project.change("mkdocs.yml", "nav:", f"markdown_extensions: {given}\nnav:")
    project.build()
    assert project.build() == []
    project.change("mkdocs.yml", "abbr", f"pymdownx.snippets: {{base_path: {docs}}}")
    project.change("docs/index.md", "Home", 'Home\n\n--8<-- "part.txt"')
    write_files(project.folder, {"docs/part.txt": "Early"})
    project.build()
    project.change("docs/part.txt", "Early", "Late")
    assert project.build() == ALL
    assert b"Late" in project.site()["index.html"]


def test_what_is_wrong_is_said_each_time(
    project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    project.change("pkg/one.py", "two.md#", "too.md#")
    project.change("pkg/two.py", "Give it", "Give [`it`][]")
    project.change("docs/index.md", "Home", "Home\n\n[there](too.md)")
    for _ in range(2):
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            assert project.build() == ALL
        assert "too.md" in caplog.text
        assert "pkg/two.py:5: nothing is named “it”" in caplog.text


def test_a_link_to_an_anchor_that_is_gone_is_still_found(
    project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    project.change("mkdocs.yml", "nav:", "validation: {anchors: warn}\nnav:")
    project.change("pkg/one.py", "#second", "#words")
    project.change("docs/index.md", "Home", "Home\n\n[there](two.md#words)")
    project.change("pkg/two.py", 'second"', 'second\n\n## Words\n"')
    project.build()
    assert "words" not in caplog.text
    project.change("pkg/two.py", "## Words", "## Terms")
    with caplog.at_level(logging.WARNING):
        assert project.build() == ["two.md"]
    assert "'index.md' contains a link 'two.md#words'" in caplog.text
    assert "pkg/one.py:3: there is no “#words”" in caplog.text


def test_a_formula_that_was_read_before_makes_no_page_anew(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = ["b^2"]

    def cite(own: site.Site) -> None:
        for chapter in own.book.chapters.values():
            here, add = Place(chapter.module.path, 1), own.book.context.formulas.add
            chapter.overlay.panels.append([add(tex, False, here) for tex in read][-1])
        read.insert(0, "c^2")

    monkeypatch.setattr(site, "FEATURES", (*site.FEATURES, cite))
    project.build()
    assert project.build() == []


def test_in_a_preview_files_that_did_not_change_stay_there(project: Project) -> None:
    files = {f"docs/{name}.txt": name for name in ("same", "changes", "goes")}
    write_files(project.folder, {**files, "pkg/goes.py": "x = 1\n"})
    # MkDocs keeps the plugin: a second run in one process knows nothing of the first.
    project.build()
    config, site = project.begin("serve"), project.folder / "site"
    before = {p: p.stat().st_mtime_ns for p in site.rglob("*") if p.is_file()}
    project.change("docs/changes.txt", "changes", "changed")
    project.change("pkg/two.py", "a porcupine", "changed")
    for name in ("docs/goes.txt", "pkg/goes.py"):
        (project.folder / name).unlink()
    build(load_config(str(project.folder / "mkdocs.yml")))
    for name in ("changes.txt", "two.py", "two/index.html"):
        assert "changed" in (site / name).read_text()
    assert not (site / "goes.txt").exists()
    assert not (site / "goes.py").exists()
    for name in ("same.txt", "one.py", "assets/katex/katex.min.css"):
        assert (site / name).stat().st_mtime_ns == before[site / name], name
    config.plugins.on_shutdown()
    assert not site.with_name("site.aside").exists()


# ## A build that is killed in the middle has lost nothing that was done

PLUGINS = """\
  - mkdocs-jupyter: {{include: ["*.py"], execute: true, allow_errors: false}}
  - litweave-notebooks
  - litweave: {{source: pkg, cache: {cache}, run_examples: true, proofs: proofs}}
"""
# Each step notes that it began; the second of each kind waits until it may go on.
STEP = "from pathlib import Path; Path('steps', '{}').open('a').write('x')"
WAIT = "import time\nwhile not Path('go').exists(): time.sleep(0.02)"
MODULE = '"""# {}\n\n## What differs from the paper\n\nNothing.\n\n{}\n"""\n'
PROOFS = """
import json, sys, time
from pathlib import Path
pages = dict.fromkeys(["pkg.one", "pkg.two"], [])
whole = {"format": 2, "versions": {}, "pages": pages, "sources": [], "data": []}
print(json.dumps(whole))
for name in pages:
    if name not in sys.argv:
        print(json.dumps({"begins": name}), flush=True)
        Path("steps", f"proof of {name}").open("a").write("x")
        while name == "pkg.two" and not Path("go").exists():
            time.sleep(0.02)
        proof = {"name": name, "date": "2026-11-29", "facts": [], "error": ""}
        print(json.dumps(proof), flush=True)
"""
NOTEBOOK = ".cache/notebooks/the_one.py"
KINDS = ("example", "proof", "notebook")


def test_what_a_killed_build_did_is_not_done_again(tmp_path: Path, katex: Path) -> None:
    (tmp_path / "steps").mkdir()
    config = CONFIG % "" + PLUGINS.format(cache=cache_of(tmp_path))
    files = {"mkdocs.yml": config, "proofs.py": PROOFS, "pkg/__init__.py": ""}
    files |= {"docs/index.md": "# Home\n", "site/index.html": "the old site"}
    # The module with the longest examples is the first.
    for name, wait in (("one", f"_ = '{'first ' * 20}'"), ("two", WAIT)):
        begun = STEP.format(f"example of pkg.{name}").replace("; ", "\n_ = ")
        example = indent(f"{begun}\n{wait}", ">>> ")
        files[f"pkg/{name}.py"] = MODULE.format(name, example)
        cell = f"{STEP.format(f'notebook of pkg.{name}')}\n{wait}"
        files[f"docs/the_{name}.py"] = f"# %% [markdown]\n# # {name}\n\n# %%\n{cell}\n"
    write_files(tmp_path, files)

    command = [sys.executable, "-m", "mkdocs", "build", "--strict"]
    with subprocess.Popen(
        command, cwd=tmp_path, stderr=subprocess.DEVNULL, start_new_session=True
    ) as running:
        # The first step of each kind is kept, and the second has begun.
        names = "cache/shapes/pkg.one", "cache/proofs/pkg.one", NOTEBOOK
        wanted = [tmp_path / f"{name}.json" for name in names]
        wanted += [tmp_path / "steps" / f"{kind} of pkg.two" for kind in KINDS]
        while not all(path.exists() for path in wanted):
            assert running.poll() is None, "the build ended"
            time.sleep(0.05)
        os.killpg(running.pid, signal.SIGKILL)

    (tmp_path / "go").touch()
    result = build_here(tmp_path)
    assert result.returncode == 0, result.stderr
    for kind, step in zip(KINDS, ("pkg.two", "pkg.two", "the_two.py"), strict=True):
        for name, times in (("one", "x"), ("two", "xx")):
            assert (tmp_path / f"steps/{kind} of pkg.{name}").read_text() == times
        # What is going on is said, a line for each step.
        assert f"{kind}s 1 of 1: {step}" in result.stderr
    for name in ("one", "two", "the_one", "the_two"):
        assert (tmp_path / f"site/{name}/index.html").exists()
