"""How is a rule said in words, and what would change a gate's mind?"""

from __future__ import annotations

from collections.abc import Mapping

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


REASONS = {
    "paused": "the schedule is paused",
    "schedule_canceled": "the schedule is canceled",
    "max_occurrences": "all calls that it may make were made",
    "too_late": "it was too late for the call",
    "overtaken": "a later occurrence was due already",
    "database_behind": "this file is older than its last dials",
    "no_caller_id": "there is no number to call from",
    "not_connected": "there is no way to connect the agent",
    "carrier_unusable": "the carrier cannot be used",
    "carrier_held": "the carrier refused, and is left alone for a while",
    "not_live": "the workspace is not live",
    "suppressed": "the number is suppressed",
    "live_session": "they are in a conversation",
    "line_busy": "the line is held by another call",
    "overlap": "the call before it is not over",
    "zone_unknown": "nobody knows on which clocks they live",
    "outside_calling_window": "outside the calling window",
    "window_never_opens": "the calling window never opens for them",
    "call_cap": "they were called as often as they may be",
    "pace": "the carrier's pace",
    "next_pass": "the pass has no more time; the next one goes on",
    "concurrency": "as many calls are going on as may",
    "daily_budget": "the budget of the day is spent",
    "queued_past_deadline": "the carrier held it back for too long, and it was withdrawn",
    "queued_outside_window": "the carrier held it back until the calling window had closed, and it was withdrawn",
    "redialled_from_doubt": "a call is in doubt, and its schedule wants another one",
    "no_clean_answer": "the carrier's answer was lost; nobody knows whether a phone rang",
    "carrier_error": "the carrier's plugin failed in the middle; nobody knows whether a phone rang",
    "process_lost": "hyp died while it was asking; nobody knows whether a phone rang",
    "database_restored": "a copy was put back; nobody knows whether a phone rang",
    "resolved_by_operator": "a person said what happened",
    "answered": "answered",
    "voicemail": "a machine answered",
    "no_answer": "nobody answered",
    "busy": "the line was busy",
    "rejected": "the carrier refused it",
    "end_never_told": "the carrier never told how it ended",
    "rescheduled": "its rule was changed before it was dialled",
    "called_off": "this one time was called off",
}
"""The reasons that programs compare, in words for people."""

REMEDIES = {
    "paused": "hyp schedules resume {schedule}",
    "schedule_canceled": "add a new schedule: hyp schedules add",
    "max_occurrences": "hyp schedules edit {schedule} --max-occurrences {more}",
    "too_late": "hyp schedules run-now {schedule}",
    "database_behind": "hyp reconcile",
    "no_caller_id": "hyp numbers attach NUMBER {agent}",
    "not_connected": "hyp agents edit {agent} --stream-url URL; or give it an --answer-url or --application-sid",
    "carrier_unusable": "mend the carrier; see: hyp carriers list",
    "carrier_held": "mend what it names, then lift the hold: hyp carriers check {account}",
    "not_live": "hyp config set live true",
    "suppressed": "hyp suppressions remove {number}",
    "live_session": "hyp sessions end {datum}, or wait for its end",
    "line_busy": "wait for the end of {datum}; if it is in doubt: hyp reconcile --resolve {datum} placed|not-placed",
    "overlap": "wait for the end of {datum}; see: hyp why {datum}",
    "zone_unknown": "{place}",
    "outside_calling_window": "call at another time, or widen the window: {widen}",
    "window_never_opens": "{place}; or widen the window: {widen}",
    "call_cap": "wait, or raise the cap: hyp config set call_cap",
    "pace": "wait for its turn, or raise the pace: hyp config set pace",
    "concurrency": "wait until a call ends, or allow more: hyp config set concurrency",
    "daily_budget": "wait until tomorrow, or allow more: hyp config set daily_budget",
}
"""By the reason of a gate that does not pass: the one change that would let the call through it."""


_WIDEN = {
    "schedule": "hyp schedules edit {schedule} --window HOURS",
    "user": "hyp users edit {user} --window HOURS",
    "workspace": "hyp config set calling_window HOURS",
}
"""How a calling window is changed, by whose it is."""


_PLACE = {
    True: "say where they live: hyp users edit {user} --tz ZONE",
    False: "let any hour do: hyp schedules edit {schedule} --window always; or call them as a user with a timezone",
}
"""How it is said where a callee lives: of a user, of a bare number."""


def remedy(reason: str, facts: Mapping[str, str]) -> str:
    """Return what to do about a gate; `facts` fill in ids, and what is missing stays a word in capitals."""
    words = _Words(facts)
    words["widen"] = _WIDEN.get(words["source"], "").format_map(words)
    words["place"] = _PLACE["user" in words].format_map(words)
    return REMEDIES[reason].format_map(words)


class _Words(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return key.upper()
