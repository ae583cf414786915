"""A database that was put back from before the last dial.

`<db>.dialled` stands beside the workspace and remembers every dial. A workspace that is older than it dials nobody
until `hyp reconcile` has brought the lost calls back.
"""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest

from tests.processes.agenda import Agenda, finish, id_of, running
from tests.processes.waiting import until

BEFORE = [f"+346001{each:03}01" for each in range(3)]
"""Called before the copy was made."""
LOST = [f"+346002000{last}" for last in ("01", "02", "90", "96", "97", "98", "99")]
"""Called after it: answered, busy, refused, throttled, and two whose reply was lost."""
REST = [f"+346003{each:03}01" for each in range(3)]
"""Not called yet when the copy is put back."""


@pytest.fixture(params=["before they were due", "when they were due"])
def behind(agenda: Agenda, request: pytest.FixtureRequest) -> Agenda:
    """A workspace that was put back: of the last calls it knows nothing, and others are due."""
    agenda.add(BEFORE)
    agenda.hyp("tick")
    agenda.add(LOST)
    if request.param == "when they were due":
        take_no_calls(agenda)
    copy = saved(agenda)
    take_calls(agenda)
    agenda.hyp("tick")
    assert agenda.asked() == dict.fromkeys(["+34600000001", *BEFORE, *LOST], 1)
    put_back(agenda, copy)
    take_calls(agenda)
    agenda.add(REST)
    return agenda


def take_no_calls(agenda: Agenda) -> None:
    """Let what is due get its executions, and no calls."""
    agenda.change("update numbers set agent_id = null, attached_at = null")
    agenda.hyp("tick")


def take_calls(agenda: Agenda) -> None:
    agenda.change("update numbers set agent_id = 'agent-123', attached_at = created_at")
    agenda.let_waits_end()


def saved(agenda: Agenda) -> Path:
    return Path(shutil.copy(agenda.hyp.db, agenda.hyp.home / "copy.db"))


def put_back(agenda: Agenda, copy: Path) -> None:
    for journal in agenda.hyp.db.parent.glob("*-journal"):
        journal.unlink()
    shutil.copy(copy, agenda.hyp.db)


def pending(agenda: Agenda) -> set[tuple[str, str, str]]:
    """Return (callee, status, reason) of each execution that is not over and has no call."""
    rows = agenda.hyp.query(
        """
        select s.to_number, e.status, e.reason from executions e join schedules s on s.id = e.schedule_id
        where e.attempts = 0 and e.finished_at is null
        """
    )
    return {(number, status, reason) for number, status, reason in rows}


def calls_to(agenda: Agenda, numbers: list[str]) -> dict[str, tuple[str, str | None]]:
    """Return the status and the carrier's id of the one call to each number."""
    rows = agenda.hyp.query("select to_number, status, carrier_call_id from calls")
    found = [(number, (status, call_id)) for number, status, call_id in rows if number in numbers]
    assert len(found) == len(dict(found)), found
    return dict(found)


def test_a_tick_on_an_older_database_dials_nobody_and_says_what_to_do(behind: Agenda) -> None:
    before = behind.asked()
    for _ in range(2):
        answer = behind.hyp("tick")
        assert (answer.code, answer.err.count("hyp reconcile")) == (3, 1), answer
        assert behind.asked() == before
        assert pending(behind) == {(number, "pending", "database_behind") for number in [*LOST, *REST]}
        behind.let_waits_end()


def test_a_worker_and_a_manual_run_on_an_older_database_dial_nobody(behind: Agenda) -> None:
    before = behind.asked()
    with running(behind.hyp, "run-worker") as worker:
        until(lambda: {number for number, _, _ in pending(behind)} >= {*LOST, *REST})
        worker.send_signal(signal.SIGTERM)
        assert "hyp reconcile" in finish(worker).err
    manual = behind.hyp("schedules", "run-now", id_of(behind.once, REST[0]))
    assert manual.code == 3
    assert behind.asked() == before


def test_reconcile_brings_the_lost_calls_back_and_then_the_rest_is_dialled_and_nobody_twice(behind: Agenda) -> None:
    behind.hyp("tick")
    before = behind.asked()
    answer = behind.hyp("reconcile")
    assert answer.code == 3, "the call whose reply was lost stays in doubt"
    assert behind.asked() == before
    accepted = {request.to_number: request.id for request in behind.requests()}
    calls = calls_to(behind, LOST)
    assert calls.keys() == set(LOST)
    for number in LOST[:3]:
        assert calls[number][1] == accepted[number]
    assert calls["+34600200099"] == ("in_doubt", None)
    behind.settle()
    assert behind.discrepancies() + behind.unanswered_for([*BEFORE, *LOST, *REST]) == []
    assert {number: behind.asked()[number] for number in [*BEFORE, *REST]} == dict.fromkeys([*BEFORE, *REST], 1)
    assert behind.hyp("tick").code == 0


def test_reconcile_may_come_before_the_first_tick(behind: Agenda) -> None:
    behind.hyp("reconcile")
    assert calls_to(behind, LOST).keys() == set(LOST)
    behind.hyp("tick")
    assert behind.discrepancies() + behind.unanswered_for([*BEFORE, *LOST, *REST]) == []


def test_a_retry_that_the_older_database_does_not_know_of_is_not_made_again(agenda: Agenda) -> None:
    busy = "+34600400090"
    agenda.add([busy])
    agenda.hyp("tick")
    copy = saved(agenda)
    until(lambda: agenda.hyp("tick") and agenda.asked()[busy] == 2, pause=0.2)
    put_back(agenda, copy)
    until(lambda: agenda.hyp("tick").code == 3, pause=0.2)
    agenda.hyp("reconcile")
    agenda.settle()
    assert agenda.discrepancies() == []
    assert agenda.asked()[busy] == 2, "two attempts, and both were made"


def test_a_database_that_was_moved_with_its_side_file_is_not_behind(agenda: Agenda) -> None:
    agenda.add(BEFORE)
    agenda.hyp.ok("tick")
    names = [agenda.hyp.db.name + suffix for suffix in ("", ".simulated", ".dialled")]
    elsewhere = agenda.hyp.home / "elsewhere"
    elsewhere.mkdir()
    for name in names:
        shutil.move(agenda.hyp.db.parent / name, elsewhere)
    agenda.hyp.ok("--db", str(elsewhere / names[0]), "schedules", "add", "--at", "now", "--to", REST[0])
    agenda.hyp.ok("--db", str(elsewhere / names[0]), "tick")
    assert agenda.hyp.query("select count(*) from calls", elsewhere / names[1]) == [(len(BEFORE) + 2,)]
