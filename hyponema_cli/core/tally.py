"""What became of the calls of a period, in numbers?

Two things are counted apart. An *outcome* is what became of something that came due: an execution. An *answer* is
what became of one dial attempt: a call. Three attempts at Ana of which the last was answered are one completed
execution, three calls and one answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from itertools import groupby, pairwise

from hyponema_cli.core import walltime
from hyponema_cli.core.call import OPEN_EXECUTIONS, CallState, ExecutionState, Outcome, outcome_of

OPEN = "open"
"""Everything that is not over and not in doubt."""
SERIES = ("completed", "exhausted", "failed", "missed", "skipped", "canceled", "in_doubt", OPEN)
"""What became of something that came due, from the best to what nobody can know yet."""
RANG = frozenset({Outcome.ANSWERED, Outcome.VOICEMAIL, Outcome.NO_ANSWER, Outcome.BUSY, Outcome.FAILED})
"""The ends of calls that count in an answer rate. A canceled one never got so far that somebody could answer."""

MOST_DAYS = 45
"""Longer periods are counted by the week, and such of more than so many weeks by the month."""
LATENESS_EDGES = (1, 5, 15, 60, 300, 900, 3600)
"""Seconds up to which each column of a histogram of lateness goes; the last one has no end."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Part of a period that is counted together: `begin` inclusive, `end` exclusive. Both dates are inclusive."""

    first: date
    last: date
    begin: datetime
    end: datetime

    def pieces(self, count: int) -> Iterator[tuple[datetime, datetime]]:
        """Cut it into so many pieces, or fewer: none is shorter than a second."""
        seconds = (self.end - self.begin) // walltime.SECOND
        bounds = [self.begin + seconds * number // count * walltime.SECOND for number in range(count)]
        yield from (pair for pair in pairwise([*bounds, self.end]) if pair[0] < pair[1])


def slices(begin: datetime, end: datetime, zone: tzinfo) -> list[Slice]:
    """Cut a period into days of `zone`'s calendar, or weeks, or months, so that there are not too many of them."""
    days = list(_days(begin, end, zone))
    if len(days) <= MOST_DAYS:
        return days
    if len(days) <= MOST_DAYS * 7:
        return _joined(days, {each.first: each.first.isocalendar()[:2] for each in days})
    return _joined(days, {each.first: (each.first.year, each.first.month) for each in days})


def _days(begin: datetime, end: datetime, zone: tzinfo) -> Iterator[Slice]:
    at = begin
    while at < end:
        day = walltime.wall_of(at, zone).date()
        _, next_day = walltime.day_around(at, zone)
        yield Slice(day, day, at, min(next_day, end))
        at = next_day


def _joined(days: list[Slice], key: Mapping[date, object]) -> list[Slice]:
    groups = [list(group) for _, group in groupby(days, lambda each: key[each.first])]
    return [Slice(group[0].first, group[-1].last, group[0].begin, group[-1].end) for group in groups]


def whole_days(count: int, now: datetime, zone: tzinfo) -> datetime:
    """Return when the first of `count` days of the calendar began of which today is the last."""
    begin, _ = walltime.day_around(now, zone)
    for _ in range(count - 1):
        begin, _ = walltime.day_around(begin - walltime.SECOND, zone)
    return begin


def series_of(status: ExecutionState) -> str:
    """Return under which of SERIES an execution is counted."""
    return OPEN if status in OPEN_EXECUTIONS and status is not ExecutionState.IN_DOUBT else status.value


@dataclass(frozen=True, slots=True)
class Bar:
    """How often something that came due in a slice ended in each way."""

    slice: Slice
    counts: Counter[str]


@dataclass(slots=True)
class Rate:
    """How many calls were over at which somebody could have answered, and how many of those somebody did answer."""

    over: int = 0
    answered: int = 0

    @property
    def percent(self) -> float | None:
        """None where nobody was called."""
        return 100 * self.answered / self.over if self.over else None


@dataclass(slots=True)
class Tally:
    """The numbers of a period."""

    bars: list[Bar] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    """Calls by outcome; those that are not over yet, by state."""
    rate: Rate = field(default_factory=Rate)
    by_hour: dict[int, Rate] = field(default_factory=dict)
    """By the hour in which the phone rang, on the clocks of whom it rang at."""
    without_zone: int = 0
    """Calls to people of whom nobody knows which clocks they live by: they are in no hour."""
    lateness: Counter[int] = field(default_factory=Counter)
    """How many executions had their first call so many seconds after they were due."""

    @property
    def outcomes(self) -> Counter[str]:
        """Everything that came due, by SERIES."""
        return sum((bar.counts for bar in self.bars), Counter[str]())

    @property
    def made(self) -> int:
        """The calls that a carrier took."""
        untaken = (Outcome.REJECTED, CallState.IN_DOUBT)
        return self.calls.total() - sum(self.calls[each] for each in untaken)

    def add_calls(
        self, at: datetime, zone: tzinfo | None, state: CallState, answered_by: str | None, count: int
    ) -> None:
        """Take in calls that rang within the quarter of an hour that began at `at`."""
        over = state in _OVER
        outcome = outcome_of(state, answered_by) if over else None
        self.calls[outcome or state] += count
        if outcome not in RANG:
            return
        rates = [self.rate]
        if zone is None:
            self.without_zone += count
        else:
            # Every offset in force today is a multiple of fifteen minutes, so the whole quarter is in one hour.
            rates.append(self.by_hour.setdefault(walltime.wall_of(at, zone).hour, Rate()))
        for rate in rates:
            rate.over += count
            rate.answered += count if outcome is Outcome.ANSWERED else 0


_OVER = frozenset(
    {
        CallState.COMPLETED,
        CallState.BUSY,
        CallState.NO_ANSWER,
        CallState.REJECTED,
        CallState.CANCELED,
        CallState.FAILED,
    }
)


def quantile(counts: Mapping[int, int], share: float) -> int | None:
    """Return the least value that is not exceeded by `share` of those counted; None when there are none.

    >>> quantile({0: 18, 5: 1, 60: 1}, 0.5), quantile({0: 18, 5: 1, 60: 1}, 0.95)
    (0, 5)
    """
    left = share * sum(counts.values())
    for value in sorted(counts):
        left -= counts[value]
        if left <= 1e-9:
            return value
    return None


def histogram(seconds: Iterable[tuple[int, int]]) -> list[int]:
    """Count (lateness, how many) into the columns of LATENESS_EDGES, and one more for all that is later.

    >>> histogram([(0, 5), (1, 2), (2, 1), (90_000, 1)])
    [7, 1, 0, 0, 0, 0, 0, 1]
    """
    columns = [0] * (len(LATENESS_EDGES) + 1)
    for late, count in seconds:
        columns[next((n for n, edge in enumerate(LATENESS_EDGES) if late <= edge), len(LATENESS_EDGES))] += count
    return columns
