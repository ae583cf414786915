"""Which rules does a workspace keep? Drawn for each seed: many histories know no gate at all, few know every one.

The values are drawn so that they bite: windows that open or close within the hours of a history, caps of a few calls,
a pace of a call a minute.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from random import Random
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_number

from tests.core.window_oracle import Hours, Sheet, Window

EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)
NAMED = {"us-tcpa": Window((Hours(EVERY_DAY, time(8), time(21)),)), "always": None}
"""Windows that have a name; None: at any hour, on whatever clock."""
FOREIGN_NUMBERS = ("+12125550142", "+18005550142", "+88812345678")
"""Of one zone, of forty, and of none that anybody knows."""
CAPS = ("1/10m", "2/30m", "1/2h", "3/24h", "2/1h, 4/6h")
PACES = ("0.01", "0.02", "0.1", "1", "5")
CONCURRENCIES = ("1", "1", "2", "3")
BUDGETS = ("1", "3", "8", "20")
DOUBTS = ("redial-after 1m", "redial-after 5m", "redial-after 90m")


@dataclass(frozen=True, slots=True)
class House:
    """Which gates somebody uses in one history."""

    windows: bool = False
    caps: bool = False
    sessions: bool = False
    suppressions: bool = False
    pace: bool = False
    concurrency: bool = False
    budget: bool = False
    on_doubt: bool = False
    queues: bool = False
    """The carrier keeps calls queued for long."""
    restores: bool = False
    """The database is put back from a copy."""

    @property
    def uses(self) -> frozenset[str]:
        """The names of all that is used."""
        return frozenset(each.name for each in fields(self) if getattr(self, each.name))


PLAIN = House()


def draw_house(draw: Random) -> House:
    """Draw a house: a third of them plain."""
    if draw.random() < 0.35:
        return PLAIN
    each = draw.choice((0.15, 0.4, 0.8))
    return House(**{field.name: draw.random() < each for field in fields(House)})


@dataclass(frozen=True, slots=True)
class Opening:
    """A calling window: how it is typed, and what the oracle makes of it."""

    text: str
    window: Window | None
    """None: at any hour."""

    def __str__(self) -> str:
        return self.text

    def is_open(self, at: datetime, zones: tuple[str, ...]) -> bool:
        """Say whether every clock shows an open minute; without a clock, none does."""
        return self.window is None or _sheet(self.window).is_open(at, [ZoneInfo(zone) for zone in zones])


@lru_cache(maxsize=256)
def _sheet(window: Window) -> Sheet:
    return Sheet(window)


@lru_cache(maxsize=64)
def zones_of(number: str) -> tuple[str, ...]:
    """Return the zones in which the owner of a number may live."""
    zones = time_zones_for_number(phonenumbers.parse(number))
    return () if UNKNOWN_TIMEZONE in zones else tuple(zones)


def draw_opening(draw: Random, now: datetime, zone: str) -> Opening:
    """Draw a window with an edge within hours of `now` on the clocks of a zone."""
    if draw.random() < 0.2:
        name = draw.choice(tuple(NAMED))
        return Opening(name, NAMED[name])
    hours = tuple(_draw_hours(draw, now.astimezone(ZoneInfo(zone))) for _ in range(draw.choice((1, 1, 2))))
    today = now.astimezone(ZoneInfo(zone)).date()
    closed = (today + timedelta(days=1),) if draw.random() < 0.2 else ()
    every_year = (date(2024, 12, 25), date(2024, 1, 1)) if draw.random() < 0.2 else ()
    window = Window(hours, closed, every_year)
    return Opening(window.text, window)


def _draw_hours(draw: Random, wall: datetime) -> Hours:
    minutes = [-600, -180, -20] if draw.random() < 0.7 else [1, 10, 40]
    start = wall + draw.choice(minutes) * timedelta(minutes=1)
    end = wall + draw.choice((3, 15, 60, 300, 700)) * timedelta(minutes=1)
    if end <= start:
        end = start + timedelta(minutes=30)
    days = EVERY_DAY if draw.random() < 0.7 else (start.isoweekday(),)
    return Hours(days, time(start.hour, start.minute), time(end.hour, end.minute))
