"""Who looks at the page? A browser shows its token once; from then on a cookie that means nothing anywhere else.

Sessions are kept in memory: they end with the server, after half a day, or with their token. The token itself is not
kept, and never in a cookie: cookies are shared by all that listens on one machine, whatever the port.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from hyponema_cli.core.token import Token

LASTS = timedelta(hours=12)
MOST = 1_000
"""Sessions. The oldest goes when there are more."""


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that has shown a token of a workspace."""

    workspace: str
    token: Token
    seal: str
    """What its forms bring back: a page of somebody else's cannot know it."""
    began_at: datetime


class Sessions:
    """The browsers that are signed in."""

    def __init__(self) -> None:
        self.seal = secrets.token_urlsafe(32)
        """Of the forms of a server that asks for no token."""
        self._known: dict[str, Session] = {}

    def begin(self, workspace: str, token: Token, now: datetime) -> str:
        """Begin a session; return what its cookie says."""
        while len(self._known) >= MOST:
            del self._known[next(iter(self._known))]
        key = secrets.token_urlsafe(32)
        self._known[key] = Session(workspace, token, secrets.token_urlsafe(32), now)
        return key

    def find(self, key: str, workspace: str, now: datetime) -> Session | None:
        """Return the session of a cookie, if it is one of that workspace and not over."""
        found = self._known.get(key)
        if found is None or found.workspace != workspace:
            return None
        if not timedelta(0) <= now - found.began_at < LASTS:
            self.end(key)
            return None
        return found

    def end(self, key: str) -> None:
        """End a session."""
        self._known.pop(key, None)


def is_sealed(brought: str, seal: str) -> bool:
    """True for a form that we gave out ourselves."""
    return hmac.compare_digest(brought.encode(), seal.encode())
