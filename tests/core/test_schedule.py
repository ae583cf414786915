"""When does a rule fire? Written-out firings first, then what holds for every rule."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyponema_cli.core import cron
from hyponema_cli.core.instant import to_text
from hyponema_cli.core.schedule import Cron, Note, Occurrence, Once, Rule, Weekly, next_occurrence, occurrences
from tests.core.helpers import table, utc
from tests.strategies import (
    DAY,
    SECOND,
    clock_changes,
    cron_texts,
    distinct_zones,
    examples,
    fixed_cron_texts,
    instants_near_clock_changes,
    repeating_cron_texts,
    times_of_day,
    weekdays,
    zones,
)

MADRID = ZoneInfo("Europe/Madrid")
NEW_YORK = ZoneInfo("America/New_York")
EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)


def cron_rule(text: str, zone: str, *, start: str | None = None, until: str | None = None) -> Cron:
    return Cron(cron.parse(text), ZoneInfo(zone), start and utc(start), until and utc(until))


def rings(rule: Rule, after: str, count: int | None = None) -> list[str]:
    """Return the first occurrences, each in UTC with the note that it bears."""
    return [" ".join(filter(None, (to_text(each.at), each.note))) for each in occurrences(rule, utc(after), count)]


# --- the guides' own rules ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    table("""
        0 9 * * MON     | Mon 9 Mar 09:00 -0400, Mon 16 Mar 09:00 -0400, Mon 23 Mar 09:00 -0400
        0 9 * * MON-FRI | Mon 9 Mar 09:00 -0400, Tue 10 Mar 09:00 -0400, Wed 11 Mar 09:00 -0400
        0 9,14 * * *    | Fri 6 Mar 14:00 -0500, Sat 7 Mar 09:00 -0500, Sat 7 Mar 14:00 -0500
        0 9 1 * *       | Wed 1 Apr 09:00 -0400, Fri 1 May 09:00 -0400, Mon 1 Jun 09:00 -0400
        0 9 * * 1,3,5   | Mon 9 Mar 09:00 -0400, Wed 11 Mar 09:00 -0400, Fri 13 Mar 09:00 -0400
        */15 * * * *    | Fri 6 Mar 12:15 -0500, Fri 6 Mar 12:30 -0500, Fri 6 Mar 12:45 -0500
        0 */4 * * *     | Fri 6 Mar 16:00 -0500, Fri 6 Mar 20:00 -0500, Sat 7 Mar 00:00 -0500
        0 0 * * *       | Sat 7 Mar 00:00 -0500, Sun 8 Mar 00:00 -0500, Mon 9 Mar 00:00 -0400
        0 9 * * *       | Sat 7 Mar 09:00 -0500, Sun 8 Mar 09:00 -0400, Mon 9 Mar 09:00 -0400
        0 14 * * 1,4    | Mon 9 Mar 14:00 -0400, Thu 12 Mar 14:00 -0400, Mon 16 Mar 14:00 -0400
        0 9 * * 1-5     | Mon 9 Mar 09:00 -0400, Tue 10 Mar 09:00 -0400, Wed 11 Mar 09:00 -0400
        0 9 * * 1       | Mon 9 Mar 09:00 -0400, Mon 16 Mar 09:00 -0400, Mon 23 Mar 09:00 -0400
    """),
)
def test_the_guides_expressions_ring_on_new_yorks_clocks(text: str, expected: str) -> None:
    """Asked on Friday 6 March 2026 at noon; on Sunday the clocks go forward."""
    found = occurrences(Cron(cron.parse(text), NEW_YORK), utc("2026-03-06T17:00Z"), 3)
    assert ", ".join(f"{each.at.astimezone(NEW_YORK):%a %-d %b %H:%M %z}" for each in found) == expected


def test_a_birthday_on_the_leap_day_is_called_in_leap_years() -> None:
    birthday = cron_rule("0 10 29 2 *", "Europe/Madrid")
    assert rings(birthday, "2026-01-01T00:00Z", 2) == ["2028-02-29T09:00:00Z", "2032-02-29T09:00:00Z"]


def test_a_weekly_rule_keeps_its_wall_time_all_year() -> None:
    rule = Weekly((1, 4), time(14, 30), MADRID)
    assert rings(rule, "2026-03-25T00:00Z", 3) == [
        "2026-03-26T13:30:00Z",
        "2026-03-30T12:30:00Z",
        "2026-04-02T12:30:00Z",
    ]


# --- clock changes: each of these went wrong somewhere (reference: the known bugs of other schedulers) ------------


def test_a_daily_call_rings_once_on_the_night_the_clocks_go_back() -> None:
    assert rings(cron_rule("30 1 * * *", "America/New_York"), "2026-10-31T12:00Z", 2) == [
        "2026-11-01T05:30:00Z first_of_two",
        "2026-11-02T06:30:00Z",
    ]


def test_a_daily_call_rings_once_on_the_night_the_clocks_go_forward() -> None:
    assert rings(cron_rule("30 2 * * *", "America/New_York"), "2026-03-07T12:00Z", 2) == [
        "2026-03-08T07:00:00Z moved_out_of_gap",
        "2026-03-09T06:30:00Z",
    ]


def test_a_weekly_call_at_a_time_that_happens_twice_rings_the_first_time() -> None:
    assert rings(Weekly((7,), time(2, 30), MADRID), "2026-10-24T12:00Z", 2) == [
        "2026-10-25T00:30:00Z first_of_two",
        "2026-11-01T01:30:00Z",
    ]


def test_a_weekly_call_at_a_time_that_does_not_exist_rings_at_the_first_minute_after_the_gap() -> None:
    assert rings(Weekly((7,), time(2, 30), MADRID), "2026-03-28T12:00Z", 2) == [
        "2026-03-29T01:00:00Z moved_out_of_gap",
        "2026-04-05T00:30:00Z",
    ]


def test_a_rule_asked_in_the_second_pass_does_not_go_back_to_the_first() -> None:
    rule = cron_rule("30 1 * * *", "America/New_York")
    assert rings(rule, "2026-11-01T06:10Z", 1) == ["2026-11-02T06:30:00Z"]


@pytest.mark.parametrize("text", ["0,30 2 * * *", "0 2,3 * * *", "30 2,3 * * *", "0-59/10 2 * * *"])
def test_slots_that_land_on_one_instant_are_one_call(text: str) -> None:
    first, second, *_ = rings(cron_rule(text, "America/New_York"), "2026-03-08T06:59:59Z", 2)
    assert first == "2026-03-08T07:00:00Z moved_out_of_gap"
    assert second > "2026-03-08T07:00:00Z"


def test_slots_that_land_on_one_instant_bear_the_name_of_the_first() -> None:
    first, second = occurrences(cron_rule("0 2,3 * * *", "America/New_York"), utc("2026-03-08T00:00Z"), 2)
    assert (first.slot, second.slot) == ("2026-03-08T02:00:00", "2026-03-09T02:00:00")


def test_a_rule_for_every_second_hour_does_not_ring_in_the_hour_that_is_left_out() -> None:
    assert rings(cron_rule("0 */2 * * *", "America/New_York"), "2026-03-08T05:30Z", 3) == [
        "2026-03-08T08:00:00Z",
        "2026-03-08T10:00:00Z",
        "2026-03-08T12:00:00Z",
    ]


def test_a_rule_for_the_minutes_of_an_hour_that_is_left_out_waits_for_the_next_day() -> None:
    assert rings(cron_rule("*/30 2 * * *", "America/New_York"), "2026-03-07T12:00Z", 2) == [
        "2026-03-09T06:00:00Z",
        "2026-03-09T06:30:00Z",
    ]


def test_a_repeating_rule_rings_in_both_passes() -> None:
    assert rings(cron_rule("*/30 1 * * *", "America/New_York"), "2026-11-01T00:00Z", 5) == [
        "2026-11-01T05:00:00Z first_of_two",
        "2026-11-01T05:30:00Z first_of_two",
        "2026-11-01T06:00:00Z second_of_two",
        "2026-11-01T06:30:00Z second_of_two",
        "2026-11-02T06:00:00Z",
    ]


def test_a_repeating_rule_rings_when_the_gap_ends_if_the_first_reading_after_it_matches() -> None:
    assert rings(cron_rule("*/30 * * * *", "America/New_York"), "2026-03-08T06:30Z", 2) == [
        "2026-03-08T07:00:00Z",
        "2026-03-08T07:30:00Z",
    ]


def test_a_call_on_the_very_change_is_not_lost_when_it_is_asked_for_at_a_fraction_of_a_second() -> None:
    forward = cron_rule("*/15 * * * *", "Europe/Madrid")
    back = cron_rule("0 * * * *", "Europe/Madrid")
    assert rings(forward, "2026-03-29T00:50:00.500Z", 2) == ["2026-03-29T01:00:00Z", "2026-03-29T01:15:00Z"]
    assert rings(back, "2026-10-25T00:30:00.001Z", 1) == ["2026-10-25T01:00:00Z second_of_two"]


def test_nine_in_toronto_is_fourteen_utc_in_winter_and_thirteen_in_summer() -> None:
    assert rings(cron_rule("0 9 * * *", "America/Toronto"), "2026-03-07T00:00Z", 2) == [
        "2026-03-07T14:00:00Z",
        "2026-03-08T13:00:00Z",
    ]


def test_a_change_of_half_an_hour_on_lord_howe_island_rings_once() -> None:
    assert rings(cron_rule("45 1 * * *", "Australia/Lord_Howe"), "2026-04-04T12:00Z", 2) == [
        "2026-04-04T14:45:00Z first_of_two",
        "2026-04-05T15:15:00Z",
    ]
    assert rings(cron_rule("15 2 * * *", "Australia/Lord_Howe"), "2026-10-03T12:00Z", 2) == [
        "2026-10-03T15:30:00Z moved_out_of_gap",
        "2026-10-04T15:15:00Z",
    ]


def test_a_midnight_that_does_not_exist_does_not_lose_the_day() -> None:
    assert rings(cron_rule("0 0 * * *", "Africa/Cairo"), "2026-04-23T00:00Z", 2) == [
        "2026-04-23T22:00:00Z moved_out_of_gap",
        "2026-04-24T21:00:00Z",
    ]


def test_a_day_that_the_date_line_took_is_dropped_and_the_next_call_says_so() -> None:
    expected = ["2011-12-29T19:00:00Z", "2011-12-30T19:00:00Z after_dropped_slot", "2011-12-31T19:00:00Z"]
    assert rings(cron_rule("0 9 * * *", "Pacific/Apia"), "2011-12-28T22:00Z", 3) == expected
    assert rings(Weekly(EVERY_DAY, time(9), ZoneInfo("Pacific/Apia")), "2011-12-28T22:00Z", 3) == expected


def test_a_jump_of_three_hours_is_still_a_clock_change() -> None:
    assert rings(Weekly(EVERY_DAY, time(0, 30), ZoneInfo("Antarctica/Casey")), "2016-10-20T20:00Z", 2) == [
        "2016-10-21T16:00:00Z moved_out_of_gap",
        "2016-10-22T13:30:00Z",
    ]


def test_cron_weekdays_one_to_five_are_monday_to_friday() -> None:
    assert rings(cron_rule("0 9 * * 1-5", "America/New_York"), "2026-03-06T15:00Z", 1) == ["2026-03-09T13:00:00Z"]


@pytest.mark.parametrize(
    ("text", "expected"),
    table("""
        0 12 13 * 5         | 6 13 20 27
        0 12 * * FRI        | 6 13 20 27
        0 12 13 * *         | 13
        0 12 20-31 * 5      | 6 13 20 21 22 23 24 25 26 27 28 29 30 31
        0 12 */10 * 5       |
        0 12 */10 * 6       | 21
        0 12 13 * */5       | 13
        0 12 1 * 7          | 1 8 15 22 29
        0 12 1 * 0          | 1 8 15 22 29
        0 12 1-7 * *        | 1 2 3 4 5 6 7
        0 12 1-31 * MON     | 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
        0 12 13 * 1-7       | 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
        0 12 30 2,3 0-6     | 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
    """),
)
def test_a_day_of_the_month_or_a_weekday_is_enough_unless_one_of_them_starts_with_a_star(
    text: str, expected: str
) -> None:
    """The days of March 2026, which begins on a Sunday, at noon."""
    march = cron_rule(text, "UTC", until="2026-03-31T23:59:59Z")
    assert " ".join(f"{each.at.day}" for each in occurrences(march, utc("2026-02-28T23:59Z"))) == expected


def test_either_day_fires_in_a_month_that_never_has_the_day_of_the_month() -> None:
    assert rings(cron_rule("0 12 30 2 1-7", "UTC"), "2026-02-26T00:00Z", 2) == [
        "2026-02-26T12:00:00Z",
        "2026-02-27T12:00:00Z",
    ]


def test_noon_of_the_day_after_a_clock_change_rings_once_at_noon_in_every_zone() -> None:
    for zone in distinct_zones():
        for change in clock_changes(zone):
            day_after = max(change.shown_before, change.shown_after).date() + DAY
            before = datetime.combine(day_after, time(0), zone).astimezone(UTC)
            (only,) = occurrences(Weekly(EVERY_DAY, time(12), zone, until=before + 20 * 3600 * SECOND), before)
            assert only.at.astimezone(zone).replace(tzinfo=None) == datetime.combine(day_after, time(12))


# --- start, until, once -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rule",
    [
        cron_rule("0 9 * * *", "UTC", start="2026-03-02T09:00Z", until="2026-03-04T09:00Z"),
        cron_rule("0 9-9 * * *", "UTC", start="2026-03-01T09:00:01Z", until="2026-03-05T08:59:59Z"),
        Weekly(EVERY_DAY, time(9), ZoneInfo("UTC"), utc("2026-03-02T09:00Z"), utc("2026-03-04T09:00Z")),
    ],
)
def test_start_and_until_are_inclusive(rule: Rule) -> None:
    assert rings(rule, "2026-01-01T00:00Z") == [
        "2026-03-02T09:00:00Z",
        "2026-03-03T09:00:00Z",
        "2026-03-04T09:00:00Z",
    ]


def test_start_and_until_are_inclusive_for_a_repeating_rule() -> None:
    rule = cron_rule("*/30 * * * *", "UTC", start="2026-03-02T09:00Z", until="2026-03-02T10:00Z")
    assert rings(rule, "2026-01-01T00:00Z") == [
        "2026-03-02T09:00:00Z",
        "2026-03-02T09:30:00Z",
        "2026-03-02T10:00:00Z",
    ]


def test_a_start_in_the_past_calls_nothing_back() -> None:
    rule = cron_rule("0 9 * * *", "UTC", start="2020-01-01T00:00Z")
    assert rings(rule, "2026-03-02T09:00Z", 1) == ["2026-03-03T09:00:00Z"]


def test_a_start_on_the_end_of_a_gap_takes_the_call_that_was_moved_there() -> None:
    rule = cron_rule("30 2 * * *", "Europe/Madrid", start="2026-03-29T01:00Z")
    assert rings(rule, "2026-01-01T00:00Z", 1) == ["2026-03-29T01:00:00Z moved_out_of_gap"]


def test_a_start_after_until_never_fires() -> None:
    rule = cron_rule("* * * * *", "UTC", start="2026-03-02T00:00Z", until="2026-03-01T00:00Z")
    assert rings(rule, "2026-01-01T00:00Z") == []


def test_once_rings_at_its_instant_and_is_over() -> None:
    rule = Once(at=utc("2026-03-02T09:00Z"))
    assert list(occurrences(rule, utc("2026-03-02T08:59:59Z"))) == [
        Occurrence(utc("2026-03-02T09:00Z"), "2026-03-02T09:00:00Z")
    ]
    assert next_occurrence(rule, utc("2026-03-02T09:00Z")) is None


@pytest.mark.parametrize(
    ("wall", "fold", "at", "note"),
    [
        ("2026-10-25T12:00:00", 0, "2026-10-25T11:00Z", None),
        ("2026-10-25T02:30:00", 0, "2026-10-25T00:30Z", Note.FIRST_OF_TWO),
        ("2026-10-25T02:30:00", 1, "2026-10-25T01:30Z", Note.SECOND_OF_TWO),
        # Refused when it is added; only new rules for the zone bring it here.
        ("2026-03-29T02:30:00", 0, "2026-03-29T01:00Z", Note.MOVED_OUT_OF_GAP),
    ],
)
def test_once_on_the_wall_keeps_its_reading_as_its_name(wall: str, fold: int, at: str, note: Note | None) -> None:
    rule = Once(wall=datetime.fromisoformat(wall), zone=MADRID, fold=fold)
    assert list(occurrences(rule, utc("2026-01-01T00:00Z"))) == [Occurrence(utc(at), wall, note)]


@pytest.mark.parametrize(
    ("start", "until", "fires"),
    table("""
        2026-03-02T09:00Z    | 2026-03-02T09:00Z    | yes
        2026-03-02T09:00:01Z | 2026-03-03T00:00Z    | no
        2026-03-01T00:00Z    | 2026-03-02T08:59:59Z | no
    """),
)
def test_once_fires_between_start_and_until_inclusive(start: str, until: str, fires: str) -> None:
    rule = Once(at=utc("2026-03-02T09:00Z"), start=utc(start), until=utc(until))
    assert bool(rings(rule, "2026-01-01T00:00Z")) is (fires == "yes")


def test_a_fixed_occurrence_is_named_by_its_wall_reading_and_a_repeating_one_by_its_instant() -> None:
    (fixed,) = occurrences(cron_rule("30 9 * * *", "Europe/Madrid"), utc("2026-03-02T00:00Z"), 1)
    (repeating,) = occurrences(cron_rule("30 * * * *", "Europe/Madrid"), utc("2026-03-02T00:00Z"), 1)
    assert (fixed.slot, repeating.slot) == ("2026-03-02T09:30:00", "2026-03-02T00:30:00Z")


# --- what holds for every rule, zone and instant ------------------------------------------------------------------


@st.composite
def rules_near_clock_changes(draw: st.DrawFn) -> tuple[Rule, datetime]:
    """Draw a rule and an instant to ask from."""
    zone = draw(zones())
    expression = draw(st.none() | cron_texts())
    rule = (
        Weekly(draw(weekdays()), draw(times_of_day()), zone)
        if expression is None
        else Cron(cron.parse(expression), zone)
    )
    return rule, draw(instants_near_clock_changes(zone))


@examples(120)
@given(rules_near_clock_changes())
def test_occurrences_come_strictly_after_and_strictly_one_after_the_other(drawn: tuple[Rule, datetime]) -> None:
    rule, after = drawn
    instants = [after, *(each.at for each in occurrences(rule, after, 5))]
    assert all(earlier < later for earlier, later in pairwise(instants))
    assert all(at.utcoffset() == timedelta(0) for at in instants)


@examples(120)
@given(rules_near_clock_changes(), st.data())
def test_the_next_occurrence_is_the_same_from_every_instant_before_it(
    drawn: tuple[Rule, datetime], data: st.DataObject
) -> None:
    """So what a preview lists is what stepping from tick to tick will dial."""
    rule, after = drawn
    first, second = occurrences(rule, after, 2)
    between = data.draw(st.integers(0, (second.at - first.at) // SECOND - 1), label="seconds after the first")
    assert next_occurrence(rule, first.at + between * SECOND) == second


@examples(120)
@given(rules_near_clock_changes(), st.integers(1, 999_999))
def test_a_fraction_of_a_second_changes_nothing(drawn: tuple[Rule, datetime], fraction: int) -> None:
    """Occurrences lie on whole seconds, and the machine's clock does not."""
    rule, after = drawn
    assert next_occurrence(rule, after + timedelta(microseconds=fraction)) == next_occurrence(rule, after)


