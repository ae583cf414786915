"""hyp schedules: who calls whom, when."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby, islice
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from hyponema_cli.cli import ask, bodies, output, values
from hyponema_cli.cli.command import LIST, WRITE, Session, command, group, show_table
from hyponema_cli.cli.confirm import confirm, refuse_unattended
from hyponema_cli.cli.exits import Exit
from hyponema_cli.cli.imports import (
    Format,
    ImportOptions,
    Refusals,
    Rows,
    Source,
    Target,
    export,
    import_rows,
)
from hyponema_cli.cli.options import ScheduleOptions, default_agent, with_stand_ins
from hyponema_cli.cli.users import read_phone
from hyponema_cli.core import timewords
from hyponema_cli.core.call import Outcome, ScheduleState
from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.core.explain import NOTES, REASONS, in_words
from hyponema_cli.core.instant import maybe_text, to_text
from hyponema_cli.core.records import Schedule, Settings
from hyponema_cli.core.schedule import Note, Occurrence
from hyponema_cli.engine import book, find
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.imports import Importer
from hyponema_cli.engine.mapping import Asked, FromCells, FromObjects
from hyponema_cli.engine.materialise import materialise_one, occurrences_ahead
from hyponema_cli.engine.request import Request, laid_over
from hyponema_cli.engine.told import hears_machines
from hyponema_cli.engine.why import Inquiry, Outlook
from hyponema_cli.render import export as written
from hyponema_cli.render import json, times
from hyponema_cli.render.safe import clipped
from hyponema_cli.render.tables import Column
from hyponema_cli.store import executions, schedules, settings

app = group("The rules: who calls whom, when.")

Word = Annotated[str, typer.Argument(metavar="SCHEDULE", help="Its id, or its exact name.", show_default=False)]
Words = Annotated[list[str], typer.Argument(metavar="SCHEDULE...", help="Ids or exact names.", show_default=False)]
FromJson = Annotated[
    str | None, typer.Option("--from-json", metavar="FILE|-", help="Read a request body; - is standard input.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", "-n", help="Say what would be stored, and store nothing.")]
Reason = Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why; kept with the schedule.")]


@command(app, "add")
def add(
    session: Session,
    options: ScheduleOptions,
    paused: Annotated[bool, typer.Option("--paused", help="Store it without starting it.")] = False,
    ref: Annotated[
        str | None, typer.Option("--ref", metavar="KEY", help="Your own key: adding it again is safe.")
    ] = None,
    from_json: FromJson = None,
    dry_run: DryRun = False,
) -> None:
    """Add a schedule. Prints its id.

    A weekly or cron time is a time on the wall: it stays the same through clock changes. Without --tz the user's
    timezone counts, then the workspace's; never this machine's.

    On a terminal, what is not said is asked for, and the next three firings are shown before anything is stored.

    --from-json takes a request body as the guides print it, or what hyp prints of a schedule. Options that are typed
    beside it win over what it says; context and metadata are merged.

    \b
    Examples:
      hyp schedules add
      hyp schedules add --weekdays 1,3,5 --at 09:30 --tz Europe/Madrid
      hyp schedules add --to +34600000001 --cron '0 9 * * MON' --tz Europe/Madrid --max-occurrences 12
      hyp schedules add --user user-1 --at '2026-12-01 14:30' --max-attempts 3 --retry-delay 5m
      hyp schedules add --user user-1 --in 15m --name "Follow-up" --context order_id=ORD-456
      hyp schedules add --from-json body.json --tz Europe/Madrid
    """
    typed = options.request(ref=ref, paused=paused or None)
    request = with_stand_ins(laid_over(typed, bodies.read(from_json)) if from_json is not None else typed)
    request = _with_number_read(request)
    with session.desk() as desk, bodies.speaking_of_fields(from_json):
        if from_json is None and session.is_attended and ask.is_lacking(desk.store, request):
            request = ask.complete(desk.store, desk.settings(), request, desk.clock.now())
            _show_before(book.add(desk, request, created_by="operator", dry_run=True)[0], desk)
            confirm("Store it?", yes=dry_run, usual="y")
        schedule, is_new = book.add(desk, request, created_by="operator", dry_run=dry_run)
        workspace = desk.settings()
        notes = _notes_on_next(schedule, desk, stored=not dry_run)
        if is_new and (twin := schedules.twin_of(desk.store, schedule)) is not None:
            notes.append(
                f"note: there is an active one already with that agent, callee and time: {twin}; both will call. "
                f"See: hyp schedules show {twin}"
            )
    verb = "Would add" if dry_run else "Added" if is_new else "Unchanged: there is already"
    title = (repr(schedule.name) if schedule.name else "a schedule") if dry_run else _title(schedule)
    sentence = f"{verb} {title}: {_said(schedule, workspace.timezone)}."
    shape = json.schedule(schedule, workspace)
    if dry_run:
        session.done(sentence, {**shape, "id": None, "dry_run": True})
    else:
        session.created(schedule.id, sentence, shape)
    output.say_lines("\n".join(notes))


def _with_number_read(request: Request) -> Request:
    """Read the number to call, with a warning when no numbering plan could have it."""
    return replace(request, to=read_phone(request.to)) if request.to is not None else request


@command(app, "list", LIST)
def list_(
    session: Session,
    agent: Annotated[str | None, typer.Option("--agent", metavar="AGENT", help="Only this agent's.")] = None,
    user: Annotated[str | None, typer.Option("--user", metavar="USER", help="Only this user's.")] = None,
    status: Annotated[
        list[str] | None,
        typer.Option("--status", metavar="STATUS", help="active,paused,completed,exhausted,canceled or all."),
    ] = None,
) -> None:
    """List the schedules by agent, with next firing and last run. What has ended is shown by --status all.

    \b
    Examples:
      hyp schedules list
      hyp schedules list --status paused --ids
      hyp schedules list --limit 0 --jsonl --fields id,name,next_run_at
    """
    found, workspace = listed(session, agent, user, status or ())
    session.show(
        found,
        _columns(workspace.timezone),
        lambda each: json.schedule(each, workspace),
        "No schedules yet. Add one: hyp schedules add --weekdays 1,3,5 --at 09:30 --tz Europe/Madrid",
        to_people=lambda shown: _show_by_agent(shown, workspace.timezone),
    )


def listed(
    session: Session, agent: str | None, user: str | None, status: Sequence[str]
) -> tuple[Iterator[Schedule], Settings]:
    """Return the schedules of a list, one more than are shown where there are more, and the workspace's settings."""
    with session.store() as store:
        found = find.schedules_of(store, "--status", status, agent, user, limit=session.most)
        return found, settings.load(store)


