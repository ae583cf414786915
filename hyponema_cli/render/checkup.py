"""How are a doctor's findings shown? The verdict first, the fix beneath what it mends; nothing is cut."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Sequence

from hyponema_cli.core.finding import Finding
from hyponema_cli.render.safe import visible
from hyponema_cli.render.tables import Column

COLUMNS = [
    Column[Finding]("check", lambda it: it.check),
    Column[Finding]("verdict", lambda it: it.verdict),
    Column[Finding]("found", lambda it: it.found),
    Column[Finding]("fix", lambda it: it.fix),
]
_COLORS = {"ok": "32", "note": "36", "warn": "1;33", "fail": "1;31"}
_LEAST_WIDTH = 40
_PLURALS = {"note": "notes", "warn": "warnings", "fail": "failures"}


def text(findings: Sequence[Finding], width: int, *, color: bool) -> str:
    """Write findings for a window of `width` columns."""
    # The worst comes last: what is printed last is what a small window still shows.
    in_order = sorted(findings, key=lambda it: list(_COLORS).index(it.verdict))
    return "".join(_lines(each, max(width, _LEAST_WIDTH), color=color) for each in in_order)


def summary(findings: Sequence[Finding], width: int) -> str:
    """Count them, in a line; in two, where a window is too narrow."""
    counts = Counter(each.verdict for each in findings)
    said = [f"{counts['ok']} ok"] if counts["ok"] else []
    for verdict, plural in _PLURALS.items():
        if counts[verdict]:  # type: ignore[index]
            said.append(f"{counts[verdict]} {plural if counts[verdict] > 1 else plural[:-1]}")  # type: ignore[index]
    line = f"{len(findings)} checks: {', '.join(said)}"
    return textwrap.fill(line, max(width, _LEAST_WIDTH), subsequent_indent="  ")


def _lines(it: Finding, width: int, *, color: bool) -> str:
    verdict = it.verdict if it.verdict in ("ok", "note") else it.verdict.upper()
    sign = f"\x1b[{_COLORS[it.verdict]}m{verdict:4}\x1b[0m" if color else f"{verdict:4}"
    first, *others = textwrap.wrap(visible(f"{it.check}: {it.found}"), width - 6)
    if it.fix is not None and it.verdict != "ok":
        others += textwrap.wrap(visible(f"fix: {it.fix}"), width - 8, initial_indent="  ", subsequent_indent="  ")
    return "\n".join([f"{sign}  {first}", *(f"      {line}" for line in others)]) + "\n"
