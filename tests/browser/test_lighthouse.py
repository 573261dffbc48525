"""Lighthouse gives the main pages full marks, and nothing on them moves.

What axe finds: `test_every_page`.
"""

import json
import subprocess
from pathlib import Path

import pytest
from litweave import node

from tests.browser.conftest import QUIET, chromium

PROGRAM = Path(__file__).with_name("lighthouse.mjs")
MAIN = ["", "layers/token_mixing/", "models/mlp_mixer/", "layers/attention/", "train/"]
NOTEBOOK = "examples/train_on_digits/"


@pytest.mark.parametrize("names", [MAIN[:3], [*MAIN[3:], NOTEBOOK]])
def test_lighthouse_gives_full_marks(
    tools: Path, address: str, names: list[str]
) -> None:
    addresses = [address + name for name in names]
    flags = ["--headless", *QUIET]
    options = {"addresses": addresses, "flags": flags, "path": chromium()}
    command = [node.program(), PROGRAM, tools, json.dumps(options)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [report["finalDisplayedUrl"] for report in found] == addresses
    for report in found:
        marks = {key: value["score"] for key, value in report["categories"].items()}
        failed = [
            id for id, a in report["audits"].items() if a["score"] not in (None, 1)
        ]
        shift = report["audits"]["cumulative-layout-shift"]["numericValue"]
        assert shift <= 0.02, report["finalDisplayedUrl"]
        full = {"accessibility": 1, "best-practices": 1, "seo": 1}
        assert marks == full, (report["finalDisplayedUrl"], failed)
