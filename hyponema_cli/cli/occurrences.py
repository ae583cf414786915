"""hyp occurrences: when would it fire? The same function answers that dials."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Annotated, NamedTuple
from zoneinfo import ZoneInfo

import typer

from hyponema_cli.cli import output
from hyponema_cli.cli.command import FORM, Session, command, single
from hyponema_cli.cli.options import WhenOptions
from hyponema_cli.core import timewords, walltime, when
from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.core.explain import NOTES, REASONS, in_words
from hyponema_cli.core.instant import to_text
from hyponema_cli.core.schedule import Note, Occurrence, Rule, occurrences
from hyponema_cli.render import json, times
from hyponema_cli.render.tables import Column

if TYPE_CHECKING:
    from hyponema_cli.engine.why import Outlook

app = single()

DEFAULT_COUNT = 10


class Firing(NamedTuple):
    """When a call would go out."""

    at: datetime
    zone: ZoneInfo
    note: Note | None
    outlook: Outlook | None = None
    """What the gates say of it, as things stand; None for a rule that is not stored."""

    @property
    def verdict(self) -> str | None:
        """dial, wait or stop."""
        return self.outlook.decision.verdict if self.outlook else None

    @property
    def reason(self) -> str | None:
        """Why it would wait, or not be called."""
        return self.outlook.decision.reason if self.outlook else None


@command(app, "occurrences", FORM)
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
    as_calendar: Annotated[
        bool,
        typer.Option("--calendar", help="Draw months, with what the clocks do; by default the first that has one."),
    ] = False,
) -> None:
    """Preview when a stored schedule, or a rule typed here, fires: UTC, local time, and what the clocks do to it.

    A rule typed here needs no database. For a stored schedule every gate is asked, as things stand: see hyp why.
    A calendar shows the firings on their local days; it asks no gate.

    \b
    Examples:
      hyp occurrences --cron '30 1 * * *' --tz America/New_York --after 2026-10-30T00:00Z -n 4
      hyp occurrences --weekdays 1,3,5 --at 09:30 --tz Europe/Madrid
      hyp occurrences "Weekly check-in" --until 2026-12-31
      hyp occurrences --cron '30 2 * * *' --tz Europe/Madrid --after 2026-10-01 --calendar
    """
    if as_calendar and session.json:
        raise InvalidInput("--calendar and --json cannot be used together", hint="without --calendar, it is the data")
    if as_calendar:
        _draw_wanted(session, options, schedule, count, after, until)
        return
    coming = firings(session, options, schedule, count, after, until)
    columns = [
        Column[Firing]("utc", lambda it: to_text(it.at)),
        Column[Firing]("local", lambda it: _local_iso(it), lambda it: times.local(it.at, it.zone)),
        Column[Firing](
            "timezone", lambda it: it.zone.key, lambda it: f"{it.zone.key} {it.at.astimezone(it.zone):%Z}"
        ),
        Column[Firing]("note", lambda it: it.note, lambda it: NOTES[it.note] if it.note else " ", elastic=True),
    ]
    if schedule is not None:
        columns.append(Column[Firing]("verdict", lambda it: it.verdict))
        columns.append(
            Column[Firing](
                "reason",
                lambda it: it.reason,
                lambda it: REASONS.get(it.reason, it.reason) if it.reason else " ",
                elastic=True,
            )
        )
    session.show(coming, columns, shape, "No occurrences.")


def firings(
    session: Session,
    options: WhenOptions,
    schedule: str | None,
    count: int | None,
    after: str | None,
    until: str | None,
) -> Iterator[Firing]:
    """Yield when a stored schedule fires, or a rule that is typed here; each is found when it is asked for."""
    _refuse_both(options, schedule)
    if schedule is not None:
        yield from _of_stored(session, schedule, after, until, count)
        return
    now = session.clock.now()
    rule, zone, begin = _typed(session, options, now, after)
    for each in _chosen(occurrences(rule, begin), zone, until, count):
        yield Firing(each.at, zone, each.note)


def _draw_wanted(
    session: Session,
    options: WhenOptions,
    schedule: str | None,
    count: int | None,
    after: str | None,
    until: str | None,
) -> None:
    _refuse_both(options, schedule)
    if schedule is not None:
        _draw_stored(session, schedule, after, until, count)
        return
    now = session.clock.now()
    rule, zone, begin = _typed(session, options, now, after)
    _draw(f"{in_words(rule)}, {zone.key}", occurrences(rule, begin), zone, begin, until, count, now)


def _refuse_both(options: WhenOptions, schedule: str | None) -> None:
    if schedule is not None and (options.words() or options.timezone is not None or options.fold is not None):
        raise InvalidInput(
            f"schedule {schedule!r} and a rule typed here cannot be used together",
            hint="leave out the schedule, or the options that say when",
        )


def _of_stored(
    session: Session, word: str, after: str | None, until: str | None, count: int | None
) -> Iterator[Firing]:
    """Yield the firings of a stored schedule that are to come, and what the gates say of each."""
    from hyponema_cli.engine import find
    from hyponema_cli.engine.materialise import occurrences_ahead
    from hyponema_cli.engine.why import Inquiry

    with session.desk() as desk:
        found = find.schedule(desk.store, word)
        workspace, now = desk.settings(), session.clock.now()
        zone = found.zone(workspace.timezone) or ZoneInfo("UTC")
        coming = occurrences_ahead(desk.store, found, workspace, _begin(after, zone, now))
        inquiry = Inquiry(desk, workspace, now)
        for each in _chosen(coming, zone, until, count):
            yield Firing(each.at, zone, each.note, inquiry.outlook(found, each))


def _draw_stored(session: Session, word: str, after: str | None, until: str | None, count: int | None) -> None:
    from hyponema_cli.engine import find
    from hyponema_cli.engine.materialise import occurrences_ahead

    now = session.clock.now()
    with session.desk() as desk:
        found = find.schedule(desk.store, word)
        workspace = desk.settings()
        zone = found.zone(workspace.timezone) or ZoneInfo("UTC")
        begin = _begin(after, zone, now)
        coming = occurrences_ahead(desk.store, found, workspace, begin)
        title = f"{found.name or found.id}: {in_words(found.rule(workspace.timezone))}, {zone.key}"
        # What was before now is history, and nothing that is to come.
        _draw(title, coming, zone, max(begin or now, now), until, count, now)


def _draw(
    title: str,
    coming: Iterator[Occurrence],
    zone: ZoneInfo,
    begin: datetime,
    until: str | None,
    count: int | None,
    now: datetime,
) -> None:
    from hyponema_cli.cli import calendar

    end = timewords.parse_bound(until, zone, end=True) if until is not None else None
    limit = _count(count, end) if count is not None else None
    calendar.show(title, coming, zone, begin=begin, end=end, count=limit, now=now)


def _begin(after: str | None, zone: ZoneInfo | None, now: datetime) -> datetime | None:
    if after is None:
        return None
    return now if after.strip().casefold() == "now" else timewords.parse_bound(after, zone, end=False)


def _typed(
    session: Session, options: WhenOptions, now: datetime, after: str | None
) -> tuple[Rule, ZoneInfo, datetime]:
    """Return the rule of the options, its zone, which is the one given or the workspace's, and where to begin."""
    zone = timewords.parse_zone(options.timezone) if options.timezone is not None else _workspace_zone(session)
    # A preview may look at the past: `--after` is its now.
    present = _begin(after, zone, now) or now
    asked = when.parse(options.words(), zone, min(now, present))
    rule, zone = asked.rule(zone), zone or ZoneInfo("UTC")
    # "Now" is not after now: what is typed as an instant may be this very second.
    return rule, zone, _begin(after, zone, now) or now - walltime.SECOND


