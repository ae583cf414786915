"""How many rows a second does an import take, every one judged, and does it stay within its memory?

Against the least that anybody could do: Python's csv module and one `executemany` of the same columns into the same
table, where nothing is checked, looked up or derived.
"""

from __future__ import annotations

import csv
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.workspace import workspace
from hyponema_cli.store.schedules import NAMES

COUNT = 100_000
LARGE = 1_000_000
ROUNDS = 3
NOW = datetime.now(UTC).replace(microsecond=0)
ZONES = ("Europe/Madrid", "America/New_York", "Asia/Tokyo", "Europe/Paris")


def weekly(count: int) -> Iterator[str]:
    """A list of numbers, in four zones, that are called every Monday."""
    yield "phone_number,timezone,cron_expression\n"
    for number in range(count):
        yield f"+346{number:08d},{ZONES[number % 4]},0 9 * * 1\n"


def birthdays(count: int) -> Iterator[str]:
    """Customers with a birthday, in four zones."""
    yield "id,name,phone,timezone,birth_day,birth_month\n"
    for number in range(count):
        day, month = number % 28 + 1, number // 28 % 12 + 1
        yield f"c-{number},Customer {number},+346{number:08d},{ZONES[number % 4]},{day},{month}\n"


def appointments(count: int) -> Iterator[str]:
    """One-shots, each at a minute of its own: no two rows have the same rule."""
    yield "phone_number,timezone,scheduled_time\n"
    for number in range(count):
        at = NOW.replace(tzinfo=None) + timedelta(days=30, minutes=number)
        yield f"+346{number:08d},UTC,{at:%Y-%m-%d %H:%M}\n"


BIRTHDAYS = ("--to", "{phone}", "--tz-column", "timezone", "--cron", "0 10 {birth_day} {birth_month} *", "--ref",
             "{id}-birthday", "--context", "customer_name={name}", "--context", "occasion=birthday")  # fmt: skip
LISTS: dict[str, tuple[Callable[[int], Iterator[str]], tuple[str, ...]]] = {
    "weekly, one rule in four zones": (weekly, ()),
    "birthdays, with context and ref": (birthdays, BIRTHDAYS),
    "one-shots, a rule each": (appointments, ()),
}


def run(write: Callable[[int], Iterator[str]], options: tuple[str, ...], count: int) -> tuple[float, float]:
    """Import a list; return the seconds of the whole process, and the most megabytes that it took."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.csv"
        with path.open("w") as file:
            file.writelines(write(count))
        db = Path(folder) / "w.db"
        workspace(db, NOW, 0, NOW).store.close()
        words = [sys.executable, "-m", "hyponema_cli", "--db", str(db), "schedules", "import", str(path), *options]
        begin = time.perf_counter()
        process = subprocess.Popen(words, stderr=subprocess.PIPE)
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        taken = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stderr.close()
        assert said.endswith(f"Added {count:,} schedules.\n".encode()), said  # before it, how far it was
    return taken, used.ru_maxrss / 1024


def least(count: int) -> float:
    """Return the seconds that csv and executemany take for the weekly list, and nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.csv"
        with path.open("w") as file:
            file.writelines(weekly(count))
        desk = workspace(Path(folder) / "w.db", NOW, 1, NOW + timedelta(hours=1))
        fixed = list(desk.store.execute(f"select {', '.join(NAMES)} from schedules").fetchone())  # noqa: S608
        at = {name: number for number, name in enumerate(NAMES)}

        def rows() -> Iterator[list[object]]:
            with path.open(newline="") as file:
                for number, (phone, zone, _) in enumerate(csv.reader(file)):
                    row = fixed.copy()
                    row[at["id"]], row[at["to_number"]], row[at["timezone"]] = f"sch_{number:026d}", phone, zone
                    if number:
                        yield row

        begin = time.perf_counter()
        with desk.store.transaction():
            holes = ", ".join("?" * len(NAMES))
            desk.store.connection.executemany(f"insert into schedules ({', '.join(NAMES)}) values ({holes})", rows())  # noqa: S608
        taken = time.perf_counter() - begin
        desk.store.close()
    return taken


def main() -> None:
    base, ours = list[float](), {name: list[float]() for name in LISTS}
    for _ in range(ROUNDS):
        base.append(COUNT / least(COUNT))
        for name, (write, options) in LISTS.items():
            ours[name].append(COUNT / run(write, options, COUNT)[0])
    rate = statistics.median(base)
    print(f"{'csv and executemany, unchecked':34}{rate:9,.0f} rows/s")
    for name, rates in ours.items():
        print(f"{name:34}{statistics.median(rates):9,.0f} rows/s  {statistics.median(rates) / rate:5.2f} x")
    write, options = LISTS["birthdays, with context and ref"]
    _, small = run(write, options, COUNT // 10)
    taken, large = run(write, options, LARGE)
    print(
        f"{LARGE:,} birthdays: {LARGE / taken:,.0f} rows/s, {large:.0f} MB at most; {COUNT // 10:,}: {small:.0f} MB"
    )


if __name__ == "__main__":
    main()
