"""A build that is killed in the middle has lost nothing that was done."""

import os
import signal
import time
from multiprocessing import get_context
from pathlib import Path

import pytest
from mkdocs.config import load_config

from support import build_here, cache_of, write_files

CONFIG = """
site_name: Small
site_url: http://localhost/
theme: {{name: material, font: false}}
plugins:
  - search
  - mkdocs-jupyter: {{include: ["*.py"], execute: true, allow_errors: false}}
  - litweave-notebooks: {{cache: {cache}/notebooks}}
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
KINDS = ("example", "proof", "notebook")


def write(folder: Path) -> None:
    (folder / "steps").mkdir()
    config = CONFIG.format(cache=cache_of(folder))
    files = {"mkdocs.yml": config, "proofs.py": PROOFS, "pkg/__init__.py": ""}
    files |= {"docs/index.md": "# Home\n", "site/index.html": "the old site"}
    # The module with the longest examples is the first.
    for name, wait in (("one", f"_ = '{'first ' * 20}'"), ("two", WAIT)):
        begun, code = STEP.format(f"example of pkg.{name}"), wait.splitlines()
        lines = [*begun.replace("; ", "\n_ = ").splitlines(), *code]
        example = "\n".join(f">>> {line}" for line in lines)
        files[f"pkg/{name}.py"] = MODULE.format(name, example)
        cell = "\n".join([STEP.format(f"notebook of pkg.{name}"), wait])
        notebook = f"# %% [markdown]\n# # {name}\n\n# %%\n{cell}\n"
        files[f"docs/the_{name}.py"] = notebook
    write_files(folder, files)


def build_apart(folder: Path) -> None:
    os.setsid()
    build_here(folder)


# Pythons after 3.11 warn of it, where there are threads.
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_what_was_done_before_a_build_was_killed_is_not_done_again(
    tmp_path: Path, katex: Path
) -> None:
    write(tmp_path)
    # It imports what both builds need, which takes longer than they do.
    load_config(str(tmp_path / "mkdocs.yml"))
    running = get_context("fork").Process(target=build_apart, args=(tmp_path,))
    running.start()
    # The first step of each kind is kept, and the second has begun.
    kept = "shapes/pkg.one.json", "proofs/pkg.one.json", "notebooks/the_one.py.json"
    wanted = [tmp_path / "cache" / name for name in kept]
    wanted += [tmp_path / "steps" / f"{kind} of pkg.two" for kind in KINDS]
    while not all(path.exists() for path in wanted):
        assert running.is_alive(), "the build ended"
        time.sleep(0.05)
    os.killpg(running.pid, signal.SIGKILL)
    running.join()

    (tmp_path / "go").touch()
    result = build_here(tmp_path)
    assert result.returncode == 0, result.stderr
    for kind in KINDS:
        steps = [(tmp_path / "steps" / f"{kind} of pkg.{n}") for n in ("one", "two")]
        assert [path.read_text() for path in steps] == ["x", "xx"], kind
    for name in ("one", "two", "the_one", "the_two"):
        assert (tmp_path / f"site/{name}/index.html").exists()
    # What is going on is said, a line for each step.
    said = {"examples": "pkg.two", "proofs": "pkg.two", "notebooks": "the_two.py"}
    for kind, name in said.items():
        assert f"{kind} 1 of 1: {name}" in result.stderr
