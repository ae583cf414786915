"""A process that stands still in the middle of its work, and others that go on beside it."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

from tests.processes.agenda import Agenda, finish, is_locked, is_told_in_a_line, locked, running, stop
from tests.processes.waiting import for_seconds, until

NUMBERS = [f"+346001{each:03}01" for each in range(600)]
SOME = 40
STOPPED_FOR = [100.0] if os.environ.get("HYP_LONG") else [0.0]
"""Seconds for which a tick stands still. After ninety its intents are taken for lost by the others."""


@pytest.mark.parametrize("seconds", STOPPED_FOR)
def test_a_tick_that_stands_still_while_it_dials_and_wakes_after_another_one_dials_nobody_twice(
    agenda: Agenda, seconds: float
) -> None:
    agenda.add(NUMBERS)
    with running(agenda.hyp, "tick") as tick:
        until(lambda: len(agenda.requests()) > SOME)
        with locked(agenda.carrier_file, "immediate"):  # the carrier takes its time, in the middle of the list
            until(agenda.in_hand)
            stop(tick)
        heard = agenda.asked()
        others = [agenda.hyp("tick")]
        for_seconds(seconds, lambda: others.append(agenda.hyp("tick")))
        in_hand = agenda.in_hand()
        tick.send_signal(signal.SIGCONT)
        late = finish(tick)
    assert SOME < len(heard) < len(NUMBERS)
    assert in_hand, "what the stopped one has in hand, nobody else dials"
    assert {other.code for other in others} <= {0, 3}, others
    assert late.code in (0, 3), late
    agenda.hyp("tick")
    assert agenda.discrepancies() + agenda.unanswered_for(NUMBERS) == []
    assert set(agenda.asked().values()) == {1}


def test_while_a_stopped_tick_holds_the_lock_another_one_says_busy_and_later_all_are_called_once(
    agenda: Agenda,
) -> None:
    agenda.add(NUMBERS)
    with running(agenda.hyp, "tick") as tick:
        until(lambda: len(agenda.requests()) > 1)
        until(lambda: stops_inside_a_transaction(agenda, tick))
        heard = agenda.asked()
        other = agenda.hyp("tick")
        assert agenda.asked() == heard
        tick.send_signal(signal.SIGCONT)
        late = finish(tick)
    assert is_told_in_a_line(other, 11, "was locked by another process for 5 s"), other
    assert (late.code, late.err) == (0, "")
    assert agenda.discrepancies() + agenda.unanswered_for(NUMBERS) == []
    assert set(agenda.asked().values()) == {1}


def stops_inside_a_transaction(agenda: Agenda, tick: subprocess.Popen[str]) -> bool:
    """Stop it; let it go on if nothing is locked. Fails when it came to its end meanwhile."""
    stop(tick)
    if is_locked(agenda.hyp.db):
        return True
    tick.send_signal(signal.SIGCONT)
    assert tick.poll() is None, "it was over before it could be stopped"
    return False


def test_a_worker_that_is_told_to_stop_while_it_dials_ends_with_0_has_recorded_all_that_it_sent_and_leaves_the_rest(
    agenda: Agenda,
) -> None:
    agenda.add(NUMBERS)
    with running(agenda.hyp, "run-worker") as worker:
        until(lambda: len(agenda.requests()) > SOME)
        with locked(agenda.carrier_file, "immediate"):
            until(agenda.in_hand)
            worker.send_signal(signal.SIGTERM)
            heard = len(agenda.requests())
        answer = finish(worker)
    assert answer.code == 0
    assert "hyp worker: stopped" in answer.err
    assert SOME < heard < len(NUMBERS)
    assert agenda.count("calls where status in ('placing', 'in_doubt')") == 0
    assert agenda.discrepancies() == []
    assert len(agenda.requests()) < len(NUMBERS), "what was not in hand stays for the next one"
    agenda.settle()
    assert agenda.discrepancies() + agenda.unanswered_for(NUMBERS) == []
