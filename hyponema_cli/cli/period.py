"""Which days are counted? Whole ones of the calendar: `30d` is 30 days, of which today is the last."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hyponema_cli.cli import values
from hyponema_cli.core import timewords
from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.core.tally import whole_days
from hyponema_cli.core.walltime import SECOND

USUAL = "30d"
A_DAY = timedelta(days=1)


def clocks(workspace_timezone: str | None) -> ZoneInfo:
    """Return on whose clocks days are counted: those of HYP_TZ, else the workspace's, else UTC."""
    if os.environ.get("HYP_TZ"):
        return timewords.parse_zone(os.environ["HYP_TZ"])
    return timewords.stored_zone(workspace_timezone) if workspace_timezone else ZoneInfo("UTC")


def read(since: str | None, until: str | None, now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Read the bounds of what is counted: `since` inclusive, `until` exclusive and not later than now."""
    last = values.moment(until, now, zone, end=True)
    end = min(now if last is None else last, now) + SECOND
    words = (USUAL if since is None else since).strip()
    # A bar of part of a day would look like a bad day.
    if words[-1:] in ("d", "w") and timewords.parse_duration(words) >= A_DAY:
        begin = whole_days(timewords.parse_duration(words) // A_DAY, end - SECOND if since is None else now, zone)
    else:
        bound = values.moment(words, now, zone, end=False)
        assert bound is not None, "something was typed"
        begin = bound
    if begin >= end:
        raise InvalidInput(f"--since {words!r} is not before the end of what is counted", hint="see --until")
    return begin, end


def said(begin: datetime, end: datetime, zone: ZoneInfo) -> str:
    """Say a period by its first and last day."""
    return f"{begin.astimezone(zone):%a %Y-%m-%d} to {(end - SECOND).astimezone(zone):%a %Y-%m-%d}"
