"""What instant is a reading of the clock on the wall: one, none or two?"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyponema_cli.core.instant import to_text
from hyponema_cli.core.walltime import (
    Exact,
    Fold,
    Gap,
    Reading,
    first_change,
    offset_at,
    read,
    wall_of,
)
from tests.core.helpers import table, utc
from tests.strategies import SECOND, clock_changes, distinct_zones, examples, instants_near_clock_changes, zones

HOUR = 3600 * SECOND


def in_words(reading: Reading) -> str:
    match reading:
        case Exact(at):
            return f"once, {to_text(at)}"
        case Fold(first, second):
            return f"twice, {to_text(first)} and {to_text(second)}"
        case Gap(ends_at, length):
            return f"never, {length} are left out until {to_text(ends_at)}"


def place(reading: Reading) -> datetime:
    """Return the instant at which a fixed rule rings for a reading."""
    match reading:
        case Exact(at):
            return at
        case Fold(first):
            return first
        case Gap(ends_at):
            return ends_at


@pytest.mark.parametrize(
    ("zone", "wall", "expected"),
    table("""
        Europe/Madrid       | 2026-03-29 01:59:59 | once, 2026-03-29T00:59:59Z
        Europe/Madrid       | 2026-03-29 02:00    | never, 1:00:00 are left out until 2026-03-29T01:00:00Z
        Europe/Madrid       | 2026-03-29 02:59:59 | never, 1:00:00 are left out until 2026-03-29T01:00:00Z
        Europe/Madrid       | 2026-03-29 03:00    | once, 2026-03-29T01:00:00Z
        Europe/Madrid       | 2026-10-25 01:59:59 | once, 2026-10-24T23:59:59Z
        Europe/Madrid       | 2026-10-25 02:00    | twice, 2026-10-25T00:00:00Z and 2026-10-25T01:00:00Z
        Europe/Madrid       | 2026-10-25 02:59:59 | twice, 2026-10-25T00:59:59Z and 2026-10-25T01:59:59Z
        Europe/Madrid       | 2026-10-25 03:00    | once, 2026-10-25T02:00:00Z
        America/New_York    | 2026-03-08 02:30    | never, 1:00:00 are left out until 2026-03-08T07:00:00Z
        America/New_York    | 2026-11-01 01:30    | twice, 2026-11-01T05:30:00Z and 2026-11-01T06:30:00Z
        Australia/Lord_Howe | 2026-10-04 02:15    | never, 0:30:00 are left out until 2026-10-03T15:30:00Z
        Australia/Lord_Howe | 2026-04-05 01:45    | twice, 2026-04-04T14:45:00Z and 2026-04-04T15:15:00Z
        Australia/Lord_Howe | 2026-04-05 01:29:59 | once, 2026-04-04T14:29:59Z
        Antarctica/Troll    | 2026-03-29 02:30    | never, 2:00:00 are left out until 2026-03-29T01:00:00Z
        Africa/Cairo        | 2026-04-24 00:00    | never, 1:00:00 are left out until 2026-04-23T22:00:00Z
        Africa/Cairo        | 2026-10-29 23:30    | twice, 2026-10-29T20:30:00Z and 2026-10-29T21:30:00Z
        Pacific/Apia        | 2011-12-29 23:59:59 | once, 2011-12-30T09:59:59Z
        Pacific/Apia        | 2011-12-30 12:00    | never, 1 day, 0:00:00 are left out until 2011-12-30T10:00:00Z
        Pacific/Apia        | 2011-12-31 00:00    | once, 2011-12-30T10:00:00Z
        Asia/Kolkata        | 2026-03-29 02:30    | once, 2026-03-28T21:00:00Z
        UTC                 | 2026-03-29 02:30    | once, 2026-03-29T02:30:00Z
    """),
)
def test_a_reading_is_shown_once_or_never_or_twice(zone: str, wall: str, expected: str) -> None:
    assert in_words(read(datetime.fromisoformat(wall), ZoneInfo(zone))) == expected


@examples(300)
@given(st.data(), zones())
def test_every_instant_is_among_the_instants_of_the_reading_it_shows(data: st.DataObject, zone: ZoneInfo) -> None:
    at = data.draw(instants_near_clock_changes(zone))
    match read(wall_of(at, zone), zone):
        case Exact(only):
            assert only == at
        case Fold(first, second):
            assert at in (first, second)
        case Gap():
            pytest.fail("the clocks show this reading")


@examples(300)
@given(st.data(), zones())
def test_what_a_reading_gives_shows_it_again_or_is_the_exact_end_of_the_gap(
    data: st.DataObject, zone: ZoneInfo
) -> None:
    at = data.draw(instants_near_clock_changes(zone))
    wall = wall_of(at, zone) + data.draw(st.integers(-7200, 7200)) * SECOND
    match read(wall, zone):
        case Exact(only):
            assert wall_of(only, zone) == wall
        case Fold(first, second):
            assert first < second
            assert wall_of(first, zone) == wall == wall_of(second, zone)
        case Gap(ends_at, length):
            assert wall_of(ends_at - SECOND, zone) < wall < wall_of(ends_at, zone) + SECOND
            assert offset_at(ends_at, zone) - offset_at(ends_at - SECOND, zone) == length


@examples(300)
@given(st.data(), zones())
def test_a_later_reading_is_never_placed_earlier(data: st.DataObject, zone: ZoneInfo) -> None:
    wall = wall_of(data.draw(instants_near_clock_changes(zone)), zone)
    later = wall + data.draw(st.integers(0, 3 * 3600)) * SECOND
    assert place(read(wall, zone)) <= place(read(later, zone))


@examples(100)
@given(st.data(), zones())
def test_the_reading_of_an_instant_is_naive_and_has_no_fold(data: st.DataObject, zone: ZoneInfo) -> None:
    wall = wall_of(data.draw(instants_near_clock_changes(zone)), zone)
    assert (wall.tzinfo, wall.fold) == (None, 0)


def test_every_clock_change_of_every_zone_is_found_to_the_second() -> None:
    late = [
        (zone, change)
        for zone in distinct_zones()
        for change in clock_changes(zone)
        if first_change(zone, change.at - 20 * HOUR, change.at + 20 * HOUR) != change.at
    ]
    assert late == []


def test_a_search_for_a_change_leaves_its_start_out_and_takes_its_end_in() -> None:
    madrid, change = ZoneInfo("Europe/Madrid"), utc("2026-03-29T01:00Z")
    assert first_change(madrid, change - SECOND, change) == change
    assert first_change(madrid, change, change + 1000 * HOUR) is None
    assert first_change(madrid, change - HOUR, change - SECOND) is None
