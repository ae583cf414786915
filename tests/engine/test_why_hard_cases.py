"""Explanations and forecasts that were once not true."""

from __future__ import annotations

import shutil
from datetime import timedelta

import pytest

from hyponema_cli.core import caps, expect
from hyponema_cli.core.call import CallState
from hyponema_cli.core.records import Schedule
from hyponema_cli.engine import book, reconcile, sessions
from hyponema_cli.engine.recover import recover
from hyponema_cli.engine.simulate import simulate
from hyponema_cli.store import calls, open_store
from tests.engine.test_why import (
    DAILY,
    busy,
    configure,
    converse,
    crowded,
    doubted,
    explain,
    in_session,
    lost_reply,
    once,
    pass_until,
    rings_when_told,
)
from tests.world import MONDAY, World, at

# --- 1: a doubt cannot be closed as failed: the table's CHECK refuses it ------------------------------------------


def test_redial_after_dials_once_more_and_the_pass_goes_on(world: World) -> None:
    world.phones.answer = lost_reply
    once(world, on_doubt="redial-after 2m")
    world.user("bo", "+34600000002", "Europe/Madrid")
    world.tick()
    world.phones.answer = lambda call: CallState.COMPLETED
    world.add({"at": "2026-03-02T08:05:00Z"}, user="bo")
    world.run_until("2026-03-02 08:10")
    assert sorted(world.dials()) == ["+34600000001", "+34600000001", "+34600000002"]


def test_a_simulation_of_a_workspace_with_a_doubt(world: World) -> None:
    world.phones.answer = lost_reply
    once(world)
    world.tick()
    simulate(world.store, MONDAY, 1, 1, "edition-1", lambda part: None)


def restored(world: World, *, doubt_before: bool) -> None:
    """Call Ana on two days, and put back a copy from before (or between) the two."""
    world.phones.answer = lost_reply
    world.add(DAILY)
    copy = world.store.path.with_name("copy.db")

    def keep() -> None:
        other = open_store(world.store.path)
        other.execute("vacuum into ?", (str(copy),))
        other.close()

    if not doubt_before:
        keep()
    world.tick("2026-03-02 08:30")
    if doubt_before:
        keep()
    reconcile.resolve(world.desk, calls.in_doubt(world.store)[0].id, placed=True)
    world.tick("2026-03-03 08:30")
    world.store.close()
    shutil.copy(copy, world.store.path)
    world.store = world.desk.store = open_store(world.store.path)


@pytest.mark.parametrize("doubt_before", [True, False])
def test_a_restored_database_can_be_recovered(world: World, doubt_before: bool) -> None:
    restored(world, doubt_before=doubt_before)
    recover(world.desk, world.clock.now())


# --- what an end of a session, or a change, does not wake ----------------------------------------------------------


def test_a_retry_that_waits_for_a_session_goes_out_when_it_ends(world: World) -> None:
    world.phones.answer = lambda call: CallState.NO_ANSWER
    it = once(world, max_attempts=2, retry_delay="10m")
    pass_until(world, at("2026-03-02 08:08"))
    session = converse(world, ttl=timedelta(hours=1))
    pass_until(world, at("2026-03-02 08:13"))
    assert world.statuses(it) == [("waiting_retry", "live_session")]
    sessions.end(world.desk, session)
    pass_until(world, at("2026-03-02 09:00"))
    assert len(world.dials()) == 2


# --- next_call_at that is not true ---------------------------------------------------------------------------------


def test_a_doubt_that_nobody_settles_holds_the_line_tomorrow_too(world: World) -> None:
    world.phones.answer = lost_reply
    daily = world.add(DAILY)
    pass_until(world, at("2026-03-02 12:00"))
    other = world.add({"weekdays": "1-7", "at": "15:00"})
    for it in (daily, other):
        assert explain(world, it.id).next_call_at is None


def test_a_session_that_stops_todays_call_does_not_stop_tomorrows(world: World) -> None:
    it = world.add(DAILY)
    world.clock.set(at("2026-03-02 08:29"))
    converse(world)
    assert explain(world, it.id).next_call_at == at("2026-03-03 08:30")
    rings_when_told(world, it)


def test_after_two_days_without_a_pass_the_next_call_is_still_known(world: World) -> None:
    it = world.add(DAILY)
    world.clock.set(at("2026-03-04 12:00"))
    assert explain(world, it.id).next_call_at == at("2026-03-05 08:30")
    rings_when_told(world, it)


@pytest.mark.parametrize("stage", ["weekend", "cap"])
def test_a_minutely_rule_rings_again_after_more_than_a_thousand_minutes(world: World, stage: str) -> None:
    it = world.add({"cron": "* * * * *"}, window="mon-fri 09:00-18:00" if stage == "weekend" else None)
    if stage == "cap":
        configure(world, "call_cap", "1/24h")
        pass_until(world, at("2026-03-02 08:02"))
        expected = at("2026-03-03 08:00:01")
    else:
        world.clock.set(at("2026-03-06 17:00:30"))
        world.tick()
        expected = at("2026-03-09 08:00")
    assert explain(world, it.id).next_call_at == expected


