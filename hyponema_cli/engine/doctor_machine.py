"""Is the machine as hyp needs it? Checks that need no workspace."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hyponema_cli.core.errors import nearest
from hyponema_cli.core.finding import Answer, fail, note, ok, warn
from hyponema_cli.engine.patient import Machine, MachineCheck

PREFIX = "HYP_"
VARIABLES = (
    "HYP_DB",
    "HYP_WORKSPACE",
    "HYP_AGENT",
    "HYP_USER",
    "HYP_SESSION",
    "HYP_TZ",
    "HYP_NO_INPUT",
    "HYP_DEBUG",
    "HYP_LOG_LEVEL",
    "HYP_LOG_FORMAT",
    "HYP_WEBHOOK_SECRET",
    "HYP_WEBHOOK_SECRET_FILE",
    "HYP_EXEC_PROGRAM",
    "HYP_SIMULATED_SEED",
    "HYP_TWILIO_BASE_URL",
)
"""The variables that hyp and its own carriers read."""
_OF_AN_ACCOUNT = re.compile(r"HYP_TWILIO_[A-Z0-9_]+_BASE_URL|HYP_EXEC_[A-Z0-9_]+_PROGRAM")
OLD_ZONE_DATA_YEARS = 2


def program_on_path(it: Machine) -> Answer:
    """The `hyp` that a shell finds is this one. Another tool calls itself that, too."""
    ours = {it.program.resolve(), it.program.with_name("hyp").resolve(), it.program.with_name("hyponema").resolve()}
    found = list(_programs(it.environ.get("PATH", os.defpath)))
    if not found:
        return note(
            f"no hyp on PATH; this one is {it.program}",
            "write its whole path into crontabs, or put its folder on PATH",
        )
    first, *others = found
    if first.resolve() not in ours:
        return warn(
            f"hyp is {first}, and not the one that runs now, {it.program}: another tool has the same name",
            f"call this one hyponema or {it.program.with_name('hyponema')}, or put its folder first on PATH",
        )
    strangers = [str(each) for each in others if each.resolve() not in ours]
    if strangers:
        return note(f"hyp is {first}; behind it there is {', '.join(strangers)}", "none, while PATH stays as it is")
    return ok(f"hyp is {first}")


def _programs(path: str) -> Iterator[Path]:
    """Yield every `hyp` on a PATH, the one that a shell takes first."""
    for folder in path.split(os.pathsep):
        candidate = Path(folder or ".", "hyp")
        # Access first: `is_file` fails in a folder that one may not look into, and a shell passes that over.
        if os.access(candidate, os.X_OK) and candidate.is_file():
            yield candidate


def environment(it: Machine) -> Answer:
    """No variable is likely to be misspelt: hyp would go on without it, on another workspace perhaps."""
    strange = [name for name in sorted(it.environ) if name.upper().startswith(PREFIX) and not _is_known(name)]
    if not strange:
        given = [name for name in VARIABLES if it.environ.get(name)]
        return ok(f"set: {', '.join(given)}" if given else "no HYP_ variables are set")
    # By what stands behind the prefix: that alone would make all names alike.
    known = [name.removeprefix(PREFIX) for name in VARIABLES]
    meant = {name: nearest(name[len(PREFIX) :], known) for name in strange}
    likely = [f"{name} (did you mean {PREFIX}{match}?)" for name, match in meant.items() if match]
    if likely:
        return warn(f"not read by hyp: {', '.join(likely)}", "rename or unset what is misspelt")
    return note(f"not read by hyp: {', '.join(strange)}", "unset what is not a plugin's own")


def _is_known(name: str) -> bool:
    return name in VARIABLES or _OF_AN_ACCOUNT.fullmatch(name) is not None


def zone_data(it: Machine) -> Answer:
    """The machine knows time zones, by data that are not too old to know this year's rules."""
    try:
        ZoneInfo.no_cache("America/New_York")
    except (ZoneInfoNotFoundError, OSError, ValueError) as error:
        return fail(f"no time zone can be read: {error}", "install tzdata: apt install tzdata, or pip install tzdata")
    edition = it.zone_edition
    if not edition:
        return ok("present; this machine does not say which edition")
    if re.match(r"[0-9]{4}", edition) and it.now.year - int(edition[:4]) > OLD_ZONE_DATA_YEARS:
        return warn(f"edition {edition} does not know the rules of later years", "update tzdata")
    return ok(f"edition {edition}")


CHECKS: dict[str, MachineCheck] = {
    "program": program_on_path,
    "environment": environment,
    "time zone data": zone_data,
}
