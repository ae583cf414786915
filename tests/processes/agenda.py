"""Many calls that are due, a carrier that counts what it is asked for, and the comparison of the two.

The simulated carrier keeps a file of its own. It is the judge here: a phone has rung as often as that file says,
whatever the workspace believes.
"""

from __future__ import annotations

import signal
import sqlite3
import subprocess
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from tests.cli.conftest import COMMAND, Answer, Hyp
from tests.processes.waiting import until

NOT_ACCEPTED = ("rejected", "throttled", "request_lost")
"""Requests of which the carrier keeps no call."""
LEADS_TO_ANOTHER = ("busy", "no_answer", "failed", "throttled")
"""After these a callee may be asked for again, by the retry policy that `add` uses or because nothing rang."""
OVER = ("completed", "exhausted", "failed", "skipped", "missed", "canceled")


class Request(NamedTuple):
    """What the carrier was asked for, from its own memory."""

    id: str
    to_number: str
    fate: str


class CallRow(NamedTuple):
    """What the workspace knows of a request."""

    execution_id: str
    to_number: str
    number: int
    carrier_call_id: str | None
    status: str
    reason: str | None

    @property
    def was_sent(self) -> bool | None:
        """Whether its request reached the carrier; None: nobody knows."""
        if self.status in ("placing", "in_doubt"):
            return None
        return self.status != "not_placed" or self.reason == "throttled"


Draft = dict[str, Any]
"""The row of a schedule, to be written with other ids and numbers."""


def draft(hyp: Hyp, *when: str) -> Draft:
    """Return a schedule with two attempts, a second apart, as `hyp schedules add` writes it."""
    retry = ("--max-attempts", "2", "--retry-delay", "1s", "--retry-on", "busy,no_answer,failed")
    schedule = hyp.ok(
        "schedules", "add", *when, "--to", "+34600999900", "--catch-up-window", "1d", *retry
    ).out.strip()
    with closing(sqlite3.connect(hyp.db)) as connection, connection:
        connection.row_factory = sqlite3.Row
        row = dict(connection.execute("select * from schedules where id = ?", (schedule,)).fetchone())
        connection.execute("delete from schedules where id = ?", (schedule,))
    return row


def id_of(draft: Draft, number: str) -> str:
    """Return the id of the schedule that `Agenda.add` makes for a number."""
    return f"{draft['id']}_{number[1:]}"


def is_told_in_a_line(answer: Answer, code: int, words: str) -> bool:
    """True when a command failed with `code`, a line on stderr with those words, a hint at most, and nothing else."""
    said = [line for line in answer.err.splitlines() if not line.startswith("hint: ")]
    return (answer.code, answer.out, len(said)) == (code, "", 1) and said[0].startswith("hyp: ") and words in said[0]


