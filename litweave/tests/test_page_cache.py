"""A page that would come out as before is taken as it was, and any other is made."""

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.config.defaults import MkDocsConfig

from litweave import site
from litweave.diagnostics import Place
from support import cache_of, write_files

CONFIG = """
site_name: Small
site_url: http://localhost/
theme: {{name: material, font: false}}
nav: [index.md, One: one.md, Two: two.md]
plugins:
  - search
  - litweave: {{source: pkg, cache: {cache}}}
"""
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
        config = CONFIG.format(cache=cache_of(folder))
        files = {"docs/index.md": "# Home\n", "pkg/one.py": ONE, "pkg/two.py": TWO}
        write_files(folder, {**files, "mkdocs.yml": config})
        for name in ("document", "to_markdown"):
            monkeypatch.setattr(site, name, self.counted(name))

    def counted(self, name: str) -> Callable[..., str]:
        """A function that the plugin makes a page with, and that notes which."""
        whole = getattr(site, name)

        def made(*arguments: object) -> str:
            self.made.append(str(arguments[-2]))
            return str(whole(*arguments))

        return made

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
        found = (self.folder / "site").rglob("*")
        files = {p.relative_to(self.folder / "site").as_posix(): p for p in found}
        # When it was built stands in the map of the site.
        kept = {k: p for k, p in files.items() if p.is_file() and "sitemap" not in k}
        return {name: path.read_bytes() for name, path in kept.items()}


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
    read = list[str]()

    def cite(own: site.Site) -> None:
        for chapter in own.book.chapters.values():
            here = Place(chapter.module.path, 1)
            add = own.book.context.formulas.add
            slots = [add(tex, False, here) for tex in [*read, "b^2"]]
            chapter.overlay.panels.append(slots[-1])
        read.append("c^2")

    monkeypatch.setattr(site, "FEATURES", (*site.FEATURES, cite))
    project.build()
    assert project.build() == []


def test_in_a_preview_files_that_did_not_change_stay_where_they_are(
    project: Project,
) -> None:
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
    for name in ("same.txt", "one.py", "one.clean.py", "assets/katex/katex.min.css"):
        assert (site / name).stat().st_mtime_ns == before[site / name], name
    config.plugins.on_shutdown()
    assert not site.with_name("site.aside").exists()
