"""Several occurrences of one schedule are due at once. Which is called, and what becomes of the others?

After two days of downtime a minute-by-minute rule has 2,880 due occurrences. At most one is called: the newest, if it
is still in time. Each of the others is recorded as missed, with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hyponema_cli.core.schedule import Occurrence

DEFAULT_WINDOW = timedelta(minutes=15)
"""A call that was to be made at nine is still welcome at a quarter past; later it surprises."""

TOO_LATE = "too_late"
OVERTAKEN = "overtaken"


@dataclass(frozen=True, slots=True)
class CatchUp:
    """`call` is to be called, if anything is; each of `missed` is recorded with its reason."""

    call: Occurrence | None
    missed: tuple[tuple[Occurrence, str], ...]


def plan_catch_up(due: Sequence[Occurrence], window: timedelta, now: datetime) -> CatchUp:
    """Choose among the occurrences of one schedule that are due at `now`, oldest first."""
    in_time = bool(due) and due[-1].at + window >= now
    call = due[-1] if in_time else None
    overtaken = due[:-1] if in_time else due
    return CatchUp(call, tuple((each, TOO_LATE if each.at + window < now else OVERTAKEN) for each in overtaken))
