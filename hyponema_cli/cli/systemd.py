"""What does systemd want to know of a service? That it is ready, what it is at, and that it stops: sd_notify(3).

Without systemd there is nobody to tell, and nothing happens.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import suppress


class Notifier:
    """Tells systemd; never fails, because nothing depends on it but systemd itself."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        address = environ.get("NOTIFY_SOCKET") or ""
        # An address in the abstract namespace is written with an @ (sd_notify(3), unix(7)).
        self._address = "\0" + address[1:] if address.startswith("@") else address

    def ready(self, status: str) -> None:
        """The service works."""
        self._tell(f"READY=1\nSTATUS={status}")

    def alive(self, status: str) -> None:
        """It still does; this is what the watchdog waits for."""
        self._tell(f"WATCHDOG=1\nSTATUS={status}")

    def stopping(self) -> None:
        """It ends what is in hand."""
        self._tell("STOPPING=1\nSTATUS=finishing what is in hand")

    def _tell(self, words: str) -> None:
        if not self._address:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as door:
            door.connect(self._address)
            door.sendall(words.encode())
