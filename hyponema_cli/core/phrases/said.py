"""What can words say about a time? These things, before anybody asks which moment they make together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Literal

Language = Literal["en", "es"]
Half = Literal["am", "pm", "24h", "written", None]
"""Which half of the day the words named; None when they named none, as in "at 10".

`written` is 10:30 to 12:59 in digits: so a 24-hour clock shows the morning, and so "ten thirty tonight" is written.
"""


class Part(StrEnum):
    """A part of the day. Their hours stand in `hours.py`: Spanish and English cut the day differently."""

    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"
    NIGHT = "night"
    MANANA = "mañana"
    MEDIODIA = "mediodía"
    TARDE = "tarde"
    NOCHE = "noche"
    MADRUGADA = "madrugada"


class Which(StrEnum):
    """Which of all Mondays?"""

    BARE = "monday"
    """Also "this Monday": the first to come; on a Monday, today or in a week."""
    COMING = "this coming monday"
    """The first after today."""
    NEXT = "next monday"
    """The first to come, unless that is still in this week: then some mean it, and others the one after it."""
    OF_THIS_WEEK = "monday of this week"
    OF_NEXT_WEEK = "monday of next week"
    WEEKS_AFTER = "a week on monday"
    """So many weeks after the first to come."""


Assumed = Literal["morning", "noon", "afternoon", "evening", "same time"]
"""What was not said, but taken for granted."""


@dataclass(frozen=True, slots=True)
class Clock:
    """A time on the clock face; `half five` is two of them."""

    faces: tuple[tuple[int, int], ...]
    half: Half = None
    is_midnight: bool = False
    """The midnight of a day may be its first or its last."""


@dataclass(frozen=True, slots=True)
class SameTime:
    """The time of day that it is now."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The first (0) or the second (1) time that the clocks show a reading."""

    fold: int


@dataclass(frozen=True, slots=True)
class Delay:
    """Real time from now on, whatever the clocks do meanwhile."""

    length: timedelta


@dataclass(frozen=True, slots=True)
class Ahead:
    """So many days, or months, after today; several numbers are several readings."""

    days: tuple[int, ...] = (0,)
    months: int = 0
    keeps_time: bool = False
    """Counted ("in two days"), not named ("tomorrow"): without a time of its own it means the time that it is now."""
    follows_sleep: bool = False
    """"Tomorrow": after midnight many mean the day that follows the night, which is today."""


@dataclass(frozen=True, slots=True)
class Weekday:
    """An ISO day of the week."""

    number: int
    which: Which = Which.BARE
    weeks: int = 0


@dataclass(frozen=True, slots=True)
class DayOfMonth:
    """The 3rd of some month."""

    day: int


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A date; without a year it is the next one. Several (month, day) are several readings, as of 03/04."""

    month_days: tuple[tuple[int, int], ...]
    year: int | None = None


@dataclass(frozen=True, slots=True)
class VagueDay:
    """Some day of many: next week, the end of the month."""


@dataclass(frozen=True, slots=True)
class VagueTime:
    """Some time: later, soon, first thing."""


@dataclass(frozen=True, slots=True)
class Place:
    """Whose clocks: the caller's own. Said in every read-back, and changes nothing."""


Day = Ahead | Weekday | DayOfMonth | CalendarDay
Item = Clock | SameTime | Turn | Delay | Day | Part | VagueDay | VagueTime | Place
