"""When is a calling window open, if a person looks at the clock on the wall at every single minute?

The slowest honest answer, to judge the fast one by. It shares no code and no idea with `hyponema_cli.core.window`:
no spans that are compared, no gaps, no folds, no jumping ahead. The hours are painted, minute by minute, on a sheet
of one week; then real time is walked minute by minute, and what each clock shows is looked up on the sheet.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
MIDNIGHT = time(0, 0)
NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Reading = tuple[int, int, int]
"""ISO weekday, hour, minute."""


class Hours(NamedTuple):
    """From `start` until `end` of each of the days; an end that is not later than the start is the next day's."""

    days: tuple[int, ...]
    start: time
    end: time

    @property
    def text(self) -> str:
        """Write it as a person would type it; an end at midnight is 24:00."""
        end = f"{self.end:%H:%M}" if self.end != MIDNIGHT else "24:00"
        return f"{','.join(NAMES[day - 1] for day in self.days)} {self.start:%H:%M}-{end}"

    def painted(self) -> Iterator[Reading]:
        """Yield every reading of the week that lies in these hours."""
        for day in self.days:
            yield from _painted(day, self.start, self.end)


class Window(NamedTuple):
    """Hours of the week, without some dates: of one year, or of every year (then the year is that of a leap day)."""

    hours: tuple[Hours, ...]
    closed: tuple[date, ...] = ()
    closed_every_year: tuple[date, ...] = ()

    @property
    def text(self) -> str:
        """Write it as a person would type it."""
        dates = [f"{day:%Y-%m-%d}" for day in self.closed] + [f"{day:%m-%d}" for day in self.closed_every_year]
        return "; ".join([each.text for each in self.hours] + ([f"not {', '.join(dates)}"] if dates else []))


class Sheet:
    """The week of a window, painted."""

    def __init__(self, window: Window) -> None:
        self.open = frozenset(reading for hours in window.hours for reading in hours.painted())
        self.closed = frozenset(window.closed)
        self.closed_every_year = frozenset((day.month, day.day) for day in window.closed_every_year)

    def is_open(self, at: datetime, zones: Sequence[ZoneInfo]) -> bool:
        """Say whether every clock shows an open minute."""
        return self.shows_open([at.astimezone(zone) for zone in zones])

    def shows_open(self, walls: Sequence[datetime]) -> bool:
        """Say whether all of these readings, one a clock, are open."""
        for wall in walls:
            if (wall.isoweekday(), wall.hour, wall.minute) not in self.open:
                return False
            if wall.date() in self.closed or (wall.month, wall.day) in self.closed_every_year:
                return False
        return bool(walls)

    def opens_at(self, at: datetime, zones: Sequence[ZoneInfo], until: datetime) -> datetime | None:
        """Return the first instant from `at` to `until` at which it is open: `at` itself, or a whole minute."""
        return next((each for each in minutes(at, until) if self.is_open(each, zones)), None)


def minutes(at: datetime, until: datetime) -> Iterator[datetime]:
    """Yield `at` and every whole minute after it up to `until`, of real time."""
    yield at
    at = at.replace(second=0, microsecond=0) + MINUTE
    while at <= until:
        yield at
        at += MINUTE


@cache
def _painted(day: int, start: time, end: time) -> tuple[Reading, ...]:
    readings: list[Reading] = []
    # The first of January 2024 was a Monday. No clock is changed on a sheet of paper.
    pen = datetime(2024, 1, day, start.hour, start.minute, tzinfo=UTC)
    while not readings or pen.time() != end:
        readings.append((pen.isoweekday(), pen.hour, pen.minute))
        pen += MINUTE
    return tuple(readings)
