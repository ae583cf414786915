"""When was the last good pass, and whose? A small file beside the workspace, `<workspace>.heartbeat`, says so.

Its time of modification is the beat; its one line names the process. Not in the database, and not synced: most passes
find nothing to do, and a sign of life must not cost them a write to the disk.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from hyponema_cli import __version__

_LINE = 63
"""Lines are filled up to this: each is written over the one before in one go, whoever writes at the same time."""


class Beat(NamedTuple):
    """The last sign of life."""

    at: datetime
    who: str
    """As in `worker 4711 0.1.0`: what it was, its process id, its version."""


def path_of(workspace: Path) -> Path:
    """Return the heartbeat of a workspace file."""
    return workspace.with_name(workspace.name + ".heartbeat")


def beat(workspace: Path, now: datetime, who: str) -> bool:
    """Leave a sign of life; False when that cannot be. It must not stop a pass: doctor and health tell it."""
    line = f"{who} {os.getpid()} {__version__}".ljust(_LINE) + "\n"
    try:
        # Neither truncated (ext4 starts to write such a file out when it is closed) nor waited for (a pipe).
        descriptor = os.open(path_of(workspace), os.O_WRONLY | os.O_CREAT | os.O_NONBLOCK, 0o600)
        try:
            os.pwrite(descriptor, line.encode(), 0)
            # By our own clock: the one that health compares it with.
            nanoseconds = int(now.timestamp() * 1_000_000) * 1000
            os.utime(descriptor, ns=(nanoseconds, nanoseconds))
        finally:
            os.close(descriptor)
    except OSError:
        return False
    return True


def last(workspace: Path) -> Beat | None:
    """Return the last sign of life; None when there never was one. Who left it is empty where it cannot be read."""
    path = path_of(workspace)
    if not path.is_file():
        return None
    at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    try:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            line = os.read(descriptor, _LINE)
        finally:
            os.close(descriptor)
    except OSError:
        return Beat(at, "")
    return Beat(at, line.decode("ascii", "replace").strip())


def obstacle(workspace: Path) -> str | None:
    """Say why no sign of life can be left there by whoever asks; None when it can be."""
    path = path_of(workspace)
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
    except FileNotFoundError:
        return None if os.access(path.parent, os.W_OK | os.X_OK) else f"{path.parent} cannot be written"
    except OSError as error:
        return f"{path} cannot be written: {error.strerror}"
    return None
