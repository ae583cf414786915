"""When does a rule fire? `next_occurrence` is the only answer; the preview and the dialling both use it.

Rule for people: a local time that does not exist is called once, at the first minute after the gap; a local time
that happens twice is called once, the first time; a cron that repeats within the hour or every hour follows real
time.

- A *fixed* rule (weekly; cron whose minute and hour fields do not start with `*`) names slots: wall readings. Every
  slot is one occurrence. Two slots that land on one instant are one occurrence.
- A *repeating* rule fires at every real instant whose wall reading matches: none in a gap, both passes of a fold.
- A gap of more than three hours is a date line, not a clock change (the limit is cron's own, cron(8)): its slots are
  dropped, and the next occurrence says so.

The wall time and the zone are the truth. An instant derived from them is a cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from functools import lru_cache
from itertools import islice
from typing import Any

from hyponema_cli.core import cron, walltime
from hyponema_cli.core.instant import to_text

LAST_DAY = date(9900, 1, 1)
"""Nobody is called after this. The calendar of Python ends in 9999, and its arithmetic fails near there."""
LONGEST_CLOCK_CHANGE = timedelta(hours=3)


class Note(StrEnum):
    """What the clocks did to an occurrence."""

    MOVED_OUT_OF_GAP = "moved_out_of_gap"
    """Its wall time does not exist that day; it is called when the gap ends."""
    FIRST_OF_TWO = "first_of_two"
    """Its wall time happens twice that day; this is the first."""
    SECOND_OF_TWO = "second_of_two"
    """A repeating rule in the second pass of an hour that happens twice."""
    AFTER_DROPPED_SLOT = "after_dropped_slot"
    """One or more slots before it fell on a day that the zone left out."""


@dataclass(frozen=True, slots=True)
class Once:
    """One instant, or one wall reading in a zone. `fold` (0 or 1) tells the two instants of a fold apart."""

    at: datetime | None = None
    wall: datetime | None = None
    zone: tzinfo = UTC
    fold: int = 0
    start: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Weekly:
    """A wall time on ISO weekdays (1 is Monday)."""

    weekdays: tuple[int, ...]
    at: time
    zone: tzinfo
    start: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression on the clocks of a zone."""

    expression: cron.CronExpression
    zone: tzinfo
    start: datetime | None = None
    until: datetime | None = None


Rule = Once | Weekly | Cron
"""`start` and `until` are instants, both inclusive."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One instant that a rule yields."""

    at: datetime
    """UTC."""
    slot: str
    """What makes it the same occurrence even if its instant moves: the wall reading of a fixed rule, the instant of
    a repeating one."""
    note: Note | None = None


def next_occurrence(rule: Rule, after: datetime) -> Occurrence | None:
    """Return the first occurrence of `rule` strictly after `after`; None when it is over.

    Occurrences fall on whole seconds, so a fraction of a second in `after` makes no difference.
    """
    after = after.astimezone(UTC).replace(microsecond=0)
    if rule.start is not None:
        after = max(after, _whole_second_not_before(rule.start) - walltime.SECOND)
    match rule:
        case Once():
            found = _next_once(rule, after)
        case Weekly():
            found = _next_fixed(_weekly_walls(rule, after), rule.zone, after)
        case Cron(expression=expression) if expression.repeating:
            found = _next_repeating(expression, rule.zone, after)
        case Cron(expression=expression):
            found = _next_fixed(_cron_walls(expression, walltime.wall_of(after, rule.zone)), rule.zone, after)
    if found is not None and rule.until is not None and found.at > rule.until:
        return None
    return found


def occurrences(rule: Rule, after: datetime, limit: int | None = None) -> Iterator[Occurrence]:
    """Yield the occurrences strictly after `after`, in order, at most `limit`."""
    return islice(_all(rule, after), limit)


def _whole_second_not_before(instant: datetime) -> datetime:
    whole = instant.astimezone(UTC).replace(microsecond=0)
    return whole + walltime.SECOND if instant > whole else whole


def _all(rule: Rule, after: datetime) -> Iterator[Occurrence]:
    while (found := next_occurrence(rule, after)) is not None:
        yield found
        after = found.at


