"""Two processes want the same call at the same moment."""

from __future__ import annotations

from tests.cli.conftest import Answer
from tests.processes.agenda import Agenda, draft, finish, has_open, id_of, locked, running
from tests.processes.waiting import until

ROUNDS = 20


def at_once(agenda: Agenda, *words: str) -> list[Answer]:
    """Run a command twice; both wait at the lock, and are let go together."""
    with running(agenda.hyp, *words) as one, running(agenda.hyp, *words) as other:
        with locked(agenda.hyp.db, "immediate"):
            until(lambda: has_open(one, agenda.hyp.db) and has_open(other, agenda.hyp.db))
        return [finish(one), finish(other)]


def test_two_ticks_on_one_due_call_make_one_request(agenda: Agenda) -> None:
    numbers = [f"+346001{each:03}01" for each in range(ROUNDS)]
    for number in numbers:
        agenda.add([number])
        answers = at_once(agenda, "tick")
        assert {answer.code for answer in answers} == {0}, answers
        assert agenda.asked()[number] == 1
    assert agenda.discrepancies() == []


def test_of_two_manual_runs_at_once_one_calls_and_the_other_is_refused(agenda: Agenda) -> None:
    rule = draft(agenda.hyp, "--weekdays", "1-7", "--at", "09:30")
    numbers = [f"+346002{each:03}01" for each in range(ROUNDS)]
    agenda.add(numbers, rule)
    for number in numbers:
        answers = at_once(agenda, "schedules", "run-now", id_of(rule, number))
        assert sorted(answer.code for answer in answers) == [0, 5], answers
        assert sum("is being called already" in answer.err for answer in answers) == 1
        assert agenda.asked()[number] == 1
    for _ in range(3):
        agenda.let_waits_end()
        agenda.hyp("tick")
    assert agenda.discrepancies() == []
    assert {agenda.asked()[number] for number in numbers} == {1}
