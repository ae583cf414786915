"""Where may a command write what it was asked for? Not over the workspace itself, nor what stands beside it."""

from __future__ import annotations

from pathlib import Path

from hyponema_cli.core.errors import InvalidInput


def refuse_own_file(workspace: Path, target: Path) -> None:
    """Raise InvalidInput for a file that belongs to the workspace, by whatever path or link it is named."""
    from hyponema_cli.store.backup import belongs_to

    if belongs_to(workspace, target):
        raise InvalidInput(f"{target} belongs to the workspace itself", hint="name another file")
