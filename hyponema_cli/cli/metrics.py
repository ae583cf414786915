"""hyp metrics: the figures of a workspace, for Prometheus."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hyponema_cli.cli import output
from hyponema_cli.cli.command import Session, command, single
from hyponema_cli.cli.targets import refuse_own_file
from hyponema_cli.engine import health
from hyponema_cli.render import json, metrics

app = single()


@command(app, "metrics")
def tell(
    session: Session,
    write: Annotated[
        Path | None,
        typer.Option(
            "--write", metavar="PATH", help="Put them into this file, whole or not at all.", show_default=False
        ),
    ] = None,
) -> None:
    """Tell Prometheus how the workspace is: what health tells and a little more, in its text format.

    For the textfile collector of node_exporter: run it from cron, every minute. It holds neither names nor phone
    numbers. It ends with 0 also when the workspace is unhealthy: alert on hyp_healthy, and on the age of the file.

    \b
    Examples:
      hyp metrics
      hyp metrics --write /var/lib/node_exporter/hyp.prom
    """
    with session.store() as store:
        now = session.clock.now()
        (found, why), measures = health.judged(store, now), health.measure(store, now)
    told = metrics.families(session.path().stem, found, why, measures)
    text = json.document(json.metrics(told)) + "\n" if session.json else metrics.text(told)
    if write is None:
        output.data(text)
    else:
        refuse_own_file(session.path(), write)
        # For every user to read: the collector is another one.
        output.to_file(write, text, such_as="hyp.prom", mode=0o644)