@command(app, "show")
def show(
    session: Session,
    schedule: Word,
    following: Annotated[int, typer.Option("--next", metavar="N", help="How many coming firings to show.")] = 3,
) -> None:
    """Show one schedule and when it fires next.

    \b
    Examples:
      hyp schedules show sch_01K9Z6T0000000000000000000
      hyp schedules show "Weekly check-in" --next 10
    """
    with session.desk() as desk:
        found = find.schedule(desk.store, schedule)
        workspace = desk.settings()
        dialled = schedules.dialled(desk.store, found.id)
        inquiry = Inquiry(desk, workspace, session.clock.now())
        coming = [
            (each, inquiry.outlook(found, each))
            for each in islice(occurrences_ahead(desk.store, found, workspace), following)
        ]
    window, window_of = found.window_of(workspace.calling_window)
    zone_name, zone_of = found.zone_name(workspace.timezone)
    zone = _zone_shown(found, workspace.timezone)
    lines: list[tuple[str, str | None]] = [
        ("id", found.id),
        ("name", found.name),
        ("description", found.description),
        ("status", found.status + (f" ({found.status_reason})" if found.status_reason else "")),
        ("agent", f"{found.agent_name} ({found.agent_id})"),
        (
            "calls",
            f"{found.callee.name} ({found.user_id}), {found.phone_number}" if found.callee else found.phone_number,
        ),
        ("when", _words(found, workspace.timezone)),
        ("trouble", found.trouble),
        (
            "timezone",
            f"{zone_name} (the {zone_of}'s)" if zone_of in ("user", "workspace") else zone_name,
        ),
        ("from", times.local(found.start_at, zone)),
        ("until", times.local(found.until_at, zone)),
        ("calls made", f"{dialled} of {found.max_occurrences}" if found.max_occurrences else str(dialled)),
        ("attempts", _attempts(found)),
        ("catch-up window", timewords.duration_text(found.catch_up_window) if found.catch_up_window else None),
        ("calling window", f"{window} (the {window_of}'s)" if window and window_of != "schedule" else window),
        (
            "on doubt",
            f"redial after {timewords.duration_text(found.on_doubt)}" if found.on_doubt is not None else None,
        ),
        ("priority", str(found.priority) if found.priority else None),
        (
            "webhook",
            f"{found.webhook_url} on {', '.join(found.webhook_events) or 'all'}" if found.webhook_url else None,
        ),
        ("last run", times.local(found.last_run_at, zone)),
        ("last status", found.last_status),
        *((f"context {key}", str(value)) for key, value in found.customer_context.items()),
        *((f"metadata {key}", str(value)) for key, value in found.metadata.items()),
        ("ref", found.ref),
    ]
    lines += [("next", _coming_said(each, seen, zone)) for each, seen in coming]
    shape = json.schedule(found, workspace)
    outlooks = [{"scheduled_time": to_text(each.at), **json.outlook(seen)} for each, seen in coming]
    shown = {**shape, "occurrences": [to_text(each.at) for each, _ in coming], "outlook": outlooks}
    session.show_one(lines, shown)


