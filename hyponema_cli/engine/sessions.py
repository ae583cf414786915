"""A conversation has begun, goes on, is over: while one lasts, nobody dials that person.

Whoever holds the conversation says so. A session that nobody touches any more expires, so that an agent that died in
the middle of a sentence does not lock a person for ever.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from hyponema_cli.core import phone, timewords
from hyponema_cli.core.errors import Conflict, InvalidInput, NotFound, suggestion
from hyponema_cli.core.records import Session
from hyponema_cli.engine import find
from hyponema_cli.engine.desk import Desk
from hyponema_cli.store import Store, events, executions, sessions, users

DEFAULT_TTL = timedelta(minutes=15)
"""How long a session lasts without a touch."""
LONGEST_TTL = timedelta(days=1)


def start(desk: Desk, who: str, *, channel: str | None, ttl: timedelta, session_id: str | None) -> Session:
    """Note that a conversation has begun with a user, or with whoever has a number.

    Raises NotFound or Ambiguous for a user that is none, Conflict for an id that is taken.
    """
    now = desk.clock.now().replace(microsecond=0)
    with desk.store.transaction():
        user_id, number = person(desk.store, who)
        session = Session(session_id or desk.new_id("ses", now), user_id, number, channel, now, now, now + ttl, None)
        sessions.insert(desk.store, session)
        _log(desk, now, "session.started", session.id, channel)
    return session


def touch(desk: Desk, session_id: str, ttl: timedelta) -> Session:
    """Note that a conversation goes on: it now lasts for `ttl` from here. Raises Conflict when it is over."""
    now = desk.clock.now().replace(microsecond=0)
    with desk.store.transaction():
        session = named(desk.store, session_id)
        if session.status(now) != "live":
            over_at = session.ended_at or session.expires_at
            raise Conflict(
                f"{session.id} {session.status(now)} at {over_at:%Y-%m-%dT%H:%M:%SZ} and cannot be touched",
                hint="they may have been dialled since; begin another: hyp sessions start",
            )
        sessions.touch(desk.store, session.id, now, now + ttl)
        if now + ttl < session.expires_at:
            executions.wake(desk.store, now, phone_number=session.phone_number, user_id=session.user_id)
        _log(desk, now, "session.touched", session.id, None)
        return named(desk.store, session_id)


def end(desk: Desk, session_id: str) -> tuple[Session, bool]:
    """Note that a conversation is over; calls that waited for it may go out. The second value is False if it was."""
    now = desk.clock.now().replace(microsecond=0)
    with desk.store.transaction():
        session = named(desk.store, session_id)
        if session.ended_at is not None:
            return session, False
        sessions.end(desk.store, session.id, now)
        executions.wake(desk.store, now, phone_number=session.phone_number, user_id=session.user_id)
        _log(desk, now, "session.ended", session.id, None)
        return named(desk.store, session_id), True


def person(store: Store, who: str) -> tuple[str | None, str]:
    """Return the user that a word means, and their number; the user is None for the number of a stranger."""
    if who.lstrip().startswith("+"):
        number = phone.parse(who)
        found = users.find(store, number)
        return (found[0].id if len(found) == 1 else None), number
    user = find.user(store, who)
    return user.id, user.phone_number


def read_ttl(text: str | None) -> timedelta:
    """Read how long a session lasts without a touch."""
    if text is None:
        return DEFAULT_TTL
    ttl = timewords.parse_duration(text)
    if not timedelta(0) < ttl <= LONGEST_TTL:
        raise InvalidInput(f"--ttl {text} is not between a second and a day", hint="as in --ttl 15m")
    return ttl


def named(store: Store, session_id: str) -> Session:
    found = sessions.find(store, session_id)
    if found is None:
        hint = suggestion(session_id, sessions.ids(store), otherwise="see: hyp sessions list")
        raise NotFound(f"no session {session_id!r}", hint=hint)
    return found


def _log(desk: Desk, now: datetime, name: str, session_id: str, reason: str | None) -> None:
    events.add(desk.store, now, desk.actor, name, subject_id=session_id, reason=reason)
