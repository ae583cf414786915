"""What is built from what? The only place that knows the store, the carriers and the clock at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from hyponema_cli import zonedata
from hyponema_cli.clock import Clock
from hyponema_cli.engine.desk import Desk
from hyponema_cli.store import Store

if TYPE_CHECKING:
    from hyponema_cli.carriers.base import Carrier
    from hyponema_cli.engine.courier import Courier


def desk_of(store: Store, clock: Clock, actor: str, environ: Mapping[str, str] = os.environ) -> Desk:
    """Return the place where a pass over `store` works; carriers are opened when a call needs them."""
    return Desk(store, partial(_open_carrier, store, clock, environ), clock, actor, zonedata.version())


DELIVER_SECONDS = 10.0
"""How long a tick delivers webhooks; what is left waits for the next one."""
LEAST_SECONDS = 1.0
"""How long it does so even when its time is over, so that a busy one does not keep receivers waiting for ever."""


def deliver(desk: Desk, until: datetime | None = None) -> None:
    """Deliver the webhooks that are due, if there are any; until then, but for a second in any case."""
    from hyponema_cli.store import webhooks

    now = desk.clock.now()
    if webhooks.any_due(desk.store, now):
        left = DELIVER_SECONDS if until is None else (until - now).total_seconds()
        courier_of(desk).run_for(min(max(left, LEAST_SECONDS), DELIVER_SECONDS))


def courier_of(desk: Desk, environ: Mapping[str, str] = os.environ) -> Courier:
    """Return who delivers the webhooks of a desk's workspace."""
    from hyponema_cli.core.webhook import read_secrets
    from hyponema_cli.engine.courier import Courier
    from hyponema_cli.engine.post import post
    from hyponema_cli.store.secret import webhook_secret

    return Courier(desk, post, lambda: read_secrets(webhook_secret(desk.store.path, environ)))


def _open_carrier(store: Store, clock: Clock, environ: Mapping[str, str], account: str) -> Carrier:
    # Looking through the installed packages for entry points is slow, and an idle pass needs no carrier.
    from hyponema_cli import carriers
    from hyponema_cli.carriers.base import CarrierSetup

    return carriers.load(CarrierSetup(account, store.path, clock, environ))
