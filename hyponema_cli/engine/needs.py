"""What may not go, because something that is live needs it?"""

from __future__ import annotations

from collections.abc import Sequence

from hyponema_cli.core.errors import Conflict


def refuse_while_live(what: str, live: Sequence[str], hint: str | None = None) -> None:
    """Raise Conflict, listing them, when live schedules need something that is to go."""
    if live:
        shown = ", ".join(live[:5]) + (f" and {len(live) - 5} more" if len(live) > 5 else "")
        needs = "a live schedule needs" if len(live) == 1 else f"{len(live)} live schedules need"
        raise Conflict(
            f"{what} cannot go: {needs} it: {shown}", hint=hint or f"cancel first: hyp schedules cancel {live[0]}"
        )
