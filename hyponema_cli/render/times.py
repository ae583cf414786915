"""How is an instant shown to people? On the clocks of the place that it matters to."""

from __future__ import annotations

from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from hyponema_cli.core import timewords
from hyponema_cli.core.errors import InvalidInput


def local(instant: datetime | None, zone: tzinfo | None) -> str | None:
    """Write an instant as `Mon 2026-11-23 09:30`, in `zone` (UTC where none is known)."""
    if instant is None:
        return None
    shown = instant.astimezone(zone) if zone else instant
    return f"{shown:%a %Y-%m-%d %H:%M}" + (f":{shown:%S}" if shown.second else "") + ("" if zone else "Z")


def place(zone: ZoneInfo | None) -> str | None:
    """Name a zone by its place.

    >>> place(ZoneInfo("America/New_York"))
    'New York'
    """
    return zone.key.rpartition("/")[2].replace("_", " ") if zone else None


def local_in(instant: datetime | None, zone: str | None) -> str | None:
    """`local`, with the zone's name behind it; a name that is no zone (any more) is passed over for UTC."""
    if instant is None:
        return None
    try:
        return f"{local(instant, timewords.stored_zone(zone))} {zone}" if zone else local(instant, None)
    except InvalidInput:
        return local(instant, None)


def duration(seconds: int | None) -> str | None:
    """Write a call's length.

    >>> duration(75), duration(4000)
    ('1:15', '1:06:40')
    """
    if seconds is None:
        return None
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
