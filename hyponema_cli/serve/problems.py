"""How does the server say that something is wrong? As problem+json (RFC 9457), with the kinds of the command line.

No answer holds a path, a trace or SQL: what is wrong with the machine is said in a sentence, and logged in full.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse

from hyponema_cli.core.errors import HypError, InvalidInput
from hyponema_cli.engine.body import in_fields, reworded

CONTENT_TYPE = "application/problem+json"

STATUSES = {
    "usage": 422,
    "not_found": 404,
    "ambiguous": 409,
    "conflict": 409,
    "credentials": 503,
    "unavailable": 503,
    "no_database": 503,
    "busy": 503,
    "schema": 503,
    "failed": 500,
}
"""By the kind of an error. 400 is kept for what cannot even be read."""

OF_THE_MACHINE = {
    "no_database": "the workspace is not there",
    "busy": "the workspace was held by another process for too long; try again",
    "schema": "the workspace was written by a newer hyp than this server",
    "failed": "the workspace cannot be used",
    "credentials": "a carrier's credentials are missing or refused",
}
"""What is said where an error's own words could name files."""
RETRY_SECONDS = {"busy": "1", "no_database": "5"}


class Trouble(Exception):
    """A request that is answered by a problem, and never got as far as the engine."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        hint: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.hint = hint
        self.headers = dict(headers or {})

    def answer(self) -> JSONResponse:
        """Return what is sent."""
        shape: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": _sendable(self.detail),
            "kind": self.kind,
            "hint": _sendable(self.hint) if self.hint is not None else None,
        }
        return JSONResponse(shape, self.status, self.headers, CONTENT_TYPE)


def trouble_of(error: HypError) -> Trouble:
    """Return how an error of the engine is answered."""
    status = STATUSES[error.kind]
    if error.kind in OF_THE_MACHINE:
        headers = {"Retry-After": RETRY_SECONDS[error.kind]} if error.kind in RETRY_SECONDS else {}
        return Trouble(status, error.kind, OF_THE_MACHINE[error.kind], None, headers)
    said = in_fields(error) if isinstance(error, InvalidInput) else error
    return Trouble(status, error.kind, said.message, reworded(error.hint, _IN_HINTS))


# Options in hints, as fields of a body.
_IN_HINTS = (
    (r"--tz (\w[\w/+-]*)", r'"timezone": "\1"'),
    (r"; --allow-past calls now instead", ""),
    (r"--fold (first|second)", r'"fold": "\1"'),
    (r"--weekdays mon-fri", '"weekdays": "mon-fri"'),
    (r"--weekdays ([\d,]+)", r'"weekdays": [\1]'),
    (r"--cron '([^']*)'", r'"cron_expression": "\1"'),
    (r"--at (\d\d:\d\d)", r'"local_time": "\1"'),
    (r"--at '([^']*)'", r'"scheduled_time": "\1"'),
    (r"--to (\+\w+)", r'"phone_number": "\1"'),
    (r", or --in 15m", ""),
    (r"--start", "start_at"),
    (r"--until", "until_at"),
    (r"--max-occurrences", "max_occurrences"),
    (r"--user", "user_id"),
    (r"--agent", "agent_id"),
    (r"--tz", "timezone"),
)


def _sendable(text: str) -> str:
    """Return a text that UTF-8 can say: what a caller sent is told back, and may hold half a character."""
    return text.encode("utf-8", "replace").decode()
