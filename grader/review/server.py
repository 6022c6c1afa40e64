"""A local server: a port of the loopback, an address with a token, an end by Ctrl-C."""

from __future__ import annotations

import socket
import webbrowser
from collections.abc import Callable
from typing import TYPE_CHECKING

from grader.review.guard import Guard, new_token
from solver.errors import OutputError

if TYPE_CHECKING:
    from starlette.applications import Starlette


def serve(
    app: Starlette,
    *,
    port: int = 0,
    open_browser: bool = True,
    say: Callable[[str], None] = print,
) -> None:
    """Serve an application to this machine's user until Ctrl-C.

    Args:
        app: the application served; its lifespan ends before this returns.
        port: 0: any free one.
        open_browser: open the address.
        say: is told the address.

    Raises:
        OutputError: the port is taken.
    """
    import uvicorn

    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # A port given with --port can be used again at once after Ctrl-C. On Windows it can be anyway,
    # and SO_REUSEADDR would take it from a program that has it.
    option = getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR)
    listening.setsockopt(socket.SOL_SOCKET, option, 1)
    try:
        # The loopback alone: nobody else on the network can ask for anything.
        listening.bind(("127.0.0.1", port))
    except OSError as problem:
        listening.close()
        raise OutputError(
            f"the port {port} of this machine cannot be used ({problem.strerror}). Give another "
            "with --port, or none for a free one."
        ) from None
    token, number = new_token(), listening.getsockname()[1]
    address = f"http://127.0.0.1:{number}/{token}/"
    config = uvicorn.Config(
        Guard(app, token, number),
        log_level="critical",
        access_log=False,  # addresses hold the token
        server_header=False,
        date_header=False,
        lifespan="on",
        ws="none",  # no page here needs a connection that the guard does not see through
        timeout_graceful_shutdown=2,
    )

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            # Now that it is served: a browser opened earlier would show an error.
            _announce(address, open_browser, say)

    try:
        Server(config).run(sockets=[listening])
    except KeyboardInterrupt:  # uvicorn raises it anew once it has ended cleanly
        pass
    finally:
        listening.close()


def _announce(address: str, open_browser: bool, say: Callable[[str], None]) -> None:
    say(f"{address}\nThe page is open until Ctrl-C here; every decision is written at once.")
    if open_browser:
        webbrowser.open(address)
