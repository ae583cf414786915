"""May somebody be called at an instant to come, and if not, when instead? What `decide` says before it is booked.

The schedule that would be booked is put into the file, judged there, and taken out again: what is judged is what
would be dialled, by the gates that will be asked then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from hyponema_cli.core import walltime
from hyponema_cli.core.call import LIVE_SCHEDULES
from hyponema_cli.core.decide import Dial
from hyponema_cli.core.explain import REASONS
from hyponema_cli.core.gates import Answer
from hyponema_cli.core.promise import ON_TIME
from hyponema_cli.core.records import Schedule, Settings
from hyponema_cli.core.schedule import Occurrence
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.materialise import occurrences_ahead
from hyponema_cli.engine.why import Inquiry, Outlook
from hyponema_cli.store import schedules, sessions

NEAR = timedelta(hours=1)
"""Another call to the same person within this time of a proposed one is told: few want both."""
MOST_OFFERED = 3
MOST_TRIED = 80
_STEP = timedelta(minutes=30)
_DAYS_TRIED = 7


@dataclass(frozen=True, slots=True)
class Opening:
    """What would become of a call at an instant."""

    is_open: bool
    in_the_way: tuple[Answer, ...]
    """The gates that would not let it pass at once."""
    near: tuple[tuple[Schedule, datetime], ...]
    """Other calls that are planned to the same person about then."""
    alternatives: tuple[datetime, ...]
    """When it would go out instead, the nearest first; none where it is open."""


def look(
    desk: Desk, draft: Schedule, at: datetime, zone: ZoneInfo, session_id: str, besides: Sequence[str] = ()
) -> Opening:
    """Judge a call that is not booked yet, as if the session in which it is spoken of were over by then.

    `besides` are the schedules that it would take the place of.

    Instants are offered on the hour and half hour of `zone`, for half a day, and at the same time on other days.
    """
    now = desk.clock.now()
    with desk.store.rehearsal():
        schedules.insert(desk.store, draft)
        sessions.end(desk.store, session_id, now)
        workspace = desk.settings()
        inquiry = Inquiry(desk, workspace, now)
        seen = _seen(inquiry, draft, at)
        is_open = seen.rings_at is not None and seen.rings_at - at <= ON_TIME
        in_the_way = tuple(each for each in seen.decision.gates if each.verdict != "pass")
        near = tuple(_near(desk, workspace, draft, at, besides))
        offered = () if is_open else tuple(_alternatives(inquiry, draft, at, zone, now, seen))
        return Opening(is_open, in_the_way, near, offered)


def in_words(answer: Answer) -> dict[str, Any]:
    """Say what a gate has against a call."""
    reason = answer.reason or ""
    return {"gate": answer.gate, "reason": reason, "message": REASONS.get(reason, reason)}


def _seen(inquiry: Inquiry, draft: Schedule, at: datetime) -> Outlook:
    return inquiry.outlook(draft, Occurrence(at, ""))


def _near(
    desk: Desk, workspace: Settings, draft: Schedule, at: datetime, besides: Sequence[str]
) -> Iterator[tuple[Schedule, datetime]]:
    user_ids = [draft.user_id] if draft.user_id is not None else []
    for each in schedules.of_callee(desk.store, draft.phone_number, user_ids):
        if each.id == draft.id or each.id in besides or each.status not in LIVE_SCHEDULES or each.trouble is not None:
            continue
        coming = next(occurrences_ahead(desk.store, each, workspace, at - NEAR - timedelta(seconds=1)), None)
        if coming is not None and coming.at <= at + NEAR:
            yield each, coming.at


def _alternatives(
    inquiry: Inquiry, draft: Schedule, at: datetime, zone: ZoneInfo, now: datetime, seen: Outlook
) -> Iterator[datetime]:
    opens = [gate.until for gate in seen.decision.gates if gate.until is not None and gate.until > at]
    walls = [
        *_round_walls(walltime.wall_of(at, zone)),
        *(_rounded_up(walltime.wall_of(each, zone)) for each in opens),
    ]
    instants = {instant for wall in walls if (instant := _shown_once(wall, zone)) is not None and instant != at}
    tried = sorted(instants, key=lambda each: abs(each - at))
    soonest = now + timedelta(minutes=1)
    good = (each for each in tried[:MOST_TRIED] if each >= soonest and _is_dialled(inquiry, draft, each))
    yield from islice(good, MOST_OFFERED)


def _is_dialled(inquiry: Inquiry, draft: Schedule, at: datetime) -> bool:
    return isinstance(_seen(inquiry, draft, at).decision, Dial)


def _round_walls(wall: datetime) -> Iterator[datetime]:
    """Yield readings of the clock that people would name, about one of them."""
    half_hour = wall.replace(minute=wall.minute // 30 * 30, second=0, microsecond=0)
    yield from (half_hour + _STEP * step for step in range(-24, 26))
    yield from (wall + timedelta(days=days) for days in range(1, _DAYS_TRIED + 1))


def _rounded_up(wall: datetime) -> datetime:
    half_hour = wall.replace(minute=wall.minute // 30 * 30, second=0, microsecond=0)
    return half_hour if half_hour == wall else half_hour + _STEP


def _shown_once(wall: datetime, zone: ZoneInfo) -> datetime | None:
    reading = walltime.read(wall, zone)
    return reading.at if isinstance(reading, walltime.Exact) else None