@dataclass(frozen=True)
class Agenda:
    """A workspace full of due calls."""

    hyp: Hyp
    once: Draft

    @property
    def carrier_file(self) -> Path:
        return Path(f"{self.hyp.db}.simulated")

    def add(self, numbers: Sequence[str], draft: Draft | None = None) -> None:
        """Make one schedule a number out of a draft, else due ones; at once, and beside any process."""
        draft = draft or self.once
        rows = [{**draft, "id": id_of(draft, number), "to_number": number} for number in numbers]
        names = ", ".join(f":{name}" for name in draft)
        with closing(sqlite3.connect(self.hyp.db, timeout=30)) as connection, connection:
            connection.executemany(f"insert into schedules ({', '.join(draft)}) values ({names})", rows)  # noqa: S608

    def change(self, sql: str, values: Any = ()) -> None:
        """Do to the workspace what only time or an accident does."""
        with closing(sqlite3.connect(self.hyp.db, timeout=30)) as connection, connection:
            connection.execute(sql, values)

    def count(self, what: str) -> int:
        """Count rows of the workspace, as in `calls where status = 'placing'`; works beside any process."""
        with closing(sqlite3.connect(self.hyp.db, timeout=30)) as connection:
            (number,) = connection.execute(f"select count(*) from {what}").fetchone()  # noqa: S608
        return int(number)

    def requests(self) -> list[Request]:
        """Return what the carrier was asked for, the first request first."""
        if not self.carrier_file.exists():
            return []
        rows = self.hyp.query(
            "select number, to_number, fate, created_at from calls order by number", self.carrier_file
        )
        return [Request(f"SIM{row[0]:08d}-{int(row[3] * 1000):x}", row[1], row[2]) for row in rows]

    def asked(self) -> Counter[str]:
        """Return how often each number was asked for."""
        return Counter(request.to_number for request in self.requests())

    def in_hand(self) -> set[str]:
        """Return the callees for whom an intent is on disk and no request has come to the carrier."""
        heard = self.asked()
        rows = self.hyp.query("select to_number from calls where status in ('placing', 'in_doubt')")
        return {number for (number,) in rows} - heard.keys()

    def let_orphans_age(self) -> None:
        """Let ninety seconds pass for the intents of processes that are gone."""
        self.change(
            """
            update calls set created_at = strftime('%Y-%m-%dT%H:%M:%SZ', created_at, '-91 seconds')
            where status = 'placing'
            """
        )

    def let_waits_end(self) -> None:
        """Let the seconds pass after which an execution that was put off, or not answered, is looked at again."""
        self.change("update executions set due_at = scheduled_time where status in ('pending', 'waiting_retry')")

    def settle(self) -> None:
        """Make passes, as cron does after an accident, until every call is over or in doubt.

        To be called when no other process is at work: whatever is `placing` is taken for an orphan.
        """
        self.let_orphans_age()
        self.hyp("tick")  # takes them for doubts
        self.hyp("reconcile")  # asks for all doubts now, not after their intervals; what it finds is followed

        def is_settled() -> bool:
            self.let_waits_end()
            self.hyp("tick")
            return self.count(f"executions where status not in {OVER} and status <> 'in_doubt'") == 0

        until(is_settled, pause=0.1)
        # A doubt that came of a retry, or of a call that was not dialled before now.
        self.hyp("reconcile")
        until(is_settled, pause=0.1)

    def discrepancies(self) -> list[str]:
        """Compare the carrier's file with the workspace; each sentence is a promise that was broken.

        To be called when no process is at work, and its orphans have become doubts.
        """
        return [*self._of_requests(), *self._of_callees(), *self._of_executions(), *self._of_the_file()]

    def _calls(self) -> list[CallRow]:
        columns = ", ".join(CallRow._fields)
        return [CallRow(*row) for row in self.hyp.query(f"select {columns} from calls order by number, id")]  # noqa: S608

    def _of_requests(self) -> Iterator[str]:
        """Every request has exactly one call row, and no row claims a request that was never made."""
        requests, calls = self.requests(), self._calls()
        rows_of = Counter(call.carrier_call_id for call in calls if call.carrier_call_id)
        for request in requests:
            if request.fate not in NOT_ACCEPTED and rows_of[request.id] != 1:
                yield f"{request} is in {rows_of[request.id]} call rows"
        yield from (f"the carrier knows no {made_up}" for made_up in rows_of.keys() - {each.id for each in requests})
        of_callee = defaultdict[str, list[CallRow]](list)
        for call in calls:
            if not call.carrier_call_id:
                of_callee[call.to_number].append(call)
        refused = Counter(request.to_number for request in requests if request.fate in NOT_ACCEPTED)
        for callee in of_callee.keys() | refused.keys():
            sent = [call.was_sent for call in of_callee[callee]]
            if not sent.count(True) <= refused[callee] <= sent.count(True) + sent.count(None):
                yield f"{callee}: {refused[callee]} requests that were not accepted, of {of_callee[callee]}"

    def _of_callees(self) -> Iterator[str]:
        """A callee is asked for again only if a retry was due, or if another execution calls the same number."""
        fates = defaultdict[str, list[str]](list)
        for request in self.requests():
            fates[request.to_number].append(request.fate)
        executions = Counter(to_number for _, to_number in {call[:2] for call in self._calls()})
        for callee, seen in fates.items():
            final = sum(fate not in LEADS_TO_ANOTHER for fate in seen)
            if executions[callee] == 1 and any(fate not in LEADS_TO_ANOTHER for fate in seen[:-1]):
                yield f"{callee} was called again after it needed no further call: {seen}"
            if final > executions[callee]:
                yield f"{callee} has {executions[callee]} executions and was called for good {final} times"

    def _of_executions(self) -> Iterator[str]:
        """Every occurrence has one execution, no attempt has two requests, and nothing waits in a dead process."""
        for schedule, count in self.hyp.query(
            """
            select s.id, count(e.id) from schedules s left join executions e on e.schedule_id = s.id
            where s.kind = 'once' group by s.id having count(e.id) <> 1
            """
        ):
            yield f"{schedule} has {count} executions"
        for row in self.hyp.query(
            """
            select number, execution_id, count(*) from calls where status <> 'not_placed'
            group by execution_id, number having count(*) > 1
            """
        ):
            yield "attempt {} of {} has {} requests".format(*row)
        for row in self.hyp.query(
            """
            select e.id, e.attempts, s.max_attempts from executions e join schedules s on s.id = e.schedule_id
            where e.attempts > s.max_attempts
            """
        ):
            yield "{} has {} attempts of {}".format(*row)
        for row in self.hyp.query(
            """
            select e.id, e.status, e.attempts, count(c.id) from executions e
            left join calls c on c.execution_id = e.id and c.status <> 'not_placed'
            group by e.id having count(c.id) <> e.attempts or (e.status = 'dialing' and count(c.id) = 0)
            """
        ):
            yield "execution {} is {}, has {} attempts and {} calls".format(*row)
        for row in self.hyp.query(
            f"""
            select c.id, c.status, e.status from calls c join executions e on e.id = c.execution_id
            where c.status = 'placing'
               or c.status in ('queued', 'ringing', 'in_progress', 'in_doubt') and e.status in {OVER}
               or (c.status = 'in_doubt') and e.status <> 'in_doubt'
            """  # noqa: S608 - constants of this file
        ):
            yield "call {} is {}, its execution {}".format(*row)

    def _of_the_file(self) -> Iterator[str]:
        yield from (word for (word,) in self.hyp.query("pragma integrity_check") if word != "ok")
        yield from (f"a row of {row[0]} points nowhere" for row in self.hyp.query("pragma foreign_key_check"))
        for row in self.hyp.query(
            """
            select status, count, (select count(*) from schedules s where s.status = c.status)
            from schedule_counts c where count <> (select count(*) from schedules s where s.status = c.status)
            """
        ):
            yield "{} schedules are counted as {}, and are {}".format(*row)

    def unanswered_for(self, numbers: Sequence[str]) -> list[str]:
        """Return the numbers that nobody was asked for, though no doubt explains it."""
        doubts = {call.to_number for call in self._calls() if call.status == "in_doubt"}
        return sorted(set(numbers) - self.asked().keys() - doubts)


