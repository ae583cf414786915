"""Is this a phone number, and how is it shown? E.164: a plus and up to fifteen digits, the first not zero.

The shape is the hard rule. Whether a numbering plan knows such a number is a warning: plans change, and the sample
number that one of the guides prints (+1234567890) is itself no possible number.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

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

    A file has many numbers, and reading one whole takes as long as all the rest of its row. What is read of it can
    only depend on more than its country code and length where a prefix is let go that is dialled inside the country.
    """
    plan = _plan_of(number[1:4])
    if plan is None:
        return True
    code, inland_prefix = plan
    national = number[1 + len(code) :]
    if inland_prefix is not None and inland_prefix.match(national):
        return _reads_as_impossible(number)
    return not _has_numbers_of(int(code), len(national))


@cache
def _plan_of(digits: str) -> tuple[str, re.Pattern[str] | None] | None:
    """Return the country code that some first digits begin with, and what may be let go behind it."""
    import phonenumbers

    for length in range(1, len(digits) + 1):
        code = int(digits[:length])
        if code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            region = phonenumbers.region_code_for_country_code(code)
            plan = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(code, region)
            assert plan is not None, "every code has one"
            prefix = plan.national_prefix_for_parsing
            return digits[:length], re.compile(prefix) if prefix else None
    return None


@cache
def _has_numbers_of(code: int, length: int) -> bool:
    import phonenumbers

    if length < 2:  # none is so short, and none is read
        return False
    return phonenumbers.is_possible_number(phonenumbers.PhoneNumber(code, 10 ** (length - 1)))


def _reads_as_impossible(number: str) -> bool:
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
