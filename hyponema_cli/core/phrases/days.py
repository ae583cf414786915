"""Which days do the words mean? Every day that they may mean, in order; several days are several readings.

Dates only: what of them is over, and whether their clocks show the time, is asked later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from dateutil.relativedelta import relativedelta

from hyponema_cli.core.phrases.said import Ahead, CalendarDay, Day, DayOfMonth, Weekday, Which

SMALL_HOURS = 4
"""Until this hour "tomorrow" may still be the day that follows the night."""
LATELY = timedelta(days=31)
"""A date without a year that was so short a time ago is asked about: few would mean the one in eleven months."""
FARTHEST = timedelta(days=3660)
"""Nobody books a call ten years ahead; it is more likely that a number was misheard."""


@dataclass(frozen=True, slots=True)
class NoDay:
    """The words fit no day. `near` are days that they may have meant."""

    kind: Literal["no-such-date", "contradiction", "past", "too-far"]
    near: tuple[date, ...] = ()


Days = tuple[date, ...] | NoDay


def days_of(said: Sequence[Day], now: datetime) -> Days:
    """Return the days that the words may mean, all of them together; `now` is what the caller's clock shows.

    >>> days_of([Weekday(5, Which.NEXT)], datetime(2026, 11, 26, 15))  # "next Friday", on a Thursday
    (datetime.date(2026, 11, 27), datetime.date(2026, 12, 4))
    """
    found = [_days(day, now) for day in said if not _confirms(day)]
    weekdays = [day for day in said if isinstance(day, Weekday) and _confirms(day)]
    if not found:
        found, weekdays = [_days(weekdays[0], now)], weekdays[1:]
    days: set[date] | None = None
    for some in found:
        if isinstance(some, NoDay):
            return some
        days = set(some) if days is None else days & set(some)
    assert days is not None, "words that name a day name one at least"
    fitting = {day for day in days if all(day.isoweekday() == weekday.number for weekday in weekdays)}
    if fitting:
        return tuple(sorted(fitting))
    return NoDay(
        "contradiction", _sorted(days | {_nearest(day, weekday.number) for day in days for weekday in weekdays})
    )


def _confirms(day: Day) -> bool:
    """A bare weekday beside a date confirms it, as in "Thursday 26 November"; alone it names a day."""
    return isinstance(day, Weekday) and day.which is Which.BARE


def _days(day: Day, now: datetime) -> Days:
    today = now.date()
    match day:
        case Ahead():
            return _ahead(day, now)
        case Weekday():
            return _sorted(today + timedelta(days=days) for days in _days_until(day, today))
        case DayOfMonth(number):
            return _day_of_month(number, today)
        case CalendarDay(month_days, year):
            return _together([_calendar_day(month, number, year, today) for month, number in month_days])


def _ahead(day: Ahead, now: datetime) -> Days:
    """A month after 31 January is the last of February: a day that a month lacks becomes its last."""
    counts = set(day.days)
    if day.follows_sleep and now.hour < SMALL_HOURS:
        counts |= {count - 1 for count in counts}
    if max(counts) > FARTHEST.days or day.months > FARTHEST.days // 31:
        return NoDay("too-far")
    return _sorted(now.date() + relativedelta(days=count, months=day.months) for count in counts)


def _days_until(day: Weekday, today: date) -> set[int]:
    """Count the days from today on. Weeks begin on Mondays for some and on Sundays for others; both are looked at."""
    to_come = (day.number - today.isoweekday()) % 7
    in_week = {day.number - today.isoweekday(), day.number % 7 - today.isoweekday() % 7}
    match day.which:
        case Which.BARE:
            return {to_come} if to_come else {0, 7}
        case Which.COMING:
            return {to_come or 7}
        case Which.NEXT:
            return {to_come, to_come + 7} if to_come and to_come in in_week else {to_come or 7}
        case Which.OF_THIS_WEEK:
            return {days for days in in_week if days >= 0} or in_week
        case Which.OF_NEXT_WEEK:
            return {days + 7 for days in in_week}
        case Which.WEEKS_AFTER:
            return {to_come + 7 * day.weeks} if to_come else {7 * day.weeks, 7 * day.weeks + 7}


def _day_of_month(number: int, today: date) -> Days:
    """The 3rd is the next 3rd; where the month that should have it has none (the 31st in November), it is asked."""
    month = today if number >= today.day else today + relativedelta(months=1, day=1)
    last = month + relativedelta(day=31)
    if number <= last.day:
        return (month.replace(day=number),)
    after = last + timedelta(days=1)
    return NoDay("no-such-date", (last, after + relativedelta(day=number)))


def _calendar_day(month: int, number: int, year: int | None, today: date) -> Days:
    """A date without a year is the next one, within a year; 29 February may be missing from it."""
    next_year = today.year + ((month, number) < (today.month, today.day))
    chosen = _date(year or next_year, month, number)
    if chosen is None:
        return NoDay("no-such-date", _around(year or next_year, month))
    if chosen > today + FARTHEST:
        return NoDay("too-far")
    before = chosen - relativedelta(years=1)
    return NoDay("past", (chosen,)) if year is None and today - LATELY <= before < today else (chosen,)


def _together(readings: Sequence[Days]) -> Days:
    """Of the readings of 03/04 those that are days; what is wrong with the first when none is."""
    days = [day for reading in readings if not isinstance(reading, NoDay) for day in reading]
    return _sorted(days) if days else readings[0]


def _date(year: int, month: int, number: int) -> date | None:
    try:
        return date(year, month, number)
    except ValueError:
        return None


def _around(year: int, month: int) -> tuple[date, ...]:
    """The last day of a month that is too short, and the day after it; nothing for a thirteenth month."""
    if not 1 <= month <= 12:
        return ()
    last = date(year, month, 1) + relativedelta(day=31)
    return (last, last + timedelta(days=1))


def _nearest(day: date, weekday: int) -> date:
    return day + timedelta(days=(weekday - day.isoweekday() + 3) % 7 - 3)


def _sorted(days: Iterable[date]) -> tuple[date, ...]:
    return tuple(sorted(set(days)))
