"""Which carriers are there? Entry points of the group `hyponema_cli.carriers`; ours come through the same door.

Only the carrier that is used is imported. A plugin is a callable that takes a `CarrierSetup` and returns a `Carrier`;
an account of it is written `plugin:account`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hyponema_cli.carriers.base import Carrier, CarrierSetup
from hyponema_cli.core.errors import HypError, InvalidInput, Unusable, suggestion

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint, EntryPoints

GROUP = "hyponema_cli.carriers"
_ACCOUNT = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}(:[a-z0-9][a-z0-9_-]{0,31})?", re.ASCII)


def installed() -> dict[str, str]:
    """Return the installed carriers and which package each is from, by name; nothing is imported."""
    points = sorted(_entry_points(), key=lambda point: point.name)
    return {point.name: f"{point.dist.name} {point.dist.version}" if point.dist else "" for point in points}


def require(account: str) -> None:
    """Raise InvalidInput unless the carrier of that account is installed."""
    _find(account)


def load(setup: CarrierSetup) -> Carrier:
    """Import and open the carrier of an account.

    Raises InvalidInput when it is not installed, Unusable when its own code fails at import or opening; and what a
    plugin says itself of a setting that is wrong or missing.
    """
    point = _find(setup.account)
    try:
        carrier = point.load()(setup)
    except HypError:
        raise
    except (Exception, SystemExit) as error:  # a module that ends the program must not end this one
        raise Unusable(
            f"carrier {setup.account!r} cannot be loaded from {point.value}: {type(error).__name__}: {error}",
            hint="fix or uninstall that plugin; HYP_DEBUG=1 shows its traceback",
        ) from error
    if not isinstance(carrier, Carrier):
        raise Unusable(f"carrier {setup.account!r} from {point.value} does not do all that a carrier must")
    return carrier


def _find(account: str) -> EntryPoint:
    if _ACCOUNT.fullmatch(account) is None:
        raise InvalidInput(
            f"carrier {account!r} is not a name", hint="a carrier, or one of its accounts, as in twilio or twilio:eu"
        )
    plugin = account.partition(":")[0]
    points = {point.name: point for point in _entry_points()}
    if plugin not in points:
        hint = suggestion(plugin, points, otherwise=f"installed: {', '.join(sorted(points))}")
        raise InvalidInput(f"unknown carrier {account!r}", hint=hint)
    return points[plugin]


def _entry_points() -> EntryPoints:
    # Imported here: whoever only wants to know what a carrier is must not pay for a look at all installed packages.
    from importlib.metadata import entry_points

    return entry_points(group=GROUP)
