"""What time did the operator type? Instants, times of day, durations, zones; nothing is guessed.

An offset or `Z` wins. A naive time needs a zone, and in a gap or a fold of that zone it is refused with both choices
named: a person is present who can choose. The machine's own zone is never used.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from hyponema_cli.core import walltime
from hyponema_cli.core.errors import InvalidInput, suggestion

_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?", re.ASCII)
_DURATION = re.compile("".join(rf"(?:([0-9]+){unit})?" for unit in "wdhms"), re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?( ?([+-]\d{2}(:?\d{2})?|[Zz]))?", re.ASCII)
_DURATION_UNITS = ("weeks", "days", "hours", "minutes", "seconds")
FIRST_YEAR, LAST_YEAR = 1900, 9899
LONGEST_DURATION = timedelta(days=3660)


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant as it was typed: with a zone's wall reading when that is what was meant, else only the instant."""

    at: datetime
    wall: datetime | None = None
    fold: int = 0


@lru_cache(maxsize=256)
def parse_zone(name: str) -> ZoneInfo:
    """Return the IANA zone of that name; raises InvalidInput with the nearest name for any other word.

    Names that differ from the IANA's only in case are refused too: what is stored must mean the same everywhere.
    """
    # Not everything that ZoneInfo opens is a zone: `localtime` is the machine's own, `Factory` is none.
    if name not in _zone_names():
        hint = suggestion(name, _zone_names(), otherwise="an IANA name, as in Europe/Madrid or America/New_York")
        raise InvalidInput(f"unknown timezone {name!r}", hint=hint)
    return ZoneInfo(name)


