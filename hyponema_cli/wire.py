"""What is built from what? The only place that knows the store, the carriers and the clock at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from hyponema_cli import zonedata
from hyponema_cli.clock import Clock
from hyponema_cli.engine.desk import Desk
from hyponema_cli.store import Store

if TYPE_CHECKING:
    from hyponema_cli.carriers.base import Carrier


def desk_of(store: Store, clock: Clock, actor: str, environ: Mapping[str, str] = os.environ) -> Desk:
    """Return the place where a pass over `store` works; carriers are opened when a call needs them."""
    return Desk(store, partial(_open_carrier, store, clock, environ), clock, actor, zonedata.version())


def _open_carrier(store: Store, clock: Clock, environ: Mapping[str, str], account: str) -> Carrier:
    # Looking through the installed packages for entry points is slow, and an idle pass needs no carrier.
    from hyponema_cli import carriers
    from hyponema_cli.carriers.base import CarrierSetup

    return carriers.load(CarrierSetup(account, store.path, clock, environ))
