"""A call that its carrier keeps in a queue is withdrawn there when it may ring no more, and not before."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hyponema_cli.carriers.base import CallView, NotFound, OutcomeUnknown, PlaceCall
from hyponema_cli.core.call import CallState
from hyponema_cli.core.records import Schedule
from hyponema_cli.engine import book
from hyponema_cli.engine.request import Request
from hyponema_cli.engine.tick import tick
from tests.world import MONDAY, World, at

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def queued(world: World) -> World:
    """A world whose carrier takes every call, and has no line free for any."""
    world.phones.meanwhile = CallState.QUEUED
    return world


def calls_of(world: World, schedule: Schedule) -> list[tuple[str, str | None]]:
    return [(str(call.status), call.reason) for call in world.history(schedule)[0].calls]


def test_past_its_deadline_it_is_hung_up_and_recorded_as_missed(queued: World) -> None:
    once = queued.add({"at": "now"}, catch_up_window="5m")
    queued.tick()
    queued.run_until(MONDAY + 5 * MINUTE, every=SECOND)
    assert (queued.phones.hung_up, calls_of(queued, once)) == ([], [("queued", None)])
    queued.run_until(MONDAY + 5 * MINUTE + SECOND, every=SECOND)
    assert queued.phones.hung_up == ["T1"]
    assert calls_of(queued, once) == [("canceled", "queued_past_deadline")]
    assert queued.statuses(once) == [("missed", "queued_past_deadline")]
    assert len(queued.dials()) == 1


def test_outside_the_calling_window_it_is_hung_up_and_recorded_as_missed(queued: World) -> None:
    queued.set("calling_window", "08:00-09:30")
    once = queued.add({"at": "now"}, catch_up_window="5h")
    queued.tick()
    queued.run_until(MONDAY + 30 * MINUTE - SECOND, every=20 * SECOND)
    assert queued.phones.hung_up == []
    queued.run_until(MONDAY + 31 * MINUTE, every=10 * SECOND)
    assert queued.phones.hung_up == ["T1"]
    assert queued.statuses(once) == [("missed", "queued_outside_window")]


@pytest.mark.parametrize(
    ("callee", "closes_at"),
    [
        ({"user": "ana"}, "2026-03-02 19:00"),
        ({"user": "nina", "timezone": "Europe/Madrid"}, "2026-03-03 01:00"),
        ({"to": "+34600000101"}, "2026-03-02 19:00"),  # Madrid closes an hour before the Canaries
    ],
)
def test_the_window_is_judged_on_the_clock_of_the_callee(
    queued: World, callee: dict[str, str], closes_at: str
) -> None:
    queued.user("nina", "+12125550100", "America/New_York")
    queued.set("calling_window", "09:00-20:00")
    queued.clock.set(at("2026-03-02 16:00"))
    queued.add({"at": "now"}, catch_up_window="20h", **callee)
    queued.tick()
    queued.run_until(at(closes_at) - SECOND, every=10 * MINUTE)
    assert queued.phones.hung_up == []
    queued.run_until(at(closes_at) + 2 * MINUTE, every=MINUTE)
    assert queued.phones.hung_up == ["T1"]


def test_a_window_that_is_set_while_it_stands_in_the_queue_holds_for_it(queued: World) -> None:
    once = queued.add({"at": "now"}, catch_up_window="5h")
    queued.tick()
    book.edit(queued.desk, once.id, Request(window="22:00-23:00"))
    queued.run_until(MONDAY + MINUTE)
    assert queued.statuses(once) == [("missed", "queued_outside_window")]


def test_the_deadline_of_a_retry_is_its_own(queued: World) -> None:
    queued.phones.answer = lambda call: CallState.BUSY
    queued.phones.meanwhile = CallState.RINGING
    once = queued.add({"at": "now"}, max_attempts=2, retry_delay="20m", catch_up_window="5m")
    queued.tick()
    queued.run_until(MONDAY + MINUTE)
    queued.phones.meanwhile = CallState.QUEUED
    retry_at = queued.history(once)[0].due_at
    queued.run_until(retry_at + 5 * MINUTE, every=10 * SECOND)
    assert (len(queued.dials()), queued.phones.hung_up) == (2, [])
    queued.run_until(retry_at + 7 * MINUTE, every=10 * SECOND)
    assert queued.phones.hung_up == ["T2"]
    assert queued.statuses(once) == [("missed", "queued_past_deadline")]


@pytest.mark.parametrize(
    "error", [ConnectionError("no route"), OutcomeUnknown("timed out"), NotFound("T1"), KeyError()]
)
def test_a_hang_up_that_fails_is_tried_again(queued: World, error: Exception) -> None:
    once = queued.add({"at": "now"}, catch_up_window="5m")
    queued.tick()
    queued.phones.hang_up_error = error
    queued.run_until(MONDAY + 8 * MINUTE)
    assert set(queued.phones.hung_up) == {"T1"}
    assert len(queued.phones.hung_up) >= 2
    assert calls_of(queued, once) == [("queued", None)]
    queued.phones.hang_up_error = None
    queued.run_until(MONDAY + 10 * MINUTE)
    assert queued.statuses(once) == [("missed", "queued_past_deadline")]
    told = len(queued.phones.hung_up)
    queued.run_until(MONDAY + 20 * MINUTE)
    assert len(queued.phones.hung_up) == told


def test_a_hang_up_that_takes_effect_later_is_waited_for(queued: World, monkeypatch: pytest.MonkeyPatch) -> None:
    hang_up, told = queued.phones.hang_up, list[str]()

    def promise(carrier_call_id: str) -> CallView:
        told.append(carrier_call_id)
        return queued.phones.fetch_call(carrier_call_id)

    monkeypatch.setattr(queued.phones, "hang_up", promise)
    once = queued.add({"at": "now"}, catch_up_window="5m")
    queued.tick()
    queued.run_until(MONDAY + 7 * MINUTE)
    assert told
    assert queued.statuses(once) == [("dialing", None)]
    hang_up("T1")
    queued.run_until(MONDAY + 9 * MINUTE)
    assert queued.statuses(once) == [("missed", "queued_past_deadline")]


@pytest.mark.parametrize(
    ("end", "status"),
    [
        (CallState.COMPLETED, ("completed", "answered")),
        (CallState.NO_ANSWER, ("exhausted", "no_answer")),
        (CallState.FAILED, ("failed", "failed")),
    ],
)
def test_one_that_gets_a_line_before_the_hang_up_is_followed_to_its_own_end(
    queued: World, monkeypatch: pytest.MonkeyPatch, end: CallState, status: tuple[str, str]
) -> None:
    """The carrier said that it was queued, and then it rang."""
    once = queued.add({"at": "now"}, catch_up_window="5m")
    queued.phones.answer = lambda call: end
    queued.tick()

    def too_late(carrier_call_id: str) -> CallView:
        queued.phones.meanwhile = CallState.IN_PROGRESS
        queued.phones.lasts = queued.clock.now() - MONDAY + 3 * MINUTE
        return queued.phones.fetch_call(carrier_call_id)

    monkeypatch.setattr(queued.phones, "hang_up", too_late)
    queued.run_until(MONDAY + 6 * MINUTE)
    assert queued.statuses(once) == [("in_progress", None)]
    queued.run_until(MONDAY + 10 * MINUTE)
    assert queued.statuses(once) == [status]
    assert len(queued.dials()) == 1


@pytest.mark.parametrize("meanwhile", [CallState.RINGING, CallState.IN_PROGRESS])
def test_one_that_rings_or_was_answered_is_never_hung_up(world: World, meanwhile: CallState) -> None:
    world.set("calling_window", "08:00-09:30")
    world.phones.meanwhile, world.phones.lasts = meanwhile, 2 * HOUR
    once = world.add({"at": "now"}, catch_up_window="5m")
    world.tick()
    world.run_until(MONDAY + 2 * HOUR + 2 * MINUTE)
    assert (world.phones.hung_up, world.statuses(once)) == ([], [("completed", "answered")])


def test_one_that_was_lost_and_found_again_is_withdrawn_too(queued: World) -> None:
    def lose(call: PlaceCall) -> CallState:
        queued.phones.accept_silently(call)
        raise OutcomeUnknown("lost")

    queued.phones.answer = lose
    once = queued.add({"at": "now"}, catch_up_window="5m")
    queued.tick()
    queued.run_until(MONDAY + 7 * MINUTE, every=5 * SECOND)
    assert len(queued.phones.hung_up) == 1
    assert queued.statuses(once) == [("missed", "queued_past_deadline")]


def test_two_processes_record_one_withdrawal(queued: World) -> None:
    once = queued.add({"at": "now"}, catch_up_window="5m", max_attempts=3, retry_on=["failed", "no_answer"])
    queued.tick()
    other = queued.another_desk()
    while queued.clock.now() < MONDAY + 10 * MINUTE:
        queued.tick(queued.clock.now() + 20 * SECOND)
        tick(other)
    assert queued.statuses(once) == [("missed", "queued_past_deadline")]
    ends = queued.store.execute("select count(*) from events where name = 'execution.missed'").fetchone()
    assert ends == (1,)
    assert len(queued.dials()) == 1


def test_the_line_is_free_and_the_next_slot_is_called(queued: World) -> None:
    daily = queued.add({"weekdays": "1,2", "at": "09:01"}, catch_up_window="5m")
    queued.run_until(MONDAY + 10 * MINUTE)
    queued.phones.meanwhile = CallState.RINGING
    queued.tick("2026-03-03 08:01")
    queued.tick("2026-03-03 08:02")
    assert queued.statuses(daily) == [("missed", "queued_past_deadline"), ("completed", "answered")]
