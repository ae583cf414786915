"""hyp setup: what cron or systemd needs to drive a workspace, ready to use."""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import stat
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from hyponema_cli.cli import output
from hyponema_cli.cli.command import Session, command, group
from hyponema_cli.core.errors import Conflict, InvalidInput, NoDatabase, Unusable
from hyponema_cli.render import crontab, json, units
from hyponema_cli.render.install import Installation
from hyponema_cli.render.units import Unit

app = group("What cron or systemd needs to drive this workspace.")

SYSTEM_UNITS = Path("/etc/systemd/system")

EnvFile = Annotated[
    str | None,
    typer.Option(
        "--env-file",
        metavar="FILE",
        help="NAME=value lines with the carriers' credentials; mode 0600.",
        show_default=False,
    ),
]
Write = Annotated[bool, typer.Option("--write", help="Install it.", show_default=False)]


@command(app, "cron")
def cron(session: Session, env_file: EnvFile = None, write: Write = False) -> None:
    """Print the lines for your crontab: a pass every minute. --write puts them there; repeated, it replaces them.

    Every other line of the crontab stays as it is. Of several workspaces, each has lines of its own. A line that is
    there and names a file with credentials keeps it, unless another is given.

    \b
    Examples:
      hyp setup cron
      hyp setup cron --env-file ~/.config/hyp/twilio.env --write
      hyp --workspace dev setup cron --write
    """
    wanted = _installation(session, env_file, write=write)
    if write:
        wanted, changed = _install_crontab(wanted)
    else:
        changed = False
    block = crontab.block(wanted)
    if session.json:
        shape = {"workspace": str(wanted.workspace), "line": crontab.line(wanted), "block": block, "written": changed}
        output.data(json.document(shape) + "\n")
    elif not write:
        output.data(block)
        output.say(f"Nothing was written. To install it: {_again(session, 'cron', env_file)} --write")
    elif changed:
        output.say(f"Your crontab makes a pass over {wanted.workspace} every minute now; see: crontab -l")
    else:
        output.say("Your crontab has these lines already; nothing was changed.")


@command(app, "systemd")
def systemd(
    session: Session,
    env_file: EnvFile = None,
    for_system: Annotated[
        bool, typer.Option("--system", help="Units of the machine, not of your user.", show_default=False)
    ] = False,
    write: Write = False,
    force: Annotated[
        bool, typer.Option("--force", help="With --write: replace units that differ.", show_default=False)
    ] = False,
) -> None:
    """Print the units of a service that dials, of a daily backup and of a check. --write puts them in place.

    They go to ~/.config/systemd/user, or with --system to /etc/systemd/system, where the service runs as the owner
    of the workspace file. No unit that differs is replaced without --force. The commands to type then are printed.
    A workspace that is not called default gets instances, such as hyp@dev.service.

    \b
    Examples:
      hyp setup systemd | less
      hyp setup systemd --write
      hyp --db /var/lib/hyp/calls.db setup systemd --system --env-file /etc/hyp/calls.env --write
    """
    wanted = _installation(session, env_file, write=write)
    folder = SYSTEM_UNITS if for_system else _own_units()
    made = units.units(wanted, _owner(wanted.workspace) if for_system else None)
    states = {each.name: _state(folder / each.name, each) for each in made}
    again = _again(session, "systemd", env_file, *(["--system"] if for_system else []))
    if write:
        _install_units(folder, made, states, force=force, again=again)
    commands = units.commands(wanted, for_system=for_system, replaced="differs" in states.values())
    if session.json:
        shape = {
            "workspace": str(wanted.workspace),
            "units": [
                {"path": str(folder / each.name), "was": states[each.name], "text": each.text} for each in made
            ],
            "commands": commands,
            "written": write and set(states.values()) != {"same"},
        }
        output.data(json.document(shape) + "\n")
    elif not write:
        output.data("\n".join(f"# {folder / each.name}\n{each.text}" for each in made))
        output.say(f"Nothing was written. To install them: {again} --write{' --force' if force else ''}")
    else:
        for each in made:
            said = {"same": "is there already", "new": "written", "differs": "replaced"}[states[each.name]]
            output.say(f"{folder / each.name}: {said}")
        output.say("Now type:")
        output.data("".join(f"{each}\n" for each in commands))


def _installation(session: Session, env_file: str | None, *, write: bool) -> Installation:
    """Return what is to be installed, with absolute paths; raises NoDatabase if there is nothing to drive."""
    path = session.path().absolute()
    if not path.is_file():
        if write:
            raise NoDatabase(f"no database at {path}", hint=f"make one: hyp --db {path} init")
        output.say(f"note: there is no database at {path} yet; make one: hyp --db {path} init")
    return Installation(own_program(sys.argv[0], sys.executable), path, _credentials(env_file, write=write)).checked()


