"""What README, guides, home page, workflow and citation promise is so."""

import ast
import doctest
import importlib.util
import re
import shlex
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from support import ROOT

BIN = Path(sys.executable).parent
GUIDES = sorted((ROOT / "docs" / "guide").glob("*.md"))
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *GUIDES]
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in PAGES}
MADE_BY_THE_READER = {
    *("site/", ".cache/", "runs/"),
    *("file.py", "softmax.py", "my_package/rms_norm.py", "proofs.py"),
    *("index.md", "requirements.txt", "main.0123abcd.min.css"),
    *("train/", "test/", "val/"),
}
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def fences(text: str, language: str) -> list[str]:
    """Find the blocks of code in a language, also those within lists."""
    pattern = rf"^ *```{language}\n(.*?)^ *```$"
    return re.findall(pattern, text, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", TEXTS)
def test_every_target_program_module_path_and_link_is_there(page: str) -> None:
    """Paths in the root, beside the guides, in the package and its folders."""
    text = TEXTS[page]
    # Everything that is set as code, spans and blocks.
    commands = "\n".join([*re.findall(r"`([^`\n]+)`", text), *fences(text, "sh")])
    targets = set(re.findall(r"^(\w+):", MAKEFILE, re.MULTILINE))
    assert set(re.findall(r"^make (\w+)", commands, re.MULTILINE)) <= targets
    for program in re.findall(r"\.venv/bin/(\w+)", commands):
        assert (BIN / program).exists(), program
    for module in re.findall(r"python -m ([\w.]+)", commands):
        assert importlib.util.find_spec(module), module
    package, renderer = ROOT / "labml_style_nn", ROOT / "litweave" / "src" / "litweave"
    inside = [*package.rglob("*/"), *renderer.rglob("*/")]
    endings = r"/|\.py|\.md|\.yml|\.toml|\.txt|\.json|\.css"
    paths = set(re.findall(rf"`([\w./]+(?:{endings}))`", text))
    for path in paths - MADE_BY_THE_READER:
        roots = (ROOT, ROOT / "docs" / "guide", package, renderer, renderer.parent)
        assert any((root / path).exists() for root in (*roots, *inside)), path
    # A link of a guide, the build follows.
    if not page.startswith("docs/"):
        links = re.findall(r"\]\(([^)#\s]+)\)", text)
        assert links
        for link in links:
            assert link.startswith("https://") or (ROOT / link).exists(), link


def test_home_quotes_the_model_and_the_guide_the_commands_of_the_readme() -> None:
    plain = [block for block in fences(TEXTS["README.md"], "sh") if "venv" in block]
    assert plain[0] in fences(TEXTS["docs/guide/run.md"], "sh")
    assert "-c constraints.txt -e './litweave[dev]' -e '.[dev]'" in plain[0]
    assert re.search(r"^PORT \?=", MAKEFILE, re.MULTILINE), "the port can be chosen"
    model = (ROOT / "labml_style_nn" / "models" / "mlp_mixer.py").read_text("utf-8")
    home = (ROOT / "docs" / "index.md").read_text("utf-8")
    for line in fences(home, "python")[0].splitlines()[:2]:
        assert f"        {line}\n" in model


def test_the_copy_guide_prints_what_it_shows_and_tells_the_versions() -> None:
    result = doctest.testfile(str(ROOT / "docs" / "guide" / "copy.md"), False)
    assert result.attempted >= 4
    assert result.failed == 0
    pins = (ROOT / "constraints.txt").read_text()
    row = r"^\| (\w+) \| ([\d.]+) \| ([\d.]+) \|$"
    rows = re.findall(row, TEXTS["docs/guide/copy.md"], re.MULTILINE)
    table = {name: (least, tested) for name, least, tested in rows}
    assert PROJECT["requires-python"] == f">={table['Python'][0]}"
    least, tested = zip(table["PyTorch"], table["einops"], strict=True)
    assert PROJECT["dependencies"] == [f"torch>={least[0]}", f"einops>={least[1]}"]
    assert f"\ntorch=={tested[0]}\n" in pins
    assert f"\neinops=={tested[1]}\n" in pins


def test_layers_and_models_work_in_another_project() -> None:
    """Of what is copied, nothing needs more than torch, einops and what is copied."""
    package = ROOT / "labml_style_nn"
    folders = [*package.glob("layers/*.py"), *package.glob("models/*.py")]
    allowed = {"torch", "einops"} | sys.stdlib_module_names
    for path in [package / "__init__.py", *folders]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                module = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
                for name in (f"{module}{alias.name}" for alias in node.names):
                    ours = re.match(r"labml_style_nn\.(layers|models)\b", name)
                    assert ours or name.partition(".")[0] in allowed, f"{path}: {name}"


WORKFLOW = (ROOT / ".github" / "workflows" / "site.yml").read_text("utf-8")
JOBS: dict[str, Any] = yaml.safe_load(WORKFLOW)["jobs"]
STEPS: list[dict[str, Any]] = JOBS["build"]["steps"]


def place(word: str) -> list[int]:
    """Which steps run or use something with this word in it."""
    texts = [step.get("run", "") + step.get("uses", "") for step in STEPS]
    return [number for number, text in enumerate(texts) if word in text]


def test_the_main_branch_alone_is_published_as_it_was_linted_and_tested() -> None:
    """Installed as the README does it, and built for the address that it will have."""
    [block] = [text for text in fences(TEXTS["README.md"], "sh") if "-m venv" in text]
    commands = [step["run"] for step in STEPS if "run" in step]
    assert commands[:2] == block.splitlines()[:2]
    built, again = place("mkdocs build --strict")
    [upload] = place("upload-pages-artifact")
    assert place("ruff check") == place("mypy") < [built]
    assert [built] < place("pytest") < [again] < [upload]
    assert STEPS[upload]["with"]["path"] == "site"
    assert JOBS["publish"]["needs"] == "build"
    for published in (STEPS[again], STEPS[upload], JOBS["publish"]):
        assert published["if"] == "github.ref == 'refs/heads/main'"
    # Only the job that publishes may write.
    permissions = {name: job.get("permissions", {}) for name, job in JOBS.items()}
    write = [name for name, asked in permissions.items() if "write" in asked.values()]
    assert write == ["publish"]
    config = (ROOT / "mkdocs.yml").read_text("utf-8")
    assert set(STEPS[again]["env"]) == set(re.findall(r"!ENV \[(\w+),", config))


def test_the_workflow_runs_programs_that_are_there_and_names_only_the_forge() -> None:
    commands = " && ".join(step.get("run", "") for step in STEPS)
    programs = re.findall(r"\.venv/bin/([\w-]+)", commands)
    assert {"python", "mkdocs", "ruff", "mypy", "lint-imports"} == set(programs)
    for program in programs:
        assert (BIN / program).exists(), program
    [tests] = [step["run"] for step in STEPS if "pytest" in step.get("run", "")]
    assert shlex.join(shlex.split(tests)[3:]) in MAKEFILE
    assert "://" not in WORKFLOW
    uses = re.findall(r"uses: (\S+)", WORKFLOW)
    assert len(uses) == 6
    assert all(re.fullmatch(r"actions/[\w-]+@v\d", name) for name in uses)


def test_the_citation_is_whole_like_the_package_and_invents_nothing() -> None:
    citation: dict[str, Any]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert (citation["cff-version"], citation["type"]) == ("1.2.0", "software")
    assert {"message", "title"} <= set(citation)
    # A group of authors has a name; only a person has several.
    assert citation["authors"] == [{"name": "The authors of The Annotated Mixer"}]
    # No day of a release that there was not, no address, no identifier.
    invented = {"date-released", "doi", "identifiers", "url", "repository-code"}
    assert not invented & set(citation)
    for key in ("version", "license", "keywords"):
        assert citation[key] == PROJECT[key]
