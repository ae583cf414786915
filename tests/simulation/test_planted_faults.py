"""Can the checker fail? Each fault that is planted here into the engine must be found within a few histories.

The faults are planted behind the engine's back, in what it calls; a history knows nothing of them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hyponema_cli.carriers.base import CallView
from hyponema_cli.core.call import CallState, Outcome
from hyponema_cli.core.records import Call, Settings
from hyponema_cli.core.retry import GiveUp, Retry, RetryPolicy
from hyponema_cli.core.webhook import TOLD
from hyponema_cli.engine import dial, finish, outbox, reconcile, settle
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.send import OneByOne
from hyponema_cli.store import Store, calls, create, executions, journal, schedules, turns
from tests.simulation import checker, gate_checks, process
from tests.simulation.checker import Check, complaints
from tests.simulation.history import play
from tests.simulation.house import House
from tests.simulation.network import Weather

MOST_SEEDS = 30
ROUGH = Weather(requests=0.5, fetches=0.1, finds=0.3, deaths=0.15, disturbances=0.2)


FAIR = Weather(requests=0.1, fetches=0.0, finds=0.0, deaths=0.05, disturbances=0.1)
"""In which most calls are made, so that gates have something to do."""


def is_found(check: Check, weather: Weather = ROUGH, house: House | None = None) -> bool:
    """True when a check complains of one of the first histories."""
    return any(
        complaint.check == check.__name__
        for seed in range(1, MOST_SEEDS + 1)
        for complaint in complaints(play(seed, weather, house))
    )


class LateCommits(process.Guarded):
    """A connection that says "committed" of an intent, and commits it before its next statement."""

    _intent = _owed = False

    def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:
        if self._owed:
            self._owed = False
            self.life.step("late commit", lambda: self._connection.execute("commit"))
        self._intent = "insert into calls" in sql or (self._intent and self._connection.in_transaction)
        if sql == "commit" and self._intent:
            self._owed = True
            return self._connection.execute("select 1")
        return super().execute(sql, parameters)

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction and not self._owed


def test_a_request_that_is_sent_before_its_intent_is_committed_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "Guarded", LateCommits)
    assert is_found(checker.every_request_was_committed_before)


def give_back_doubts(monkeypatch: pytest.MonkeyPatch, *, of_the_dead: bool) -> None:
    """Take doubts for requests that were not made: those that a dead process left, or all others."""
    doubt_call, doubt_execution = calls.doubt, executions.doubt

    def call(store: Store, call_id: str, reason: str, error: str | None, look_at: datetime) -> None:
        if (reason == "process_lost") is of_the_dead:
            calls.finish(store, call_id, CallState.NOT_PLACED, look_at, reason="planted")
        else:
            doubt_call(store, call_id, reason, error, look_at)

    def execution(store: Store, execution_id: str, reason: str, actual_time: datetime) -> None:
        if (reason == "process_lost") is of_the_dead:
            executions.give_back(store, execution_id, actual_time, "planted")
        else:
            doubt_execution(store, execution_id, reason, actual_time)

    monkeypatch.setattr(calls, "doubt", call)
    monkeypatch.setattr(executions, "doubt", execution)


def test_an_intent_of_a_dead_process_that_becomes_due_again_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    give_back_doubts(monkeypatch, of_the_dead=True)
    assert is_found(checker.nothing_is_dialled_on_a_guess)


def test_a_lost_reply_that_is_taken_for_a_request_not_sent_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    give_back_doubts(monkeypatch, of_the_dead=False)
    assert is_found(checker.nothing_is_dialled_on_a_guess)


def test_adopting_one_of_several_calls_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    settle = reconcile._settle

    def adopt_the_first(
        desk: Desk, doubt: calls.Doubtful, found: list[CallView] | None, workspace: Settings, now: datetime
    ) -> None:
        settle(desk, doubt, found[:1] if found else found, workspace, now)

    monkeypatch.setattr(reconcile, "_settle", adopt_the_first)
    strangers = Weather(0.8, 0.0, 0.0, 0.0, 0.0, fates=("made_with_a_stranger_beside",))
    assert is_found(checker.the_ledger_tells_the_truth, strangers)


def test_a_slot_that_loses_its_row_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    record, recorded = executions.record, 0

    def lose_some(*arguments: Any, **named: Any) -> bool:
        nonlocal recorded
        recorded += 1
        return bool(recorded % 7 == 0 or record(*arguments, **named))

    monkeypatch.setattr(executions, "record", lose_some)
    assert is_found(checker.every_planned_occurrence_has_its_row)


def test_an_end_that_nobody_is_told_of_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {name: event for name, event in TOLD.items() if name != "execution.missed"}
    monkeypatch.setattr("hyponema_cli.engine.desk.TOLD", known)
    assert is_found(checker.every_end_is_told_once_and_last)


def test_an_end_that_is_told_twice_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    tell = outbox.tell

    def twice(store: Store, told: str, *about: Any) -> None:
        tell(store, told, *about)
        if told == "completed":
            tell(store, told, *about)

    monkeypatch.setattr(outbox, "tell", twice)
    assert is_found(checker.every_end_is_told_once_and_last)


def create_without(monkeypatch: pytest.MonkeyPatch, *indexes: str) -> None:
    """Let the workspace lack some of the indexes that hold what the code promises."""

    def without(path: Path) -> tuple[Store, bool]:
        store, is_new = create(path)
        for index in indexes:
            store.execute(f"drop index {index}")
        return store, is_new

    monkeypatch.setattr("tests.simulation.history.create", without)


def misread_due(monkeypatch: pytest.MonkeyPatch, misread: Callable[[executions.Due], executions.Due | None]) -> None:
    """Let the engine see other facts of what is due than there are; None: it overlooks it."""
    due = executions.due

    def read(*arguments: Any) -> list[executions.Due]:
        return [seen for each in due(*arguments) if (seen := misread(each)) is not None]

    monkeypatch.setattr(executions, "due", read)


def test_a_slot_that_is_recorded_twice_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    record = executions.record

    def twice(store: Store, execution_id: str, *arguments: Any, **named: Any) -> bool:
        record(store, f"{execution_id}-twin", *arguments, **named)
        return record(store, execution_id, *arguments, **named)

    monkeypatch.setattr(executions, "record", twice)
    create_without(monkeypatch, "one_execution_a_slot", "one_execution_an_instant")
    assert is_found(checker.one_execution_a_slot)


def test_a_line_that_is_not_locked_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    create_without(monkeypatch, "one_live_call_a_callee")
    misread_due(monkeypatch, lambda due: due._replace(busy_call_id=None))
    assert is_found(checker.one_call_at_a_time)


def test_a_call_after_its_deadline_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    misread_due(monkeypatch, lambda due: due._replace(deadline_at=due.deadline_at + timedelta(hours=1)))
    assert is_found(checker.nobody_is_called_too_late)


def test_an_execution_that_is_overlooked_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    misread_due(monkeypatch, lambda due: None if due.to_number.endswith("1") else due)
    assert is_found(checker.every_execution_says_why)


def test_one_occurrence_too_many_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    misread_due(monkeypatch, lambda due: due._replace(calls_left=None))
    monkeypatch.setattr(schedules, "calls_left", lambda store, schedule: None)
    monkeypatch.setattr(schedules, "conclude", lambda store, schedule_id, now: None)
    assert is_found(checker.no_more_calls_than_asked_for)


def test_a_pass_that_ends_with_a_bug_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def slip(*arguments: Any, **named: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(executions, "wait_for_retry", slip)
    for name in ("move", "ask_again"):
        monkeypatch.setattr(calls, name, slip)
    assert is_found(checker.every_process_ends_as_it_should)


def test_another_call_to_somebody_who_answered_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def insist(
        policy: RetryPolicy, *, outcome: Outcome, attempt: int, now: datetime, jitter: float
    ) -> Retry | GiveUp:
        return Retry(now + policy.delay)

    monkeypatch.setattr(finish, "decide_retry", insist)
    assert is_found(checker.nothing_is_dialled_after_an_answer)
    assert is_found(checker.one_call_an_attempt)


def test_an_intent_that_nobody_looks_after_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "orphans", lambda store, placing_since: [])
    deadly = replace(ROUGH, deaths=0.6)
    assert is_found(checker.quiet_leaves_nothing_in_the_air, deadly)
    assert is_found(checker.closing_leaves_nothing_open, deadly)


def test_a_session_that_is_not_looked_at_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    misread_due(monkeypatch, lambda due: due._replace(in_session=False))
    assert is_found(gate_checks.nobody_is_called_in_a_session, FAIR, House(sessions=True))


def test_a_suppression_that_retries_ignore_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    misread_due(monkeypatch, lambda due: due._replace(suppressed=due.suppressed and not due.attempts))
    assert is_found(gate_checks.nobody_suppressed_is_called, FAIR, House(suppressions=True))


def test_a_window_on_the_clocks_of_the_schedule_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    due = executions.due

    def misread(store: Store, *arguments: Any) -> list[executions.Due]:
        zones = dict(store.execute("select id, timezone from schedules").fetchall())
        return [
            each._replace(user_timezone=zones[each.schedule_id] or each.user_timezone)
            for each in due(store, *arguments)
        ]

    monkeypatch.setattr(executions, "due", misread)
    assert is_found(gate_checks.nobody_is_called_outside_their_hours, FAIR, House(windows=True))


def test_a_cap_that_does_not_count_manual_runs_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    dialled = calls.dialled

    def without_manual(store: Store, numbers: list[str], since: datetime, most: int) -> list[datetime]:
        rows = store.execute(
            "select c.created_at from calls c join executions e on e.id = c.execution_id where e.kind = 'manual'"
        )
        by_hand = {datetime.fromisoformat(row[0]) for row in rows}
        return [each for each in dialled(store, numbers, since, most) if each not in by_hand]

    monkeypatch.setattr(calls, "dialled", without_manual)
    assert is_found(gate_checks.nobody_is_called_more_often_than_a_cap_allows, FAIR, House(caps=True))


def test_a_pace_that_each_process_keeps_for_itself_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[tuple[int, str], datetime] = {}
    monkeypatch.setattr(turns, "next_at", lambda store, account: kept.get((id(store), account)))
    monkeypatch.setattr(turns, "put", lambda store, account, next_at: kept.__setitem__((id(store), account), next_at))
    assert is_found(gate_checks.no_account_is_asked_faster_than_its_pace, house=House(pace=True))


def test_a_concurrency_that_each_process_counts_for_itself_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    own: dict[int, list[str]] = {}
    intend = calls.intend

    def note(store: Store, call: Call) -> None:
        own.setdefault(id(store), []).append(call.id)
        intend(store, call)

    def count(store: Store, doubts_since: datetime) -> int:
        live = {each.id for each in calls.all_live(store)}
        return len(live & set(own.get(id(store), ())))

    monkeypatch.setattr(calls, "intend", note)
    monkeypatch.setattr(calls, "count_live", count)
    assert is_found(gate_checks.no_more_calls_at_once_than_allowed, FAIR, House(concurrency=True))


def test_a_budget_that_begins_anew_with_every_process_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "count_from", lambda store, first_id: 0)
    assert is_found(gate_checks.no_more_dials_a_day_than_the_budget, FAIR, House(budget=True))


def test_a_call_that_is_left_in_the_queue_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settle, "_withdrawn_if_too_late", lambda desk, call, view, workspace, now: (call, view))
    patient = replace(ROUGH, queued_for=(0, 1800, 7200))
    assert is_found(gate_checks.what_is_queued_too_late_is_hung_up, patient)


def test_a_journal_that_is_not_written_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "note_intents", lambda store, entries: None)
    assert is_found(checker.every_request_was_committed_before)
    assert is_found(gate_checks.an_old_database_calls_nobody, FAIR, House(restores=True))


def test_a_journal_that_is_written_after_the_request_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    write, send = dial._journal, OneByOne.send

    def send_first(sender: OneByOne, intents: Any) -> bool:
        sent = send(sender, intents)
        write(sender._desk, intents, sender._report)
        return sent

    monkeypatch.setattr(dial, "_journal", lambda *arguments: None)
    monkeypatch.setattr(OneByOne, "send", send_first)
    assert is_found(checker.every_request_was_committed_before)


def test_a_recovery_that_leaves_its_executions_due_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executions, "bring_back", lambda *arguments: None)
    calm = replace(ROUGH, requests=0.2)
    assert is_found(gate_checks.the_trail_agrees_with_the_ledger, calm, House(restores=True))
    assert is_found(checker.every_process_ends_as_it_should, calm, House(restores=True))


def test_a_second_call_from_a_doubt_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    redial_at = reconcile.redial_at
    monkeypatch.setattr(reconcile, "redial_at", lambda doubt: redial_at(doubt._replace(redialled_before=False)))
    doubtful = replace(ROUGH, requests=0.8, fates=("request_lost", "reply_lost"), find="none")
    assert is_found(gate_checks.a_doubt_is_redialled_once_and_only_when_asked, doubtful, House(on_doubt=True))


def test_a_deferral_that_does_not_keep_its_gates_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    defer = executions.defer
    monkeypatch.setattr(
        executions,
        "defer",
        lambda store, execution_id, until, reason, gates: defer(store, execution_id, until, reason),
    )
    assert is_found(gate_checks.what_was_not_called_names_its_gate)
