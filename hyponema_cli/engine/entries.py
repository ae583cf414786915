"""manage_callback: what is planned to this caller, and changes of it, proposed, read to them, and then made.

A caller reaches every schedule that calls them, also those that operators made, and no other. Of one that repeats,
one occurrence or the series is changed; which of them is said, and never assumed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from hyponema_cli.core.call import LIVE_SCHEDULES, ScheduleState
from hyponema_cli.core.errors import InvalidInput, Refused
from hyponema_cli.core.explain import in_words
from hyponema_cli.core.instant import maybe_text, to_text
from hyponema_cli.core.phrases import Language
from hyponema_cli.core.records import Proposal, Schedule
from hyponema_cli.core.when import WhenWords
from hyponema_cli.engine import book, find
from hyponema_cli.engine.callbacks import blocked, details_of, moment_of, opening_of, proposed, when_of
from hyponema_cli.engine.conversation import Answer, Conversation
from hyponema_cli.engine.request import Request, again_once
from hyponema_cli.store import schedules, tools

TOOL = "manage_callback"
MOST_LISTED = 20
_INSTEAD_OF: Mapping[Language, str] = {"en": "{new}; instead of {old}", "es": "{new}; en lugar del {old}"}
BY_REQUEST = "the caller asked for it"


def manage_callback(conversation: Conversation, arguments: Mapping[str, Any]) -> Answer:
    """List, cancel or move what is planned to the caller, or do what was proposed as `confirm`."""
    if "confirm" in arguments:
        if len(arguments) > 1:
            raise InvalidInput("confirm stands alone", hint="a proposal says all; to change it, propose again")
        return _do(conversation, conversation.proposal(arguments["confirm"], TOOL))
    match arguments.get("action"):
        case "list":
            return _list(conversation)
        case "cancel":
            return _propose_cancel(conversation, _named(conversation, arguments), arguments.get("scope"))
        case "reschedule":
            return _propose_move(conversation, _named(conversation, arguments), arguments)
    raise InvalidInput("action is missing", hint="give list, cancel or reschedule, or confirm what was proposed")


def _list(conversation: Conversation) -> Answer:
    planned = _planned(conversation)
    shown = [_entry(conversation, each) for each in planned[:MOST_LISTED]]
    return Answer("listed", {"callbacks": shown, "more": max(len(planned) - MOST_LISTED, 0)})


def _planned(conversation: Conversation) -> Sequence[Schedule]:
    number, user_ids = conversation.session.phone_number, conversation.user_ids
    theirs = schedules.of_callee(conversation.desk.store, number, user_ids)
    live = [each for each in theirs if each.status in LIVE_SCHEDULES]
    return sorted(live, key=lambda each: (each.next_run_at is None, maybe_text(each.next_run_at), each.id))


def _entry(conversation: Conversation, it: Schedule) -> dict[str, Any]:
    return {
        "callback": it.id,
        "about": it.description or it.name,
        "agent": it.agent_name,
        "repeats": it.recurring,
        "rule": _rule(conversation, it) if it.recurring else None,
        "paused": it.status is ScheduleState.PAUSED,
        "run_at": maybe_text(it.next_run_at),
        "say": conversation.said_at(it.next_run_at) if it.next_run_at else None,
    }


def _rule(conversation: Conversation, it: Schedule) -> str:
    return f"{in_words(it.rule(conversation.workspace.timezone))} {it.zone_name(conversation.workspace.timezone)[0]}"


def _named(conversation: Conversation, arguments: Mapping[str, Any]) -> Schedule:
    """Return the schedule that is meant, if it calls this person; another person's is as if it were not there."""
    word = arguments.get("callback")
    if word is None:
        raise InvalidInput("callback is missing", hint="its id is in the list: action list")
    for each in _planned(conversation):
        if each.id == word:
            return each
    raise Refused("unknown_callback", f"nothing called {word[:60]!r} is planned to this caller", hint="action list")


def _which(conversation: Conversation, it: Schedule) -> Answer:
    """Ask whether one time is meant or all."""
    next_one = conversation.said_at(it.next_run_at) if it.next_run_at else "the next time"
    ask = f"Only the next call, {next_one}, or every one of them ({_rule(conversation, it)})?"
    body = {"kind": "which-scope", "ask": ask, "scopes": ["occurrence", "series"], "alternatives": []}
    return Answer("unclear", body, schedule_id=it.id)


def _occurrence(it: Schedule) -> datetime:
    if it.next_run_at is None:
        raise Refused("nothing_to_come", f"{it.id} has no further call", hint="action list")
    return it.next_run_at


def _propose_cancel(conversation: Conversation, it: Schedule, scope: str | None) -> Answer:
    if it.recurring and scope is None:
        return _which(conversation, it)
    whole = not it.recurring or scope == "series"
    at = it.next_run_at if not it.recurring else None if whole else _occurrence(it)
    if at is not None:
        say = f"Cancel the call on {conversation.said_at(at)}"
    else:
        say = f"Cancel every call {_rule(conversation, it)}"
    action = "cancel_series" if it.recurring and whole else "cancel"
    return _to_confirm(conversation, it, action, say, at, occurrence_at=at if it.recurring else None)