def _show_before(it: Schedule, desk: Desk) -> None:
    """Say when a schedule would fire, before it is stored."""
    workspace = desk.settings()
    callee = f"{it.callee.name} ({it.user_id}, {it.phone_number})" if it.callee else it.phone_number
    rule = f"{_words(it, workspace.timezone)} {it.zone_name(workspace.timezone)[0] or ''}".rstrip()
    output.say(f"{it.agent_name} calls {callee} {rule}:")
    zone = _zone_shown(it, workspace.timezone)
    for each in islice(occurrences_ahead(desk.store, it, workspace), 3):
        output.say("  " + "  ".join([_local_and_utc(each.at, zone), *([NOTES[each.note]] if each.note else [])]))


def _coming_said(it: Occurrence, seen: Outlook, zone: ZoneInfo | None) -> str:
    """Say when an occurrence fires, what the clocks do to it, and what the gates say."""
    said = [f"{times.local(it.at, zone)}  ({to_text(it.at)})"]
    if it.note:
        said.append(NOTES[it.note])
    if seen.decision.reason is not None:
        rings = f"rings {times.local(seen.rings_at, zone)}" if seen.rings_at else "will not ring"
        said.append(f"{rings}: {REASONS.get(seen.decision.reason, seen.decision.reason)}")
    return "  ".join(said)


