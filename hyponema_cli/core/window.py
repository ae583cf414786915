"""When may a person be called at all? A calling window: hours of the week on the callee's own clocks.

Written `mon-fri 09:00-20:00; sat 10:00-18:00`, or as a profile (`us-tcpa`, `fr`, `es`). It is judged by what the
clock on the wall shows at the moment of the call, so a clock change needs no rule of its own: a reading that does not
exist is never shown, one that comes twice is open both times. A span's end is not part of it: until 21:00 means that
at 21:00:00 nobody is called. A span that ends before it begins goes on after midnight.

Where it is not known on which clocks a person lives, every clock that their number allows must show an open hour.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from hyponema_cli.core import timewords, walltime, weekdays
from hyponema_cli.core.errors import InvalidInput, suggestion

DAY_MINUTES = 24 * 60
EVERY_DAY = frozenset(range(1, 8))
SEARCHED = timedelta(days=32)
"""How far ahead an opening is looked for. The longest row of public holidays and weekends is shorter by far."""

# Source of each: docs/how-hyp-works.md, "Calling windows".
PROFILES = {
    # 47 CFR 64.1200(c)(1): no telephone solicitation before 8 a.m. or after 9 p.m., local time at the called party.
    "us-tcpa": ("08:00-21:00", None),
    # Code de la consommation D223-9: Monday to Friday, 10-13 and 14-20 h, not on public holidays.
    "fr": ("mon-fri 10:00-13:00, 14:00-20:00", "FR"),
    # LGDCU art. 96.2: not before 9 nor after 21 h, not on weekends or public holidays.
    "es": ("mon-fri 09:00-21:00", "ES"),
    "always": ("00:00-24:00", None),
}
"""Names for windows: the hours, and the country whose public holidays are closed."""

_SPAN = re.compile(r"(\d{1,2}:\d{2})-(\d{1,2}:\d{2})", re.ASCII)
_DATE = re.compile(r"(?:(\d{4})-)?(\d{2})-(\d{2})", re.ASCII)
_HINT = "as in 'mon-fri 09:00-20:00; sat 10:00-18:00', or one of: " + ", ".join(PROFILES)


@dataclass(frozen=True, slots=True)
class Span:
    """Hours of the days that are named. `end` may be up to 24:00, or before `start`: then it is the next day's."""

    days: frozenset[int]
    start: int
    """Minutes since midnight."""
    end: int

    def contains(self, weekday: int, minute: int) -> bool:
        """True when a wall reading falls into the span."""
        if self.start < self.end:
            return weekday in self.days and self.start <= minute < self.end
        yesterday = (weekday + 5) % 7 + 1
        return (weekday in self.days and minute >= self.start) or (yesterday in self.days and minute < self.end)


