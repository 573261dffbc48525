"""axe finds nothing on any page; Lighthouse gives the main pages full marks."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from labml_style_nn.weave.formulas import node
from tests.browser.conftest import QUIET, chromium, open_context
from tests.conftest import CACHE

MANIFEST = Path(__file__).parent / "package.json"
# A formula is there twice. What is drawn has the ink of the prose and is hidden from a
# screen reader, which has its MathML.
WHAT = "{exclude: [['.katex-html']]}"
MAIN = ["", "layers/token_mixing/", "models/mlp_mixer/", "examples/train_on_digits/"]


@pytest.fixture(scope="session")
def tools() -> Path:
    """Axe and Lighthouse, as their lock file names them."""
    return node.packages(CACHE / "tests", MANIFEST)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
def test_axe_finds_nothing(
    scheme: str,
    width: int,
    tools: Path,
    pages: list[str],
    browser: Browser,
    address: str,
) -> None:
    axe = (tools / "axe-core" / "axe.min.js").read_text("utf-8")
    wrong = []
    viewport = {"width": width, "height": 900}
    # The many pages of the renderer are alike: each is read in one of the two.
    own = [name for name in pages if name.startswith("weave/")]
    read = sorted({*pages} - {*own[scheme == "light" :: 2]})
    with open_context(browser, color_scheme=scheme, viewport=viewport) as context:
        page = context.new_page()
        for name in read:
            page.goto(address + name)
            page.wait_for_timeout(200)
            page.evaluate(axe)
            result = page.evaluate(f"axe.run({WHAT}, {{resultTypes: ['violations']}})")
            wrong += [
                f"/{name}: {found['id']}: {item['target']} {item['failureSummary']}"
                for found in result["violations"]
                for item in found["nodes"][:3]
            ]
    assert not wrong, "\n".join(wrong)


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
