"""How is the tally of a period made? Piece by piece, from what the store counts."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from hyponema_cli.core import timewords
from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.core.tally import MOST_DAYS, Bar, Slice, Tally, series_of, slices
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

    Of a period that is counted by the day, every day is there, also those on which nothing did. A longer one begins
    with the first day on which something did: who asks for all since 2020 is not shown years without a call.
    People without a timezone live by the workspace's.
    """
    counted = Tally()
    first = tallies.first(store, scope, since, until)
    if first is None:
        return counted
    for part in slices(since if until - since <= timedelta(days=MOST_DAYS) else first, until, zone):
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
