"""Measure with Lighthouse how fast pages of the built site appear.

    PYTHONPATH=litweave/tests python -m benchmarks.pages
    PYTHONPATH=litweave/tests python -m benchmarks.pages --site site --runs 5

Each page is loaded on a slow phone and on a desktop, both simulated by Lighthouse, from
a server that compresses text. A line is printed for each: the median of the scores, and
of each measure that a score is made of. The pages take turns, so that other load on the
machine affects all alike; the load is printed with each round.
"""

import argparse
import gzip
import json
import os
import subprocess
import threading
from functools import partial
from http.server import ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import Any, BinaryIO

from litweave import node
from litweave.preview import Handler

from support import CACHE, ROOT
from tests.browser.conftest import MANIFEST, QUIET, chromium
from tests.browser.test_lighthouse import PROGRAM

PAGES = ("", "layers/token_mixing/", "models/mlp_mixer/", "layers/attention/", "train/")
MEASURES = {
    "first-contentful-paint": "FCP ms",
    "largest-contentful-paint": "LCP ms",
    "total-blocking-time": "TBT ms",
    "speed-index": "SI ms",
    "cumulative-layout-shift": "shift",
}
# What Lighthouse's own desktop setting consists of.
DESKTOP = {
    "formFactor": "desktop",
    "throttling": {"rttMs": 40, "throughputKbps": 10240, "cpuSlowdownMultiplier": 1},
    "screenEmulation": {
        "mobile": False,
        "width": 1350,
        "height": 940,
        "deviceScaleFactor": 1,
    },
}
FORMS: dict[str, dict[str, Any]] = {"mobile": {}, "desktop": DESKTOP}


class Compressing(Handler):
    """Sends text as most hosts do."""

    def send_head(self) -> BytesIO | BinaryIO | None:
        """Compress a text, and send all else as it is."""
        path = Path(self.translate_path(self.path))
        file = path / "index.html" if path.is_dir() else path
        kind = self.guess_type(file)
        if file.suffix in (".woff2", ".png", ".gz") or not file.is_file():
            return super().send_head()
        body = gzip.compress(file.read_bytes(), compresslevel=6)
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        return BytesIO(body)


def reports(addresses: list[str], settings: dict[str, Any]) -> list[dict[str, Any]]:
    """What Lighthouse measures on each of some pages."""
    tools = node.packages(CACHE / "tests", MANIFEST)
    options = {
        "addresses": addresses,
        "flags": ["--headless", *QUIET],
        "path": chromium(),
        "settings": {"onlyCategories": ["performance"], **settings},
    }
    command = [str(node.program()), str(PROGRAM), str(tools), json.dumps(options)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in result.stdout.splitlines()]


def main() -> None:
    """Measure, and print the medians."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--site", type=Path, default=ROOT / "site")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--pages", nargs="+", default=PAGES)
    parser.add_argument("--forms", nargs="+", choices=FORMS, default=list(FORMS))
    parser.add_argument("--keep", type=Path, help="a folder for the last full reports")
    options = parser.parse_args()
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    handler = partial(Compressing, directory=str(options.site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{web.server_port}/"
        for run in range(options.runs):
            print(f"round {run + 1}, load {os.getloadavg()[0]:.1f}", flush=True)
            for form in options.forms:
                addresses = [address + page for page in options.pages]
                made = reports(addresses, FORMS[form])
                for page, report in zip(options.pages, made, strict=True):
                    # It has none where the machine stood still for too long.
                    if report["categories"]["performance"]["score"] is not None:
                        found.setdefault((form, page), []).append(report)
        web.shutdown()
    for (form, page), made in found.items():
        score = median(r["categories"]["performance"]["score"] for r in made)
        measures = [
            f"{name} {median(r['audits'][audit]['numericValue'] for r in made):.4g}"
            for audit, name in MEASURES.items()
        ]
        runs = f"{len(made)} runs"
        print(f"{form:8} /{page:22} {100 * score:3.0f}  {runs}, {', '.join(measures)}")
        if options.keep:
            options.keep.mkdir(parents=True, exist_ok=True)
            name = f"{form}-{page.strip('/').replace('/', '-') or 'home'}.json"
            (options.keep / name).write_text(json.dumps(made[-1]), "utf-8")


if __name__ == "__main__":
    main()
