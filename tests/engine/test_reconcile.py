"""A doubt is looked up at the carrier, adopted when exactly one call fits, and never redialled on a guess."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hyponema_cli.carriers.base import Capabilities, OutcomeUnknown, PlaceCall
from hyponema_cli.core.call import CallState
from hyponema_cli.core.errors import Conflict, NotFound
from hyponema_cli.engine import reconcile
from hyponema_cli.store import calls
from tests.world import MONDAY, World


def lose_the_reply(world: World, made: int) -> None:
    """Let the carrier make so many calls of a request, and lose its answer."""

    def answer(call: PlaceCall) -> CallState:
        for _ in range(made):
            world.phones.accept_silently(call)
        raise OutcomeUnknown("the connection was closed")

    world.phones.answer = answer


def test_the_one_call_that_fits_is_adopted_and_followed_to_its_end(world: World) -> None:
    lose_the_reply(world, made=1)
    once = world.add({"at": "now"}, max_attempts=3)
    world.tick()
    assert world.statuses(once) == [("in_doubt", "no_clean_answer")]
    world.run_until(MONDAY + timedelta(minutes=2), every=timedelta(seconds=5))
    assert world.statuses(once) == [("completed", "answered")]
    assert len(world.dials()) == 1


def test_a_call_that_nobody_finds_is_looked_for_at_growing_intervals_and_then_left_to_a_person(world: World) -> None:
    lose_the_reply(world, made=0)
    once = world.add({"at": "now"}, max_attempts=3)
    world.run_until(MONDAY + timedelta(hours=3), every=timedelta(seconds=5))
    (doubt,) = calls.in_doubt(world.store)
    assert (doubt.looks, doubt.found, doubt.next_look_at) == (5, "none", None)
    looks = [
        row[0] for row in world.store.execute("select at from events where name = 'call.looked_for' order by id")
    ]
    assert [text[11:19] for text in looks] == ["08:00:10", "08:00:40", "08:02:40", "08:12:40", "09:12:40"]
    assert world.statuses(once) == [("in_doubt", "no_clean_answer")]
    assert len(world.dials()) == 1
    assert not world.store.has_work(world.clock.now(), "edition-1")


def test_of_several_calls_that_fit_none_is_chosen(world: World) -> None:
    lose_the_reply(world, made=2)
    world.add({"at": "now"})
    world.run_until(MONDAY + timedelta(minutes=1), every=timedelta(seconds=5))
    (doubt,) = calls.in_doubt(world.store)
    assert doubt.found == "several"


def test_a_call_of_another_time_or_of_our_own_is_not_adopted(world: World) -> None:
    world.add({"at": "now"})
    world.run_until(MONDAY + timedelta(minutes=1))  # one call, completed and ours
    lose_the_reply(world, made=0)
    world.add({"at": "now"})
    world.run_until(MONDAY + timedelta(minutes=3))
    (doubt,) = calls.in_doubt(world.store)
    assert doubt.found == "none"


def test_a_carrier_that_cannot_be_asked_or_cannot_find_leaves_the_doubt(world: World) -> None:
    lose_the_reply(world, made=1)
    world.phones.capabilities = lambda: Capabilities(find="none", calls_per_second=None)  # type: ignore[method-assign]
    world.add({"at": "now"})
    world.run_until(MONDAY + timedelta(minutes=2))
    (doubt,) = calls.in_doubt(world.store)
    assert doubt.found == "could_not_look"


class TestAPersonSays:
    def doubtful(self, world: World) -> str:
        lose_the_reply(world, made=0)
        world.add({"at": "now"}, name="once", max_attempts=2)
        world.tick()
        return calls.in_doubt(world.store)[0].id

    def test_placed_and_the_execution_is_completed(self, world: World) -> None:
        reconcile.resolve(world.desk, self.doubtful(world), placed=True)
        world.run_until(MONDAY + timedelta(minutes=30))
        assert world.statuses() == [("completed", "resolved_by_operator")]
        assert len(world.dials()) == 1

    def test_not_placed_and_it_is_dialled_while_it_is_in_time(self, world: World) -> None:
        call_id = self.doubtful(world)
        world.phones.answer = lambda call: CallState.COMPLETED
        world.clock.set(MONDAY + timedelta(minutes=5))
        reconcile.resolve(world.desk, call_id, placed=False)
        world.run_until(MONDAY + timedelta(minutes=7))
        assert world.statuses() == [("completed", "answered")]
        assert [(each.number, str(each.status)) for each in world.history()[0].calls] == [
            (1, "not_placed"),
            (1, "completed"),
        ]

    def test_not_placed_too_late_and_it_is_missed(self, world: World) -> None:
        call_id = self.doubtful(world)
        world.clock.set(MONDAY + timedelta(minutes=20))
        reconcile.resolve(world.desk, call_id, placed=False)
        world.tick()
        assert world.statuses() == [("missed", "too_late")]

    def test_something_about_a_call_that_is_not_in_doubt_and_is_refused(self, world: World) -> None:
        call_id = self.doubtful(world)
        reconcile.resolve(world.desk, call_id, placed=True)
        with pytest.raises(Conflict, match="not in doubt"):
            reconcile.resolve(world.desk, call_id, placed=True)
        with pytest.raises(NotFound):
            reconcile.resolve(world.desk, "call_x", placed=True)
