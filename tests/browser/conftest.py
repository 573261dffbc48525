"""The site as it is published, a server for it, and headless Chromium."""

import gc
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest
from filelock import FileLock
from litweave import node
from playwright.sync_api import (
    Browser,
    BrowserContext,
    FloatRect,
    Locator,
    Page,
    Playwright,
    expect,
    sync_playwright,
)

from labml_style_nn.live.preview import server
from support import CACHE, PATIENCE, ROOT, build

MANIFEST = Path(__file__).parent / "package.json"
# What the site is made of, as the Makefile has it.
NAMES = "docs labml_style_nn litweave/src locale tools/site_hooks.py mkdocs.yml "
SOURCES = [ROOT / name for name in f"{NAMES} pyproject.toml constraints.txt".split()]
LANGUAGES = {"zh", "ja", "si"}
# A wide screen by day, a narrow one by night.
Scheme = Literal["light", "dark"]
READERS: dict[Scheme, int] = {"light": 1440, "dark": 390}
# What keeps Chromium from calling home, and lets it run as root in a container.
QUIET = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
    # What one page of a reader compiled serves the next.
    "--process-per-site",
    # To optimise takes longer than what a test runs.
    "--js-flags=--liftoff-only --no-opt",
]


@pytest.fixture(scope="session")
def site() -> Path:
    """The whole site as `make build` leaves it, built here if it is not up to date."""
    folder = ROOT / "site"
    CACHE.mkdir(exist_ok=True)
    # Several processes may share the tests: the first that needs the site builds it.
    with FileLock(CACHE / "site.lock"):
        if not is_up_to_date(folder / "index.html", SOURCES):
            began = time.time()
            result = build(ROOT)
            assert result.returncode == 0, result.stderr
            # What changes during a build is not in it for certain.
            os.utime(folder / "index.html", (began, began))
    return folder


def is_up_to_date(made: Path, sources: Sequence[Path]) -> bool:
    """Whether a file is there and none of the sources, files or folders, is younger."""
    if not made.exists():
        return False
    files = [file for source in sources for file in (source, *source.rglob("*"))]
    changed = [
        file.stat().st_mtime
        for file in files
        if file.is_file() and "__pycache__" not in file.parts
    ]
    return made.stat().st_mtime >= max(changed)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder; its address."""
    with server(folder, 0) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{web.server_port}/"
        web.shutdown()


@pytest.fixture(scope="session")
def searchable(site: Path) -> Iterator[str]:
    """Where the site is served as it is."""
    with served(site) as address:
        yield address


@pytest.fixture(scope="session")
def light(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, but for what search knows: each page that is opened reads all of it.

    That takes longer than all else on the page.
    """
    folder = tmp_path_factory.mktemp("light") / "site"
    shutil.copytree(site, folder, copy_function=os.symlink)
    index = folder / "search" / "search_index.json"
    known = json.loads(index.read_text("utf-8"))
    index.unlink()
    index.write_text(json.dumps(known | {"docs": []}), "utf-8")
    return folder


@pytest.fixture(scope="session")
def address(light: Path) -> Iterator[str]:
    """Where the site is served to readers who search for nothing."""
    with served(light) as address:
        yield address


@pytest.fixture(scope="session")
def pages(site: Path) -> list[str]:
    """The address of each page in English, relative to the site's."""
    found = [path for path in sorted(site.rglob("index.html")) if not moved(path)]
    addresses = [path.parent.relative_to(site).as_posix() + "/" for path in found]
    addresses = [page for page in addresses if page.split("/")[0] not in LANGUAGES]
    assert len(addresses) > 20
    return ["" if address == "./" else address for address in addresses]


def moved(path: Path) -> bool:
    """Whether a file only leads to the address that a page has now."""
    with path.open(encoding="utf-8") as file:
        return 'http-equiv="refresh"' in file.read(1000)


@pytest.fixture(scope="session")
def tools() -> Path:
    """Axe and Lighthouse, as their lock file names them."""
    return node.packages(CACHE / "tests", MANIFEST)


def chromium() -> str | None:
    """The system's Chromium; none for the one that Playwright brings.

    The shell without a window of its own takes less than half the processor time.
    """
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright
        # What is left of a training may have processes that read images. They were
        # forked, and while they hold its pipe, Playwright's own never ends.
        gc.collect()


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    with playwright.chromium.launch(executable_path=chromium(), args=QUIET) as browser:
        yield browser


