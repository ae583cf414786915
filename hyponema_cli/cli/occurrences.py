"""hyp occurrences: when would it fire? The same function answers that dials."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo

import typer

from hyponema_cli.cli import output
from hyponema_cli.cli.command import Session, command, single
from hyponema_cli.cli.options import WhenOptions
from hyponema_cli.core import timewords, walltime, when
from hyponema_cli.core.call import LIVE_SCHEDULES
from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.core.explain import NOTES
from hyponema_cli.core.instant import to_text
from hyponema_cli.core.schedule import Note, Rule, occurrences
from hyponema_cli.core.when import WhenWords
from hyponema_cli.render import times
from hyponema_cli.render.tables import Column

app = single()

DEFAULT_COUNT = 10


class _Firing(NamedTuple):
    at: datetime
    zone: ZoneInfo
    note: Note | None


@command(app, "occurrences")
def preview(
    session: Session,
    options: WhenOptions,
    schedule: Annotated[
        str | None, typer.Argument(metavar="[SCHEDULE]", help="A stored schedule: its id, or its exact name.")
    ] = None,
    count: Annotated[
        int | None, typer.Option("--count", "-n", metavar="N", help="How many; 0 is all up to --until. [default: 10]")
    ] = None,
    after: Annotated[
        str | None, typer.Option("--after", metavar="TIME", help="Only later than this instant. [default: now]")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="Not later than this instant or date.")
    ] = None,
) -> None:
    """Preview when a stored schedule, or a rule typed here, fires: UTC, local time, and what the clocks do to it.

    A rule typed here needs no database.

    \b
    Examples:
      hyp occurrences --cron '30 1 * * *' --tz America/New_York --after 2026-10-30T00:00Z -n 4
      hyp occurrences --weekdays 1,3,5 --at 09:30 --tz Europe/Madrid
      hyp occurrences "Weekly check-in" --until 2026-12-31
    """
    words, timezone = options.words(), options.timezone
    now = session.clock.now()
    if schedule is not None:
        if words or timezone is not None or options.fold is not None:
            raise InvalidInput(
                f"schedule {schedule!r} and a rule typed here cannot be used together",
                hint="leave out the schedule, or the options that say when",
            )
        rule, zone, start, limit = _stored(session, schedule)
    else:
        rule, zone = _typed(session, words, timezone, now, after)
        # "Now" is not after now: what is typed as an instant may be this very second.
        start, limit = now - walltime.SECOND, None
    end = timewords.parse_bound(until, zone, end=True) if until is not None else None
    if after is not None:
        start = timewords.parse_bound(after, zone, end=False) if after.strip().casefold() != "now" else now
    firings = _firings(rule, zone, start, end, _smallest(limit, _count(count, end)))
    columns = [
        Column[_Firing]("utc", lambda it: to_text(it.at)),
        Column[_Firing]("local", lambda it: _local_iso(it), lambda it: times.local(it.at, it.zone)),
        Column[_Firing](
            "timezone", lambda it: it.zone.key, lambda it: f"{it.zone.key} {it.at.astimezone(it.zone):%Z}"
        ),
        Column[_Firing]("note", lambda it: it.note, lambda it: NOTES[it.note] if it.note else " ", elastic=True),
    ]
    session.show(firings, columns, _shape, "No occurrences.")


def _stored(session: Session, word: str) -> tuple[Rule, ZoneInfo, datetime, int | None]:
    """Return a stored rule, its zone, where its future begins, and how many more calls it may make."""
    from hyponema_cli.engine import book
    from hyponema_cli.store import schedules, settings

    with session.store() as store:
        found = book.find_schedule(store, word)
        workspace = settings.load(store).timezone
        dialled = schedules.dialled(store, found.id)
    zone = found.zone(workspace)
    rule = found.rule(workspace)
    left = max(found.max_occurrences - dialled, 0) if found.max_occurrences is not None else None
    over = found.status not in LIVE_SCHEDULES
    return rule, zone or ZoneInfo("UTC"), found.accounted_until, 0 if over else left


def _typed(
    session: Session, words: WhenWords, timezone: str | None, now: datetime, after: str | None
) -> tuple[Rule, ZoneInfo]:
    """Return the rule of the options, and its zone: the one given, else that of the workspace if there is one."""
    zone = timewords.parse_zone(timezone) if timezone is not None else _workspace_zone(session)
    # A preview may look at the past: `--after` is its now.
    present = timewords.parse_bound(after, zone, end=False) if after is not None and after != "now" else now
    asked = when.parse(words, zone, min(now, present))
    return asked.rule(zone), zone or ZoneInfo("UTC")


def _workspace_zone(session: Session) -> ZoneInfo | None:
    from hyponema_cli.store import settings

    if not session.path().is_file():
        return None
    with session.store() as store:
        name = settings.load(store).timezone
    return timewords.parse_zone(name) if name else None


def _firings(rule: Rule, zone: ZoneInfo, start: datetime, end: datetime | None, limit: int | None) -> list[_Firing]:
    found = []
    for occurrence in occurrences(rule, start, limit):
        if end is not None and occurrence.at > end:
            break
        found.append(_Firing(occurrence.at, zone, occurrence.note))
        if occurrence.note is Note.AFTER_DROPPED_SLOT:
            output.say(
                f"note: one or more slots before {to_text(occurrence.at)} fell on a day that {zone.key} left out"
            )
    return found


def _count(count: int | None, end: datetime | None) -> int | None:
    """Return how many to list; None: all there are, which only an end or a one-shot rule bounds."""
    if count is None:
        return None if end is not None else DEFAULT_COUNT
    if count < 0:
        raise InvalidInput(f"-n {count} is negative", hint="0 lists all up to --until")
    if count == 0 and end is None:
        raise InvalidInput("-n 0 lists for ever", hint="add --until 2026-12-31")
    return count or None


def _smallest(*limits: int | None) -> int | None:
    return min((limit for limit in limits if limit is not None), default=None)


def _local_iso(it: _Firing) -> str:
    return it.at.astimezone(it.zone).isoformat()


def _shape(it: _Firing) -> dict[str, str | None]:
    return {
        "scheduled_time": to_text(it.at),
        "local_time": _local_iso(it),
        "timezone": it.zone.key,
        "note": it.note,
    }
