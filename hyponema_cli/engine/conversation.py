"""Who is talking to whom, and what is a tool's answer? What both tools work with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hyponema_cli.core import phone, phrases, timewords, walltime
from hyponema_cli.core.errors import Refused
from hyponema_cli.core.instant import to_text
from hyponema_cli.core.phrases import Language, Moment, Unclear
from hyponema_cli.core.records import Agent, Proposal, Session, Settings, User
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.openings import Opening, in_words
from hyponema_cli.store import tools

PROPOSED_FOR = timedelta(minutes=15)
"""How long a caller may take to agree; after that, what stood in the way is no longer known."""
FARTHEST = timedelta(days=366)
"""Nobody promises a call later than that; it is more likely that a word was misheard."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tool says. `status` is stable: proposed, unclear, blocked, booked, listed, moved, canceled."""

    status: str
    body: Mapping[str, Any] = field(default_factory=dict)
    run_at: datetime | None = None
    """The instant that it is about, for the trace."""
    schedule_id: str | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """One agent, in one live session with one person."""

    desk: Desk
    agent: Agent
    session: Session
    user: User | None
    """None for a caller of whom only the number is known."""
    workspace: Settings
    now: datetime

    @property
    def user_ids(self) -> list[str]:
        """Return the user, as a list that may be empty."""
        return [self.user.id] if self.user is not None else []

    def zone(self) -> ZoneInfo:
        """Return the caller's clocks; raises Refused when nobody knows them."""
        known = (self.user.timezone if self.user else None) or self.workspace.timezone
        if known is not None:
            return timewords.stored_zone(known)
        zones = phone.zones_of(self.session.phone_number)
        if len(zones) == 1:
            return timewords.stored_zone(zones[0])
        raise Refused(
            "no_timezone", "nobody knows on which clocks this caller lives", hint="hyp users edit USER --tz ZONE"
        )

    def heard(self, words: str) -> Moment | Answer:
        """Return the moment that the caller's words mean, or the answer that asks back."""
        zone = self.zone()
        found = phrases.understand(words, zone, self.now)
        if isinstance(found, Unclear):
            return self.asking_back(found)
        if found.at - self.now > FARTHEST:
            raise Refused("too_far", f"{to_text(found.at)} is more than a year away", hint="name a nearer time")
        return found

    def asking_back(self, it: Unclear) -> Answer:
        """Answer with a question, and what the caller may have meant."""
        offered = [self.offered(moment) for moment in it.alternatives]
        return Answer("unclear", {"kind": it.kind, "ask": it.question, "alternatives": offered})

    def offered(self, moment: Moment) -> dict[str, Any]:
        """Say a moment so that it can be read to the caller, and given back as `when`."""
        return {"when": _with_offset(moment), "run_at": to_text(moment.at), "say": self.said(moment)}

    def said(self, moment: Moment) -> str:
        """Say a moment in the caller's language, on their clocks."""
        return phrases.read_back(moment, moment.language, now=self.now)

    def said_at(self, at: datetime, language: Language = "en") -> str:
        """Say an instant."""
        return self.said(self.moment(at, language))

    def moment(self, at: datetime, language: Language = "en") -> Moment:
        """Return an instant on the caller's clocks."""
        zone = self.zone()
        wall = walltime.wall_of(at, zone)
        return Moment(at, wall, zone, fold=at.astimezone(zone).fold, language=language)

    def propose(
        self,
        tool: str,
        action: str,
        details: Mapping[str, Any],
        *,
        schedule_id: str | None = None,
        occurrence_at: datetime | None = None,
        run_at: datetime | None = None,
    ) -> tuple[str, datetime]:
        """Keep a proposal; return its id, and until when it may be confirmed."""
        expires_at = self.now + PROPOSED_FOR
        proposal = Proposal(
            self.desk.new_id("prop", self.now),
            self.session.id,
            self.agent.id,
            tool,
            action,
            schedule_id,
            occurrence_at,
            run_at,
            details,
            self.now,
            expires_at,
        )
        tools.propose(self.desk.store, proposal)
        return proposal.id, expires_at

    def proposal(self, proposal_id: str, tool: str) -> Proposal:
        """Return a proposal that may be confirmed now; raises Refused for any other."""
        found = tools.proposal(self.desk.store, proposal_id, self.session.id)
        if found is None or found.tool != tool:
            raise Refused(
                "unknown_proposal",
                f"there is no proposal {proposal_id[:60]!r} in this session",
                hint="propose again, read it to the caller, and confirm with the id of that answer",
            )
        if found.confirmed_at is not None:
            kept = f": {found.kept_by}" if found.kept_by else ""
            raise Refused(
                "already_confirmed",
                f"{found.id} was confirmed at {to_text(found.confirmed_at)}{kept}",
                hint="it is done; do not confirm it again",
            )
        if self.now >= found.expires_at:
            raise Refused(
                "proposal_over",
                f"{found.id} could be confirmed until {to_text(found.expires_at)}",
                hint="propose again",
            )
        return found

    def opening_body(self, it: Opening, language: Language) -> dict[str, Any]:
        """Say what stands in the way of a call, what else is planned about then, and what could be offered."""
        return {
            "in_the_way": [in_words(each) for each in it.in_the_way],
            "near": [
                {"callback": other.id, "run_at": to_text(at), "say": self.said_at(at, language)}
                for other, at in it.near
            ],
            "alternatives": [self.offered(self.moment(at, language)) for at in it.alternatives],
        }


def _with_offset(moment: Moment) -> str:
    return moment.at.astimezone(moment.zone).isoformat(timespec="minutes")