@examples(50)
@given(rules_near_clock_changes(), st.integers(-14, 14))
def test_it_does_not_matter_in_which_offset_the_instant_is_written(drawn: tuple[Rule, datetime], hours: int) -> None:
    rule, after = drawn
    elsewhere = after.astimezone(timezone(timedelta(hours=hours)))
    assert next_occurrence(rule, elsewhere) == next_occurrence(rule, after)


@examples(150)
@given(zones(), times_of_day(), st.data())
def test_a_daily_rule_has_one_occurrence_for_every_local_day(zone: ZoneInfo, at: time, data: st.DataObject) -> None:
    near = data.draw(instants_near_clock_changes(zone))
    first_day = near.astimezone(zone).date() - 3 * DAY
    midnight = datetime.combine(first_day, time(0), zone).astimezone(UTC)
    daily = [
        Weekly(EVERY_DAY, at, zone),
        Cron(cron.parse(f"{at.minute} {at.hour} * * *"), zone),
    ]
    slots = [datetime.combine(first_day + number * DAY, at).isoformat() for number in range(7)]
    for rule in daily:
        assert [each.slot for each in occurrences(rule, midnight - SECOND, 7)] == slots


@examples(100)
@given(zones(), fixed_cron_texts(), st.data())
def test_a_fixed_rule_never_rings_twice_for_one_slot(zone: ZoneInfo, text: str, data: st.DataObject) -> None:
    after = data.draw(instants_near_clock_changes(zone))
    slots = [each.slot for each in occurrences(Cron(cron.parse(text), zone), after, 12)]
    assert len(set(slots)) == len(slots)


@examples(100)
@given(zones(), repeating_cron_texts(), st.data())
def test_a_repeating_rule_rings_only_at_readings_that_the_clocks_show(
    zone: ZoneInfo, text: str, data: st.DataObject
) -> None:
    after = data.draw(instants_near_clock_changes(zone))
    notes = {each.note for each in occurrences(Cron(cron.parse(text), zone), after, 12)}
    assert notes <= {None, Note.FIRST_OF_TWO, Note.SECOND_OF_TWO}


@pytest.mark.parametrize("text", ["0 9 29 2 *", "*/15 * 29 2 *"])
def test_a_rule_is_over_when_the_calendar_ends(text: str) -> None:
    """The last leap day that Python can write is in 9996."""
    assert rings(cron_rule(text, "Europe/Madrid"), "9996-03-01T00:00Z") == []
