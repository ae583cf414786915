"""How does one HTTP request get out, once and within its time, and what is known when no answer comes back?

Libraries limit each read alone (a server that drips its headers is waited for without end), and raise one class for
"refused" and for "closed after the request was read". Here each request runs in a thread of its own, and passes a
gate before its first byte leaves: so the total time holds whatever hangs (a resolver, too), and "never sent" is known
and not guessed. Nothing is repeated, no redirect is followed, and nothing is logged.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

CONNECT_WITHIN = 5.0
READ_WITHIN = 15.0
"""Seconds between two reads."""
MOST_BYTES = 16_000_000
"""A thousand calls of Twilio's list take two million."""
PART = 65_536
ANSWER_WITHIN = 20.0
"""Seconds for all of a request, from the name of the host to the last byte of the answer."""


class Unsent(Exception):
    """No byte of the request left, and none will."""


class Unanswered(Exception):
    """The request left, at least in part, and no whole answer came."""


class Limits:
    """The time limits of a request, in seconds."""

    def __init__(
        self, connect: float = CONNECT_WITHIN, read: float = READ_WITHIN, answer: float = ANSWER_WITHIN
    ) -> None:
        self.connect = connect
        self.read = read
        self.answer = answer


class Reply(NamedTuple):
    """An answer, whatever its status."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def send_once(
    ask: requests.Request,
    limits: Limits,
    *,
    most_bytes: int = MOST_BYTES,
    allows: Callable[[str], bool] | None = None,
    by_proxy: bool = True,
) -> Reply:
    """Send a request; return the answer, whatever its status.

    A body of more than `most_bytes` is no answer; with 0, none is read, and the status is enough.

    `allows` is asked of every IP address that the host's name leads to, and the connection goes to one that it has
    seen: what a name leads to may change from one look to the next. `by_proxy`: by that of the environment, if any.
    Raises Unsent or Unanswered, with a text that names neither an address nor what was sent.
    """
    # urllib3 logs addresses, in which phone numbers stand.
    logging.getLogger("urllib3.connectionpool").disabled = True
    return _Errand(ask, limits, most_bytes, allows, by_proxy).run()


LONGEST_RETRY_AFTER = timedelta(days=1)


def retry_after_of(text: str | None, now: datetime) -> timedelta | None:
    """Read a Retry-After header: seconds, or a date (RFC 9110, section 10.2.3); a day at most. None: it says nothing.

    >>> retry_after_of("90", datetime(2026, 3, 2, tzinfo=UTC))
    datetime.timedelta(seconds=90)
    """
    words = (text or "").strip()
    if words.isascii() and words.isdigit():
        # More digits than these are more than a day, and Python reads no number of thousands of them.
        return min(timedelta(seconds=int(words[:9])), LONGEST_RETRY_AFTER)
    try:
        at = parsedate_to_datetime(words)
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(at.replace(tzinfo=at.tzinfo or UTC) - now, timedelta(0)), LONGEST_RETRY_AFTER)


class _Gate:
    """Settles once whether a request has left or was given up: it cannot be both unsent and sent later."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._has_left = self._is_given_up = False
        self._socket: socket.socket | None = None

    def leave(self, by: socket.socket) -> None:
        with self._lock:
            if self._is_given_up:
                raise Unsent("it was given up before it left")
            self._has_left, self._socket = True, by

    def give_up(self) -> bool:
        """Let nothing leave any more, and nothing come; True when something has left."""
        with self._lock:
            self._is_given_up = True
            if self._socket is not None:
                # Whoever still reads an answer without end comes to one now.
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)
            return self._has_left


_here = threading.local()


class _Gated:
    """A connection whose bytes pass the gate of the request at hand. A proxy's CONNECT is not yet that request."""

    sock: Any
    host: str
    port: int
    timeout: Any
    socket_options: Any
    _is_tunnelling = False

    def _new_conn(self) -> socket.socket:
        if _here.allows is None:
            return super()._new_conn()  # type: ignore[misc,no-any-return]
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise urllib3.exceptions.NameResolutionError(self.host, self, error) from error  # type: ignore[arg-type]
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
        if not addresses or not all(map(_here.allows, addresses)):
            raise Unsent("its name leads to an address that may not be asked")
        return self._connected(addresses)

    def _connected(self, addresses: list[str]) -> socket.socket:
        """Connect to the first address that takes us, as a look-up of the name would have done."""
        trouble: OSError | None = None
        for address in addresses:
            try:
                return urllib3.util.connection.create_connection(
                    (address, self.port), self.timeout, socket_options=self.socket_options
                )
            except OSError as error:
                trouble = error
        if isinstance(trouble, TimeoutError):
            raise urllib3.exceptions.ConnectTimeoutError(self, "no connection in time") from trouble
        raise urllib3.exceptions.NewConnectionError(self, str(trouble)) from trouble  # type: ignore[arg-type]

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()  # type: ignore[attr-defined]
        if not self._is_tunnelling:
            _here.gate.leave(self.sock)
        super().send(data)  # type: ignore[misc]

    def _tunnel(self) -> None:
        self._is_tunnelling = True
        try:
            super()._tunnel()  # type: ignore[misc]
        finally:
            self._is_tunnelling = False