@lru_cache(maxsize=256)
def stored_zone(name: str) -> ZoneInfo:
    """Return the zone of a name that `parse_zone` once took; raises InvalidInput when there is none of it any more.

    Listing all zones, to be sure that a word is one, takes half as long as a whole idle tick.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        return parse_zone(name)


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones() - {"localtime", "Factory"})


def parse_time_of_day(text: str) -> time:
    """Read `09:30` or `09:30:00`.

    >>> parse_time_of_day("9:30")
    datetime.time(9, 30)
    """
    match = _TIME.fullmatch(text.strip())
    hint = "a time of day is HH:MM, from 00:00 to 23:59"
    if match is None:
        raise InvalidInput(f"{text!r} is not a time of day", hint=hint)
    hour, minute, second = (int(part or 0) for part in match.groups())
    for name, value, limit in (("hour", hour, 23), ("minute", minute, 59), ("second", second, 59)):
        if value > limit:
            raise InvalidInput(f"time {text!r}: {name} must be 0-{limit}", hint=hint)
    return time(hour, minute, second)


def parse_duration(text: str) -> timedelta:
    """Read `90s`, `15m`, `1h30m`, `2d`; a bare number is seconds, as in the guides' JSON.

    >>> parse_duration("1h30m"), parse_duration("600")
    (datetime.timedelta(seconds=5400), datetime.timedelta(seconds=600))
    """
    words = text.strip()
    match = _DURATION.fullmatch(words + "s" if words.isdigit() else words)
    if not words or match is None:
        raise InvalidInput(f"{text!r} is not a duration", hint="durations are written 90s, 15m, 1h30m or 2d")
    digits = {unit: part for unit, part in zip(_DURATION_UNITS, match.groups(), strict=True) if part}
    # Nine digits are more than ten years of seconds; more than 4,300 Python would not even read.
    parts = {unit: int(part[-9:]) for unit, part in digits.items()}
    if any(len(part) > 9 for part in digits.values()) or timedelta(**parts) > LONGEST_DURATION:
        raise InvalidInput(f"duration {text!r} is longer than ten years", hint="durations are written 15m, 2h, 7d")
    return timedelta(**parts)


def duration_text(duration: timedelta) -> str:
    """Write a duration as `parse_duration` reads it.

    >>> duration_text(timedelta(minutes=90)), duration_text(timedelta(0))
    ('1h30m', '0s')
    """
    seconds = int(duration.total_seconds())
    parts = []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def parse_moment(text: str, zone: ZoneInfo | None, *, fold: int | None = None) -> Moment:
    """Read `2026-12-01 14:30`, with an offset or in `zone`.

    `fold` (0 first, 1 second) chooses in a reading that happens twice. Raises InvalidInput when the text is no
    instant, naive without a zone, or names no or two instants and no choice was made.
    """
    words = text.strip().upper()
    try:
        # The shape is checked first: fromisoformat takes any letter between date and time.
        moment = (
            datetime.fromisoformat(words.replace(" +", "+").replace(" -", "-")) if _INSTANT.fullmatch(words) else None
        )
    except ValueError:
        moment = None
    if moment is None:
        raise InvalidInput(
            f"{text!r} is not a date and time",
            hint="write 2026-12-01 14:30 (with --tz), or 2026-12-01T14:30:00+01:00",
        )
    moment = moment.replace(microsecond=0)
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise _outside_calendar(text)
    try:
        if moment.tzinfo is not None:
            return Moment(moment.astimezone(UTC))
        if zone is None:
            raise InvalidInput(
                f"{text!r} has no timezone", hint="add --tz Europe/Madrid, or an offset as in 2026-12-01T14:30+01:00"
            )
        return _place(moment, zone, fold)
    except OverflowError:
        raise _outside_calendar(text) from None


def earlier(moment: Moment, lead: str, zone: ZoneInfo | None, *, fold: int | None = None) -> Moment:
    """Return the moment that lies `lead` before another.

    Weeks and days are days on the wall, whatever their length: `1d` before ten o'clock is ten o'clock. Hours and
    minutes pass in real time: `24h` before ten o'clock is nine or eleven when the clocks change in between. Where no
    clock is known, a day has 24 hours.
    """
    elapsed = parse_duration(lead)
    if zone is None:
        return Moment(moment.at - elapsed)
    weeks, days = (re.search(rf"([0-9]+){unit}", lead, re.ASCII) for unit in "wd")
    on_the_wall = timedelta(weeks=int(weeks[1]) if weeks else 0, days=int(days[1]) if days else 0)
    if on_the_wall:
        wall = moment.wall if moment.wall is not None else walltime.wall_of(moment.at, zone)
        moment = _place(wall - on_the_wall, zone, fold)
    elapsed -= on_the_wall
    return Moment(moment.at - elapsed) if elapsed else moment


def parse_bound(text: str, zone: ZoneInfo | None, *, end: bool) -> datetime:
    """Read the inclusive start or end of a rule: an instant, or a date, which means all of that day in `zone`."""
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        return parse_moment(text, zone, fold=1 if end else 0).at
    if zone is None:
        raise InvalidInput(
            f"{text!r} has no timezone", hint="add --tz Europe/Madrid, or write an instant with an offset"
        )
    wall = datetime.combine(day, time(23, 59, 59) if end else time(0, 0))
    if not FIRST_YEAR <= wall.year <= LAST_YEAR:
        raise _outside_calendar(text)
    match walltime.read(wall, zone):
        case walltime.Exact(at):
            return at
        case walltime.Fold(first, second):
            return second if end else first
        case walltime.Gap(ends_at):
            return ends_at - walltime.SECOND if end else ends_at


def _outside_calendar(text: str) -> InvalidInput:
    return InvalidInput(f"{text!r} is outside the calendar", hint=f"years {FIRST_YEAR} to {LAST_YEAR} can be used")


def _place(wall: datetime, zone: ZoneInfo, fold: int | None) -> Moment:
    match walltime.read(wall, zone):
        case walltime.Exact(at):
            return Moment(at, wall)
        case walltime.Fold(first, second):
            if fold is None:
                raise InvalidInput(
                    f"{_reading(wall)} happens twice in {zone.key}: "
                    f"{_with_offset(first, zone)} and {_with_offset(second, zone)}",
                    hint="choose with --fold first or --fold second, or write the offset",
                )
            return Moment(second if fold else first, wall, fold)
        case walltime.Gap(ends_at, length):
            last = ends_at - walltime.SECOND * 60
            raise InvalidInput(
                f"{_reading(wall)} does not exist in {zone.key}: the clocks go forward {duration_text(length)} there",
                hint=f"use {_with_offset(last, zone)} before the change or {_with_offset(ends_at, zone)} after it",
            )


def _reading(wall: datetime) -> str:
    return wall.isoformat(" ", "minutes" if not wall.second else "seconds")


def _with_offset(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).isoformat(timespec="minutes")
