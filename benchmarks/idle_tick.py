"""What do `hyp tick` with nothing due, `hyp health`, lists and `hyp why` cost? Whole processes, against an empty one.

What a monitor or a person asks often stands also with a million schedules against none.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.workspace import workspace

EMPTY_PROGRAM = """
import typer

app = typer.Typer()


@app.command()
def one() -> None:
    pass


@app.command()
def two() -> None:
    pass


app()
"""
OFTEN = ("health", "schedules list --limit 50", "history")
ROUNDS = 41
ONE_OF_THEM = f"sch_{1:026d}"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "empty.py"
        empty.write_text(EMPTY_PROGRAM)
        commands = {"an empty Typer program": [sys.executable, str(empty), "one"]}
        now = datetime.now(UTC).replace(microsecond=0)
        for count in (0, 1_000_000):
            path = Path(folder) / f"{count}.db"
            workspace(path, now, count, now + timedelta(days=3)).store.close()
            program = [sys.executable, "-m", "hyponema_cli", "--db", str(path)]
            commands[f"hyp tick, {count:,} schedules"] = [*program, "tick"]
            for often in OFTEN:
                commands[f"hyp {often}, {count:,} schedules"] = [*program, *often.split()]
        commands[f"hyp why, {count:,} schedules"] = [*program, "why", ONE_OF_THEM]
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(ROUNDS):
            # In turns, so that whatever else the machine does hits all alike.
            for name, command in commands.items():
                begin = time.perf_counter()
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                times[name].append(time.perf_counter() - begin)
    base = statistics.median(times["an empty Typer program"])
    for name, taken in times.items():
        middle = statistics.median(taken)
        print(f"{name:44} {middle * 1000:7.1f} ms  {middle / base:5.2f} x")
    for often in OFTEN:
        many, none = (statistics.median(times[f"hyp {often}, {count:,} schedules"]) for count in (1_000_000, 0))
        print(f"{f'hyp {often}, a million against none':56} {many / none:5.2f} x")


if __name__ == "__main__":
    main()
