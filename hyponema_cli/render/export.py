"""What does an export hold? Request bodies: what an import reads back to the same schedules and users.

Not what hyp shows of a schedule, but what was asked for: its own zone, time and window, not those in force, and a
time on the wall as such. CSV has a column for each field, and JSON in the cells of context and metadata; an empty
cell is a field that is not there.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from hyponema_cli.core.call import ScheduleState
from hyponema_cli.core.instant import maybe_text
from hyponema_cli.core.records import Schedule, User
from hyponema_cli.render.safe import visible

_LINE_END = "\r\n"

SCHEDULE = (
    "ref", "agent_id", "user_id", "phone_number", "weekdays", "local_time", "cron_expression", "run_at",
    "scheduled_time", "fold", "timezone", "status", "name", "description", "customer_context", "metadata",
    "max_occurrences", "start_at", "until_at", "max_attempts", "retry_delay_seconds", "backoff", "retry_on",
    "catch_up_window_seconds", "calling_window", "on_doubt", "redial_after_seconds", "webhook_url", "webhook_events",
    "priority",
)  # fmt: skip
USER = ("id", "name", "phone_number", "timezone", "local_time", "calling_window", "context")


def schedule(it: Schedule) -> dict[str, Any]:
    """A schedule. One without a ref gets its id for one, so that it is known again where it came from."""
    redial_after = int(it.on_doubt.total_seconds()) if it.on_doubt is not None else None
    found = {
        "ref": it.ref if it.ref is not None else it.id,
        "agent_id": it.agent_id,
        "user_id": it.user_id,
        "phone_number": it.to_number,
        "weekdays": list(it.weekdays) if it.weekdays else None,
        "local_time": it.local_time,
        "cron_expression": it.cron_expression,
        "run_at": maybe_text(it.run_at),
        "scheduled_time": it.run_local.isoformat() if it.run_local else None,
        "fold": ("second" if it.run_fold else "first") if it.run_local else None,
        "timezone": it.timezone,
        "status": "paused" if it.status is ScheduleState.PAUSED else None,
        "name": it.name,
        "description": it.description,
        "customer_context": dict(it.customer_context) or None,
        "metadata": dict(it.metadata) or None,
        "max_occurrences": it.max_occurrences,
        "start_at": maybe_text(it.start_at),
        "until_at": maybe_text(it.until_at),
        "max_attempts": it.retry.max_attempts,
        "retry_delay_seconds": int(it.retry.delay.total_seconds()),
        "backoff": str(it.retry.backoff),
        "retry_on": sorted(it.retry.retry_on),
        "catch_up_window_seconds": int(it.catch_up_window.total_seconds()) if it.catch_up_window else None,
        "calling_window": it.calling_window,
        "on_doubt": "redial-after" if redial_after is not None else None,
        "redial_after_seconds": redial_after,
        "webhook_url": it.webhook_url,
        "webhook_events": list(it.webhook_events) or None,
        "priority": it.priority or None,
    }
    return {name: value for name, value in found.items() if value is not None}


def user(it: User) -> dict[str, Any]:
    """A user."""
    found = {
        "id": it.id,
        "name": it.name,
        "phone_number": it.phone_number,
        "timezone": it.timezone,
        "local_time": it.local_time,
        "calling_window": it.calling_window,
        "context": dict(it.context) or None,
    }
    return {name: value for name, value in found.items() if value is not None}


def as_text(
    rows: Iterable[Mapping[str, Any]], form: str, columns: Sequence[str], *, for_people: bool = False
) -> Iterator[str]:
    """Write rows as csv, json or jsonl, piece by piece; `for_people`, as a terminal may have them."""
    if form == "csv":
        return _as_csv(rows, columns, visible if for_people else str)
    return _as_array(rows) if form == "json" else (_line(row) + "\n" for row in rows)


def _as_array(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    before = "["
    for row in rows:
        yield f"{before}\n  {_line(row)}"
        before = ","
    yield "[]\n" if before == "[" else "\n]\n"


def _as_csv(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], shown: Callable[[str], str]) -> Iterator[str]:
    buffer = io.StringIO(newline="")
    # The writer quotes only those line ends that are its own: both have to be, or no reader takes a lone one.
    writer = csv.writer(buffer, lineterminator=_LINE_END)

    def line(cells: Iterable[str]) -> str:
        buffer.seek(0)
        buffer.truncate()
        writer.writerow(cells)
        return buffer.getvalue().removesuffix(_LINE_END) + "\n"

    yield line(columns)
    for row in rows:
        yield line(shown(_cell(row.get(name))) for name in columns)


def _cell(value: Any) -> str:
    if isinstance(value, list) and value:
        return ",".join(map(str, value))
    return "" if value is None else value if isinstance(value, str) else _line(value)


def _line(value: Any) -> str:
    # ASCII: nothing in it moves a cursor, whatever it is printed on.
    return json.dumps(value, allow_nan=False)
