"""What comes is counted as it will fire, and where that would take too long, the count says so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hyponema_cli.engine import agenda as module
from hyponema_cli.engine import book
from hyponema_cli.engine.agenda import agenda, days_from, hours_from
from hyponema_cli.engine.materialise import occurrences_ahead
from hyponema_cli.store import schedules
from tests.world import World, at

MADRID = ZoneInfo("Europe/Madrid")
APIA = ZoneInfo("Pacific/Apia")


def counts(world: World, edges: Sequence[datetime]) -> list[int]:
    return [slot.count for slot in agenda(world.store, world.desk.settings(), edges, world.clock.now()).slots]


def test_each_firing_counts_in_its_hour(world: World) -> None:
    world.add({"weekdays": "1-7", "at": "09:30"})
    world.add({"cron": "0 */6 * * *"})
    paused = world.add({"weekdays": "1-7", "at": "11:00"})
    book.pause(world.desk, paused.id, None)
    world.clock.set(at("2026-03-02 08:20"))
    edges = hours_from(world.clock.now(), MADRID)
    assert (edges[0], edges[1], edges[-1]) == (
        world.clock.now(),
        at("2026-03-02 09:00"),
        world.clock.now() + timedelta(days=1),
    )
    there = {edges[index]: count for index, count in enumerate(counts(world, edges)) if count}
    assert there == {
        at("2026-03-02 08:20"): 1,
        **{at(f"2026-03-0{day}"): 1 for day in ("2 11:00", "2 17:00", "2 23:00", "3 05:00")},
    }


def test_an_hour_of_half_an_hours_offset_begins_on_its_own_clocks() -> None:
    edges = hours_from(at("2026-03-02 08:20"), ZoneInfo("Asia/Kolkata"))
    assert edges[1] == at("2026-03-02 08:30")


def test_a_month_has_a_slot_for_each_day_that_exists_and_is_not_over(world: World) -> None:
    now = at("2026-03-02 08:20")
    edges = days_from(now, date(2026, 3, 1), MADRID)
    assert (len(edges) - 1, edges[0], edges[-1]) == (30, now, at("2026-03-31 22:00"))
    assert edges[28] - edges[27] == timedelta(hours=23)
    assert days_from(now, date(2026, 2, 1), MADRID) == []
    assert len(days_from(at("2011-12-01 12:00"), date(2011, 12, 1), APIA)) - 1 == 30  # the 30th was left out


def test_a_day_of_a_month_to_come_counts_what_the_preview_shows(world: World) -> None:
    world.add({"cron": "*/20 2 * * *"})
    world.add({"weekdays": "7", "at": "02:30"}, max_occurrences=5)
    edges = days_from(world.clock.now(), date(2026, 3, 1), MADRID)
    later = days_from(world.clock.now(), date(2026, 4, 1), MADRID)
    for each in (edges, later):
        expected = [0] * (len(each) - 1)
        for schedule in schedules.coming(world.store, 10):
            for firing in occurrences_ahead(world.store, schedule, world.desk.settings()):
                if firing.at >= each[-1]:
                    break
                if firing.at >= each[0]:
                    expected[max(index for index, edge in enumerate(each) if edge <= firing.at)] += 1
        assert counts(world, each) == expected


def test_what_is_overdue_comes_at_once(world: World) -> None:
    world.add({"weekdays": "1", "at": "09:30"})
    world.clock.set(at("2026-03-02 12:00"))
    assert counts(world, hours_from(world.clock.now(), MADRID))[0] == 1


def test_a_rule_for_every_minute_is_exact_by_the_hour_and_at_least_by_the_day(world: World) -> None:
    world.add({"cron": "* * * * *"})
    found = agenda(world.store, world.desk.settings(), hours_from(world.clock.now(), MADRID), world.clock.now())
    assert (found.count, found.at_least) == (1440, False)
    edges = days_from(world.clock.now(), date(2026, 3, 1), MADRID)
    found = agenda(world.store, world.desk.settings(), edges, world.clock.now())
    assert [(slot.count, slot.at_least) for slot in found.slots] == [(60, True)] * 30


@pytest.mark.parametrize("limit", ["MOST_SCHEDULES", "MOST_STEPS"])
def test_where_there_is_too_much_a_count_says_at_least(
    world: World, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    for _ in range(4):
        world.add({"weekdays": "1-7", "at": "09:30"})
    monkeypatch.setattr(module, limit, 3)
    found = agenda(world.store, world.desk.settings(), hours_from(world.clock.now(), MADRID), world.clock.now())
    assert found.at_least
    assert found.count == (4 if limit == "MOST_SCHEDULES" else 3)


def test_live_schedules_are_found_by_their_index_in_whatever_order_the_words_come(world: World) -> None:
    said: list[str] = []
    world.store.connection.set_trace_callback(said.append)
    for statuses in (("active", "paused"), ("paused", "active")):
        schedules.select(world.store, statuses=statuses, agent_id="agent-1", limit=5)
    world.store.connection.set_trace_callback(None)
    for statement in said:
        plan = world.store.execute(f"explain query plan {statement}").fetchall()
        assert any("schedules_live" in str(row) for row in plan)
    assert len(said) == 2
