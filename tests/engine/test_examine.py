"""What `hyp db check` finds: nothing where all is well, and each broken promise under its name."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from hyponema_cli.engine.examine import examine
from hyponema_cli.store import journal, look_at
from hyponema_cli.store.check import PROMISES
from tests.world import World


@pytest.fixture
def busy(world: World) -> World:
    """A world with a call that is over, one that goes on, a doubt, and a rule."""
    world.user("ben", "+34600000002", "Europe/Madrid")
    world.add({"at": "now"}, name="over")
    world.tick()
    world.tick("2026-03-02 08:05")
    world.add({"weekdays": "1-7", "at": "09:30"}, name="rule")
    world.add({"at": "now"}, user="ben", name="going on")
    world.tick("2026-03-02 08:05")
    return world


def found_in(world: World, *, deep: bool = False) -> list[tuple[str, str]]:
    """Return check and subject of each finding, as a process that only looks sees them."""
    store = look_at(world.store.path)
    try:
        found = examine(store, "edition-1", quick=False, deep=deep, on_progress=lambda part: None)
    finally:
        store.close()
    return [(each.check, each.about) for each in found]


def spoil(world: World, sql: str) -> None:
    """Do to the file what no code of hyp does."""
    with closing(sqlite3.connect(world.store.path)) as raw, raw:
        raw.execute("pragma ignore_check_constraints = on")
        raw.execute(sql)


SPOILT = {
    "execution_over_call_live": """
        update executions set status = 'failed', reason = 'x', finished_at = '2026-03-02T08:06:00Z'
        where id in (select execution_id from calls where finished_at is null)""",
    "execution_live_without_call": """
        update executions set status = 'in_progress', finished_at = null where status = 'completed'""",
    "execution_waits_with_live_call": """
        update executions set status = 'pending'
        where id in (select execution_id from calls where finished_at is null)""",
    "doubt_on_one_side_only": "update calls set status = 'in_doubt', reason = 'x' where finished_at is null",
    "more_calls_than_attempts": "update executions set attempts = 0",
    "call_never_asked_about": "update calls set next_poll_at = null where finished_at is null",
    "schedule_without_end": "update schedules set next_run_at = null, next_slot = null where name = 'rule'",
    "next_is_accounted_for": "update schedules set accounted_until = next_run_at where name = 'rule'",
    "schedule_of_nobody": "update users set removed_at = updated_at",
    "count_is_wrong": "update schedule_counts set count = count + 1 where status = 'active'",
    "trail_has_a_gap": "insert into events (id, at, actor, name) values (1000, '', 'x', 'x')",
    "next_is_not_the_rules": """
        update schedules set next_run_at = '2026-03-02T08:31:00Z' where name = 'rule'""",
    "schema": "drop index calls_by_callee",
    "foreign_key": "delete from executions where status = 'completed'",
    "journal": "update journal set dials = 0",
}


def test_where_all_is_well_nothing_is_found(busy: World) -> None:
    assert found_in(busy, deep=True) == []


def test_each_promise_has_its_case() -> None:
    assert PROMISES.keys() < SPOILT.keys()


@pytest.mark.parametrize("check", SPOILT)
def test_a_broken_promise_is_found_under_its_name(busy: World, check: str) -> None:
    spoil(busy, SPOILT[check])
    assert check in {name for name, _ in found_in(busy)}


def test_damage_is_a_finding_and_no_crash(busy: World) -> None:
    path = busy.store.path
    busy.store.execute("vacuum")
    content = bytearray(path.read_bytes())
    content[4096 * 3 : 4096 * 40] = bytes(4096 * 37)
    path.write_bytes(content)
    assert {name for name, _ in found_in(busy)} == {"integrity"}


def test_a_journal_that_cannot_be_read_is_a_finding(busy: World) -> None:
    place = journal.path_of(busy.store.path)
    place.unlink()
    place.mkdir()
    assert found_in(busy) == [("journal", place.name)]


def test_it_changes_nothing_and_takes_no_lock_for_long(busy: World) -> None:
    path = busy.store.path
    before = {each: each.read_bytes() for each in path.parent.iterdir()}
    with busy.store.transaction():  # somebody is about to write
        assert found_in(busy, deep=True) == []
    assert {each: each.read_bytes() for each in path.parent.iterdir()} == before


def test_instants_of_other_zone_data_are_not_judged(busy: World) -> None:
    spoil(busy, "update settings set value = 'edition-0' where key = 'zone_edition'")
    spoil(busy, SPOILT["next_is_not_the_rules"])
    assert found_in(busy) == []
