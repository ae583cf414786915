"""Where do the times of the tests come from? From where the bugs live: clock changes, midnight, the ends of months.

Uniform instants would find a clock change once in four thousand draws. These strategies stay near one, in every zone
of the IANA data. Nothing here imports what it tests; a property that needs a rule builds it from what is drawn.

A test that draws is marked `@examples(200)`: as many examples, the same ones in every run, and no time limit for
each, because the machines of a CI are slow when they please.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import settings
from hypothesis import strategies as st

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)

# Files in the zone folder that name no zone: this machine's own, an old default, and the installer's placeholder.
ZONE_NAMES = tuple(sorted(available_timezones() - {"localtime", "posixrules", "Factory"}))

# One for each way to change a clock: by an hour, half an hour, two hours; at midnight, across it, and at a quarter
# to three; backwards in winter; on one day of the year with its neighbours; not at all.
TELLING_ZONE_NAMES = (
    "Europe/Madrid",
    "America/New_York",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "Africa/Cairo",
    "America/Havana",
    "America/Nuuk",
    "Atlantic/Azores",
    "Pacific/Chatham",
    "Europe/Dublin",
    "Africa/Casablanca",
    "Asia/Kolkata",
)


def examples(count: int) -> settings:
    """Decorate a property: this many examples, the same in every run."""
    return settings(max_examples=count, derandomize=True, deadline=None)


class ClockChange(NamedTuple):
    """At the instant `at` (UTC) a zone's offset from UTC changed from `before` to `after`."""

    at: datetime
    before: timedelta
    after: timedelta

    @property
    def shown_before(self) -> datetime:
        """The wall reading that the old offset would have shown at the change."""
        return self.at.replace(tzinfo=None) + self.before

    @property
    def shown_after(self) -> datetime:
        """The wall reading that the new offset shows at the change."""
        return self.at.replace(tzinfo=None) + self.after


def offset(zone: ZoneInfo, instant: datetime) -> timedelta:
    """Return the zone's offset from UTC at an instant."""
    found = instant.astimezone(zone).utcoffset()
    assert found is not None
    return found


@cache
def clock_changes(zone: ZoneInfo, first_year: int = 2026, last_year: int = 2031) -> tuple[ClockChange, ...]:
    """Return every clock change of these years, the last included, in order."""
    return tuple(_changes(zone, datetime(first_year, 1, 1, tzinfo=UTC), datetime(last_year + 1, 1, 1, tzinfo=UTC)))


def _changes(zone: ZoneInfo, day: datetime, end: datetime) -> Iterator[ClockChange]:
    while day < end:
        before, after = offset(zone, day), offset(zone, day + DAY)
        if before != after:
            low, high = day, day + DAY
            while high - low > SECOND:
                middle = low + (high - low) // SECOND // 2 * SECOND
                low, high = (middle, high) if offset(zone, middle) == before else (low, middle)
            yield ClockChange(high, before, after)
        day += DAY


@cache
def distinct_zones(first_year: int = 2026, last_year: int = 2031) -> tuple[ZoneInfo, ...]:
    """Return zones that stand for all: every IANA zone shows the same readings in these years as one of them.

    Two zones with the same clock changes, or with none and the same offset, have the same clocks.
    """
    clocks: dict[object, ZoneInfo] = {}
    for zone in map(ZoneInfo, ZONE_NAMES):
        changes = clock_changes(zone, first_year, last_year)
        clocks.setdefault(changes or offset(zone, datetime(first_year, 1, 1, tzinfo=UTC)), zone)
    return tuple(clocks.values())


def zones() -> st.SearchStrategy[ZoneInfo]:
    """Every IANA zone, with the telling ones more often."""
    return st.sampled_from(TELLING_ZONE_NAMES).map(ZoneInfo) | st.sampled_from(ZONE_NAMES).map(ZoneInfo)


def instants() -> st.SearchStrategy[datetime]:
    """Any whole second of 2026 to 2031, in UTC."""
    first = datetime(2026, 1, 1, tzinfo=UTC)
    seconds = (datetime(2032, 1, 1, tzinfo=UTC) - first) // SECOND
    return st.integers(0, seconds - 1).map(lambda number: first + number * SECOND)


