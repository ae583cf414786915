"""What does a pass work with? The store, the carriers in use, a clock, names for new rows, and who it says it is."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from hyponema_cli.clock import Clock
from hyponema_cli.core.records import Settings
from hyponema_cli.core.webhook import TOLD
from hyponema_cli.ids import NewId, new_id
from hyponema_cli.store import Store, events, settings

if TYPE_CHECKING:
    from hyponema_cli.carriers.base import Carrier


def _never() -> bool:
    return False


@dataclass(slots=True)
class Desk:
    """Where a pass works. `open_carrier` is asked once for each carrier account that a call needs."""

    store: Store
    open_carrier: Callable[[str], Carrier]
    clock: Clock
    actor: str
    zone_edition: str
    new_id: NewId = new_id
    stopping: Callable[[], bool] = _never
    """True when the pass at hand should come to an end: what is left stays for the next one."""
    requests_at_once: int = 1
    """How many requests for calls may be under way; more than one where somebody waits for their answers."""
    drain_within: timedelta = timedelta(seconds=30)
    """How long a pass that is told to stop waits for requests that are under way."""
    keeps_journal: bool = True
    """Off for a copy that nobody is called from."""
    _carriers: dict[str, Carrier] = field(default_factory=dict)

    def carrier(self, account: str) -> Carrier:
        """Return the carrier of an account, opened on first use."""
        if account not in self._carriers:
            self._carriers[account] = self.open_carrier(account)
        return self._carriers[account]

    def forget_carrier(self, account: str) -> None:
        """Open the carrier of an account anew when it is next needed: its credentials may have been mended."""
        self._carriers.pop(account, None)

    def settings(self) -> Settings:
        """Return the workspace's settings as they stand now."""
        return settings.load(self.store)

    def log(
        self,
        now: datetime,
        name: str,
        *,
        schedule_id: str | None = None,
        execution_id: str | None = None,
        call_id: str | None = None,
        reason: str | None = None,
    ) -> None:
        """Write a line of the audit trail, and tell who wants to hear of that, in the transaction that is open."""
        events.add(
            self.store,
            now,
            self.actor,
            name,
            schedule_id=schedule_id,
            execution_id=execution_id,
            call_id=call_id,
            reason=reason,
        )
        told = TOLD.get(name)
        if told is not None and execution_id is not None:
            self.tell(now, told, execution_id, call_id)

    def tell(self, now: datetime, told: str, execution_id: str, call_id: str | None) -> None:
        """Tell who wants to hear of an execution, in the transaction that is open."""
        from hyponema_cli.engine.outbox import tell

        trouble = tell(self.store, told, execution_id, call_id, now, self.new_id)
        if trouble is not None:
            self.log(now, "webhook.untold", execution_id=execution_id, call_id=call_id, reason=trouble)


def jitter_of(call_id: str) -> float:
    """Draw a number in [0, 1), always the same for the same call, so that a pass played again decides alike."""
    return random.Random(call_id).random()  # noqa: S311 - spreads retries; keeps no secret
