"""Pages of others, in the same browser, ask the live server to run code: in vain.

The reader has opened the site before, so the token lies in the browser. What the server
answers to a form, a link, a frame, a socket and a name that is rebound to this machine:
`tests/live/test_access.py`.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext

from support import write_files
from tests.browser.conftest import open_context, served
from tests.live.conftest import Live, make_site, serving

FETCH = """([address, options]) => fetch(address, options).then(
    async answer => ["answered", answer.type, await answer.text()],
    error => ["refused"])"""
SOCKET = """address => new Promise(done => {
    const socket = new WebSocket(address);
    socket.onopen = () => done("open");
    socket.onerror = () => done("refused");
})"""
LOAD = """([tag, address]) => new Promise(done => {
    const element = document.createElement(tag);
    element.onload = () => done("loaded");
    element.onerror = () => done("refused");
    if (tag === "link") Object.assign(element, {rel: "stylesheet", href: address});
    else element.src = address;
    document.head.append(element);
})"""


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A server, and a kernel in which a stranger would like to run something."""
    with serving(make_site(tmp_path_factory.mktemp("site"))) as running:
        running.kernel("/reader/")
        yield running


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A page of another program on this machine."""
    files = {"index.html": "<!doctype html><title>Hostile</title>"}
    with served(write_files(tmp_path_factory.mktemp("stranger"), files)) as address:
        yield address


@pytest.fixture(scope="module")
def context(browser: Browser, live: Live) -> Iterator[BrowserContext]:
    """A browser whose reader has used the site, and has its token."""
    with open_context(browser) as context:
        page = context.new_page()
        page.goto(live.address)
        page.evaluate("token => localStorage.setItem('live-token', token)", live.token)
        asked = ["/api/sessions", {"headers": live.authorization}]
        *answered, text = page.evaluate(FETCH, asked)
        assert answered == ["answered", "basic"]
        assert "/reader/" in text
        yield context


def kernels(live: Live) -> list[str]:
    return [session["kernel"]["id"] for session in live.api("GET", "sessions").json]


def test_another_page_reads_loads_and_reaches_nothing(
    context: BrowserContext, stranger: str, live: Live
) -> None:
    """Not even with a stolen token, with which one could do anything else."""
    before = kernels(live)
    hostile = context.new_page()
    hostile.goto(stranger)
    included = {"credentials": "include"}
    read = [{}, included, {"headers": {"Authorization": "token guess"}}]
    read += [{"mode": "no-cors"}, {"mode": "no-cors", **included}]
    start = {"method": "POST", "body": '{"path": "/hostile/", "type": "page"}'}
    starts = [{**start, **included, "mode": mode} for mode in ("cors", "no-cors")]
    stolen = {"headers": live.authorization}
    for options in (*read, *starts, stolen, {**stolen, **start}):
        for path in ("api/sessions", "index.html"):
            asked = [f"{live.address}/{path}", options]
            assert hostile.evaluate(FETCH, asked) == ["refused"]
    # A window of the site is out of its reach.
    with hostile.expect_popup() as opened:
        hostile.evaluate("address => { window.other = open(address) }", live.address)
    opened.value.wait_for_url(f"{live.address}/")
    assert opened.value.title() == "Home"
    hostile.wait_for_function("window.other.closed")
    assert opened.value.evaluate("window.opener") is None
    assert kernels(live) == before != []
    # Whether a file is there would tell a stranger that the site is open.
    svg = '<svg xmlns="http://www.w3.org/2000/svg"/>'
    write_files(live.site, {"a.css": "body {}", "a.js": "loaded = 1", "a.svg": svg})
    files = {"img": "a.svg", "script": "a.js", "link": "a.css"}
    asked = [[tag, f"{live.address}/{name}"] for tag, name in files.items()]
    assert [hostile.evaluate(LOAD, one) for one in asked] == ["refused"] * 3
    # From the site itself it loads: there is something to refuse.
    hostile.goto(live.address)
    assert [hostile.evaluate(LOAD, one) for one in asked] == ["loaded"] * 3


def test_a_page_of_the_site_tells_nobody(
    context: BrowserContext, live: Live, stranger: str
) -> None:
    """No cookie is kept, no other host told or reached, whatever an output brings."""
    page = context.new_page()
    for path in ("/nothing", "/api/sessions", "/api/nothing", "/"):
        page.goto(f"{live.address}{path}")
    assert context.cookies() == []
    assert page.evaluate(FETCH, [stranger, {"mode": "no-cors"}]) == ["refused"]
    assert page.evaluate(SOCKET, stranger.replace("http", "ws")) == "refused"
    page.evaluate("address => { location.href = address }", stranger)
    page.wait_for_url(stranger)
    assert page.evaluate("document.referrer") == ""
