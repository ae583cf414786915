"""Which words of a text tell who somebody was? Their numbers, however they are written, and their name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

FORGOTTEN = "(forgotten)"
"""What stands where a name stood."""
_SPACING = r"[\s().\-]{0,3}"
_SURE_BY_THEMSELVES = 8
"""So many digits in a row are a phone number even without a plus; fewer may be anything."""


@dataclass(frozen=True)
class Traces:
    """What to look for, and the number that takes the place of each number."""

    numbers: tuple[str, ...]
    stand_in: str
    names: tuple[str, ...] = ()
    codes: frozenset[str] = field(default_factory=frozenset)
    """Words of the program, which mean no one even if somebody is called like that."""

    def without(self, text: str) -> str:
        """Return a text, or a JSON document, without them.

        >>> ana = Traces(("+34600000001",), "+99900000000001", ("Ana",))
        >>> ana.without("Ana (+34 600 000 001) moved; see Anabel")
        '(forgotten) (+99900000000001) moved; see Anabel'
        >>> ana.without('{"phone_number": "+34600000001", "n": 346000000011}')
        '{"phone_number": "+99900000000001", "n": 346000000011}'
        """
        if text[:1] in ("{", "["):
            try:
                document = json.loads(text)
            except ValueError:
                return self._replaced(text)
            cleaned = self._in_all(document)
            return text if cleaned == document else json.dumps(cleaned)
        return self._replaced(text)

    def _in_all(self, value: Any) -> Any:
        match value:
            case str():
                return self._replaced(value)
            case list():
                return [self._in_all(each) for each in value]
            case dict():
                # The keys of what is stored are words of the program.
                return {key: self._in_all(each) for key, each in value.items()}
        return value

    def _replaced(self, text: str) -> str:
        if text in self.codes:
            return text
        if self.numbers:
            text = self._number.sub(self.stand_in, text)
        return self._name.sub(FORGOTTEN, text) if self.names else text

    @cached_property
    def _number(self) -> re.Pattern[str]:
        return re.compile("|".join(_forms(self.numbers)), re.IGNORECASE)

    @cached_property
    def _name(self) -> re.Pattern[str]:
        longest_first = sorted(self.names, key=len, reverse=True)
        return re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in longest_first), re.IGNORECASE)


def _forms(numbers: Iterable[str]) -> Iterable[str]:
    for number in sorted(numbers, key=len, reverse=True):
        digits = number.removeprefix("+")
        begins = r"(?:\+|%2B|(?<!\d)00|(?<!\d))" if len(digits) >= _SURE_BY_THEMSELVES else r"(?:\+|%2B)"
        yield begins + _SPACING + _SPACING.join(digits) + r"(?!\d)"
