"""What does a check of `hyp doctor` say?"""

from __future__ import annotations

from typing import Literal, NamedTuple

Verdict = Literal["ok", "note", "warn", "fail"]
"""`note`: worth knowing; `warn`: likely to hurt; `fail`: calls are not made, or cannot be trusted."""


class Answer(NamedTuple):
    """What a check found, and what to do about it."""

    verdict: Verdict
    found: str
    fix: str | None = None


class Finding(NamedTuple):
    """An answer, with the check that gave it."""

    check: str
    verdict: Verdict
    found: str
    fix: str | None

    @property
    def needs_attention(self) -> bool:
        """True for what should be mended."""
        return self.verdict in ("warn", "fail")


def ok(found: str) -> Answer:
    """Nothing to do."""
    return Answer("ok", found)


def note(found: str, fix: str) -> Answer:
    """Worth knowing."""
    return Answer("note", found, fix)


def warn(found: str, fix: str) -> Answer:
    """Likely to hurt."""
    return Answer("warn", found, fix)


def fail(found: str, fix: str) -> Answer:
    """Calls are not made, or cannot be trusted."""
    return Answer("fail", found, fix)
