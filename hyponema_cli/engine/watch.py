"""What does whoever watches a workspace see? Of everything the first, and how many there are: it is bounded.

Nothing is decided by it, and nothing is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from hyponema_cli.core import walltime
from hyponema_cli.core.call import FINAL_EXECUTIONS, LIVE_SCHEDULES
from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.core.health import Reason
from hyponema_cli.core.month import Day, days_of
from hyponema_cli.core.records import Execution, Schedule, Settings
from hyponema_cli.core.timewords import stored_zone
from hyponema_cli.engine import health
from hyponema_cli.engine.agenda import Agenda, agenda, days_from, hours_from
from hyponema_cli.engine.overview import AgentPage
from hyponema_cli.store import Store, calls, executions, schedules, settings, vitals
from hyponema_cli.store.calls import Doubtful, Ringing
from hyponema_cli.store.schedules import AgentLoad

MOST_DOUBTS = 10
MOST_RINGING = 10
MOST_WAITING = 10
MOST_ENDED = 10
MOST_AGENTS = 8
MOST_SCHEDULES = 5
"""Of each agent; and of those that fire next."""
A_PAGE = 50
"""Rows of a page that shows nothing else."""


@dataclass(frozen=True, slots=True)
class Month:
    """A month on the clocks of a zone: what comes in it, and what the clocks do."""

    first: date
    zone: ZoneInfo
    days: list[Day]
    agenda: Agenda
    """A slot for each day from now on."""
    today: date

    def slot_of(self, day: date) -> int | None:
        """Return the slot of a day; None for one that is over, or does not exist."""
        dates = [walltime.wall_of(slot.begin, self.zone).date() for slot in self.agenda.slots]
        return dates.index(day) if day in dates else None


@dataclass(frozen=True, slots=True)
class Watch:
    """The first view."""

    workspace: str
    now: datetime
    zone: ZoneInfo
    """The workspace's, else UTC."""
    settings: Settings
    troubles: list[Reason]
    """Why it is unhealthy, but for doubts: these are shown themselves."""
    doubts: list[Doubtful]
    doubt_count: int
    ringing: list[Ringing]
    ringing_count: int
    waiting: list[Execution]
    waiting_count: int
    hours: Agenda
    coming: list[Schedule]
    month: Month
    agents: list[AgentPage]
    agent_count: int
    schedule_count: int
    ended: list[Execution]


def zone_of(workspace: Settings) -> ZoneInfo:
    """Return the zone on whose clocks a workspace is watched."""
    try:
        return stored_zone(workspace.timezone) if workspace.timezone else ZoneInfo("UTC")
    except InvalidInput:  # a zone that this machine's data do not know any more
        return ZoneInfo("UTC")


def watch(store: Store, now: datetime, name: str) -> Watch:
    """Look at a workspace."""
    workspace = settings.load(store)
    zone = zone_of(workspace)
    open_executions, open_calls = vitals.open_executions(store), vitals.open_calls(store)
    loads, agent_count = schedules.loads(store, MOST_AGENTS)
    counts = vitals.schedule_counts(store)
    return Watch(
        workspace=name,
        now=now,
        zone=zone,
        settings=workspace,
        troubles=[each for each in health.judged(store, now)[1] if each.code != "doubts"],
        doubts=calls.in_doubt(store, limit=MOST_DOUBTS),
        doubt_count=vitals.doubts(store),
        ringing=calls.going_on(store, MOST_RINGING),
        ringing_count=sum(open_calls.get(status, 0) for status in ("queued", "ringing", "in_progress")),
        waiting=executions.waiting(store, MOST_WAITING),
        waiting_count=sum(open_executions.get(status, 0) for status in ("pending", "waiting_retry")),
        hours=agenda(store, workspace, hours_from(now, zone), now),
        coming=schedules.coming(store, MOST_SCHEDULES),
        month=month_of(store, workspace, walltime.wall_of(now, zone).date(), zone, now),
        agents=[_page_of(store, load) for load in loads],
        agent_count=agent_count,
        schedule_count=sum(count for status, count in counts.items() if status in LIVE_SCHEDULES),
        ended=executions.select(store, statuses=FINAL_EXECUTIONS, limit=MOST_ENDED),
    )


def _page_of(store: Store, load: AgentLoad) -> AgentPage:
    found = schedules.select(store, statuses=LIVE_SCHEDULES, agent_id=load.agent_id, limit=MOST_SCHEDULES)
    return AgentPage(load.agent_id, load.name, found, load.schedules)


def month_of(
    store: Store, workspace: Settings, day: date, zone: ZoneInfo, now: datetime, only: Schedule | None = None
) -> Month:
    """Look at the month of a day, of all schedules or of one."""
    first = day.replace(day=1)
    found = agenda(store, workspace, days_from(now, first, zone), now, only)
    return Month(first, zone, days_of(first, zone), found, walltime.wall_of(now, zone).date())
