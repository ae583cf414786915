"""A day of a worker, in seconds: real processes, real kills, and a receiver that goes down and comes back.

`HYP_DAY_SECONDS=600` makes a longer day; `HYP_SEED` plays the draws of an earlier one again.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hyponema_cli.store import heartbeat
from tests.processes.agenda import OVER, Agenda, end, finish, is_locked
from tests.processes.receiver import Heard, Receiver
from tests.processes.test_heartbeat import LONG_AGO
from tests.processes.test_kills import minutes_before
from tests.processes.waiting import for_seconds, until, until_or_after
from tests.twilio_network import TwilioNetwork

SECONDS = float(os.environ.get("HYP_DAY_SECONDS", "20"))
SEED = int(os.environ.get("HYP_SEED", "0")) or random.randrange(1, 2**32)
CALLS_A_WAVE = 6
ENDS = ["01"] * 8 + ["90", "91", "92", "93", "94", "95", "96", "98", "99"]
WORKER = ("run-worker", "--interval", "1s", "--log-format", "json")
CLOSING = ("completed", "failed", "exhausted", "missed", "skipped")
DIES, STOPS, RECEIVER_TURNS, SECOND_TURNS = "dies", "stops", "the receiver turns", "the second worker turns"


class Shift:
    """The workers of a day: one for certain, now and then another one beside it."""

    def __init__(self, agenda: Agenda, dice: random.Random) -> None:
        self._agenda = agenda
        self._dice = dice
        self.started: list[subprocess.Popen[str]] = []
        self.workers: list[subprocess.Popen[str]] = []
        self.ends: list[tuple[str, int]] = []
        """How each was ended, and its exit code; 0 also for one that was told to stop before it was there at all."""

    def start(self) -> None:
        """Let one more work. Nobody reads what it writes before its end."""
        worker = self._agenda.hyp.start(*WORKER)
        self.workers.append(worker)
        self.started.append(worker)

    def kill(self) -> None:
        """Kill one, any."""
        worker = self._take()
        worker.kill()
        self.ends.append((DIES, finish(worker).code))

    def stop(self) -> None:
        """Tell one, any, to stop."""
        worker = self._take()
        worker.terminate()
        answer = finish(worker)
        is_too_early = answer.code == -signal.SIGTERM and "worker.ready" not in answer.err
        self.ends.append((STOPS, 0 if is_too_early else answer.code))

    def close(self) -> None:
        """End all for certain."""
        for worker in self.started:
            if worker.poll() is None:
                end(worker)

    def _take(self) -> subprocess.Popen[str]:
        return self.workers.pop(self._dice.randrange(len(self.workers)))


@contextmanager
def shift(agenda: Agenda, dice: random.Random) -> Iterator[Shift]:
    made = Shift(agenda, dice)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def receiver(agenda: Agenda) -> Iterator[Receiver]:
    """The receiver of the workspace's webhooks."""
    with Receiver() as made:
        agenda.hyp.ok("config", "set", "webhook_allow_private", "true")
        agenda.hyp.ok("config", "set", "webhook_url", made.url)
        yield made


def test_after_a_day_of_kills_stops_and_outages_nobody_was_called_twice_and_every_webhook_came_in_order(
    agenda: Agenda, receiver: Receiver
) -> None:
    dice, numbers = random.Random(SEED), list[str]()
    replay = f"play it again with HYP_SEED={SEED}"
    with shift(agenda, dice) as workers:
        workers.start()

        def goes_on() -> None:
            wave = len(numbers) // CALLS_A_WAVE
            added = [f"+346{wave:04}{each:02}{dice.choice(ENDS)}" for each in range(CALLS_A_WAVE)]
            agenda.add(added)
            numbers.extend(added)
            somewhen(dice, agenda, receiver)
            happens(dice, workers, receiver)

        for_seconds(SECONDS, goes_on)
        receiver.status = 200
        receiver.come_back()
        while workers.workers:
            workers.stop()
        assert Counter(workers.ends).keys() <= {(DIES, -signal.SIGKILL), (STOPS, 0)}, workers.ends
    agenda.settle()
    found = agenda.discrepancies() + agenda.unanswered_for(numbers)
    assert found == [], replay
    resolve_doubts(agenda)
    deliver(agenda)
    assert agenda.count(f"executions where status not in {OVER}") == 0, replay
    assert mistold(agenda, receiver) == [], replay
    assert left_behind(agenda) == [], replay
    assert {how for how, _ in workers.ends} == {DIES, STOPS}, "a day in which both happened"


def somewhen(dice: random.Random, agenda: Agenda, receiver: Receiver) -> None:
    """Come back when so many more were called or told, or after a while in which nothing happened."""
    calls, told = len(agenda.requests()) + dice.randint(0, 8), len(receiver.heard) + dice.randint(0, 12)
    until_or_after(dice.uniform(0.1, 1.5), lambda: len(agenda.requests()) >= calls or len(receiver.heard) >= told)


