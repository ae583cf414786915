"""`kill -9` at any moment, again and again, while a worker and ticks share one workspace.

`HYP_KILLS=1000` makes a longer run; `HYP_SEED` plays the draws of an earlier one again.
"""

from __future__ import annotations

import os
import random
import subprocess
from contextlib import suppress
from datetime import datetime, timedelta

from tests.processes.agenda import Agenda, Draft, draft, end
from tests.processes.waiting import until

KILLS = int(os.environ.get("HYP_KILLS", "25"))
SEED = int(os.environ.get("HYP_SEED", "0")) or random.randrange(1, 2**32)
CALLS_A_WAVE = 40
ENDS = ["01"] * 8 + ["90", "91", "92", "93", "94", "95", "96", "97", "98", "99"]
"""The last two digits decide what comes of a call: most are answered, and of all others there are some."""
VICTIMS = [["tick"], ["run-worker"], ["tick", "run-worker"]]


def test_whoever_is_killed_and_whenever_nobody_is_called_twice_and_no_call_is_lost(agenda: Agenda) -> None:
    dice = random.Random(SEED)
    numbers = [f"+3479000000{last}" for last in range(4)]
    agenda.add(numbers, minutes_before(draft(agenda.hyp, "--cron", "* * * * *"), 3))
    at_work: dict[str, subprocess.Popen[str]] = {}
    try:
        for each in range(KILLS):
            added = wave(dice, each)
            agenda.add(added)
            numbers += added
            for name in ("tick", "run-worker"):
                if name not in at_work or at_work[name].poll() is not None:
                    at_work[name] = restarted(agenda, name, at_work.get(name))
            kill_somewhen(dice, [at_work[name] for name in dice.choice(VICTIMS)], agenda)
    finally:
        for process in at_work.values():
            end(process)
    agenda.settle()
    found = agenda.discrepancies() + agenda.unanswered_for(numbers) + gaps(agenda)
    assert found == [], f"play it again with HYP_SEED={SEED}"
    assert len(agenda.requests()) > len(numbers) / 2, "most of it was dialled, and not only doubted"


def wave(dice: random.Random, number: int) -> list[str]:
    return [f"+346{number:04}{each:02}{dice.choice(ENDS)}" for each in range(CALLS_A_WAVE)]


def restarted(agenda: Agenda, name: str, before: subprocess.Popen[str] | None) -> subprocess.Popen[str]:
    if before is not None:
        end(before)
    return agenda.hyp.start(name)


def kill_somewhen(dice: random.Random, victims: list[subprocess.Popen[str]], agenda: Agenda) -> None:
    """Kill when the carrier has heard so many more requests, or so long after the start."""
    if dice.random() < 0.7:
        target = len(agenda.requests()) + dice.randint(1, CALLS_A_WAVE)
        until(lambda: len(agenda.requests()) >= target or nothing_is_due(agenda))
    else:
        with suppress(subprocess.TimeoutExpired):
            victims[0].wait(timeout=dice.uniform(0.02, 0.35))
    for victim in victims:
        victim.kill()
    for victim in victims:
        end(victim)


def nothing_is_due(agenda: Agenda) -> bool:
    return not agenda.count("schedules where next_run_at <= strftime('%Y-%m-%dT%H:%M:%SZ', 'now')") and not (
        agenda.count("executions where status = 'pending' and reason is null")
    )


def minutes_before(rule: Draft, minutes: int) -> Draft:
    """Return a rule that fires every minute and has not been looked at for some minutes."""
    first = datetime.fromisoformat(rule["next_run_at"]) - timedelta(minutes=minutes)
    at, before = (f"{each:%Y-%m-%dT%H:%M:%SZ}" for each in (first, first - timedelta(seconds=1)))
    return {**rule, "next_run_at": at, "next_slot": at, "accounted_until": before}


def gaps(agenda: Agenda) -> list[str]:
    """Say which minutes of the rules that fire every minute have no execution, though a later one has."""
    return [
        f"{schedule} has no execution after {minute}"
        for schedule, minute in agenda.hyp.query(
            """
            select e.schedule_id, e.scheduled_time from executions e join schedules s on s.id = e.schedule_id
            where s.kind = 'cron'
              and e.scheduled_time < (select max(scheduled_time) from executions where schedule_id = s.id)
              and not exists (
                select 1 from executions n where n.schedule_id = s.id
                  and n.scheduled_time = strftime('%Y-%m-%dT%H:%M:00Z', e.scheduled_time, '+1 minutes'))
            """
        )
    ]
