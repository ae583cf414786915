"""hyp promises: did agents keep their word?"""

from __future__ import annotations

from collections import Counter
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from hyponema_cli.cli import output, values
from hyponema_cli.cli.command import LIST, Session, command, single
from hyponema_cli.core import timewords
from hyponema_cli.core.instant import maybe_text, to_text
from hyponema_cli.core.promise import Kept, Promise
from hyponema_cli.engine import find
from hyponema_cli.render import json, times
from hyponema_cli.render.tables import Column
from hyponema_cli.store import settings, tools

app = single()


@command(app, "promises", LIST)
def promises(
    session: Session,
    agent: Annotated[str | None, typer.Option("--agent", metavar="AGENT", help="Only this agent's.")] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="WHEN", help="Promised since an instant, a date, or as in 7d.")
    ] = None,
) -> None:
    """Show the calls that agents promised during conversations, and whether they were made. The latest comes first.

    A promise is to call, not to be answered: it is kept when a carrier took the call, and on time up to five minutes
    after the time that was read to the person.

    \b
    Examples:
      hyp promises --since 7d
      hyp promises --agent agent-123 --json | jq -r '.[] | select(.kept == "broken")'
    """
    now = session.clock.now()
    with session.store() as store:
        workspace = settings.load(store)
        zone = timewords.stored_zone(workspace.timezone) if workspace.timezone else ZoneInfo("UTC")
        found = tools.promises(
            store,
            workspace.catch_up_window,
            agent_id=find.agent(store, agent).id if agent is not None else None,
            since=values.moment(since, now, zone, end=False),
            limit=session.most,
        )
    columns = [
        Column[Promise]("run_at", lambda it: to_text(it.run_at), lambda it: times.local(it.run_at, zone)),
        Column[Promise]("calls", lambda it: it.user_id or it.phone_number, elastic=True),
        Column[Promise]("agent", lambda it: it.agent_id, elastic=True, spare=True),
        Column[Promise]("kept", lambda it: it.kept(now)[0]),
        Column[Promise]("reason", lambda it: it.kept(now)[1], elastic=True),
        Column[Promise]("called", lambda it: maybe_text(it.called_at), lambda it: times.local(it.called_at, zone)),
        Column[Promise]("schedule", lambda it: it.schedule_id, spare=True),
        Column[Promise]("session", lambda it: it.session_id, spare=True),
    ]
    session.show(found, columns, lambda it: json.promise(it, now), "Nobody has promised a call yet.")
    shown = session.cut(found)
    if shown and output.for_people() and not session.json:
        counted = Counter(each.kept(now)[0] for each in shown)
        output.say(", ".join(f"{counted[kept]} {kept.replace('_', ' ')}" for kept in Kept if counted[kept]) + ".")
