"""Does another implementation of Debian's cron ring at the same instants? cronsim, and where we differ on purpose.

The two agree when the question is asked at a reading that is shown once: on fixed rules in every zone, on repeating
ones where clocks change on the hour and midnight always exists. They differ on purpose, and the last tests pin it, so
that a new cronsim which changes its mind is noticed:

- asked in the second pass of a fold, cronsim can answer with an instant in the past, in the first pass;
- at a change of half an hour (Lord Howe) or at a quarter to three (Chatham), its repeating rules step over readings
  that the clocks show, because it walks from full hour to full hour;
- where midnight is left out (Cairo), its repeating rules ring at one o'clock for the midnight that is not shown;
- a day that the date line took rings at the midnight after it; with us it is dropped, by the limit of three hours;
- it reads seconds, `L` beside a day of the week, `#` and `5-5/10` (as `5/10`), which a phone scheduler refuses or
  takes at its word, and refuses `fri-sun`, which we read.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim, CronSimError
from hypothesis import assume, given, note
from hypothesis import strategies as st

from hyponema_cli.core import cron
from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.core.instant import to_text
from hyponema_cli.core.schedule import Cron, occurrences
from tests.core.helpers import table, utc
from tests.strategies import (
    clock_changes,
    distinct_zones,
    examples,
    fixed_cron_texts,
    instants_near_clock_changes,
    repeating_cron_texts,
    zones,
)

HOUR = timedelta(hours=1)


def ours(text: str, zone: ZoneInfo, after: datetime, count: int) -> list[str]:
    return [to_text(each.at) for each in occurrences(Cron(cron.parse(text), zone), after, count)]


def cronsims(text: str, zone: ZoneInfo, after: datetime, count: int) -> list[str]:
    # cronsim knows no week that ends on a Sunday by name.
    rings = CronSim(text.replace("fri-sun", "5-7"), after.astimezone(zone))
    return [to_text(each) for each in islice(rings, count)]


def is_shown_twice(at: datetime, zone: ZoneInfo) -> bool:
    local = at.astimezone(zone)
    return local.replace(fold=0).astimezone(UTC) != local.replace(fold=1).astimezone(UTC)


def changes_as_cronsim_expects(zone: ZoneInfo) -> bool:
    """On the hour, and not at midnight."""
    edges = [wall for change in clock_changes(zone) for wall in (change.shown_before, change.shown_after)]
    return all(wall.minute == 0 and wall.hour != 0 for wall in edges)


@examples(120)
@given(st.data(), zones(), fixed_cron_texts())
def test_we_agree_on_fixed_rules_in_every_zone(data: st.DataObject, zone: ZoneInfo, text: str) -> None:
    after = data.draw(instants_near_clock_changes(zone), label="after")
    assume(not is_shown_twice(after, zone))
    note(f"the clock shows {after.astimezone(zone)}")
    assert ours(text, zone, after, 8) == cronsims(text, zone, after, 8)


@examples(120)
@given(st.data(), zones().filter(changes_as_cronsim_expects), repeating_cron_texts())
def test_we_agree_on_repeating_rules_where_clocks_change_on_the_hour_and_not_at_midnight(
    data: st.DataObject, zone: ZoneInfo, text: str
) -> None:
    after = data.draw(instants_near_clock_changes(zone), label="after")
    assume(not is_shown_twice(after, zone))
    note(f"the clock shows {after.astimezone(zone)}")
    assert ours(text, zone, after, 8) == cronsims(text, zone, after, 8)


@pytest.mark.parametrize(
    "text", ["30 1 * * *", "0,30 2 * * *", "0 0 * * *", "59 23 * * 6,7", "0 */2 * * *", "*/20 2 * * *"]
)
def test_we_agree_at_every_clock_change_of_every_zone(text: str) -> None:
    nights = [
        (zone, change.at - 5 * HOUR)
        for zone in distinct_zones()
        for change in clock_changes(zone)
        if changes_as_cronsim_expects(zone)
    ]
    differ = [night for night in nights if ours(text, *night, 3) != cronsims(text, *night, 3)]
    assert differ == []


@pytest.mark.parametrize(
    ("text", "zone", "after", "we_say", "cronsim_says"),
    table("""
        30 1 * * *     | America/New_York    | 2026-11-01T06:10Z | 2026-11-02T06:30:00Z | 2026-11-01T05:30:00Z
        0 */2 * * *    | Australia/Lord_Howe | 2026-04-04T14:00Z | 2026-04-04T15:30:00Z | 2026-04-04T17:30:00Z
        * */2 * * *    | Pacific/Chatham     | 2026-09-26T14:00Z | 2026-09-26T14:15:00Z | 2026-09-26T16:15:00Z
        0 */2 * * 5    | Africa/Cairo        | 2026-04-23T20:00Z | 2026-04-23T23:00:00Z | 2026-04-23T22:00:00Z
        0 9 * * *      | Pacific/Apia        | 2011-12-29T20:00Z | 2011-12-30T19:00:00Z | 2011-12-30T10:00:00Z
        5-5/10 * * * * | UTC                 | 2026-03-01T09:05Z | 2026-03-01T10:05:00Z | 2026-03-01T09:15:00Z
    """),
)
def test_where_the_answers_differ_it_is_on_purpose(
    text: str, zone: str, after: str, we_say: str, cronsim_says: str
) -> None:
    assert ours(text, ZoneInfo(zone), utc(after), 1) == [we_say]
    assert cronsims(text, ZoneInfo(zone), utc(after), 1) == [cronsim_says]


@pytest.mark.parametrize("text", ["0 0 9 * * *", "0 9 L * mon", "0 9 LW * *", "0 9 * * 5#2", "0 9 * * 5L"])
def test_what_only_cronsim_reads_we_refuse(text: str) -> None:
    CronSim(text, utc("2026-03-01T09:00Z"))
    with pytest.raises(InvalidInput):
        cron.parse(text)


@examples(100)
@given(st.data(), zones())
def test_the_last_day_of_a_month_is_cronsims(data: st.DataObject, zone: ZoneInfo) -> None:
    month = data.draw(st.sampled_from(("*", "2", "2,4", "*/3")))
    text, after = f"30 12 L {month} *", data.draw(instants_near_clock_changes(zone))
    assert ours(text, zone, after, 5) == cronsims(text, zone, after, 5)


def test_a_week_that_ends_on_a_sunday_by_name_only_we_read() -> None:
    cron.parse("0 9 * * fri-sun")
    with pytest.raises(CronSimError):
        CronSim("0 9 * * fri-sun", utc("2026-03-01T09:00Z"))
