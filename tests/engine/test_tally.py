"""What SQLite counts is what a walk through the history finds, whatever is asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain
from zoneinfo import ZoneInfo

import pytest

from hyponema_cli.core.call import CallState, Outcome, outcome_of
from hyponema_cli.core.instant import to_text
from hyponema_cli.core.records import Execution
from hyponema_cli.core.tally import Tally, series_of, whole_days
from hyponema_cli.core.walltime import wall_of
from hyponema_cli.engine.tally import tally
from hyponema_cli.store import Store, executions, open_store
from hyponema_cli.store.tallies import EVERYTHING, Scope
from tests import look
from tests.world import MONDAY, World

MADRID = ZoneInfo("Europe/Madrid")
END = look.NOW + timedelta(seconds=1)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Three weeks of calls of two agents in seven zones, with one call in doubt."""
    path = tmp_path_factory.mktemp("office") / "care.db"
    look.workspace(path, with_doubt=True)
    store = open_store(path)
    yield store
    store.close()


def counted(store: Store, begin: datetime, end: datetime, scope: Scope = EVERYTHING) -> Tally:
    return tally(store, begin, end, MADRID, workspace_timezone="Europe/Madrid", scope=scope)


def found(store: Store, begin: datetime, end: datetime, scope: Scope) -> list[Execution]:
    return executions.select(
        store,
        schedule_id=scope.schedule_id,
        agent_id=scope.agent_id,
        statuses=scope.statuses,
        since=begin,
        until=end - timedelta(seconds=1),
    )


@pytest.mark.parametrize("what", ["everything", "an agent", "a schedule", "two states", "an agent's failures"])
@pytest.mark.parametrize("days", [1, 6, 30, 60])
def test_the_numbers_are_those_of_the_history(office: Store, what: str, days: int) -> None:
    schedule = executions.select(office, agent_id="agent-shop", limit=1)[0].schedule_id
    scope = {
        "everything": EVERYTHING,
        "an agent": Scope(agent_id="agent-care"),
        "a schedule": Scope(schedule_id=schedule),
        "two states": Scope(statuses=("skipped", "exhausted")),
        "an agent's failures": Scope(agent_id="agent-shop", statuses=("exhausted",)),
    }[what]
    begin = whole_days(days, look.NOW, MADRID)
    told, history = counted(office, begin, END, scope), found(office, begin, END, scope)
    assert told.outcomes == Counter(series_of(each.status) for each in history)
    by_day = Counter((wall_of(each.scheduled_time, MADRID).date(), series_of(each.status)) for each in history)
    assert by_day == Counter(
        {(bar.slice.first, name): count for bar in told.bars for name, count in bar.counts.items()}
    )
    calls = list(chain.from_iterable(each.calls for each in history))
    over = [each for each in calls if each.status in (CallState.COMPLETED, CallState.BUSY, CallState.NO_ANSWER)]
    answered = [each for each in over if outcome_of(each.status, each.answered_by) is Outcome.ANSWERED]
    assert (told.rate.over, told.rate.answered) == (len(over), len(answered))
    lateness = Counter(
        int((each.actual_time - each.scheduled_time).total_seconds()) for each in history if each.actual_time
    )
    assert told.lateness == lateness


def test_the_hours_are_those_of_the_people_who_were_called(office: Store) -> None:
    told = counted(office, whole_days(30, look.NOW, MADRID), END)
    assert set(told.by_hour) == {2, 9, 10, 11, 12, 18, 19}
    assert (told.by_hour[19].over, told.by_hour[19].answered) == (6, 0)  # Kenji's machine
    assert sum(rate.over for rate in told.by_hour.values()) == told.rate.over
    assert told.outcomes["in_doubt"] == 1


def test_a_long_period_begins_with_the_first_day_on_which_something_came_due(office: Store) -> None:
    told = counted(office, whole_days(3000, look.NOW, MADRID), END)
    assert told.bars[0].slice.first == wall_of(look.BEGINS, MADRID).date()
    assert not counted(office, END, END + timedelta(days=1)).bars


def test_a_short_period_has_its_empty_days_at_both_ends(world: World) -> None:
    world.add({"at": "2026-03-04T10:00:00+01:00"})
    world.run_until("2026-03-04 12:00", every=timedelta(minutes=30))
    until = MONDAY + timedelta(days=6)
    told = tally(world.store, MONDAY, until, MADRID, workspace_timezone=None)
    assert [bar.counts.total() for bar in told.bars] == [0, 0, 1, 0, 0, 0, 0]


def test_what_came_due_at_midnight_belongs_to_the_day_that_begins_and_to_no_other(world: World) -> None:
    world.add({"at": "2026-03-02T23:59:59+01:00"})
    world.add({"at": "2026-03-03T00:00:00+01:00"}, to="+34600000002")
    world.run_until("2026-03-03 08:00", every=timedelta(minutes=5))
    told = tally(world.store, MONDAY, world.clock.now(), MADRID, workspace_timezone=None)
    assert [(bar.slice.first.day, bar.counts.total()) for bar in told.bars] == [(2, 1), (3, 1)]


def test_people_without_a_timezone_live_by_the_workspaces_and_else_in_no_hour(world: World) -> None:
    world.user("bo", "+34600000002", None)
    world.add({"at": "2026-03-02T08:00:05Z"}, user="bo")
    world.run_until("2026-03-02 08:05")
    begin, end = world.clock.now() - timedelta(days=1), world.clock.now()
    nobody = tally(world.store, begin, end, MADRID, workspace_timezone=None)
    assert (nobody.by_hour, nobody.without_zone, nobody.rate.answered) == ({}, 1, 1)
    everybody = tally(world.store, begin, end, MADRID, workspace_timezone="Asia/Tokyo")
    assert (list(everybody.by_hour), everybody.without_zone) == ([17], 0)


@pytest.mark.parametrize(("late", "told"), [(0, 0), (7, 7), (3599, 3599), (3661, 3660), (-5, 0)])
def test_lateness_is_told_to_the_second_and_from_an_hour_on_to_the_minute(world: World, late: int, told: int) -> None:
    world.add({"at": "2026-03-02T08:00:05Z"})
    world.run_until("2026-03-02 08:05")
    called_at = to_text(world.history()[0].scheduled_time + timedelta(seconds=late))
    world.store.execute("update executions set actual_time = ?", (called_at,))
    counted = tally(world.store, MONDAY, world.clock.now(), MADRID, workspace_timezone=None)
    assert counted.lateness == {told: 1}
