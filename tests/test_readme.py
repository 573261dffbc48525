"""What the README, the guides and the home page promise is so."""

import ast
import doctest
import importlib.util
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
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

MAKEFILE = (ROOT / "Makefile").read_text()

each_page = pytest.mark.parametrize("page", TEXTS)


def fences(text: str, language: str) -> list[str]:
    """Find the blocks of code in a language, also those within lists."""
    pattern = rf"^ *```{language}\n(.*?)^ *```$"
    return re.findall(pattern, text, re.DOTALL | re.MULTILINE)


def code(text: str) -> str:
    """Everything that is set as code, spans and blocks."""
    return "\n".join([*re.findall(r"`([^`\n]+)`", text), *fences(text, "sh")])


# ## Commands


@each_page
def test_every_target_program_and_module_is_there(page: str) -> None:
    commands = code(TEXTS[page])
    targets = set(re.findall(r"^(\w+):", MAKEFILE, re.MULTILINE))
    assert set(re.findall(r"^make (\w+)", commands, re.MULTILINE)) <= targets
    for program in re.findall(r"\.venv/bin/(\w+)", commands):
        assert (BIN / program).exists(), program
    for module in re.findall(r"python -m ([\w.]+)", commands):
        assert importlib.util.find_spec(module), module


def test_readme_and_guide_give_the_same_plain_commands() -> None:
    plain = [block for block in fences(TEXTS["README.md"], "sh") if "venv" in block]
    assert plain[0] in fences(TEXTS["docs/guide/run.md"], "sh")
    assert "-c constraints.txt -e './litweave[dev]' -e '.[dev]'" in plain[0]
    assert re.search(r"^PORT \?=", MAKEFILE, re.MULTILINE), "the port can be chosen"


# ## Files


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_every_link_leads_to_a_file(page: str) -> None:
    links = re.findall(r"\]\(([^)#\s]+)\)", TEXTS[page])
    assert links
    for link in links:
        assert link.startswith("https://") or (ROOT / link).exists(), link


@each_page
def test_every_path_exists(page: str) -> None:
    """Look in the root, beside the guides, in the package and its folders."""
    package, renderer = ROOT / "labml_style_nn", ROOT / "litweave" / "src" / "litweave"
    both = [*package.rglob("*"), *renderer.rglob("*")]
    inside = [folder for folder in both if folder.is_dir()]
    endings = r"/|\.py|\.md|\.yml|\.toml|\.txt|\.json|\.css"
    paths = set(re.findall(rf"`([\w./]+(?:{endings}))`", TEXTS[page]))
    for path in paths - MADE_BY_THE_READER:
        roots = (ROOT, ROOT / "docs" / "guide", package, renderer, renderer.parent)
        assert any((root / path).exists() for root in (*roots, *inside)), path


# ## Code


def test_home_quotes_the_model() -> None:
    model = (ROOT / "labml_style_nn" / "models" / "mlp_mixer.py").read_text("utf-8")
    home = (ROOT / "docs" / "index.md").read_text("utf-8")
    lines = fences(home, "python")[0].splitlines()
    assert len(lines) == 2
    for line in lines:
        assert f"        {line}\n" in model


def test_examples_of_the_copy_guide_print_what_they_show() -> None:
    result = doctest.testfile(str(ROOT / "docs" / "guide" / "copy.md"), False)
    assert result.attempted >= 4
    assert result.failed == 0


def test_versions_of_the_copy_guide_are_those_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pins = (ROOT / "constraints.txt").read_text()
    rows = re.findall(
        r"^\| (\w+) \| ([\d.]+) \| ([\d.]+) \|$", TEXTS["docs/guide/copy.md"], re.M
    )
    table = {name: (least, tested) for name, least, tested in rows}
    assert project["requires-python"] == f">={table['Python'][0]}"
    least, tested = zip(table["PyTorch"], table["einops"], strict=True)
    assert project["dependencies"] == [f"torch>={least[0]}", f"einops>={least[1]}"]
    assert f"\ntorch=={tested[0]}\n" in pins
    assert f"\neinops=={tested[1]}\n" in pins


def imports(path: Path) -> Iterator[str]:
    """The names that a file imports, with the modules that they are of."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_layers_and_models_work_in_another_project() -> None:
    """Of what is copied, nothing needs more than torch, einops and what is copied."""
    package = ROOT / "labml_style_nn"
    folders = [*package.glob("layers/*.py"), *package.glob("models/*.py")]
    for path in [package / "__init__.py", *folders]:
        for name in imports(path):
            allowed = {"torch", "einops"} | sys.stdlib_module_names
            ours = re.match(r"labml_style_nn\.(layers|models)\b", name)
            assert ours or name.partition(".")[0] in allowed, f"{path}: {name}"