def happens(dice: random.Random, workers: Shift, receiver: Receiver) -> None:
    """Do one of the things that happen in a day."""
    what = dice.choice((DIES, DIES, STOPS, RECEIVER_TURNS, RECEIVER_TURNS, SECOND_TURNS))
    if what == DIES:
        workers.kill()
    elif what == STOPS:
        workers.stop()
    elif what == SECOND_TURNS and len(workers.workers) < 2:
        workers.start()
    else:
        mood = dice.choice(("down", 500, None, 200, 200))
        if mood == "down":
            receiver.go_down()
        else:
            receiver.status = mood if isinstance(mood, int) else None
            receiver.come_back()
    if not workers.workers:
        workers.start()


def resolve_doubts(agenda: Agenda) -> None:
    """Say of every doubt that the call was made."""
    for doubt in agenda.hyp("reconcile", "--json").json:
        agenda.hyp.ok("reconcile", "--resolve", doubt["call_id"], "placed")


def deliver(agenda: Agenda) -> None:
    """Let the waits of the webhooks end, and a worker tell them."""
    with shift(agenda, random.Random(SEED)) as workers:
        workers.start()

        def is_told() -> bool:
            agenda.change(
                """
                update webhooks set next_try_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now')
                where status = 'pending' and attempts > 0 and last_error is not null
                """
            )
            return agenda.count("webhooks where status = 'pending'") == 0

        until(is_told, seconds=150, pause=0.5)
        workers.stop()
        assert workers.ends == [(STOPS, 0)]


def mistold(agenda: Agenda, receiver: Receiver) -> list[str]:
    """Return every promise about webhooks that was broken."""
    rows = agenda.hyp.query("select id, execution_id, event, body, status from webhooks order by seq")
    taken = {each.id: each for each in reversed(receiver.taken)}
    found = [f"{row[0]} is {row[4]}" for row in rows if row[4] != "delivered" or row[0] not in taken]
    found += [f"{each.id} has another body" for each in receiver.heard if bodies(rows).get(each.id) != each.body]
    order = {row[0]: place for place, row in enumerate(rows)}
    for execution, heard in firsts(receiver.taken).items():
        if [order[each.id] for each in heard] != sorted(order[each.id] for each in heard):
            found.append(f"{execution} was told as {[each.data['event'] for each in heard]}")
    closing = Counter(row[1] for row in rows if row[2] in CLOSING)
    executions = [row[0] for row in agenda.hyp.query("select id from executions order by id")]
    # The first one ended before there was a receiver.
    return found + [f"{each} has {closing[each]} closing messages" for each in executions[1:] if closing[each] != 1]


def bodies(rows: list[tuple[str, ...]]) -> dict[str, str]:
    return {row[0]: row[3] for row in rows}


def firsts(taken: list[Heard]) -> dict[str, list[Heard]]:
    """Return what each execution's receiver took first of every message, in the order in which it did."""
    found, seen = defaultdict[str, list[Heard]](list), set()
    for each in taken:
        if each.id not in seen:
            seen.add(each.id)
            found[each.data["execution_id"]].append(each)
    return found


def left_behind(agenda: Agenda) -> list[str]:
    """Return what is there when all have stopped, and should not be: files, locks, processes."""
    name = agenda.hyp.db.name
    known = {f"{name}{end}" for end in ("", "-journal", ".dialled", ".heartbeat", ".simulated", ".webhook-secret")}
    known |= {f"{name}.simulated-wal", f"{name}.simulated-shm"}
    files = {each.name for each in agenda.hyp.db.parent.iterdir()}
    found = [f"a file {each}" for each in sorted(files - known)]
    found += ["a lock"] if is_locked(agenda.hyp.db) else []
    return found + [f"process {each}" for each in processes_in(agenda.hyp.home)]


def processes_in(home: Path) -> list[str]:
    """Return the processes that work in a home; where no /proc says so, none."""
    found = []
    for each in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"HOME={home}\0".encode() in each.read_bytes() + b"\0":
                found.append(each.parent.name)
        except OSError:  # it ended while we looked, or is somebody else's
            continue
    return found


# -- What goes wrong meanwhile


def named(agenda: Agenda, *limits: str) -> tuple[set[str], set[str]]:
    """Return the faults that health names, and the checks of doctor that are not well."""
    health, doctor = agenda.hyp("health", "--json", *limits), agenda.hyp("doctor", "--json")
    reasons = set(health.json["reasons"])
    assert health.code == (3 if reasons else 0), health
    return reasons, {each["check"] for each in doctor.json if each["verdict"] in ("warn", "fail")}


