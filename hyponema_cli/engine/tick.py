"""One pass, as cron runs it and as the worker repeats it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.dial import DIAL_WITHIN, dial_due
from hyponema_cli.engine.materialise import materialise
from hyponema_cli.engine.reconcile import reconcile
from hyponema_cli.engine.report import TickReport
from hyponema_cli.engine.settle import settle


def tick(desk: Desk, dial_within: timedelta = DIAL_WITHIN, within: timedelta | None = None) -> TickReport:
    """Settle what is in flight or in doubt, record what came due, dial what may be dialled.

    `within` bounds all of it; the request in hand is finished, and what is left stays for the next pass. Running it
    again at the same instant changes nothing; running it beside others dials nobody twice.
    """
    now = desk.clock.now()
    report = TickReport(now)
    ends = _ends(now, within)
    settle(desk, now, report, ends.settling)
    reconcile(desk, now, report, until=ends.reconciling)
    materialise(desk, now, report, ends.recording)
    if ends.dialling is not None:
        # Never less than none: however late it is, those in front are looked at.
        dial_within = min(dial_within, max(ends.dialling - desk.clock.now(), timedelta(0)))
    dial_due(desk, report, within=dial_within)
    report.finished_at = desk.clock.now()
    return report


class _Ends(NamedTuple):
    """When a step gives way to the next one."""

    settling: datetime | None = None
    reconciling: datetime | None = None
    recording: datetime | None = None
    dialling: datetime | None = None


def _ends(now: datetime, within: timedelta | None) -> _Ends:
    """Share out the time of a pass, so that a carrier that does not answer cannot keep everybody from being dialled.

    Each step begins, even if those before it took longer; the last fifth is for webhooks.
    """
    if within is None:
        return _Ends()
    return _Ends(now + within / 4, now + within * 2 / 5, now + within / 2, now + within * 4 / 5)
