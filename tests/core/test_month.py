"""What does a month look like on the clocks of a zone?"""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyponema_cli.core.cron import parse
from hyponema_cli.core.month import by_day, days_of, last_of_month, months
from hyponema_cli.core.schedule import Cron, Occurrence, occurrences
from tests.core.helpers import table
from tests.strategies import (
    DAY,
    clock_changes,
    cron_texts,
    distinct_zones,
    examples,
    instants_near_clock_changes,
    zones,
)


def in_words(zone: ZoneInfo, month: date) -> list[str]:
    """Say what is special in a month."""
    said = [f"{day.date.day} does not exist" for day in days_of(month, zone) if not day.exists]
    return said + [
        f"{day.date.day}: {change.before:%d %H:%M} becomes {change.after:%d %H:%M}"
        for day in days_of(month, zone)
        for change in day.changes
    ]


@pytest.mark.parametrize(
    ("zone", "month", "expected"),
    table("""
        Europe/Madrid       | 2026-03-01 | 29: 29 02:00 becomes 29 03:00
        Europe/Madrid       | 2026-10-01 | 25: 25 03:00 becomes 25 02:00
        Europe/Madrid       | 2026-11-01 |
        America/New_York    | 2026-03-01 | 8: 08 02:00 becomes 08 03:00
        America/New_York    | 2026-11-01 | 1: 01 02:00 becomes 01 01:00
        Australia/Lord_Howe | 2026-04-01 | 5: 05 02:00 becomes 05 01:30
        Australia/Lord_Howe | 2026-10-01 | 4: 04 02:00 becomes 04 02:30
        Antarctica/Troll    | 2026-03-01 | 29: 29 01:00 becomes 29 03:00
        America/Havana      | 2026-03-01 | 8: 08 00:00 becomes 08 01:00
        America/Havana      | 2026-11-01 | 1: 01 01:00 becomes 01 00:00
        Atlantic/Azores     | 2026-10-01 | 25: 25 01:00 becomes 25 00:00
        America/Asuncion    | 2024-03-01 | 23: 24 00:00 becomes 23 23:00
        Pacific/Apia        | 2011-12-01 | 30 does not exist, 31: 30 00:00 becomes 31 00:00
        Pacific/Kwajalein   | 1993-08-01 | 21 does not exist, 22: 21 00:00 becomes 22 00:00
        Africa/Casablanca   | 2026-02-01 | 15: 15 03:00 becomes 15 02:00
        Asia/Kolkata        | 2026-10-01 |
        UTC                 | 2028-02-01 |
    """),
)
def test_a_clock_change_is_on_the_day_that_it_makes_longer_or_shorter(zone: str, month: str, expected: str) -> None:
    assert ", ".join(in_words(ZoneInfo(zone), date.fromisoformat(month))) == expected


@pytest.mark.parametrize("zone", distinct_zones(2026, 2026), ids=str)
def test_every_clock_change_of_a_year_is_in_one_month(zone: ZoneInfo) -> None:
    found = [
        change.at
        for month in months(date(2025, 12, 1), date(2027, 1, 1))
        for day in days_of(month, zone)
        for change in day.changes
    ]
    expected = [change.at for change in clock_changes(zone, 2026, 2026)]
    assert [at for at in found if at.year == 2026] == expected


@given(st.dates(date(1900, 1, 1), date(9899, 12, 31)))
def test_a_month_has_all_its_dates(day: date) -> None:
    (month,) = months(day, day)
    days = [each.date for each in days_of(month, ZoneInfo("UTC"))]
    assert (days[0].day, days[-1], day in days) == (1, last_of_month(day), True)
    assert [later - earlier for earlier, later in pairwise(days)] == [DAY] * (len(days) - 1)


@given(st.data())
@examples(200)
def test_every_occurrence_falls_on_one_day_that_exists_and_only_the_last_is_kept_of_many(data: st.DataObject) -> None:
    zone = data.draw(zones())
    after = data.draw(instants_near_clock_changes(zone)) - DAY
    fired = list(occurrences(Cron(parse(data.draw(cron_texts())), zone), after, 200))
    days = by_day(fired, zone)
    assert sum(each.count for each in days.values()) == len(fired)
    exist = (
        {day.date for month in months(min(days), max(days)) for day in days_of(month, zone) if day.exists}
        if days
        else set()
    )
    assert exist >= set(days)
    for day, theirs in days.items():
        mine = [each for each in fired if each.at.astimezone(zone).date() == day]
        assert (theirs.first, theirs.last, theirs.count) == (mine[:3], mine[-1], len(mine))
        assert theirs.noted == [each for each in mine if each.note is not None]


def test_the_dates_of_a_calendar_are_local_ones() -> None:
    at = clock_changes(ZoneInfo("Europe/Madrid"), 2026, 2026)[0].at.replace(hour=22, minute=30)
    assert list(by_day([Occurrence(at, "")], ZoneInfo("Europe/Madrid"))) == [date(2026, 3, 30)]
