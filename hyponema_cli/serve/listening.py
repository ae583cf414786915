"""How is the app served? By uvicorn, on a socket that is bound before anything else, until it is told to stop."""

from __future__ import annotations

import errno
import ipaddress
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from hyponema_cli.core.errors import Conflict, InvalidInput, Unusable
from hyponema_cli.serve.door import App

MOST_CONNECTIONS = 1_000
LARGEST_HEAD = 1 << 16
"""Bytes of the line and the headers of a request, besides the first that come: these are 256 KiB at most."""
DRAIN_SECONDS = 30
"""How long requests under way get at the end."""


class Protocol(HttpToolsProtocol):
    """HTTP/1.1 by uvicorn, with a bound to the head of a request, which the parser holds whole in memory."""

    _is_in_head = False
    _is_new = False
    _head = 0

    def on_message_begin(self) -> None:
        """Begin to count."""
        super().on_message_begin()
        self._is_in_head, self._is_new, self._head = True, True, 0

    def on_headers_complete(self) -> None:
        """End it."""
        self._is_in_head = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Take what came; refuse a head that goes on and on."""
        super().data_received(data)
        if not self._is_in_head:
            return
        if self._is_new:  # before it may stand the end of another request
            self._is_new = False
            return
        self._head += len(data)
        if self._head > LARGEST_HEAD:
            self.send_400_response("The head of this request is too large.")


class Server(uvicorn.Server):
    """uvicorn, which leaves the signals to us."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def server_of(app: App) -> Server:
    """Return what serves an app; it writes no log of its own."""
    logging.getLogger("uvicorn.error").addHandler(logging.NullHandler())
    return Server(
        uvicorn.Config(
            app,
            http=Protocol,
            log_config=None,
            access_log=False,
            # What a proxy says of its clients is not believed.
            proxy_headers=False,
            server_header=False,
            date_header=True,
            lifespan="on",
            limit_concurrency=MOST_CONNECTIONS,
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
    )


def bound(host: str, port: int) -> socket.socket:
    """Return a socket on which nobody else listens; raises Conflict when somebody does."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except socket.gaierror as error:
        raise InvalidInput(f"--host {host!r} is no address of this machine", hint="as in 127.0.0.1") from error
    except OSError as error:
        where = f"{host} port {port}"
        if error.errno == errno.EADDRINUSE:
            hint = f"does another hyp serve run? take another: --port {port + 1 if port < 65535 else 8010}"
            raise Conflict(f"somebody listens on {where} already", hint=hint) from error
        if isinstance(error, PermissionError):
            raise Unusable(f"{where} may not be used: {error.strerror}", hint="a port above 1023 may") from error
        raise InvalidInput(
            f"{where} cannot be used: {os.strerror(error.errno or 0)}", hint="as in 127.0.0.1"
        ) from error


def is_loopback(host: str) -> bool:
    """True for an address that only this machine reaches.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.casefold() == "localhost"
