"""Lighthouse gives the main pages full marks. What axe finds: `test_every_page`."""

import json
import subprocess
from pathlib import Path
from typing import Any

from litweave import node

from tests.browser.conftest import QUIET, chromium

PROGRAM = Path(__file__).with_name("lighthouse.mjs")
MAIN = ["", "layers/token_mixing/", "models/mlp_mixer/", "examples/train_on_digits/"]


def reports(tools: Path, addresses: list[str]) -> list[dict[str, Any]]:
    """What Lighthouse says of some pages."""
    options = {
        "addresses": addresses,
        "flags": ["--headless", *QUIET],
        "path": chromium(),
    }
    result = subprocess.run(
        [str(node.program()), str(PROGRAM), str(tools), json.dumps(options)],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_lighthouse_gives_full_marks(tools: Path, address: str) -> None:
    found = reports(tools, [address + name for name in MAIN])
    assert [report["finalDisplayedUrl"] for report in found] == [
        address + name for name in MAIN
    ]
    for report in found:
        marks = {key: value["score"] for key, value in report["categories"].items()}
        failed = [
            audit["id"]
            for audit in report["audits"].values()
            if audit["score"] is not None and audit["score"] < 1
        ]
        full = {"accessibility": 1, "best-practices": 1, "seo": 1}
        assert marks == full, (report["finalDisplayedUrl"], failed)
