"""The ledger: what is on disk before, between and after a request, and what each answer of a carrier leads to."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import timedelta

import pytest

from hyponema_cli.carriers.base import (
    CallView,
    CarrierError,
    NotSent,
    OutcomeUnknown,
    PlaceCall,
    Rejected,
    Throttled,
)
from hyponema_cli.core.call import CallState
from hyponema_cli.core.errors import Unusable
from hyponema_cli.core.schedule import Occurrence
from hyponema_cli.store import open_store
from tests.world import MONDAY, World


def answers(*ends: CallState | BaseException) -> Callable[[PlaceCall], CallState]:
    """Answer one request after the other like this; the last one stays."""
    left = list(ends)

    def answer(call: PlaceCall) -> CallState:
        end = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(end, BaseException):
            raise end
        return end

    return answer


def call_states(world: World) -> list[tuple[str, str | None]]:
    rows = world.store.execute("select status, reason from calls order by created_at, id")
    return [(status, reason) for status, reason in rows]


def test_the_intent_is_on_disk_before_the_carrier_hears_a_word(world: World) -> None:
    seen: list[tuple[str, str]] = []

    def look(call: PlaceCall) -> CallState:
        other = open_store(world.store.path)
        seen.extend(other.execute("select id, status from calls").fetchall())
        other.close()
        return CallState.COMPLETED

    world.phones.answer = look
    world.add({"at": "now"})
    world.tick()
    assert seen == [(world.phones.placed[0].call_id, "placing")]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OutcomeUnknown("no answer in time"), "no_clean_answer"),
        (ConnectionResetError("reset"), "carrier_error"),
        (CarrierError("of no kind"), "carrier_error"),
        (ZeroDivisionError(), "carrier_error"),
    ],
)
def test_anything_but_a_clean_answer_is_a_doubt_and_is_never_redialled(
    world: World, error: Exception, reason: str
) -> None:
    world.phones.answer = answers(error)
    once = world.add({"at": "now"}, max_attempts=5, retry_delay="1m")
    world.run_until(MONDAY + timedelta(hours=3))
    assert len(world.dials()) == 1
    assert call_states(world) == [("in_doubt", reason)]
    assert world.history(once)[0].status == "in_doubt"


def test_an_answer_without_an_id_is_a_doubt(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    view = CallView("", CallState.QUEUED, "queued", "", "", MONDAY)
    monkeypatch.setattr(world.phones, "place_call", lambda call: view)
    world.add({"at": "now"})
    assert world.tick().in_doubt == 1
    assert call_states(world) == [("in_doubt", "no_id")]


def test_an_id_that_another_call_bears_is_a_doubt(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    view = CallView("SAME", CallState.QUEUED, "queued", "", "", MONDAY)
    monkeypatch.setattr(world.phones, "place_call", lambda call: view)
    for last in "12":
        world.add({"at": "now"}, to=f"+3460000010{last}")
    world.tick()
    assert sorted(call_states(world)) == [("in_doubt", "id_of_another_call"), ("queued", None)]


def test_a_doubt_locks_the_number_for_everybody(world: World) -> None:
    world.phones.answer = answers(OutcomeUnknown("lost"), CallState.COMPLETED)
    world.add({"at": "now"})
    world.tick()
    other = world.add({"delay": "1m"}, to="+34600000001")
    world.run_until(MONDAY + timedelta(minutes=30))
    assert len(world.dials()) == 1
    assert world.statuses(other) == [("missed", "too_late")]


@pytest.mark.parametrize("error", [NotSent("refused"), Throttled("429")])
def test_a_request_that_was_not_taken_is_sent_again_with_back_off_and_uses_up_no_attempt(
    world: World, error: Exception
) -> None:
    world.phones.answer = answers(error, error, error, CallState.COMPLETED)
    once = world.add({"at": "now"}, max_attempts=1)
    world.run_until(MONDAY + timedelta(minutes=3), every=timedelta(seconds=1))
    (execution,) = world.history(once)
    assert (execution.status, execution.attempts) == ("completed", 1)
    assert [(each.number, str(each.status)) for each in execution.calls] == [
        (1, "not_placed"),
        (1, "not_placed"),
        (1, "not_placed"),
        (1, "completed"),
    ]
    waits = [(each.created_at - MONDAY).seconds for each in execution.calls]
    assert waits == [1, 6, 16, 36]


def test_a_carrier_that_says_when_to_come_back_is_asked_no_sooner(world: World) -> None:
    world.phones.answer = answers(Throttled("429", timedelta(seconds=90)), CallState.COMPLETED)
    world.add({"at": "now"})
    world.run_until(MONDAY + timedelta(seconds=90), every=timedelta(seconds=10))
    assert len(world.dials()) == 1
    world.run_until(MONDAY + timedelta(seconds=110), every=timedelta(seconds=10))
    assert len(world.dials()) == 2


def test_a_carrier_that_stays_away_makes_the_call_missed_in_the_end(world: World) -> None:
    world.phones.answer = answers(NotSent("refused"))
    once = world.add({"at": "now"}, catch_up_window="5m")
    world.run_until(MONDAY + timedelta(minutes=10))
    assert world.statuses(once) == [("missed", "too_late")]
    assert world.history(once)[0].attempts == 0


def test_a_rejected_call_has_failed_and_is_not_tried_again(world: World) -> None:
    world.phones.answer = answers(Rejected("invalid number", "destination", "21211"))
    once = world.add({"at": "now"}, max_attempts=3)
    world.run_until(MONDAY + timedelta(hours=1))
    assert len(world.dials()) == 1
    assert call_states(world) == [("rejected", "21211")]
    assert world.statuses(once) == [("failed", "rejected")]


def test_a_refused_account_stops_the_carrier_and_does_not_burn_the_list(world: World) -> None:
    world.phones.answer = answers(Rejected("bad credentials", "account", "20003"))
    for last in range(10):
        world.add({"at": "now"}, to=f"+3460000010{last}")
    world.tick()
    assert len(world.dials()) == 1
    assert {status for status, _ in world.statuses()} == {"pending"}


def test_a_carrier_that_cannot_be_loaded_is_waited_for_and_stops_no_other_work(world: World) -> None:
    def broken(account: str) -> object:
        raise Unusable("no such module")

    world.desk.open_carrier = broken  # type: ignore[assignment]
    world.add({"at": "now"})
    world.tick()
    assert world.statuses() == [("pending", "carrier_unusable")]


def test_ctrl_c_in_the_middle_of_a_request_leaves_one_doubt_and_the_rest_unsent(world: World) -> None:
    world.phones.answer = answers(CallState.COMPLETED, CallState.COMPLETED, KeyboardInterrupt())
    for last in range(6):
        world.add({"at": "now"}, to=f"+3460000010{last}")
    with pytest.raises(KeyboardInterrupt):
        world.tick()
    dialled = len(world.dials())
    assert dialled == 3
    assert [status for status, _ in call_states(world)].count("in_doubt") == 1
    assert "placing" not in [status for status, _ in call_states(world)]
    world.phones.answer = answers(CallState.COMPLETED)
    world.run_until(MONDAY + timedelta(minutes=5))
    assert sorted(set(world.dials())) == sorted(world.dials())
    assert len(world.dials()) == 6


def test_an_intent_whose_process_died_becomes_a_doubt_and_never_due_again(world: World) -> None:
    once = world.add({"at": "now"}, max_attempts=3)
    world.tick()
    # What a power cut right after the commit leaves behind.
    world.store.execute("update calls set status = 'placing', carrier_call_id = null, next_poll_at = null")
    world.tick(MONDAY + timedelta(seconds=89))
    assert call_states(world) == [("placing", None)]
    assert world.tick(MONDAY + timedelta(seconds=91)).in_doubt == 1
    world.run_until(MONDAY + timedelta(hours=2))
    assert call_states(world) == [("in_doubt", "process_lost")]
    assert len(world.dials()) == 1
    assert world.history(once)[0].status == "in_doubt"


def test_a_request_is_not_sent_after_its_deadline(world: World) -> None:
    """The machine was asleep between the commit and the request, or the request before it hung."""

    def hang_at_the_second(call: PlaceCall) -> CallState:
        if len(world.phones.placed) == 2:
            world.clock.set(world.clock.now() + timedelta(seconds=31))
        return CallState.COMPLETED

    world.phones.answer = hang_at_the_second
    for last in range(3):  # the first round takes one, the second two
        world.add({"at": "now"}, to=f"+3460000010{last}")
    world.tick()
    assert len(world.dials()) == 2
    assert ("not_placed", "too_late_to_send") in call_states(world)
    world.run_until(world.clock.now() + timedelta(minutes=1))
    assert sorted(world.dials()) == ["+34600000100", "+34600000101", "+34600000102"]


def test_a_slow_carrier_gets_its_intents_one_at_a_time(world: World) -> None:
    committed: list[int] = []

    def slow(call: PlaceCall) -> CallState:
        (open_,) = world.store.execute("select count(*) from calls where status = 'placing'").fetchone()
        committed.append(open_)
        world.clock.set(world.clock.now() + timedelta(seconds=1))
        return CallState.COMPLETED

    world.phones.answer = slow
    for last in range(10, 30):
        world.add({"at": "now"}, to=f"+346000001{last}")
    world.tick()
    assert committed == [1] * 20


def test_a_carrier_with_a_pace_gets_its_intents_one_at_a_time(world: World) -> None:
    committed: list[int] = []

    def count(call: PlaceCall) -> CallState:
        (open_,) = world.store.execute("select count(*) from calls where status = 'placing'").fetchone()
        committed.append(open_)
        return CallState.COMPLETED

    world.phones.calls_per_second = 1.0
    world.phones.answer = count
    for last in range(5):
        world.add({"at": "now"}, to=f"+3460000010{last}")
    world.tick()
    assert committed == [1] * 5


def test_a_call_without_an_end_is_closed_after_six_hours_with_a_reason(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = world.add({"at": "now"})
    world.tick()

    def unreachable(carrier_call_id: str) -> CallView:
        raise ConnectionError

    monkeypatch.setattr(world.phones, "fetch_call", unreachable)
    world.run_until(MONDAY + timedelta(hours=7))
    assert call_states(world) == [("failed", "end_never_told")]
    assert world.statuses(once) == [("failed", "failed")]


class TestTheIndexesHoldWhatTheCodePromises:
    def insert_call(self, world: World, call_id: str, execution_id: str, number: int, to_number: str) -> None:
        world.store.execute(
            "insert into calls (id, execution_id, number, carrier, from_number, to_number, status, deadline_at, "
            "created_at) values (?, ?, ?, 'simulated', '+1', ?, 'placing', '', '')",
            (call_id, execution_id, number, to_number),
        )

    def executions(self, world: World) -> list[str]:
        for last in "12":
            world.add({"at": "2026-03-03 09:00"}, to=f"+3460000020{last}")
        world.store.execute(
            "insert into executions "
            "(id, schedule_id, kind, slot, scheduled_time, due_at, deadline_at, status, created_at) "
            "select 'exe_' || id, id, 'scheduled', 's', '', '', '', 'dialing', '' from schedules"
        )
        return [row[0] for row in world.store.execute("select id from executions order by id")]

    def test_one_live_call_an_execution(self, world: World) -> None:
        one, _ = self.executions(world)
        self.insert_call(world, "a", one, 1, "+1")
        with pytest.raises(sqlite3.IntegrityError, match=r"calls\.execution_id"):
            self.insert_call(world, "b", one, 2, "+2")

    def test_one_live_call_a_callee(self, world: World) -> None:
        one, two = self.executions(world)
        self.insert_call(world, "a", one, 1, "+1")
        with pytest.raises(sqlite3.IntegrityError, match=r"calls\.to_number"):
            self.insert_call(world, "b", two, 1, "+1")

    def test_one_request_an_attempt(self, world: World) -> None:
        one, _ = self.executions(world)
        self.insert_call(world, "a", one, 1, "+1")
        world.store.execute("update calls set status = 'rejected', finished_at = '' where id = 'a'")
        with pytest.raises(sqlite3.IntegrityError, match=r"calls\.execution_id, calls\.number"):
            self.insert_call(world, "b", one, 1, "+2")

    def test_one_execution_a_slot_and_an_instant(self, world: World) -> None:
        from hyponema_cli.store import executions

        daily = world.add({"cron": "30 9 * * *"})

        def record(row_id: str, slot: str, minute: int) -> bool:
            occurrence = Occurrence(MONDAY + timedelta(minutes=minute), slot)
            return executions.record(
                world.store,
                row_id,
                daily.id,
                occurrence,
                deadline_at=MONDAY,
                priority=0,
                missed=None,
                now=MONDAY,
            )

        assert record("a", "slot-1", 0)
        assert not record("b", "slot-1", 1)
        assert not record("c", "slot-2", 0)
        assert record("d", "slot-2", 1)
