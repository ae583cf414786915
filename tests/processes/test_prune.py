"""`kill -9` while the past is thrown away, or the file written anew: what is there is whole, and it is done again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.processes.agenda import Agenda, draft, end, running
from tests.processes.waiting import until

ROWS = 6000


@pytest.fixture
def old(agenda: Agenda) -> Agenda:
    """A workspace whose one rule has been at it every minute, long ago."""
    rule = draft(agenda.hyp, "--cron", "0 0 1 1 *")
    agenda.add(["+34600100001"], rule)
    agenda.change(
        f"""
        with recursive n(i, at) as (
          select 1, '2020-01-01T00:00:00Z'
          union all select i + 1, strftime('%Y-%m-%dT%H:%M:00Z', at, '+1 minutes') from n where i < {ROWS})
        insert into executions (id, schedule_id, kind, slot, scheduled_time, due_at, deadline_at, status, attempts,
          from_number, actual_time, finished_at, created_at)
        select 'exe_' || i, (select id from schedules where kind = 'cron'), 'scheduled', at, at, at, at, 'completed',
          1, '+34910000001', at, at, at
        from n
        """  # noqa: S608 - a number of this file
    )
    agenda.change(
        """
        insert into calls (id, execution_id, number, carrier, carrier_call_id, from_number, to_number, status,
          deadline_at, created_at, placed_at, finished_at)
        select 'call_' || id, id, 1, 'simulated', 'OLD-' || id, from_number, '+34600100001', 'completed',
          due_at, due_at, due_at, due_at from executions where scheduled_time < '2021'
        """
    )
    return agenda


def test_killed_again_and_again_a_prune_comes_to_its_end(old: Agenda) -> None:
    words = ("db", "prune", "--before", "40d", "--yes")
    left = old.count("executions")
    for _ in range(4):
        with running(old.hyp, *words) as process:
            until(lambda before=left: old.count("executions") < before or process.poll() is not None)
            end(process)
        left = old.count("executions")
        assert old.count("calls where execution_id not in (select id from executions)") == 0
        old.hyp.ok("db", "check")
    assert 1 < left < ROWS, "it was killed in the middle"
    old.hyp.ok(*words)
    assert old.count("executions where scheduled_time < '2021'") == 1, "the last run stays"
    assert old.count("events where name = 'database.pruned'") == 1
    assert old.count("events where name = 'database.prune_begun'") >= 2
    old.hyp.ok("tick")


def test_killed_in_the_middle_a_vacuum_leaves_the_file_as_it_was(old: Agenda) -> None:
    old.change("insert into settings values ('ballast', hex(zeroblob(30000000)))")
    old.change("delete from settings where key = 'ballast'")
    for seconds in (0.2, 0.3, 0.4, 0.5):
        with running(old.hyp, "db", "vacuum") as process:
            until(lambda wait=seconds: process.poll() is not None or _has_run(process.pid, wait), pause=0.01)
            end(process)
        old.hyp.ok("db", "check")
        assert old.count("executions where scheduled_time < '2021'") == ROWS
    old.hyp.ok("db", "vacuum")


def _has_run(pid: int, seconds: float) -> bool:
    """True when a process has used so much of a core; at once where no /proc says so."""
    try:
        used = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    except OSError:
        return True
    return sum(map(int, used)) / os.sysconf("SC_CLK_TCK") >= seconds
