"""What must a simulation show? Rules such as `max_per_person 3/24h` or `peak_concurrency <= 10`, read and judged."""

from __future__ import annotations

import operator
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from hyponema_cli.core import caps, instant, phone, walltime, window
from hyponema_cli.core.errors import InvalidInput, suggestion

NUMBERS = (
    "calls",
    "answered",
    "minutes",
    "skipped",
    "missed",
    "failed",
    "exhausted",
    "in_doubt",
    "calls_per_day",
    "calls_per_hour",
    "peak_concurrency",
)
"""What is counted and can be compared; of the calls per day and per hour it is the largest."""
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
}
_COMPARISON = re.compile(r"(<=|>=|==|<|>)\s*([0-9]{1,9}(?:\.[0-9]{1,6})?)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Dialled:
    """One call of a simulation."""

    at: datetime
    phone_number: str
    person: str
    """Who that is, whichever of their numbers was dialled."""
    zones: tuple[ZoneInfo, ...]
    """The clocks that they may live by."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a simulation came to."""

    dialled: Sequence[Dialled]
    numbers: Mapping[str, float]
    """By the words of NUMBERS."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a rule holds, and what shows it."""

    rule: str
    holds: bool
    detail: str


Expectation = Callable[[Evidence], Verdict]


def parse(rule: str) -> Expectation:
    """Read a rule.

    >>> parse("peak_concurrency <= 10")(Evidence((), {"peak_concurrency": 12})).holds
    False

    Raises InvalidInput for a rule that is not known, with the nearest that is.
    """
    words = rule.strip()
    match = re.match(r"[a-z_]+", words)
    name = match[0] if match else ""
    rest = words[len(name) :].strip()
    if name == "no_call_outside":
        return _within(rule, window.parse(rest))
    if name == "max_per_person":
        return _capped(rule, caps.parse(rest))
    if name not in NUMBERS:
        known = ("no_call_outside", "max_per_person", *NUMBERS)
        raise InvalidInput(f"--assert {rule!r} is no known rule", hint=suggestion(name or words, known))
    comparison = _COMPARISON.fullmatch(rest)
    if comparison is None:
        raise InvalidInput(f"--assert {rule!r} does not say what to compare with", hint=f"as in '{name} <= 10'")
    return _compared(rule, name, comparison[1], float(comparison[2]))


def _compared(rule: str, name: str, sign: str, limit: float) -> Expectation:
    def judge(evidence: Evidence) -> Verdict:
        value = evidence.numbers[name]
        return Verdict(rule, _COMPARE[sign](value, limit), f"{name} is {value:g}")

    return judge


def _within(rule: str, hours: window.CallingWindow) -> Expectation:
    def judge(evidence: Evidence) -> Verdict:
        outside = [each for each in evidence.dialled if not hours.is_open(each.at, each.zones)]
        if not outside:
            return Verdict(rule, True, f"{len(evidence.dialled)} calls, all inside")
        first = outside[0]
        closed = [zone for zone in first.zones if not hours.is_open(first.at, (zone,))]
        where = f"{walltime.wall_of(first.at, closed[0]):%a %Y-%m-%d %H:%M} {closed[0].key}" if closed else "unknown"
        said = f"{len(outside)} outside; the first: {phone.masked(first.phone_number)}, {where}"
        return Verdict(rule, False, said)

    return judge


def _capped(rule: str, limits: Sequence[caps.Cap]) -> Expectation:
    def judge(evidence: Evidence) -> Verdict:
        by_person: dict[str, list[Dialled]] = defaultdict(list)
        for each in evidence.dialled:
            by_person[each.person].append(each)
        for dials in by_person.values():
            dials.sort(key=lambda each: each.at)
            for cap in limits:
                for first, last in zip(dials, dials[cap.count :], strict=False):
                    if last.at - first.at < cap.within:
                        said = f"{phone.masked(last.phone_number)} once more at {instant.to_text(last.at)}"
                        return Verdict(rule, False, f"more than {cap.text}: {said}")
        people = f"{len(by_person)} people" if len(by_person) != 1 else "1 person"
        return Verdict(rule, True, f"{people}, none more often")

    return judge
