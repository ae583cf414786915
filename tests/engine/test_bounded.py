"""A pass that may take only so long: each step gives way to the next, and what is left is done by later passes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from hyponema_cli import wire
from hyponema_cli.carriers.base import CallView, OutcomeUnknown, PlaceCall
from hyponema_cli.core.call import CallState
from hyponema_cli.engine import materialise
from hyponema_cli.engine.reconcile import reconcile
from hyponema_cli.engine.report import TickReport
from hyponema_cli.engine.tick import tick
from tests.world import MONDAY, Phones, World

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@dataclass
class Slow(Phones):
    """A carrier that takes its time for each answer."""

    takes: timedelta = timedelta(0)
    asked: list[str] = field(default_factory=list)

    def _pass_time(self, what: str) -> None:
        self.asked.append(what)
        self.clock.set(self.clock.now() + self.takes)

    def place_call(self, call: PlaceCall, /) -> CallView:
        self._pass_time("place")
        return super().place_call(call)

    def fetch_call(self, carrier_call_id: str, /) -> CallView:
        self._pass_time("fetch")
        return super().fetch_call(carrier_call_id)

    def find_calls(self, *, to_number: str, from_number: str, since: datetime) -> Sequence[CallView]:
        self._pass_time("find")
        return []


@pytest.fixture
def slow(world: World) -> Slow:
    world.phones = Slow(world.clock, lasts=HOUR)
    return world.phones


def lose(call: PlaceCall) -> CallState:
    raise OutcomeUnknown("lost")


def dial(world: World, count: int, first: int) -> None:
    for last in range(count):
        world.add({"at": "now"}, to=f"+346000{first + last:05}")
    world.tick()


def test_a_carrier_that_is_slow_to_tell_does_not_keep_the_due_from_being_dialled(world: World, slow: Slow) -> None:
    dial(world, 3, 100)
    slow.answer = lose
    dial(world, 4, 200)
    slow.answer = lambda call: CallState.COMPLETED
    world.clock.set(MONDAY + MINUTE)
    world.add({"at": "now"}, to="+34600000300")
    slow.asked.clear()
    slow.takes = 8 * SECOND
    began = world.clock.now()
    tick(world.desk, within=20 * SECOND)
    # A quarter of the time for the calls in flight: one answer. One doubt is looked up, however late it is.
    assert slow.asked == ["fetch", "find", "place"]
    assert world.clock.now() - began == 3 * slow.takes


def test_what_was_left_is_done_by_later_passes(world: World, slow: Slow) -> None:
    dial(world, 3, 100)
    slow.answer = lose
    dial(world, 4, 200)
    slow.asked.clear()
    slow.takes = 8 * SECOND
    for number in range(1, 9):
        world.clock.set(MONDAY + number * MINUTE)
        tick(world.desk, within=20 * SECOND)
    assert slow.asked.count("fetch") >= 3
    looked = world.store.execute("select count(*) from calls where status = 'in_doubt' and looks > 0").fetchone()[0]
    assert looked == 4


def test_without_a_bound_it_asks_as_long_as_before(world: World, slow: Slow) -> None:
    dial(world, 3, 100)
    world.clock.set(MONDAY + MINUTE)
    slow.asked.clear()
    slow.takes = 8 * SECOND
    world.tick()
    assert slow.asked == ["fetch"] * 3


def test_many_doubts_at_a_carrier_that_hangs_do_not_hold_up_a_pass_without_a_bound_either(
    world: World, slow: Slow
) -> None:
    slow.answer = lose
    dial(world, 20, 200)
    world.clock.set(MONDAY + MINUTE)
    slow.asked.clear()
    slow.takes = 20 * SECOND
    world.tick()
    assert slow.asked == ["find"] * 3
    slow.asked.clear()
    reconcile(world.desk, world.clock.now(), TickReport(world.clock.now()), all_doubts=True)
    assert slow.asked == ["find"] * 20


def test_the_dialling_ends_in_time_and_the_request_in_hand_is_finished(world: World, slow: Slow) -> None:
    slow.takes = 3 * SECOND
    for last in range(20):
        world.add({"at": "now"}, to=f"+346000001{last:02}")
    tick(world.desk, within=10 * SECOND)
    assert world.clock.now() - MONDAY <= 12 * SECOND
    assert 2 <= len(slow.placed) <= 4
    assert {status for status, _ in world.statuses()} == {"dialing", "pending"}
    for _ in range(20):
        tick(world.desk, within=10 * SECOND)
    assert sorted(world.dials()) == [f"+346000001{last:02}" for last in range(20)]


def test_what_came_due_is_recorded_in_parts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(materialise, "SCHEDULES_A_TRANSACTION", 2)
    for last in range(6):
        world.add({"at": "now"}, to=f"+346000001{last:02}")
    world.clock.set(MONDAY + SECOND)
    counted = TickReport(world.clock.now())
    materialise.materialise(world.desk, world.clock.now(), counted, until=world.clock.now())
    assert counted.due == 2
    materialise.materialise(world.desk, world.clock.now(), counted)
    assert counted.due == 6


@pytest.mark.parametrize(("left", "seconds"), [(-5, 1.0), (4, 4.0), (60, 10.0), (None, 10.0)])
def test_webhooks_get_the_time_that_is_left_and_a_second_in_any_case(
    world: World, monkeypatch: pytest.MonkeyPatch, left: int | None, seconds: float
) -> None:
    world.set("webhook_url", "https://receiver.example/hook")
    world.add({"at": "now"})
    world.tick()
    times = list[float]()

    class Stopwatch:
        def run_for(self, seconds: float) -> None:
            times.append(seconds)

    monkeypatch.setattr(wire, "courier_of", lambda desk: Stopwatch())
    wire.deliver(world.desk, None if left is None else world.clock.now() + left * SECOND)
    assert times == [seconds]