def _workspace_zone(session: Session) -> ZoneInfo | None:
    from hyponema_cli.store import settings

    if not session.path().is_file():
        return None
    with session.store() as store:
        name = settings.load(store).timezone
    return timewords.stored_zone(name) if name else None


def _chosen(
    coming: Iterator[Occurrence], zone: ZoneInfo, until: str | None, count: int | None
) -> Iterator[Occurrence]:
    """Yield as many occurrences as were asked for; say which of them come after a day that was left out."""
    end = timewords.parse_bound(until, zone, end=True) if until is not None else None
    for occurrence in islice(coming, _count(count, end)):
        if end is not None and occurrence.at > end:
            return
        if occurrence.note is Note.AFTER_DROPPED_SLOT:
            output.say(
                f"note: one or more slots before {to_text(occurrence.at)} fell on a day that {zone.key} left out"
            )
        yield occurrence


def _count(count: int | None, end: datetime | None) -> int | None:
    """Return how many to list; None: all there are, which only an end or a one-shot rule bounds."""
    if count is None:
        return None if end is not None else DEFAULT_COUNT
    if count < 0:
        raise InvalidInput(f"-n {count} is negative", hint="0 lists all up to --until")
    if count == 0 and end is None:
        raise InvalidInput("-n 0 lists for ever", hint="add --until 2026-12-31")
    return count or None


def _local_iso(it: Firing) -> str:
    return it.at.astimezone(it.zone).isoformat()


def shape(it: Firing) -> dict[str, str | None]:
    """Return what programs get."""
    return json.firing(it.at, it.zone, it.note, it.outlook)
