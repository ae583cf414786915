"""How does a number come to be, find its agent, and go? What the commands, and every other way in, call."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from hyponema_cli import carriers
from hyponema_cli.core import phone
from hyponema_cli.core.errors import Conflict
from hyponema_cli.core.gates import SIMULATED
from hyponema_cli.core.records import Agent, Number
from hyponema_cli.engine import find
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.needs import refuse_while_live
from hyponema_cli.store import calls, events, executions, numbers, schedules

CLEARABLE = ("label",)


def add(desk: Desk, phone_number: str, carrier: str, label: str | None) -> Number:
    """Add a number on a carrier that is installed; raises Conflict when it is there already."""
    carriers.require(carrier)
    now = desk.clock.now()
    added = Number(desk.new_id("num", now), phone.parse(phone_number), carrier, label, None, now, now)
    with desk.store.transaction():
        numbers.insert(desk.store, added)
        events.add(desk.store, now, desk.actor, "number.added", subject_id=added.id)
    return added


def edit(
    desk: Desk, number: str, carrier: str | None, label: str | None, clear: Collection[str] = ()
) -> tuple[Number, Number]:
    """Change what is said and nothing else; return the number before and after.

    Raises Conflict for another carrier while a call shows the number, or may: its end is asked of where it was made.
    """
    if carrier is not None:
        carriers.require(carrier)
    with desk.store.transaction():
        now = desk.clock.now()
        before = find.number(desk.store, number)
        after = replace(before, carrier=carrier or before.carrier, label=label or before.label)
        if "label" in clear:
            after = replace(after, label=None)
        if after == before:
            return before, before
        if after.carrier != before.carrier:
            _refuse_while_calling(desk, before)
            if after.agent_id is not None:
                _refuse_without_way(find.agent(desk.store, after.agent_id), after.carrier)
        numbers.update(desk.store, after, now)
        detail = {"carrier": after.carrier, "was": before.carrier} if after.carrier != before.carrier else None
        events.add(desk.store, now, desk.actor, "number.edited", subject_id=after.id, detail=detail)
        if after.agent_id is not None:
            executions.wake(desk.store, now, agent_id=after.agent_id)
        return before, find.number(desk.store, before.id)


def attach(desk: Desk, number: str, agent: str, *, move: bool = False) -> Number:
    """Give a number to an agent: its calls show it. Raises Conflict when another has it, unless it may `move`."""
    with desk.store.transaction():
        found = find.number(desk.store, number)
        owner = find.agent(desk.store, agent)
        if found.agent_id not in (None, owner.id):
            if not move:
                raise Conflict(
                    f"{found.phone_number} is attached to {found.agent_id}",
                    hint=f"move it: hyp numbers attach {found.phone_number} {owner.id} --move",
                )
            _refuse_last_number(desk, found)
        if found.agent_id != owner.id:
            _refuse_without_way(owner, found.carrier)
            _attach(desk, found, owner.id, "number.attached")
        return find.number(desk.store, found.id)


def detach(desk: Desk, number: str) -> Number:
    """Take a number from its agent; raises Conflict when live schedules would be left without a number to show."""
    with desk.store.transaction():
        found = find.number(desk.store, number)
        if found.agent_id is not None:
            _refuse_last_number(desk, found)
            _attach(desk, found, None, "number.detached")
        return find.number(desk.store, found.id)


def release(desk: Desk, number: str) -> Number:
    """Remove a number; raises Conflict when live schedules need it. It stays rented at the carrier."""
    with desk.store.transaction():
        found = find.number(desk.store, number)
        if found.agent_id is not None:
            _refuse_last_number(desk, found)
        numbers.delete(desk.store, found.id)
        events.add(desk.store, desk.clock.now(), desk.actor, "number.released", subject_id=found.id)
    return found


def _attach(desk: Desk, number: Number, agent_id: str | None, event: str) -> None:
    now = desk.clock.now()
    numbers.attach(desk.store, number.id, agent_id, now)
    events.add(desk.store, now, desk.actor, event, subject_id=number.id, detail={"agent_id": agent_id})
    executions.wake(desk.store, now, agent_id=agent_id)


def _refuse_without_way(agent: Agent, carrier: str) -> None:
    if carrier != SIMULATED and agent.connection.way is None:
        raise Conflict(
            f"agent {agent.id!r} has no way to get its calls from {carrier}",
            hint=f"give it one: hyp agents edit {agent.id} --stream-url wss://agent.example/session",
        )


def _refuse_while_calling(desk: Desk, number: Number) -> None:
    live = calls.live_from(desk.store, number.phone_number)
    if live:
        more = f" and {len(live) - 1} more" if len(live) > 1 else ""
        raise Conflict(
            f"{number.phone_number} stays on {number.carrier} while {live[0]}{more} is going on or in doubt",
            hint=f"see: hyp calls show {live[0]}, hyp reconcile; then try again",
        )


def _refuse_last_number(desk: Desk, number: Number) -> None:
    assert number.agent_id is not None, "asked only for a number that is attached"
    if len(numbers.of_agent(desk.store, number.agent_id)) == 1:
        live = schedules.live_ids_of(desk.store, "agent_id", number.agent_id)
        hint = f"attach another number to {number.agent_id} first, or cancel: hyp schedules cancel ID"
        refuse_while_live(f"the last number of {number.agent_id}", live, hint)
