"""Several requests may be under way at once: each is sent once, recorded once, and in its turn."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from hyponema_cli.carriers.base import CallView, Capabilities, OutcomeUnknown, PlaceCall, Rejected
from hyponema_cli.clock import SystemClock
from hyponema_cli.core.call import CallState
from hyponema_cli.engine.report import TickReport
from hyponema_cli.store import holds
from tests.world import Phones, World

SECOND = timedelta(seconds=1)


class Several(Phones):
    """A carrier that takes several requests at once, and answers none before so many are there."""

    def __init__(self, world: World, together: int = 1, at_once: int = 8) -> None:
        super().__init__(world.clock)
        self.together = threading.Barrier(together)
        self.at_once = at_once
        self.most = 0
        self._inside = 0
        self._lock = threading.Lock()

    def capabilities(self) -> Capabilities:
        return replace(super().capabilities(), requests_at_once=self.at_once)

    def place_call(self, call: PlaceCall, /) -> CallView:
        with self._lock:
            self._inside += 1
            self.most = max(self.most, self._inside)
        self.together.wait(20)
        with self._lock:
            self._inside -= 1
            return super().place_call(call)


def dial(world: World, carrier: Phones, count: int, at_once: int = 8) -> TickReport:
    world.accounts["simulated"] = carrier
    for last in range(count):
        world.add({"at": "now"}, to=f"+346000001{last:02}")
    world.desk.requests_at_once = at_once
    return world.tick()


def test_as_many_as_may_are_under_way_together(world: World) -> None:
    carrier = Several(world, together=4)
    report = dial(world, carrier, 12, at_once=4)
    assert carrier.most == 4
    assert report.placed == 12
    assert len({call.to_number for call in carrier.placed}) == 12


def test_a_carrier_that_takes_one_at_a_time_gets_one_at_a_time(world: World) -> None:
    carrier = Several(world, at_once=1)
    assert dial(world, carrier, 6).placed == 6
    assert carrier.most == 1


def test_no_carrier_gets_more_than_it_takes(world: World) -> None:
    carrier = Several(world, together=2, at_once=2)
    assert dial(world, carrier, 8).placed == 8
    assert carrier.most == 2


def test_each_answer_is_recorded_for_the_call_that_it_is_for(world: World) -> None:
    carrier = Several(world, together=2)
    fates = {
        "+34600000100": Rejected("no", "destination", "21211"),
        "+34600000101": OutcomeUnknown("lost"),
        "+34600000103": ZeroDivisionError(),
    }

    def answer(call: PlaceCall) -> CallState:
        if call.to_number in fates:
            raise fates[call.to_number]
        return CallState.COMPLETED

    carrier.answer = answer
    dial(world, carrier, 6)
    states = {each.calls[0].to_number[-1]: each.calls[0].status for each in world.history()}
    assert {last: states.pop(last) for last in "013"} == {"0": "rejected", "1": "in_doubt", "3": "in_doubt"}
    assert set(states.values()) <= {"queued", "ringing"}


def test_a_refused_account_stops_what_has_not_left_yet(world: World) -> None:
    carrier = Several(world, together=2)

    def refuse(call: PlaceCall) -> CallState:
        raise Rejected("Authenticate", "account", "20003")

    carrier.answer = refuse
    dial(world, carrier, 20, at_once=2)
    assert len(carrier.placed) == 2
    assert {each.status for each in world.history()} == {"pending"}
    assert [hold.account for hold in holds.in_force(world.store, world.clock.now())] == ["simulated"]


def test_what_does_not_come_back_in_time_is_a_doubt_and_nobody_is_dialled_again(world: World) -> None:
    carrier = Several(world)
    release = threading.Event()
    inner = carrier.place_call

    def hang(call: PlaceCall, /) -> CallView:
        view = inner(call)
        release.wait(20)
        return view

    carrier.place_call = hang  # type: ignore[method-assign]
    world.desk.drain_within = timedelta(0)
    world.accounts["simulated"] = carrier
    world.add({"at": "now"})
    world.desk.requests_at_once = 8
    passes = iter([False, False])
    world.desk.stopping = lambda: next(passes, True)
    report = TickReport(world.clock.now())
    world.tick()
    assert [each.status for each in world.history()] == ["in_doubt"]
    assert world.history()[0].calls[0].reason == "stopped"
    release.set()
    world.desk.stopping = lambda: False
    world.run_until(world.clock.now() + timedelta(minutes=5), every=10 * SECOND)
    assert len(carrier.placed) == 1
    assert report.placed == 0


def test_an_interrupt_leaves_no_intent_behind(world: World) -> None:
    carrier = Several(world, at_once=8)
    release = threading.Event()
    inner = carrier.place_call

    def hang(call: PlaceCall, /) -> CallView:
        release.wait(20)
        return inner(call)

    carrier.place_call = hang  # type: ignore[method-assign]
    world.accounts["simulated"] = carrier
    for last in range(5):
        world.add({"at": "now"}, to=f"+346000001{last:02}")
    world.desk.requests_at_once = 3
    asked = iter([False, False, False])

    def stopping() -> bool:
        if next(asked, True):
            raise KeyboardInterrupt
        return False

    world.desk.stopping = stopping
    with pytest.raises(KeyboardInterrupt):
        world.tick()
    release.set()
    states = [call.status for each in world.history() for call in each.calls]
    assert "placing" not in states
    assert states.count("in_doubt") == 3


@pytest.fixture
def real_time(world: World) -> Iterator[World]:
    world.desk.clock = SystemClock()
    yield world


def test_they_leave_in_due_and_priority_order_at_the_pace(real_time: World) -> None:
    world = real_time
    carrier = Several(world)
    carrier.calls_per_second = 50.0
    sent: list[str] = []
    inner = carrier.place_call

    def note(call: PlaceCall, /) -> CallView:
        sent.append(call.to_number)
        return inner(call)

    carrier.place_call = note  # type: ignore[method-assign]
    world.clock.set(SystemClock().now())
    world.accounts["simulated"] = carrier
    for last in range(10):
        world.add({"at": "now"}, to=f"+346000001{last:02}", priority=last)
    world.desk.requests_at_once = 4
    world.tick()
    assert sent == [f"+346000001{last:02}" for last in reversed(range(10))]
