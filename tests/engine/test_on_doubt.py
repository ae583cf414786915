"""What may follow a doubt: nothing by itself; or, where its schedule asks for it, one more call."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hyponema_cli.carriers.base import OutcomeUnknown, PlaceCall
from hyponema_cli.core.call import CallState
from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.engine import book
from hyponema_cli.engine.request import Request
from hyponema_cli.store import calls
from tests.world import MONDAY, World

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


def lose(world: World, made: int = 0, then: CallState = CallState.COMPLETED) -> None:
    """Let the first reply be lost, after so many calls were made; every later one comes."""

    def answer(call: PlaceCall) -> CallState:
        if len(world.phones.placed) > 1:
            return then
        for _ in range(made):
            world.phones.accept_silently(call)
        raise OutcomeUnknown("lost")

    world.phones.answer = answer


@pytest.mark.parametrize("policy", [None, "hold", "HOLD"])
def test_hold_never_redials(world: World, policy: str | None) -> None:
    lose(world)
    once = world.add({"at": "now"}, on_doubt=policy, max_attempts=5, retry_on=["failed", "timeout", "no_answer"])
    world.tick()
    world.run_until(MONDAY + 3 * HOUR)
    assert (len(world.dials()), world.statuses(once)) == (1, [("in_doubt", "no_clean_answer")])
    assert calls.in_doubt(world.store)[0].next_look_at is None


@pytest.mark.parametrize("again_after", ["1m", "5m"])
def test_one_call_that_the_carrier_shows_is_adopted_and_nobody_dialled_again(world: World, again_after: str) -> None:
    lose(world, made=1)
    once = world.add({"at": "now"}, on_doubt=f"redial-after {again_after}")
    world.tick()
    world.run_until(MONDAY + HOUR, every=10 * SECOND)
    assert (len(world.dials()), world.statuses(once)) == (1, [("completed", "answered")])


def test_a_call_that_the_carrier_shows_late_but_in_time_is_adopted(world: World) -> None:
    lose(world)
    once = world.add({"at": "now"}, on_doubt="redial-after 5m")
    world.tick()
    world.run_until(MONDAY + 4 * MINUTE, every=10 * SECOND)
    now = world.clock.now()
    world.clock.set(MONDAY + 2 * SECOND)
    world.phones.accept_silently(world.phones.placed[0])
    world.clock.set(now)
    world.run_until(MONDAY + HOUR, every=10 * SECOND)
    assert (len(world.dials()), world.statuses(once)) == (1, [("completed", "answered")])


def test_several_calls_that_the_carrier_shows_are_left_to_a_person(world: World) -> None:
    lose(world, made=2)
    once = world.add({"at": "now"}, on_doubt="redial-after 5m")
    world.tick()
    world.run_until(MONDAY + 3 * HOUR, every=MINUTE)
    assert (len(world.dials()), world.statuses(once)) == (1, [("in_doubt", "no_clean_answer")])
    assert calls.in_doubt(world.store)[0].found == "several"


def test_nothing_is_dialled_again_before_its_time(world: World) -> None:
    lose(world)
    world.add({"at": "now"}, on_doubt="redial-after 30m")
    world.tick()
    world.run_until(MONDAY + 30 * MINUTE - SECOND, every=10 * SECOND)
    assert len(world.dials()) == 1


def test_a_policy_that_goes_back_to_hold_while_in_doubt_holds(world: World) -> None:
    lose(world)
    once = world.add({"at": "now"}, on_doubt="redial-after 5m")
    world.tick()
    world.tick(MONDAY + 4 * MINUTE)
    book.edit(world.desk, once.id, Request(on_doubt="hold"))
    world.run_until(MONDAY + 3 * HOUR)
    assert (len(world.dials()), world.statuses(once)) == (1, [("in_doubt", "no_clean_answer")])


def test_a_policy_that_is_changed_makes_the_next_pass_look_again(world: World) -> None:
    lose(world)
    once = world.add({"at": "now"})
    world.tick()
    world.run_until(MONDAY + 2 * HOUR)
    assert calls.in_doubt(world.store)[0].next_look_at is None
    book.edit(world.desk, once.id, Request(on_doubt="redial-after 3h"))
    assert calls.in_doubt(world.store)[0].next_look_at == world.clock.now()
    world.tick()
    (doubt,) = calls.in_doubt(world.store)
    assert doubt.next_look_at == doubt.created_at + 3 * HOUR


def test_another_change_leaves_a_doubt_alone(world: World) -> None:
    lose(world)
    once = world.add({"at": "now"})
    world.tick()
    world.run_until(MONDAY + 2 * HOUR)
    book.edit(world.desk, once.id, Request(name="Another"))
    assert calls.in_doubt(world.store)[0].next_look_at is None


def test_the_doubt_of_one_schedule_is_not_dialled_again_by_the_policy_of_another(world: World) -> None:
    lose(world)
    world.add({"at": "now"})
    world.tick()
    other = world.add({"delay": "1m"}, on_doubt="redial-after 5m", catch_up_window="5m")
    world.run_until(MONDAY + HOUR)
    assert (len(world.dials()), world.statuses(other)) == (1, [("missed", "too_late")])


@pytest.mark.parametrize(
    "text", ["redial", "redial-after", "redial-after 59s", "redial-after soon", "holds", "never"]
)
def test_a_policy_that_is_none_is_refused(world: World, text: str) -> None:
    with pytest.raises(InvalidInput):
        world.add({"at": "now"}, on_doubt=text)
