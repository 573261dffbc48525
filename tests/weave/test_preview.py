"""A preview serves a site as any host would, whatever the system says of files."""

import mimetypes
import threading
import urllib.request
from pathlib import Path

import pytest

from labml_style_nn.weave.preview import server


def test_a_script_is_a_script_on_every_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows says of each ending what the program installed last wants."""
    monkeypatch.setattr(mimetypes, "guess_type", lambda path: ("text/plain", None))
    (tmp_path / "a.js").write_text("0;")
    with server(tmp_path, 0) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        with urllib.request.urlopen(f"http://127.0.0.1:{web.server_port}/a.js") as file:
            assert file.headers.get_content_type() == "text/javascript"
        web.shutdown()
