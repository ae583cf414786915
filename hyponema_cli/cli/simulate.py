"""hyp simulate: the coming days, on a copy of the workspace and a clock that runs fast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated, Any

import typer

from hyponema_cli import zonedata
from hyponema_cli.cli import output
from hyponema_cli.cli.command import Session, command, single
from hyponema_cli.cli.exits import Exit
from hyponema_cli.cli.progress import progress
from hyponema_cli.core import expect, timewords
from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.core.expect import Verdict
from hyponema_cli.core.explain import REASONS
from hyponema_cli.core.instant import maybe_text, to_text
from hyponema_cli.engine.simulate import Forecast
from hyponema_cli.engine.simulate import simulate as run
from hyponema_cli.render import json, times
from hyponema_cli.render.tables import fields
from hyponema_cli.store import settings

app = single()

MOST_DAYS = 3660
WIDEST_BAR = 40
DAYS_SHOWN = 31
"""A longer simulation is shown by weeks."""


@command(app, "simulate")
def simulate(
    session: Session,
    days: Annotated[int, typer.Option("--days", metavar="N", help="How many days from now.")] = 30,
    begin: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="When the simulation begins. [default: now]")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="The same seed has the same chances.")] = 1,
    rules: Annotated[
        list[str] | None,
        typer.Option("--assert", metavar="RULE", help="What must hold, or it ends with 3; may be repeated."),
    ] = None,
) -> int | None:
    """Let the coming days pass in seconds: the real engine on a copy, simulated calls, nobody is dialled.

    Rules: no_call_outside HOURS, max_per_person CAPS, and comparisons of calls, answered, minutes, skipped, missed,
    failed, exhausted, in_doubt, calls_per_day, calls_per_hour and peak_concurrency.

    \b
    Examples:
      hyp simulate --days 90
      hyp simulate --days 30 --seed 7 --assert 'no_call_outside 09:00-21:00' --assert 'max_per_person 3/24h'
      hyp simulate --assert 'peak_concurrency <= 10' --json
    """
    if not 1 <= days <= MOST_DAYS:
        raise InvalidInput(f"--days {days} must be from 1 to {MOST_DAYS:,}", hint="as in --days 90")
    expectations = [expect.parse(rule) for rule in rules or ()]
    with session.store() as store, progress("simulating") as on_progress:
        workspace = settings.load(store)
        zone = timewords.stored_zone(workspace.timezone) if workspace.timezone else None
        began_at = timewords.parse_bound(begin, zone, end=False) if begin is not None else session.clock.now()
        forecast = run(store, began_at, days, seed, zonedata.version(), on_progress)
    verdicts = [judge(forecast.evidence) for judge in expectations]
    if not workspace.live:
        output.say("note: the workspace is not live; this is what it would do if it were: hyp config set live true")
    if session.json:
        output.data(json.document(_shape(forecast, verdicts)) + "\n")
    else:
        output.data(_text(forecast) + _verdicts(verdicts))
    return None if all(each.holds for each in verdicts) else Exit.ATTENTION


def _text(it: Forecast) -> str:
    days = (it.ended_at - it.began_at).days
    numbers = it.evidence.numbers
    head = fields(
        [
            ("simulated", f"{days} days from {to_text(it.began_at)}, seed {it.seed}"),
            ("executions", f"{it.executions:,}"),
            ("calls", f"{int(numbers['calls']):,}"),
            ("answered", f"{it.answered:,}"),
            ("minutes", f"{it.talk_seconds / 60:,.1f}"),
            ("peak", f"{it.peak} at once, {to_text(it.peak_at)}" if it.peak_at else "0 at once"),
        ]
    )
    parts = [head]
    if any(it.per_hour):
        hours = {f"{hour:02d}:00": count for hour, count in enumerate(it.per_hour) if count}
        parts.append("\nCalls by hour, on the callees' clocks:\n" + _bars(hours))
        by = "day" if days <= DAYS_SHOWN else "week"
        parts.append(f"\nCalls by {by}:\n" + _bars(_days(it.per_day) if by == "day" else _weeks(it.per_day)))
    if it.reasons:
        lines = [
            (f"  {status}", f"{count:>7,}  {reason}{_in_words(reason)}")
            for (status, reason), count in sorted(it.reasons.items(), key=lambda item: (-item[1], item[0]))
        ]
        parts.append("\nWhat the executions came to:\n" + "".join(f"{name:<17}{text}\n" for name, text in lines))
    if it.clock_changes:
        parts.append("\nClock changes:\n")
        parts += [
            f"  {each.at:%Y-%m-%d %H:%M}Z  {each.zone}  {_signed(each.by)}  calls moved or doubled: {each.calls}\n"
            for each in it.clock_changes
        ]
    return "".join(parts)


def _in_words(reason: str) -> str:
    words = REASONS.get(reason, reason)
    return "" if words == reason else f": {words}"


def _verdicts(verdicts: Sequence[Verdict]) -> str:
    if not verdicts:
        return ""
    return "\n" + "".join(
        f"{'holds' if each.holds else 'BROKEN':<6}  {each.rule}  ({each.detail})\n" for each in verdicts
    )


def _bars(counts: Mapping[str, int]) -> str:
    most = max(counts.values())
    widest = len(f"{most:,}")
    return "".join(
        f"  {name}  {count:>{widest},}  {'█' * max(round(count / most * WIDEST_BAR), 1 if count else 0)}".rstrip()
        + "\n"
        for name, count in counts.items()
    )


def _days(per_day: Mapping[date, int]) -> dict[str, int]:
    first, last = min(per_day), max(per_day)
    every = (first + timedelta(days=ahead) for ahead in range((last - first).days + 1))
    return {f"{day:%a %Y-%m-%d}": per_day.get(day, 0) for day in every}


def _weeks(per_day: Mapping[date, int]) -> dict[str, int]:
    weeks: dict[str, int] = {}
    for day, count in per_day.items():
        monday = day - timedelta(days=day.weekday())
        weeks[f"week of {monday}"] = weeks.get(f"week of {monday}", 0) + count
    return weeks


def _signed(by: timedelta) -> str:
    sign = "+" if by > timedelta(0) else "-"
    return f"{sign}{times.duration(int(abs(by).total_seconds()))}"


def _shape(it: Forecast, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    return {
        "began_at": to_text(it.began_at),
        "ended_at": to_text(it.ended_at),
        "days": (it.ended_at - it.began_at).days,
        "seed": it.seed,
        "executions": it.executions,
        "statuses": dict(it.statuses),
        "calls": int(it.evidence.numbers["calls"]),
        "answered": it.answered,
        "minutes": round(it.talk_seconds / 60, 1),
        "calls_per_day": {day.isoformat(): count for day, count in it.per_day.items()},
        "calls_per_hour": list(it.per_hour),
        "peak_concurrency": it.peak,
        "peak_at": maybe_text(it.peak_at),
        "reasons": [
            {"status": status, "reason": reason, "executions": count}
            for (status, reason), count in sorted(it.reasons.items())
        ],
        "clock_changes": [
            {
                "at": to_text(each.at),
                "timezone": each.zone,
                "seconds": int(each.by.total_seconds()),
                "executions": each.calls,
            }
            for each in it.clock_changes
        ],
        "asserts": [{"rule": each.rule, "holds": each.holds, "detail": each.detail} for each in verdicts],
    }
