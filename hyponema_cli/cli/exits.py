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

MEANINGS = {
    Exit.OK: "Done; also when there was nothing to do, a list is empty, or the same was said before.",
    Exit.FAILED: "Failed, or the answer was no.",
    Exit.USAGE: "Usage: a wrong option, value or command. Nothing was changed.",
    Exit.ATTENTION: "Finished, but something needs a look: a call failed, a check failed, a row was rejected.",
    Exit.NOT_FOUND: "There is no such thing, or several bear that name.",
    Exit.CONFLICT: "The state of things forbids it.",
    Exit.CREDENTIALS: "A carrier's credentials are missing, or it refuses them.",
    Exit.UNAVAILABLE: "A carrier cannot be reached, or takes nothing now: try later.",
    Exit.NO_DATABASE: "There is no workspace file at that path; hyp init makes one.",
    Exit.BUSY: "Another process held the workspace for too long: try again.",
    Exit.SCHEMA: "A newer hyp wrote the workspace.",
    Exit.INTERNAL: "A bug in hyp; HYP_DEBUG=1 shows the traceback.",
    Exit.INTERRUPTED: "Interrupted by Ctrl-C.",
    Exit.BROKEN_PIPE: "The reader of standard output went away, as head does.",
    Exit.TERMINATED: "Stopped by force: a second SIGTERM.",
}
"""What each says to the person, or the script, that reads it."""