@command(app, "edit")
def edit(
    session: Session,
    schedule: Word,
    options: ScheduleOptions,
    clear: Annotated[
        list[str] | None,
        typer.Option("--clear", metavar="FIELD", help="Unset a field: until, timezone, webhook_url …"),
    ] = None,
    from_json: FromJson = None,
    dry_run: DryRun = False,
) -> None:
    """Change what is given, and nothing else. Context and metadata are merged, key by key.

    --from-json takes the body of a change: only the fields that it has are changed, a null unsets one, and "enabled"
    pauses or resumes. Options that are typed beside it win.

    \b
    Examples:
      hyp schedules edit sch_01K9Z6T0000000000000000000 --at 10:00
      hyp schedules edit "Weekly check-in" --context notes="Call the side door" --dry-run
      echo '{"scheduled_time": "2026-12-02 10:00:00"}' | hyp schedules edit "Follow-up" --from-json -
    """
    request = options.request(clear=clear)
    if from_json is not None:
        request = laid_over(request, bodies.read(from_json, change=True))
    request = _with_number_read(request)
    with session.desk() as desk, bodies.speaking_of_fields(from_json):
        found = find.schedule(desk.store, schedule)
        before, after = book.edit(desk, found.id, request, dry_run=dry_run)
        workspace = desk.settings()
        notes = _notes_on_next(after, desk, stored=not dry_run) if after != before else []
    old, new = json.schedule(before, workspace), json.schedule(after, workspace)
    changed = [key for key in new if new[key] != old[key] and key != "updated_at"]
    for key in changed:
        output.say(f"  {key}: {_plain(old[key])} -> {_plain(new[key])}")
    verb = "Nothing to change in" if not changed else "Would change" if dry_run else "Changed"
    session.done(f"{verb} {_title(after)}.", {**new, "dry_run": True} if dry_run else new)
    output.say_lines("\n".join(notes))


@command(app, "pause", WRITE)
def pause(session: Session, schedule: Words, reason: Reason = None) -> None:
    """Stop schedules from dialling until they are resumed. What comes due meanwhile is skipped, not saved up.

    \b
    Examples:
      hyp schedules pause "Weekly check-in" --reason "INC-88 wrong prompt"
      hyp schedules list --limit 0 --ids | xargs hyp schedules pause --reason "INC-88"
    """
    _each(session, schedule, lambda desk, each: book.pause(desk, each, reason), "Paused")


@command(app, "resume", WRITE)
def resume(session: Session, schedule: Words, reason: Reason = None) -> None:
    """Let paused schedules dial again, from their next time on.

    \b
    Examples:
      hyp schedules resume "Weekly check-in"
      hyp schedules list --status paused --limit 0 --ids | xargs hyp schedules resume --reason "INC-88 is over"
    """
    _each(session, schedule, lambda desk, each: book.resume(desk, each, reason), "Resumed")


@command(app, "cancel", WRITE)
def cancel(
    session: Session,
    schedule: Words,
    reason: Reason = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """End schedules for good; their history stays. A call in progress is not cut off.

    One is ended as it is said. Several are asked about; in a pipe they need --yes.

    \b
    Examples:
      hyp schedules cancel sch_01K9Z6T0000000000000000000 --reason "moved away"
      hyp schedules cancel "Weekly check-in" "Follow-up" --dry-run
      hyp schedules list --agent agent-9 --limit 0 --ids | xargs hyp schedules cancel --yes
    """
    goes_without_saying = yes or session.dry_run or len(set(schedule)) == 1
    refuse_unattended(session, yes=goes_without_saying)
    _each(
        session,
        schedule,
        lambda desk, each: book.cancel(desk, each, reason),
        "Canceled",
        first=lambda found: _confirm_cancel(found, yes=goes_without_saying),
    )


_MOST_NAMED = 10
"""As many schedules are named in a question."""


def _confirm_cancel(found: Sequence[Schedule], *, yes: bool) -> None:
    """Ask whether several schedules may be ended, having said which."""
    if yes or len(found) == 1:
        return
    for each in found[:_MOST_NAMED]:
        output.say(f"  {_title(each)}")
    if len(found) > _MOST_NAMED:
        output.say(f"  and {len(found) - _MOST_NAMED:,} more")
    confirm(f"Cancel these {len(found):,} schedules for good?", yes=yes)


@command(app, "skip", WRITE)
def skip(
    session: Session,
    schedule: Word,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="INSTANT", help="Which one, if not the next; see: hyp occurrences SCHEDULE."),
    ] = None,
) -> None:
    """Call off one time of a schedule that repeats, the next one, and keep the rest.

    \b
    Examples:
      hyp schedules skip "Weekly check-in"
      hyp schedules skip "Weekly check-in" --at '2026-12-24 09:30'
    """
    with session.desk() as desk:
        found = find.schedule(desk.store, schedule)
        zone = found.zone(desk.settings().timezone)
        instant = timewords.parse_moment(at, zone).at if at is not None else None
        after, off = book.call_off(desk, found.id, instant)
        workspace = desk.settings()
    shown = _zone_shown(after, workspace.timezone)
    said = [_local_and_utc(each, shown) for each in (off, after.next_run_at)]
    sentence = f"{_title(after)} {session.says('does', 'would')} not call {said[0]}; next {said[1]}."
    session.done(sentence, {**json.schedule(after, workspace), "called_off": to_text(off)})


