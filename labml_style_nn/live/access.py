r"""# Access: who may run code

Whoever may use a kernel may do what the reader may do on this machine, so everything
depends on this file. Other pages in the reader's browser can send requests to this
address, too. They have no token, and cannot come by it:

- It is in no cookie. A cookie of `127.0.0.1` goes to every port, and a program that
  listens at one can send it on to another. So no cookie is set, and none is read.
- It is in no file and on no command line, where other users of the machine may look. It
  is printed once, in an address, behind the `#` that no browser sends.
- It is read in headers alone, which no form, image or link of another page can set.

The rest is Jupyter's. A request whose `Host` is not this machine is refused: that is
what comes of a name that was rebound to `127.0.0.1`. So is one of another origin, and
no header ever invites one.
"""

import hmac

from jupyter_server.auth.identity import IdentityProvider, User
from tornado.web import RequestHandler

_SCHEME = "token "  # in `Authorization`
_SUBPROTOCOL = "token."  # in `Sec-WebSocket-Protocol`, beside the one that is spoken

# What a page may load, and who may frame it. Nothing comes from, or goes to, another
# host. The theme's scripts stand in the pages; WebAssembly is for the training page.
_POLICY = {
    "default-src": "'self'",
    "script-src": "'self' 'unsafe-inline' 'wasm-unsafe-eval' blob:",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "worker-src": "'self' blob:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
HEADERS = {
    "Content-Security-Policy": "; ".join(" ".join(item) for item in _POLICY.items()),
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Reader(IdentityProvider):
    """One reader, who has the token; everybody else is nobody."""

    def get_user(self, handler: RequestHandler) -> User | None:
        """Say who asks. The time that takes tells nothing of the token."""
        token = given(handler).encode()
        return User("reader") if hmac.compare_digest(token, self.key) else None

    def should_check_origin(self, handler: RequestHandler) -> bool:
        """Refuse other origins even if they have the token."""
        return True

    @property
    def key(self) -> bytes:
        """What a request has to bring."""
        return str(self.token).encode()


def given(handler: RequestHandler) -> str:
    """The token in the headers of a request, or nothing."""
    authorization = handler.request.headers.get("Authorization", "")
    if authorization.startswith(_SCHEME):
        return authorization.removeprefix(_SCHEME)
    for offered in handler.request.headers.get("Sec-WebSocket-Protocol", "").split(","):
        if offered.strip().startswith(_SUBPROTOCOL):
            return offered.strip().removeprefix(_SUBPROTOCOL)
    return ""


def spoken(offered: list[str]) -> str | None:
    """The subprotocol to answer with: never the token."""
    return next((p for p in offered if not p.startswith(_SUBPROTOCOL)), None)
