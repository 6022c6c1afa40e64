"""Requests to an application without a server."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

from grader.review.guard import Guard

TOKEN, PORT = "t" * 32, 8123
HOST = f"127.0.0.1:{PORT}"


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


def ask(
    app: Any, path: str, body: bytes | None = None, *, token: str = TOKEN, **headers: str
) -> Answer:
    """Send a GET, or a POST where there is a body, as this page itself would send it."""
    given = {"host": HOST} | {name.replace("_", "-"): text for name, text in headers.items()}
    if body is not None:
        usual = {"origin": f"http://{given['host']}", "content-type": "application/json"}
        given = {**usual, "content-length": str(len(body)), **given}
    scope = {
        "type": "http",
        "method": "GET" if body is None else "POST",
        "path": f"/{token}{path}",
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "http_version": "1.1",
        "headers": [(name.encode(), text.encode()) for name, text in given.items() if text],
    }
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body or b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(Guard(app, TOKEN, PORT)(scope, receive, send))
    start = next(each for each in sent if each["type"] == "http.response.start")
    found = {name.decode(): text.decode() for name, text in start["headers"]}
    parts = [each.get("body", b"") for each in sent if each["type"] != start["type"]]
    return Answer(start["status"], found, b"".join(parts))
