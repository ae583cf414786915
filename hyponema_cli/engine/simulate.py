"""What will the coming days look like? The real engine, on a copy of the workspace, with a clock that runs fast.

Passes are made as cron would make them, on the minute, whenever there is something to do. Calls go to the simulated
carrier, whichever they would really go to; chance comes from the seed alone, so that a run can be had again.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from hyponema_cli import ids
from hyponema_cli.carriers.simulated import SimulatedCarrier
from hyponema_cli.clock import VirtualClock
from hyponema_cli.core import walltime
from hyponema_cli.core.call import CallState, ExecutionState, Outcome
from hyponema_cli.core.expect import Dialled, Evidence
from hyponema_cli.core.records import Execution
from hyponema_cli.core.retry import GiveUp
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.facts import UTC, clocks_of
from hyponema_cli.engine.finish import finish_execution
from hyponema_cli.engine.report import TickReport
from hyponema_cli.engine.tick import tick
from hyponema_cli.store import Store, calls, executions, schedules, settings

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ClockChange:
    """A night in which the clocks of a zone change, and the calls that it touched."""

    at: datetime
    zone: str
    by: timedelta
    calls: int
    """Executions that were moved out of a gap, or that come first of two."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What became of the simulated days."""

    began_at: datetime
    ended_at: datetime
    seed: int
    executions: int
    statuses: Mapping[str, int]
    reasons: Mapping[tuple[str, str], int]
    """How many executions ended in a status for a reason."""
    answered: int
    talk_seconds: int
    per_day: Mapping[date, int]
    """Calls by day, on the callees' clocks."""
    per_hour: Sequence[int]
    """Calls by hour of day, on the callees' clocks."""
    peak: int
    """The most calls that were going on at once."""
    peak_at: datetime | None
    clock_changes: Sequence[ClockChange]
    evidence: Evidence


def simulate(
    store: Store, began_at: datetime, days: int, seed: int, zone_edition: str, on_progress: Callable[[float], None]
) -> Forecast:
    """Let `days` pass on a copy of the workspace; `on_progress` hears how much of them is over, from 0 to 1.

    The workspace itself is only read. What is being called when it begins is taken to be over.
    """
    began_at = began_at.replace(microsecond=0)
    ended_at = began_at + timedelta(days=days)
    clock = VirtualClock(began_at)
    copy = store.copy_in_memory()
    try:
        carrier = SimulatedCarrier(":memory:", clock, str(seed))
        desk = Desk(
            copy, lambda account: carrier, clock, "simulation", zone_edition, _seeded(seed), keeps_journal=False
        )
        _set_the_stage(desk, began_at)
        while (at := copy.next_work_at()) is not None and at <= ended_at:
            clock.set(max(_whole_minute(at), clock.now() + timedelta(seconds=1)))
            tick(desk)
            on_progress(min((clock.now() - began_at) / (ended_at - began_at), 1.0))
        return _forecast(desk, carrier, began_at, ended_at, seed)
    finally:
        copy.close()


def _seeded(seed: int) -> ids.NewId:
    """Make ids from the seed: what is drawn by a call's id, such as the jitter of its retry, comes out alike."""
    chance = random.Random(seed)  # noqa: S311 - spreads names; keeps no secret

    def new_id(prefix: str, now: datetime) -> str:
        return f"{prefix}_{ids.ulid(int(now.timestamp() * 1000), chance.getrandbits(79))}"

    return new_id


def _set_the_stage(desk: Desk, now: datetime) -> None:
    with desk.store.transaction():
        # Whether the workspace is armed is another question than what it would do.
        settings.put(desk.store, "live", "true")
        for live in calls.all_live(desk.store):
            calls.finish(desk.store, live.id, CallState.FAILED, now, reason="before_the_simulation")
            end = GiveUp(ExecutionState.FAILED, "before_the_simulation")
            finish_execution(desk, live.schedule_id, live.execution_id, end, now, TickReport(now))


def _whole_minute(at: datetime) -> datetime:
    return at if not at.second else at.replace(second=0) + MINUTE


