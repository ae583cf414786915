"""What became of a schedule, and what comes next?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from hyponema_cli.core.records import Execution
from hyponema_cli.core.schedule import Occurrence
from hyponema_cli.engine import find
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.materialise import occurrences_ahead
from hyponema_cli.store import executions


def of_schedule(desk: Desk, word: str) -> tuple[str, list[Execution], Iterator[Occurrence]]:
    """Return the id of a schedule, all that came due, the latest first, and the occurrence that comes next."""
    found = find.schedule(desk.store, word)
    past = executions.select(desk.store, schedule_id=found.id)
    return found.id, past, islice(occurrences_ahead(desk.store, found, desk.settings()), 1)
