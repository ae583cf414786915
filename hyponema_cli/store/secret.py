"""What are webhooks signed with? The operator's secret, from the environment; else one made for the workspace.

That one stands in a file of its own beside the database, for its owner only, so that a dump or a backup of the
database does not give it away.
"""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from hyponema_cli.core.errors import Unusable
from hyponema_cli.core.webhook import PREFIX

VARIABLE = "HYP_WEBHOOK_SECRET"
BYTES = 32


def webhook_secret(workspace: Path, environ: Mapping[str, str]) -> str:
    """Return the secret, or several separated by blanks; makes one where there is none.

    `HYP_WEBHOOK_SECRET` comes first, then the file that `HYP_WEBHOOK_SECRET_FILE` names, then a systemd credential
    `hyp_webhook_secret`, then `<workspace>.webhook-secret`. Raises Unusable for a file that cannot be read or made.
    """
    if environ.get(VARIABLE):
        return environ[VARIABLE]
    if environ.get(f"{VARIABLE}_FILE"):
        return _read(Path(environ[f"{VARIABLE}_FILE"]))
    folder = environ.get("CREDENTIALS_DIRECTORY")
    if folder and Path(folder, VARIABLE.casefold()).is_file():
        return _read(Path(folder, VARIABLE.casefold()))
    path = own_file(workspace)
    return _read(path) if path.exists() else _make(path)


def own_file(workspace: Path) -> Path:
    """Return where a workspace's own secret stands."""
    return workspace.with_name(workspace.name + ".webhook-secret")


def _make(path: Path) -> str:
    """Make a secret; of two processes that make one at once, both take the one that was there first."""
    text = PREFIX + base64.b64encode(secrets.token_bytes(BYTES)).decode()
    # Not by the process id alone: that of one which died here comes again, in a container at once.
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return _read(path)
        finally:
            draft.unlink()
    except OSError as error:
        raise Unusable(f"{path}: {error.strerror}", hint=f"set {VARIABLE} instead") from error
    return text


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise Unusable(f"{path}: {reason}", hint="check its path, its owner and its mode") from error
