"""Is the workspace file sound, is it kept well, and does anything drive it?"""

from __future__ import annotations

import os
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta

from hyponema_cli.core.finding import Answer, fail, note, ok, warn
from hyponema_cli.core.health import Limits
from hyponema_cli.core.instant import to_text
from hyponema_cli.core.timewords import duration_text
from hyponema_cli.engine.patient import Patient, WorkspaceCheck
from hyponema_cli.store import heartbeat, is_busy, journal, settings, status, vitals

MEBIBYTE = 1024 * 1024
NO_ROOM = 16 * MEBIBYTE
"""With less than this free, the next passes may not be able to write."""
LITTLE_ROOM = 256 * MEBIBYTE
CLOCK_STEP = timedelta(seconds=5)
"""Clocks of machines are set by less than this every day."""
DRIVE_IT = "run hyp run-worker as a service (hyp setup systemd), or hyp tick from a crontab (hyp setup cron)"


def database(it: Patient) -> Answer:
    """The file opens."""
    store = it.desk.store
    size = store.path.stat().st_size
    return ok(f"{store.path}, schema {status.schema_version(store)}, {size / MEBIBYTE:,.1f} MiB")


def contents(it: Patient) -> Answer:
    """Every page of the file can be read, and they fit together."""
    found = status.damage(it.desk.store)
    if found:
        return fail(
            f"the file is damaged: {found[0]}",
            "stop what dials, keep a copy, and put back a backup; leave the dial journal where it is",
        )
    return ok("every page fits")


def journal_mode(it: Patient) -> Answer:
    """Changes are kept in the way that is safe with this SQLite on this disk."""
    found = status.journal_mode(it.desk.store)
    if found.mode != found.wanted:
        return warn(
            f"the journal is {found.mode}, and should be {found.wanted} with SQLite {sqlite3.sqlite_version}",
            "stop every hyp and whoever else has the file open, and run: hyp db status",
        )
    if not found.local_disk:
        return warn(
            "the file is not on a disk that is known to be this machine's; locks may not hold there",
            "move it to a local disk, together with the files beside it",
        )
    return ok(f"{found.mode}, with SQLite {sqlite3.sqlite_version}")


def files(it: Patient) -> Answer:
    """The files are their owner's only, and this user can write them."""
    workspace = it.machine.workspace
    found = list(status.files_of(workspace))
    try:
        status.try_to_write(it.desk.store)
    except sqlite3.OperationalError as error:
        if is_busy(error):
            return fail(f"{workspace} is held by another process: {error}", f"see who: fuser {workspace}")
        return fail(f"{workspace} cannot be written: {error}", "check its owner, its mode and its disk")
    if not os.access(workspace.parent, os.W_OK | os.X_OK):
        return fail(f"{workspace.parent} cannot be written, and SQLite needs to", f"chmod u+wx {workspace.parent}")
    if len({about.st_uid for _, about in found}) > 1:
        whose = ", ".join(f"{path.name} {about.st_uid}" for path, about in found)
        return warn(f"the files belong to several users: {whose}", f"run hyp as one, and chown {workspace}*")
    open_to_others = [path for path, about in found if about.st_mode & 0o077]
    if open_to_others:
        names = ", ".join(path.name for path in open_to_others)
        return warn(
            f"others on this machine may open {names}: names and phone numbers are in there",
            f"chmod 600 {' '.join(map(str, open_to_others))}",
        )
    return ok("for their owner only")


def disk(it: Patient) -> Answer:
    """There is room for what the next passes write."""
    free = shutil.disk_usage(it.machine.workspace.parent).free
    found = f"{free / MEBIBYTE:,.0f} MiB free in {it.machine.workspace.parent}"
    if free < NO_ROOM:
        return fail(found, "free some space: what cannot be recorded is not dialled")
    return warn(found, "free some space") if free < LITTLE_ROOM else ok(found)


