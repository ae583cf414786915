"""What would somebody ask of a workspace who looks at it once a month? Bounded, however much is in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from hyponema_cli.core.call import LIVE_SCHEDULES
from hyponema_cli.core.records import Schedule, Settings
from hyponema_cli.core.tally import Tally
from hyponema_cli.engine.tally import tally
from hyponema_cli.store import Store, calls, schedules, settings, vitals
from hyponema_cli.store.calls import Doubtful

MOST_DOUBTS = 50
MOST_AGENTS = 25
MOST_SCHEDULES = 12
"""Of each agent."""


@dataclass(frozen=True, slots=True)
class AgentPage:
    """An agent, some of its live schedules, and how many it has."""

    agent_id: str
    name: str
    schedules: list[Schedule]
    count: int


@dataclass(frozen=True, slots=True)
class Overview:
    """What is told of a period, and what is so now."""

    workspace: str
    now: datetime
    begin: datetime
    end: datetime
    """Exclusive."""
    zone: ZoneInfo
    """On whose clocks days are counted."""
    settings: Settings
    tally: Tally
    doubts: list[Doubtful]
    doubt_count: int
    agents: list[AgentPage]
    agent_count: int
    schedule_count: int
    """The live ones."""


def overview(store: Store, now: datetime, begin: datetime, end: datetime, zone: ZoneInfo) -> Overview:
    """Look at a workspace."""
    workspace = settings.load(store)
    loads, agent_count = schedules.loads(store, MOST_AGENTS)
    return Overview(
        store.path.stem,
        now,
        begin,
        end,
        zone,
        workspace,
        tally(store, begin, end, zone, workspace_timezone=workspace.timezone),
        calls.in_doubt(store, limit=MOST_DOUBTS),
        vitals.doubts(store),
        [
            AgentPage(
                load.agent_id,
                load.name,
                schedules.select(store, statuses=LIVE_SCHEDULES, agent_id=load.agent_id, limit=MOST_SCHEDULES),
                load.schedules,
            )
            for load in loads
        ],
        agent_count,
        sum(count for status, count in vitals.schedule_counts(store).items() if status in LIVE_SCHEDULES),
    )
