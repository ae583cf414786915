"""The audit trail: one line for every change of state, never rewritten."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hyponema_cli.core.instant import to_text
from hyponema_cli.store import Store


def add(
    store: Store,
    now: datetime,
    actor: str,
    name: str,
    *,
    schedule_id: str | None = None,
    execution_id: str | None = None,
    call_id: str | None = None,
    subject_id: str | None = None,
    reason: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write a line. `actor` is who did it (operator, tick, worker); `subject_id` names an agent, user or number."""
    store.audit(
        (
            to_text(now),
            actor,
            name,
            schedule_id,
            execution_id,
            call_id,
            subject_id,
            reason,
            None if detail is None else json.dumps(detail, default=str),
        ),
    )
