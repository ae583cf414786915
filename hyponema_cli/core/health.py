"""Is a workspace well? The figures that a monitor looks at, and the rules by which they are judged.

Unhealthy is what people must do something about, and nothing else: calls that nobody answered are the day's business,
not a fault of the machine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from hyponema_cli.core.timewords import duration_text


@dataclass(frozen=True, slots=True)
class Vitals:
    """A workspace at one instant, in a few figures."""

    now: datetime
    pending: int
    """Schedules that are active: neither paused nor over."""
    total: int
    """All schedules, those that are over among them."""
    last_execution: datetime | None
    """When a call was last made, or may have been."""
    failed_today: int
    """Executions that failed, were exhausted or missed since midnight on the workspace's clocks, else UTC's."""
    heartbeat_at: datetime | None
    """When a pass last went well; None: never."""
    heartbeat_of: str
    """Who left it, as in `worker 4711 0.1.0`."""
    heartbeat_obstacle: str | None
    """Why no sign of life can be left, as far as can be seen from here."""
    oldest_due_at: datetime | None
    """Since when the longest due schedule or execution waits to be looked at; None: nothing is overdue."""
    doubts: int
    held_carriers: tuple[str, ...]
    """Accounts that refused, and are left alone for a while."""
    database_behind: bool | None
    """The file is older than its last dials. None: the dial journal cannot be read."""
    webhook_backlog: int = 0
    """Messages that wait for their receiver; that is the receiver's trouble, and no fault here."""
    webhooks_dead: int = 0
    """Messages that were given up."""

    @property
    def heartbeat_age(self) -> timedelta | None:
        """How long ago a pass last went well; negative when the clock was put back since."""
        return None if self.heartbeat_at is None else self.now - self.heartbeat_at

    @property
    def oldest_due_age(self) -> timedelta | None:
        """How long the longest due one has been waiting."""
        return None if self.oldest_due_at is None else self.now - self.oldest_due_at


@dataclass(frozen=True, slots=True)
class Measures:
    """What a collector of metrics gets beside the figures of health."""

    schedules: dict[str, int]
    """How many there are, by state."""
    ended: dict[str, int]
    """How many executions have ever ended, by state."""
    open_executions: dict[str, int]
    open_calls: dict[str, int]
    dials: int
    """How many dials were ever begun."""
    held: dict[str, bool]
    """Each carrier account in use, and whether it is left alone."""
    live: bool
    size_bytes: int


class Limits(NamedTuple):
    """What a monitor lets pass; zero: it does not look at that."""

    lag: timedelta = timedelta(minutes=5)
    heartbeat: timedelta = timedelta(minutes=3)


class Reason(NamedTuple):
    """Why a workspace is unhealthy: a word for programs, and a sentence for people."""

    code: str
    said: str


def reasons(vitals: Vitals, limits: Limits) -> list[Reason]:
    """Return everything that makes a workspace unhealthy, by the rules of RULES; nothing when it is well."""
    judged = ((code, rule(vitals, limits)) for code, rule in RULES.items())
    return [Reason(code, said) for code, said in judged if said is not None]


def _no_heartbeat(it: Vitals, limits: Limits) -> str | None:
    if not limits.heartbeat:
        return None
    why = f" ({it.heartbeat_obstacle})" if it.heartbeat_obstacle else ""
    if it.heartbeat_age is None:
        return f"no pass was ever made: nothing drives the queue{why}"
    if it.heartbeat_age > limits.heartbeat:
        return f"the last pass was {duration_text(it.heartbeat_age)} ago: nothing drives the queue{why}"
    if -it.heartbeat_age > limits.heartbeat:
        return f"the last pass was {duration_text(-it.heartbeat_age)} ahead of the clock, which was put back"
    return None


def _overdue(it: Vitals, limits: Limits) -> str | None:
    if not limits.lag or it.oldest_due_age is None or it.oldest_due_age <= limits.lag:
        return None
    return f"a call has been due for {duration_text(it.oldest_due_age)}, and nobody has looked at it"


def _doubts(it: Vitals, limits: Limits) -> str | None:
    return f"{it.doubts} in doubt: see hyp reconcile" if it.doubts else None


def _held_carriers(it: Vitals, limits: Limits) -> str | None:
    if not it.held_carriers:
        return None
    return f"left alone for a while, after a refusal: {', '.join(it.held_carriers)}; see hyp carriers list"


def _database_behind(it: Vitals, limits: Limits) -> str | None:
    if not it.database_behind:
        return None
    return "the database is older than its last dials, and nothing is dialled until: hyp reconcile"


def _journal_unreadable(it: Vitals, limits: Limits) -> str | None:
    return "the dial journal cannot be read, and nothing is dialled" if it.database_behind is None else None


RULES: dict[str, Callable[[Vitals, Limits], str | None]] = {
    "no_heartbeat": _no_heartbeat,
    "overdue": _overdue,
    "doubts": _doubts,
    "held_carriers": _held_carriers,
    "database_behind": _database_behind,
    "journal_unreadable": _journal_unreadable,
}
"""What makes a workspace unhealthy, by its word; each says so in a sentence, or None."""
