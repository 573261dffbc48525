r"""# Live

    python -m labml_style_nn live

serves the built site and Jupyter kernels from one address of this machine, so that the
cells of a page run in real Python with real PyTorch. The pages are the same files that
are published: what a reader runs here, nobody can run there.

- [`start`][live.start]: the command.
- [`preview`][live.preview]: the site without kernels.
- [`server`][live.server]: all that is at the address.
- [`access`][live.access]: who may run code: whoever has the token, and no other page.
- [`kernels`][live.kernels]: what a kernel is given, and when it ends.
- [`comparison`][live.comparison]: a module that was edited, beside the original.
- [`edition`][live.edition]: the package with one file edited, and readable errors.
- [`observation`][live.observation]: what the examples of a module come to.
- [`client`][live.client]: the scripts of a live page.

The first five serve, the next three run in a kernel, and the last in the page.

## What a page can ask

**Whether it is live** a page asks nobody. The command prints an address that ends in
`#token=…`, a part which a browser sends to no server. The page's script moves it to
`localStorage`, under `live-token`, and takes it out of the address; it does so only if
the page's host is `127.0.0.1`. With a token, a click runs. Without one, a click says
how to come by it, and sends nothing. No answer, or one of 403, 404 or 405, means that
the token is of yesterday: the page forgets it, and says the same.

**The token** stands in a header of each request, `Authorization: token …`. A script
cannot give a WebSocket headers, so there it is one of two subprotocols, and the server
answers with the other: `new WebSocket(address, ["kernel.json", "token." + token])`.

All addresses are at the root of the host.

- `POST /api/sessions`, with `{"path": location.pathname, "type": "page"}`: 201, and the
  page's session, in which `id` and `kernel.id` count. A kernel is started if the page
  has none, so a reload or a second tab finds what was there.
- `GET /api/sessions`: all of them.
- `DELETE /api/sessions/ID`: 204. The session and its kernel end.
- `GET /api/kernels/ID`: `execution_state` is `starting`, `idle` or `busy`; 404 if the
  kernel is gone.
- `POST /api/kernels/ID/interrupt`: 204. What runs ends with `KeyboardInterrupt`.
- `POST /api/kernels/ID/restart`: 200 when the new process answers. The id stays.
- WebSocket `/api/kernels/ID/channels?session_id=ANY`: each frame is one message of
  Jupyter's protocol 5.3 as JSON, with its `channel`.

There is nothing else below `/api/`, and everything outside it is a file of the site.
What a kernel says while no page listens is lost, so that an endless loop does not fill
the memory of the server: after a reload, `GET /api/kernels/ID` says whether it is busy.
"""

import sys

# With this, jsonschema would check addresses in foreign letters. There are none, and to
# import it takes longer than all else that Jupyter needs.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
