"""Which times of the day do the words mean? Every time that a face of the clock may stand for.

An hour of which only a 24-hour clock speaks (0, 13 to 23, 07:30), `am` or `pm`, or a part of the day leaves one time.
A bare hour has two, and on another day than today the one that everybody would take, which is then told as assumed:

| said | taken as |
|---|---|
| 1 to 6 | the afternoon |
| 7, 8 | asked |
| 9 to 11 | the morning |
| 12 | noon |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from hyponema_cli.core.phrases.said import Assumed, Clock, Part

CONVENTION = (*range(9, 12), 12, *range(13, 19))
"""The hours that a bare hour is taken for: 9 is 9, 1 is 13, and 7 and 8 are not among them."""

_NIGHTS = frozenset({Part.NIGHT, Part.NOCHE})
_LATE = frozenset({0, 1, 2, 3})
"""The night of a day goes on after midnight, on the next day's date."""
PART_HOURS: Mapping[Part, frozenset[int]] = {
    Part.MORNING: frozenset(range(13)),
    Part.AFTERNOON: frozenset(range(12, 19)),
    Part.EVENING: frozenset(range(16, 24)),
    Part.NIGHT: frozenset(range(18, 24)) | _LATE,
    Part.MANANA: frozenset(range(13)),
    Part.MEDIODIA: frozenset(range(12, 16)),
    Part.TARDE: frozenset(range(12, 22)),
    Part.NOCHE: frozenset(range(19, 24)) | _LATE,
    Part.MADRUGADA: frozenset(range(7)),
}
"""The hours that can be said with a part of the day. "12 in the morning" is noon to some and midnight to others."""

EXAMPLES: Mapping[Part, tuple[int, ...]] = {
    Part.MORNING: (9, 10, 11),
    Part.AFTERNOON: (13, 15, 17),
    Part.EVENING: (18, 19, 20),
    Part.NIGHT: (20, 21, 22),
    Part.MANANA: (9, 10, 11),
    Part.MEDIODIA: (12, 13, 14),
    Part.TARDE: (16, 17, 18),
    Part.NOCHE: (20, 21, 22),
    Part.MADRUGADA: (5, 6),
}
"""What is offered when only a part of the day was said."""


def times_of(clock: Clock, part: Part | None) -> tuple[time, ...]:
    """Return the times of the day that the clock's faces may stand for, earliest first; none when they contradict.

    >>> times_of(Clock(((10, 30),)), None)
    (datetime.time(10, 30), datetime.time(22, 30))
    >>> times_of(Clock(((10, 30),)), Part.NOCHE)
    (datetime.time(22, 30),)
    """
    times = (time(hour, minute) for number, minute in clock.faces for hour in _hours(number, clock, part))
    return tuple(sorted({some for some in times if part is None or some.hour in PART_HOURS[part]}))


def _hours(number: int, clock: Clock, part: Part | None) -> tuple[int, ...]:
    match clock.half:
        case "24h":
            return (number,)
        case "written" if part is None:
            return (number,)
        case "am":
            return (number % 12,) if 1 <= number <= 12 else ()
        case "pm":
            return (number % 12 + 12,) if number else ()
        case _:
            return (number % 12, number % 12 + 12)


def is_bare(clock: Clock, part: Part | None) -> bool:
    """True when nothing but custom tells which half of the day is meant."""
    return clock.half in (None, "written") and part is None


def unwritten(clock: Clock) -> Clock:
    """Return the clock as it was spoken: who wrote 10:30 down may have heard "ten thirty"."""
    return replace(clock, half=None) if clock.half == "written" else clock


def by_convention(times: tuple[time, ...]) -> tuple[time, ...]:
    """Return of the times of a bare hour the one that everybody would take; all of them where there is none."""
    taken = tuple(some for some in times if some.hour in CONVENTION)
    return taken if len(taken) * 2 == len(times) else times


def assumed_name(at: time) -> Assumed:
    """Name the part of the day that was taken for granted."""
    if at.hour == 12:
        return "noon"
    return "morning" if at.hour < 12 else "afternoon" if at.hour < 18 else "evening"


def dates_of(day: date, at: time, clock: Clock, part: Part | None) -> tuple[date, ...]:
    """Return on which dates the time may stand that words put on a day: a day's night and midnight reach the next."""
    is_late = part in _NIGHTS and at.hour in _LATE
    return (day, day + timedelta(days=1)) if clock.is_midnight or is_late else (day,)


def is_midnight(clock: Clock, at: time, part: Part | None) -> bool:
    """True for "midnight" and for "twelve tonight": the date of it is another than many have in mind."""
    return clock.is_midnight or (part in _NIGHTS and at == time())


def same_time(wall: datetime) -> Clock:
    """Return the time that a clock shows, as a 24-hour clock says it."""
    return Clock(((wall.hour, wall.minute),), "24h")
