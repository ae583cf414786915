"""How do these tests wait? For a condition, with a deadline; never for luck."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, sleep


def until(condition: Callable[[], object], seconds: float = 30, pause: float = 0.002) -> None:
    """Return as soon as `condition` is true; fail when it is not within `seconds`."""
    end = monotonic() + seconds
    while not condition():
        assert monotonic() < end, f"waited {seconds:g} s in vain"
        sleep(pause)


def for_seconds(seconds: float, at_work: Callable[[], object]) -> None:
    """Do something again and again until `seconds` are over: the time itself is what is tried."""
    end = monotonic() + seconds
    while monotonic() < end:
        at_work()
        sleep(0.05)


def until_or_after(seconds: float, condition: Callable[[], object]) -> None:
    """Return as soon as `condition` is true, or when `seconds` are over: either will do."""
    end = monotonic() + seconds
    while not condition() and monotonic() < end:
        sleep(0.01)