def _again(session: Session, kind: str, env_file: str | None, *more: str) -> str:
    """Return the command that was typed, as it can be typed once more."""
    options = [("--db", session.db), ("--workspace", session.workspace), ("--env-file", env_file)]
    given = [word for name, value in options if value is not None for word in (name, value)]
    return shlex.join(["hyp", "setup", kind, *given, *more])


def own_program(called: str, python: str) -> tuple[str, ...]:
    """Return the words that run this program from anywhere: the script that was called, else Python with the module.

    The script is named as it was found, not by what a link leads to: the link stays when an upgrade moves the rest.
    """
    found = shutil.which(called) if Path(called).name in ("hyp", "hyponema") else None
    if found is not None:
        return (str(Path(found).absolute()),)
    beside = Path(python).with_name("hyp")
    if beside.is_file():
        return (str(beside),)
    return (python, "-m", "hyponema_cli")


def _credentials(text: str | None, *, write: bool) -> Path | None:
    """Read --env-file; raises InvalidInput for a file that others can read, or that is not there."""
    if text is None:
        return None
    path = Path(text).expanduser().absolute()
    if not path.is_file():
        if not write:
            output.say(f"note: {path} is not there yet")
            return path
        folder = "" if path.parent.is_dir() else f"mkdir -p {shlex.quote(str(path.parent))} && "
        raise InvalidInput(
            f"--env-file {path} is not a file", hint=f"{folder}install -m 600 /dev/null {shlex.quote(str(path))}"
        )
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise InvalidInput(
            f"--env-file {path} is open to others (mode {mode:04o})", hint=f"chmod 600 {shlex.quote(str(path))}"
        )
    return path


def _install_crontab(wanted: Installation) -> tuple[Installation, bool]:
    """Put the block into the user's crontab; return what it says, and False when it stands there already.

    The credentials that a line names which is there already stay its credentials, where no others are given.
    """
    program = shutil.which("crontab")
    if program is None:
        raise Unusable("there is no crontab command here", hint="install cron, or use: hyp setup systemd")
    listed = _run([program, "-l"])
    said = listed.stderr.strip()
    if listed.returncode != 0 and "no crontab" not in said.casefold():
        raise Unusable(f"crontab -l: {said or f'exit code {listed.returncode}'}", hint="may you use cron? crontab -l")
    before = listed.stdout if listed.returncode == 0 else ""
    if wanted.env_file is None and (kept := crontab.env_file_in(before, wanted)) is not None:
        wanted = replace(wanted, env_file=_credentials(str(kept), write=True))
        output.say(f"The credentials stay those of {kept}, which the line that is there names.")
    after = crontab.replaced(before, wanted)
    if after == before:
        return wanted, False
    taken = _run([program, "-"], after)
    if taken.returncode != 0:
        raise Unusable(
            f"crontab did not take it: {taken.stderr.strip() or f'exit code {taken.returncode}'}",
            hint="the crontab is as it was; to see the lines: hyp setup cron",
        )
    return wanted, True


def _run(words: Sequence[str], stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - the machine's own crontab, found on PATH
        words,
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",  # whatever stands in other people's lines comes out as it went in
        env={**os.environ, "LC_ALL": "C"},
        check=False,
    )


def _own_units() -> Path:
    home = os.environ.get("XDG_CONFIG_HOME", "")
    return (Path(home) if home.startswith("/") else Path.home() / ".config") / "systemd" / "user"


def _owner(workspace: Path) -> str:
    """Return whom the service runs as: the owner of the workspace, so that its files stay theirs."""
    user_id = workspace.stat().st_uid if workspace.is_file() else os.getuid()
    try:
        return pwd.getpwuid(user_id).pw_name
    except KeyError:
        return str(user_id)


def _state(path: Path, unit: Unit) -> str:
    if not path.exists():
        return "new"
    return "same" if path.read_text(encoding="utf-8", errors="surrogateescape") == unit.text else "differs"


def _install_units(folder: Path, made: Sequence[Unit], states: dict[str, str], *, force: bool, again: str) -> None:
    """Write the units that are not there; all or none. `again` is the command that prints them."""
    differ = [str(folder / each.name) for each in made if states[each.name] == "differs"]
    if differ and not force:
        raise Conflict(
            f"{', '.join(differ)}: there already, and different",
            hint=f"compare: {again}; replace them: {again} --write --force",
        )
    folder.mkdir(parents=True, exist_ok=True)
    for each in made:
        if states[each.name] != "same":
            draft = folder / f".{each.name}.{os.getpid()}"
            draft.write_text(each.text, encoding="utf-8", errors="surrogateescape")
            draft.chmod(0o644)
            draft.replace(folder / each.name)