@command(app, "run-now", WRITE)
def run_now(session: Session, schedule: Word) -> int | None:
    """Call now, beside the rule: the next regular call still happens. Prints the execution's id.

    Every gate is asked. A schedule that is being called is not called a second time.

    \b
    Examples:
      hyp schedules run-now "Weekly check-in"
      hyp schedules run-now sch_01K9Z6T0000000000000000000 && hyp tick
    """
    with session.desk() as desk:
        found = find.schedule(desk.store, schedule)
        if session.dry_run:
            decision = book.would_run_now(desk, found.id)
            said = "Would call" if decision.verdict == "dial" else f"Would not call ({decision.reason})"
            session.done(
                f"{said} {found.phone_number}.",
                {"schedule_id": found.id, "verdict": decision.verdict, "reason": decision.reason},
            )
            return None
        execution_id, report = book.run_now(desk, found.id)
        execution = executions.get(desk.store, execution_id)
    assert execution is not None, "it was just recorded"
    last = execution.last_call
    if report.placed:
        sentence = f"Calling {found.phone_number}; follow it: hyp history {found.id}"
    else:
        why = f": {execution.reason}" if execution.reason else ""
        sentence = f"Not called{why}. The execution is {execution.status}" + (
            f" and is tried again until {execution.deadline_at:%Y-%m-%dT%H:%M:%SZ}"
            if execution.status == "pending"
            else ""
        )
        if last is not None and last.error:
            sentence += f" ({last.error})"
    session.created(execution_id, sentence + ".", json.execution(execution))
    return None if report.placed else Exit.ATTENTION


@command(app, "import", WRITE)
def import_(
    session: Session,
    file: Source,
    reader: ImportOptions,
    options: ScheduleOptions,
    ref: Annotated[
        str | None, typer.Option("--ref", metavar="KEY", help="Your own key, as in '{id}-birthday': again is safe.")
    ] = None,
    paused: Annotated[bool, typer.Option("--paused", help="Store them without starting them.")] = False,
    tz_column: Annotated[
        str | None, typer.Option("--tz-column", metavar="COLUMN", help="The column that holds the timezone.")
    ] = None,
    stagger: Annotated[
        str | None, typer.Option("--stagger", metavar="DURATION", help="Let each row's call go out so much later.")
    ] = None,
) -> int | None:
    """Add a schedule for each row of a file. All rows are good, or nothing is stored.

    A column is a field as in --json; context.KEY and any other name go into the context. All options of
    "schedules add" apply to every row and win over its columns; they may hold {column}, which is used there only.
    --in takes several: --in 0s,1h,1d makes three schedules of a row, and {step} is 1, 2, 3. A row whose --ref was
    added before is unchanged. A birthday on 29 February is called on 28 February in other years.

    \b
    Examples:
      hyp schedules import calls.csv --dry-run
      hyp schedules import people.csv --to '{phone}' --tz-column timezone --cron '0 10 {day} {month} *' --ref '{id}'
      hyp schedules import visits.csv --at '{visit}' --before 24h --partial --rejected bad.jsonl
      hyp schedules export - | hyp -w other schedules import - --allow-past
    """
    asked = _asked(options, ref, paused=paused, tz_column=tz_column)
    apart = timewords.parse_duration(stagger) if stagger is not None else timedelta(0)

    def begin(desk: Desk, source: Rows, refusals: Refusals) -> tuple[Importer, Iterator[tuple[int, Any]]]:
        if source.format == "csv":
            names, found = source.cells()
            rows: FromCells | FromObjects = FromCells(asked, names)
        else:
            rows, found = FromObjects(asked), source.objects()
        refusals.as_object = rows.as_object
        return Importer(desk, rows, len(asked.delays), apart, refusals, refusals.place), found

    return import_rows(session, file, reader, "schedule", begin)


