"""Servers on loopback that are no Twilio: one that says nothing, one that relays, one that speaks TLS, a proxy.

Closing one ends its connections and joins its threads.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBtTCCAVugAwIBAgIUfUcCLO0lVzyRJ7OKUzYoehCB5A0wCgYIKoZIzj0EAwIw
ITEfMB0GA1UEAwwWYSBzdGFuZC1pbiBvbiBsb29wYmFjazAgFw0yNjExMjExNzQy
MjFaGA8yMTI2MTAyODE3NDIyMVowITEfMB0GA1UEAwwWYSBzdGFuZC1pbiBvbiBs
b29wYmFjazBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABCgXbBkCo0cKLCf9mnXR
/NDCMhlmuzpv6Kg56+nxSWa6eL2dlfmz0LTwvyj8+MDVuAYOe/EzUyEzjZsm/W08
KAWjbzBtMB0GA1UdDgQWBBR+5DksuQaasc0gt0/ZK+QT8QhXcDAfBgNVHSMEGDAW
gBR+5DksuQaasc0gt0/ZK+QT8QhXcDAPBgNVHRMBAf8EBTADAQH/MBoGA1UdEQQT
MBGHBH8AAAGCCWxvY2FsaG9zdDAKBggqhkjOPQQDAgNIADBFAiAmPPXdbZ7oKWls
r1yZGVdiKm4sir6+JCloXIltMKYrgQIhALvmgIDuIQpWCCPv7SJ5OtuDZwrP4FQq
dC/B2oRq/YHR
-----END CERTIFICATE-----
"""
"""Says that it is 127.0.0.1 or localhost, until the year 2126, signed by nobody but itself."""
KEY = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgfjv2V+628iZCYfpV
QScBOw13n8T/HBAJMCAQy/Na2W2hRANCAAQoF2wZAqNHCiwn/Zp10fzQwjIZZrs6
b+ioOevp8Ulmuni9nZX5s9C08L8o/PjA1bgGDnvxM1MhM42bJv1tPCgF
-----END PRIVATE KEY-----
"""
"""Of that certificate, and worth nothing: it was made for these tests."""


class Listener:
    """Accepts connections on loopback, and hands each to `serve` in a thread of its own."""

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        self._serve = serve
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.connections = 0
        """How many were accepted."""
        self.closing = threading.Event()

    @property
    def port(self) -> int:
        return int(self._listening.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._run(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        for each in [self._listening, *self._open]:
            with contextlib.suppress(OSError):  # closed by one side already
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(timeout=10)
            assert not thread.is_alive(), "a thread of a listener does not end"
        for each in [self._listening, *self._open]:
            each.close()

    def _run(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                connection, _ = self._listening.accept()
                self._open.append(connection)
                self.connections += 1
                self._run(self._one, connection)

    def _one(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ssl.SSLError):  # its client left
            self._serve(connection)
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def mute() -> Iterator[Listener]:
    """Accept, and read nothing and say nothing."""
    with Listener(lambda _: made.closing.wait() and None) as made:
        yield made


def relay(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes both ways until one side ends. In one thread: what speaks TLS is not for two."""
    with other:
        while True:
            for source in select.select([one, other], [], [])[0]:
                data = source.recv(65536)
                if not data:
                    return
                (other if source is one else one).sendall(data)


def relay_to(address: str) -> Callable[[socket.socket], None]:
    """Return what serves a connection by the server at this address."""
    to = urlsplit(address)
    return lambda connection: relay(connection, socket.create_connection((to.hostname, to.port)))


def over_tls(folder: Path, serve: Callable[[socket.socket], None]) -> Callable[[socket.socket], None]:
    """Return what speaks TLS, with a certificate that nobody trusts, and serves what comes through it."""
    chain = folder / "chain.pem"
    chain.write_text(CERTIFICATE + KEY)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)

    def handle(connection: socket.socket) -> None:
        with context.wrap_socket(connection.dup(), server_side=True) as secure:
            serve(secure)

    return handle


def first_lines(connection: socket.socket) -> bytes:
    """Read up to the empty line that ends the headers."""
    read = b""
    while b"\r\n\r\n" not in read:
        data = connection.recv(65536)
        if not data:
            break
        read += data
    return read


def proxy(heard: list[bytes], *, says: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n") -> Listener:
    """A proxy for CONNECT: notes what it hears first, answers, and relays if the answer was a 200."""

    def serve(connection: socket.socket) -> None:
        heard.append(first_lines(connection))
        if not says:
            made.closing.wait()
            return
        connection.sendall(says)
        if b" 200 " in says:
            host, _, port = heard[-1].split()[1].decode().partition(":")
            relay(connection, socket.create_connection((host, int(port))))

    made = Listener(serve)
    return made


@contextlib.contextmanager
def full_backlog() -> Iterator[str]:
    """Yield the address of a port at which no connection is ever taken: its queue is full."""
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.socket())
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        port = listening.getsockname()[1]
        # The kernel takes one more than it is told to; the third waits for ever.
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", port))
        yield f"http://127.0.0.1:{port}"


def refused_port() -> str:
    """Return the address of a port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return f"http://127.0.0.1:{listening.getsockname()[1]}"
