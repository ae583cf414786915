"""Play histories by hand: `python -m tests.simulation 4711` tells the story of one seed, `1..5000` judges many."""

from __future__ import annotations

import sys

from tests.simulation.checker import complaints
from tests.simulation.history import Record, play

WIDEST = 150
"""A statement is told by its beginning."""


def main(arguments: list[str]) -> int:
    """Play the seeds that are named; 1 when the checker complains."""
    if len(arguments) != 1:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    first, dots, last = arguments[0].partition("..")
    bad = 0
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    for seed in range(int(first), int(last or first) + 1):
        record = play(seed)
        if not dots:
            tell(record)
        elif seed % 500 == 0:
            sys.stderr.write(f"... {seed}\n")
        found = complaints(record)
        bad += bool(found)
        for complaint in found:
            sys.stdout.write(f"{seed}: {complaint.check}: {complaint.sentence}\n")
    sys.stdout.write(f"{bad} of {int(last or first) - int(first) + 1} histories are not what was promised\n")
    return 1 if bad else 0


def tell(record: Record) -> None:
    """Print all that happened, in order."""
    sys.stdout.write(f"house: {', '.join(sorted(record.house.uses)) or 'plain'}\n")
    for now, depth, process, effect, what in record.trace:
        who = f"{process.name}#{process.number} {effect:>4}" if process else ""
        words = " ".join(what.split())[:WIDEST]
        sys.stdout.write(f"{now:%d %H:%M:%S.%f}"[:-4] + f" {'    ' * depth}{who} {words}\n")
    for asked in record.asked:
        sys.stdout.write(f"{asked}, sent at {asked.sent_at}, answered {asked.answer}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