@command(app, "export")
def export_(session: Session, file: Target = "-", format: Format = None) -> None:
    """Write the live schedules as "schedules import" reads them; without a file, as CSV to standard output.

    What has ended is not in it, nor who the users are: hyp users export. One without a ref gets its id for one, so
    that importing it again changes nothing. A file that is there is replaced. A single call that is due and not
    dialled yet is in it: an import refuses it as past, or with --allow-past lets it go out at once.

    \b
    Examples:
      hyp schedules export schedules.csv
      hyp schedules export --format jsonl | jq .cron_expression
    """

    with session.store() as store:
        rows = map(written.schedule, schedules.walk(store))
        export(session, file, format, rows, written.SCHEDULE)


def _asked(options: ScheduleOptions, ref: str | None, *, paused: bool, tz_column: str | None) -> Asked:
    """Return what the options of an import ask of every row."""
    if tz_column is not None and options.timezone is not None:
        raise InvalidInput("--tz and --tz-column cannot be used together", hint="--tz-column is --tz '{COLUMN}'")
    request = options.request(ref=ref, paused=paused or None)
    if tz_column is not None:
        request = replace(request, timezone="{" + tz_column + "}")
    delays = tuple(values.comma_list([options.delay]) or ()) if options.delay is not None else ("",)
    return Asked(replace(request, when=replace(request.when, delay=None)), delays, default_agent())


def _each(
    session: Session,
    words: Sequence[str],
    act: Callable[[Desk, str], Schedule],
    verb: str,
    first: Callable[[Sequence[Schedule]], None] = lambda found: None,
) -> None:
    """Do it to all that the words name; `first` sees them before anything is done."""
    with session.desk() as desk:
        workspace = desk.settings()
        named = {each.id: each for each in (find.schedule(desk.store, word) for word in words)}
        first(list(named.values()))
        ids = list(named)
        for each in ids:
            # Beforehand, in small transactions: it can be much after a long sleep.
            materialise_one(desk, each, desk.clock.now())
        with desk.store.transaction():
            # All or none: a third that cannot be changed must not leave the first two changed.
            changed = [act(desk, each) for each in ids]
    for schedule in changed:
        coming = schedule.next_run_at if schedule.status is ScheduleState.ACTIVE else None
        said = f"; next {times.local_in(coming, schedule.zone_name(workspace.timezone)[0])}" if coming else ""
        output.say(f"{session.did(verb)} {_title(schedule)}{said}.")
    session.changed([json.schedule(each, workspace) for each in changed])


def _columns(workspace: str | None) -> list[Column[Schedule]]:
    return [
        Column("id", lambda it: it.id),
        Column("name", lambda it: it.name, elastic=True),
        Column("agent", lambda it: it.agent_id, spare=True),
        Column(
            "calls",
            lambda it: it.user_id or it.to_number,
            lambda it: it.callee.name if it.callee else it.to_number,
            elastic=True,
            spare=True,
        ),
        Column("when", lambda it: _words(it, workspace), elastic=True, spare=True),
        Column(
            "next",
            lambda it: maybe_text(it.next_run_at),
            lambda it: times.local(it.next_run_at, _zone_shown(it, workspace)),
        ),
        Column(
            "timezone",
            lambda it: it.zone_name(workspace)[0],
            lambda it: times.place(_zone_shown(it, workspace)),
            elastic=True,
            spare=True,
        ),
        Column("status", lambda it: it.status),
        Column("last", lambda it: it.last_status, spare=True),
    ]


