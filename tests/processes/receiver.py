"""A receiver of webhooks on loopback: it remembers what it heard, goes down, and comes back at the same address."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Heard(NamedTuple):
    """A request that was read to its end."""

    id: str
    body: str
    status: int | None
    """What was answered; None: nothing."""

    @property
    def data(self) -> Any:
        return json.loads(self.body)["data"]


class Receiver:
    """Closing it ends its connections and joins its threads."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.status: int | None = 200
        """What it answers; None: it reads, and closes without a word."""
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/hooks"

    @property
    def taken(self) -> list[Heard]:
        """What it has heard and not refused."""
        return [each for each in self.heard if each.status is None or each.status < 300]

    def __enter__(self) -> Receiver:
        self.come_back()
        return self

    def __exit__(self, *_: object) -> None:
        self.go_down()

    def come_back(self) -> None:
        """Listen, at the same port as before."""
        if self._server is None:
            self._server = _Server(("127.0.0.1", self._port), _handler(self))
            self._port = self._server.server_address[1]
            self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
            self._thread.start()

    def go_down(self) -> None:
        """Listen no more: connections are refused."""
        if self._server is not None:
            assert self._thread is not None
            self._server.shutdown()
            self._server.server_close()
            self._thread.join(10)
            assert not self._thread.is_alive(), "a receiver does not end"
            self._server = None


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is none of ours."""


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 5

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            if len(body) < length:
                return
            status = receiver.status
            receiver.heard.append(Heard(self.headers["webhook-id"], body.decode(), status))
            self.close_connection = True
            if status is not None:
                self.wfile.write(f"HTTP/1.1 {status} Said\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())

        def log_message(self, *_: object) -> None:
            pass

    return Handler
