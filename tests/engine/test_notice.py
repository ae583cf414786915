"""A carrier tells of its calls unasked: early, twice, out of order, of what is over. Nothing is lost or doubled."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyponema_cli.carriers.base import Capabilities, CarrierError, OutcomeUnknown, PlaceCall
from hyponema_cli.core.call import CallState
from hyponema_cli.engine.notice import noticed
from hyponema_cli.engine.reconcile import ORPHANED_AFTER
from hyponema_cli.store import calls
from tests.world import MONDAY, World

SECOND = timedelta(seconds=1)


class Died(BaseException):
    """The process is gone."""


def tell(world: World, call_id: str, carrier_call_id: str) -> bool:
    """Let the carrier tell of a call, to another process."""
    desk = world.another_desk()
    return noticed(desk, call_id, carrier_call_id, world.clock.now())


def only_call(world: World) -> Any:
    (execution,) = world.history()
    return execution.calls[-1]


def test_a_call_that_is_followed_is_asked_about_at_once_and_settled_by_what_is_answered_then(world: World) -> None:
    world.phones.lasts = timedelta(minutes=4)
    world.add({"at": "now"})
    world.tick()
    world.run_until(MONDAY + timedelta(minutes=4) - SECOND, every=10 * SECOND)
    world.tick(MONDAY + timedelta(minutes=4))
    assert only_call(world).status == "ringing", "the next look is planned for later"
    call = only_call(world)
    assert tell(world, call.id, call.carrier_call_id)
    assert not tell(world, call.id, call.carrier_call_id), "the question is due already"
    world.tick()
    assert world.statuses() == [("completed", "answered")]
    assert not tell(world, call.id, call.carrier_call_id), "it is over"
    assert world.store.next_work_at() is None


def test_a_notice_before_the_answer_to_our_request_changes_nothing_of_that_answer(world: World) -> None:
    def answer(call: PlaceCall) -> CallState:
        tell(world, call.call_id, f"T{len(world.phones.placed)}")
        return CallState.COMPLETED

    world.phones.answer = answer
    world.add({"at": "now"})
    assert world.tick().placed == 1
    world.run_until(MONDAY + timedelta(minutes=5))
    assert world.statuses() == [("completed", "answered")]
    assert len(world.dials()) == 1


@pytest.mark.parametrize("end", [OutcomeUnknown("timed out"), Died()], ids=["lost reply", "killed"])
@pytest.mark.parametrize("finds", ["history", "none"])
def test_a_lost_answer_is_no_doubt_for_long_when_the_carrier_has_told_its_id(
    world: World, monkeypatch: pytest.MonkeyPatch, end: BaseException, finds: Literal["history", "none"]
) -> None:
    monkeypatch.setattr(world.phones, "capabilities", lambda: Capabilities(find=finds, calls_per_second=None))
    if finds == "none":
        monkeypatch.setattr(world.phones, "find_calls", lambda **_: [])

    def answer(call: PlaceCall) -> CallState:
        world.phones.accept_silently(call)
        tell(world, call.call_id, "T1-0")
        raise end

    world.phones.answer = answer
    # It would be dialled again from the doubt, if it were one.
    world.add({"at": "now"}, on_doubt="redial-after 1m")
    if isinstance(end, Died):
        monkeypatch.setattr("hyponema_cli.engine.send.record_all", lambda *_: None)  # the dead write nothing
        with pytest.raises(Died):
            world.tick()
        monkeypatch.undo()
        world.phones.answer = lambda call: CallState.COMPLETED
    else:
        world.tick()
    world.run_until(MONDAY + ORPHANED_AFTER + timedelta(minutes=5), every=5 * SECOND)
    assert world.statuses() == [("completed", "answered")]
    assert only_call(world).carrier_call_id == "T1-0"
    assert len(world.dials()) == 1


@pytest.mark.parametrize("finds", ["history", "none"])
def test_a_doubt_whose_call_cannot_be_asked_about_is_neither_given_up_nor_dialled_again(
    world: World, monkeypatch: pytest.MonkeyPatch, finds: Literal["history", "none"]
) -> None:
    monkeypatch.setattr(world.phones, "capabilities", lambda: Capabilities(find=finds, calls_per_second=None))

    def answer(call: PlaceCall) -> CallState:
        world.phones.accept_silently(call)
        tell(world, call.call_id, "T1-0")
        raise OutcomeUnknown("timed out")

    def silent(*_: object, **__: object) -> Any:
        raise CarrierError("it does not answer")

    world.phones.answer = answer
    world.phones.fetch_call = world.phones.find_calls = silent  # type: ignore[method-assign]
    world.add({"at": "now"}, on_doubt="redial-after 1m")
    world.tick()
    world.run_until(MONDAY + timedelta(hours=12), every=timedelta(minutes=5))
    assert only_call(world).status == "in_doubt"
    del world.phones.fetch_call  # type: ignore[method-assign]
    world.run_until(MONDAY + timedelta(hours=14), every=timedelta(minutes=5))
    assert world.statuses() == [("completed", "answered")]
    assert len(world.dials()) == 1


@pytest.mark.parametrize(
    ("call_id", "carrier_call_id"),
    [("call_nobody", "T1"), ("own", "T2"), ("own", "T9")],
    ids=["of no call", "by another call's id", "by an id that nobody has"],
)
def test_a_notice_that_fits_no_call_changes_nothing(world: World, call_id: str, carrier_call_id: str) -> None:
    world.user("ben", "+34600000002", "Europe/Madrid")
    for user in ("ana", "ben"):
        world.add({"at": "now"}, user)
    world.tick()
    own = next(each.calls[-1].id for each in world.history() if each.calls[-1].carrier_call_id == "T1")
    before = list(world.store.connection.iterdump())
    assert not tell(world, own if call_id == "own" else call_id, carrier_call_id)
    assert list(world.store.connection.iterdump()) == before


@settings(max_examples=40, deadline=None)
@given(
    lost=st.lists(st.booleans(), min_size=4, max_size=4),
    told=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 900)), max_size=25),
    early=st.lists(st.booleans(), min_size=4, max_size=4),
)
def test_notices_of_any_calls_at_any_times_double_nothing_and_lose_nothing(
    tmp_path_factory: pytest.TempPathFactory,
    lost: list[bool],
    told: list[tuple[int, int]],
    early: list[bool],
) -> None:
    world = World(tmp_path_factory.mktemp("notices"))
    made: list[tuple[str, str]] = []

    def answer(call: PlaceCall) -> CallState:
        number = len(world.phones.placed) - 1
        if lost[number % 4]:
            theirs = f"T{number + 1}-{len(world.phones._views)}"
            world.phones.accept_silently(call)
        else:
            theirs = f"T{number + 1}"
        made.append((call.call_id, theirs))
        if early[number % 4]:
            tell(world, call.call_id, theirs)
        if lost[number % 4]:
            raise OutcomeUnknown("lost")
        return CallState.COMPLETED

    world.phones.answer = answer
    try:
        for number in range(4):
            world.add({"at": "now"}, None, to=f"+3460000010{number}")
        world.tick()
        for which, when in sorted(told, key=lambda each: each[1]):
            world.tick(max(world.clock.now(), MONDAY + when * SECOND))
            tell(world, *made[which])
        world.run_until(world.clock.now() + timedelta(hours=1), every=5 * timedelta(minutes=1))
        assert world.statuses() == [("completed", "answered")] * 4
        assert sorted(world.dials()) == [f"+3460000010{number}" for number in range(4)]
        assert not calls.in_doubt(world.store)
    finally:
        world.close()
