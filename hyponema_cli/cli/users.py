"""hyp users: who is called."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hyponema_cli.cli import output, values
from hyponema_cli.cli.command import LIST, WRITE, Session, command, group
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
from hyponema_cli.core import phone, timewords, window
from hyponema_cli.core.records import Schedule, User
from hyponema_cli.engine import book, find, people
from hyponema_cli.engine.needs import refuse_while_live
from hyponema_cli.engine.people import Person
from hyponema_cli.render import export as written
from hyponema_cli.render import json, times
from hyponema_cli.render.tables import Column
from hyponema_cli.store import events, schedules, users

if TYPE_CHECKING:
    from hyponema_cli.engine.desk import Desk
    from hyponema_cli.engine.forget import Forgotten

app = group("The people who are called: phone, timezone, usual time.")

Word = Annotated[
    str, typer.Argument(metavar="USER", help="The id, or the exact name or phone number.", show_default=False)
]
Timezone = Annotated[str | None, typer.Option("--tz", metavar="ZONE", help="Where they live, as in Europe/Madrid.")]
LocalTime = Annotated[
    str | None, typer.Option("--local-time", metavar="HH:MM", help="When they are usually called, on their clocks.")
]
Hours = Annotated[
    str | None,
    typer.Option(
        "--window",
        metavar="HOURS",
        help="When they may be called, on their clocks: 'mon-fri 09:00-20:00', us-tcpa, fr, es, always.",
    ),
]
Context = Annotated[
    list[str] | None, typer.Option("--context", metavar="K=V", help="What the agent should know; may be repeated.")
]
ContextJson = Annotated[
    str | None, typer.Option("--context-json", metavar="JSON", help="The same, as a JSON object.")
]


@command(app, "add", WRITE)
def add(
    session: Session,
    name: Annotated[str, typer.Argument(help="What people call them.", show_default=False)],
    number: Annotated[str, typer.Option("--phone", metavar="+E164", help="Their number.", show_default=False)],
    own_id: Annotated[str | None, typer.Option("--id", help="Your own id for them; else one is made.")] = None,
    timezone: Timezone = None,
    local_time: LocalTime = None,
    hours: Hours = None,
    context: Context = None,
    context_json: ContextJson = None,
) -> None:
    """Add a user. Prints the id.

    \b
    Examples:
      hyp users add "Ana" --id user-1 --phone +34600000001 --tz Europe/Madrid
      hyp users add "Ben" --phone "+1 212 555 0123" --tz America/New_York --local-time 09:30
    """
    with session.desk() as desk:
        now = desk.clock.now()
        person = Person(own_id, name, read_phone(number), timezone, local_time, hours)
        person = replace(person, context=values.pairs("--context", context or (), context_json))
        user = people.drawn_up(person, lambda: desk.new_id("user", now), now)
        with desk.store.transaction():
            others = users.by_number(desk.store, user.phone_number)
            users.insert(desk.store, user)
            events.add(desk.store, now, desk.actor, "user.added", subject_id=user.id)
    session.created(user.id, f"{session.did('Added')} user {user.name!r} ({user.id}).", json.user(user))
    if others:
        more = f" and of {len(others) - 1} more" if len(others) > 1 else ""
        output.say(
            f"note: {user.phone_number} is also the number of {others[0].name!r} ({others[0].id}){more}; "
            "they have one line, and one call at a time"
        )


@command(app, "import", WRITE)
def import_(
    session: Session,
    file: Source,
    reader: ImportOptions,
    name: Annotated[str | None, typer.Option("--name", metavar="TEXT", help="As in '{first} {last}'.")] = None,
    number: Annotated[str | None, typer.Option("--phone", metavar="+E164", help="As in '{mobile}'.")] = None,
    own_id: Annotated[str | None, typer.Option("--id", metavar="ID", help="As in 'crm-{number}'.")] = None,
    timezone: Timezone = None,
    local_time: LocalTime = None,
    hours: Hours = None,
    context: Context = None,
    context_json: ContextJson = None,
) -> int | None:
    """Add a user for each row of a file. All rows are good, or nothing is stored.

    A column is a field as in --json; context.KEY and any other name go into the context. Options apply to every row
    and win over its columns; they may hold {column}, which is used there only. A user is known again by the id, or
    where a row has none, by the number: the same again is unchanged, and other content is refused.

    \b
    Examples:
      hyp users import people.csv --dry-run
      hyp users import crm.csv --name '{first} {last}' --phone '{mobile}' --id 'crm-{key}' --tz Europe/Madrid
      hyp users export - | hyp -w other users import -
    """
    asked = Person(own_id, name, number, timezone, local_time, hours)
    asked = replace(asked, context=values.pairs("--context", context or (), context_json))

    def begin(desk: Desk, source: Rows, refusals: Refusals) -> tuple[people.Importer, Iterator[tuple[int, Any]]]:
        if source.format == "csv":
            names, found = source.cells()
            columns = people.Columns(names, asked)
            read, refusals.as_object = columns.read, columns.as_object
        else:
            read, found = partial(people.read, asked=asked), source.objects()
        return people.Importer(desk, read, refusals, refusals.place), found

    return import_rows(session, file, reader, "user", begin)


@command(app, "export")
def export_(session: Session, file: Target = "-", format: Format = None) -> None:
    """Write the users as "users import" reads them; without a file, as CSV to standard output.

    A file that is there is replaced.

    \b
    Examples:
      hyp users export users.csv
      hyp users export --format jsonl | jq .phone_number
    """
    with session.store() as store:
        rows = map(written.user, users.walk(store))
        export(session, file, format, rows, written.USER)


@command(app, "list", LIST)
def list_(session: Session) -> None:
    """List the users.

    \b
    Examples:
      hyp users list
      hyp users list --limit 0 | cut -f1,3
    """
    with session.store() as store:
        found = users.at_leisure(store, session.most)
    columns = [
        Column[User]("id", lambda user: user.id),
        Column[User]("name", lambda user: user.name, elastic=True),
        Column[User]("phone", lambda user: user.phone_number),
        Column[User]("timezone", lambda user: user.timezone),
        Column[User]("usual time", lambda user: user.local_time, lambda user: (user.local_time or "")[:5]),
    ]
    session.show(found, columns, json.user, 'No users yet. Add one: hyp users add "Ana" --phone +34600000001')


@command(app, "show")
def show(session: Session, user: Word) -> None:
    """Show one user, and how many live schedules call them.

    \b
    Examples:
      hyp users show user-1
      hyp users show +34600000001 --json | jq .timezone
    """
    with session.store() as store:
        found = find.user(store, user)
        live = schedules.count_live_of(store, "user_id", found.id)
    session.show_one(
        [
            ("id", found.id),
            ("name", found.name),
            ("phone", found.phone_number),
            ("timezone", found.timezone or "not set (the workspace's is used)"),
            ("usual time", found.local_time),
            ("calling window", found.calling_window),
            *((f"context {key}", str(value)) for key, value in found.context.items()),
            ("live schedules", str(live)),
        ],
        {**json.user(found), "live_schedules": live},
    )


@command(app, "edit", WRITE)
def edit(
    session: Session,
    user: Word,
    name: Annotated[str | None, typer.Option("--name", help="Their new name.")] = None,
    number: Annotated[str | None, typer.Option("--phone", metavar="+E164", help="Their new number.")] = None,
    timezone: Timezone = None,
    local_time: LocalTime = None,
    hours: Hours = None,
    context: Context = None,
    context_json: ContextJson = None,
    clear: Annotated[
        list[str] | None, typer.Option("--clear", metavar="FIELD", help="Unset timezone, local_time or window.")
    ] = None,
) -> None:
    """Change what is given, and nothing else. Schedules that follow the user's clocks move with them.

    \b
    Examples:
      hyp users edit user-1 --tz America/New_York
      hyp users edit user-1 --local-time 10:00 --context language=es
    """
    unset = values.fields_to_clear(clear, {"timezone", "local_time", "window"})
    unset = ["calling_window" if name == "window" else name for name in unset]
    changes: dict[str, Any] = {
        "name": values.name(name) if name is not None else None,
        "phone_number": read_phone(number) if number is not None else None,
        "timezone": timewords.parse_zone(timezone).key if timezone is not None else None,
        "local_time": timewords.parse_time_of_day(local_time).isoformat() if local_time is not None else None,
        "calling_window": window.parse(hours).text if hours is not None else None,
    }
    given = {key: value for key, value in changes.items() if value is not None} | dict.fromkeys(unset)
    more = values.pairs("--context", context or (), context_json)
    with session.desk() as desk:
        before = find.user(desk.store, user)
        after, moved = book.edit_user(
            desk, before.id, lambda old: replace(old, **given, context={**old.context, **more})
        )
        workspace = desk.settings().timezone
    for schedule in moved:
        output.say(moved_sentence(schedule, workspace))
    session.done(
        f"{session.did('Changed') if after != before else 'Nothing to change in'} user {after.id}.", json.user(after)
    )


def moved_sentence(schedule: Schedule, workspace: str | None) -> str:
    """Say when a schedule fires next, now that the clocks that it follows have changed."""
    if schedule.trouble is not None:
        return f"{schedule.id} cannot fire any more: {schedule.trouble}"
    if schedule.next_run_at is None:
        return f"{schedule.id} is {schedule.status}: its time has passed on the new clocks"
    zone, _ = schedule.zone_name(workspace)
    return f"{schedule.id} now fires next {times.local_in(schedule.next_run_at, zone)}"


@command(app, "remove", WRITE)
def remove(session: Session, user: Word) -> None:
    """Remove a user whom no live schedule calls. History keeps the name; hyp users forget deletes it too.

    \b
    Examples:
      hyp users remove user-1
      hyp users remove "Ana" --dry-run
    """
    with session.desk() as desk, desk.store.transaction():
        now = desk.clock.now()
        found = find.user(desk.store, user)
        refuse_while_live(f"user {found.id}", schedules.live_ids_of(desk.store, "user_id", found.id))
        users.remove(desk.store, found.id, now)
        events.add(desk.store, now, desk.actor, "user.removed", subject_id=found.id)
    session.done(f"{session.did('Removed')} user {found.name!r} ({found.id}).", json.user(found))


@command(app, "forget")
def forget(
    session: Session,
    user: Annotated[
        str,
        typer.Argument(metavar="USER|+E164", help="The id, the exact name or the phone number.", show_default=False),
    ],
    also_suppressions: Annotated[
        bool, typer.Option("--also-suppressions", help="Take their number off the list of those not to be dialled.")
    ] = False,
    reason: Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why; kept in the trail.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Count, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> int | None:
    """Delete what is known of a person, for good: name, numbers, context, and their traces in all that was called.

    Their schedules are canceled, and webhooks about them deleted, told or not. Calls, executions and the audit trail
    stay, under a number that is nobody's. It reaches the workspace, the dial journal, the simulated carrier's memory
    and copies from before a migration, and writes the file anew, for which everybody else waits. Nothing of theirs
    may be going on or in doubt.

    What stays: the id, in the trail; and if their number is suppressed, that line with the number in clear, because
    it must not be dialled again and a number that is hashed is found out in a moment. --also-suppressions deletes it.
    What cannot be reached: backups, carriers' own records, and what other programs were told.

    \b
    Examples:
      hyp users forget user-1 --dry-run
      hyp users forget user-1 --yes --reason "request of 3 March"
    """
    if not dry_run:
        refuse_unattended(session, yes=yes)
    from hyponema_cli.engine import forget as engine

    with session.desk() as desk:
        person = engine.whom(desk.store, user)
        found = engine.look(desk, person, also_suppressions=also_suppressions)
        if not dry_run:
            confirm(f"Forget {_known_of(found, user)}: {_forgotten_counts(found)}? This cannot be undone.", yes=yes)
            found = engine.forget(desk, person, also_suppressions=also_suppressions, reason=reason)
    who = person.user_ids[0] if person.user_ids else "the number"
    _tell_forgotten(found, who, dry_run=dry_run)
    if session.json:
        output.data(json.document(_forgotten_shape(found, dry_run=dry_run)) + "\n")
    return Exit.ATTENTION if found.left is not None else None


def _forgotten_counts(it: Forgotten) -> str:
    erased = it.erased
    return (
        f"{_several(erased.schedules, 'schedule')} ({len(it.canceled):,} live), {_several(erased.calls, 'call')}, "
        f"{_several(erased.sessions, 'session')}, {_several(erased.messages, 'webhook')} and "
        f"{_several(erased.events, 'line')} of the trail"
    )


def _known_of(it: Forgotten, word: str) -> str:
    """Say who is meant by a word: names and numbers, so that an id that was mistyped shows."""
    names = ", ".join(dict.fromkeys(map(repr, it.person.names)))
    ids, numbers = ", ".join(it.person.user_ids), ", ".join((*it.person.numbers, *it.person.shared))
    return f"{names or repr(word)} ({', '.join(filter(None, (ids, numbers)))})"


def _several(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _tell_forgotten(it: Forgotten, who: str, *, dry_run: bool) -> None:
    if it.was_forgotten_before:
        output.say(f"{who} was forgotten before" + ("." if dry_run else "; the file was written anew."))
    else:
        output.say(f"{'Would forget' if dry_run else 'Forgot'} {who}: {_forgotten_counts(it)}.")
    if it.copies:
        output.say(f"{'Would delete' if dry_run else 'Deleted'} {', '.join(it.copies)}.")
    for number in it.person.shared:
        output.say(f"note: {number} is also another user's, or was; what is theirs keeps it")
    if it.erased.suppressions_kept:
        output.say("note: their number stays suppressed, and stands in that list; --also-suppressions deletes it")
    if it.left is not None:
        output.say(f"warning: the file was not written anew: {it.left.message}")
        output.say("hint: its unused parts may still hold something of them; later: hyp db vacuum")


def _forgotten_shape(it: Forgotten, *, dry_run: bool) -> dict[str, Any]:
    erased = it.erased
    shape = {
        "user_ids": list(it.person.user_ids),
        "schedules_canceled": it.canceled,
        "schedules": erased.schedules,
        "executions": erased.executions,
        "calls": erased.calls,
        "sessions": erased.sessions,
        "webhooks": erased.messages,
        "events": erased.events,
        "journal_lines": it.journal_lines,
        "simulated_calls": it.simulated_calls,
        "copies_deleted": it.copies,
        "suppressions_deleted": erased.suppressions_removed,
        "suppressions_kept": erased.suppressions_kept,
        "shared_numbers": list(it.person.shared),
        "file_written_anew": it.left is None and not dry_run,
    }
    return {**shape, "dry_run": True} if dry_run else shape


def read_phone(text: str) -> str:
    """Read a phone number; warn when no numbering plan could have it."""
    number = phone.parse(text)
    if phone.looks_impossible(number):
        output.say(f"warning: {number} is no possible phone number (wrong length for its country); stored as it is")
    return number
