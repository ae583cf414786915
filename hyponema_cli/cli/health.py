"""hyp health: is the queue driven, and is anything wrong? For monitors."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from hyponema_cli.cli import output
from hyponema_cli.cli.command import Session, command, single
from hyponema_cli.cli.exits import Exit
from hyponema_cli.core import timewords
from hyponema_cli.core.health import Limits, Vitals
from hyponema_cli.core.instant import maybe_text
from hyponema_cli.engine.health import judged
from hyponema_cli.render import json

app = single()


@command(app, "health")
def health(
    session: Session,
    max_lag: Annotated[
        str, typer.Option("--max-lag", metavar="DURATION", help="How long a call may be due unseen; 0: any time.")
    ] = "5m",
    max_heartbeat: Annotated[
        str, typer.Option("--max-heartbeat", metavar="DURATION", help="How old the last pass may be; 0: any age.")
    ] = "3m",
) -> int | None:
    """Tell monitors whether the queue is driven and nothing is wrong: 0 when healthy, 3 when not (see also doctor).

    Fast, and asks nothing of the network. Every reason is a line on stderr: no_heartbeat (nothing drives the queue),
    overdue (something was due for longer than --max-lag and nobody looked at it), doubts (calls of which nobody knows
    whether they were made), held_carriers (a carrier account refused, and is left alone), database_behind (a copy was
    put back), journal_unreadable. Calls that nobody answered are no reason; failed_executions_today counts them, from
    midnight on the workspace's clocks, or else UTC's.

    \b
    Examples:
      hyp health
      hyp health --json --max-lag 2m
      hyp health --max-heartbeat 0  # where nothing is meant to run
    """
    limits = Limits(timewords.parse_duration(max_lag), timewords.parse_duration(max_heartbeat))
    with session.store() as store:
        found, why = judged(store, session.clock.now(), limits)
    session.show_one([("status", json.health_status(why)), *_lines(found)], json.health(found, why))
    for reason in why:
        output.say(f"{reason.code}: {reason.said}")
    return Exit.ATTENTION if why else None


def _lines(it: Vitals) -> list[tuple[str, str | None]]:
    due = timewords.duration_text(it.oldest_due_age) if it.oldest_due_age else "nothing"
    return [
        ("last pass", _heartbeat(it)),
        ("overdue", due),
        ("schedules", f"{it.pending:,} active, {it.total:,} in all"),
        ("last call", maybe_text(it.last_execution) or "never"),
        ("failed today", f"{it.failed_today:,}"),
        ("in doubt", str(it.doubts)),
        ("webhooks", f"{it.webhook_backlog:,} waiting, {it.webhooks_dead:,} given up"),
    ]


def _heartbeat(it: Vitals) -> str:
    age = it.heartbeat_age
    if age is None:
        return "never"
    said = f"{timewords.duration_text(abs(age))} {'ago' if age >= timedelta(0) else 'ahead of the clock'}"
    return f"{said}, {it.heartbeat_of}" if it.heartbeat_of else said
