"""How does somebody outside learn that hyp is alive? A service that misses a request raises the alarm."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from hyponema_cli.clock import Clock

EVERY = timedelta(minutes=1)
"""How often a worker pings; a tick does so once."""


def ping(url: str) -> str | None:
    """Ask for an address; return what went wrong, or None."""
    # Imported here: an idle tick without such an address must not pay for it.
    import requests

    from hyponema_cli.http_once import Limits, Unanswered, Unsent, send_once

    try:
        answer = send_once(requests.Request("GET", url), Limits(connect=3, read=5, answer=5), most_bytes=0)
    except (Unsent, Unanswered) as error:
        return f"heartbeat_url: {error}"
    return None if answer.status < 400 else f"heartbeat_url: HTTP {answer.status}"


class Pinger:
    """Pings once a minute for as long as somebody says that all is well, from a thread of its own."""

    def __init__(self, url: Callable[[], str | None], clock: Clock, on_trouble: Callable[[str], None]) -> None:
        self._url = url
        self._clock = clock
        self._on_trouble = on_trouble
        self._well_at: datetime | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="heartbeat")

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def all_is_well(self, now: datetime) -> None:
        """Say that a pass went well."""
        self._well_at = now

    def stop(self) -> None:
        """Ping no more."""
        self._stop.set()

    def _run(self) -> None:
        pinged_at, trouble = None, None
        while not self._stop.wait(1):
            now, well_at = self._clock.now(), self._well_at
            is_due = pinged_at is None or not timedelta(0) <= now - pinged_at < EVERY
            if well_at is None or not is_due or (pinged_at is not None and well_at <= pinged_at):
                continue
            pinged_at = now
            url = self._url()
            found = ping(url) if url is not None else None
            if found is not None and found != trouble:
                self._on_trouble(found)
            trouble = found
