"""A package in another language, from the command to its pages."""

from pathlib import Path

import pytest

from litweave.cli import main
from translated import say, write_site

MODULE = '''r"""# Mixing

It mixes the rows of $X$.

## Notation

- $X$, `x`: the table
"""

x = 1
'''
FILES = {
    "pkg/layers/mixing.py": MODULE,
    "docs/index.md": "---\ntitle: x\n---\n\nWords here.\n",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, katex: Path) -> Path:
    write_site(tmp_path, FILES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> int:
    return main([*arguments, "--language", "zh", "--cache", "cache"])


def test_catalogs_are_written_and_checked(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("catalogs", "pkg", "--pages", "docs", "--check") == 1
    assert not (folder / "locale").exists()
    assert run("catalogs", "pkg", "--pages", "docs") == 0
    assert run("catalogs", "pkg", "--pages", "docs", "--check") == 0
    text = (folder / "locale/zh/pages.po").read_text("utf-8")
    assert '#: index.md\nmsgid "Words here."' in text
    # Without the pages, nothing is known of them: they stay.
    assert run("catalogs", "pkg", "--check") == 0
    say(folder, "layers", {"It mixes the rows of $X$.": "它混合行。"})
    capsys.readouterr()
    assert run("catalogs", "pkg", "--check") == 1
    said = capsys.readouterr()
    assert said.out.startswith("locale/zh/layers.po:")
    assert "the formula “$X$” is missing" in said.out
    assert "1 error, 0 remarks in 1 translation" in said.err


def test_a_site_is_built_in_another_language(folder: Path) -> None:
    run("catalogs", "pkg")
    said = {"It mixes the rows of $X$.": "它混合 $X$ 的行。", "Notation": "记号"}
    say(folder, "layers", said)

    def built() -> str:
        assert run("build", "pkg", "--out", "site", "--strict") == 0
        return (folder / "site/layers/mixing.html").read_text("utf-8")

    page = built()
    assert '<html lang="zh"' in page
    assert "<p>它混合" in page
    assert '<summary id="notation">记号</summary>' in page
    assert '<li class="weave-missing" lang="en">' in page
    # What was kept is shown again, unless a translation of its own is another.
    assert built() == page
    say(folder, "layers", {"the table": "表"})
    assert '<li class="weave-missing"' not in built()
    # The English goes on, and nobody has to tell anybody.
    (folder / "pkg/layers/mixing.py").write_text(MODULE.replace("the rows", "all rows"))
    assert 'class="weave-changed" data-english="It mixes all rows of $X$."' in built()
    say(folder, "layers", {"the table": "`表`"})
    assert run("build", "pkg", "--out", "site", "--strict") == 1
