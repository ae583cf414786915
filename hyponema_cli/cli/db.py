"""hyp db: the workspace file."""

from __future__ import annotations

from hyponema_cli.cli import output
from hyponema_cli.cli.command import Session, command, group

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
