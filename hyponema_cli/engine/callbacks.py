"""schedule_callback: a call back is proposed, read to the caller, and booked once they have agreed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from hyponema_cli.core import walltime
from hyponema_cli.core.errors import InvalidInput, Refused
from hyponema_cli.core.instant import to_text
from hyponema_cli.core.phrases import Moment
from hyponema_cli.core.records import Proposal
from hyponema_cli.core.when import WhenWords
from hyponema_cli.engine import book
from hyponema_cli.engine.conversation import Answer, Conversation
from hyponema_cli.engine.openings import Opening, look
from hyponema_cli.engine.request import Request
from hyponema_cli.store import tools

TOOL = "schedule_callback"
MOST_PROMISED = 5
"""Calls that one session may promise; more is a model that runs in circles."""
_SECOND = timedelta(seconds=1)


def schedule_callback(conversation: Conversation, arguments: Mapping[str, Any]) -> Answer:
    """Propose a call at `when`, or book what was proposed as `confirm`."""
    if "confirm" in arguments:
        if len(arguments) > 1:
            raise InvalidInput("confirm stands alone", hint="a proposal has its time; to change it, propose again")
        return _book(conversation, conversation.proposal(arguments["confirm"], TOOL))
    if "when" not in arguments:
        raise InvalidInput("when is missing", hint="give when to propose a call, or confirm to book a proposed one")
    return _propose(conversation, arguments["when"], arguments.get("about"))


def when_of(moment: Moment) -> WhenWords:
    """Return a moment as the time of a schedule: the reading of the caller's clocks is what is promised."""
    both = isinstance(walltime.read(moment.wall, moment.zone), walltime.Fold)
    fold = ("second" if moment.fold else "first") if both else None
    return WhenWords(at=moment.wall.isoformat(sep=" ", timespec="seconds"), fold=fold)


def opening_of(conversation: Conversation, moment: Moment, besides: tuple[str, ...] = ()) -> Opening:
    """Judge a call to the caller at a moment; `besides` are the schedules that it would take the place of."""
    desk = conversation.desk
    draft = book.booked(desk, _request(conversation, moment, None), conversation.agent.id, conversation.now)
    return look(desk, draft, moment.at, moment.zone, conversation.session.id, besides)


def blocked(conversation: Conversation, moment: Moment, opening: Opening) -> Answer:
    """Answer that a call would not go out then, why, and when it would."""
    return Answer(
        "blocked",
        {
            "run_at": to_text(moment.at),
            "asked": conversation.said(moment),
            **conversation.opening_body(opening, moment.language),
        },
        moment.at,
    )


def proposed(
    conversation: Conversation, moment: Moment, opening: Opening, say: str, proposal: tuple[str, datetime]
) -> Answer:
    """Answer with what is to be read to the caller, and what to confirm it by: the proposal's id, until its end."""
    proposal_id, expires_at = proposal
    body = {
        "proposal": proposal_id,
        "say": say,
        "run_at": to_text(moment.at),
        "timezone": moment.zone.key,
        "assumed": moment.assumed,
        **conversation.opening_body(opening, moment.language),
        "confirm_until": to_text(expires_at),
    }
    return Answer("proposed", body, moment.at)


def _propose(conversation: Conversation, when: str, about: str | None) -> Answer:
    moment = conversation.heard(when)
    if isinstance(moment, Answer):
        return moment
    opening = opening_of(conversation, moment)
    if not opening.is_open:
        return blocked(conversation, moment, opening)
    if tools.count_promised(conversation.desk.store, conversation.session.id) >= MOST_PROMISED:
        raise Refused(
            "too_many", f"{MOST_PROMISED} calls were promised in this session", hint="move or cancel one of them"
        )
    details = {**details_of(moment), "about": about}
    proposal = conversation.propose(TOOL, "book", details, run_at=moment.at)
    return proposed(conversation, moment, opening, conversation.said(moment), proposal)


def _book(conversation: Conversation, proposal: Proposal) -> Answer:
    moment = moment_of(conversation, proposal)
    opening = opening_of(conversation, moment)
    if not opening.is_open:  # it was when it was proposed
        return blocked(conversation, moment, opening)
    request = _request(conversation, moment, proposal.details["about"])
    schedule, _ = book.add(conversation.desk, request, created_by=conversation.agent.id)
    tools.confirm(conversation.desk.store, proposal.id, schedule.id, conversation.now)
    body = {
        "callback": schedule.id,
        "run_at": to_text(moment.at),
        "timezone": moment.zone.key,
        "say": conversation.said(moment),
    }
    return Answer("booked", body, moment.at, schedule.id)


def details_of(moment: Moment) -> dict[str, Any]:
    """Return what a proposal keeps of a moment."""
    return {"wall": moment.wall.isoformat(sep=" "), "timezone": moment.zone.key, "language": moment.language}


def moment_of(conversation: Conversation, proposal: Proposal) -> Moment:
    """Return the moment that was read to the caller; raises Refused when it has passed."""
    assert proposal.run_at is not None, "the table's CHECK"
    if proposal.run_at < conversation.now - _SECOND:
        raise Refused("proposal_over", f"{to_text(proposal.run_at)} has passed", hint="propose another time")
    return conversation.moment(proposal.run_at, proposal.details["language"])


def _request(conversation: Conversation, moment: Moment, about: str | None) -> Request:
    user = conversation.user
    return Request(
        agent=conversation.agent.id,
        user=user.id if user else None,
        to=None if user else conversation.session.phone_number,
        when=when_of(moment),
        timezone=moment.zone.key,
        name="Callback",
        description=about,
        context={"about": about} if about else {},
        metadata={"session_id": conversation.session.id},
    )
