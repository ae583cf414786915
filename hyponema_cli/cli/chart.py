"""hyp history --chart: what came due by the day, and at which hours people answer."""

from __future__ import annotations

from collections.abc import Sequence

from hyponema_cli.cli import output, period
from hyponema_cli.cli.command import Session
from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.engine import find
from hyponema_cli.engine.tally import tally
from hyponema_cli.render import chart, json
from hyponema_cli.store import settings
from hyponema_cli.store.tallies import Scope


def show(
    session: Session,
    schedule: str | None,
    agent: str | None,
    statuses: Sequence[str],
    since: str | None,
    until: str | None,
) -> None:
    """Draw the chart, or give its numbers as JSON."""
    for name in ("jsonl", "ids", "fields"):
        if getattr(session, name):
            raise InvalidInput(f"--chart and --{name} cannot be used together", hint="its numbers come with --json")
    if session.is_limited:
        raise InvalidInput(
            "--chart and --limit cannot be used together", hint="a chart counts all of its days: --since 7d"
        )
    with session.store() as store:
        workspace = settings.load(store)
        zone = period.clocks(workspace.timezone)
        begin, end = period.read(since, until, session.clock.now(), zone)
        whose = find.agent(store, agent) if agent is not None else None
        what = find.schedule(store, schedule) if schedule is not None else None
        scope = Scope(what.id if what else None, whose.id if whose else None, tuple(statuses))
        counted = tally(store, begin, end, zone, workspace_timezone=workspace.timezone, scope=scope)
    if session.json:
        output.data(json.document(json.tally(counted, begin, end, zone.key)) + "\n")
        return
    if not counted.bars:
        output.say(f"Nothing came due from {period.said(begin, end, zone)}.")
        return
    names = [what.name or what.id] if what else []
    names += [f"agent {whose.name}"] if whose else []
    names += [f"only {', '.join(statuses)}"] if statuses else []
    title = ", ".join([*names, period.said(begin, end, zone)])
    output.data(chart.text(chart.Chart(title, counted, zone.key), output.width(), color=output.color()))
