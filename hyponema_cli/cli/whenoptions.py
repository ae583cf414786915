"""How is a time asked for on the command line? The options that `schedules add`, `edit` and `occurrences` share."""

from __future__ import annotations

from typing import Annotated

import typer

Weekdays = Annotated[
    str | None,
    typer.Option(
        "--weekdays", metavar="DAYS", help="ISO weekdays, 1 is Monday: 1,3,5 or mon-fri.", show_default=False
    ),
]
At = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="TIME",
        help="HH:MM with --weekdays; else an instant such as '2026-12-01 14:30', or now.",
        show_default=False,
    ),
]
CronText = Annotated[
    str | None, typer.Option("--cron", metavar="EXPR", help="Five fields: '0 9 * * MON-FRI'.", show_default=False)
]
Delay = Annotated[
    str | None, typer.Option("--in", metavar="DURATION", help="Once, after this long: 15m.", show_default=False)
]
Zone = Annotated[
    str | None,
    typer.Option(
        "--tz", metavar="ZONE", help="The clocks that the time is on, as in Europe/Madrid.", show_default=False
    ),
]
Fold = Annotated[
    str | None,
    typer.Option(
        "--fold",
        metavar="first|second",
        help="Which one, for a time that happens twice when the clocks go back.",
        show_default=False,
    ),
]
