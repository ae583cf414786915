"""hyp report: a page for people who never open a terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hyponema_cli.cli import output, period
from hyponema_cli.cli.command import Session, command, single
from hyponema_cli.cli.targets import refuse_own_file
from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.engine.overview import overview
from hyponema_cli.render import json, report
from hyponema_cli.store import settings

app = single()

OWNER_ONLY = 0o600


@command(app, "report")
def write(
    session: Session,
    html: Annotated[
        str | None,
        typer.Option("--html", metavar="FILE", help="Put the page into this file; - is stdout.", show_default=False),
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="WHEN", help="Since an instant, a date, or 7d. [default: 30d]")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="WHEN", help="Up to an instant or a date.")] = None,
) -> None:
    """Write what happened, what is in doubt and what comes next on one page, for people who open it in a browser.

    The page is a single file that asks the network for nothing. It holds names; phone numbers are masked. It counts
    whole days: --since 7d is seven of them, of which today is the last. A file that is there already is replaced.

    \b
    Examples:
      hyp report --html report.html
      hyp report --html october.html --since 2026-10-01 --until 2026-10-31
      hyp report --html - --since 7d > week.html
    """
    if html is None:
        raise InvalidInput("--html FILE is missing", hint="hyp report --html report.html; - is stdout")
    if html == "-" and session.json:
        raise InvalidInput("--html - and --json cannot be used together", hint="both would be on stdout")
    with session.store() as store:
        now = session.clock.now()
        zone = period.clocks(settings.load(store).timezone)
        begin, end = period.read(since, until, now, zone)
        found = overview(store, now, begin, end, zone)
    page = report.page(found)
    if html == "-":
        output.data(page)
        return
    path = Path(html)
    refuse_own_file(session.path(), path)
    replaced = path.exists()
    output.to_file(path, page, such_as="report.html", mode=OWNER_ONLY)
    said = f"{period.said(begin, end, zone)}, {len(page.encode()) // 1024 + 1:,} kB"
    session.done(
        f"{'Replaced' if replaced else 'Wrote'} {path}: {said}.",
        {"path": str(path), "replaced": replaced, **json.tally(found.tally, begin, end, zone.key)},
    )