@pytest.fixture(scope="session")
def undrawn(playwright: Playwright) -> Iterator[Browser]:
    """A browser that lays pages out and draws none, which takes half the time.

    Nothing that waits for a frame happens in it, such as a click.
    """
    args = [*QUIET, "--disable-threaded-compositing"]
    with playwright.chromium.launch(executable_path=chromium(), args=args) as browser:
        yield browser


# For Playwright in milliseconds: the machine may have much else to do.
PATIENT = 1000 * PATIENCE
expect.set_options(timeout=PATIENT)


# Playwright tells this too, by `networkidle`, but now and then never does so on a
# machine that has much else to do.
STILL = """() => {
  const ends = performance.getEntriesByType("resource").map((one) => one.responseEnd);
  return document.readyState === "complete"
    && performance.now() - Math.max(0, ...ends) > 500;
}"""


def settle(page: Page) -> None:
    """Wait until a page has asked for nothing for half a second."""
    page.wait_for_function(STILL, polling=100)


def open_context(browser: Browser, **options: object) -> BrowserContext:
    """A fresh reader: a wide screen in light colours, unless told otherwise."""
    defaults = {
        "viewport": {"width": 1440, "height": 900},
        "color_scheme": "light",
        "permissions": ["clipboard-read", "clipboard-write"],
    }
    context = browser.new_context(**{**defaults, **options})  # type: ignore[arg-type]
    context.set_default_timeout(PATIENT)
    return context


@pytest.fixture
def newcomer(browser: Browser, address: str) -> Iterator[Page]:
    """A page of a wide, light, quiet browser that was never here before."""
    with open_context(browser, base_url=address) as context:
        yield context.new_page()


@pytest.fixture(scope="session")
def regular(browser: Browser, address: str) -> Iterator[BrowserContext]:
    """A reader who has the scripts and styles from one page to the next.

    A page that stays open keeps the process of all of them.
    """
    with open_context(browser, base_url=address) as context:
        context.new_page().goto("404.html")
        yield context


@pytest.fixture
def page(regular: BrowserContext, address: str) -> Iterator[Page]:
    """A page of a wide, light, quiet browser that remembers no choice."""
    with forgetful(regular, address) as page:
        yield page


@contextmanager
def forgetful(context: BrowserContext, address: str) -> Iterator[Page]:
    """A page of a reader who has the scripts; nothing else that it leaves is kept."""
    others = context.pages
    page = context.new_page()
    yield page
    everything = {"origin": address.rstrip("/"), "storageTypes": "all"}
    context.new_cdp_session(page).send("Storage.clearDataForOrigin", everything)
    for one in context.pages:
        if one not in others:
            one.close()


@pytest.fixture
def plain(browser: Browser, address: str) -> Iterator[Page]:
    """A page of a browser without JavaScript."""
    with open_context(browser, base_url=address, java_script_enabled=False) as context:
        yield context.new_page()


@pytest.fixture(scope="session")
def mobile(browser: Browser, address: str) -> Iterator[BrowserContext]:
    """The regular reader's phone."""
    options = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
    with open_context(browser, base_url=address, is_mobile=True, **options) as context:
        context.new_page().goto("404.html")
        yield context


@pytest.fixture
def phone(mobile: BrowserContext, address: str) -> Iterator[Page]:
    """A page of a phone that remembers no choice."""
    with forgetful(mobile, address) as page:
        yield page


def place(locator: Locator) -> FloatRect:
    """Where something is that is shown."""
    box = locator.bounding_box()
    assert box
    return box


def clipboard(page: Page) -> str:
    return str(page.evaluate("navigator.clipboard.readText()"))


def longest_task(browser: Browser, page: Page, act: Callable[[], None]) -> float:
    """The milliseconds of its processor that a page's thread worked on at a stretch.

    While it does, it answers nobody. The time by the clock would tell of the machine's
    other work too.
    """
    browser.start_tracing(page=page, categories=["toplevel"])
    act()
    events = json.loads(browser.stop_tracing())["traceEvents"]
    pages = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    tasks = [
        event["tdur"] / 1000
        for event in events
        if (event["pid"], event["tid"]) in pages and "tdur" in event
    ]
    assert len(tasks) > 100
    return max(tasks)


@pytest.fixture(scope="session")
def judges(undrawn: Browser, address: str, tools: Path) -> Iterator[dict[str, Page]]:
    """For each reader a tab in which axe is loaded."""
    # Which needs what this file has.
    from tests.browser.judging import opened_judges

    with opened_judges(undrawn, address, tools) as judges:
        yield judges
