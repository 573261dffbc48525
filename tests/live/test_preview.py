"""The server of a finished site without kernels."""

import gzip
import mimetypes
import threading
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from labml_style_nn.live.preview import server


@pytest.mark.parametrize("name", ["", "a.js", "a.json", "a.svg", "sub/", "a.woff2"])
def test_text_is_compressed_for_whoever_takes_it_so_and_a_script_is_one_everywhere(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is compressed already is sent as it is.
    is_text = not name.endswith(".woff2")
    file = tmp_path / name / "index.html" if name in ("", "sub/") else tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("words " * 1000)
    if name == "a.js":  # Windows says of it what the program installed last wants.
        monkeypatch.setattr(mimetypes, "guess_type", lambda path: ("text/plain", None))
    with server(tmp_path, 0) as web:
        threading.Thread(target=web.serve_forever, args=(0.02,), daemon=True).start()
        address = f"http://127.0.0.1:{web.server_port}/{name}"
        with urlopen(Request(address, headers={"Accept-Encoding": "gzip, br"})) as sent:
            assert sent.headers["Content-Encoding"] == ("gzip" if is_text else None)
            body = sent.read()
            assert len(body) == int(sent.headers["Content-Length"])
            assert len(body) < 200 or not is_text
            assert (gzip.decompress(body) if is_text else body) == file.read_bytes()
            kind = sent.headers.get_content_type()
            assert (kind == "text/javascript") == (name == "a.js")
        with urlopen(address) as sent:
            assert sent.headers["Content-Encoding"] is None
            assert sent.read() == file.read_bytes()
        web.shutdown()


def test_a_folder_without_a_page_is_not_found(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "404.html").write_text("nothing is here")
    with server(tmp_path, 0) as web:
        threading.Thread(target=web.serve_forever, args=(0.02,), daemon=True).start()
        with pytest.raises(HTTPError, match="404") as found:
            urlopen(f"http://127.0.0.1:{web.server_port}/files/")
        assert found.value.read() == b"nothing is here"
        web.shutdown()


def test_a_browser_that_hangs_up_is_no_error_to_tell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with server(tmp_path, 0) as web:
        for error in (ConnectionResetError(), BrokenPipeError(), ValueError()):
            try:
                raise error
            except Exception:
                web.handle_error(None, ("127.0.0.1", 1))  # type: ignore[arg-type]
            assert ("Error" in capsys.readouterr().err) == isinstance(error, ValueError)
