"""How often may one person be called? Rolling caps, written `3/24h, 7/7d`.

A cap counts dials, not conversations: a phone that rings is what a person remembers. It looks back from the moment of
the call, never from midnight, because three calls before midnight and three after it are six calls in an evening.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.core.timewords import duration_text, parse_duration

LARGEST_COUNT = 1000
LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `count` dials within any `within`."""

    count: int
    within: timedelta

    @property
    def text(self) -> str:
        """Write it as it is typed."""
        seconds = int(self.within.total_seconds())
        # 24h is how the rules say it; a day is 1d.
        within = f"{seconds // 3600}h" if seconds <= 72 * 3600 and not seconds % 3600 else duration_text(self.within)
        return f"{self.count}/{within}"

    def dials_within(self, dials: Sequence[datetime], now: datetime) -> int:
        """Count the dials that the cap sees at `now`."""
        return sum(now - dial < self.within for dial in dials)

    def free_at(self, dials: Sequence[datetime], now: datetime) -> datetime | None:
        """Return the instant at which the cap lets the next dial go; None when it does now. Newest dial first."""
        if self.dials_within(dials, now) < self.count:
            return None
        # The oldest of the last `count` dials must have left the span; a clock put back is no new span.
        return dials[self.count - 1] + self.within


@lru_cache(maxsize=64)
def parse(text: str) -> tuple[Cap, ...]:
    """Read `3/24h, 7/7d`; the tightest span first.

    >>> to_text(parse("7/7d,3/24h"))
    '3/24h, 7/7d'

    Raises InvalidInput for a count below one, a span that is none, and two caps of one span.
    """
    caps: dict[timedelta, Cap] = {}
    for word in text.casefold().split(","):
        cap = _cap(word.strip(), text)
        if cap.within in caps:
            raise InvalidInput(f"call cap {text!r} names {cap.text.partition('/')[2]} twice", hint=_HINT)
        caps[cap.within] = cap
    return tuple(caps[within] for within in sorted(caps))


def to_text(caps: Sequence[Cap]) -> str:
    """Write caps as `parse` reads them."""
    return ", ".join(cap.text for cap in caps)


_HINT = "as in '3/24h, 7/7d': three in any 24 hours, seven in any 7 days"


def _cap(word: str, whole: str) -> Cap:
    count, slash, within = word.partition("/")
    if not slash or not (count.strip().isascii() and count.strip().isdigit()):
        raise InvalidInput(f"call cap {whole!r}: {word!r} is not COUNT/SPAN", hint=_HINT)
    # More digits than a number this large has would only be read to be refused.
    number = int(count.strip().lstrip("0")[:9] or "0")
    if not 1 <= number <= LARGEST_COUNT:
        hint = "to call nobody, pause or suppress" if number == 0 else _HINT
        raise InvalidInput(f"call cap {whole!r}: the count must be from 1 to {LARGEST_COUNT}", hint=hint)
    if within.strip().isdigit():
        raise InvalidInput(f"call cap {whole!r}: {within.strip()!r} has no unit", hint=_HINT)
    try:
        span = parse_duration(within)
    except InvalidInput:
        raise InvalidInput(f"call cap {whole!r}: {within.strip()!r} is no span of time", hint=_HINT) from None
    if not timedelta(0) < span <= LONGEST:
        raise InvalidInput(f"call cap {whole!r}: the span must be from 1s to a year", hint=_HINT)
    return Cap(number, span)
