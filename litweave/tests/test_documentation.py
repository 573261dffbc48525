"""What litweave says of itself is so, and its own pages are made without a remark."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from litweave.cli import main
from litweave.settings import Settings
from support import CACHE, FOLDER, build_here

README = (FOLDER / "README.md").read_text("utf-8")
CONFIGURATION = (FOLDER / "docs/configuration.md").read_text("utf-8")


def test_its_own_site_is_built(tmp_path: Path, katex: Path) -> None:
    for name in ("docs", "examples", "mkdocs.yml", "src"):
        (tmp_path / name).symlink_to(FOLDER / name)
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache/litweave").symlink_to(CACHE / "litweave")
    result = build_here(tmp_path)
    assert result.returncode == 0, result.stderr
    pages = {path.parent.name for path in (tmp_path / "site").rglob("index.html")}
    modules = {"newton", "parse", "prose", "page", "mkdocs_plugin"}
    assert pages == {"site", "writing", "configuration", *modules}


@pytest.mark.parametrize(
    ("text", "pattern"),
    [(README, r"^\| `([a-z_]+(?:`, `\w+)*)` \|"), (CONFIGURATION, r"^`(.+)`\n:")],
)
def test_each_option_of_the_plugin_is_told(text: str, pattern: str) -> None:
    lines = re.findall(pattern, text, re.M)
    told = [name for line in lines for name in line.split("`, `")]
    assert sorted(told) == sorted(option.name for option in fields(Settings))


def test_each_command_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    def help_of(*command: str) -> str:
        with pytest.raises(SystemExit) as end:
            main([*command, "--help"])
        assert end.value.code == 0
        return capsys.readouterr().out

    assert "--port" in help_of("serve")
    assert "--run-examples" in help_of("build")
    for text in (README, CONFIGURATION):
        commands = set(re.findall(r"^litweave (\w+) my_", text, re.M))
        assert commands == {"build", "check", "serve", "copy"}
        assert all(command in help_of() for command in commands)
        for command in commands:
            for line in re.findall(rf"litweave {command} .*", text):
                options = re.findall(r"--[\w-]+", line)
                assert all(option in help_of(command) for option in options)


def test_each_link_of_the_readme_leads_to_a_file() -> None:
    for link in re.findall(r"\]\(([^)]+)\)", README):
        assert (FOLDER / link).is_file(), link
