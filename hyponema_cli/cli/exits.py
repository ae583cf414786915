"""What does an exit code mean? The table of the manual; every unknown non-zero code is a failure."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of every command."""

    OK = 0
    FAILED = 1
    USAGE = 2
    ATTENTION = 3
    """Finished, but something needs a look: a call failed, a check failed, a row was rejected."""
    NOT_FOUND = 4
    CONFLICT = 5
    CREDENTIALS = 6
    UNAVAILABLE = 7
    NO_DATABASE = 10
    BUSY = 11
    SCHEMA = 12
    INTERNAL = 70
    INTERRUPTED = 130
    BROKEN_PIPE = 141
    """The reader of stdout went away, as `head` does (128 + SIGPIPE)."""
    TERMINATED = 143


BY_KIND = {
    "failed": Exit.FAILED,
    "usage": Exit.USAGE,
    "not_found": Exit.NOT_FOUND,
    "ambiguous": Exit.NOT_FOUND,
    "conflict": Exit.CONFLICT,
    "credentials": Exit.CREDENTIALS,
    "unavailable": Exit.UNAVAILABLE,
    "no_database": Exit.NO_DATABASE,
    "busy": Exit.BUSY,
    "schema": Exit.SCHEMA,
}
