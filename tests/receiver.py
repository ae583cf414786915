"""A receiver of webhooks on loopback, which answers as it is told, and breaks exactly where it is told to."""

from __future__ import annotations

import base64
import socket
import struct
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from freezegun import freeze_time
from standardwebhooks import Webhook

from tests.loopback import Listener, first_lines

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


class Heard(NamedTuple):
    """One request that came in."""

    path: str
    headers: dict[str, str]
    """By their names in small letters."""
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def told_at(self) -> datetime:
        return datetime.fromtimestamp(int(self.headers["webhook-timestamp"]), UTC)

    def is_genuine(self, at: datetime, secret: str = SECRET) -> bool:
        """True when an independent verifier, which looks at its clock at `at`, takes it for ours; raises if not."""
        with freeze_time(at):
            Webhook(secret).verify(self.body, self.headers)
        return True


Answer = Callable[["Receiver", socket.socket], None]


class Receiver(Listener):
    """Gives each request the next of its answers; the last one ever after."""

    def __init__(self, *answers: Answer) -> None:
        super().__init__(self._hear)
        self.answers: list[Answer] = list(answers) or [says(200)]
        self.heard: list[Heard] = []
        self.has_heard = threading.Event()
        """Set when a request has come in whole."""
        self.was_left = threading.Event()
        """Set when a sender did not stay for the end of an endless answer."""

    @property
    def ids(self) -> list[str]:
        """The messages, in the order in which they came in."""
        return [each.id for each in self.heard]

    def _hear(self, connection: socket.socket) -> None:
        read = first_lines(connection)
        head, _, body = read.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.casefold(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        while len(body) < int(headers.get("content-length", "0")):
            more = connection.recv(65536)
            if not more:
                return
            body += more
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        self.heard.append(Heard(first.split()[1] if first else "", headers, body))
        self.has_heard.set()
        answer(self, connection)


def says(status: int, *headers: str, body: bytes = b"") -> Answer:
    """Answer with a status."""
    lines = (f"HTTP/1.1 {status} So", f"Content-Length: {len(body)}", "Connection: close", *headers, "", "")
    whole = "\r\n".join(lines).encode() + body
    return lambda receiver, connection: connection.sendall(whole)


def holds(until: threading.Event, then: Answer | None = None) -> Answer:
    """Answer when the event has come, or the receiver is closed."""

    def answer(receiver: Receiver, connection: socket.socket) -> None:
        while not until.wait(0.02):
            if receiver.closing.is_set():
                return
        (then or says(200))(receiver, connection)

    return answer


def raw(data: bytes) -> Answer:
    """Answer with these bytes, and hang up."""
    return lambda receiver, connection: connection.sendall(data)


def hangs(receiver: Receiver, connection: socket.socket) -> None:
    """Say nothing, and stay."""
    receiver.closing.wait()


def drops(receiver: Receiver, connection: socket.socket) -> None:
    """Hang up without an answer."""


def resets(receiver: Receiver, connection: socket.socket) -> None:
    """Break the connection."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def endless(start: bytes, piece: bytes, pause: float) -> Answer:
    """Answer, and never come to an end: a piece after each pause, until the other side leaves."""

    def answer(receiver: Receiver, connection: socket.socket) -> None:
        try:
            connection.sendall(start)
            while not receiver.closing.wait(pause):
                connection.sendall(piece)
        except OSError:
            receiver.was_left.set()

    return answer


drips = endless(b"HTTP/1.1 200 So\r\n", b"X", 0.02)
"""Send the header of an answer byte by byte, without end."""
drips_its_body = endless(b"HTTP/1.1 200 So\r\n\r\n", b"x", 0.02)
floods = endless(b"HTTP/1.1 200 So\r\nContent-Length: 99999999999\r\n\r\n", b"x" * 65536, 0.0)
"""Send the body of an answer as fast as it goes, without end."""


class Names:
    """What names lead to, and what is behind addresses: nothing of it leaves this machine.

    `leads` says what a name leads to, one answer a look, the last one ever after; `doors` what port on loopback takes
    the connections to an address. All other addresses but loopback refuse.
    """

    def __init__(self, leads: dict[str, Sequence[Sequence[str]]], doors: dict[str, int] | None = None) -> None:
        self._leads = {name: list(answers) for name, answers in leads.items()}
        self._doors = doors or {}
        self.knocked: list[str] = []
        """The addresses that were asked for a connection."""
        self.looks = 0
        self._getaddrinfo = socket.getaddrinfo
        self._connect = socket.socket.connect

    def getaddrinfo(self, host: str | bytes, port: int, *args: int, **kinds: int) -> list[tuple[object, ...]]:
        """Stand in for the resolver."""
        name = host.decode() if isinstance(host, bytes) else host
        if name not in self._leads:
            if name.endswith(".example"):
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            return list(self._getaddrinfo(host, port, *args, **kinds))
        self.looks += 1
        answers = self._leads[name]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        kind, protocol = socket.SOCK_STREAM, socket.IPPROTO_TCP
        return [
            (socket.AF_INET6, kind, protocol, "", (address, port, 0, 0))
            if ":" in address
            else (socket.AF_INET, kind, protocol, "", (address, port))
            for address in found
        ]

    def connect(self, connecting: socket.socket, address: tuple[object, ...]) -> None:
        """Stand in for a network."""
        self.knocked.append(str(address[0]))
        if address[0] in self._doors:
            address = ("127.0.0.1", self._doors[str(address[0])])
        if address[0] != "127.0.0.1":
            raise ConnectionRefusedError(111, "Connection refused")
        self._connect(connecting, address)
