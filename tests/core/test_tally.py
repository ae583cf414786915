"""Periods are cut into days that are days somewhere, and answers are counted on the clocks of whom was called."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyponema_cli.core.call import CallState, ExecutionState
from hyponema_cli.core.tally import MOST_DAYS, SERIES, Tally, quantile, series_of, slices, whole_days
from hyponema_cli.core.walltime import wall_of
from tests.strategies import examples, instants, zones

MADRID = ZoneInfo("Europe/Madrid")
KATHMANDU = ZoneInfo("Asia/Kathmandu")
NINE = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
"""09:00 in Madrid."""


@examples(60)
@given(instants(), st.timedeltas(timedelta(seconds=1), timedelta(days=900)), zones())
def test_the_slices_of_a_period_are_all_of_it_once_and_begin_where_local_days_do(
    begin: datetime, length: timedelta, zone: ZoneInfo
) -> None:
    parts = slices(begin, begin + length, zone)
    assert (parts[0].begin, parts[-1].end) == (begin, begin + length)
    for before, after in pairwise(parts):
        assert before.end == after.begin
        assert before.last < after.first == wall_of(after.begin, zone).date()
        assert wall_of(after.begin - timedelta(seconds=1), zone).date() < after.first
    assert len(parts) <= max(MOST_DAYS, 900 // 28)
    pieces = [piece for part in parts for piece in part.pieces(24)]
    assert (pieces[0][0], pieces[-1][1]) == (begin, begin + length)
    assert all(before[0] < before[1] == after[0] for before, after in pairwise(pieces))


def test_long_periods_are_counted_by_the_week_and_longer_ones_by_the_month() -> None:
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    by_week = slices(begin, begin + timedelta(days=100), ZoneInfo("UTC"))
    assert [(each.first, each.last) for each in by_week[:2]] == [
        (date(2026, 1, 1), date(2026, 1, 4)),
        (date(2026, 1, 5), date(2026, 1, 11)),
    ]
    by_month = slices(begin, begin + timedelta(days=400), ZoneInfo("UTC"))
    assert [each.first for each in by_month[:2]] == [date(2026, 1, 1), date(2026, 2, 1)]


def test_a_day_on_which_the_clocks_change_is_one_day_and_one_that_does_not_exist_is_none() -> None:
    begin = whole_days(2, datetime(2026, 10, 26, 12, tzinfo=UTC), MADRID)
    assert begin == datetime(2026, 10, 24, 22, tzinfo=UTC)
    (sunday, _) = slices(begin, datetime(2026, 10, 26, 12, tzinfo=UTC), MADRID)
    assert sunday.end - sunday.begin == timedelta(hours=25)
    apia = slices(datetime(2011, 12, 29, 12, tzinfo=UTC), datetime(2012, 1, 1, tzinfo=UTC), ZoneInfo("Pacific/Apia"))
    assert [each.first.day for each in apia] == [29, 31, 1]


def test_every_state_of_an_execution_is_counted_under_one_name() -> None:
    assert {series_of(state) for state in ExecutionState} == set(SERIES)
    assert [series_of(ExecutionState.WAITING_RETRY), series_of(ExecutionState.IN_DOUBT)] == ["open", "in_doubt"]


@pytest.mark.parametrize(
    ("state", "answered_by", "made", "over", "answered"),
    [
        (CallState.COMPLETED, None, 1, 1, 1),
        (CallState.COMPLETED, "human", 1, 1, 1),
        (CallState.COMPLETED, "machine_start", 1, 1, 0),
        (CallState.BUSY, None, 1, 1, 0),
        (CallState.NO_ANSWER, None, 1, 1, 0),
        (CallState.FAILED, None, 1, 1, 0),
        (CallState.CANCELED, None, 1, 0, 0),
        (CallState.RINGING, None, 1, 0, 0),
        (CallState.REJECTED, None, 0, 0, 0),
        (CallState.IN_DOUBT, None, 0, 0, 0),
    ],
)
def test_which_calls_count_in_an_answer_rate(
    state: CallState, answered_by: str | None, made: int, over: int, answered: int
) -> None:
    tally = Tally()
    tally.add_calls(NINE, MADRID, state, answered_by, 1)
    assert (tally.made, tally.rate.over, tally.rate.answered) == (made, over, answered)
    assert [(hour, rate.over) for hour, rate in tally.by_hour.items()] == ([(9, 1)] if over else [])


def test_an_answer_is_in_the_hour_of_whom_was_called_and_in_none_when_nobody_knows_it() -> None:
    tally = Tally()
    tally.add_calls(NINE, MADRID, CallState.COMPLETED, None, 2)
    tally.add_calls(NINE, KATHMANDU, CallState.COMPLETED, None, 3)
    tally.add_calls(NINE + timedelta(minutes=15), KATHMANDU, CallState.BUSY, None, 4)
    tally.add_calls(NINE, None, CallState.BUSY, None, 5)
    # 08:00 UTC is 13:45 in Kathmandu, and 08:15 is 14:00.
    assert {hour: (rate.over, rate.answered) for hour, rate in tally.by_hour.items()} == {
        9: (2, 2),
        13: (3, 3),
        14: (4, 0),
    }
    assert (tally.without_zone, tally.rate.over) == (5, 14)


@given(st.dictionaries(st.integers(0, 100), st.integers(1, 50), min_size=1), st.sampled_from([0.5, 0.95, 1.0]))
def test_a_quantile_is_the_one_that_a_sorted_list_would_give(counts: dict[int, int], share: float) -> None:
    values = sorted(value for value, count in counts.items() for _ in range(count))
    nearest_rank = -(-len(values) * round(share * 100) // 100)
    assert quantile(counts, share) == values[nearest_rank - 1]
    assert quantile({}, share) is None
