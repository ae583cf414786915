"""What does a month look like on the clocks of a zone, and on which of its days does a rule fire?

A day is a day of the local calendar: it may have 23 or 25 hours, or be left out altogether at the date line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from hyponema_cli.core import walltime
from hyponema_cli.core.schedule import Occurrence

DAY = timedelta(days=1)
KEPT = 3
"""How many firings of a day are kept whole; of the others, only the last and their number."""


@dataclass(frozen=True, slots=True)
class ClockChange:
    """The clocks, about to show `before`, show `after` instead. Both are wall readings."""

    at: datetime
    before: datetime
    after: datetime

    @property
    def step(self) -> timedelta:
        """By how much they go forward; negative when they go back."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Day:
    """One date of a month."""

    date: date
    exists: bool
    """False for a date that the zone left out."""
    changes: tuple[ClockChange, ...] = ()


@dataclass(slots=True)
class Firings:
    """The firings of one local day. A rule may have 1,500 of them, so most are only counted."""

    first: list[Occurrence] = field(default_factory=list)
    """The first KEPT."""
    last: Occurrence | None = None
    noted: list[Occurrence] = field(default_factory=list)
    """Those to which the clocks did something."""
    count: int = 0

    def add(self, occurrence: Occurrence) -> None:
        """Take in the next one."""
        self.count += 1
        self.last = occurrence
        if len(self.first) < KEPT:
            self.first.append(occurrence)
        if occurrence.note is not None:
            self.noted.append(occurrence)


def by_day(occurrences: Iterable[Occurrence], zone: tzinfo) -> dict[date, Firings]:
    """Sort occurrences, in order, by the local days on which they fall."""
    days: dict[date, Firings] = {}
    for occurrence in occurrences:
        days.setdefault(walltime.wall_of(occurrence.at, zone).date(), Firings()).add(occurrence)
    return days


def days_of(month: date, zone: tzinfo) -> list[Day]:
    """Return every date of the month in which `month` falls, whether it exists on the clocks of `zone` or not."""
    first = month.replace(day=1)
    changes = list(_changes(first, next_month(first), zone))
    dates = (first + DAY * number for number in range((next_month(first) - first).days))
    return [
        Day(day, _exists(day, zone), tuple(change for change in changes if change.after.date() == day))
        for day in dates
    ]


def next_month(day: date) -> date:
    """Return the first day of the month after that of `day`.

    >>> next_month(date(2026, 12, 31))
    datetime.date(2027, 1, 1)
    """
    return (day.replace(day=28) + DAY * 4).replace(day=1)


def last_of_month(day: date) -> date:
    """Return the last day of the month of `day`."""
    return next_month(day) - DAY


def months(first: date, last: date) -> Iterator[date]:
    """Yield the first day of each month from that of `first` to that of `last`."""
    month = first.replace(day=1)
    while month <= last:
        yield month
        month = next_month(month)


def _changes(first: date, end: date, zone: tzinfo) -> Iterator[ClockChange]:
    # No zone is further than a day from UTC; the change itself knows on which date it falls.
    at = datetime.combine(first, time(), UTC) - DAY
    until = datetime.combine(end, time(), UTC) + DAY
    while (found := walltime.first_change(zone, at, until)) is not None:
        before = (found - walltime.SECOND).astimezone(zone).replace(tzinfo=None, fold=0) + walltime.SECOND
        yield ClockChange(found, before, walltime.wall_of(found, zone))
        at = found


def _exists(day: date, zone: tzinfo) -> bool:
    match walltime.read(datetime.combine(day, time()), zone):
        case walltime.Gap(ends_at):
            return walltime.wall_of(ends_at, zone).date() == day
    return True
