"""hyp db: the workspace file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from hyponema_cli import zonedata
from hyponema_cli.cli import output, values
from hyponema_cli.cli.command import Session, command, group
from hyponema_cli.cli.confirm import confirm, refuse_unattended
from hyponema_cli.cli.exits import Exit
from hyponema_cli.cli.progress import progress
from hyponema_cli.core import timewords
from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.core.instant import to_text
from hyponema_cli.render import json
from hyponema_cli.render.safe import visible
from hyponema_cli.render.tables import Column
from hyponema_cli.store import settings

if TYPE_CHECKING:
    from hyponema_cli.engine.prune import Pruned

app = group("The workspace file.")


@command(app, "path")
def path(session: Session) -> None:
    """Print where the workspace file is, or would be.

    \b
    Examples:
      hyp db path
      sqlite3 "$(hyp db path)" 'select status, count(*) from executions group by 1'
    """
    where = session.path()
    if session.json:
        session.show_one([], {"path": str(where), "exists": where.is_file()})
    else:
        output.data(f"{where}\n")


@command(app, "status")
def status(session: Session) -> None:
    """Show the file's size, schema, journal and what it holds.

    \b
    Examples:
      hyp db status
      hyp db status --json
    """
    from hyponema_cli.store.status import inspect

    with session.store() as store:
        found = inspect(store)
    session.show_one(
        [
            ("path", found.path),
            ("size", f"{found.size_bytes:,} bytes"),
            ("schema", str(found.schema)),
            ("sqlite", f"{found.sqlite_version}, journal {found.journal_mode}"),
            ("time zone data", found.zone_edition or "unknown edition"),
            *((name, f"{count:,}") for name, count in found.rows.items()),
        ],
        {
            "path": found.path,
            "size_bytes": found.size_bytes,
            "schema": found.schema,
            "sqlite_version": found.sqlite_version,
            "journal_mode": found.journal_mode,
            "zone_edition": found.zone_edition,
            "rows": found.rows,
        },
    )


@command(app, "backup")
def backup(
    session: Session,
    target: Annotated[
        str, typer.Argument(metavar="PATH|-", help="The file to make; - is standard output.", show_default=False)
    ],
    force: Annotated[bool, typer.Option("--force", help="Put it in the place of an earlier file.")] = False,
) -> None:
    """Copy the workspace while ticks and workers run, check the copy, and print its path.

    The copy appears whole or not at all, and is for its owner only: it holds names and phone numbers. The dial
    journal (.dialled) is left out on purpose, and must be left where it is: it is what keeps a database that was put
    back from calling people a second time. The webhook secret is not in it either: keep it where you keep secrets.

    To put a copy back: stop what runs, copy it over the workspace file, delete a -journal or -wal file beside it, and
    run hyp reconcile.

    \b
    Examples:
      hyp db backup /backup/calls-$(date +%F).db
      hyp db backup - | gzip | ssh backup@host 'cat > calls.db.gz'
    """
    if target == "-":
        _stream(session)
        return
    from hyponema_cli.store.backup import back_up

    began = session.clock.now()
    with session.store() as store, progress("copying") as on_progress:
        path = Path(target)
        copied = back_up(store, path, overwrite=force, now=began.timestamp(), on_progress=on_progress)
    seconds = (session.clock.now() - began).total_seconds()
    output.say(f"Copied {copied.size_bytes:,} bytes in {seconds:.1f} s, and found them sound.")
    if session.json:
        shape = {
            "path": str(path.absolute()),
            "bytes": copied.size_bytes,
            "pages": copied.pages,
            "seconds": round(seconds, 3),
            "schema": copied.schema,
        }
        output.data(json.document(shape) + "\n")
    else:
        output.data((visible(target) if output.for_people() else target) + "\n")


def _stream(session: Session) -> None:
    """Write a copy to stdout, once it is known to be sound."""
    if output.for_people():
        raise InvalidInput("standard output is a terminal", hint="send it somewhere: hyp db backup - > calls.db")
    if session.json:
        raise InvalidInput("--json and - both want standard output", hint="leave out one of them")
    from hyponema_cli.store.backup import found_sound, private_copy

    with (
        session.store() as store,
        progress("copying") as on_progress,
        private_copy(store, on_progress) as (copy, descriptor),
    ):
        copied = found_sound(copy, str(store.path))
        os.lseek(descriptor, 0, os.SEEK_SET)
        while part := os.read(descriptor, 1024 * 1024):
            output.content(part)
    output.say(f"Wrote {copied.size_bytes:,} bytes, a sound copy.")


@command(app, "check")
def check(
    session: Session,
    quick: Annotated[bool, typer.Option("--quick", help="Leave out what takes long: indexes and rules.")] = False,
    deep: Annotated[bool, typer.Option("--deep", help="Derive the next firing of every schedule anew.")] = False,
) -> int | None:
    """Look for damage and contradictions. Changes nothing and holds up nobody; ends with 3 when it finds any.

    It looks at a copy, for which TMPDIR must have room: at SQLite's own structures, rows that point nowhere, the
    schema, what calls and executions say of each other, the next firing of the thousand schedules that fire soonest,
    and the dial journal.

    \b
    Examples:
      hyp db check
      hyp db check --deep --json | jq length
    """
    if quick and deep:
        raise InvalidInput("--quick and --deep cannot be used together", hint="without either a sample is looked at")
    from hyponema_cli.engine.examine import examine
    from hyponema_cli.store import check as promises

    with session.store(as_it_stands=True) as store, progress("copying") as on_progress:
        found = examine(store, zonedata.version(), quick=quick, deep=deep, on_progress=on_progress)
    columns = [
        Column[promises.Finding]("check", lambda it: it.check),
        Column[promises.Finding]("about", lambda it: it.about),
        Column[promises.Finding]("found", lambda it: it.said, elastic=True),
    ]
    session.show(found, columns, lambda it: it._asdict(), "All is well.")
    return Exit.ATTENTION if found else None


@command(app, "migrate")
def migrate(
    session: Session,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Say what it would do.")] = False,
) -> None:
    """Bring the file of an older hyp up to date. Every other command does so too; this one says what it did.

    A copy of the file as it was is kept beside it, as <file>.before-<schema>, until the next one takes its place.

    \b
    Examples:
      hyp db migrate
      hyp db migrate --dry-run
    """
    from hyponema_cli.store.check import schema_of
    from hyponema_cli.store.migrations import SCHEMA_VERSION

    with session.store(as_it_stands=True) as store:
        before, where = schema_of(store.connection), store.path
    kept = f"{where}.before-{SCHEMA_VERSION}"
    if before == SCHEMA_VERSION:
        sentence = f"Nothing to do: {where} is in schema {SCHEMA_VERSION}."
    elif dry_run:
        sentence = f"Would bring {where} from schema {before} to {SCHEMA_VERSION}."
    else:
        with session.store():
            pass
        sentence = f"Brought {where} from schema {before} to {SCHEMA_VERSION}; as it was it is kept as {kept}."
    shape: dict[str, Any] = {"path": str(where), "from": before, "to": SCHEMA_VERSION}
    shape["copy"] = kept if before != SCHEMA_VERSION and not dry_run else None
    session.done(sentence, {**shape, "dry_run": True} if dry_run else shape)


@command(app, "vacuum")
def vacuum(
    session: Session,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Say what would be gained.")] = False,
) -> None:
    """Write the file anew without what is unused, and say what was gained.

    Nobody can dial meanwhile: about two seconds for each hundred megabytes. Ends with 11 when others hold the file.

    \b
    Examples:
      hyp db vacuum
      hyp db vacuum --dry-run
      hyp --workspace dev db vacuum --json
    """
    from hyponema_cli.store import room

    with session.store() as store:
        before, after = room.forecast(store) if dry_run else room.vacuum(store)
        where = store.path
    gained = before - after
    shape: dict[str, Any] = {"path": str(where), "before_bytes": before, "after_bytes": after}
    shape["gained_bytes"] = gained
    if dry_run:
        said = f"about {gained:,} of its {before:,} bytes are unused" if gained > 0 else "nothing is unused"
        session.done(f"{where}: {said}. Dry run: nothing was written.", {**shape, "dry_run": True})
        return
    said = f"{gained:,} bytes less than before" if gained > 0 else "nothing was gained"
    session.done(f"{where} has {after:,} bytes: {said}.", shape)


@command(app, "prune")
def prune(
    session: Session,
    before: Annotated[
        str,
        typer.Option(
            "--before", metavar="WHEN", help="A date, an instant, or how long ago: 90d.", show_default=False
        ),
    ],
    with_schedules: Annotated[
        bool, typer.Option("--schedules", help="Also schedules that ended before then, with all their past.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Count, and delete nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete executions that were over before WHEN, with their calls, and sessions and webhooks that were.

    What is still needed stays: the last 30 days and what call_cap counts, what is open or in doubt, the last run of
    each schedule, and the calls that --max-occurrences counts (a number that is set later counts from what is
    there then). The audit trail stays whole. With --schedules a schedule that has a --ref stays too: the ref keeps it
    from being added twice. It can be stopped at any time, and goes on where it was when run again.

    \b
    Examples:
      hyp db prune --before 90d --dry-run
      hyp db prune --before 2026-01-01 --schedules --yes && hyp db vacuum
    """
    if not dry_run:
        refuse_unattended(session, yes=yes)
    from hyponema_cli.engine import prune as engine
    from hyponema_cli.store.prune import Selection

    with session.desk() as desk:
        workspace = settings.load(desk.store).timezone
        zone = timewords.stored_zone(workspace) if workspace else ZoneInfo("UTC")
        until = values.moment(before, desk.clock.now(), zone, end=False)
        assert until is not None, "the option is required"
        engine.refuse_too_recent(desk, until)
        selection = Selection(until, with_schedules)
        if dry_run or not yes:
            with progress("counting") as on_progress:
                found = engine.count(desk, selection, on_progress)
        if not dry_run:
            if not yes and not found.is_nothing:
                confirm(f"Delete {_counts(found)}?", yes=yes)
            with progress("deleting") as on_progress:
                found = engine.carry_out(desk, selection, on_progress)
    verb = "Would delete" if dry_run else "Deleted"
    sentence = f"{verb} {_counts(found)} of before {to_text(found.before)}."
    if found.kept_for_ref:
        sentence += f" {found.kept_for_ref:,} schedules that have a ref stay."
    shape: dict[str, Any] = {
        "before": to_text(found.before),
        "executions": found.executions,
        "calls": found.calls,
        "sessions": found.sessions,
        "messages": found.messages,
        "schedules": found.schedules,
        "schedules_kept_for_ref": found.kept_for_ref,
    }
    session.done(sentence, {**shape, "dry_run": True} if dry_run else shape)


def _counts(it: Pruned) -> str:
    said = f"{it.executions:,} executions with {it.calls:,} calls, {it.sessions:,} sessions, {it.messages:,} webhooks"
    return said + (f", {it.schedules:,} schedules" if it.schedules else "")
