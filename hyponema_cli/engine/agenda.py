"""How many firings come in each hour of a day, or each day of a month? Bounded, however many schedules there are.

Where few schedules fire in that time, every firing of each is counted. Where many do, each counts once, with its next
firing, and the index counts them; then a count is a least one, and says so.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hyponema_cli.core import walltime
from hyponema_cli.core.call import ScheduleState
from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.core.month import next_month
from hyponema_cli.core.records import Schedule, Settings
from hyponema_cli.engine.materialise import occurrences_ahead
from hyponema_cli.store import Store, schedules

MOST_SCHEDULES = 1_000
"""So many are looked at one by one."""
MOST_FIRINGS = 60
"""Of one schedule in one slot: a rule for every minute has that many in an hour; its days are not gone through."""
MOST_STEPS = 12_000
"""Occurrences that are computed for one agenda: a fifth of a second."""
MOST_COUNTED = 10_000
"""In one slot by index."""
_A_SECOND = timedelta(seconds=1)


@dataclass(slots=True)
class Slot:
    """A span of time, and how many firings come in it."""

    begin: datetime
    end: datetime
    """Exclusive."""
    count: int = 0
    at_least: bool = False
    """There may be more."""


@dataclass(frozen=True, slots=True)
class Agenda:
    """What comes, slot by slot."""

    slots: list[Slot]
    schedules: int
    """How many schedules fire in that time; MOST_SCHEDULES + 1 stands for more."""

    @property
    def count(self) -> int:
        """How many come in all of it."""
        return sum(slot.count for slot in self.slots)

    @property
    def at_least(self) -> bool:
        """There may be more."""
        return any(slot.at_least for slot in self.slots)


def hours_from(now: datetime, zone: ZoneInfo) -> list[datetime]:
    """Return the edges of the coming 24 hours: now, each full hour on the clocks of a zone, and now a day later."""
    end = now + timedelta(days=1)
    wall = walltime.wall_of(now, zone)
    at = now - timedelta(minutes=wall.minute, seconds=wall.second, microseconds=wall.microsecond) + timedelta(hours=1)
    edges = [now]
    while at < end:
        edges.append(at)
        at += timedelta(hours=1)
    return [*edges, end]


def days_from(now: datetime, month: date, zone: ZoneInfo) -> list[datetime]:
    """Return the edges of the days of a month, from now on; empty when it is over."""
    at = max(walltime.day_around(now, zone)[0], _begin_of(month.replace(day=1), zone))
    end = _begin_of(next_month(month), zone)
    edges = []
    while at < end:
        edges.append(max(at, now))
        at = walltime.day_around(at, zone)[1]
    return [*edges, end] if edges else []


def agenda(
    store: Store, workspace: Settings, edges: Sequence[datetime], now: datetime, only: Schedule | None = None
) -> Agenda:
    """Count what comes between each edge and the next, of all schedules or of one.

    What is overdue comes at once: it counts where a slot begins now.
    """
    slots = [Slot(begin, end) for begin, end in pairwise(edges)]
    if not slots:
        return Agenda([], 0)
    if only is not None:
        found = [only] if only.status is ScheduleState.ACTIVE else []
    else:
        found = schedules.coming(store, MOST_SCHEDULES + 1)
    within = [each for each in found if each.next_run_at is not None and each.next_run_at < slots[-1].end]
    if len(within) > MOST_SCHEDULES:
        for slot in slots:
            slot.count = schedules.count_firing(store, slot.begin, slot.end, MOST_COUNTED)
            slot.at_least = True  # a slot with nobody's next firing may well have the one after it
        return Agenda(slots, len(within))
    steps = 0
    for schedule in within:
        for index in _firings(store, workspace, schedule, slots, now):
            if index is not None:
                slots[index].count += 1
            steps += 1
            if steps == MOST_STEPS:
                for slot in slots:
                    slot.at_least = True
                return Agenda(slots, len(within))
    return Agenda(slots, len(within))


def _firings(
    store: Store, workspace: Settings, schedule: Schedule, slots: Sequence[Slot], now: datetime
) -> Iterator[int | None]:
    """Yield the slot of each firing, None for one before all slots; of many in one slot, only the first."""
    begins = [slot.begin for slot in slots]
    is_ahead = begins[0] > now
    # Of a rule that may fire so many times, those before the first slot count too.
    is_limited = schedule.max_occurrences is not None
    after = begins[0] - _A_SECOND if is_ahead and not is_limited else None
    while True:
        current, seen = 0, 0
        for at in _ahead(store, schedule, workspace, after, slots[-1].end):
            if is_ahead and at < begins[0]:
                yield None
                continue
            index = max(bisect_right(begins, at) - 1, 0)
            current, seen = index, seen + 1 if index == current else 1
            if seen <= MOST_FIRINGS:
                yield index
                continue
            slots[index].at_least = True
            if not is_limited:
                break
            yield None
        else:
            return
        after = slots[current].end - _A_SECOND


def _ahead(
    store: Store, schedule: Schedule, workspace: Settings, after: datetime | None, end: datetime
) -> Iterator[datetime]:
    try:
        for each in occurrences_ahead(store, schedule, workspace, after):
            if each.at >= end:
                return
            yield each.at
    except InvalidInput:  # it has lost its zone, or its time of day
        return


def _begin_of(day: date, zone: ZoneInfo) -> datetime:
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=zone)
    return walltime.day_around(noon, zone)[0]