def _to_confirm(
    conversation: Conversation,
    it: Schedule,
    action: str,
    say: str,
    at: datetime | None,
    *,
    details: Mapping[str, Any] | None = None,
    occurrence_at: datetime | None = None,
) -> Answer:
    """Propose what needs no look at the gates."""
    proposal_id, expires_at = conversation.propose(
        TOOL, action, details or {}, schedule_id=it.id, occurrence_at=occurrence_at
    )
    body = {
        "proposal": proposal_id,
        "callback": it.id,
        "say": say,
        "run_at": maybe_text(at),
        "confirm_until": to_text(expires_at),
    }
    return Answer("proposed", body, at, it.id)


def _propose_move(conversation: Conversation, it: Schedule, arguments: Mapping[str, Any]) -> Answer:
    scope = arguments.get("scope")
    if it.status is ScheduleState.PAUSED:
        raise Refused("paused", f"{it.id} is paused, and would not ring at another time either", hint="cancel it")
    if it.recurring and scope is None:
        return _which(conversation, it)
    if it.recurring and scope == "series":
        return _propose_series(conversation, it, arguments)
    if "when" not in arguments:
        raise InvalidInput("when is missing", hint="the new time, in the caller's words")
    occurrence_at = _occurrence(it)
    moment = conversation.heard(arguments["when"])
    if isinstance(moment, Answer):
        return replace(moment, schedule_id=it.id)
    opening = opening_of(conversation, moment, (it.id,))
    if not opening.is_open:
        return replace(blocked(conversation, moment, opening), schedule_id=it.id)
    proposal = conversation.propose(
        TOOL,
        "move",
        details_of(moment),
        schedule_id=it.id,
        occurrence_at=occurrence_at if it.recurring else None,
        run_at=moment.at,
    )
    old = conversation.said_at(occurrence_at, moment.language)
    say = _INSTEAD_OF[moment.language].format(old=old, new=conversation.said(moment))
    return replace(proposed(conversation, moment, opening, say, proposal), schedule_id=it.id)


def _propose_series(conversation: Conversation, it: Schedule, arguments: Mapping[str, Any]) -> Answer:
    at, days = arguments.get("at"), arguments.get("weekdays")
    if at is None and days is None:
        raise InvalidInput(
            "at or weekdays is missing", hint="the new time of day as HH:MM, the new weekdays, or both"
        )
    if it.kind != "weekly":
        raise Refused("not_weekly", f"{it.id} follows {_rule(conversation, it)}", hint="an operator has to move it")
    words = {"at": at, "weekdays": ",".join(map(str, days)) if days else None}
    _, after = book.edit(conversation.desk, it.id, _series_request(conversation, it, words), dry_run=True)
    assert after.next_run_at is not None, "a rule that never fires is refused"
    rule = in_words(after.rule(conversation.workspace.timezone))
    say = f"From now on {rule}; the next call is on {conversation.said_at(after.next_run_at)}"
    return _to_confirm(conversation, it, "move_series", say, after.next_run_at, details=words)


def _series_request(conversation: Conversation, it: Schedule, words: Mapping[str, Any]) -> Request:
    zone = conversation.zone().key
    same = it.zone_name(conversation.workspace.timezone)[0] == zone
    when = WhenWords(weekdays=words["weekdays"], at=words["at"])
    return Request(when=when, timezone=None if same or words["at"] is None else zone)


def _do(conversation: Conversation, proposal: Proposal) -> Answer:
    assert proposal.schedule_id is not None, "the table's CHECK"
    it = find.schedule(conversation.desk.store, proposal.schedule_id)
    match proposal.action:
        case "move":
            answer = _move(conversation, it, proposal)
        case "move_series":
            _, it = book.edit(conversation.desk, it.id, _series_request(conversation, it, proposal.details))
            body = {**_entry(conversation, it), "callback": it.id}
            answer = Answer("moved", body, it.next_run_at, it.id)
        case _:
            answer = _cancel(conversation, it, proposal)
    if answer.status != "blocked":
        kept_by = answer.schedule_id if answer.status == "moved" else None
        tools.confirm(conversation.desk.store, proposal.id, kept_by, conversation.now)
    return answer


def _cancel(conversation: Conversation, it: Schedule, proposal: Proposal) -> Answer:
    if proposal.occurrence_at is None:
        book.cancel(conversation.desk, it.id, BY_REQUEST)
        return Answer(
            "canceled", {"callback": it.id, "scope": "series" if it.recurring else "occurrence"}, None, it.id
        )
    after, off = book.call_off(conversation.desk, it.id, proposal.occurrence_at)
    body = {
        "callback": it.id,
        "scope": "occurrence",
        "canceled_at": to_text(off),
        "next": conversation.said_at(after.next_run_at) if after.next_run_at else None,
    }
    return Answer("canceled", body, off, it.id)


def _move(conversation: Conversation, it: Schedule, proposal: Proposal) -> Answer:
    moment = moment_of(conversation, proposal)
    opening = opening_of(conversation, moment, (it.id,))
    if not opening.is_open:
        return blocked(conversation, moment, opening)
    desk = conversation.desk
    if it.recurring:
        # Both in the one transaction of the tool: never neither, never twice.
        book.call_off(desk, it.id, proposal.occurrence_at)
        once = again_once(it, when_of(moment), moment.zone.key, {"moved_from": it.id})
        kept_by, _ = book.add(desk, once, created_by=conversation.agent.id)
    else:
        _, kept_by = book.edit(desk, it.id, Request(when=when_of(moment), timezone=moment.zone.key))
    body = {"callback": kept_by.id, "run_at": to_text(moment.at), "say": conversation.said(moment)}
    return Answer("moved", body, moment.at, kept_by.id)
