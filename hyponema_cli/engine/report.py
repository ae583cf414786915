"""What did a pass do? Counts, under the names that `hyp tick --json` prints."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime

from hyponema_cli.core.call import ExecutionState


@dataclass(slots=True)
class TickReport:
    """Each counter is of executions, and of this pass only."""

    started_at: datetime
    finished_at: datetime | None = None
    due: int = 0
    """Occurrences that came due."""
    placed: int = 0
    """Calls that a carrier took."""
    completed: int = 0
    retried: int = 0
    """Calls that were not answered and will be tried again."""
    failed: int = 0
    """Executions that ended without reaching anybody: failed, exhausted or canceled at the carrier."""
    skipped: int = 0
    missed: int = 0
    deferred: int = 0
    in_doubt: int = 0
    database_behind: bool = False
    """The database is older than its last dials: nothing was dialled."""

    carrier_trouble: dict[str, str] = field(default_factory=dict)
    """Why a carrier could not be used, by account."""

    def count(self, status: ExecutionState) -> None:
        """Count an execution that ended."""
        match status:
            case ExecutionState.COMPLETED:
                self.completed += 1
            case ExecutionState.MISSED:
                self.missed += 1
            case ExecutionState.SKIPPED | ExecutionState.CANCELED:
                self.skipped += 1
            case _:
                self.failed += 1

    def become(self, other: TickReport) -> None:
        """Take over the counts of another: what was counted since then was rolled back."""
        for each in fields(self):
            setattr(self, each.name, getattr(other, each.name))

    @property
    def has_progressed(self) -> bool:
        """True when the pass has changed what is due: the next one may come at once."""
        counted = (self.due, self.placed, self.completed, self.retried, self.failed, self.skipped, self.missed)
        return any((*counted, self.deferred, self.in_doubt))

    @property
    def needs_attention(self) -> bool:
        """True when somebody should look: a call failed, was missed, or is in doubt, or nothing may be dialled."""
        return bool(self.failed or self.missed or self.in_doubt or self.database_behind or self.carrier_trouble)
