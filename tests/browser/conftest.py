"""The site as it is published, a server for it, and headless Chromium."""

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from filelock import FileLock
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from labml_style_nn.weave.preview import server
from tests.conftest import ROOT, build

# What keeps Chromium from calling home, and lets it run as root in a container.
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


# Several processes may share the tests. Then the first that needs the site builds it
# for all of them; their folders lie side by side.
@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole site, built strictly, its examples executed."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder = shared / "site"
    with FileLock(shared / "site.lock"):
        if not folder.exists():
            result = build(ROOT, "--site-dir", str(folder))
            assert result.returncode == 0, result.stderr
    return folder


@contextmanager
def serving(site: Path) -> Iterator[str]:
    """Serve a site; the address of its home page."""
    with server(site, 0) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{web.server_port}/"
        web.shutdown()


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    """Where the site is served."""
    with serving(site) as address:
        yield address


@pytest.fixture(scope="session")
def pages(site: Path) -> list[str]:
    """The address of each page, relative to the site's."""
    found = sorted(site.rglob("index.html"))
    addresses = [path.parent.relative_to(site).as_posix() + "/" for path in found]
    assert len(addresses) > 20
    return ["" if address == "./" else address for address in addresses]


def chromium() -> str | None:
    """The system's Chromium; none for the one that Playwright brings."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=QUIET)
        yield browser
        browser.close()


def open_context(browser: Browser, **options: object) -> BrowserContext:
    """A fresh reader: a wide screen in light colours, unless told otherwise."""
    defaults = {
        "viewport": {"width": 1440, "height": 900},
        "color_scheme": "light",
        "permissions": ["clipboard-read", "clipboard-write"],
    }
    return browser.new_context(**{**defaults, **options})  # type: ignore[arg-type]


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A page of a wide, light, quiet browser."""
    with open_context(browser, base_url=address) as context:
        yield context.new_page()