def run(hyp: Hyp, *words: str, preexec: Callable[[], None]) -> Answer:
    """Run the program in a process that was prepared, such as by a limit."""
    done = subprocess.run(
        [*COMMAND, *words],
        env=hyp.env,
        cwd=hyp.home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=preexec,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


@contextmanager
def running(hyp: Hyp, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Run the program beside us; end it for certain."""
    process = hyp.start(*words)
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[str]) -> None:
    """Kill a process, even a stopped one, and bury it."""
    process.kill()
    process.communicate()


def finish(process: subprocess.Popen[str], seconds: float = 30) -> Answer:
    """Wait for the end of a process."""
    out, err = process.communicate(timeout=seconds)
    return Answer(process.returncode, out, err)


def stop(process: subprocess.Popen[str]) -> None:
    """Stop a process, as Ctrl-Z or a debugger does, and wait until it stands still."""
    process.send_signal(signal.SIGSTOP)
    until(lambda: state_of(process) in "TtZ")


def state_of(process: subprocess.Popen[str]) -> str:
    """Return the letter with which `ps` tells the state of a process."""
    words = ["ps", "-o", "stat=", "-p", str(process.pid)]
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()[:1] or "Z"


@contextmanager
def locked(path: Path, kind: str = "exclusive") -> Iterator[sqlite3.Connection]:
    """Hold the lock of a database file, as another program does that writes to it."""
    holder = sqlite3.connect(path, timeout=30, isolation_level=None)
    try:
        holder.execute(f"begin {kind}")
        yield holder
    finally:
        if holder.in_transaction:
            holder.execute("rollback")
        holder.close()


def is_locked(path: Path) -> bool:
    """True when somebody else holds the write lock of a database file at this moment."""
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as probe:
        try:
            probe.execute("begin immediate")
        except sqlite3.OperationalError as error:
            assert "locked" in str(error), error
            return True
        probe.execute("rollback")
        return False


def has_open(process: subprocess.Popen[str], path: Path) -> bool:
    """True when a process has opened a file, or is gone. Where no /proc says so, at once."""
    if process.poll() is not None or not Path("/proc/self/fd").exists():
        return True
    try:
        return any(each.readlink() == path for each in Path(f"/proc/{process.pid}/fd").iterdir())
    except OSError:  # a descriptor that was closed while we looked
        return False
