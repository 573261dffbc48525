"""The workflow that publishes the site, and how to cite it."""

import re
import shlex
import sys
import tomllib
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
WORKFLOW = (ROOT / ".github" / "workflows" / "site.yml").read_text("utf-8")
JOBS: dict[str, Any] = yaml.safe_load(WORKFLOW)["jobs"]
STEPS: list[dict[str, Any]] = JOBS["build"]["steps"]
MAIN = "github.ref == 'refs/heads/main'"


def place(word: str) -> list[int]:
    """Which steps run or use something with this word in it."""
    texts = [step.get("run", "") + step.get("uses", "") for step in STEPS]
    return [number for number, text in enumerate(texts) if word in text]


def test_it_installs_as_the_readme_does() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    [block] = re.findall(r"^```sh\n(python3 -m venv .*?)^```$", readme, re.S | re.M)
    commands = [step["run"] for step in STEPS if "run" in step]
    assert commands[:2] == block.splitlines()[:2]


def test_what_is_published_was_linted_built_and_tested() -> None:
    built, again = place("mkdocs build --strict")
    assert place("ruff check") == place("mypy") < [built]
    assert [built] < place("pytest") < [again] < place("upload-pages-artifact")
    [upload] = place("upload-pages-artifact")
    assert STEPS[upload]["with"]["path"] == "site"
    assert JOBS["publish"]["needs"] == "build"


def test_only_the_main_branch_is_published() -> None:
    [_, again] = place("mkdocs build --strict")
    [upload] = place("upload-pages-artifact")
    assert STEPS[again]["if"] == STEPS[upload]["if"] == JOBS["publish"]["if"] == MAIN
    # Only the job that publishes may write.
    permissions = {name: job.get("permissions", {}) for name, job in JOBS.items()}
    write = [name for name, asked in permissions.items() if "write" in asked.values()]
    assert write == ["publish"]


def test_the_published_site_knows_its_address() -> None:
    config = (ROOT / "mkdocs.yml").read_text("utf-8")
    [_, again] = place("mkdocs build --strict")
    assert set(STEPS[again]["env"]) == set(re.findall(r"!ENV \[(\w+),", config))


def test_every_program_of_the_workflow_is_there() -> None:
    commands = " && ".join(step.get("run", "") for step in STEPS)
    programs = re.findall(r"\.venv/bin/([\w-]+)", commands)
    assert {"python", "mkdocs", "ruff", "mypy", "lint-imports"} == set(programs)
    for program in programs:
        assert (BIN / program).exists(), program
    [tests] = [step["run"] for step in STEPS if "pytest" in step.get("run", "")]
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert shlex.join(shlex.split(tests)[3:]) in makefile


def test_only_the_forge_is_named() -> None:
    assert "://" not in WORKFLOW
    uses = re.findall(r"uses: (\S+)", WORKFLOW)
    assert len(uses) == 6
    assert all(re.fullmatch(r"actions/[\w-]+@v\d", name) for name in uses)


# ## How to cite it

CITATION: dict[str, Any] = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))


def test_the_citation_has_what_the_format_requires_and_invents_nothing() -> None:
    assert CITATION["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= set(CITATION)
    assert CITATION["type"] == "software"
    # A group of authors has a name; only a person has several.
    assert CITATION["authors"] == [{"name": "The authors of The Annotated Mixer"}]
    # No day of a release that there was not, no address, no identifier.
    invented = {"date-released", "doi", "identifiers", "url", "repository-code"}
    assert not invented & set(CITATION)


def test_the_citation_says_what_the_package_says() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for key in ("version", "license", "keywords"):
        assert CITATION[key] == project[key]
