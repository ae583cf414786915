"""A chart says in characters what it says in colours, and its numbers stand beside it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyponema_cli.core.call import CallState
from hyponema_cli.core.tally import SERIES, Bar, Tally, slices
from hyponema_cli.render.chart import MARKS, Chart, shares, text
from tests.strategies import examples

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DAYS = (
    {"completed": 90, "exhausted": 9, "failed": 1},
    {"completed": 45, "missed": 5},
    {},
    {"in_doubt": 1, "open": 2},
)
AT_80 = """\
Two agents

What came due, by day, UTC
                all   #  =  x  !  ?  .
Mon 2026-03-02  100  90  9  1           ####################################===x
Tue 2026-03-03   50  45        5        ##################!!
Wed 2026-03-04    0
Thu 2026-03-05    3               1  2  ?.

# completed 135   = exhausted 9   x failed 1   ! missed 5   ? in doubt 1
  . open 2

Answer rate by the hour, on the clocks of whom we call
       calls  answered  rate
09:00     90        45   50%  #########################.........................
10:00      0
11:00      1         0    0%  ..................................................

45 of 91 calls answered, 49%
"""


def tally(days: tuple[dict[str, int], ...] = DAYS) -> Tally:
    parts = slices(MONDAY, MONDAY + timedelta(days=len(days)), UTC)
    made = Tally([Bar(part, Counter(counts)) for part, counts in zip(parts, days, strict=True)])
    for hour, state, count in ((9, CallState.COMPLETED, 45), (9, CallState.BUSY, 45), (11, CallState.BUSY, 1)):
        made.add_calls(MONDAY.replace(hour=hour), UTC, state, None, count)
    return made


def drawn(width: int, days: tuple[dict[str, int], ...] = DAYS, *, color: bool = False) -> str:
    return text(Chart("Two agents", tally(days), "UTC"), width, color=color)


def test_a_chart_of_four_days() -> None:
    assert drawn(80) == AT_80


@pytest.mark.parametrize("width", [40, 60, 80, 119, 120, 160])
def test_a_chart_fits_its_window_and_needs_neither_colour_nor_more_than_ascii(width: int) -> None:
    shown = drawn(width)
    assert max(map(len, shown.splitlines())) <= width
    assert shown.isascii()
    for name in ("completed", "exhausted", "failed", "missed", "in doubt", "open"):
        assert f"{MARKS[name.replace(' ', '_')]} {name} " in shown
    assert "\x1b[" in drawn(width, color=True)


def test_a_wide_window_has_both_charts_side_by_side() -> None:
    (line,) = [line for line in drawn(120).splitlines() if line.startswith("Mon")]
    assert line.index("09:00") == 62


@examples(100)
@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=8).filter(any), st.integers(0, 200))
def test_what_happened_at_all_has_a_cell_and_the_cells_are_shared_fairly(counts: list[int], length: int) -> None:
    cells = shares(counts, length)
    there = sum(1 for count in counts if count)
    assert sum(cells) == max(length, there)
    assert [bool(cell) for cell in cells] == [bool(count) for count in counts]
    for one, other in zip(counts, cells, strict=True):
        assert other <= max(one * length / sum(counts) + 1, 1)


@examples(60)
@given(
    st.lists(st.dictionaries(st.sampled_from(SERIES), st.integers(1, 40_000)), min_size=1, max_size=400).filter(any),
    st.integers(38, 200),
)
def test_no_chart_is_wider_than_its_window_whatever_the_numbers(days: list[dict[str, int]], width: int) -> None:
    parts = slices(MONDAY, MONDAY + timedelta(days=len(days)), UTC)
    made = Tally([Bar(part, Counter(counts)) for part, counts in zip(parts, days, strict=False)])
    if made.outcomes:
        shown = text(Chart("", made, "America/Argentina/ComodRivadavia"), width, color=False)
        assert max(map(len, shown.splitlines())) <= width


def test_a_hostile_name_does_not_reach_the_terminal() -> None:
    shown = text(Chart("Ana\x1b[31m\u202e", tally(), "UTC"), 80, color=True)
    assert shown.startswith("\x1b[1mAna\\x1b[31m\\u202e\x1b[0m\n")
