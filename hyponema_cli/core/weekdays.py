"""Which days of the week? ISO 8601 numbers, 1 is Monday and 7 is Sunday; names and ranges are accepted.

Cron counts from Sunday as 0, which is why 0 is refused here with a hint and never taken for a guess.
"""

from __future__ import annotations

from hyponema_cli.core.errors import InvalidInput

NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FULL = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NUMBER = {
    **{name: number for number, name in enumerate(NAMES, 1)},
    **{name: number for number, name in enumerate(_FULL, 1)},
    **{str(number): number for number in range(1, 8)},
}
_HINT = "ISO weekdays: 1 is Monday … 7 is Sunday; also mon,wed,fri or mon-fri"


def parse(text: str) -> tuple[int, ...]:
    """Read `1,3,5`, `mon-fri`, `Sat,Sun` as sorted ISO numbers; a range may pass Sunday (`fri-mon`).

    >>> parse("1,3,5"), parse("mon-fri"), parse("sat-mon")
    ((1, 3, 5), (1, 2, 3, 4, 5), (1, 6, 7))
    """
    days: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        start = _number(first, text)
        end = _number(last, text) if dash else start
        length = (end - start) % 7 + 1
        days.update((start - 1 + step) % 7 + 1 for step in range(length))
    return tuple(sorted(days))


def to_text(days: tuple[int, ...]) -> str:
    """Write weekdays for people.

    >>> to_text((1, 2, 3, 4, 5)), to_text((1, 3)), to_text((1, 2, 3, 4, 5, 6, 7))
    ('Mon-Fri', 'Mon, Wed', 'every day')
    """
    if len(days) == 7:
        return "every day"
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return f"{NAMES[days[0] - 1].title()}-{NAMES[days[-1] - 1].title()}"
    return ", ".join(NAMES[day - 1].title() for day in days)


def _number(word: str, whole: str) -> int:
    number = _NUMBER.get(word.strip().casefold())
    if number is None:
        value = repr(word.strip()) + ("" if word.strip() == whole else f" in {whole!r}")
        hint = "Sunday is 7 here (0 only in cron); " + _HINT if word.strip() == "0" else _HINT
        raise InvalidInput(f"{value} is not a weekday", hint=hint)
    return number
