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
        return f"{local(instant, timewords.parse_zone(zone))} {zone}" if zone else local(instant, None)
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


def away(instant: datetime, now: datetime) -> str:
    """Say how far off an instant is.

    >>> from datetime import UTC, timedelta
    >>> noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    >>> away(noon + timedelta(hours=26, minutes=5), noon), away(noon - timedelta(seconds=40), noon)
    ('in 1 d 2 h', '40 s ago')
    """
    seconds = int((instant - now).total_seconds())
    words, left = list[str](), abs(seconds)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, left = divmod(left, size)
        if count or (words and len(words) == 1):
            words.append(f"{count} {unit}")
    shown = " ".join(word for word in words[:2] if not word.startswith("0 ")) or "0 s"
    return f"{shown} ago" if seconds < 0 else f"in {shown}"