@dataclass(frozen=True, slots=True)
class CallingWindow:
    """The hours in which a person may be called, by their own clocks. `text` is what is stored."""

    text: str
    spans: tuple[Span, ...]
    closed_dates: frozenset[str] = frozenset()
    """`2026-04-03`, or `12-25` for every year."""
    holidays_of: str | None = None
    """ISO 3166 code of a country whose public holidays are closed."""

    @property
    def over_midnight(self) -> tuple[Span, ...]:
        """The spans that end on the day after the one they are for."""
        return tuple(span for span in self.spans if span.end < span.start)

    @property
    def is_always_open(self) -> bool:
        """True when no clock could show a closed hour: then it does not matter which clock it is."""
        all_day = Span(EVERY_DAY, 0, DAY_MINUTES)
        return all_day in self.spans and not self.closed_dates and self.holidays_of is None

    def shows_open(self, wall: datetime) -> bool:
        """True when the window is open while the callee's clock shows the naive reading `wall`."""
        weekday, minute = wall.isoweekday(), wall.hour * 60 + wall.minute
        if not any(span.contains(weekday, minute) for span in self.spans):
            return False
        if f"{wall:%m-%d}" in self.closed_dates or f"{wall:%Y-%m-%d}" in self.closed_dates:
            return False
        return self.holidays_of is None or wall.date() not in _holidays(self.holidays_of, wall.year)

    def is_open(self, at: datetime, zones: Sequence[ZoneInfo]) -> bool:
        """True when it is open at an instant on every one of the clocks. Without a clock it is never open."""
        return bool(zones) and all(self.shows_open(walltime.wall_of(at, zone)) for zone in zones)

    def opens_at(self, at: datetime, zones: Sequence[ZoneInfo]) -> datetime | None:
        """Return the first instant from `at` on at which it is open on every clock; None when there is none soon.

        Exact to the second. Looks SEARCHED ahead.
        """
        return _opens_at(self, at, tuple(zones))

    def _openings(self, after: datetime, until: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """Yield the instants in (after, until] at which the window may go from closed to open on one clock.

        Those are the starts of its spans, midnights (a closed date has passed), and the clock changes of the zone.
        """
        starts = {span.start for span in self.spans} | {0}
        day, last = walltime.wall_of(after, zone).date(), walltime.wall_of(until, zone).date()
        # A gap can carry a start over to the next day; a fold can come back to the day before, so that at `until`
        # the next day has been shown already.
        day, last = day - timedelta(days=1), last + timedelta(days=1)
        while day <= last:
            for start in starts:
                wall = datetime.combine(day, time(start // 60, start % 60))
                yield from (each for each in _instants(wall, zone) if after < each <= until)
            day += timedelta(days=1)
        change = walltime.first_change(zone, after, until)
        while change is not None:
            yield change
            change = walltime.first_change(zone, change, until)


_STEP = timedelta(days=2)


@lru_cache(maxsize=1024)  # everybody who is outside the window in one pass asks the same
def _opens_at(window: CallingWindow, at: datetime, zones: tuple[ZoneInfo, ...]) -> datetime | None:
    if window.is_open(at, zones):
        return at
    at = at.replace(microsecond=0)  # clock changes are looked for in steps of a second from here
    for step in range(SEARCHED // _STEP):
        begin = at + step * _STEP
        for candidate in sorted({each for zone in zones for each in window._openings(begin, begin + _STEP, zone)}):
            if window.is_open(candidate, zones):
                return candidate
    return None


def _instants(wall: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    match walltime.read(wall, zone):
        case walltime.Exact(at):
            return (at,)
        case walltime.Fold(first, second):
            return (first, second)
        case walltime.Gap(ends_at):
            return (ends_at,)


@lru_cache(maxsize=256)
def parse(text: str) -> CallingWindow:
    """Read a calling window, or the name of a profile.

    >>> parse("Mon-Fri 9:00 - 13:00, 14:00-20:00 ; sat 10:00-18:00; not 12-25").text
    'mon-fri 09:00-13:00, 14:00-20:00; sat 10:00-18:00; not 12-25'
    >>> parse("22:00-02:00").shows_open(datetime(2026, 3, 2, 1, 30))
    True

    Raises InvalidInput for anything else, and for a window that would never open.
    """
    words = re.sub(r"\s*([-,;])\s*", r"\1", " ".join(text.casefold().replace("–", "-").split()))
    if words in PROFILES:
        hours, country = PROFILES[words]
        return CallingWindow(words, parse(hours).spans, holidays_of=country)
    spans: list[Span] = []
    closed: list[str] = []
    written: list[str] = []
    for part in words.strip(";").split(";"):
        first, _, rest = part.partition(" ")
        if first == "not":
            closed += [each for each in _dates(rest, text) if each not in closed]
            continue
        days = _days(first, text) if rest else EVERY_DAY
        of_part = [_span(days, hours, text) for hours in (rest or first).split(",")]
        hours = ", ".join(f"{clock(span.start)}-{clock(span.end)}" for span in of_part)
        written.append(f"{_days_text(days)} {hours}" if rest else hours)
        spans += of_part
    if not spans:
        raise InvalidInput(f"calling window {text!r} never opens: it names no hours", hint=_HINT)
    if closed:
        written.append("not " + ", ".join(closed))
    return CallingWindow("; ".join(written), tuple(spans), frozenset(closed))


def _span(days: frozenset[int], hours: str, whole: str) -> Span:
    match = _SPAN.fullmatch(hours)
    if match is None:
        hint = suggestion(whole, PROFILES, otherwise=_HINT)
        raise InvalidInput(f"calling window {whole!r}: {hours!r} is no span of hours", hint=hint)
    start, end = (_minutes(clock, whole) for clock in match.groups())
    if start in (end, DAY_MINUTES):
        raise InvalidInput(
            f"calling window {whole!r} never opens: {hours} is empty", hint="all day long is 00:00-24:00"
        )
    # Until 00:00 is until the end of that day.
    return Span(days, start, end or DAY_MINUTES)


def _minutes(clock: str, whole: str) -> int:
    if clock == "24:00":
        return DAY_MINUTES
    try:
        at = timewords.parse_time_of_day(clock)
    except InvalidInput as error:
        raise InvalidInput(f"calling window {whole!r}: {error.message}", hint="from 00:00 to 24:00") from None
    return at.hour * 60 + at.minute


def _days(words: str, whole: str) -> frozenset[int]:
    try:
        return frozenset(weekdays.parse(words))
    except InvalidInput as error:
        raise InvalidInput(f"calling window {whole!r}: {error.message}", hint=error.hint or _HINT) from None


def _days_text(days: frozenset[int]) -> str:
    """Write days so that they can be read again: ranges where they run on.

    >>> _days_text(frozenset({1, 2, 3, 6}))
    'mon-wed,sat'
    """
    runs: list[list[int]] = []
    for day in sorted(days):
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    names = weekdays.NAMES
    return ",".join(
        names[run[0] - 1] if len(run) == 1 else f"{names[run[0] - 1]}-{names[run[-1] - 1]}" for run in runs
    )


def _dates(words: str, whole: str) -> list[str]:
    for word in words.split(","):
        match = _DATE.fullmatch(word)
        try:
            if match is None:
                raise ValueError(word)
            # Any leap year will do for a day of every year: the 29th of February must pass.
            date(int(match[1] or 2024), int(match[2]), int(match[3]))
        except ValueError:
            raise InvalidInput(
                f"calling window {whole!r}: {word!r} is no date", hint="as in 'not 12-25, 2026-04-03'"
            ) from None
    return words.split(",")


def clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


@lru_cache(maxsize=64)
def _holidays(country: str, year: int) -> frozenset[date]:
    """Return the nation-wide public holidays of a country in a year."""
    # Imported here: it takes as long as a whole idle tick, and only profiles of some countries need it.
    import holidays

    return frozenset(holidays.country_holidays(country, years=year))


def in_force(
    schedules: str | None, users: str | None, workspaces: CallingWindow | None
) -> tuple[CallingWindow, str] | None:
    """Return the calling window that counts, and whose it is: the schedule's, its user's, or the workspace's."""
    for text, owner in ((schedules, "schedule"), (users, "user")):
        if text is not None:
            return parse(text), owner
    return (workspaces, "workspace") if workspaces is not None else None


def clocks(names: Sequence[str]) -> tuple[ZoneInfo, ...]:
    """Return the clocks of zones by name; none at all when one of them is not known here."""
    try:
        return tuple(timewords.stored_zone(name) for name in names)
    except InvalidInput:
        return ()