def test_health_names_a_queue_that_nobody_drives_and_what_is_overdue_until_a_worker_comes(agenda: Agenda) -> None:
    with shift(agenda, random.Random(SEED)) as workers:
        workers.start()
        until(lambda: agenda.hyp("health", "--max-heartbeat", "5s").code == 0, pause=0.1)
        workers.kill()
        until(lambda: agenda.hyp("health", "--max-heartbeat", "2s").err.startswith("no_heartbeat: "), pause=0.1)
        agenda.add(["+34600100101"], minutes_before(agenda.once, 10))
        os.utime(heartbeat.path_of(agenda.hyp.db), (LONG_AGO, LONG_AGO))
        reasons, checks = named(agenda)
        assert reasons == {"no_heartbeat", "overdue"}
        assert checks >= {"driver", "queue"}
        workers.start()
        until(lambda: named(agenda)[0] == set(), pause=0.1)
        assert not named(agenda)[1] & {"driver", "queue"}
        until(lambda: agenda.asked()["+34600100101"] == 1)


def test_a_doubt_is_named_while_a_worker_works_until_it_is_resolved(agenda: Agenda) -> None:
    with shift(agenda, random.Random(SEED)) as workers:
        workers.start()
        agenda.add(["+34600100199"])
        until(lambda: "doubts" in named(agenda)[0], pause=0.1)
        assert "doubts" in named(agenda)[1]
        resolve_doubts(agenda)
        assert named(agenda)[0] == set()
        assert "doubts" not in named(agenda)[1]
        workers.stop()
        assert workers.ends == [(STOPS, 0)]


def test_a_copy_that_was_put_back_under_a_worker_is_named_and_calls_nobody_until_it_is_reconciled(
    agenda: Agenda,
) -> None:
    copy = agenda.hyp.home / "copy.db"
    shutil.copy(agenda.hyp.db, copy)
    with shift(agenda, random.Random(SEED)) as workers:
        agenda.add(["+34600100101"])
        workers.start()
        until(lambda: agenda.asked()["+34600100101"] == 1)
        workers.stop()
        shutil.copy(copy, agenda.hyp.db)
        agenda.add(["+34600100101", "+34600100201"])
        workers.start()
        until(lambda: named(agenda)[0] == {"database_behind"}, pause=0.1)
        assert "dial journal" in named(agenda)[1]
        for_seconds(1.5, lambda: None)  # it makes passes, and dials nobody
        assert (agenda.asked()["+34600100101"], agenda.asked()["+34600100201"]) == (1, 0)
        agenda.hyp("reconcile")
        until(lambda: agenda.asked()["+34600100201"] == 1)
        until(lambda: "database_behind" not in named(agenda)[0], pause=0.1)
        assert "dial journal" not in named(agenda)[1]
        assert agenda.asked()["+34600100101"] == 1
        workers.stop()
        assert [code for _, code in workers.ends] == [0, 0]


def test_a_refused_account_is_named_while_a_worker_works_until_it_is_mended(agenda: Agenda) -> None:
    with TwilioNetwork() as network, shift(agenda, random.Random(SEED)) as workers:
        hyp = agenda.hyp
        hyp.env.update(
            TWILIO_ACCOUNT_SID=network.account,
            TWILIO_AUTH_TOKEN=network.token,
            HYP_TWILIO_BASE_URL=network.base_url,
        )
        agenda.change("update numbers set carrier = 'twilio'")
        hyp.ok("config", "set", "live", "true")
        network.suspended.add(network.account)
        workers.start()
        hyp.ok("schedules", "add", "--at", "now", "--to", "+34600100101", "--catch-up-window", "1d")
        until(lambda: named(agenda)[0] == {"held_carriers"}, pause=0.1)
        assert "carrier twilio" in named(agenda)[1]
        network.suspended.clear()
        hyp.ok("carriers", "check", "twilio")
        assert named(agenda)[0] == set()
        assert "carrier twilio" not in named(agenda)[1]
        agenda.let_waits_end()
        until(lambda: len(network.calls) == 1)
        workers.stop()
        assert workers.ends == [(STOPS, 0)]


def test_webhooks_that_wait_for_a_receiver_are_told_when_it_comes_back_and_are_no_fault_before(
    agenda: Agenda, receiver: Receiver
) -> None:
    receiver.go_down()
    with shift(agenda, random.Random(SEED)) as workers:
        workers.start()
        agenda.add([f"+3460010{each:02}01" for each in range(10)])
        # One more was ringing before.
        until(lambda: agenda.count("webhooks where event = 'completed'") == 11, pause=0.2)
        assert named(agenda)[0] == set()
        receiver.come_back()
        workers.stop()
    deliver(agenda)
    assert mistold(agenda, receiver) == []
