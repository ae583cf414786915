"""What moment do a caller's words mean? "Tomorrow at 10", "el martes a las diez", "in an hour and a half".

A moment, when the words leave only one; else a question in the language of the words, and what they may have meant.
Nothing is guessed: every word must be understood, a part of the day is not a time, and words that people use in two
ways are asked about. What custom alone decides (a bare "10" is in the morning) is told as assumed, to be read back.
The readings stand in `docs/words.md`.

Our own grammar, because the libraries guess in silence: parsedatetime takes "not before tomorrow at 10" for tomorrow,
dateparser "tomorrow at 10" for this hour of tomorrow, dateutil "at 10" for the tenth (each tried).

`tokens` splits, `grammar` reads with the tables of `words` what was `said`, `days` and `hours` list what that may
mean, and this file decides whether one moment is left. `speech` says it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from hyponema_cli.core import timewords, walltime
from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.core.phrases import hours, speech
from hyponema_cli.core.phrases.answer import Kind, Moment, Unclear, moments_around, moments_at
from hyponema_cli.core.phrases.days import FARTHEST, NoDay, days_of
from hyponema_cli.core.phrases.grammar import items_of, language_of
from hyponema_cli.core.phrases.said import (
    Ahead,
    Assumed,
    CalendarDay,
    Clock,
    Day,
    DayOfMonth,
    Delay,
    Item,
    Language,
    Part,
    SameTime,
    Turn,
    VagueDay,
    VagueTime,
    Weekday,
)
from hyponema_cli.core.phrases.speech import city_of, read_back
from hyponema_cli.core.phrases.tokens import tokens_of

__all__ = ["Kind", "Language", "Moment", "Unclear", "city_of", "read_back", "understand"]

LONGEST_TEXT = 200
"""Characters. Who says more than this says more than a time."""
MOST_OFFERED = 4
MINUTE = timedelta(minutes=1)
T = TypeVar("T")


def understand(text: str, zone: ZoneInfo, now: datetime, *, language: Language = "en") -> Moment | Unclear:
    """Return the moment that the words mean to somebody who says them at `now` and lives by the clocks of `zone`.

    `language` is that of the question when the words themselves have none, as 10:30.
    """
    assert now.tzinfo is not None, "an instant has an offset"
    now = now.astimezone(UTC)  # in a zone of its own Python adds by the clock on the wall
    if len(text) > LONGEST_TEXT:
        return _Caller(zone, now, language).ask(Kind.TOO_LONG)
    tokens = tokens_of(text)
    caller = _Caller(zone, now, language_of(tokens, language))
    instant = _instant(text)
    if instant is not None:
        return caller.decide_instant(instant)
    items = items_of(tokens, caller.language, city_of(zone))
    said = None if items is None else _gather(items)
    return caller.ask(Kind.NOT_UNDERSTOOD) if said is None else caller.decide(said)


def _instant(text: str) -> datetime | None:
    """Return the instant of an ISO date and time with an offset, which says all by itself."""
    try:
        return timewords.parse_moment(text, None).at
    except InvalidInput:
        return None


@dataclass(frozen=True, slots=True)
class _Said:
    """The items of a text, each in its place."""

    days: tuple[Day, ...]
    clock: Clock | SameTime | None
    part: Part | None
    turn: Turn | None
    delay: Delay | None
    is_vague_day: bool
    is_vague_time: bool


def _gather(items: Sequence[Item]) -> _Said | None:
    """Return what was said; None when nothing was, or two things that are no one moment ("at 10 at 11")."""
    distinct = tuple(dict.fromkeys(items))
    days = tuple(item for item in distinct if isinstance(item, Ahead | Weekday | DayOfMonth | CalendarDay))
    clocks = [item for item in distinct if isinstance(item, Clock | SameTime)]
    parts = [item for item in distinct if isinstance(item, Part)]
    turns = [item for item in distinct if isinstance(item, Turn)]
    delays = [item for item in distinct if isinstance(item, Delay)]
    vague_days = [item for item in distinct if isinstance(item, VagueDay)]
    vague_times = [item for item in distinct if isinstance(item, VagueTime)]
    others = [days, clocks, parts, turns, vague_days, vague_times]
    if any(len(some) > 1 for some in (clocks, parts, turns, delays)):
        return None
    if any(others) == bool(delays):
        return None
    return _Said(days, _only(clocks), _only(parts), _only(turns), _only(delays), bool(vague_days), bool(vague_times))


def _only(some: Sequence[T]) -> T | None:
    return some[0] if some else None


@dataclass(frozen=True, slots=True)
class _Caller:
    """Who speaks: by which clocks, when, and in which language."""

    zone: ZoneInfo
    now: datetime
    language: Language

    @property
    def wall_now(self) -> datetime:
        return walltime.wall_of(self.now, self.zone)

    @property
    def today(self) -> date:
        return self.wall_now.date()

    def decide(self, said: _Said) -> Moment | Unclear:
        """Find the days, then the time of day, then ask whether one moment is left."""
        if said.delay is not None:
            return self._moment_of(self._to_minute(self.now + said.delay.length))
        days = days_of(said.days, self.wall_now) if said.days else ()
        clock = self._clock(said)
        if isinstance(days, NoDay):
            near = [] if clock is None else self._walls(days.near, clock, said.part)
            return self.ask(Kind(days.kind), near, days=days.near, has_time=clock is not None)
        if said.is_vague_day:
            return self.ask(Kind.NO_DATE, has_time=clock is not None)
        if said.is_vague_time:
            return self._ask_for_time(days)
        if clock is None:
            return self._ask_for_time(days) if said.part is None else self._offer_part(days, said.part)
        assumed: Assumed | None = "same time" if said.clock is None else None
        if not days:
            return self._today_or_ask(hours.unwritten(clock), said)
        return self._settle(self._walls(days, clock, said.part), clock, said, assumed)

    def decide_instant(self, instant: datetime) -> Moment | Unclear:
        """An instant is certain, if it is still to come and can be said: whole minutes, within ten years."""
        if instant > self.now + FARTHEST:
            return self.ask(Kind.TOO_FAR)
        if instant.second:
            return self.ask(Kind.NOT_UNDERSTOOD)
        moment = self._moment_of(instant)
        if instant <= self.now:
            return self.ask(Kind.PAST, self._next([moment.wall], hours.same_time(moment.wall), None))
        return moment

    def _moment_of(self, instant: datetime) -> Moment:
        wall = walltime.wall_of(instant, self.zone)
        fold = instant.astimezone(self.zone).fold
        return Moment(instant.astimezone(UTC), wall, self.zone, fold, None, self.language)

    def _to_minute(self, instant: datetime) -> datetime:
        """Round up: "in two hours" is not sooner than that, and is said in whole minutes."""
        down = instant.replace(second=0, microsecond=0)
        return down if down == instant else down + MINUTE

    def _clock(self, said: _Said) -> Clock | None:
        """Return the time that was said; "in two days" without one means the time that it is now."""
        keeps_time = any(isinstance(day, Ahead) and day.keeps_time for day in said.days)
        if isinstance(said.clock, SameTime) or (said.clock is None and said.part is None and keeps_time):
            return hours.same_time(self.wall_now)
        return said.clock

    def _walls(self, days: Sequence[date], clock: Clock, part: Part | None) -> list[datetime]:
        """List what the caller's clock may show at the moment that is meant."""
        times = hours.times_of(clock, part)
        customary = hours.by_convention(times) if hours.is_bare(clock, part) else times
        return sorted(
            {
                datetime.combine(shown, at)
                for day in days
                for at in (self._times_today(times, customary, days) if day == self.today else customary)
                for shown in hours.dates_of(day, at, clock, part)
            }
        )

    def _times_today(
        self, times: tuple[time, ...], customary: tuple[time, ...], days: Sequence[date]
    ) -> tuple[time, ...]:
        """Today a bare hour may be in either half; where other days may be meant too, custom is enough."""
        is_ahead = all(self._is_ahead(self._today_at(at)) for at in customary)
        return customary if len(days) > 1 and is_ahead else times

    def _next(self, missed: Sequence[datetime], clock: Clock, part: Part | None) -> list[datetime]:
        """List when the clock next shows what was missed: today, if the words meant today, and else tomorrow."""
        clock = hours.unwritten(clock)
        today = [self.today] if max(missed).date() == self.today else []
        ahead = [wall for wall in self._walls(today, clock, part) if self._is_ahead(wall)]
        return ahead or self._walls([self.today + timedelta(days=1)], clock, part)

    def _is_ahead(self, wall: datetime) -> bool:
        return any(moment.at > self.now for moment in moments_around(wall, self.zone))

    def _today_or_ask(self, clock: Clock, said: _Said) -> Moment | Unclear:
        """Without a day it is today; but after ten in the morning "at 10" may well be tomorrow's."""
        walls = self._walls([self.today], clock, said.part)
        times = hours.times_of(clock, said.part)
        customary = hours.by_convention(times) if hours.is_bare(clock, said.part) else ()
        missed = [at for at in customary if len(times) != len(customary) and not self._is_ahead(self._today_at(at))]
        if any(self._is_ahead(wall) for wall in walls):
            walls += [self._today_at(at) + timedelta(days=1) for at in missed]
        return self._settle(walls, clock, said)

    def _today_at(self, at: time) -> datetime:
        return datetime.combine(self.today, at)

    def _settle(
        self, walls: Sequence[datetime], clock: Clock, said: _Said, assumed: Assumed | None = None
    ) -> Moment | Unclear:
        """Answer with the one moment that is left of these readings of the clock, or ask."""
        if not walls:
            return self.ask(Kind.CONTRADICTION)
        if max(walls).date() > self.today + FARTHEST:
            return self.ask(Kind.TOO_FAR)
        ahead = [wall for wall in walls if self._is_ahead(wall)]
        if not ahead:
            return self.ask(Kind.PAST, self._next(walls, clock, said.part))
        if len(ahead) > 1 or hours.is_midnight(clock, ahead[0].time(), said.part):
            return self.ask(Kind.TWO_READINGS, ahead)
        if hours.is_bare(clock, said.part):
            assumed = hours.assumed_name(ahead[0].time())
        return self._place(ahead[0], said.turn, assumed)

    def _place(self, wall: datetime, turn: Turn | None, assumed: Assumed | None) -> Moment | Unclear:
        """Find the instant of what the caller's clock shows, which may skip it or show it twice."""
        moments = moments_at(wall, self.zone)
        if turn is not None and len(moments) != 2:
            return self.ask(Kind.CONTRADICTION, [wall])
        left = [moment for moment in moments if moment.at > self.now and (turn is None or turn.fold == moment.fold)]
        if len(left) == 1:
            return replace(left[0], assumed=assumed, language=self.language)
        if not moments:
            return self.ask(Kind.IN_A_GAP, [wall], what=wall)
        return self.ask(Kind.TWICE if left else Kind.PAST, [wall], what=wall)

    def _ask_for_time(self, days: Sequence[date]) -> Unclear:
        if not days:
            return self.ask(Kind.NO_TIME)
        to_come = [day for day in days if day >= self.today]
        if not to_come:
            return self.ask(Kind.PAST)
        return self.ask(Kind.NO_TIME if len(to_come) == 1 else Kind.TWO_READINGS, days=to_come)

    def _offer_part(self, days: Sequence[date], part: Part) -> Unclear:
        """A part of the day is not a time: offer some times of it."""
        if not days:
            return self.ask(Kind.NO_DATE)
        walls = [datetime.combine(day, time(hour)) for day in days for hour in hours.EXAMPLES[part]]
        ahead = [wall for wall in walls if self._is_ahead(wall)]
        if not ahead:
            return self.ask(Kind.PAST)
        left = sorted({wall.date() for wall in ahead})
        return self.ask(Kind.PART_OF_DAY if len(left) == 1 else Kind.TWO_READINGS, ahead, days=left)

    def ask(
        self,
        kind: Kind,
        walls: Iterable[datetime] = (),
        *,
        what: datetime | None = None,
        days: Sequence[date] = (),
        has_time: bool = False,
    ) -> Unclear:
        """Ask back, with those of the readings that are still to come as alternatives."""
        around = (moment for wall in sorted(walls) for moment in moments_around(wall, self.zone))
        moments = tuple(replace(some, language=self.language) for some in around if some.at > self.now)[:MOST_OFFERED]
        sentence = speech.question(
            kind, self.language, self.today, what=what, moments=moments, days=days, has_time=has_time
        )
        return Unclear(kind, sentence, moments, self.language)
