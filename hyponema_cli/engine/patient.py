"""What do the checks of `hyp doctor` look at? A machine, and a workspace on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hyponema_cli.core.finding import Answer
from hyponema_cli.engine.desk import Desk


@dataclass(frozen=True, slots=True)
class Machine:
    """Where hyp runs."""

    workspace: Path
    """The workspace file, or where it would be."""
    now: datetime
    environ: Mapping[str, str]
    program: Path
    """The script or interpreter that is running."""
    zone_edition: str
    """Of the machine's time zone data."""


@dataclass(frozen=True, slots=True)
class Patient:
    """A workspace that could be opened, on its machine."""

    machine: Machine
    desk: Desk
    online: bool
    """Whether carriers may be asked over the network."""


MachineCheck = Callable[[Machine], Answer]
WorkspaceCheck = Callable[[Patient], Answer]
