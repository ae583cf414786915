"""How does cron drive hyp? One line a minute, in a block of its own that can be replaced.

Nothing is set for the whole crontab: a `PATH=` in the middle of it would hold for every line below, whoever's it is.
So `env` sets what hyp needs, for hyp alone. It does so in any shell; `SHELL=` may have been set above.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

from hyponema_cli.core.errors import Conflict, InvalidInput
from hyponema_cli.render.install import Installation

EVERY_MINUTE = "* * * * *"
MAX_SECONDS = 90
"""More than the minute that a pass dials; less than would let many passes pile up behind a carrier that hangs."""
LONGEST_COMMAND = 900
"""Characters. Cron has room for 999 (MAX_COMMAND), its escapes included."""
_WITH_CREDENTIALS = ["/bin/sh", "-c", 'set -a; . "$0"; exec "$@"']
"""What stands before the file with the credentials in a line."""


def block(it: Installation) -> str:
    """Return the lines for a workspace, with what an operator must know of them."""
    lines = [
        _begin(it),
        "# Written by hyp setup cron, which replaces all up to END. One pass a minute; passes are safe beside",
        "# each other and beside a worker, so no lock is needed. A pass that needs attention says so, and cron",
        "# mails it to whoever MAILTO=you@example.org names, on a line above.",
        *_about_credentials(it),
        line(it),
        _end(it),
    ]
    return "".join(f"{each}\n" for each in lines)


def line(it: Installation) -> str:
    """Return the one line that cron runs."""
    words = ["/usr/bin/env", f"HYP_DB={it.workspace}", f"PATH={it.search_path}", *it.program]
    words += ["tick", "--max-seconds", str(MAX_SECONDS)]
    if it.env_file is not None:
        # Read by sh and handed on; what the line itself says comes after it, and counts.
        words = [*_WITH_CREDENTIALS, str(it.env_file), *words]
    command = _command(words)
    if len(command) > LONGEST_COMMAND:
        raise InvalidInput(
            f"the line for cron would have {len(command)} characters", hint=f"cron takes {LONGEST_COMMAND}"
        )
    return f"{EVERY_MINUTE} {command}"


def replaced(crontab: str, it: Installation) -> str:
    """Return a crontab with the block of a workspace put in, or put anew where it stood; every other line stays.

    Raises Conflict when the marks of the block are not a pair.
    """
    lines = crontab.split("\n")
    place = _place(lines, it)
    if place is None:
        return crontab + ("" if not crontab or crontab.endswith("\n") else "\n") + block(it)
    own = block(it).removesuffix("\n").split("\n")
    return "\n".join([*lines[: place.start], *own, *lines[place.stop :]])


def env_file_in(crontab: str, it: Installation) -> Path | None:
    """Return the file with the credentials that a crontab names in the block of a workspace; raises as `replaced`."""
    lines = crontab.split("\n")
    for index in _place(lines, it) or ():
        words = _words(lines[index])
        before = words.index(_WITH_CREDENTIALS[-1]) if _WITH_CREDENTIALS[-1] in words else len(words)
        if words[before + 1 :]:
            return Path(words[before + 1])
    return None


def _place(lines: Sequence[str], it: Installation) -> range | None:
    """Return which lines are the block of a workspace; raises Conflict when its marks are not a pair."""
    begins = [index for index, each in enumerate(lines) if each.rstrip() == _begin(it)]
    ends = [index for index, each in enumerate(lines) if each.rstrip() == _end(it)]
    if not begins and not ends:
        return None
    if len(begins) != 1 or len(ends) != 1 or begins[0] > ends[0]:
        raise Conflict(
            f"the crontab has {len(begins)} lines '{_begin(it)}' and {len(ends)} that end it",
            hint="take the block out by hand: crontab -e",
        )
    return range(begins[0], ends[0] + 1)


def _begin(it: Installation) -> str:
    return f"# BEGIN hyp {it.workspace}"


def _end(it: Installation) -> str:
    return f"# END hyp {it.workspace}"


def _about_credentials(it: Installation) -> list[str]:
    if it.env_file is None:
        return [
            "# Credentials do not belong here: this is copied, backed up and mailed. Put NAME=value lines into a",
            "# file of mode 0600, and name it: hyp setup cron --env-file FILE",
        ]
    return ["# The credentials are read from the file behind `sh -c`: NAME=value lines, mode 0600."]


def _command(words: Iterable[str]) -> str:
    """Quote words for the shell, and once more for cron, to which a bare % is the end of the command."""
    for word in words:
        if "\\" in word:
            raise InvalidInput(
                f"cron cannot be relied on with the backslash in {word!r}",
                hint="crons differ in what they make of it; use a path without",
            )
    return shlex.join(words).replace("%", "\\%")


def _words(line: str) -> list[str]:
    """Take a line apart as cron and the shell do, also one that was commented out; what they cannot take has none."""
    try:
        return shlex.split(line.replace("\\%", "%"))
    except ValueError:
        return []
