"""A request may hang for so long that others doubt it, find its call, or settle it. The answer comes all the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from hyponema_cli.carriers.base import OutcomeUnknown, PlaceCall
from hyponema_cli.core.call import CallState
from hyponema_cli.engine import materialise, reconcile
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.tick import tick
from hyponema_cli.store import calls, events, open_store
from tests.world import MONDAY, World


@pytest.fixture
def other(world: World) -> Iterator[Desk]:
    """Another process on the same file."""
    store = open_store(world.store.path)
    yield Desk(store, lambda account: world.phones, world.clock, "other", "edition-1")
    store.close()


def wait(world: World, seconds: int) -> None:
    world.clock.set(world.clock.now() + timedelta(seconds=seconds))


@pytest.mark.parametrize("passes", [1, 3], ids=["adopted", "over"])
def test_a_late_answer_does_not_undo_what_others_found_out(world: World, other: Desk, passes: int) -> None:
    def hang(call: PlaceCall) -> CallState:
        world.phones.accept_silently(call)
        for _ in range(passes):
            wait(world, 100)
            tick(other)
        raise OutcomeUnknown("timed out")

    world.phones.answer = hang
    world.add({"at": "now"})
    world.tick()
    world.run_until(world.clock.now() + timedelta(hours=3))
    assert world.statuses() == [("completed", "answered")]
    assert "call.answered_late" in [each.name for each in events.select(world.store)]


def test_what_is_put_back_late_is_not_taken_from_whoever_dialled_it(world: World, other: Desk) -> None:
    def answer(call: PlaceCall) -> CallState:
        if len(world.phones.placed) == 2:  # the first of a batch of two
            wait(world, 100)
            tick(other)
            (never_sent,) = [each.id for each in calls.in_doubt(other.store) if each.id != call.call_id]
            reconcile.resolve(other, never_sent, placed=False)  # true, and it cannot be sent any more
            tick(other)  # dials it
            raise OutcomeUnknown("timed out")
        return CallState.BUSY

    world.phones.answer = answer
    for last in "123":
        world.add({"at": "now"}, to=f"+3460000010{last}", max_attempts=2, retry_delay="1m")
    world.tick()
    world.run_until(world.clock.now() + timedelta(minutes=5))
    assert sorted(str(each.status) for each in world.history()) == ["exhausted", "exhausted", "in_doubt"]


def test_a_call_that_a_person_says_was_made_is_followed_to_its_end_when_the_carrier_shows_it(world: World) -> None:
    def lose(call: PlaceCall) -> CallState:
        world.phones.accept_silently(call)
        raise OutcomeUnknown("lost")

    world.phones.answer = lose
    find, world.phones.find_calls = world.phones.find_calls, lambda **_: []  # the carrier's list lags
    world.add({"at": "now"})
    world.tick()
    world.phones.find_calls = find
    reconcile.resolve(world.desk, calls.in_doubt(world.store)[0].id, placed=True)
    world.add({"at": "now"}, to="+34600000001")
    world.tick()
    assert len(world.dials()) == 1, "somebody may be talking on that line"
    world.run_until(MONDAY + timedelta(minutes=2))
    assert world.statuses()[0] == ("completed", "answered")


def test_a_call_that_a_person_settled_unseen_is_not_found_for_another(world: World) -> None:
    def lose(call: PlaceCall) -> CallState:
        if len(world.phones.placed) == 1:
            world.phones.accept_silently(call, CallState.BUSY)
        raise OutcomeUnknown("lost")

    world.phones.answer = lose
    find, world.phones.find_calls = world.phones.find_calls, lambda **_: []
    world.add({"at": "now"})
    world.tick()
    wait(world, 40)
    reconcile.resolve(world.desk, calls.in_doubt(world.store)[0].id, placed=True)
    world.add({"at": "now"}, max_attempts=2, retry_on=["busy"], retry_delay="1m")
    world.tick()  # nobody knows whether this one was made
    world.phones.find_calls = find
    world.run_until(MONDAY + timedelta(minutes=10))
    assert len(world.dials()) == 2
    assert [doubt.found for doubt in calls.in_doubt(world.store)] == ["several"]


def test_a_new_edition_of_the_zone_data_walks_through_no_yesterday_of_a_repeating_rule(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    walked = 0
    occurrences = materialise.occurrences

    def count(*arguments):  # type: ignore[no-untyped-def]
        nonlocal walked
        for each in occurrences(*arguments):
            walked += 1
            yield each

    monkeypatch.setattr(materialise, "occurrences", count)
    world.add({"cron": "* * * * *"})
    world.desk.zone_edition = "edition-2"
    world.tick()
    assert walked < 10
