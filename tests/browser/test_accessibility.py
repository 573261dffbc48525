"""Lighthouse gives the main pages full marks. What axe finds: `test_every_page`."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from labml_style_nn.weave.formulas import node
from tests.browser.conftest import QUIET, chromium

MAIN = ["", "layers/token_mixing/", "models/mlp_mixer/", "examples/train_on_digits/"]


@pytest.mark.parametrize("name", MAIN)
def test_lighthouse_gives_full_marks(
    name: str, tools: Path, address: str, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    environment = dict(os.environ)
    if chromium():
        environment["CHROME_PATH"] = str(chromium())
    result = subprocess.run(
        [
            str(node.program()),
            str(tools / "lighthouse" / "cli" / "index.js"),
            address + name,
            "--quiet",
            "--output=json",
            f"--output-path={report}",
            "--only-categories=accessibility,best-practices,seo",
            # None of the three looks at a picture of the page.
            "--disable-full-page-screenshot",
            f"--chrome-flags=--headless {' '.join(QUIET)}",
        ],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    found = json.loads(report.read_text())
    scores = {key: value["score"] for key, value in found["categories"].items()}
    failed = [
        audit["id"]
        for audit in found["audits"].values()
        if audit["score"] is not None and audit["score"] < 1
    ]
    assert scores == {"accessibility": 1, "best-practices": 1, "seo": 1}, failed
