"""A page of a browser whose requests an application answers itself, without a port."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from tests.grader.review.asgi import HOST, TOKEN, ask

ADDRESS = f"http://{HOST}/{TOKEN}/"


@contextmanager
def opened(browser: Any, app: Any) -> Iterator[Any]:
    """A page whose requests an application answers; it must not run, say or ask for anything."""
    page = browser.new_context(viewport={"width": 1300, "height": 900}).new_page()
    said: list[str] = []
    with ThreadPoolExecutor(1) as threads:  # Playwright's own loop runs in this one

        def answer(route: Any) -> None:
            request = route.request
            if not request.url.startswith(ADDRESS):
                said.append(request.url)
                route.abort()
                return
            path = request.url.removeprefix(ADDRESS[:-1]).partition("#")[0]
            body = request.post_data.encode() if request.post_data else None
            found = threads.submit(ask, app, path, body).result()
            route.fulfill(status=found.status, headers=found.headers, body=found.body)

        page.route(lambda url: not url.startswith("data:"), answer)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        yield page
        assert said == []
        assert page.evaluate("window.ran === undefined")
        assert page.evaluate("getComputedStyle(document.body).display") == "block"
        assert page.url.startswith(ADDRESS)
        page.close()
