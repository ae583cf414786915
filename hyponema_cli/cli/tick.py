"""hyp tick: one pass, for cron."""

from __future__ import annotations

from hyponema_cli import zonedata
from hyponema_cli.cli import output
from hyponema_cli.cli.command import Session, command, single
from hyponema_cli.cli.exits import Exit
from hyponema_cli.store import Store, heartbeat, settings, webhooks

app = single()


@command(app, "tick")
def tick(session: Session) -> int | None:
    """Dial what is due, and follow the calls in flight. Prints nothing when nothing is due.

    Safe beside a worker and beside other ticks. Ends with 3 when a call failed, was missed or is in doubt.

    \b
    Examples:
      hyp tick
      * * * * * /usr/local/bin/hyp --db /var/lib/hyp/calls.db tick     (in a crontab)
    """
    with session.store() as store:
        # Most ticks find nothing. They ask with what is loaded already; the engine is for those that do.
        now = session.clock.now()
        idle = not (store.has_work(now, zonedata.version()) or webhooks.any_due(store, now))
        if idle and not session.json:
            heartbeat.beat(store.path, now, "tick")
            _ping(store)
            return None
        from hyponema_cli.engine.report import TickReport
        from hyponema_cli.engine.tick import tick as run
        from hyponema_cli.render import json
        from hyponema_cli.wire import deliver, desk_of

        desk = desk_of(store, session.clock, "tick")
        report = TickReport(now, now) if idle else run(desk)
        heartbeat.beat(store.path, session.clock.now(), "tick")
        if not idle:
            deliver(desk)
        _ping(store)
    if session.json:
        output.data(json.document(json.counts(report)) + "\n")
    else:
        did = json.did(report)
        # Cron mails whatever is printed; a person who types it wants to see what it did.
        if did and (report.needs_attention or output.is_attended()):
            output.say(did)
    return Exit.ATTENTION if report.needs_attention else None


def _ping(store: Store) -> None:
    """Tell whoever watches from outside that the pass went well."""
    url = settings.stored(store).get("heartbeat_url")
    if url is not None:
        from hyponema_cli.engine.ping import ping

        trouble = ping(url)
        if trouble is not None:
            output.say(f"hyp: {trouble}")
