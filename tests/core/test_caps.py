"""How often may one person be called? What is read, what is refused, and when the next dial is free to the second."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyponema_cli.core.caps import LARGEST_COUNT, LONGEST, Cap, parse, to_text
from tests.core.helpers import refusal, table, utc
from tests.strategies import DAY, SECOND, examples

HOUR = timedelta(hours=1)
NOON = utc("2026-03-02T12:00Z")

# --- reading and writing ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "written"),
    table("""
        3/24h           | 3/24h
        3/1d            | 3/24h
        3/1440m         | 3/24h
        7/7d            | 7/7d
        7/1w            | 7/7d
        3/24h, 7/7d     | 3/24h, 7/7d
        7/7d,3/24h      | 3/24h, 7/7d
        4/30d, 1/1h     | 1/1h, 4/30d
        3 / 24h , 7/ 7d | 3/24h, 7/7d
        03/24h          | 3/24h
        1/72h           | 1/72h
        1/3d            | 1/72h
        1/73h           | 1/3d1h
        1/96h           | 1/4d
        1/90m           | 1/1h30m
        1/60m           | 1/1h
        1/30s           | 1/30s
        1/1s            | 1/1s
        1/366d          | 1/366d
        1000/24h        | 1000/24h
    """),
)
def test_caps_are_written_short_with_the_tightest_span_first_and_read_back_the_same(text: str, written: str) -> None:
    assert to_text(parse(text)) == written
    assert parse(written) == parse(text)


def test_a_cap_is_a_count_and_a_span() -> None:
    assert parse("3/24h, 7/7d") == (Cap(3, 24 * HOUR), Cap(7, 7 * DAY))


def drawn_caps() -> st.SearchStrategy[list[Cap]]:
    """Some caps, no two of one span; most spans are whole hours or days, some are seconds, up to the longest."""
    whole = st.builds(lambda unit, number: number * unit, st.sampled_from((HOUR, DAY)), st.integers(1, 366))
    spans = whole | st.integers(1, LONGEST // SECOND).map(lambda seconds: seconds * SECOND)
    caps = st.builds(Cap, st.integers(1, 9) | st.integers(1, LARGEST_COUNT), spans)
    return st.lists(caps, min_size=1, max_size=5, unique_by=lambda cap: cap.within)


@examples(200)
@given(drawn_caps())
def test_what_is_written_reads_back_the_same(caps: list[Cap]) -> None:
    assert parse(to_text(caps)) == tuple(sorted(caps, key=lambda cap: cap.within))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "'' is not COUNT/SPAN"),
        (" ", "'' is not COUNT/SPAN"),
        ("3", "'3' is not COUNT/SPAN"),
        ("/24h", "'/24h' is not COUNT/SPAN"),
        ("24h/3", "'24h/3' is not COUNT/SPAN"),
        ("3 per 24h", "'3 per 24h' is not COUNT/SPAN"),
        ("three/24h", "'three/24h' is not COUNT/SPAN"),
        ("-3/24h", "'-3/24h' is not COUNT/SPAN"),
        ("+3/24h", "'+3/24h' is not COUNT/SPAN"),
        ("3.5/24h", "'3.5/24h' is not COUNT/SPAN"),
        ("1_0/24h", "'1_0/24h' is not COUNT/SPAN"),
        ("\u0663/24h", "'\u0663/24h' is not COUNT/SPAN"),  # an Arabic three
        ("\u00b3/24h", "'\u00b3/24h' is not COUNT/SPAN"),  # a superscript three
        ("\uff13/24h", "'\uff13/24h' is not COUNT/SPAN"),  # a full-width three
        ("3/24h,", "'' is not COUNT/SPAN"),
        (",3/24h", "'' is not COUNT/SPAN"),
        ("3/24h,7", "'7' is not COUNT/SPAN"),
        ("0/24h", "the count must be from 1 to 1000; hint: to call nobody, pause or suppress"),
        ("000/24h", "the count must be from 1 to 1000; hint: to call nobody, pause or suppress"),
        ("1001/24h", "the count must be from 1 to 1000; hint: as in '3/24h, 7/7d'"),
        ("9" * 5000 + "/24h", "the count must be from 1 to 1000"),
        ("3/24", "'24' has no unit"),
        ("3/86400", "'86400' has no unit"),
        ("3/ 24", "'24' has no unit"),
        ("3/", "'' is no span of time"),
        ("3/h", "'h' is no span of time"),
        ("3/24 h", "'24 h' is no span of time"),
        ("3/24h 7/7d", "'24h 7/7d' is no span of time"),
        ("3/24h; 7/7d", "'24h; 7/7d' is no span of time"),
        ("3/24h/2", "'24h/2' is no span of time"),
        ("3/-1h", "'-1h' is no span of time"),
        ("3/1.5h", "'1.5h' is no span of time"),
        ("3/day", "'day' is no span of time"),
        ("3/\u0662\u0664h", "'\u0662\u0664h' is no span of time"),  # Arabic digits
        ("1/" + "9" * 5000 + "d", "is no span of time"),
        ("3/0h", "the span must be from 1s to a year"),
        ("3/0s", "the span must be from 1s to a year"),
        ("1/367d", "the span must be from 1s to a year"),
        ("1/400d", "the span must be from 1s to a year"),
        ("1/366d1s", "the span must be from 1s to a year"),
        ("3/24h,2/1d", "names 24h twice"),
        ("3/24h, 3/24h", "names 24h twice"),
        ("1/60m,7/7d,1/1h", "names 1h twice"),
    ],
    ids=lambda value: value[:20],
)
def test_what_is_no_cap_is_refused(text: str, words: str) -> None:
    refused = refusal(parse, text)
    assert words in refused
    assert "three in any 24 hours" in refused or "pause or suppress" in refused


# --- when the next dial is free -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "ago", "free"),
    table("""
        1/1h  |              | now
        1/1h  | 0            | in 3600
        1/1h  | 1            | in 3599
        1/1h  | 3599         | in 1
        1/1h  | 3600         | now
        1/1h  | 3601         | now
        2/1h  | 10           | now
        2/1h  | 10 10        | in 3590
        2/1h  | 10 3599      | in 1
        2/1h  | 10 3600      | now
        2/1h  | 10 20 30 40  | in 3580
        3/24h | 60 120 86399 | in 1
        3/24h | 60 120 86400 | now
        1/1h  | -5           | in 3605
        2/1h  | -5 3590      | in 10
        2/1h  | -5 -5 3590   | in 3605
    """),
)
def test_a_dial_counts_from_its_own_second_until_exactly_the_span_later(text: str, ago: str, free: str) -> None:
    """Seconds ago, newest first; a dial ahead of now is one from before the clock was put back."""
    (cap,) = parse(text)
    found = cap.free_at([NOON - int(each) * SECOND for each in ago.split()], NOON)
    assert found == (None if free == "now" else NOON + int(free.removeprefix("in ")) * SECOND)


def test_a_cap_looks_back_from_the_call_and_never_from_midnight() -> None:
    dials = [utc(f"2026-03-01T{clock}Z") for clock in ("23:40", "23:20", "23:00")]
    assert Cap(3, 24 * HOUR).free_at(dials, utc("2026-03-02T00:01Z")) == utc("2026-03-02T23:00Z")


@pytest.mark.parametrize(("ago", "seen"), [(-1, 1), (0, 1), (1, 1), (3599, 1), (3600, 0), (3601, 0)])
def test_the_dials_that_a_cap_sees_are_those_less_than_its_span_ago(ago: int, seen: int) -> None:
    dial = NOON - ago * SECOND
    assert Cap(1, HOUR).dials_within([dial], NOON) == seen
    assert Cap(1, HOUR).dials_within([dial, NOON - 2 * HOUR], NOON) == seen


def seconds_until_free(count: int, within: int, ago: list[int]) -> int:
    """Look at every second from now on: at the first at which fewer than `count` dials lie within the span, stop.

    A dial holds the second at which it was made and the following ones, `within` in all; and if the clock was put
    back since, it holds those before it too.
    """
    held = [range(min(0, -each), -each + within) for each in ago]
    second = 0
    while sum(second in seconds for seconds in held) >= count:
        second += 1
    return second


@examples(400)
@given(
    st.integers(1, 5),
    st.integers(1, 120) | st.sampled_from((60, 61)),
    # Most of the dials lie near the edge of a span of a minute; some are from before the clock was put back.
    st.lists(st.integers(-20, 150) | st.integers(55, 65), max_size=9).map(sorted),
)
def test_the_next_dial_is_free_at_the_first_second_that_sees_fewer_dials_than_the_count(
    count: int, within: int, ago: list[int]
) -> None:
    dials: list[datetime] = [NOON - each * SECOND for each in ago]
    expected = seconds_until_free(count, within, ago)
    cap = Cap(count, within * SECOND)
    assert cap.free_at(dials, NOON) == (NOON + expected * SECOND if expected else None)
    assert cap.dials_within(dials, NOON + expected * SECOND) < count
