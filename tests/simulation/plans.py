"""What was asked for, and when should it ring? Told without the engine, to judge it by.

A plan is what the operator of a history remembers of one schedule. Its instants come from the oracle of
`tests/core/oracle.py`, which looks at the clock on the wall at every minute and shares no code with the engine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from hyponema_cli.core.retry import DEFAULT_RETRY_ON
from hyponema_cli.core.when import WhenWords
from hyponema_cli.engine.request import Request
from tests.core import oracle
from tests.simulation.house import Opening

ZONES = ("Europe/Madrid", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC")
SECOND = timedelta(seconds=1)


@dataclass(eq=False)
class Plan:
    """One schedule, as its operator knows it."""

    ref: str
    request: Request
    zone: str
    """The zone of its clocks when it was booked."""
    time_of_day: str | None
    """Of a weekly rule, when it was booked."""
    numbers: set[str]
    """Every number that it was ever to call."""
    max_attempts: int
    """The most that it ever had."""
    retry_on: set[str]
    """Every outcome after which it was ever to call again."""
    booked_at: list[datetime] = field(default_factory=list)
    """Each time that somebody tried to book it, by the clock of the machine."""
    canceled_at: list[datetime] = field(default_factory=list)
    """Each time that somebody tried to cancel it."""
    runs: int = 0
    """How many times somebody asked for a run by hand."""
    edited: bool = False
    """Its rule or its clocks may have changed: nobody outside the engine knows when it should ring."""
    confirmed: bool = False
    """A booking came back."""
    opening: Opening | None = None
    """Its own calling window, when it was booked."""

    @classmethod
    def of(cls, request: Request, zone: str, number: str, users_time: str | None = None) -> Plan:
        """Return the plan of a request for a schedule that calls `number` on the clocks of `zone`."""
        assert request.ref is not None, "every booking of a history can be said again"
        outcomes = request.retry_on if request.retry_on is not None else map(str, DEFAULT_RETRY_ON)
        time_of_day = request.when.at or users_time
        return cls(request.ref, request, zone, time_of_day, {number}, request.max_attempts or 1, set(outcomes))

    @property
    def user(self) -> str | None:
        return self.request.user

    @property
    def follows_user(self) -> bool:
        """True when its zone or its time of day is its user's."""
        when = self.request.when
        return self.user is not None and (self.request.timezone is None or (bool(when.weekdays) and when.at is None))


class Walls:
    """Clocks on the wall over one stretch of time, made once for each zone."""

    def __init__(self, start: datetime, end: datetime) -> None:
        self._start, self._end = start, end
        self._clocks: dict[str, oracle.ClockOnTheWall] = {}

    def rings(self, plan: Plan, booked_at: datetime) -> list[datetime]:
        """Return the instants from `booked_at` on, itself included, at which a plan should ring."""
        when = plan.request.when
        if when.cron is not None:
            clock, matches = self._clock(plan.zone), oracle.cron(when.cron)
            rings = clock.rings_repeating(matches) if oracle.is_repeating(when.cron) else clock.rings_fixed(matches)
        elif when.weekdays is not None:
            assert plan.time_of_day is not None, "a weekly plan has a time of day"
            days = tuple(map(int, when.weekdays.split(",")))
            rings = self._clock(plan.zone).rings_fixed(oracle.weekly(days, time.fromisoformat(plan.time_of_day)))
        else:
            rings = [_once(plan, booked_at)]
        until = datetime.fromisoformat(plan.request.until) if plan.request.until else self._end
        return [at for at in rings if booked_at <= at <= until]

    def _clock(self, zone: str) -> oracle.ClockOnTheWall:
        if zone not in self._clocks:
            self._clocks[zone] = oracle.ClockOnTheWall(ZoneInfo(zone), self._start, self._end)
        return self._clocks[zone]


def _once(plan: Plan, booked_at: datetime) -> datetime:
    when = plan.request.when
    if when.delay is not None:
        return booked_at + int(when.delay.removesuffix("s")) * SECOND
    assert when.at is not None, "a one-shot says when"
    if when.at == "now":
        return booked_at
    wall = datetime.fromisoformat(when.at)
    return wall.replace(tzinfo=ZoneInfo(plan.zone)).astimezone(UTC)


def draw_when(random: Random, now: datetime, zone: str, *, users_time: bool) -> WhenWords:
    """Draw a time of any kind that comes within hours of `now`."""
    soon = (now + random.choice((1, 2, 5, 15, 40, 150)) * timedelta(minutes=1)).astimezone(ZoneInfo(zone))
    match random.randrange(12):
        case 0 | 1 | 2:
            return WhenWords(at="now")
        case 3 | 4:
            return WhenWords(delay=f"{random.choice((1, 10, 60, 300, 7200))}s")
        case 5:
            return WhenWords(at=f"{soon:%Y-%m-%d %H:%M}")
        case 6:
            return WhenWords(cron="* * * * *")
        case 7 | 8:
            return WhenWords(cron=random.choice(("*/7 * * * *", "*/20 * * * *", f"{soon.minute} * * * *")))
        case 9:
            return WhenWords(cron=f"{soon.minute} {soon.hour} * * *")
        case _:
            days = "1,2,3,4,5,6,7" if random.random() < 0.7 else f"{soon.isoweekday()}"
            at = None if users_time and random.random() < 0.4 else f"{soon:%H:%M}"
            return WhenWords(weekdays=days, at=at)
