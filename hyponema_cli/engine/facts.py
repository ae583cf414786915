"""What do the gates look at? Gathered in one place for every caller that wants a decision.

For a pass this happens in the transaction that claims: what is counted cannot change under us, so the counts of a
round are read once and kept up by hand.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache, partial
from zoneinfo import ZoneInfo

from hyponema_cli.carriers.instructions import LISTENED_TO, callback_address
from hyponema_cli.core import phone, walltime, window
from hyponema_cli.core.connect import Connection
from hyponema_cli.core.decide import Decision, decide
from hyponema_cli.core.gates import PACE_AHEAD, WAITS, Caller, Facts, Hold, Hours, LiveSession, Suppression
from hyponema_cli.core.records import Settings
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.lines import Lines
from hyponema_cli.engine.queues import Queues
from hyponema_cli.ids import first_id
from hyponema_cli.store import agents, calls, executions, holds, numbers, sessions, suppressions, turns, users

DOUBT_MAY_BE_LIVE = timedelta(hours=1)
"""How long a call in doubt counts among those that are going on. Most are over by then; counting it for good would
let one lost reply hold up a workspace of one line for ever."""
UTC = ZoneInfo("UTC")


class Scene:
    """The workspace as it stands at one instant, for everybody who is judged then."""

    def __init__(
        self,
        desk: Desk,
        workspace: Settings,
        lines: Lines,
        now: datetime,
        *,
        behind: bool,
        queues: Queues | None = None,
    ) -> None:
        self._store = desk.store
        self._workspace = workspace
        self._lines = lines
        self._queues = queues or Queues()
        self._now = now
        self._behind = behind
        self._taken: dict[str, str] = {}
        self._turns: dict[str, datetime | None] = {}
        # Read once for all calls of an agent; nothing can change it while the write lock is held.
        self._caller_of = cache(partial(numbers.caller_of, desk.store))
        self._connection_of = cache(partial(agents.connection_of, desk.store))
        held = holds.in_force(desk.store, now)
        self._holds = {(each.account, each.from_number): Hold(each.problem, each.until) for each in held}
        self._live_calls = self._dialled_today = 0
        self._day_ends_at: datetime | None = None
        if workspace.concurrency is not None:
            self._live_calls = calls.count_live(desk.store, now - DOUBT_MAY_BE_LIVE)
        if workspace.daily_budget is not None:
            zone = window.clocks((workspace.timezone,)) if workspace.timezone else ()
            begins_at, self._day_ends_at = walltime.day_around(now, zone[0] if zone else UTC)
            self._dialled_today = calls.count_from(desk.store, first_id("call", begins_at))

    def callback_of(self, account: str, call_id: str) -> str | None:
        """Return where a carrier may tell what becomes of a call; None where nobody listens."""
        base, carrier = self._workspace.callback_url, account.partition(":")[0]
        return callback_address(base, carrier, call_id) if base is not None and carrier in LISTENED_TO else None

    def facts_of(self, due: executions.Due) -> Facts:
        """Gather what the gates look at for one execution."""
        workspace = self._workspace
        caller = self._caller_of(due.agent_id, due.from_number)
        earlier = due.open_execution_id
        if earlier is not None and not executions.is_open(self._store, earlier):
            earlier = None  # it was closed in this transaction, after it was read
        return Facts(
            schedule_status=due.schedule_status,
            recurring=due.recurring,
            manual=due.manual,
            calls_left=due.calls_left,
            deadline_at=due.deadline_at,
            waited_for=due.reason if due.reason in WAITS else None,
            caller=caller,
            live=workspace.live,
            connected=caller is None or self._connection_of(due.agent_id).way is not None,
            carrier_problem=self._lines.problem(caller.carrier, caller.number) if caller else None,
            hold=self._hold_of(caller),
            database_behind=self._behind,
            suppression=self._suppression_of(due) if due.suppressed else None,
            session=self._session_with(due) if due.in_session else None,
            busy_call_id=self._taken.get(due.to_number) or due.busy_call_id,
            open_execution_id=earlier,
            hours=hours_of(due, workspace),
            caps=workspace.call_cap,
            recent_dials=self._recent_dials(due) if workspace.call_cap else (),
            pace=self.pace_of(caller),
            turn_at=self._turn_of(due, caller),
            concurrency=workspace.concurrency,
            live_calls=self._live_calls,
            daily_budget=workspace.daily_budget,
            dialled_today=self._dialled_today,
            day_ends_at=self._day_ends_at,
        )

    def connection_of(self, due: executions.Due) -> Connection:
        """Return how a carrier connects a call to the agent of an execution."""
        return self._connection_of(due.agent_id)

    def _hold_of(self, caller: Caller | None) -> Hold | None:
        if caller is None or not self._holds:
            return None
        return self._holds.get((caller.carrier, None)) or self._holds.get((caller.carrier, caller.number))

    def claimed(self, due: executions.Due, caller: Caller, call_id: str) -> datetime:
        """Note that an execution is dialled now, for those who are judged after it; return when its turn comes."""
        self._taken[due.to_number] = call_id
        self._live_calls += 1
        self._dialled_today += 1
        pace = self.pace_of(caller)
        if pace is None:
            return self._now
        turn = max(self._free_turn_of(caller, pace) or self._now, self._now)
        self._turns[caller.carrier] = turn + timedelta(seconds=1 / pace)
        return turn

    def keep_turns(self) -> None:
        """Write down which turns were taken, for the next round and for other processes."""
        for account, next_at in self._turns.items():
            if next_at is not None:
                turns.put(self._store, account, next_at)

    def pace_of(self, caller: Caller | None) -> float | None:
        """Return how many calls a second the caller's carrier account may get: as set, else as it says of itself."""
        if caller is None:
            return None
        return self._workspace.pace or self._lines.pace(caller.carrier)

    def _turn_of(self, due: executions.Due, caller: Caller | None) -> datetime | None:
        pace = self.pace_of(caller)
        if caller is None or pace is None:
            return None
        free = max(self._free_turn_of(caller, pace) or self._now, self._now)
        return self._queues.turn_of(caller.carrier, due.id, free, pace)

    def _free_turn_of(self, caller: Caller, pace: float) -> datetime | None:
        if caller.carrier not in self._turns:
            turn = turns.next_at(self._store, caller.carrier)
            # No turn can honestly be further ahead than this: the clock was put back since, and it means nothing.
            latest = self._now + PACE_AHEAD + timedelta(seconds=1 / pace)
            self._turns[caller.carrier] = turn if turn is not None and turn <= latest else None
        return self._turns[caller.carrier]

    def _suppression_of(self, due: executions.Due) -> Suppression | None:
        found = suppressions.find(self._store, due.to_number)
        return Suppression(found.phone_number, found.reason, found.expires_at) if found else None

    def _session_with(self, due: executions.Due) -> LiveSession | None:
        found = sessions.live_with(self._store, due.to_number, due.user_id, self._now)
        return LiveSession(found.id, found.channel, found.expires_at) if found else None

    def _recent_dials(self, due: executions.Due) -> tuple[datetime, ...]:
        caps = self._workspace.call_cap
        theirs = [due.to_number, *users.former_numbers(self._store, due.to_number, due.user_id)]
        longest = max(cap.within for cap in caps)
        return tuple(calls.dialled(self._store, theirs, self._now - longest, max(cap.count for cap in caps)))


def hours_of(due: executions.Due | calls.Followed, workspace: Settings) -> Hours | None:
    """Return the calling window in force for an execution and the clocks by which it is judged."""
    found = window.in_force(due.schedule_window, due.user_window, workspace.calling_window)
    if found is None:
        return None
    in_force, owner = found
    zones, zones_from = clocks_of(due.to_number, due.user_timezone)
    return Hours(in_force, owner, zones, zones_from)


def clocks_of(to_number: str, user_timezone: str | None) -> tuple[tuple[ZoneInfo, ...], str]:
    """Return the clocks that a callee may live by, and who says so: their user record, else their number.

    The zone of a schedule says by whose clocks a rule runs; it is no word on where the callee lives.
    """
    if user_timezone is not None:
        return window.clocks((user_timezone,)), "user"
    return window.clocks(phone.zones_of(to_number)), "number"


def judged(desk: Desk, execution_id: str, now: datetime) -> Decision:
    """Return what the gates say of one execution at `now`, without acting on it; carriers are taken to be well."""
    scene = Scene(desk, desk.settings(), Lines(desk), now, behind=False)
    return decide(scene.facts_of(executions.as_if_due(desk.store, execution_id, now)), now)
