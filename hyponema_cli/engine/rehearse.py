"""What would a pass do now, to whom, and why not to the rest? The pass itself tells, on a copy of the workspace.

Not a judgement of its own, which would drift from the pass: it is the real one, with the same facts, the same
`decide`, and each call that it claims counted for those behind it. Only its surroundings are others: the copy lives
in memory, its clock moves when somebody waits, and before each carrier stands one that takes every call and passes
none on. The real carriers that the pass would use are asked what they can do, as `hyp why` does: how fast they are,
and whether they can be used at all, are facts that gates look at. What became of calls in flight is not asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from hyponema_cli import ids
from hyponema_cli.carriers.base import CallView, Capabilities, OutcomeUnknown, PlaceCall
from hyponema_cli.carriers.simulated import SimulatedCarrier
from hyponema_cli.clock import Clock, VirtualClock
from hyponema_cli.core.call import CallState, ExecutionState
from hyponema_cli.core.gates import NOT_TAKEN, SIMULATED, WAITS
from hyponema_cli.core.records import Execution
from hyponema_cli.engine import find
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.tick import tick
from hyponema_cli.engine.why import WAITING, Inquiry
from hyponema_cli.store import executions, journal, numbers, turns

Verdict = Literal["dial", "wait", "stop", "missed"]
ORDER: tuple[Verdict, ...] = ("dial", "wait", "stop", "missed")


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What would become of one call that is due."""

    execution: Execution
    """As the pass would leave it."""
    is_recorded: bool
    """False: its occurrence has come, and no pass has given it a row, or an id, yet."""
    phone_number: str
    verdict: Verdict
    reason: str | None
    rings_at: datetime | None
    """When its callee would be rung, as things stand; None: not at all."""


def rehearse(desk: Desk, within: timedelta | None = None) -> list[Rehearsed]:
    """Say what a pass would do now with each call that is due; those that it would dial first, in their order.

    Neither the workspace, nor its dial journal, nor anything beside it is written.
    """
    now = desk.clock.now()
    # A copy must not write to the journal. A database that is behind it dials nobody, and so writes nothing to it.
    is_behind = journal.is_behind(desk.store)
    copy = desk.store.copy_in_memory()
    clock, taken, named = VirtualClock(now), dict[str, datetime](), list[str]()

    def new_id(prefix: str, at: datetime) -> str:
        name = ids.new_id(prefix, at)
        if prefix == "exe":
            named.append(name)
        return name

    def open_carrier(account: str) -> _TakesAll:
        return _TakesAll(_capabilities(desk, account), clock, taken)

    try:
        stage = Desk(copy, open_carrier, clock, "rehearsal", desk.zone_edition, new_id, keeps_journal=is_behind)
        recorded = executions.ids_due(copy, now)
        tick(stage, within=within)
        # A doubt whose schedule wants another call is dialled in the same pass, and was not due before it.
        known = set(recorded) | (set(taken) - set(named))
        return _told(stage, [*dict.fromkeys((*taken, *recorded, *named))], known, taken)
    finally:
        copy.close()


def _told(stage: Desk, touched: Iterable[str], recorded: set[str], taken: dict[str, datetime]) -> list[Rehearsed]:
    """Read off the copy what the pass has come to."""
    inquiry = Inquiry(stage, stage.settings(), stage.clock.now())
    found = []
    for execution_id in touched:
        execution = executions.get(stage.store, execution_id)
        if execution is None:
            continue  # another row had its slot already
        verdict, reason, rings_at = _fate(inquiry, execution, taken)
        number = find.schedule(stage.store, execution.schedule_id).phone_number
        found.append(Rehearsed(execution, execution_id in recorded, number, verdict, reason, rings_at))
    found = _in_line(stage, found)
    return sorted(found, key=lambda each: (ORDER.index(each.verdict), each.rings_at or each.execution.deadline_at))


def _in_line(stage: Desk, found: Sequence[Rehearsed]) -> list[Rehearsed]:
    """Give those that wait for a carrier's pace their turns, one behind the other; who comes too late rings nowhere.

    Each of them alone would have the next turn.
    """
    told, waiting = list[Rehearsed](), dict[str, list[Rehearsed]]()
    for each in found:
        caller = numbers.caller_of(stage.store, each.execution.agent_id or "", each.execution.from_number)
        waits = each.verdict == "wait" and each.reason in ("pace", "next_pass") and each.rings_at is not None
        if caller is not None and waits:
            waiting.setdefault(caller.carrier, []).append(each)
        else:
            told.append(each)
    for account, line in waiting.items():
        pace = stage.settings().pace or stage.carrier(account).capabilities().calls_per_second
        turn = max(turns.next_at(stage.store, account) or stage.clock.now(), stage.clock.now())
        for each in sorted(line, key=lambda each: (each.execution.due_at, each.execution.id)):
            told.append(replace(each, rings_at=turn if turn <= each.execution.deadline_at else None))
            turn += timedelta(seconds=1 / pace) if pace else timedelta(0)
    return told


def _fate(
    inquiry: Inquiry, execution: Execution, taken: dict[str, datetime]
) -> tuple[Verdict, str | None, datetime | None]:
    if execution.id in taken:
        return "dial", None, taken[execution.id]
    if execution.status is ExecutionState.MISSED:
        return "missed", execution.reason, None
    if execution.status not in WAITING:
        return "stop", execution.reason, None
    seen = inquiry.of_waiting(execution)
    # Put off by a gate, it is not looked at again before its due time; those that nobody came to are due already.
    rings_at = max(seen.rings_at, execution.due_at) if seen.rings_at is not None else None
    was_put_off = execution.reason in WAITS or execution.reason in NOT_TAKEN
    return "wait", execution.reason if was_put_off else seen.decision.reason or "next_pass", rings_at


def _capabilities(desk: Desk, account: str) -> Capabilities:
    """Ask a carrier what it can do. The simulated one is not opened: it would make its file."""
    if account == SIMULATED:
        return SimulatedCarrier(":memory:", desk.clock).capabilities()
    return desk.carrier(account).capabilities()


class _TakesAll:
    """Stands before a carrier: takes every call, and asks it nothing."""

    def __init__(self, can: Capabilities, clock: Clock, taken: dict[str, datetime]) -> None:
        self._can = can
        self._clock = clock
        self._taken = taken

    def capabilities(self) -> Capabilities:
        """The carrier's own."""
        return self._can

    def check(self) -> str:
        """Nobody asks."""
        raise OutcomeUnknown("a rehearsal asks no carrier")

    def place_call(self, call: PlaceCall, /) -> CallView:
        """Note that it would be dialled now."""
        self._taken[call.execution_id] = now = self._clock.now()
        return CallView(call.call_id, CallState.QUEUED, "queued", call.to_number, call.from_number, now)

    def fetch_call(self, carrier_call_id: str, /) -> CallView:
        """A call in flight stays as it is."""
        raise OutcomeUnknown("a rehearsal asks no carrier")

    def find_calls(self, *, to_number: str, from_number: str, since: datetime) -> Sequence[CallView]:
        """A doubt stays one."""
        raise OutcomeUnknown("a rehearsal asks no carrier")

    def hang_up(self, carrier_call_id: str, /) -> CallView:
        """Nobody is hung up on."""
        raise OutcomeUnknown("a rehearsal asks no carrier")
