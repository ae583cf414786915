"""Where is the workspace file? Options first, then the environment, then the default place; never the working folder.

One workspace is one SQLite file. `--workspace dev` is `dev.db` in the data folder of the XDG base directory
specification; `--db PATH` is that file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from hyponema_cli.core.errors import InvalidInput, Unusable

DEFAULT_WORKSPACE = "default"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


def workspace_path(db: str | None, workspace: str | None, environ: Mapping[str, str]) -> Path:
    """Return the workspace file that the options and the environment name.

    Raises InvalidInput for a workspace name that could be a path, Unusable when there is no home to keep it in.
    """
    if db is not None and workspace is not None:
        raise InvalidInput("--db and --workspace cannot be used together", hint="a workspace is a file: give one")
    for option, value in (("--db", db), ("--workspace", workspace)):
        if value == "":
            raise InvalidInput(f"{option} '' is empty", hint="is a variable of your script not set?")
    if workspace is None:
        path = db or (environ.get("HYP_DB") or None)
        if path is not None:
            return Path(path).expanduser()
    name = workspace or environ.get("HYP_WORKSPACE") or DEFAULT_WORKSPACE
    if _NAME.fullmatch(name) is None:
        raise InvalidInput(
            f"workspace {name!r} is not a name", hint="letters, digits, dots and dashes; for a path use --db"
        )
    return data_folder(environ) / f"{name}.db"


def workspace_name(path: Path) -> str:
    """Return the name that a workspace file goes by, for those who cannot be told its path.

    >>> workspace_name(Path("/srv/calls/clinic.db")), workspace_name(Path("/srv/our calls.db"))
    ('clinic', 'default')
    """
    return path.stem if _NAME.fullmatch(path.stem) else DEFAULT_WORKSPACE


def data_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder of the named workspaces."""
    data = environ.get("XDG_DATA_HOME", "")
    if data.startswith("/"):  # the specification: relative paths are to be ignored
        return Path(data) / "hyp"
    try:
        home = Path.home()
    except RuntimeError:
        home = Path()
    # An empty HOME is the root of the disk, or the folder that somebody happens to be in.
    if not home.is_absolute() or environ.get("HOME") == "":
        raise Unusable("there is no home folder to keep workspaces in", hint="give --db PATH, or set HYP_DB")
    return home / ".local" / "share" / "hyp"
