"""When does a rule ring, if one looks at the clock on the wall at every single minute?

The slowest honest answer, to judge the fast one by. It shares no code and no idea with `hyponema_cli.core.schedule`:
no gaps, no folds, no croniter, no jumping ahead. It walks through real time minute by minute, writes down what the
clocks show, and compares.

- A *repeating* rule rings at every real minute whose reading matches.
- A *fixed* rule looks at every minute of the calendar's local days. One that the clocks show rings at the first real
  minute that shows it; one that they never show rings at the first real minute that shows a later one, unless the
  clocks jumped by more than three hours.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
LONGEST_JUMP = timedelta(hours=3)

Matches = Callable[[datetime], bool]


def weekly(weekdays: tuple[int, ...], at: time) -> Matches:
    """Match a reading on these ISO weekdays at this time of day."""
    return lambda wall: wall.isoweekday() in weekdays and wall.time() == at


def cron(text: str) -> Matches:
    """Match a reading by the five fields, as crontab(5) of Debian describes them."""
    minute, hour, day, month, weekday = text.casefold().split()
    minutes = _numbers(minute, range(60))
    hours = _numbers(hour, range(24))
    days = _numbers(day, range(1, 32))
    months = _numbers(month, range(1, 13), "jan feb mar apr may jun jul aug sep oct nov dec", 1)
    weekdays = {number % 7 for number in _numbers(weekday, range(8), "sun mon tue wed thu fri sat", 0)}
    both = day.startswith("*") or weekday.startswith("*")

    def matches(wall: datetime) -> bool:
        if wall.minute not in minutes or wall.hour not in hours or wall.month not in months:
            return False
        on_day, on_weekday = wall.day in days, wall.isoweekday() % 7 in weekdays
        return (on_day and on_weekday) if both else (on_day or on_weekday)

    return matches


def is_repeating(text: str) -> bool:
    """Say whether a cron text follows real time."""
    minute, hour, *_ = text.split()
    return minute.startswith("*") or hour.startswith("*")


class ClockOnTheWall:
    """Every minute of (start, end], and what the clocks of a zone showed at it."""

    def __init__(self, zone: ZoneInfo, start: datetime, end: datetime) -> None:
        self.start = start
        # Four hours more, so that a reading which is shown in this time for the second time is known to be.
        first = start.replace(second=0, microsecond=0) - timedelta(hours=4)
        minutes = (first + number * MINUTE for number in range((end - first) // MINUTE + 1))
        self.shown = [(at, _reading(at, zone)) for at in minutes]
        self.first_shown = {wall: at for at, wall in reversed(self.shown)}
        earliest, latest = min(self.first_shown), max(self.first_shown)
        self.calendar = [earliest + number * MINUTE for number in range((latest - earliest) // MINUTE + 1)]

    def rings_repeating(self, matches: Matches) -> list[datetime]:
        """Return the instants at which a repeating rule rings."""
        return [at for at, wall in self.shown if at > self.start and matches(wall)]

    def rings_fixed(self, matches: Matches) -> list[datetime]:
        """Return the instants at which a fixed rule rings; two readings that ring together ring once."""
        rings = {self._lands(wall) for wall in self.calendar if matches(wall)}
        return sorted(at for at in rings if at is not None and at > self.start)

    def _lands(self, wall: datetime) -> datetime | None:
        if wall in self.first_shown:
            return self.first_shown[wall]
        for (_, last), (at, following) in pairwise(self.shown):
            if following > wall > last:
                return at if following - last - MINUTE <= LONGEST_JUMP else None
        raise AssertionError(f"{wall} lies between two readings, but none was found")


def rings(text: str, zone: ZoneInfo, start: datetime, end: datetime) -> list[datetime]:
    """Return the instants in (start, end] at which a cron text rings."""
    clock = ClockOnTheWall(zone, start, end)
    return clock.rings_repeating(cron(text)) if is_repeating(text) else clock.rings_fixed(cron(text))


def _reading(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None, fold=0)


def _numbers(field: str, every: range, names: str = "", first_name: int = 0) -> set[int]:
    for number, name in enumerate(names.split(), first_name):
        field = field.replace(name, str(number))
    found: set[int] = set()
    for item in field.split(","):
        body, _, step = item.partition("/")
        low, dash, high = body.partition("-")
        if low == "*":
            numbers = every
        elif dash:
            # A week may end on its Sunday by name: fri-sun is 5-7.
            numbers = range(int(low), (int(high) if int(high) >= int(low) else 7) + 1)
        else:
            numbers = range(int(low), (every[-1] if step else int(low)) + 1)
        found.update(numbers[:: int(step or 1)])
    return found
