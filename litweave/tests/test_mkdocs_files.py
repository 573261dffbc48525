"""In a preview, files that did not change stay where they are."""

from pathlib import Path

from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.config.defaults import MkDocsConfig

from support import write_files

CONFIG = """
site_name: Small
theme: {name: mkdocs}
plugins:
  - litweave: {source: pkg, cache: cache}
"""


def begun(folder: Path, command: str) -> MkDocsConfig:
    config = load_config(str(folder / "mkdocs.yml"))
    config.plugins.on_startup(command=command, dirty=False)
    build(config)
    return config


def test_what_did_not_change_is_not_written_again(tmp_path: Path) -> None:
    files = {"mkdocs.yml": CONFIG, "docs/index.md": "# Home\n"}
    for name in ("same", "changes", "goes"):
        files |= {f"docs/{name}.txt": name, f"pkg/{name}.py": f'"""# {name}"""\n'}
    write_files(tmp_path, files)
    # MkDocs keeps the plugin: a second run in one process knows nothing of the first.
    begun(tmp_path, "build").plugins.on_shutdown()
    config, site = begun(tmp_path, "serve"), tmp_path / "site"
    before = {path: path.stat().st_ino for path in site.rglob("*") if path.is_file()}
    assert site / "changes/index.html" in before

    changed = {"docs/changes.txt": "changed", "pkg/changes.py": '"""# changed"""\n'}
    write_files(tmp_path, changed)
    for name in ("docs/goes.txt", "pkg/goes.py"):
        (tmp_path / name).unlink()
    build(load_config(str(tmp_path / "mkdocs.yml")))
    for name in ("changes.txt", "changes.py", "changes/index.html"):
        assert "changed" in (site / name).read_text()
    assert not (site / "goes.txt").exists()
    assert not (site / "goes.py").exists()
    for name in ("same.txt", "same.py", "same.clean.py", "css/base.css"):
        assert (site / name).stat().st_ino == before[site / name], name
    config.plugins.on_shutdown()
    assert not site.with_name("site.aside").exists()