def _show_by_agent(found: Sequence[Schedule], workspace: str | None) -> None:
    columns = [column for column in _columns(workspace) if column.title != "agent"]
    for number, (_, group_) in enumerate(groupby(found, key=lambda it: it.agent_id)):
        theirs = list(group_)
        heading = f"{theirs[0].agent_name} ({theirs[0].agent_id})"
        output.data("\n" if number else "")
        show_table(columns, theirs, heading)


def _zone_shown(it: Schedule, workspace: str | None) -> ZoneInfo | None:
    """Return the zone on whose clocks a time is shown: the reader's (HYP_TZ), else the schedule's."""
    try:
        display = os.environ.get("HYP_TZ")
        return timewords.parse_zone(display) if display else it.zone(workspace)
    except InvalidInput:
        return None


def _words(it: Schedule, workspace: str | None) -> str:
    try:
        return in_words(it.rule(workspace))
    except InvalidInput as error:
        return error.message


def _said(it: Schedule, workspace: str | None) -> str:
    """Say when a schedule fires and on whose clocks."""
    zone, (name, zone_of) = _zone_shown(it, workspace), it.zone_name(workspace)
    state = f" ({it.status})" if it.status is not ScheduleState.ACTIVE else ""
    if not it.recurring:
        return f"once, {_local_and_utc(it.next_run_at, zone)}" + (f" {zone.key}" if zone else "") + state
    words = f"{_words(it, workspace)} {name}" + (f" (the {zone_of}'s timezone)" if zone_of != "schedule" else "")
    return f"{words}; next {_local_and_utc(it.next_run_at, zone)}{state}"


def _local_and_utc(at: datetime | None, zone: ZoneInfo | None) -> str:
    if at is None:
        return "never"
    utc = f"{at:%Y-%m-%dT%H:%M:%SZ}"
    return f"{times.local(at, zone)} ({utc})" if zone else utc


def _title(it: Schedule) -> str:
    return f"{clipped(it.name)!r} ({it.id})" if it.name else it.id


def _attempts(it: Schedule) -> str:
    if it.retry.max_attempts == 1:
        return "1 (no retry)"
    outcomes = ", ".join(sorted(it.retry.retry_on))
    delay = timewords.duration_text(it.retry.delay)
    return f"{it.retry.max_attempts}, {delay} apart, {it.retry.backoff}; on {outcomes}"


def _plain(value: object) -> str:
    return "none" if value is None else value if isinstance(value, str) else json.line(value)


_WORTH_A_WORD = ("suppressed", "zone_unknown", "outside_calling_window", "window_never_opens")
"""What would keep the next firing of a new schedule from ringing, and is easily overlooked."""


def _notes_on_next(it: Schedule, desk: Desk, *, stored: bool) -> list[str]:
    """Say what the clocks do to the next firing, and, of a schedule that is stored, what a gate has against it."""
    notes = [f"note: the next firing: {NOTES[Note(it.next_note)]}"] if it.next_note is not None else []
    if stored and it.next_run_at is not None and it.next_slot is not None:
        seen = Inquiry(desk, desk.settings(), desk.clock.now()).outlook(it, Occurrence(it.next_run_at, it.next_slot))
        if seen.rings_at is None and seen.decision.reason in _WORTH_A_WORD:
            why = REASONS[seen.decision.reason]
            notes.append(f"note: the next firing would not ring: {why}; see: hyp why {it.id}")
    if Outcome.VOICEMAIL in it.retry.retry_on and not hears_machines(desk.store, it.agent_id):
        notes.append(
            "note: its agent's calls are not told from a machine's, so none is a voicemail; "
            f"see: hyp agents edit {it.agent_id} --machine-detection on"
        )
    return notes
