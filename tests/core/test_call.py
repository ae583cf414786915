"""What can become of a call? The table of moves, read for what it promises."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyponema_cli.core.call import (
    CALL_MOVES,
    FINAL_EXECUTIONS,
    LIVE_CALLS,
    LIVE_SCHEDULES,
    OPEN_EXECUTIONS,
    CallState,
    ExecutionState,
    Outcome,
    ScheduleState,
    advance,
    execution_state_during,
    outcome_of,
)
from tests.core.helpers import table
from tests.strategies import examples

FINAL_CALLS = frozenset(CallState) - LIVE_CALLS


def reachable_from(state: CallState) -> set[CallState]:
    found, news = {state}, [state]
    while news:
        further = CALL_MOVES[news.pop()] - found
        found |= further
        news.extend(further)
    return found


def test_every_state_has_its_row_and_moves_only_to_another() -> None:
    assert set(CALL_MOVES) == set(CallState)
    assert [state for state, moves in CALL_MOVES.items() if state in moves] == []


def test_every_state_can_be_reached_from_placing() -> None:
    assert reachable_from(CallState.PLACING) == set(CallState)


@pytest.mark.parametrize("state", sorted(LIVE_CALLS))
def test_every_live_state_can_come_to_an_end(state: CallState) -> None:
    assert reachable_from(state) & FINAL_CALLS


def test_a_call_that_rings_or_may_ring_is_live() -> None:
    assert {"placing", "queued", "ringing", "in_progress", "in_doubt"} == LIVE_CALLS
    assert {"completed", "busy", "no_answer", "rejected", "canceled", "failed", "not_placed"} == FINAL_CALLS


@pytest.mark.parametrize(("state", "seen"), list(product(sorted(FINAL_CALLS), CallState)))
def test_a_final_state_never_moves(state: CallState, seen: CallState) -> None:
    assert advance(state, seen) is state


@pytest.mark.parametrize(
    ("state", "seen", "then"),
    table("""
        placing     | queued      | queued
        placing     | in_doubt    | in_doubt
        placing     | not_placed  | not_placed
        placing     | rejected    | rejected
        queued      | ringing     | ringing
        queued      | placing     | queued
        queued      | in_doubt    | queued
        queued      | not_placed  | queued
        queued      | rejected    | queued
        ringing     | in_progress | in_progress
        ringing     | queued      | ringing
        ringing     | no_answer   | no_answer
        in_progress | ringing     | in_progress
        in_progress | queued      | in_progress
        in_progress | in_doubt    | in_progress
        in_progress | completed   | completed
        in_doubt    | placing     | in_doubt
        in_doubt    | ringing     | ringing
        in_doubt    | completed   | completed
        in_doubt    | not_placed  | not_placed
        completed   | ringing     | completed
        not_placed  | queued      | not_placed
    """),
)
def test_news_move_a_call_forward_and_old_news_leave_it(state: str, seen: str, then: str) -> None:
    assert advance(CallState(state), CallState(seen)) is CallState(then)


def test_nothing_leads_back_to_placing() -> None:
    """A call that was perhaps sent is never due again."""
    assert [state for state, moves in CALL_MOVES.items() if CallState.PLACING in moves] == []


def test_doubt_comes_only_from_an_intent_whose_answer_is_missing() -> None:
    assert [state for state, moves in CALL_MOVES.items() if CallState.IN_DOUBT in moves] == [CallState.PLACING]


@examples(200)
@given(st.lists(st.sampled_from(CallState), max_size=8))
def test_whatever_is_reported_in_whatever_order_no_call_visits_a_state_twice(reports: list[CallState]) -> None:
    state, visited = CallState.PLACING, [CallState.PLACING]
    for seen in reports:
        moved = advance(state, seen)
        if moved is not state:
            visited.append(moved)
        state = moved
    assert len(set(visited)) == len(visited)


def test_an_execution_is_either_open_or_final() -> None:
    assert frozenset(ExecutionState) == FINAL_EXECUTIONS | OPEN_EXECUTIONS
    assert {"pending", "dialing", "in_progress", "waiting_retry", "in_doubt"} == OPEN_EXECUTIONS
    assert {"completed", "exhausted", "failed", "skipped", "missed", "canceled"} == FINAL_EXECUTIONS


def test_a_schedule_lives_while_it_is_active_or_paused() -> None:
    assert {"active", "paused"} == LIVE_SCHEDULES
    assert {"completed", "exhausted", "canceled"} == set(ScheduleState) - LIVE_SCHEDULES


@pytest.mark.parametrize(
    ("call", "execution"),
    table("""
        placing     | dialing
        queued      | dialing
        ringing     | dialing
        in_progress | in_progress
        in_doubt    | in_doubt
    """),
)
def test_an_execution_shows_how_far_its_live_call_is(call: str, execution: str) -> None:
    assert execution_state_during(CallState(call)) is ExecutionState(execution)


@pytest.mark.parametrize(
    ("state", "answered_by", "outcome"),
    table("""
        completed | human               | answered
        completed | unknown             | answered
        completed |                     | answered
        completed | machine_start       | voicemail
        completed | machine_end_beep    | voicemail
        completed | fax                 | voicemail
        busy      |                     | busy
        no_answer |                     | no_answer
        failed    |                     | failed
        rejected  |                     | rejected
        canceled  |                     | canceled
    """),
)
def test_a_finished_call_came_to_this(state: str, answered_by: str, outcome: str) -> None:
    assert outcome_of(CallState(state), answered_by or None) is Outcome(outcome)
