"""Nobody without the token runs anything, whatever a request brings instead of it."""

import gzip
import socket
from typing import Any

from tornado.httpclient import HTTPClientError

from support import PATIENCE
from tests.live.conftest import Live, close, finished

NOBODY = "00000000-0000-0000-0000-000000000000"
API = [
    ("GET", "/api/sessions"),
    ("POST", "/api/sessions"),
    *((method, f"/api/sessions/{NOBODY}") for method in ("GET", "PATCH", "DELETE")),
    *((method, f"/api/kernels/{NOBODY}") for method in ("GET", "DELETE")),
    *(("POST", f"/api/kernels/{NOBODY}/{what}") for what in ("interrupt", "restart")),
    ("GET", f"/api/kernels/{NOBODY}/channels"),
]
PAGE = {"path": "/stranger/", "type": "page"}
FOREIGN = ["http://127.0.0.1:1", "https://example.invalid", "http://localhost", "null"]
ASK = "Access-Control-Request"
NEEDLESS = """
    /api /api/ /api/contents /api/contents/secret.txt /api/terminals /api/config/x
    /api/kernels /api/kernelspecs /api/me /api/nbconvert /api/shutdown
    /files/secret.txt /view/secret.txt /login /logout /metrics
    /static/style/style.min.css
"""
OUTSIDE = r"""
    /../secret.txt /part/../../secret.txt /%2e%2e/secret.txt /..%2fsecret.txt
    /part/..%5c..%5csecret.txt //secret.txt /%00/../secret.txt
    /part/%2e%2e/%2e%2e/secret.txt http://127.0.0.1/../secret.txt
"""


def strangers(live: Live) -> list[dict[str, str]]:
    """Headers that bring the token in no way that counts, or another one."""
    tokens = ["x" * 32, "", live.token[:-1], f"{live.token}x"]
    name = f"username-127-0-0-1-{live.port}"
    cookies = (name, f"_xsrf={live.token}; {name}", "token", "Authorization")
    return [
        {},
        *({"Authorization": f"token {token}"} for token in tokens),
        *({"Cookie": f"{cookie}={live.token}"} for cookie in cookies),
        {"X-XSRFToken": live.token},
        {"Content-Type": "text/plain", "Origin": "null"},
        {"Referer": f"{live.address}/#token={live.token}"},
    ]


def test_nothing_is_answered_without_the_token(live: Live) -> None:
    """Nor if it stands in an address or a body, where it does not count."""
    for method, path in API:
        for headers in strangers(live):
            answer = live.ask(method, path, headers, PAGE)
            assert answer.status == 403, (method, path, headers)
            assert live.token.encode() not in answer.body
    for path in (f"/api/sessions?token={live.token}", "/api/sessions"):
        body = {**PAGE, "token": live.token}
        assert live.ask("POST", path, {}, body).status == 403
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        assert live.ask("POST", path, form, f"token={live.token}").status == 403
    assert all(s["path"] != PAGE["path"] for s in live.api("GET", "sessions").json)


def opened(live: Live, kernel: str, headers: Any, protocols: Any) -> int | str | None:
    """Try to open a socket: the protocol that is chosen, or the status of a refusal."""

    async def try_it() -> int | str | None:
        try:
            connection = await live.connect(kernel, headers, protocols)
        except HTTPClientError as error:
            return error.code
        chosen = connection.selected_subprotocol
        await close(connection)
        return chosen

    return finished(try_it())


def test_a_socket_opens_with_the_token_and_from_this_origin_alone(live: Live) -> None:
    """And the answer does not repeat the token."""
    kernel = live.kernel("/access/")
    token = f"token.{live.token}"
    assert opened(live, kernel, {}, ["kernel.json", token]) == "kernel.json"
    for headers in strangers(live):
        assert opened(live, kernel, headers, ["kernel.json"]) == 403
        assert opened(live, kernel, headers, ["kernel.json", f"{token}x"]) == 403
    # Another origin is refused even with the token.
    for origin in FOREIGN:
        headers = {**live.authorization, "Origin": origin}
        answer = live.ask("POST", "/api/sessions", headers, PAGE)
        assert answer.status == 404, origin
        assert opened(live, kernel, {"Origin": origin}, None) == 403, origin
        ask_first = {f"{ASK}-Method": "POST", f"{ASK}-Headers": "authorization"}
        first = live.ask("OPTIONS", "/api/sessions", {"Origin": origin, **ask_first})
        for refused in (answer, first):
            assert "Access-Control-Allow-Origin" not in refused.headers, origin


def test_a_name_that_was_rebound_to_this_machine_is_refused(live: Live) -> None:
    """A browser would take it for the origin of the stranger."""
    for host in ("example.invalid", "127.0.0.1.example.invalid"):
        headers = {**live.authorization, "Host": f"{host}:{live.port}"}
        for method, path in [("GET", "/"), *API]:
            answer = live.ask(method, path, headers, PAGE)
            assert answer.status == 403, (host, method, path)
            assert b"Home" not in answer.body


def test_no_answer_sets_a_cookie_or_lets_itself_be_framed(live: Live) -> None:
    answers = [live.api("GET", "sessions"), live.api("DELETE", f"kernels/{NOBODY}")]
    answers += [
        live.ask(method, path, headers, PAGE)
        for path in ["/", "/part", "/nothing", *(path for _, path in API)]
        for method in ("GET", "POST", "PUT", "HEAD", "OPTIONS")
        for headers in ({}, {"Cookie": f"username-127-0-0-1-{live.port}=x"})
    ]
    for answer in answers:
        assert "Set-Cookie" not in answer.headers
        assert "Access-Control-Allow-Origin" not in answer.headers
        if answer.body:
            policy = answer.headers["Content-Security-Policy"]
            assert "frame-ancestors 'none'" in policy
            assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_the_site_is_there_for_everybody(live: Live) -> None:
    """Compressed for whoever takes it so."""
    home = live.ask("GET", "/")
    assert home.body == (live.site / "index.html").read_bytes()
    assert live.ask("GET", "/part/").body == b"<title>Part</title>"
    moved = live.ask("GET", "/part")
    assert (moved.status, moved.headers["Location"]) == (301, "/part/")
    assert live.ask("HEAD", "/").headers["Content-Length"] == str(len(home.body))
    words = b"words " * 1000
    (live.site / "words.html").write_bytes(words)
    assert live.ask("GET", "/words.html").body == words
    answer = live.ask("GET", "/words.html", {"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.body) == words
    # What is not there has the page of the site.
    answer = live.ask("GET", "/nothing/")
    assert (answer.status, answer.body) == (404, b"<title>Nothing here</title>")
    assert answer.headers["Content-Type"].startswith("text/html")


def test_no_path_leads_out_of_the_site_or_to_more_of_jupyter(live: Live) -> None:
    for path in NEEDLESS.split():
        for method in ("GET", "POST", "PUT"):
            answer = live.ask(method, path, live.authorization, {})
            assert answer.status in (404, 405), (method, path)
    for path in OUTSIDE.split():
        with socket.create_connection(("127.0.0.1", live.port), PATIENCE) as raw:
            raw.sendall(f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n".encode())
            told = b"".join(iter(lambda: raw.recv(65536), b""))
        assert b"secret" not in told.partition(b"\r\n\r\n")[2], path
        assert told.split()[1] in (b"400", b"403", b"404"), path
