"""hyp man: the manual, also where no package has put its pages into man's path.

The page is written when it is asked for, from the same values as the files in share/man/man1: so it is always that of
the program that runs, however that was installed (uv, pipx, an archive, a source tree).
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from hyponema_cli.cli import manual, output, tree
from hyponema_cli.cli.command import Session, command, single
from hyponema_cli.cli.help import find
from hyponema_cli.render import json

app = single()


@command(app, "man")
def man(
    session: Session,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="COMMAND...", help="Whose page; else that of hyp.", show_default=False),
    ] = None,
    roff: Annotated[bool, typer.Option("--roff", help="Write the page as man reads it.")] = False,
) -> None:
    """Show the manual page of a command. Where there is no man on this machine, it is plain text.

    \b
    Examples:
      hyp man
      hyp man schedules add
      hyp man schedules add --roff > hyp-schedules-add.1
    """
    path = tuple(words or ())
    found = tree.read(find(path, "man"), ("hyp", *path))
    page = manual.written(found)
    if session.json:
        output.data(json.document({"name": manual.name_of(found.path), "section": "1", "roff": page}) + "\n")
    elif roff:
        output.data(page)
    elif not (output.for_people() and _shown_by_man(manual.name_of(found.path), page)):
        output.data(manual.as_text(found, output.width()))


def _shown_by_man(name: str, page: str) -> bool:
    """Let man show a page; False when it cannot."""
    program = shutil.which("man")
    if program is None:
        return False
    with tempfile.TemporaryDirectory(prefix="hyp-man-") as folder:
        file = Path(folder, f"{name}.1")
        file.write_text(page, encoding="utf-8")
        # BSD's man, which is macOS's, has no -l, and takes any name with a slash for a file.
        options = [] if sys.platform == "darwin" else ["-l"]
        done = subprocess.run([program, *options, str(file)], check=False)  # noqa: S603 - the machine's own man
    return done.returncode == 0
