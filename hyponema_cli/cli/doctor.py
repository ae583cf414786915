"""hyp doctor: what is wrong here, and how is it mended? For people."""

from __future__ import annotations

import os
import sqlite3
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from hyponema_cli import zonedata
from hyponema_cli.cli import output
from hyponema_cli.cli.command import FORM, Session, command, single
from hyponema_cli.cli.exits import Exit
from hyponema_cli.core.errors import HypError, NoDatabase, Unusable
from hyponema_cli.core.finding import Finding
from hyponema_cli.engine.doctor import examine, examine_without
from hyponema_cli.engine.patient import Machine, Patient
from hyponema_cli.render import checkup, json
from hyponema_cli.store import as_hyp_error

app = single()
LARGE = 256 * 1024 * 1024
"""A file of this size takes more than a second or two to be read."""


@command(app, "doctor", FORM)
def doctor(
    session: Session,
    online: Annotated[
        bool,
        typer.Option("--online", help="Ask the carriers, too. Nothing is dialled; a good answer lifts a hold."),
    ] = False,
) -> int | None:
    """Look for what is wrong with a workspace and its machine, and say how to mend it (for monitors: hyp health).

    Each check ends as ok, note (worth knowing), warn (likely to hurt) or fail (calls are not made, or cannot be
    trusted). Ends with 3 when there is any warn or fail, with 10 when there is no database. Reads the whole file,
    which takes a while when it is large.

    \b
    Examples:
      hyp doctor
      hyp doctor --online
      hyp doctor --json | jq '.[] | select(.verdict == "fail")'
    """
    machine = _machine(session)
    if output.is_attended() and _is_large(machine.workspace):
        output.say("Reading the whole file; this takes a while.")
    findings, trouble = _examined(session, machine, online=online)
    if session.json:
        output.data(json.document([_shape(each) for each in findings]) + "\n")
    elif output.for_people():
        output.data(checkup.text(findings, output.width(), color=output.color()))
    else:
        session.show(findings, checkup.COLUMNS, _shape, "")
    output.say_lines(checkup.summary(findings, output.width()))
    if isinstance(trouble, NoDatabase):
        return Exit.NO_DATABASE
    return Exit.ATTENTION if any(each.needs_attention for each in findings) else None


def _machine(session: Session) -> Machine:
    program = Path(sys.argv[0])
    if program.name not in ("hyp", "hyponema"):  # run as `python -m hyponema_cli`: its scripts are beside Python
        program = Path(sys.executable).with_name("hyp")
    return Machine(session.path(), session.clock.now(), os.environ, program.absolute(), zonedata.version())


def _is_large(workspace: Path) -> bool:
    try:
        return workspace.is_file() and workspace.stat().st_size > LARGE
    except OSError:
        return False


def _examined(session: Session, machine: Machine, *, online: bool) -> tuple[list[Finding], HypError | None]:
    """Return what was found, and what kept the workspace from being opened, if anything did."""
    try:
        with session.desk("doctor") as desk:
            return list(examine(Patient(machine, desk, online))), None
    except HypError as error:
        trouble = error
    except sqlite3.Error as error:
        trouble = as_hyp_error(error, machine.workspace)
    except OSError as error:
        trouble = Unusable(f"{machine.workspace} cannot be opened: {error.strerror}", hint="check its owner and mode")
    return list(examine_without(machine, trouble)), trouble


def _shape(it: Finding) -> dict[str, Any]:
    return it._asdict()
