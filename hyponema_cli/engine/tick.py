"""One pass, as cron runs it and as the worker repeats it."""

from __future__ import annotations

from datetime import timedelta

from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.dial import DIAL_WITHIN, dial_due
from hyponema_cli.engine.materialise import materialise
from hyponema_cli.engine.reconcile import reconcile
from hyponema_cli.engine.report import TickReport
from hyponema_cli.engine.settle import settle


def tick(desk: Desk, dial_within: timedelta = DIAL_WITHIN) -> TickReport:
    """Settle what is in flight or in doubt, record what came due, dial what may be dialled.

    Running it again at the same instant changes nothing; running it beside others dials nobody twice.
    """
    now = desk.clock.now()
    report = TickReport(now)
    settle(desk, now, report)
    reconcile(desk, now, report)
    materialise(desk, now, report)
    dial_due(desk, report, within=dial_within)
    report.finished_at = desk.clock.now()
    return report