def clock(it: Patient) -> Answer:
    """Nothing was written later than now: the clock was not put back."""
    newest = max(_dates(it))
    # Not when the doctor came: meanwhile a large file was read, and others went on writing.
    now = it.desk.clock.now()
    if newest > now + CLOCK_STEP:
        ahead = duration_text(newest - now)
        return warn(
            f"it is {to_text(now)}, and something was written at {to_text(newest)}, {ahead} ahead: "
            "the clock was put back, or was wrong then",
            "set the clock (timedatectl); if it is right now, this passes by itself",
        )
    return ok(f"{to_text(now)}; nothing was written later")


def _dates(it: Patient) -> list[datetime]:
    of_files = [datetime.fromtimestamp(about.st_mtime, UTC) for _, about in status.files_of(it.machine.workspace)]
    event = vitals.newest_event(it.desk.store)
    return of_files if event is None else [*of_files, event]


def derived_times(it: Patient) -> Answer:
    """The coming calls were derived from the machine's time zone data."""
    theirs, ours = settings.zone_edition(it.desk.store), it.machine.zone_edition
    if theirs is None:
        return note("no pass has looked at the time zone data yet", "hyp tick")
    if theirs < ours:
        return warn(
            f"the coming calls were derived from edition {theirs}, and the machine has {ours}",
            "the next pass derives them anew: hyp tick",
        )
    if theirs > ours:
        return warn(
            f"the coming calls were derived from edition {theirs}, and the machine has {ours or 'an unknown one'}",
            "update tzdata on this machine",
        )
    return ok(f"derived from edition {theirs}" if theirs else "derived from the machine's data")


def driver(it: Patient) -> Answer:
    """Something makes passes: cron or a worker."""
    workspace, limit = it.machine.workspace, Limits().heartbeat
    beat, obstacle = heartbeat.last(workspace), heartbeat.obstacle(workspace)
    age = it.machine.now - beat.at if beat else None
    if age is None or age > limit:
        if obstacle is not None:
            return fail(f"nobody knows whether anything drives the queue: {obstacle}", "check its owner and its mode")
        last = f"the last pass ({beat.who}) was {duration_text(age)} ago" if beat and age else "no pass was ever made"
        return fail(f"nothing drives the queue: {last}", DRIVE_IT)
    if obstacle is not None:
        return warn(f"no pass can leave a sign of life: {obstacle}", "check its owner and its mode")
    return ok(f"the last pass ({beat.who if beat else ''}) was {duration_text(max(age, timedelta()))} ago")


def queue(it: Patient) -> Answer:
    """What was due has been looked at."""
    oldest = vitals.oldest_due(it.desk.store, it.machine.now)
    waits = it.machine.now - oldest if oldest else timedelta()
    if waits > Limits().lag:
        return warn(
            f"a call has been due for {duration_text(waits)}, and nobody has looked at it",
            "see what the driver does: hyp tick, by hand",
        )
    return ok("nothing is overdue")


def dial_journal(it: Patient) -> Answer:
    """The file beside the database that remembers every dial is there, and knows no more than the database."""
    store, path = it.desk.store, journal.path_of(it.machine.workspace)
    if journal.is_behind(store):
        return fail(
            "the database is older than its last dials (a copy was put back?): nothing is dialled", "hyp reconcile"
        )
    if path.exists():
        return (
            ok("knows every dial")
            if os.access(path, os.W_OK)
            else fail(f"{path} cannot be written", f"chmod u+w {path}")
        )
    if vitals.dials(store):
        return warn(
            f"{path} is gone: a database that is put back now would not know that it is old",
            "put it back if you can; the next dial begins a new one",
        )
    return ok("nothing was dialled yet")


CHECKS: dict[str, WorkspaceCheck] = {
    "database": database,
    "contents": contents,
    "sqlite journal": journal_mode,
    "files": files,
    "disk": disk,
    "clock": clock,
    "coming times": derived_times,
    "driver": driver,
    "queue": queue,
    "dial journal": dial_journal,
}
