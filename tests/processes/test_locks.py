"""Another process holds the database for longer than anybody should.

`HYP_LONG=1` holds it for a minute.
"""

from __future__ import annotations

import os
import subprocess
from contextlib import ExitStack
from functools import partial

import pytest

from hyponema_cli.store import BUSY_SECONDS
from tests.cli.conftest import Answer
from tests.processes.agenda import Agenda, end, finish, is_told_in_a_line, locked, running
from tests.processes.waiting import for_seconds, until

NUMBERS = [f"+346001{each:03}01" for each in range(30)]
HELD_FOR = [60.0] if os.environ.get("HYP_LONG") else [BUSY_SECONDS + 1]
"""Seconds for which other ticks are started while the lock is held; the last one ends five seconds later."""


@pytest.mark.parametrize("seconds", HELD_FOR)
def test_a_lock_between_the_intent_and_its_record_delays_the_record_and_others_say_busy_meanwhile(
    agenda: Agenda, seconds: float
) -> None:
    agenda.add(NUMBERS)
    said: list[Answer] = []
    with running(agenda.hyp, "tick") as tick, ExitStack() as database:
        with locked(agenda.carrier_file, "immediate"):
            heard = len(agenda.requests())
            until(agenda.in_hand)
            database.enter_context(locked(agenda.hyp.db))
        until(lambda: len(agenda.requests()) > heard)
        for_seconds(seconds, lambda: said.append(agenda.hyp("tick")))
        assert tick.poll() is None
        assert len(agenda.requests()) == heard + 1, "nothing is sent before what was sent is recorded"
        database.close()
        late = finish(tick)
    assert all(is_told_in_a_line(each, 11, "was locked by another process for 5 s") for each in said), said
    assert (late.code, late.err) == (0, "")
    agenda.hyp.ok("tick")
    assert agenda.count("calls where status in ('placing', 'in_doubt')") == 0
    assert agenda.discrepancies() + agenda.unanswered_for(NUMBERS) == []
    assert set(agenda.asked().values()) == {1}


def test_killed_while_its_record_waits_for_the_lock_a_call_is_found_or_stays_in_doubt(agenda: Agenda) -> None:
    ends = {"01": "completed", "96": "in_doubt", "97": "in_doubt", "98": "completed", "99": "in_doubt"}
    for last in ends:
        callee = f"+346002000{last}"
        agenda.add([callee])
        with locked(agenda.carrier_file, "immediate") as carrier, running(agenda.hyp, "tick") as tick:
            until(agenda.in_hand)
            with locked(agenda.hyp.db):
                carrier.execute("rollback")
                until(partial(is_asked_for, agenda, callee))
                end(tick)
    agenda.settle()
    assert agenda.discrepancies() == []
    assert set(agenda.asked().values()) == {1}
    found = agenda.hyp.query("select substr(to_number, -2), status from calls where to_number like '+346002%'")
    assert dict(found) == ends


def is_asked_for(agenda: Agenda, number: str) -> bool:
    return agenda.asked()[number] > 0


def test_a_lock_that_comes_and_goes_during_a_pass_loses_nothing(agenda: Agenda) -> None:
    numbers = [f"+346003{each:03}01" for each in range(200)]
    agenda.add(numbers)
    codes: list[int] = []
    while agenda.unanswered_for(numbers) and len(codes) < 10:
        with running(agenda.hyp, "tick") as tick:
            until(partial(flicker, agenda, tick))
            codes.append(tick.returncode)
    assert set(codes) <= {0, 11}, codes
    assert agenda.discrepancies() + agenda.unanswered_for(numbers) == []
    assert set(agenda.asked().values()) == {1}


def flicker(agenda: Agenda, tick: subprocess.Popen[str]) -> bool:
    """Hold the lock for a moment; true when the tick is over."""
    with locked(agenda.hyp.db):
        return tick.poll() is not None
