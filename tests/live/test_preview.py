"""The server of a finished site without kernels."""

import gzip
import mimetypes
import threading
import urllib.request
from collections.abc import Callable, Iterator
from http.client import HTTPResponse
from pathlib import Path

import pytest

from labml_style_nn.live.preview import server

Fetch = Callable[..., HTTPResponse]


@pytest.fixture
def fetch(tmp_path: Path) -> Iterator[Fetch]:
    """Ask a server of a folder for a file."""
    with server(tmp_path, 0) as web:
        home = f"http://127.0.0.1:{web.server_port}/"
        threading.Thread(target=web.serve_forever, args=(0.02,), daemon=True).start()
        yield lambda name, **headers: urllib.request.urlopen(
            urllib.request.Request(home + name, headers=headers)
        )
        web.shutdown()


@pytest.mark.parametrize("name", ["", "a.js", "a.json", "a.svg", "sub/", "a.woff2"])
def test_text_is_compressed_for_whoever_takes_it_so_and_a_script_is_one_everywhere(
    tmp_path: Path, fetch: Fetch, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is compressed already is sent as it is.
    is_text = not name.endswith(".woff2")
    file = tmp_path / name / "index.html" if name in ("", "sub/") else tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("words " * 1000)
    if name == "a.js":  # Windows says of it what the program installed last wants.
        monkeypatch.setattr(mimetypes, "guess_type", lambda path: ("text/plain", None))
    with fetch(name, **{"Accept-Encoding": "gzip, br"}) as answer:
        assert answer.headers["Content-Encoding"] == ("gzip" if is_text else None)
        body = answer.read()
        assert len(body) == int(answer.headers["Content-Length"])
        assert len(body) < 200 or not is_text
        assert (gzip.decompress(body) if is_text else body) == file.read_bytes()
        kind = answer.headers.get_content_type()
        assert (kind == "text/javascript") == (name == "a.js")
    with fetch(name) as answer:
        assert answer.headers["Content-Encoding"] is None
        assert answer.read() == file.read_bytes()
