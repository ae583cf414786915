"""What does a token let its bearer do, and what does one look like?

`hyp_<id>_<secret>`: the id finds its row, the secret is 256 bits of chance. So a plain digest is enough to keep, and
nothing is gained by guessing.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hyponema_cli.core.errors import InvalidInput, suggestion

_FORM = re.compile(r"hyp_([0-9a-z]{10})_[A-Za-z0-9_-]{43}", re.ASCII)


class Scope(StrEnum):
    """What a token allows. None includes another."""

    READ = "read"
    """Ask for anything."""
    WRITE = "write"
    """Add and change schedules and numbers."""
    DIAL = "dial"
    """Have somebody called now."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is kept: without its secret."""

    id: str
    name: str
    digest: str
    scopes: frozenset[Scope]
    created_at: datetime


def written(token_id: str, secret: str) -> str:
    """Write a token for its bearer."""
    return f"hyp_{token_id}_{secret}"


def id_in(text: str) -> str | None:
    """Return the id of a token; None for what cannot be one."""
    found = _FORM.fullmatch(text)
    return found[1] if found else None


def digest_of(text: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(text.encode()).hexdigest()


def is_the_one(text: str, kept: str) -> bool:
    """True when a token is the one of which `kept` is the digest; takes as long when it is not."""
    return hmac.compare_digest(digest_of(text), kept)


def read_scopes(words: Iterable[str]) -> frozenset[Scope]:
    """Read what a token shall allow: `read`, `write`, `dial`; several, or separated by commas."""
    found = set()
    for word in (part.strip() for text in words for part in text.split(",")):
        if word not in tuple(Scope):
            raise InvalidInput(
                f"--scope {word!r} is not known", hint=suggestion(word, Scope, otherwise="read, write or dial")
            )
        found.add(Scope(word))
    return frozenset(found)
