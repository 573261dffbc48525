"""The scripts of a live page: all are there, all are told, none asks another host."""

import re
from pathlib import Path

import litweave
import pytest
from litweave import node

from labml_style_nn.live import client
from support import CACHE, ROOT

ASSETS = ROOT / "labml_style_nn" / "live" / "assets"
IMPORT = re.compile(
    r"""^(?:import|export)\b[^'"]*from ['"]([^'"]+)['"]""", re.MULTILINE
)


@pytest.fixture(scope="module")
def libraries() -> dict[str, str]:
    manifest = Path(client.__file__).with_name("package.json")
    return client.libraries(node.packages(CACHE / "live", manifest))


def test_every_import_leads_to_a_file(libraries: dict[str, str]) -> None:
    own = {path.name: path.read_text("utf-8") for path in ASSETS.glob("*.js")}
    there = {f"./{name}" for name in own} | {f"./vendor/{name}" for name in libraries}
    asked = {name for script in own.values() for name in IMPORT.findall(script)}
    # The renderer's own scripts lie beside the folder.
    renderer = Path(litweave.__file__).parent
    shared = {f"../{path.name}" for path in renderer.rglob("*.js")}
    assert "./vendor/dompurify.js" in asked <= there | shared
    inner = {name for script in libraries.values() for name in IMPORT.findall(script)}
    assert "./codemirror-state.js" in inner <= {f"./{name}" for name in libraries}


def test_each_file_is_told_of() -> None:
    files = {path.name for path in ASSETS.iterdir()}
    assert set(re.findall(r"`(\w+\.(?:js|css))`", str(client.__doc__))) == files
