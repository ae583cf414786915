"""What goes on in a workspace just now? For whoever looks on: nothing is decided by it, and nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hyponema_cli.core.call import FINAL_EXECUTIONS
from hyponema_cli.core.records import Execution, Schedule
from hyponema_cli.store import Store, calls, executions, schedules, settings, webhooks
from hyponema_cli.store.calls import Doubtful, Ringing


@dataclass(frozen=True, slots=True)
class Survey:
    """What comes, what goes on, what has ended, and what is in doubt."""

    workspace_timezone: str | None
    live: bool
    coming: list[Schedule]
    """The schedules that fire next, the soonest first."""
    ringing: list[Ringing]
    ended: list[Execution]
    """The latest executions that are over, the latest first."""
    doubts: list[Doubtful]
    webhooks: tuple[int, int]
    """How many messages wait, and how many are dead."""


def survey(store: Store, now: datetime, most: int) -> Survey:
    """Look around; at most so many of each."""
    workspace = settings.load(store)
    return Survey(
        workspace.timezone,
        workspace.live,
        schedules.coming(store, most),
        calls.going_on(store, most),
        sorted(
            executions.select(store, statuses=FINAL_EXECUTIONS, limit=most),
            key=lambda each: each.finished_at or each.created_at,
            reverse=True,
        ),
        calls.in_doubt(store),
        webhooks.backlog(store),
    )
