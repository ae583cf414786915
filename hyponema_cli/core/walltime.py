"""What instant is a reading of the clock on the wall? One, none (a gap) or two (a fold).

A clock change is a change of the zone's offset from UTC, of any size: thirty minutes on Lord Howe Island, a day
at the date line. Nothing here assumes an hour. All arithmetic is done in UTC, because Python compares and adds
datetimes of one zone by their wall reading (01:30 before and after the change are "equal").

PEP 495 gives the two offsets around a change: `fold=0` uses the offset before it, `fold=1` the one after. Equal
offsets mean an ordinary reading; the first one larger, a fold; the first one smaller, a gap.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Exact:
    """The reading is shown once, at this instant."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Gap:
    """The clock jumps over the reading. It shows its next reading at `ends_at`, and jumped by `length`."""

    ends_at: datetime
    length: timedelta


@dataclass(frozen=True, slots=True)
class Fold:
    """The clock shows the reading twice."""

    first: datetime
    second: datetime


Reading = Exact | Gap | Fold


def read(wall: datetime, zone: tzinfo) -> Reading:
    """Say at which instants (UTC) the clocks of `zone` show the naive reading `wall`.

    >>> from zoneinfo import ZoneInfo
    >>> read(datetime(2026, 10, 25, 2, 30), ZoneInfo("Europe/Madrid")).first.isoformat()
    '2026-10-25T00:30:00+00:00'
    >>> read(datetime(2026, 3, 29, 2, 30), ZoneInfo("Europe/Madrid")).ends_at.isoformat()
    '2026-03-29T01:00:00+00:00'
    """
    before = _offset(wall.replace(tzinfo=zone, fold=0))
    after = _offset(wall.replace(tzinfo=zone, fold=1))
    by_before = wall.replace(tzinfo=UTC) - before
    if before == after:
        return Exact(by_before)
    by_after = wall.replace(tzinfo=UTC) - after
    if before > after:
        return Fold(first=by_before, second=by_after)
    return Gap(ends_at=first_change(zone, by_after, by_before) or by_before, length=after - before)


def wall_of(instant: datetime, zone: tzinfo) -> datetime:
    """Return the naive reading that the clocks of `zone` show at `instant`."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def day_around(instant: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return when the day of `instant` on the clocks of `zone` begins and ends (its end is the next day's begin)."""
    midnight = wall_of(instant, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    begin, end = (_first_instant(midnight + timedelta(days=days), zone) for days in (0, 1))
    return begin, end


def _first_instant(wall: datetime, zone: tzinfo) -> datetime:
    match read(wall, zone):
        case Exact(at):
            return at
        case Fold(first, _):
            return first
        case Gap(ends_at):
            return ends_at


def offset_at(instant: datetime, zone: tzinfo) -> timedelta:
    """Return the offset from UTC in force in `zone` at `instant`."""
    return _offset(instant.astimezone(zone))


# No zone in the IANA data changes its clocks back and forth within this time; a search in these steps
# cannot jump over a pair of changes.
_STEP = timedelta(hours=6)


def first_change(zone: tzinfo, after: datetime, until: datetime) -> datetime | None:
    """Return the first instant in (after, until] with another offset than the one in force at `after`.

    Exact to the second. None when the offset stays the same.
    """
    offset = offset_at(after, zone)
    low = after
    while low < until:
        high = min(low + _STEP, until)
        if offset_at(high, zone) != offset:
            return _bisect(zone, low, high, offset)
        low = high
    return None


def _bisect(zone: tzinfo, low: datetime, high: datetime, offset: timedelta) -> datetime:
    """Return the first second in (low, high] at which `offset` is no longer in force."""
    seconds_low, seconds_high = 0, -(-(high - low) // SECOND)
    while seconds_high - seconds_low > 1:
        middle = (seconds_low + seconds_high) // 2
        if offset_at(low + middle * SECOND, zone) == offset:
            seconds_low = middle
        else:
            seconds_high = middle
    return low + seconds_high * SECOND


def _offset(aware: datetime) -> timedelta:
    offset = aware.utcoffset()
    assert offset is not None, "a zone of the IANA data always knows its offset"
    return offset
