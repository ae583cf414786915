"""How does hyp say that something is wrong? One class a kind; the command line turns kinds into exit codes.

The message names the offending value; the hint is one thing that a person can do about it.
An exception that is not a `HypError` is a bug.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar


class HypError(Exception):
    """Root of every error that is the user's to see. `kind` is the stable word in JSON."""

    kind: ClassVar[str] = "failed"

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InvalidInput(HypError):
    """A value that no state of the database could make right."""

    kind = "usage"


class NotFound(HypError):
    """No such row, or no row of that name."""

    kind = "not_found"


class Ambiguous(HypError):
    """A name that several rows bear."""

    kind = "ambiguous"


class Conflict(HypError):
    """The request is well formed, but the state of things forbids it."""

    kind = "conflict"


class Refused(Conflict):
    """A tool will not do what it was asked; `why` is the stable word in its answer."""

    def __init__(self, why: str, message: str, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.why = why


class MissingCredentials(HypError):
    """A carrier's credentials are not set, or the carrier refuses them."""

    kind = "credentials"


class Unavailable(HypError):
    """A carrier cannot be reached, or takes nothing now."""

    kind = "unavailable"


class NoDatabase(HypError):
    """There is no workspace file at that path."""

    kind = "no_database"


class Busy(HypError):
    """Another process held the database for longer than we wait."""

    kind = "busy"


class NewerSchema(HypError):
    """A newer hyp has written this file; an older one must not touch it."""

    kind = "schema"


class Unusable(HypError):
    """The file is there but cannot be used: not a database, not readable, not writable, damaged."""

    kind = "failed"


class NotInstalled(HypError):
    """A part of hyp that is installed on request was not."""

    kind = "failed"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that `word` was most likely meant to be; None when nothing is close.

    >>> nearest("agent-132", ["agent-123", "user-1"])
    'agent-123'
    >>> nearest("zebra", ["agent-123"])
    """
    from difflib import get_close_matches

    folded = {candidate.casefold(): candidate for candidate in known}
    match = get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    return folded[match[0]] if match else None


def suggestion(word: str, known: Iterable[str], otherwise: str | None = None) -> str:
    """Return the hint for a word that is not known: the nearest that is; else `otherwise`, or all that are.

    >>> suggestion("cvs", ("csv", "json")), suggestion("xml", ("csv", "json"))
    ('did you mean csv?', 'one of: csv, json')
    """
    choices = list(known)
    match = nearest(word, choices)
    return f"did you mean {match}?" if match else otherwise or f"one of: {', '.join(choices)}"
