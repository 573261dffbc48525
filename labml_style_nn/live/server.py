r"""# Server: the site and its kernels at one address

    python -m labml_style_nn live site --port 8000

Jupyter's whole server has accounts, files, terminals, extensions and settings. This one
has none of them: it is made of the few handlers that are needed, so that there is
nothing to turn off. What a page can ask is told [before][live].
"""

import asyncio
import os
import secrets
import signal
import tempfile
from pathlib import Path
from socket import socket
from typing import Any

from jupyter_server.auth.authorizer import AllowAllAuthorizer
from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.services.kernels.connection.channels import (
    ZMQChannelsWebsocketConnection,
)
from jupyter_server.services.kernels.handlers import (
    KernelActionHandler,
    KernelHandler,
)
from jupyter_server.services.kernels.websocket import KernelWebsocketHandler
from jupyter_server.services.sessions.handlers import SessionHandler, SessionRootHandler
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, StaticFileHandler

from labml_style_nn.live.access import HEADERS, Reader, spoken
from labml_style_nn.live.kernels import (
    Sessions,
    environment,
    manager,
    settings,
)


class Pages(JupyterHandler, StaticFileHandler):
    """The site, for everybody on this machine."""

    @allow_unauthenticated
    async def get(self, path: str, include_body: bool = True) -> None:
        """Send a file, or the index of a folder."""
        await StaticFileHandler.get(self, path, include_body)

    @allow_unauthenticated
    async def head(self, path: str) -> None:
        """Send all but the file."""
        await self.get(path, include_body=False)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Send the site's own page for what is not there."""
        page = Path(self.root) / "404.html"
        if status_code == 404 and page.exists():
            self.finish(page.read_bytes())
        else:
            self.finish(f"{status_code}: {self._reason}\n")


class Channels(KernelWebsocketHandler):
    """The socket of a kernel."""

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        """Answer with the name of the frames."""
        return spoken(subprotocols)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Say no more than the status."""
        self.finish()


_ID = r"\w+-\w+-\w+-\w+-\w+"
_SESSION = rf"/api/sessions/(?P<session_id>{_ID})"
_KERNEL = rf"/api/kernels/(?P<kernel_id>{_ID})"


def application(site: Path, folder: Path, token: str) -> Application:
    """All that is at the address."""
    pages = {"path": str(site), "default_filename": "index.html"}
    reader = Reader(token=token)
    return Application(
        [
            ("/api/sessions", SessionRootHandler),
            (_SESSION, SessionHandler),
            (_KERNEL, KernelHandler),
            (rf"{_KERNEL}/(?P<action>interrupt|restart)", KernelActionHandler),
            (rf"{_KERNEL}/channels", Channels),
            ("/(.*)", Pages, pages),
        ],
        headers=HEADERS,
        identity_provider=reader,
        authorizer=AllowAllAuthorizer(identity_provider=reader),
        # A forged request would live on a cookie, and there are none.
        disable_check_xsrf=True,
        log_function=lambda handler: None,
        compress_response=True,
        **_kernels(folder),
    )


def _kernels(folder: Path) -> dict[str, Any]:
    kernels, env = manager(folder), environment(folder)
    sessions = Sessions(kernel_manager=kernels, env=env)  # type: ignore[no-untyped-call]
    return {
        "kernel_manager": kernels,
        "session_manager": sessions,
        "kernel_websocket_connection_class": ZMQChannelsWebsocketConnection,
        "config": settings(),
    }


def listen(port: int) -> list[socket]:
    """Take a port of this machine, for nobody outside it; 0 takes any that is free."""
    return bind_sockets(port, "127.0.0.1")


async def serve(site: Path, sockets: list[socket]) -> None:
    """Serve until Ctrl-C, or until the system asks to end; say where."""
    # The sockets of kernels are files, whose paths must be short; macOS has long ones.
    short = "/tmp" if os.name == "posix" else None
    token = secrets.token_urlsafe(24)
    with tempfile.TemporaryDirectory(dir=short, ignore_cleanup_errors=True) as folder:
        app = application(site, Path(folder), token)
        server = HTTPServer(app)
        server.add_sockets(sockets)
        port = sockets[0].getsockname()[1]
        print(f"Open http://127.0.0.1:{port}/#token={token}", flush=True)
        print("(Ctrl-C ends it, and all that runs)", flush=True)
        try:
            await _ended()
        finally:
            server.stop()
            await app.settings["kernel_manager"].shutdown_all(now=True)
            await _cancelled()


async def _ended() -> None:
    ended = asyncio.Event()
    # Elsewhere Ctrl-C cancels the wait.
    if os.name == "posix":
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await ended.wait()


async def _cancelled() -> None:
    """Cancel what goes on, once before `asyncio.run` does.

    A socket that waits for its kernel takes the first time for an answer, and would
    then be waited for without end. What is cancelled has nothing to say.
    """
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=0.2)
