"""hyp sessions: the conversations that are going on; while one lasts, nobody dials that person."""

from __future__ import annotations

from typing import Annotated

import typer

from hyponema_cli.cli import values
from hyponema_cli.cli.command import LIST, WRITE, Session, command, group
from hyponema_cli.core import records
from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.core.instant import maybe_text, to_text
from hyponema_cli.engine import sessions as engine
from hyponema_cli.render import json
from hyponema_cli.render.tables import Column
from hyponema_cli.store import sessions, tools

app = group("Conversations that are going on, on any channel: nobody dials in the middle of one.")

STATUSES = ("live", "expired", "ended")
Word = Annotated[str, typer.Argument(metavar="SESSION", help="Its id.", show_default=False)]
Ttl = Annotated[
    str | None,
    typer.Option("--ttl", metavar="DURATION", help="How long it lasts without a touch. [default: 15m]"),
]


@command(app, "start", WRITE)
def start(
    session: Session,
    who: Annotated[str | None, typer.Argument(metavar="[USER|+E164]", help="With whom.", show_default=False)] = None,
    user: Annotated[str | None, typer.Option("--user", metavar="USER", help="With whom, as a user.")] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="+E164", help="With whom, by their number.")] = None,
    channel: Annotated[
        str | None, typer.Option("--channel", metavar="TEXT", help="Where: web, whatsapp, phone …")
    ] = None,
    ttl: Ttl = None,
    own_id: Annotated[str | None, typer.Option("--id", help="Your own id for it; else one is made.")] = None,
) -> None:
    """Say that a conversation has begun. Prints the session's id.

    Until it ends or expires, regular calls to that person are skipped, and single ones wait while they are in time.

    \b
    Examples:
      hyp sessions start user-1 --channel web
      session=$(hyp sessions start +34600000001 --ttl 5m)
    """
    named = [each for each in (who, user, to) if each is not None]
    if len(named) != 1:
        said = f"{' and '.join(map(repr, named))} are several people" if named else "nobody is named"
        raise InvalidInput(said, hint="hyp sessions start USER, or hyp sessions start +34600000001")
    with session.desk() as desk:
        begun = engine.start(
            desk,
            named[0],
            channel=_read_channel(channel),
            ttl=engine.read_ttl(ttl),
            session_id=values.own_id(own_id) if own_id is not None else None,
        )
        now = desk.clock.now()
    whom, live = begun.user_id or begun.phone_number, session.says("is", "would be")
    sentence = f"A session with {whom} {live} live until {to_text(begun.expires_at)}."
    session.created(begun.id, sentence, json.session(begun, now))


def _read_channel(text: str | None) -> str | None:
    if text is not None and not text.strip():
        raise InvalidInput(f"--channel {text!r} is empty", hint="as in --channel web; leave it out for none")
    return text


@command(app, "touch", WRITE)
def touch(session: Session, word: Word, ttl: Ttl = None) -> None:
    """Say that a conversation is still going on: it lasts for the ttl from now.

    \b
    Examples:
      hyp sessions touch ses_01K9Z6T0000000000000000000
      hyp sessions touch ses_01K9Z6T0000000000000000000 --ttl 5m
    """
    with session.desk() as desk:
        touched = engine.touch(desk, word, engine.read_ttl(ttl))
        now = desk.clock.now()
    session.done(
        f"{touched.id} {session.says('is', 'would be')} live until {to_text(touched.expires_at)}.",
        json.session(touched, now),
    )


@command(app, "end", WRITE)
def end(session: Session, word: Word) -> None:
    """Say that a conversation is over; a call that waited for it goes out with the next pass.

    \b
    Examples:
      hyp sessions end ses_01K9Z6T0000000000000000000
      hyp sessions end "$session" && hyp tick
    """
    with session.desk() as desk:
        ended, was_open = engine.end(desk, word)
        now = desk.clock.now()
    session.done(
        f"{ended.id} {session.says('has ended', 'would end') if was_open else 'had ended before'}.",
        json.session(ended, now),
    )


@command(app, "show")
def show(session: Session, word: Word) -> None:
    """Show one session, and each tool that an agent used in it: its arguments, the time proposed, what came of it.

    \b
    Examples:
      hyp sessions show ses_01K9Z6T0000000000000000000
      hyp sessions show ses_01K9Z6T0000000000000000000 --json | jq '.tool_calls[].arguments'
    """
    now = session.clock.now()
    with session.store() as store:
        found = engine.named(store, word)
        calls = tools.calls_of(store, found.id)
    lines: list[tuple[str, str | None]] = [
        ("id", found.id),
        ("user", found.user_id),
        ("phone", found.phone_number),
        ("channel", found.channel),
        ("status", found.status(now)),
        ("started", to_text(found.started_at)),
        ("expires", to_text(found.expires_at) if found.ended_at is None else None),
        ("ended", maybe_text(found.ended_at)),
        *((f"{each.at:%H:%M:%SZ}", tool_call_said(each)) for each in calls),
    ]
    session.show_one(lines, {**json.session(found, now), "tool_calls": [json.tool_call(each) for each in calls]})


def tool_call_said(it: records.ToolCall) -> str:
    """Say in a line what a tool was asked and what it answered."""
    came = [it.status, maybe_text(it.run_at), it.schedule_id]
    return f"{it.tool} {json.line(it.arguments)}: {', '.join(filter(None, came))}"


@command(app, "list", LIST)
def list_(
    session: Session,
    status: Annotated[
        list[str] | None, typer.Option("--status", metavar="STATUS", help="live, expired, ended or all.")
    ] = None,
) -> None:
    """List the live sessions; what is over is shown by --status all.

    \b
    Examples:
      hyp sessions list
      hyp sessions list --status all --limit 10
    """
    wanted = values.statuses("--status", status or (), STATUSES, ("live",))
    now = session.clock.now()
    with session.store() as store:
        found = sessions.select(store, now, wanted, session.most)
    columns = [
        Column[records.Session]("session", lambda it: it.id),
        Column[records.Session]("user", lambda it: it.user_id, elastic=True),
        Column[records.Session]("phone", lambda it: it.phone_number),
        Column[records.Session]("channel", lambda it: it.channel, elastic=True, spare=True),
        Column[records.Session]("started", lambda it: to_text(it.started_at), spare=True),
        Column[records.Session]("expires", lambda it: to_text(it.expires_at)),
        Column[records.Session]("status", lambda it: it.status(now)),
    ]
    session.show(found, columns, lambda it: json.session(it, now), "No session is live.")
