"""What time is it? The only file that reads or waits for time.

A pass reads `now` once and hands it down; the core, the store and the carriers take it as an argument. SQLite's own
clock is never used.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time as an aware UTC datetime."""

    def now(self) -> datetime:
        """Return the present instant, in UTC."""
        ...

    def wait_until(self, instant: datetime) -> None:
        """Come back at that instant, or at once when it has passed."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present instant, in UTC."""
        return datetime.now(UTC)

    def wait_until(self, instant: datetime) -> None:
        """Sleep; a clock that is stepped meanwhile makes it no longer."""
        pause(max((instant - self.now()).total_seconds(), 0))


class VirtualClock:
    """A clock that stands still until it is set: the demo's, the simulation's and the tests'."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        """Return the instant that it was last set to."""
        return self._now

    def set(self, now: datetime) -> None:
        """Move to `now`, forward or back."""
        self._now = now

    def wait_until(self, instant: datetime) -> None:
        """Move forward to `instant`; never back."""
        self._now = max(self._now, instant)


def pause(seconds: float) -> None:
    """Wait, for the eyes of whoever watches."""
    time.sleep(seconds)
