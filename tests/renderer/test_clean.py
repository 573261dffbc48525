"""The clean form of each module of ours is the same program, and tidy."""

import zlib
from pathlib import Path

import pytest
from litweave.features.copy.clean import all_formatted
from litweave.parse import parse, read

from clean_forms import bare, docstrings, program
from support import ROOT, assert_tidy

PACKAGE = ROOT / "labml_style_nn"
MODULES = [p for p in PACKAGE.rglob("*.py") if "node_modules" not in p.parts]
# Those whose clean form is offered to readers, and a few of the others.
OFFERED = [
    path
    for path in MODULES
    if path.relative_to(PACKAGE).parts[0] in ("layers", "models", "experiments", "data")
    or zlib.crc32(path.name.encode()) % 10 == 0
]


@pytest.mark.parametrize("path", OFFERED, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_module_of_ours_is_the_same_program(path: Path) -> None:
    module = read(path)
    text = bare(module)
    assert program(text) == program(module.source)
    assert bare(parse(text)) == text
    prose = [line for line in text.split("\n") if line.lstrip().startswith("# ")]
    assert all("noqa" in line or "fmt" in line for line in prose), prose
    assert all("\n" not in (text or "") for text in docstrings(text))


def test_a_linter_has_nothing_to_say_of_our_modules(tmp_path: Path) -> None:
    texts = all_formatted({path: bare(read(path)) for path in MODULES})
    for path, text in texts.items():
        target = tmp_path / "labml_style_nn" / path.relative_to(PACKAGE)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    assert_tidy(tmp_path)
