"""hyp tick: one pass, for cron."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hyponema_cli import zonedata
from hyponema_cli.cli import output
from hyponema_cli.cli.command import Session, command, single
from hyponema_cli.cli.exits import Exit
from hyponema_cli.core.errors import InvalidInput, Unusable
from hyponema_cli.store import Store, heartbeat, settings, webhooks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from hyponema_cli.engine.rehearse import Rehearsed
    from hyponema_cli.engine.report import TickReport

app = single()

MOST_SECONDS = 24 * 3600


@command(app, "tick")
def tick(
    session: Session,
    max_seconds: Annotated[
        int | None,
        typer.Option(
            "--max-seconds", metavar="N", help="How long the pass may take; the request in hand is finished."
        ),
    ] = None,
    heartbeat_url: Annotated[
        str | None,
        typer.Option(
            "--heartbeat-url",
            metavar="URL",
            help="Ask this address after a good pass. [default: the setting heartbeat_url]",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Say what it would dial, and why not the rest; change nothing.")
    ] = False,
) -> int | None:
    """Dial what is due, and follow the calls in flight. Prints nothing when nothing is due.

    Safe beside a worker and beside other ticks. Ends with 3 when a call failed, was missed or is in doubt, or when
    the file that shows when the last pass was cannot be written. What --max-seconds leaves undone, the next pass
    does; without it, a pass dials for a minute at most.

    A dry run lists each call that is due: dial, wait, stop or missed, why, and when it would ring. It is the real
    pass on a copy in memory, and asks the same gates. Carriers are asked what they can do, and nothing about calls.

    \b
    Examples:
      hyp tick
      hyp tick --dry-run
      hyp tick --dry-run --json | jq -r '.[] | select(.verdict == "dial") | .phone_number'
      hyp tick --max-seconds 50  # as cron runs it: see hyp setup cron
    """
    within = _within(max_seconds)
    if heartbeat_url is not None and not heartbeat_url.startswith(("http://", "https://")):
        raise InvalidInput(
            f"--heartbeat-url {heartbeat_url!r} is not http(s)", hint="as in https://example.org/ping/hyp"
        )
    with session.store() as store:
        # Most ticks find nothing. They ask with what is loaded already; the engine is for those that do.
        now = session.clock.now()
        if dry_run:
            from hyponema_cli.engine.rehearse import rehearse
            from hyponema_cli.wire import desk_of

            idle = not store.has_work(now, zonedata.version())
            _show(session, [] if idle else rehearse(desk_of(store, session.clock, "tick"), within))
            return None
        idle = not (store.has_work(now, zonedata.version()) or webhooks.any_due(store, now))
        if idle and not session.json:
            is_seen = _leave_sign(store, now)
            _ping(store, heartbeat_url)
            return None if is_seen else Exit.ATTENTION
        from hyponema_cli.engine.report import TickReport
        from hyponema_cli.engine.tick import tick as run
        from hyponema_cli.wire import deliver, desk_of

        desk = desk_of(store, session.clock, "tick")
        report = TickReport(now, now) if idle else run(desk, within=within)
        is_seen = _leave_sign(store, session.clock.now())
        # Said before the webhooks go out: trouble with these must not swallow what became of the calls.
        _tell(session, report)
        if not idle:
            deliver(desk, until=None if within is None else now + within)
        _ping(store, heartbeat_url)
    return Exit.ATTENTION if report.needs_attention or not is_seen else None


def _leave_sign(store: Store, now: datetime) -> bool:
    """Leave a sign of life; False, and said, where that cannot be. Raises Unusable where nothing could be dialled."""
    if heartbeat.beat(store.path, now, "tick"):
        return True
    if not os.access(store.path, os.W_OK):
        raise Unusable(
            f"{store.path} cannot be written by user {os.geteuid()}: nothing could be dialled",
            hint="run it as the file's owner, or check the mode of the file and its folder",
        )
    said = heartbeat.obstacle(store.path) or f"{heartbeat.path_of(store.path)} cannot be written"
    output.say(f"hyp: {said}: nobody can see that this pass was made")
    return False


def _tell(session: Session, report: TickReport) -> None:
    """Say what the pass did."""
    from hyponema_cli.render import json

    if session.json:
        output.data(json.document(json.counts(report)) + "\n")
        return
    did = json.did(report)
    # Cron mails whatever is printed; a person who types it wants to see what it did.
    if did and (report.needs_attention or output.is_attended()):
        output.say(did)


def _ping(store: Store, url: str | None) -> None:
    """Tell whoever watches from outside that the pass went well."""
    url = url or settings.stored(store).get("heartbeat_url")
    if url is not None:
        from hyponema_cli.engine.ping import ping

        trouble = ping(url)
        if trouble is not None:
            output.say(f"hyp: {trouble}")


def _within(max_seconds: int | None) -> timedelta | None:
    if max_seconds is not None and not 1 <= max_seconds <= MOST_SECONDS:
        raise InvalidInput(f"--max-seconds {max_seconds} must be from 1 to {MOST_SECONDS:,}", hint="as in 50")
    return None if max_seconds is None else timedelta(seconds=max_seconds)


def _show(session: Session, found: Sequence[Rehearsed]) -> None:
    """List what a pass would do."""
    from hyponema_cli.core.explain import REASONS
    from hyponema_cli.core.instant import maybe_text
    from hyponema_cli.render import times
    from hyponema_cli.render.tables import Column

    def in_words(it: Rehearsed) -> str | None:
        return REASONS.get(it.reason, it.reason) if it.reason else None

    columns = [
        Column["Rehearsed"]("id", _id_of),
        Column["Rehearsed"]("callee", lambda it: it.execution.callee_name, elastic=True),
        Column["Rehearsed"]("verdict", lambda it: it.verdict),
        Column["Rehearsed"]("reason", in_words, elastic=True),
        Column["Rehearsed"](
            "rings",
            lambda it: maybe_text(it.rings_at),
            lambda it: times.local(it.rings_at, _zone(it)),
        ),
    ]
    session.show(found, columns, lambda it: _shape(it, in_words(it)), "Nothing is due.")
    if found:
        output.say("Nothing was changed (--dry-run).")


def _zone(it: Rehearsed) -> ZoneInfo | None:
    """Return the zone on whose clocks a time is shown: the reader's (HYP_TZ), else the schedule's."""
    from hyponema_cli.core import timewords

    try:
        return timewords.stored_zone(os.environ.get("HYP_TZ") or it.execution.timezone or "UTC")
    except InvalidInput:
        return None


def _id_of(it: Rehearsed) -> str:
    """Name an execution; one that has no row yet goes by its schedule, which hyp why takes as well."""
    return it.execution.id if it.is_recorded else it.execution.schedule_id


def _shape(it: Rehearsed, in_words: str | None) -> dict[str, Any]:
    from hyponema_cli.core.instant import maybe_text, to_text

    return {
        "id": _id_of(it),
        "execution_id": it.execution.id if it.is_recorded else None,
        "schedule_id": it.execution.schedule_id,
        "schedule_name": it.execution.schedule_name,
        "callee": it.execution.callee_name,
        "phone_number": it.phone_number,
        "scheduled_time": to_text(it.execution.scheduled_time),
        "verdict": it.verdict,
        "reason": it.reason,
        "reason_in_words": in_words,
        "rings_at": maybe_text(it.rings_at),
    }
