"""Which parts do the report and the page of the server share? Doubts, and how a schedule is told in a row.

Phone numbers are masked: screens are shared, and pages are sent about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from hyponema_cli.core import phone
from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.core.explain import REASONS, in_words
from hyponema_cli.core.instant import to_text
from hyponema_cli.core.records import Schedule, Settings
from hyponema_cli.render import times
from hyponema_cli.render.html import Html, name, table, tag
from hyponema_cli.store.calls import Doubtful

FIRING = ("Calls", "When", "Next, on their clocks", "Next, UTC", "Last outcome")
"""What `firing` tells."""


def section(key: str, title: str, *inside: Html | None) -> Html:
    """Write a part of a page under its heading."""
    return tag("section", tag("h2", title, id=key), *inside, aria_labelledby=key, class_=key)


def doubts(
    found: Sequence[Doubtful], count: int, zone: ZoneInfo, shown: Callable[[Doubtful], Html] | None = None
) -> Html:
    """Tell of calls in doubt, of which there are `count`, and how each is settled; `shown`: how to write which it is.

    Without it, by its number.
    """
    title = f"In doubt: {some(count, 'call')}"
    return section("doubts", title, *_doubts(found, count, zone, shown or (lambda it: number(it.to_number))))


def _doubts(
    found: Sequence[Doubtful], count: int, zone: ZoneInfo, shown: Callable[[Doubtful], Html]
) -> Iterator[Html | None]:
    yield tag(
        "p",
        "Nobody knows whether these phones rang. Their numbers are locked until somebody says so: look at the "
        "carrier's own list of calls, then say for each, in this workspace and with the id of the call:",
    )
    yield tag(
        "p",
        tag("code", "hyp reconcile --resolve CALL placed"),
        " or ",
        tag("code", "hyp reconcile --resolve CALL not-placed"),
    )
    rows = [(shown(each), *_doubt(each, zone)) for each in found]
    yield table("Calls in doubt, the oldest first", ("Number", "Since", "Why", "Carrier", "Call"), rows, "cards")
    yield more(count - len(found), "hyp reconcile")


def _doubt(it: Doubtful, zone: ZoneInfo) -> tuple[str, ...]:
    return (
        instant(it.created_at, zone),
        REASONS.get(it.reason, it.reason),
        tag("span", it.carrier, ", from ", number(it.from_number)),
        tag("code", it.id),
    )


def firing(it: Schedule, workspace: Settings, now: datetime) -> tuple[str, ...]:
    """Tell in the cells of a row whom a schedule calls, when, when next, and how it went last."""
    try:
        zone, when = it.zone(workspace.timezone), in_words(it.rule(workspace.timezone))
    except InvalidInput:  # it has lost its zone, or its time of day
        zone, when = None, "cannot be read"
    nothing = "paused" if it.status == "paused" else "trouble: " + it.trouble if it.trouble else "–"
    if it.next_run_at is None:
        local, utc = nothing, Html("–")
    else:
        place = f" {zone.key}" if zone else ""
        paused = " (paused)" if it.status == "paused" else ""
        overdue = " (overdue)" if it.next_run_at < now and not paused else ""
        local = f"{times.local(it.next_run_at, zone)}{place}{paused}{overdue}"
        utc = tag("time", f"{it.next_run_at:%Y-%m-%d %H:%M}Z", datetime=to_text(it.next_run_at))
    return (
        name(it.callee.name) if it.callee else number(it.phone_number),
        when,
        local,
        utc,
        (it.last_status or "–").replace("_", " "),
    )


def instant(at: datetime, zone: ZoneInfo) -> Html:
    """Write an instant on the clocks of a zone."""
    return tag("time", f"{times.local(at, zone)} {zone.key}", datetime=to_text(at))


def number(number: str) -> Html:
    """Write a phone number, masked."""
    return tag("span", phone.masked(number), class_="phone")


def more(count: int, command: str) -> Html | None:
    """Say how many more there are, and which command shows them; None: nothing more."""
    if count <= 0:
        return None
    return tag("p", f"… and {count:,} more: ", tag("code", command), class_="said")


def some(count: int, noun: str) -> str:
    """Write a number of things.

    >>> some(1, "call"), some(2_000, "call")
    ('1 call', '2,000 calls')
    """
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
