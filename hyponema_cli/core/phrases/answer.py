"""What does hyp answer to a caller's words? A moment that is certain, or a question back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from hyponema_cli.core import walltime
from hyponema_cli.core.phrases.said import Assumed, Language


class Kind(StrEnum):
    """Why a question is asked. These words are stable: agents may rely on them."""

    TWO_READINGS = "two-readings"
    """People mean different moments by these words: "next Friday" on a Thursday, 03/04, midnight."""
    PART_OF_DAY = "part-of-day"
    """A day and a part of it, but no time."""
    NO_TIME = "no-time"
    """A day, or something like "later", but no time."""
    NO_DATE = "no-date"
    """No day, or one of several: "next week", "in the morning"."""
    IN_A_GAP = "in-a-gap"
    """The clocks skip that time."""
    TWICE = "twice"
    """The clocks show that time twice."""
    PAST = "past"
    NO_SUCH_DATE = "no-such-date"
    """29 February in a common year, the 31st in November."""
    CONTRADICTION = "contradiction"
    """A Thursday that is a Friday, ten in the morning p.m."""
    TOO_FAR = "too-far"
    NOT_UNDERSTOOD = "not-understood"
    """Some words are left over; one of them may be "not"."""
    TOO_LONG = "too-long"


@dataclass(frozen=True, slots=True)
class Moment:
    """The moment that the words meant: to the minute, on the caller's clocks and in UTC.

    What is `assumed` was not said, but taken for granted by custom; the language is that of the words. Neither makes
    another moment.
    """

    at: datetime
    wall: datetime
    """What the caller's clocks show then, naive."""
    zone: ZoneInfo
    fold: int = 0
    """1 when the clocks show `wall` for the second time."""
    assumed: Assumed | None = field(default=None, compare=False)
    language: Language = field(default="en", compare=False)


@dataclass(frozen=True, slots=True)
class Unclear:
    """What to ask the caller, in their language, and the moments that they may have meant (there may be none)."""

    kind: Kind
    question: str
    alternatives: tuple[Moment, ...] = ()
    language: Language = "en"


def moments_at(wall: datetime, zone: ZoneInfo) -> tuple[Moment, ...]:
    """Return when the clocks show `wall`: once, twice, or not at all."""
    match walltime.read(wall, zone):
        case walltime.Exact(at):
            return (Moment(at, wall, zone),)
        case walltime.Fold(first, second):
            return (Moment(first, wall, zone), Moment(second, wall, zone, fold=1))
        case walltime.Gap():
            return ()


def moments_around(wall: datetime, zone: ZoneInfo) -> tuple[Moment, ...]:
    """Return when the clocks show `wall`, or, in a gap, the same time by the clock before and after the change."""
    reading = walltime.read(wall, zone)
    if isinstance(reading, walltime.Gap):
        return tuple(moment for by in (-1, 1) for moment in moments_at(wall + by * reading.length, zone))
    return moments_at(wall, zone)