# --- what is waited for is not said --------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", [in_session, busy, doubted, crowded], ids=lambda it: it.__name__)
def test_a_call_that_a_pass_has_left_waiting_says_what_it_waits_for(world: World, stage: object) -> None:
    it = stage(world)  # type: ignore[operator]
    world.tick()
    told = explain(world, it.id)
    assert (told.verdict, bool(told.changes)) == ("wait", True)


def test_a_wait_beyond_the_deadline_is_not_told_as_too_late_while_it_is_in_time(world: World) -> None:
    session = converse(world, ttl=timedelta(hours=1))
    it = once(world)
    world.tick()
    assert explain(world, it.id).changes == [f"hyp sessions end {session}, or wait for its end"]


def test_a_person_whose_schedule_has_lost_its_zone_is_not_said_to_have_none(world: World) -> None:
    world.add(DAILY)
    world.edit_user("ana", timezone=None)
    told = explain(world, "ana")
    assert told.reason is not None
    assert "timezone" in told.reason


def test_a_lost_zone_says_what_to_do(world: World) -> None:
    it = world.add(DAILY)
    world.edit_user("ana", timezone=None)
    assert explain(world, it.id).changes


def test_a_doubt_says_what_to_do(world: World) -> None:
    world.phones.answer = lost_reply
    it = once(world)
    world.tick()
    assert any("--resolve" in change for change in explain(world, it.id).changes)


def test_no_reason_for_nothing_to_come_is_that_the_schedule_is_active(world: World) -> None:
    it = world.add(DAILY, max_occurrences=1)
    world.tick("2026-03-02 08:30")
    assert explain(world, it.id, "2026-03-05 08:00").reason != "the schedule is active"


def test_the_call_that_came_due_before_a_past_instant_and_has_no_row_yet(world: World) -> None:
    it = world.add(DAILY)
    world.clock.set(at("2026-03-02 08:40"))
    assert explain(world, it.id, "2026-03-02 08:35").scheduled_time == at("2026-03-02 08:30")


# --- remedies that do not help -------------------------------------------------------------------------------------


def too_late(world: World) -> Schedule:
    it = world.add(DAILY)
    world.clock.set(at("2026-03-02 09:00"))
    return it


def test_a_bare_number_without_a_zone_has_no_user_to_edit(world: World) -> None:
    it = world.add({"at": "now"}, to="+80012345678", window="09:00-21:00")
    assert "USER" not in explain(world, it.id).changes[0]


def test_raising_the_pace_lets_the_one_that_waits_for_its_turn_go(world: World) -> None:
    configure(world, "pace", "0.01")
    world.user("bo", "+34600000002", "Europe/Madrid")
    once(world, user="bo")
    world.tick()
    it = once(world)
    assert "raise the pace" in explain(world, it.id).changes[0]
    configure(world, "pace", "10")
    assert explain(world, it.id).verdict == "dial"  # its turn stays 100 s away


# --- simulate ------------------------------------------------------------------------------------------------------


def test_a_retry_of_a_call_from_before_counts_when_it_rings_in_the_simulation(world: World) -> None:
    world.phones.answer = lambda call: CallState.NO_ANSWER
    once(world, max_attempts=2, retry_delay="10m")
    pass_until(world, at("2026-03-02 08:05"))
    it = simulate(world.store, at("2026-03-02 08:05"), 1, 1, "edition-1", lambda part: None)
    assert (it.peak, it.evidence.numbers["calls"]) == (1, 1)


def test_one_phone_is_one_person_as_user_and_as_bare_number(world: World) -> None:
    world.add(DAILY)
    world.add({"weekdays": "1-7", "at": "10:00"}, to="+34600000001")
    it = simulate(world.store, MONDAY, 1, 1, "edition-1", lambda part: None)
    assert not expect.parse("max_per_person 1/24h")(it.evidence).holds


# --- small ---------------------------------------------------------------------------------------------------------


def test_leading_zeros_do_not_change_a_number() -> None:
    assert caps.parse("0000000015/24h")[0].count == 15  # 1


def test_what_is_skipped_by_a_resume_keeps_every_gates_answer(world: World) -> None:
    it = world.add(DAILY)
    book.pause(world.desk, it.id, None)
    world.clock.set(at("2026-03-02 08:31"))
    book.resume(world.desk, it.id, None)
    (skipped,) = world.history(it)
    assert (skipped.status, skipped.reason, bool(skipped.gates)) == ("skipped", "paused", True)
