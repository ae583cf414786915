"""What is an agent told of a call, and is that short enough? Asked when something is stored, and at the dial."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hyponema_cli.carriers.instructions import facts, refuse_too_long, room_for_context
from hyponema_cli.core.errors import Conflict
from hyponema_cli.core.gates import SIMULATED
from hyponema_cli.core.records import Agent, Schedule
from hyponema_cli.store import Store, agents, executions, numbers, schedules, users


def told(due: executions.Due, call_id: str, attempt: int) -> dict[str, str]:
    """Return what the agent is told of an attempt at an execution."""
    return facts(
        agent_id=due.agent_id,
        user_id=due.user_id,
        schedule_id=due.schedule_id,
        execution_id=due.id,
        call_id=call_id,
        attempt=attempt,
        scheduled_time=due.scheduled_time,
        customer_context=executions.context_of(due),
    )


def refuse_unreachable(store: Store, agent: Agent) -> None:
    """Raise Conflict for an agent that calls from a real number and has no way to get the call."""
    caller = numbers.caller_of(store, agent.id, None)
    if caller is not None and caller.carrier != SIMULATED and agent.connection.way is None:
        raise Conflict(
            f"agent {agent.id!r} has no way to get its calls from {caller.carrier}",
            hint=f"give it one: hyp agents edit {agent.id} --stream-url wss://agent.example/session",
        )


def hears_machines(store: Store, agent_id: str) -> bool:
    """True when an agent's carrier tells machines from people: it was asked to, or is the simulated one."""
    caller = numbers.caller_of(store, agent_id, None)
    simulated = caller is not None and caller.carrier == SIMULATED
    return simulated or agents.connection_of(store, agent_id).machine_detection != "off"


def refuse_untellable(store: Store, agent: Agent, schedule: Schedule) -> None:
    """Raise InvalidInput for a schedule whose context its calls could not carry."""
    theirs: Mapping[str, Any] = {}
    if schedule.user_id is not None:
        theirs = next((user.context for user in users.find(store, schedule.user_id)), {})
    refuse_too_long(agent.connection, schedule.user_id, {**theirs, **schedule.customer_context})


def refuse_untellable_to(store: Store, agent: Agent) -> None:
    """Raise InvalidInput when calls, or those that are planned, could not carry what they must by an agent's way."""
    room = room_for_context(agent.connection)
    # As it is stored, a character takes five at most in what a carrier gets (`&amp;`).
    for schedule in schedules.with_context(store, agent_id=agent.id, longer_than=room // 5):
        refuse_untellable(store, agent, schedule)
