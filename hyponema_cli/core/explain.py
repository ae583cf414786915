"""How is a rule said in words?"""

from __future__ import annotations

from hyponema_cli.core import weekdays
from hyponema_cli.core.schedule import Cron, Note, Once, Rule, Weekly

NOTES = {
    Note.MOVED_OUT_OF_GAP: "this time does not exist that day; called when the clocks have gone forward",
    Note.FIRST_OF_TWO: "this time happens twice; this is the first",
    Note.SECOND_OF_TWO: "this time happens twice; this is the second",
    Note.AFTER_DROPPED_SLOT: "the slot before it fell on a day that this zone left out",
}


def in_words(rule: Rule) -> str:
    """Say a rule in a line, without its zone.

    >>> from datetime import time, UTC
    >>> in_words(Weekly((1, 3, 5), time(9, 30), UTC))
    'Mon, Wed, Fri at 09:30'
    """
    match rule:
        case Once(wall=wall) if wall is not None:
            return f"once on {wall:%Y-%m-%d} at {wall:%H:%M}"
        case Once(at=at):
            assert at is not None, "a one-shot rule has an instant or a wall reading"
            return f"once at {at:%Y-%m-%d %H:%M:%S} UTC"
        case Weekly(days, at):
            return f"{weekdays.to_text(days)} at {at:%H:%M:%S}".removesuffix(":00")
        case Cron(expression):
            return f"cron {expression.text}"
