"""Does `next_occurrence` ring when the clock on the wall says so? Every zone, every clock change, many rules.

The oracle looks at every minute; see `tests/core/oracle.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from hyponema_cli.core import cron
from hyponema_cli.core.schedule import Cron, Rule, Weekly, occurrences
from tests.core import oracle
from tests.strategies import (
    ClockChange,
    clock_changes,
    cron_texts,
    distinct_zones,
    examples,
    instants_near_clock_changes,
    times_of_day,
    weekdays,
    zones,
)

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def rings(rule: Rule, start: datetime, end: datetime) -> list[datetime]:
    """Return the instants in (start, end] that the code under test gives."""
    found = []
    for occurrence in occurrences(rule, start):
        if occurrence.at > end:
            break
        found.append(occurrence.at)
    return found


def cron_texts_around(change: ClockChange) -> Iterator[str]:
    """Rules at the edges, inside, across and beside the readings that a clock change skips or repeats."""
    first = min(change.shown_before, change.shown_after)
    last = max(change.shown_before, change.shown_after) - MINUTE
    for wall in (first - MINUTE, first, first + 17 * MINUTE, last, last + MINUTE):
        yield f"{wall.minute} {wall.hour} * * *"
    hour = first.hour
    yield f"0,15,30,45 {hour} * * *"
    yield f"0-59/20 {hour},{(hour + 1) % 24} * * *"
    yield f"{first.minute} {hour} {first.day} {first.month} *"
    yield f"30 0-23/{hour or 1} * * {first.isoweekday() % 7}"
    yield "0 0 * * *"
    yield "*/15 * * * *"
    yield f"*/20 {hour} * * *"
    yield "7 * * * *"
    yield "0 */2 * * *"


def disagreements(zone: ZoneInfo, change: ClockChange) -> Iterator[str]:
    """Say which rules ring at other times than the clock on the wall, near this change."""
    start, end = change.at - 7 * HOUR, change.at + 7 * HOUR
    clock = oracle.ClockOnTheWall(zone, start, end)

    def differ(name: str, rule: Rule, expected: list[datetime]) -> Iterator[str]:
        found = rings(rule, start, end)
        if found != expected:
            yield f"{name} in {zone} near {change.at}: expected {_listed(expected)}, found {_listed(found)}"

    for text in cron_texts_around(change):
        expected = clock.rings_repeating if oracle.is_repeating(text) else clock.rings_fixed
        yield from differ(text, Cron(cron.parse(text), zone), expected(oracle.cron(text)))
    for wall in (change.shown_before, change.shown_after):
        days, at = (wall.isoweekday(),), wall.time()
        yield from differ(f"{days} {at}", Weekly(days, at, zone), clock.rings_fixed(oracle.weekly(days, at)))


def _listed(instants: list[datetime]) -> str:
    return ", ".join(f"{at:%d %H:%MZ}" for at in instants) or "nothing"


# Zones with the same clock changes have the same clocks; `distinct_zones` takes one for each such set, which makes
# 31 of the 361 that change and leaves no clock change of any zone out.
@pytest.mark.parametrize("year", range(2026, 2032))
def test_every_rule_rings_by_the_clock_on_the_wall_at_every_clock_change_of_every_zone(year: int) -> None:
    changes = [
        (zone, change) for zone in distinct_zones() for change in clock_changes(zone) if change.at.year == year
    ]
    assert len(changes) >= 40
    assert [each for zone, change in changes for each in disagreements(zone, change)] == []


def test_every_rule_rings_by_the_clock_on_the_wall_where_clocks_never_change() -> None:
    unchanging = [zone for zone in distinct_zones() if not clock_changes(zone)]
    ordinary = ClockChange(datetime(2028, 2, 29, 2, tzinfo=UTC), timedelta(0), timedelta(0))
    assert len(unchanging) >= 30
    assert [each for zone in unchanging for each in disagreements(zone, ordinary)] == []


@pytest.mark.parametrize(
    ("name", "year", "hours"),
    [
        ("Pacific/Apia", 2011, 24),  # Friday 30 December was left out
        ("Pacific/Kwajalein", 1993, 24),  # and here Saturday 21 August
        ("Antarctica/Casey", 2016, 3),  # the longest jump that still is a clock change
        ("Antarctica/Casey", 2018, -3),
        ("America/St_Johns", 2010, -1),  # at one minute past midnight, back into the day before
        ("Asia/Pyongyang", 2018, 0.5),
        ("Australia/Eucla", 2009, -1),  # from an offset of 9:45
    ],
)
def test_every_rule_rings_by_the_clock_on_the_wall_at_the_strangest_changes_of_history(
    name: str, year: int, hours: float
) -> None:
    zone = ZoneInfo(name)
    changes = [change for change in clock_changes(zone, year, year) if change.after - change.before == hours * HOUR]
    assert changes
    assert [each for change in changes for each in disagreements(zone, change)] == []


@examples(130)
@given(st.data(), zones(), cron_texts())
def test_a_cron_expression_rings_by_the_clock_on_the_wall(data: st.DataObject, zone: ZoneInfo, text: str) -> None:
    start = data.draw(instants_near_clock_changes(zone), label="start")
    note(f"the clock shows {start.astimezone(zone)}")
    end = start + 30 * HOUR
    assert rings(Cron(cron.parse(text), zone), start, end) == oracle.rings(text, zone, start, end)


@examples(100)
@given(st.data(), zones(), weekdays(), times_of_day())
def test_a_weekly_rule_rings_by_the_clock_on_the_wall(
    data: st.DataObject, zone: ZoneInfo, days: tuple[int, ...], at: time
) -> None:
    start = data.draw(instants_near_clock_changes(zone), label="start")
    note(f"the clock shows {start.astimezone(zone)}")
    end = start + 72 * HOUR
    expected = oracle.ClockOnTheWall(zone, start, end).rings_fixed(oracle.weekly(days, at))
    assert rings(Weekly(days, at, zone), start, end) == expected
