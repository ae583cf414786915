"""How late is a worker, and what does it cost when nothing is due? Run: python -m benchmarks.worker

Lateness: calls on twenty seconds in a row, measured at the carrier, by the clock of the same machine. Cost: processor
time of a worker that watches a workspace with nothing due. The targets are 100 ms (99 of 100 calls) and half a per
cent of a core.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

SECONDS = 20
CALLS_A_SECOND = 3
IDLE_SECONDS = 20
HYP = [sys.executable, "-m", "hyponema_cli"]


def hyp(*words: str) -> None:
    subprocess.run([*HYP, *words], check=True, capture_output=True)


@contextmanager
def worker() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([*HYP, "run-worker", "--log-format", "text"], stderr=subprocess.PIPE)
    assert process.stderr is not None
    process.stderr.readline()
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def lateness(workspace: Path) -> list[float]:
    """Return how late each call was, in seconds, the least first."""
    first = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=6)
    due: dict[str, float] = {}
    for second in range(SECONDS):
        for each in range(CALLS_A_SECOND):
            due[f"+34600{second:02}{each}001"] = (first + timedelta(seconds=second)).timestamp()
    rows = workspace.with_name("calls.csv")
    lines = [f"{number},{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}" for number, at in due.items()]
    rows.write_text("\n".join(["phone_number,run_at", *lines]))
    hyp("schedules", "import", str(rows), "--tz", "UTC")
    assert datetime.now(UTC) < first, "this machine was too slow to add them in time"
    with worker():
        time.sleep(max((first - datetime.now(UTC)).total_seconds(), 0) + SECONDS + 1)
    with closing(sqlite3.connect(workspace.with_name(workspace.name + ".simulated"))) as memory:
        rang = dict(memory.execute("select to_number, created_at from calls"))
    assert rang.keys() == due.keys()
    return sorted(rang[number] - due[number] for number in due)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder, "w.db")
        os.environ["HYP_DB"] = str(workspace)
        hyp("init")
        hyp("agents", "add", "Check-in", "--id", "agent-1")
        hyp("numbers", "add", "+34910000001")
        hyp("numbers", "attach", "+34910000001", "agent-1")
        with worker() as process:
            time.sleep(2)
            before = processor_seconds(process.pid)
            time.sleep(IDLE_SECONDS)
            idle = (processor_seconds(process.pid) - before) / IDLE_SECONDS
        late = lateness(workspace)
        print(f"a worker with nothing due         {idle:8.2%} of a core    (target 0.50%)")
        print(f"lateness, median                  {late[len(late) // 2] * 1000:8.1f} ms")
        print(f"lateness, 99 of 100               {late[int(len(late) * 0.99) - 1] * 1000:8.1f} ms    (target 100)")


if __name__ == "__main__":
    main()