def _next_once(rule: Once, after: datetime) -> Occurrence | None:
    if rule.wall is None:
        assert rule.at is not None, "a one-shot rule has an instant or a wall reading"
        occurrence = Occurrence(rule.at, to_text(rule.at))
    else:
        occurrence = _place_once(rule.wall, rule.zone, rule.fold)
    return occurrence if occurrence.at > after else None


def _place_once(wall: datetime, zone: tzinfo, fold: int) -> Occurrence:
    slot = wall.isoformat()
    match walltime.read(wall, zone):
        case walltime.Exact(at):
            return Occurrence(at, slot)
        case walltime.Fold(first, second):
            note = Note.SECOND_OF_TWO if fold else Note.FIRST_OF_TWO
            return Occurrence(second if fold else first, slot, note)
        case walltime.Gap(ends_at):
            # Refused when it was added; a later change of the zone's rules can still bring it here.
            return Occurrence(ends_at, slot, Note.MOVED_OUT_OF_GAP)


def _next_fixed(walls: Iterator[datetime], zone: tzinfo, after: datetime) -> Occurrence | None:
    """Place wall readings in turn until one lands after `after`.

    Placing is monotone: a later reading never lands earlier. So the readings up to the one shown at `after` need no
    look, and of two slots that land on one instant the first is taken.
    """
    dropped = False
    for wall in walls:
        note: Note | None = None
        match walltime.read(wall, zone):
            case walltime.Exact(at):
                pass
            case walltime.Fold(first):
                at, note = first, Note.FIRST_OF_TWO
            case walltime.Gap(ends_at, length) if length <= LONGEST_CLOCK_CHANGE:
                at, note = ends_at, Note.MOVED_OUT_OF_GAP
            case walltime.Gap(ends_at):
                dropped = dropped or ends_at > after
                continue
        if at > after:
            return Occurrence(at, wall.isoformat(), Note.AFTER_DROPPED_SLOT if dropped else note)
    return None


def _next_repeating(expression: cron.CronExpression, zone: tzinfo, after: datetime) -> Occurrence | None:
    """Walk along real time, one stretch of constant offset after the other."""
    while True:
        offset = walltime.offset_at(after, zone)
        reading = after.replace(tzinfo=None) + offset
        wall = next(_cron_walls(expression, reading), None)
        if wall is None:
            return None
        at = wall.replace(tzinfo=UTC) - offset
        change = walltime.first_change(zone, after, at)
        if change is None:
            return Occurrence(at, to_text(at), _pass_of(wall, zone, at))
        # The clocks change before it. Their first reading after the change may itself match.
        arrival = change.replace(tzinfo=None) + walltime.offset_at(change, zone)
        wall = next(_cron_walls(expression, arrival - walltime.SECOND), None)
        if wall == arrival:
            return Occurrence(change, to_text(change), _pass_of(wall, zone, change))
        after = change


def _pass_of(wall: datetime, zone: tzinfo, at: datetime) -> Note | None:
    match walltime.read(wall, zone):
        case walltime.Fold(first):
            return Note.FIRST_OF_TWO if at == first else Note.SECOND_OF_TWO
    return None


def _weekly_walls(rule: Weekly, after: datetime) -> Iterator[datetime]:
    """Yield the rule's wall readings after the one shown at `after`."""
    shown = walltime.wall_of(after, rule.zone)
    day = shown.date()
    while day < LAST_DAY:
        if day.isoweekday() in rule.weekdays and (wall := datetime.combine(day, rule.at)) > shown:
            yield wall
        day += timedelta(days=1)


def _cron_walls(expression: cron.CronExpression, after: datetime) -> Iterator[datetime]:
    """Yield the naive readings that match, strictly after the naive reading `after`.

    croniter sees naive times only: on zoned ones it rings twice in the autumn hour (measured with 7.0.0).
    """
    if after.date() >= LAST_DAY:
        return
    steps = copy(_croniter(expression.canonical, expression.either_day))
    steps.set_current(after)
    while (wall := steps.get_next(datetime)).date() < LAST_DAY:
        yield wall


@lru_cache(maxsize=2048)  # reading an expression takes croniter as long as finding its next time
def _croniter(canonical: str, either_day: bool) -> Any:
    from croniter import croniter

    return croniter(canonical, datetime(2000, 1, 1), day_or=either_day)  # noqa: DTZ001 - a wall reading