def _forecast(desk: Desk, carrier: SimulatedCarrier, began_at: datetime, ended_at: datetime, seed: int) -> Forecast:
    found = [
        each
        for each in executions.select(desk.store, open_since=began_at, until=ended_at)
        if each.reason != "before_the_simulation"
    ]
    clocks = _clocks_by_schedule(desk.store)
    dialled = sorted(_dialled(found, clocks, began_at), key=lambda each: each.at)
    local = [walltime.wall_of(each.at, each.zones[0] if each.zones else UTC) for each in dialled]
    per_day, per_hour = Counter(wall.date() for wall in local), Counter(wall.hour for wall in local)
    ended = [call for each in found for call in each.calls if call.finished_at and call.created_at >= began_at]
    talk_seconds = sum(call.duration_seconds or 0 for call in ended)
    peak, peak_at = peak_of(carrier.spans())
    statuses = Counter(str(each.status) for each in found)
    answered = sum(each.reason == Outcome.ANSWERED for each in found)
    numbers: dict[str, float] = {
        "calls": len(dialled),
        "answered": answered,
        "minutes": talk_seconds / 60,
        "calls_per_day": max(per_day.values(), default=0),
        "calls_per_hour": max(Counter((wall.date(), wall.hour) for wall in local).values(), default=0),
        "peak_concurrency": peak,
        **{word: statuses[word] for word in ("skipped", "missed", "failed", "exhausted", "in_doubt")},
    }
    return Forecast(
        began_at=began_at,
        ended_at=ended_at,
        seed=seed,
        executions=len(found),
        statuses=statuses,
        reasons=Counter((str(each.status), each.reason) for each in found if each.reason),
        answered=answered,
        talk_seconds=talk_seconds,
        per_day=dict(sorted(per_day.items())),
        per_hour=[per_hour[hour] for hour in range(24)],
        peak=peak,
        peak_at=peak_at,
        clock_changes=_clock_changes(found, clocks, began_at, ended_at),
        evidence=Evidence(dialled, numbers),
    )


def _clocks_by_schedule(store: Store) -> dict[str, tuple[str, tuple[ZoneInfo, ...]]]:
    """Return who each schedule calls, as a key, and on which clocks they may live."""
    people = {}
    for schedule_id, number, timezone in schedules.callees(store):
        zones, _ = clocks_of(number, timezone)
        people[schedule_id] = (number, zones)
    return people


def _dialled(
    found: Iterable[Execution], clocks: Mapping[str, tuple[str, tuple[ZoneInfo, ...]]], began_at: datetime
) -> Iterable[Dialled]:
    for each in found:
        person, zones = clocks[each.schedule_id]
        for call in each.calls:
            if call.status not in (CallState.NOT_PLACED, CallState.REJECTED) and call.created_at >= began_at:
                yield Dialled(call.created_at, call.to_number, person, zones)


def peak_of(spans: Iterable[tuple[datetime, datetime]]) -> tuple[int, datetime | None]:
    """Return the most spans that overlap, and when they first do. A span's end is not part of it."""
    steps = sorted((at, step) for begin, end in spans for at, step in ((begin, 1), (end, -1)))
    going_on = peak = 0
    peak_at = None
    for at, step in steps:
        going_on += step
        if going_on > peak:
            peak, peak_at = going_on, at
    return peak, peak_at


def _clock_changes(
    found: Sequence[Execution],
    clocks: Mapping[str, tuple[str, tuple[ZoneInfo, ...]]],
    began_at: datetime,
    ended_at: datetime,
) -> list[ClockChange]:
    changes = []
    for zone in sorted({zone for _, zones in clocks.values() for zone in zones}, key=lambda zone: zone.key):
        at = walltime.first_change(zone, began_at, ended_at)
        while at is not None:
            by = walltime.offset_at(at, zone) - walltime.offset_at(at - walltime.SECOND, zone)
            touched = sum(
                each.note is not None
                and zone in clocks[each.schedule_id][1]
                and abs(each.scheduled_time - at) < timedelta(hours=12)
                for each in found
            )
            changes.append(ClockChange(at, zone.key, by, touched))
            at = walltime.first_change(zone, at, ended_at)
    return sorted(changes, key=lambda each: (each.at, each.zone))
