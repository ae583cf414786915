"""How is the tally of a period made? Piece by piece, from what the store counts."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from hyponema_cli.core import timewords
from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.core.tally import Bar, Slice, Tally, series_of, slices
from hyponema_cli.store import Store, tallies
from hyponema_cli.store.tallies import EVERYTHING, Scope

PIECES = 24
"""In how many pieces a slice is counted, so that no pass waits long for its commit: a day hour by hour."""


def tally(
    store: Store,
    since: datetime,
    until: datetime,
    zone: tzinfo,
    *,
    workspace_timezone: str | None,
    scope: Scope = EVERYTHING,
) -> Tally:
    """Count what came due from `since` up to `until` (exclusive), by days of `zone`.

    It begins with the first day on which something did. People without a timezone live by the workspace's.
    """
    counted = Tally()
    first = tallies.first(store, scope, since, until)
    for part in slices(first, until, zone) if first is not None else ():
        _count(store, scope, part, counted, workspace_timezone)
    return counted


def _count(store: Store, scope: Scope, part: Slice, counted: Tally, workspace_timezone: str | None) -> None:
    counts = Counter[str]()
    for begin, end in part.pieces(PIECES):
        for status, count in tallies.outcomes(store, scope, begin, end):
            counts[series_of(status)] += count
        for each in tallies.calls(store, scope, begin, end):
            clocks = _zone(each.timezone or workspace_timezone)
            counted.add_calls(each.at, clocks, each.state, each.answered_by, each.how_many)
        for seconds, count in tallies.lateness(store, scope, begin, end):
            counted.lateness[seconds] += count
    counted.bars.append(Bar(part, counts))


@lru_cache(maxsize=1024)
def _zone(name: str | None) -> ZoneInfo | None:
    try:
        return timewords.stored_zone(name) if name else None
    except InvalidInput:  # a zone that this machine's data do not know any more
        return None
