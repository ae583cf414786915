"""Is this a phone number, and how is it shown? E.164: a plus and up to fifteen digits, the first not zero.

The shape is the hard rule. Whether a numbering plan knows such a number is a warning: plans change, and the sample
number that one of the guides prints (+1234567890) is itself no possible number.
"""

from __future__ import annotations

import re
from functools import lru_cache

from hyponema_cli.core.errors import InvalidInput

# ITU-T E.164 (2010) section 6: country code and national number, fifteen digits at most.
_E164 = re.compile(r"\+[1-9][0-9]{1,14}", re.ASCII)
_SPACING = re.compile(r"[\s().-]", re.ASCII)


def parse(text: str) -> str:
    """Return the number as `+34600000001`; spaces, dots, dashes and parentheses between digits are let go.

    >>> parse("+34 600 000 001")
    '+34600000001'

    Raises InvalidInput for anything without a plus, too long, or with other characters.
    """
    number = _SPACING.sub("", text.strip())
    if _E164.fullmatch(number) is None:
        hint = "E.164 form: + country code and number, as in +34600000001"
        if number.startswith("00") and _E164.fullmatch("+" + number[2:]):
            hint = f"did you mean +{number[2:]}?"
        raise InvalidInput(f"phone number {text!r} is not in E.164 form", hint=hint)
    return number


def is_plain(text: str) -> bool:
    """True for a number that `parse` returns as it is."""
    return _E164.fullmatch(text) is not None


def looks_impossible(number: str) -> bool:
    """True when no numbering plan has a number of that length.

    >>> looks_impossible("+1234567890"), looks_impossible("+34600000001")
    (True, False)
    """
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return True
    return not phonenumbers.is_possible_number(parsed)


@lru_cache(maxsize=4096)
def zones_of(number: str) -> tuple[str, ...]:
    """Return the names of every zone in which the owner of a number may live; none when nobody can tell.

    >>> zones_of("+34600000001"), zones_of("+888123456")
    (('Atlantic/Canary', 'Europe/Madrid'), ())
    """
    import phonenumbers
    from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_number

    try:
        found = time_zones_for_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return ()
    return () if UNKNOWN_TIMEZONE in found else tuple(found)


def masked(number: str) -> str:
    """Show enough to recognise a number by, for logs.

    >>> masked("+34600000001")
    '+346…001'
    """
    return f"{number[:4]}…{number[-3:]}"
