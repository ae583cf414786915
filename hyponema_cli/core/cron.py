"""What does a cron expression say? Five fields, read strictly, once, into sets of numbers.

The rules are Debian's (cron(8) and crontab(5)), with what a phone must not guess refused:

- minute, hour, day of month, month, day of week; names, lists, ranges and steps; 0 and 7 are Sunday.
- Day of month and day of week: either may match, unless one of them starts with `*`; then both must.
- A minute or hour field that starts with `*` makes the expression *repeating*: it follows real time through a
  clock change. Any other is *fixed*: it names times of the day, and each is called once.
- `L` alone as the day of month is the month's last day, beside a day of week of `*` only. Debian's cron has no such
  thing, but without it nothing could call every year whoever was born on 29 February.
- An expression that can never fire, six fields, `@daily`, `#`, `?` and `R` are refused.

Our own reading, not croniter's, because croniter also takes seconds, random fields and wrapped ranges, and changed
the meaning of `59/15` between 6 and 7. croniter then steps through the plain lists that we hand it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from hyponema_cli.core.errors import InvalidInput

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LONGEST_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_ITEM = re.compile(r"(\*|[0-9]{1,4}|[a-z]+)(?:-([0-9]{1,4}|[a-z]+))?(?:/([0-9]{1,4}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()
    first_name: int = 0


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31),
    _Field("month", 1, 12, _MONTHS, 1),
    _Field("day of week", 0, 7, _WEEKDAYS, 0),
)


@dataclass(frozen=True, slots=True)
class CronExpression:
    """A cron expression that was read and is known to fire."""

    text: str
    """As it was written, with single spaces between the fields."""
    canonical: str
    """The same in plain lists, for croniter."""
    either_day: bool
    """True: day of month or day of week. False: both."""
    repeating: bool
    """True: minute or hour starts with `*`; the expression follows real time through a clock change."""


@lru_cache(maxsize=2048)  # a schedule is read anew at each of its occurrences
def parse(text: str) -> CronExpression:
    """Read five fields.

    >>> parse("0 9 * * mon-fri").canonical
    '0 9 * * 1,2,3,4,5'
    >>> parse("*/15 * * * *").repeating, parse("0 9 * * *").repeating
    (True, False)

    Raises InvalidInput, naming the field, for everything that is not five fields or never fires.
    """
    words = text.split()
    if len(words) != 5:
        raise InvalidInput(f"cron {text!r}: {_wrong_number(words)}", hint=_number_hint(words))
    last_day = words[2] in ("L", "l")
    if last_day and words[4] != "*":
        raise _bad(text, _FIELDS[4], f"{words[4]!r} cannot stand beside L, the last day of the month")
    read = [*words[:2], "*", *words[3:]] if last_day else words
    minutes, hours, days, months, weekdays = [
        _parse_field(field, word.casefold(), text) for field, word in zip(_FIELDS, read, strict=True)
    ]
    both_days = words[2].startswith("*") or words[4].startswith("*")
    if both_days and min(days) > max(_LONGEST_MONTH[month - 1] for month in months):
        raise InvalidInput(
            f"cron {text!r} never fires: no month in it has a day {min(days)}",
            hint="the last day of each month is L, as in '0 9 L * *'",
        )
    weekdays = {day % 7 for day in weekdays}
    if not both_days and (len(days) == 31 or len(weekdays) == 7):
        # Either is enough, and one always matches: every day. croniter would take the other alone.
        days, weekdays = set(range(1, 32)), set(range(7))
    canonical = [
        _write(numbers, low, high)
        for numbers, low, high in (
            (minutes, 0, 59),
            (hours, 0, 23),
            (days, 1, 31),
            (months, 1, 12),
            (weekdays, 0, 6),
        )
    ]
    if last_day:
        canonical[2] = "l"
    return CronExpression(
        text=" ".join(words),
        canonical=" ".join(canonical),
        either_day=not both_days,
        repeating=words[0].startswith("*") or words[1].startswith("*"),
    )


def every_year(text: str) -> str:
    """Return the expression of a date that comes every year: 29 February is the last day of February.

    So whoever was born that day is called on 28 February in common years, as `relativedelta(years=1)`, java.time and
    SQL's date arithmetic have it, and not a day late.

    >>> every_year("0 10 29 2 *"), every_year("0 10 28 2 *")
    ('0 10 L 2 *', '0 10 28 2 *')
    """
    words = text.split()
    is_leap_day = (
        len(words) == 5 and words[2] == "29" and words[3].casefold() in ("2", "02", "feb") and words[4] == "*"
    )
    return " ".join([*words[:2], "L", *words[3:]]) if is_leap_day else text


def _parse_field(field: _Field, word: str, whole: str) -> set[int]:
    numbers: set[int] = set()
    for item in word.split(","):
        match = _ITEM.fullmatch(item)
        if match is None:
            raise _bad(whole, field, f"{item!r} is not a number, name, list, range or step")
        first, last, step = match.groups()
        if first == "*":
            if last is not None:
                raise _bad(whole, field, f"{item!r} is not a range")
            low, high = field.low, field.high if field.name != "day of week" else 6
        else:
            low = _value(field, first, whole)
            high = low if step is None else field.high
            if last is not None:
                high = _value(field, last, whole)
                if field.name == "day of week" and high == 0 < low:
                    high = 7  # fri-sun: at the end of a range Sunday is the seventh day
        if high < low:
            raise _bad(whole, field, f"range {item!r} runs backwards")
        numbers.update(range(low, high + 1, _step(field, step, whole)))
    return numbers


def _step(field: _Field, step: str | None, whole: str) -> int:
    if step is None:
        return 1
    if not 1 <= int(step) <= field.high - field.low:
        raise _bad(whole, field, f"step /{step} must be 1-{field.high - field.low}")
    return int(step)


def _value(field: _Field, word: str, whole: str) -> int:
    if word in field.names:
        return field.names.index(word) + field.first_name
    if not word.isdigit():
        raise _bad(whole, field, f"{word!r} is not known here")
    if not field.low <= int(word) <= field.high:
        raise _bad(whole, field, f"{word} must be {field.low}-{field.high}")
    return int(word)


def _bad(whole: str, field: _Field, problem: str) -> InvalidInput:
    return InvalidInput(
        f"cron {whole!r}: {field.name} {problem}",
        hint="five fields: minute hour day-of-month month day-of-week, as in '30 9 * * MON-FRI'",
    )


def _wrong_number(words: list[str]) -> str:
    return f"{len(words)} field{'' if len(words) == 1 else 's'}, expected 5"


def _number_hint(words: list[str]) -> str:
    if len(words) == 1 and words[0].casefold() in _NICKNAMES:
        return f"write it as '{_NICKNAMES[words[0].casefold()]}'"
    if len(words) == 6:
        return "seconds and years are not supported: minute hour day-of-month month day-of-week"
    return "five fields: minute hour day-of-month month day-of-week, as in '30 9 * * MON-FRI'"


def _write(numbers: set[int], low: int, high: int) -> str:
    if len(numbers) == high - low + 1:
        return "*"
    return ",".join(map(str, sorted(numbers)))
