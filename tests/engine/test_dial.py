"""The ledger: what is on disk before, between and after a request, and what each answer of a carrier leads to."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hyponema_cli.carriers.base import (
    CallView,
    Capabilities,
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
    # What a power cut right after the commit leaves behind; no request was sent.
    world.store.execute("update calls set status = 'placing', carrier_call_id = null, next_poll_at = null")
    world.store.execute("update executions set actual_time = null")
    world.phones.forget()
    world.tick(MONDAY + timedelta(seconds=89))
    assert call_states(world) == [("placing", None)]
    assert world.tick(MONDAY + timedelta(seconds=91)).in_doubt == 1
    world.run_until(MONDAY + timedelta(hours=3))
    assert call_states(world) == [("in_doubt", "process_lost")]
    assert len(world.dials()) == 1
    (execution,) = world.history(once)
    assert (execution.status, execution.reason, execution.actual_time) == ("in_doubt", "process_lost", MONDAY)


def test_a_request_is_not_sent_after_its_deadline(world: World) -> None:
    """The machine fell asleep between the commit of the intent and the request."""
    once = world.add({"at": "now"})

    def sleep_after_the_intent(statement: str) -> None:
        if statement == "commit" and call_states(world) == [("placing", None)]:
            world.clock.set(MONDAY + timedelta(seconds=31))

    commits = world.store._insist

    def commit(statement: str, patience: int) -> None:
        commits(statement, patience)
        sleep_after_the_intent(statement)

    world.store._insist = commit  # type: ignore[method-assign]
    world.tick()
    assert call_states(world)[0] == ("not_placed", "too_late_to_send")
    assert world.history(once)[0].attempts == len(world.dials()) == 1


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


def test_a_call_without_an_end_is_closed_after_two_days_and_never_retried(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = world.add({"at": "now"}, max_attempts=3, retry_on=["failed"], retry_delay="1m")
    world.tick()

    def unreachable(carrier_call_id: str) -> CallView:
        raise ConnectionError

    monkeypatch.setattr(world.phones, "fetch_call", unreachable)
    world.run_until(MONDAY + timedelta(hours=49), every=timedelta(hours=1))
    assert call_states(world) == [("ringing", None)]
    world.run_until(MONDAY + timedelta(hours=51), every=timedelta(hours=1))
    assert call_states(world) == [("failed", "end_never_told")]
    assert world.statuses(once) == [("failed", "end_never_told")]
    assert len(world.dials()) == 1


def test_old_news_never_moves_a_call_back(world: World) -> None:
    world.add({"at": "now"})
    world.tick()
    stale = world.phones.fetch_call

    def slow_answer(carrier_call_id: str) -> CallView:
        view = stale(carrier_call_id)
        world.store.execute("update calls set status = 'in_progress'")  # another process was quicker
        return view

    world.phones.fetch_call = slow_answer  # type: ignore[method-assign]
    world.tick(MONDAY + timedelta(seconds=2))
    assert call_states(world) == [("in_progress", None)]


class TestAPluginThatMisbehaves:
    @pytest.mark.parametrize(
        "view",
        [
            None,
            "T1",
            CallView(b"T1", CallState.QUEUED, "", "", "", MONDAY),  # type: ignore[arg-type]
            CallView("T1", "queued?", "", "", "", MONDAY),  # type: ignore[arg-type]
        ],
    )
    def test_whatever_it_returns_the_others_are_recorded(
        self, world: World, monkeypatch: pytest.MonkeyPatch, view: object
    ) -> None:
        place = world.phones.place_call
        odd = "+34600000103"

        def place_call(call: PlaceCall) -> object:
            answer = place(call)
            return view if call.to_number == odd else answer

        monkeypatch.setattr(world.phones, "place_call", place_call)
        for last in range(6):
            world.add({"at": "now"}, to=f"+3460000010{last}")
        world.tick()
        states = [status for status, _ in call_states(world)]
        assert (states.count("ringing"), states.count("in_doubt")) == (5, 1)

    @pytest.mark.parametrize(
        "error",
        [Throttled("x", 30), Throttled("x", timedelta.max), NotSent("\ud800")],  # type: ignore[arg-type]
    )
    def test_whatever_it_raises_the_pass_goes_on(self, world: World, error: Exception) -> None:
        world.phones.answer = answers(error, CallState.COMPLETED)
        once = world.add({"at": "now"})
        world.tick()
        world.run_until(MONDAY + timedelta(minutes=2))
        assert world.statuses(once) == [("completed", "answered")]

    def test_a_fraction_of_a_second_is_cut_and_other_types_are_asked_again(self, world: World) -> None:
        world.add({"at": "now"})
        world.tick()
        end = CallView("T1", CallState.COMPLETED, "", "", "", MONDAY, answered_by=7)  # type: ignore[arg-type]
        world.phones.fetch_call = lambda carrier_call_id: end  # type: ignore[method-assign,assignment]
        world.tick(MONDAY + timedelta(seconds=20))
        assert call_states(world) == [("ringing", None)]
        end = CallView("T1", CallState.COMPLETED, "", "", "", MONDAY, duration_seconds=7.9)  # type: ignore[arg-type]
        world.tick(MONDAY + timedelta(seconds=60))
        assert world.store.execute("select status, duration_seconds from calls").fetchone() == ("completed", 7)

    @pytest.mark.parametrize(
        "odd", [{"duration_seconds": 2**70}, {"duration_seconds": -1}, {"carrier_call_id": "\ud800"}]
    )
    def test_no_view_of_one_call_stops_the_others(self, world: World, odd: dict[str, Any]) -> None:
        world.add({"at": "now"})
        world.tick()
        end = CallView("T1", CallState.COMPLETED, "", "", "", MONDAY)
        world.phones.fetch_call = lambda carrier_call_id: replace(end, **odd)  # type: ignore[method-assign]
        other = world.add({"delay": "20s"}, to="+34600000105")
        world.tick(MONDAY + timedelta(seconds=20))
        assert world.statuses(other) == [("dialing", None)]

    def test_an_error_that_cannot_even_be_printed_is_a_doubt(self, world: World) -> None:
        class Mute(Exception):
            def __str__(self) -> str:
                raise ZeroDivisionError

        world.phones.answer = answers(Mute())
        world.add({"at": "now"})
        world.tick()
        assert call_states(world) == [("in_doubt", "carrier_error")]

    def test_capabilities_that_raise_keep_it_from_being_used_and_nothing_else(self, world: World) -> None:
        def broken() -> Capabilities:
            raise ZeroDivisionError

        world.phones.capabilities = broken  # type: ignore[method-assign]
        world.add({"at": "now"})
        world.tick()
        assert world.statuses() == [("pending", "carrier_unusable")]


def test_a_record_waits_long_for_the_lock_so_that_no_accepted_call_becomes_a_doubt(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.store.execute("pragma busy_timeout = 20")
    other = open_store(world.store.path)
    waits: list[str] = []
    insist = world.store._insist

    def let_go_after_a_while(statement: str, patience: int) -> None:
        if other.in_transaction() and patience > 1:
            waits.append(statement)
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                insist(statement, 3)
            other.execute("rollback")
        insist(statement, patience)

    monkeypatch.setattr(world.store, "_insist", let_go_after_a_while)

    def lock(call: PlaceCall) -> CallState:
        other.execute("begin immediate")
        return CallState.COMPLETED

    world.phones.answer = lock
    world.add({"at": "now"})
    world.tick()
    other.close()
    assert waits == ["begin immediate"]
    assert call_states(world) == [("ringing", None)]


def test_a_commit_that_fails_leaves_no_transaction_open_for_the_next_to_join(world: World) -> None:
    world.store.execute("pragma busy_timeout = 20")
    reader = open_store(world.store.path)
    world.add({"at": "now"})
    reader.execute("begin")
    reader.execute("select * from calls").fetchall()
    if world.store.execute("pragma journal_mode").fetchone()[0] != "wal":
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            world.tick()
    assert not world.store.in_transaction()
    reader.execute("commit")
    reader.close()
    world.tick()
    assert len(world.dials()) == 1


def test_nothing_is_dialled_while_a_transaction_is_open(world: World) -> None:
    world.add({"at": "now"})
    with pytest.raises(RuntimeError, match="committed"), world.store.transaction():
        world.tick()
    assert world.dials() == []


def test_a_carrier_that_turns_slow_gets_no_more_of_the_batch(world: World) -> None:
    most = 0

    def turn_slow(call: PlaceCall) -> CallState:
        nonlocal most
        if len(world.phones.placed) > 20:
            world.clock.set(world.clock.now() + timedelta(milliseconds=300))
        (open_,) = world.store.execute("select count(*) from calls where status = 'placing'").fetchone()
        most = max(most, open_)
        return CallState.COMPLETED

    world.phones.answer = turn_slow
    for last in range(60):
        world.add({"at": "now"}, to=f"+346000001{last:02}")
    world.tick()
    assert len(world.dials()) == len(set(world.dials())) == 60
    put_back = [reason for status, reason in call_states(world) if status == "not_placed"]
    assert set(put_back) == {"put_back"}


def test_a_number_that_replaced_one_never_used_is_shown(world: World) -> None:
    world.phones.answer = answers(NotSent("down"), CallState.COMPLETED)
    world.add({"at": "now"})
    world.tick()
    world.store.execute("delete from numbers")
    world.number("+34910000002")
    world.run_until(MONDAY + timedelta(minutes=1))
    assert [call.from_number for call in world.phones.placed] == ["+34910000001", "+34910000002"]


def test_a_carrier_that_wants_hours_does_not_keep_an_execution_open_past_its_deadline(world: World) -> None:
    world.phones.answer = answers(Throttled("later", timedelta(hours=5)))
    hourly = world.add({"cron": "0 * * * *"}, until="2026-03-02T10:00:00Z")
    world.run_until(MONDAY + timedelta(hours=3))
    assert world.statuses(hourly) == [("missed", "too_late")] * 3


def test_a_pass_ends_though_its_carrier_cannot_be_reached(world: World) -> None:
    def hang(call: PlaceCall) -> CallState:
        world.clock.set(world.clock.now() + timedelta(seconds=10))
        raise NotSent("no route")

    world.phones.answer = hang
    for last in range(40):
        world.add({"at": "now"}, to=f"+346000001{last:02}", catch_up_window="1d")
    world.tick()
    assert world.clock.now() - MONDAY < timedelta(minutes=2)
    assert len(world.dials()) == 1


def test_a_pass_of_a_slow_carrier_ends_after_a_minute_and_the_next_goes_on(world: World) -> None:
    def slow(call: PlaceCall) -> CallState:
        world.clock.set(world.clock.now() + timedelta(seconds=10))
        return CallState.COMPLETED

    world.phones.answer = slow
    for last in range(12):
        world.add({"at": "now"}, to=f"+346000001{last:02}")
    world.tick()
    assert 6 <= len(world.dials()) <= 8
    world.tick()
    assert len(world.dials()) == len(set(world.dials())) == 12


def test_carriers_that_do_not_answer_keep_nobody_waiting(world: World) -> None:
    for last in range(30):
        world.add({"at": "now"}, to=f"+346000001{last:02}")
    world.tick()
    asked: list[str] = []

    def time_out(carrier_call_id: str) -> CallView:
        asked.append(carrier_call_id)
        world.clock.set(world.clock.now() + timedelta(seconds=20))
        raise TimeoutError

    world.phones.fetch_call = time_out  # type: ignore[method-assign]
    world.tick(MONDAY + timedelta(seconds=30))
    assert len(asked) == 1


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
        world.store.execute("update calls set status = 'rejected', reason = 'x', finished_at = '' where id = 'a'")
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
