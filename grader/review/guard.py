"""The guard of a local page: token, host and origin of each request, and the headers of answers.

A page in another tab can send requests to any port of this machine. So an address holds a token,
made new at each start; the Host must be the loopback's, so that no name resolved to it is taken;
and a request that changes a state is a POST with this page's own Origin, which no form of another
page has.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
MOST_BYTES = 4 << 20
"""Of a request's body: an import of regions is the largest."""


def new_token() -> str:
    """Return a token that nobody guesses: 32 letters and digits, new at each call."""
    return secrets.token_hex(16)


class Guard:
    """An application behind ``/TOKEN``, for one port of the loopback.

    Args:
        app: the application served.
        token: the first part of every path.
        port: that is listened on.
    """

    def __init__(self, app: App, token: str, port: int) -> None:
        self._app = app
        self._token = token
        self._hosts = {f"127.0.0.1:{port}".encode(), f"localhost:{port}".encode()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or refuse it with a sentence."""
        # "lifespan", the server's own; websockets are switched off there.
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refused = self._refusal(scope)
        if refused:
            await _answer(send, *refused)
            return
        prefix = f"/{self._token}"
        # The application knows no token, so none can get into a page's text.
        inner = {**scope, "path": scope["path"][len(prefix) :] or "/", "raw_path": None}
        await self._app(inner, receive, _with_headers(send))

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"")
        # Another site's name may be made to point at the loopback (DNS rebinding); its Host gives
        # it away.
        if host not in self._hosts:
            return 421, "This page is served to this machine alone."
        given = scope["path"].split("/")[1] if scope["path"].count("/") > 1 else ""
        # In a time that does not depend on how many signs are right.
        if not secrets.compare_digest(given.encode(), self._token.encode()):
            return 404, "The address lacks its token, or is of an earlier start: see the terminal."
        if scope["method"] == "GET":
            return None
        if scope["method"] != "POST":
            return 405, "Only GET and POST are served."
        # A form of another page sends its own Origin.
        if headers.get(b"origin", b"") != b"http://" + host:
            return 403, "A change must come from this page itself."
        # A form cannot send JSON without asking first.
        if headers.get(b"content-type", b"").partition(b";")[0] != b"application/json":
            return 415, "A change is sent as JSON."
        # A body of no told length could go on for ever, and is read whole.
        length = headers.get(b"content-length", b"")
        if not length.isdigit() or int(length) > MOST_BYTES:
            return 413, "The request is too large, or does not say how large it is."
        return None


def _with_headers(send: Send) -> Send:
    async def guarded(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), *_headers()]}
        await send(message)

    return guarded


def _headers() -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), text.encode()) for name, text in HEADERS.items()]


async def _answer(send: Send, status: int, text: str) -> None:
    plain = (b"content-type", b"text/plain; charset=utf-8")
    await send({"type": "http.response.start", "status": status, "headers": [plain, *_headers()]})
    await send({"type": "http.response.body", "body": text.encode()})
