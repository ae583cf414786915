"""What must a crontab line or a unit name? The program, the workspace and the credentials, all by absolute paths.

Cron's working folder is the home, systemd's is `/`, and neither has the environment of whoever typed the command.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from hyponema_cli.core.errors import InvalidInput

PATH = "/usr/local/bin:/usr/bin:/bin"
DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Installation:
    """One workspace, and the program that is to drive it."""

    program: tuple[str, ...]
    """The words that run this program, the first of them a path."""
    workspace: Path
    env_file: Path | None = None
    """Lines `NAME=value`, for its owner only: the credentials of the carriers."""

    @property
    def name(self) -> str:
        """What the workspace is called among units: its file's name without the ending."""
        return self.workspace.stem

    @property
    def search_path(self) -> str:
        """Return a PATH in which this program is found first."""
        own = str(Path(self.program[0]).parent)
        return PATH if own in PATH.split(":") or ":" in own else f"{own}:{PATH}"

    def checked(self) -> Installation:
        """Return it; raises InvalidInput for a path that no line can hold."""
        for text in (*self.program, str(self.workspace), str(self.env_file or "")):
            if re.search(r"[\x00-\x1f\x7f]", text):
                raise InvalidInput(
                    f"{text!r} holds a line break or another control character",
                    hint="move it to a path without, or write the line by hand",
                )
        return self