def instants_near_clock_changes(zone: ZoneInfo) -> st.SearchStrategy[datetime]:
    """Whole seconds within three hours of a clock change of the zone, many at its very edges.

    Any instant when the zone has none.
    """
    changes = clock_changes(zone)
    if not changes:
        return instants()
    return st.builds(
        lambda change, seconds: change.at + seconds * SECOND,
        st.sampled_from(changes),
        st.integers(-3 * 3600, 3 * 3600) | st.sampled_from((-3600, -60, -1, 0, 1, 60, 3600)),
    )


def times_of_day() -> st.SearchStrategy[time]:
    """Whole minutes, most of them in the hours in which clocks change."""
    return st.builds(time, _hours(), st.sampled_from((0, 1, 15, 29, 30, 45, 59)) | st.integers(0, 59))


def weekdays() -> st.SearchStrategy[tuple[int, ...]]:
    """ISO weekdays, at least one, sorted."""
    return st.sets(st.integers(1, 7), min_size=1).map(lambda days: tuple(sorted(days)))


def fixed_cron_texts() -> st.SearchStrategy[str]:
    """Five fields of which neither minute nor hour starts with `*`: `0,30 2 * * *`, `15 0-4/2 1,15 * mon-fri`."""
    return _cron_texts(_chosen(_minutes(), 59), _chosen(_hours(), 23))


def repeating_cron_texts() -> st.SearchStrategy[str]:
    """Five fields of which minute or hour, or both, start with `*`: `*/15 * * * *`, `0 */2 * * *`, `*/20 2 * * *`."""
    every = st.sampled_from(("*", "*/2", "*/3", "*/7"))
    every_minutes = st.sampled_from(("*", "*/10", "*/15", "*/20", "*/40", "*/59"))
    return (
        _cron_texts(_chosen(_minutes(), 59), every)
        | _cron_texts(every_minutes, _chosen(_hours(), 23))
        | _cron_texts(every_minutes, every)
    )


def cron_texts() -> st.SearchStrategy[str]:
    """Both kinds."""
    return fixed_cron_texts() | repeating_cron_texts()


def _hours() -> st.SearchStrategy[int]:
    """Clocks change between 23:00 and 04:00; a few hours of the day keep the others honest."""
    return st.sampled_from((0, 1, 2, 3, 4, 23)) | st.sampled_from((2, 9, 12, 22))


def _minutes() -> st.SearchStrategy[int]:
    return st.sampled_from((0, 0, 15, 30, 45, 59)) | st.integers(0, 59)


def _chosen(numbers: st.SearchStrategy[int], highest: int) -> st.SearchStrategy[str]:
    """Build a field that names its numbers: one, a list, a range, a range or a start with a step."""
    return st.one_of(
        numbers.map(str),
        st.lists(numbers, min_size=2, max_size=4, unique=True).map(lambda some: ",".join(map(str, some))),
        st.tuples(numbers, numbers).map(lambda ends: f"{min(ends)}-{max(ends)}"),
        st.builds(lambda low, step: f"{low}-{highest}/{step}", numbers, st.integers(1, highest)),
        st.builds(lambda low, step: f"{low}/{step}", numbers, st.integers(1, highest)),
    )


def _cron_texts(minute: st.SearchStrategy[str], hour: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Most rules are for every day, so that something fires near the clock change that was drawn.

    A day of the month that starts with `*` stands beside any weekday; the others only where the month has them.
    """
    days = st.sampled_from(("* * *",) * 6 + ("* * mon-fri", "* * SAT,SUN", "* * 0", "* * 7", "* * fri-sun")) | (
        st.sampled_from(("*/2 * 7", "1 * *", "1,15 * 0", "1-31 * mon", "13 * 1-7", "28-31 * *", "*/2 * */2"))
        | st.sampled_from(("* mar,oct *", "1-15 3,4,10,11 sun", "29 2 *"))
    )
    return st.builds(lambda *fields: " ".join(fields), minute, hour, days)
