"""Which days does a calendar of firings show? From `--after`, or now, to `--until`; else as far as its firings go."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import chain, islice, takewhile
from zoneinfo import ZoneInfo

from hyponema_cli.cli import output
from hyponema_cli.core.month import by_day, last_of_month
from hyponema_cli.core.schedule import Occurrence
from hyponema_cli.core.walltime import wall_of
from hyponema_cli.render import calendar


def show(
    title: str,
    coming: Iterator[Occurrence],
    zone: ZoneInfo,
    *,
    begin: datetime,
    end: datetime | None,
    count: int | None,
    now: datetime,
) -> None:
    """Draw the months of what comes after `begin`: up to `end`, and not more than `count` firings.

    With neither, it is the month of the first firing.
    """
    soonest = next(coming, None)
    if soonest is None or (end is not None and soonest.at > end):
        output.say("No occurrences.")
        return
    first = min(wall_of(begin, zone), wall_of(soonest.at, zone)).date()
    month = wall_of(soonest.at, zone).date().replace(day=1)
    within: Iterator[Occurrence] = chain([soonest], coming)
    if end is not None:
        within = takewhile(lambda each: each.at <= end, within)
        last = wall_of(end, zone).date()
    elif count is not None:
        first, last = max(first, month), None
    else:
        first, last_day = max(first, month), last_of_month(month)
        within = takewhile(lambda each: wall_of(each.at, zone).date() <= last_day, within)
        last = last_day
    firings = by_day(islice(within, count), zone)
    if count is not None and next(within, None) is not None:
        last = max(firings)  # what comes after it was not looked at
    drawn = calendar.Calendar(
        title, zone, firings, first, last or last_of_month(max(firings)), wall_of(now, zone).date()
    )
    output.data(calendar.text(drawn, output.width(), color=output.color()))
