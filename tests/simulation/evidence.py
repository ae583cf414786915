"""What do the checks of both kinds look at? The requests of a record, each with its schedule and its execution.

After a database was put back, an execution may have another id than when it was dialled, and the schedules that were
booked after the copy are unknown: their calls are *lost*, and no check asks for more than that they were made once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import TypeVar

from tests.simulation.chronicle import Restored
from tests.simulation.history import Record
from tests.simulation.ledger import CallRow
from tests.simulation.network import Asked
from tests.simulation.plans import Plan

T = TypeVar("T")
K = TypeVar("K")

BY_OPERATOR = "resolved_by_operator"
REDIALLED = "redialled_from_doubt"
END_LOST = "end_lost_in_restore"
MADE_AGAIN = "attempt_made_again"


def is_lost(record: Record, asked: Asked) -> bool:
    """True when a copy was put back that does not know the schedule of a request."""
    schedule_id = asked.witness.execution.schedule_id if asked.witness.execution else None
    return any(
        is_forgotten_by(asked, restored) and schedule_id not in restored.schedules
        for restored, _ in record.forgotten_until
    )


def is_forgotten_by(asked: Asked, restored: Restored) -> bool:
    """True when a request was claimed after a copy was taken that was put back later."""
    return asked.claimed is not None and restored.copied < asked.claimed.tick < restored.tick


def execution_of(record: Record, asked: Asked) -> str:
    """Return the execution that a request belongs to in the end."""
    row = record.closed.calls.get(asked.request.call_id)
    return row.execution_id if row else asked.request.execution_id


def plan_of(record: Record, asked: Asked) -> Plan | None:
    """Return the plan that a request was sent for."""
    return next((plan for plan in record.plans if plan.ref == asked.witness.ref), None)


def was_doubtful_at(earlier: Asked, later: Asked) -> bool:
    """True when, as `later` was sent, nobody at our end could know what had become of `earlier`."""
    if earlier.returned is None or earlier.returned > later.number:
        return True
    return earlier.answer == "unclear" or earlier.unheard


def row_beside(asked: Asked, call_id: str) -> CallRow | None:
    """Return what was committed about another call as a request was sent."""
    return next((row for row in asked.witness.beside if row.id == call_id), None)


def made_by(record: Record, key: Callable[[Asked], K]) -> list[tuple[K, list[Asked]]]:
    """Group the requests of which a call came."""
    return by((asked for asked in record.asked if asked.made), key)


def by(items: Iterable[T], key: Callable[[T], K]) -> list[tuple[K, list[T]]]:
    """Group by a key, in order."""
    groups = defaultdict[K, list[T]](list)
    for item in items:
        groups[key(item)].append(item)
    return list(groups.items())
