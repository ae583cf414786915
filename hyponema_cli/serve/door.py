"""Who is let in at all? Requests that were meant for this server, and not sent by a page in somebody's browser.

Every request passes here, in and out: what is refused here has touched no workspace, and each leaves one line in the
log, without its token, and without the part of its path that may name somebody.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import timedelta
from traceback import format_exception
from typing import Any

from hyponema_cli.serve.problems import Trouble
from hyponema_cli.serve.rooms import House

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

MILLISECOND = timedelta(milliseconds=1)
_HEADERS = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
]


class Door:
    """Wraps the app; see the top of this file."""

    def __init__(self, app: App, house: House) -> None:
        self._app = app
        self._house = house

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = self._house.clock.now(), 0

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        try:
            trouble = self._refused(dict(scope["headers"]))
            await (trouble.answer() if trouble is not None else self._app)(scope, receive, sent)
        except Exception as error:
            # Answered already, in a sentence; here it is said what it was.
            trace = "".join(format_exception(error)) if os.environ.get("HYP_DEBUG") else None
            self._house.log("http.failed", {"error": f"{type(error).__name__}: {error}", "trace": trace})
        took = (self._house.clock.now() - began) // MILLISECOND
        route = scope.get("route")
        self._house.log(
            "http.answered",
            {
                "method": scope["method"],
                "path": getattr(route, "path", "-"),
                "status": str(status),
                "ms": str(took),
                "who": scope.get("state", {}).get("who"),
            },
        )

    def _refused(self, headers: dict[bytes, bytes]) -> Trouble | None:
        host = headers.get(b"host", b"").decode("latin-1")
        if not self._is_ours(host):
            hint = "if that name is meant: hyp serve --allow-host NAME"
            return Trouble(421, "usage", "this server is not called that", hint)
        origin = headers.get(b"origin")
        if origin is not None and origin.decode("latin-1").partition("://")[2] != host:
            return Trouble(403, "usage", "pages of other sites may not ask this server", "its users are programs")
        return None

    def _is_ours(self, host: str) -> bool:
        """True for a name of ours, and for any address: a name can be made to lead here by a page, an address not."""
        name = name_in(host)
        if name in ("localhost", *self._house.hosts):
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


def name_in(host: str) -> str:
    """Return the name or address in a Host header, without its port and in small letters.

    >>> name_in("Calls.Example.org:8010"), name_in("[::1]:8010"), name_in("127.0.0.1")
    ('calls.example.org', '::1', '127.0.0.1')
    """
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0].casefold() if ":" in host else host.casefold()
