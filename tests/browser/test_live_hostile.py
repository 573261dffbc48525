"""Pages of others, in the same browser, ask the live server to run code: in vain.

The reader has opened the site before, so the token lies in the browser.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from support import write_files
from tests.browser.conftest import QUIET, chromium, open_context, served
from tests.live.conftest import Live, make_site, serving

FETCH = """([address, options]) => fetch(address, options).then(
    async answer => ["answered", answer.type, await answer.text()],
    error => ["refused"])"""


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


@pytest.fixture
def context(browser: Browser, live: Live) -> Iterator[BrowserContext]:
    """A browser whose reader has used the site, and has its token."""
    with open_context(browser) as context:
        page = context.new_page()
        page.goto(live.address)
        page.evaluate("token => localStorage.setItem('live-token', token)", live.token)
        options = {"headers": live.authorization}
        answer = page.evaluate(FETCH, ["/api/sessions", options])
        assert answer[:2] == ["answered", "basic"]
        assert "/reader/" in answer[2]
        yield context


@pytest.fixture
def hostile(context: BrowserContext, stranger: str) -> Page:
    page = context.new_page()
    page.goto(stranger)
    return page


@pytest.fixture(autouse=True)
def nothing_happens(live: Live) -> Iterator[None]:
    """No session and no kernel comes, goes or works, whatever is tried."""

    def told() -> list[Any]:
        sessions = live.api("GET", "sessions").json
        return [(s["path"], s["kernel"]["id"]) for s in sessions]

    before = told()
    yield
    assert told() == before


def test_another_page_reads_and_starts_nothing(hostile: Page, live: Live) -> None:
    """Not even with a stolen token, with which one could do anything else."""
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


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
def test_a_form_starts_nothing(hostile: Page, live: Live, kind: str) -> None:
    """The one way in which a page sends a request of its own to any address."""
    script = """([address, kind]) => {
        const form = document.createElement("form");
        Object.assign(form, {method: "post", action: address, enctype: kind});
        const field = document.createElement("input");
        field.name = '{"path": "/hostile/", "type": "page", "x": "';
        field.value = '"}';
        form.append(field);
        document.body.append(form);
        form.submit();
    }"""
    with hostile.expect_navigation() as sent:
        hostile.evaluate(script, [f"{live.address}/api/sessions", kind])
    assert sent.value is not None
    assert sent.value.status == 403


def test_a_link_starts_nothing_and_shows_nothing_in_a_frame(
    hostile: Page, live: Live
) -> None:
    """In a frame, a reader could be led to click what runs code."""
    hostile.evaluate(
        """address => new Promise(done => {
            const frame = document.createElement("iframe");
            frame.onload = done;
            frame.src = address;
            document.body.append(frame);
        })""",
        live.address,
    )
    (frame,) = hostile.frames[1:]
    assert frame.url.startswith("chrome-error:")
    answer = hostile.goto(f"{live.address}/api/sessions?token={live.token}")
    assert answer is not None
    assert answer.status == 403


SOCKET = """([address, protocols]) => new Promise(done => {
    const socket = new WebSocket(address, protocols);
    socket.onopen = () => done("open");
    socket.onerror = () => done("refused");
})"""


def test_a_socket_opens_for_the_site_alone(
    hostile: Page, context: BrowserContext, live: Live
) -> None:
    kernel = live.api("GET", "sessions").json[0]["kernel"]["id"]
    address = f"ws://127.0.0.1:{live.port}/api/kernels/{kernel}/channels"
    token = ["kernel.json", f"token.{live.token}"]
    for protocols in ([], ["kernel.json"], ["kernel.json", "token.guess"], token):
        assert hostile.evaluate(SOCKET, [address, protocols]) == "refused"
    own = context.new_page()
    own.goto(live.address)
    assert own.evaluate(SOCKET, [address, ["kernel.json"]]) == "refused"
    assert own.evaluate(SOCKET, [address, token]) == "open"


def test_a_window_of_the_site_is_out_of_reach(hostile: Page, live: Live) -> None:
    with hostile.expect_popup() as opened:
        hostile.evaluate("address => { window.other = open(address) }", live.address)
    opened.value.wait_for_url(f"{live.address}/")
    assert opened.value.title() == "Home"
    hostile.wait_for_function("window.other.closed")
    assert opened.value.evaluate("window.opener") is None


def test_nothing_of_the_site_is_loaded_elsewhere(hostile: Page, live: Live) -> None:
    """Whether a file is there would tell a stranger that the site is open."""
    script = """([tag, address]) => new Promise(done => {
        const element = document.createElement(tag);
        element.onload = () => done("loaded");
        element.onerror = () => done("refused");
        if (tag === "link") Object.assign(element, {rel: "stylesheet", href: address});
        else element.src = address;
        document.head.append(element);
    })"""
    svg = '<svg xmlns="http://www.w3.org/2000/svg"/>'
    write_files(live.site, {"a.css": "body {}", "a.js": "loaded = 1", "a.svg": svg})
    files = {"img": "a.svg", "script": "a.js", "link": "a.css"}
    asked = [[tag, f"{live.address}/{name}"] for tag, name in files.items()]
    assert [hostile.evaluate(script, one) for one in asked] == ["refused"] * 3
    # From the site itself it loads: there is something to refuse.
    hostile.goto(live.address)
    assert [hostile.evaluate(script, one) for one in asked] == ["loaded"] * 3


def test_a_name_rebound_to_this_machine_is_refused(
    browser: Browser, live: Live
) -> None:
    """The browser takes it for the origin of the stranger, and asks this server."""
    rebound = [*QUIET, "--host-resolver-rules=MAP rebound.test 127.0.0.1"]
    launch = browser.browser_type.launch
    with launch(executable_path=chromium(), args=rebound) as other:
        page = other.new_page()
        answer = page.goto(f"http://rebound.test:{live.port}/")
        assert answer is not None
        assert answer.status == 403
        for path in ("/", "/api/sessions"):
            options = {"headers": live.authorization}
            _, kind, text = page.evaluate(FETCH, [path, options])
            assert kind == "basic"
            assert "Home" not in text
            assert "/reader/" not in text


def test_a_page_of_the_site_tells_nobody(
    context: BrowserContext, live: Live, stranger: str
) -> None:
    """No cookie is kept, and no other host is told or reached.

    Not even if an output brings a picture or a script of another host.
    """
    page = context.new_page()
    for path in ("/nothing", "/api/sessions", "/api/nothing", "/"):
        page.goto(f"{live.address}{path}")
    assert context.cookies() == []
    assert page.evaluate(FETCH, [stranger, {"mode": "no-cors"}]) == ["refused"]
    address = stranger.replace("http", "ws")
    assert page.evaluate(SOCKET, [address, []]) == "refused"
    page.evaluate("address => { location.href = address }", stranger)
    page.wait_for_url(stranger)
    assert page.evaluate("document.referrer") == ""
