"""When did somebody ask for? The words of one request, read into the fields of a schedule.

weekdays (and a time of day)  ->  weekly
cron                          ->  cron
an instant, `now`, a delay    ->  once
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hyponema_cli.core import cron, timewords, weekdays
from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.core.schedule import Cron, Once, Rule, Weekly

_FOLDS = {"first": 0, "second": 1}
_HOW = "give --weekdays 1,3,5 --at 09:30, or --cron '0 9 * * MON-FRI', or --at '2026-12-01 14:30', or --in 15m"
_INSTANTS = (
    "write 2026-12-01 14:30 (with --tz), 2026-12-01T14:30:00+01:00 or now; 09:30 with --weekdays 1,3,5, or --in 15m"
)


@dataclass(frozen=True, slots=True)
class WhenWords:
    """What was typed."""

    weekdays: str | None = None
    at: str | None = None
    cron: str | None = None
    delay: str | None = None
    fold: str | None = None
    allow_past: bool = False
    before: str | None = None
    """How long before the instant that `at` names."""
    later: timedelta = timedelta(0)
    """How long after what the other words say; for many calls that are not to go out together."""
    grace: timedelta = timedelta(0)
    """How long ago an instant may be and still mean now; for a program that reads its clock, and then asks."""

    def __bool__(self) -> bool:
        """True when any of it says when."""
        return any((self.weekdays, self.at, self.cron, self.delay))


@dataclass(frozen=True, slots=True)
class When:
    """The timing fields of a schedule, checked."""

    kind: str
    weekdays: tuple[int, ...] | None = None
    local_time: str | None = None
    """HH:MM:SS; None for a weekly rule that follows its user's time."""
    cron_expression: str | None = None
    run_at: datetime | None = None
    run_local: datetime | None = None
    run_fold: int = 0

    def rule(self, zone: ZoneInfo | None) -> Rule:
        """Return the rule on the clocks of `zone`; raises InvalidInput when it needs a zone or time it has not."""
        if self.run_at is not None:
            return Once(at=self.run_at)
        if zone is None:
            raise InvalidInput("no timezone given", hint="add --tz Europe/Madrid")
        if self.run_local is not None:
            return Once(wall=self.run_local, zone=zone, fold=self.run_fold)
        if self.cron_expression is not None:
            return Cron(cron.parse(self.cron_expression), zone)
        if self.local_time is None:
            raise InvalidInput("no time of day given", hint="add --at 09:30")
        assert self.weekdays is not None, "a rule of no other kind is weekly"
        return Weekly(self.weekdays, timewords.parse_time_of_day(self.local_time), zone)


def parse(words: WhenWords, zone: ZoneInfo | None, now: datetime) -> When:
    """Read a request for a time.

    Raises InvalidInput when the words contradict each other, say nothing, name a time in the past, or name a naive
    instant that `zone` does not have or has twice.
    """
    _refuse_contradictions(words)
    if words.fold is not None and words.fold not in _FOLDS:
        raise InvalidInput(f"--fold {words.fold!r} is not first or second", hint="use --fold first or --fold second")
    if words.cron is not None:
        return When("cron", cron_expression=cron.parse(words.cron).text)
    if words.weekdays is not None:
        at = timewords.parse_time_of_day(words.at).isoformat() if words.at is not None else None
        return When("weekly", weekdays=weekdays.parse(words.weekdays), local_time=at)
    if words.delay is not None:
        if words.delay.strip().isdigit():
            # Elsewhere a number alone is seconds. Here somebody would be called too soon who was meant in minutes.
            number = words.delay.strip()
            raise InvalidInput(
                f"--in {words.delay!r} has no unit", hint=f"in minutes: --in {number}m; in seconds: --in {number}s"
            )
        return When("once", run_at=_to_second(now + timewords.parse_duration(words.delay)) + words.later)
    assert words.at is not None, "the contradictions rule out a request that says nothing"
    if words.at.strip().casefold() == "now":
        return When("once", run_at=_to_second(now) + words.later)
    return _parse_instant(words.at, words, zone, now)


def _parse_instant(text: str, words: WhenWords, zone: ZoneInfo | None, now: datetime) -> When:
    if "-" not in text:
        if ":" not in text or set(text.strip()) - set("0123456789:"):
            raise InvalidInput(f"--at {text!r} is not a date and time", hint=_INSTANTS)
        timewords.parse_time_of_day(text)
        raise InvalidInput(
            f"--at {text!r} is a time of day without a day",
            hint=f"add --weekdays mon-fri to repeat it, or a date: --at '2026-12-01 {text}'",
        )
    fold = _FOLDS[words.fold] if words.fold is not None else None
    moment = timewords.parse_moment(text, zone, fold=fold)
    if words.before is not None:
        moment = timewords.earlier(moment, words.before, zone, fold=fold)
    if moment.at < _to_second(now):
        if not words.allow_past and moment.at < _to_second(now) - words.grace:
            said = f"--at {text!r}" if words.before is None else f"{words.before} before --at {text!r}"
            raise InvalidInput(
                f"{said} is in the past ({moment.at:%Y-%m-%dT%H:%M:%SZ})",
                hint="choose a later time; --allow-past calls now instead",
            )
        return When("once", run_at=_to_second(now) + words.later)
    if words.later:
        return When("once", run_at=moment.at + words.later)
    if moment.wall is None:
        return When("once", run_at=moment.at)
    return When("once", run_local=moment.wall, run_fold=moment.fold)


def _refuse_contradictions(words: WhenWords) -> None:
    if not words:
        raise InvalidInput("no time given", hint=_HOW)
    repeats = words.cron is not None or words.weekdays is not None
    names_no_instant = words.at is None or words.at.strip().casefold() == "now"
    if words.before is not None and (repeats or names_no_instant):
        raise InvalidInput(
            f"--before {words.before} needs an --at that names an instant",
            hint="as in --at '2026-12-01 14:30' --before 24h",
        )
    if words.later and repeats:
        raise InvalidInput(
            "calls that repeat cannot be staggered", hint="let fewer go out at once: hyp config set pace 1"
        )
    for left, right, clash in (
        ("--cron", "--weekdays", words.cron is not None and words.weekdays is not None),
        ("--cron", "--at", words.cron is not None and words.at is not None),
        ("--cron", "--in", words.cron is not None and words.delay is not None),
        ("--in", "--weekdays", words.delay is not None and words.weekdays is not None),
        ("--in", "--at", words.delay is not None and words.at is not None),
    ):
        if clash:
            raise InvalidInput(f"{left} and {right} cannot be used together", hint=_HOW)


def _to_second(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(microsecond=0)
