"""In a preview, files that did not change stay where they are."""

from pathlib import Path

from mkdocs.commands.build import build
from mkdocs.config import load_config

CONFIG = """
site_name: Small
theme: {name: mkdocs}
plugins:
  - litweave: {source: pkg, cache: cache}
"""


def test_what_did_not_change_is_not_written_again(tmp_path: Path) -> None:
    docs, package, site = (tmp_path / name for name in ("docs", "pkg", "site"))
    for folder in (docs, package):
        folder.mkdir()
    (tmp_path / "mkdocs.yml").write_text(CONFIG)
    (docs / "index.md").write_text("# Home\n")
    for name in ("same", "changes", "goes"):
        (docs / f"{name}.txt").write_text(name)
        (package / f"{name}.py").write_text(f'"""# {name}"""\n')
    config = load_config(str(tmp_path / "mkdocs.yml"))
    config.plugins.on_startup(command="serve", dirty=False)
    build(config)
    before = {path: path.stat().st_ino for path in site.rglob("*") if path.is_file()}

    (docs / "changes.txt").write_text("changed")
    (package / "changes.py").write_text('"""# changed"""\n')
    for path in (docs / "goes.txt", package / "goes.py"):
        path.unlink()
    config = load_config(str(tmp_path / "mkdocs.yml"))
    build(config)
    assert (site / "changes.txt").read_text() == "changed"
    assert "changed" in (site / "changes.py").read_text()
    assert "changed" in (site / "changes/index.html").read_text()
    assert not (site / "goes.txt").exists()
    assert not (site / "goes.py").exists()
    for name in ("same.txt", "same.py", "same.clean.py", "css/base.css"):
        assert (site / name).stat().st_ino == before[site / name], name
    config.plugins.on_shutdown()
    assert not site.with_name("site.aside").exists()


def test_a_preview_after_a_build_in_one_process(tmp_path: Path) -> None:
    """MkDocs keeps the plugin: the second run knows nothing of the first."""
    for name in ("docs", "pkg"):
        (tmp_path / name).mkdir()
    (tmp_path / "mkdocs.yml").write_text(CONFIG)
    (tmp_path / "docs/index.md").write_text("# Home\n")
    (tmp_path / "pkg/one.py").write_text('"""# One"""\n')
    for command in ("build", "serve"):
        config = load_config(str(tmp_path / "mkdocs.yml"))
        config.plugins.on_startup(command=command, dirty=False)
        build(config)
        config.plugins.on_shutdown()
        assert (tmp_path / "site/one/index.html").exists()