class _GatedHTTP(_Gated, HTTPConnection):
    pass


class _GatedHTTPS(_Gated, HTTPSConnection):
    pass


class _HTTPPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _GatedHTTP


class _HTTPSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _GatedHTTPS


_POOLS = {"http": _HTTPPool, "https": _HTTPSPool}


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **settings: Any) -> None:
        super().init_poolmanager(*args, **settings)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **settings: Any) -> Any:
        manager = super().proxy_manager_for(*args, **settings)
        manager.pool_classes_by_scheme = _POOLS
        return manager


class _Errand:
    """One request, in a thread of its own.

    A connection of its own, too: one kept open may have been closed by the other side just now, and a create that
    meets that is a doubt for nothing.
    """

    def __init__(
        self,
        ask: requests.Request,
        limits: Limits,
        most_bytes: int,
        allows: Callable[[str], bool] | None,
        by_proxy: bool,
    ) -> None:
        self._ask = ask
        self._limits = limits
        self._most_bytes = most_bytes
        self._allows = allows
        self._by_proxy = by_proxy
        self._gate = _Gate()
        self._over = threading.Event()
        self._answer: Reply | None = None
        self._error: Exception | None = None

    def run(self) -> Reply:
        threading.Thread(target=self._send, daemon=True, name="a request to the carrier").start()
        try:
            in_time = self._over.wait(self._limits.answer)
        except BaseException:
            # Interrupted: what has not left must not leave behind our back.
            self._gate.give_up()
            raise
        if in_time and self._answer is not None:
            return self._answer
        has_left = self._gate.give_up()
        reason = _said(self._error) if in_time else f"no answer within {self._limits.answer:g} s"
        # Without the cause: its text holds addresses with phone numbers in them.
        if has_left:
            raise Unanswered(reason) from None
        raise Unsent(reason) from None

    def _send(self) -> None:
        _here.gate, _here.allows = self._gate, self._allows
        # Without anything here, a password would be taken from ~/.netrc.
        self._ask.auth = self._ask.auth or (lambda prepared: prepared)
        try:
            with requests.Session() as session:
                session.mount("http://", _Adapter())
                session.mount("https://", _Adapter())
                prepared = session.prepare_request(self._ask)
                settings = session.merge_environment_settings(prepared.url, {}, True, None, None)
                if not self._by_proxy:
                    settings["proxies"] = {}
                with session.send(
                    prepared,
                    allow_redirects=False,
                    timeout=(self._limits.connect, self._limits.read),
                    **settings,
                ) as answer:
                    self._answer = Reply(answer.status_code, answer.headers, self._body_of(answer))
        except Exception as error:
            self._error = error
        finally:
            self._over.set()

    def _body_of(self, answer: requests.Response) -> bytes:
        body = bytearray()
        for some in answer.iter_content(PART) if self._most_bytes else ():
            body += some
            if len(body) > self._most_bytes:
                raise requests.exceptions.ChunkedEncodingError
        return bytes(body)


_SAID = (
    (requests.exceptions.ProxyError, "the proxy cannot be reached"),
    (requests.exceptions.ConnectTimeout, "it did not take the connection in time"),
    (requests.exceptions.ReadTimeout, "it did not answer in time"),
    (requests.exceptions.SSLError, "no secure connection: its certificate is not trusted, or it speaks no TLS"),
    (requests.exceptions.ChunkedEncodingError, "the connection broke in the middle of the answer"),
)


def _said(error: Exception | None) -> str:
    """Say what went wrong without the words of a library, in which addresses and phone numbers stand."""
    if isinstance(error, Unsent):
        return str(error)
    for kind, words in _SAID:
        if isinstance(error, kind):
            return words
    if isinstance(error, requests.exceptions.ConnectionError):
        reason = getattr(error.args[0] if error.args else None, "reason", None)
        if isinstance(reason, urllib3.exceptions.NameResolutionError):
            return "its name cannot be resolved"
        if isinstance(reason, urllib3.exceptions.NewConnectionError):
            return "it refuses the connection"
        return "the connection was closed without an answer"
    return f"it could not be asked ({type(error).__name__})"
