"""What `redial-after` promises: once more, at its time, through every gate, and never on a guess."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hyponema_cli.carriers.base import OutcomeUnknown, PlaceCall
from hyponema_cli.core.call import CallState
from hyponema_cli.engine import book, sessions, suppressions
from hyponema_cli.engine.request import Request
from hyponema_cli.engine.tick import tick
from hyponema_cli.store import calls
from tests.world import MONDAY, World

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


def lose(world: World, replies: int = 1, then: CallState = CallState.COMPLETED) -> None:
    def answer(call: PlaceCall) -> CallState:
        if len(world.phones.placed) > replies:
            return then
        raise OutcomeUnknown("lost")

    world.phones.answer = answer


def test_it_dials_once_more_at_its_time(world: World) -> None:
    lose(world)
    once = world.add({"at": "now"}, on_doubt="redial-after 20m")
    world.tick()
    world.run_until(MONDAY + 20 * MINUTE - SECOND, every=10 * SECOND)
    assert len(world.dials()) == 1
    world.run_until(MONDAY + 30 * MINUTE, every=10 * SECOND)
    assert (len(world.dials()), world.statuses(once)) == (2, [("completed", "answered")])
    first, second = world.history(once)[0].calls
    assert (first.number, first.status, first.reason) == (1, "failed", "redialled_from_doubt")
    assert (second.number, second.status) == (2, "completed")


def test_it_dials_again_once_an_execution_and_no_more(world: World) -> None:
    lose(world, replies=9)
    once = world.add({"at": "now"}, on_doubt="redial-after 5m", max_attempts=5)
    world.tick()
    world.run_until(MONDAY + 5 * HOUR)
    assert (len(world.dials()), world.statuses(once)) == (2, [("in_doubt", "no_clean_answer")])


def test_two_processes_dial_again_once(world: World) -> None:
    lose(world)
    world.add({"at": "now"}, on_doubt="redial-after 5m")
    world.tick()
    other = world.another_desk()
    while world.clock.now() < MONDAY + 10 * MINUTE:
        world.tick(world.clock.now() + 20 * SECOND)
        tick(other)
    assert len(world.dials()) == 2


def test_the_next_occurrence_has_a_redial_of_its_own(world: World) -> None:
    lose(world)
    world.add({"cron": "0 * * * *"}, on_doubt="redial-after 5m", until="2026-03-02T09:30:00Z")
    world.tick()
    world.run_until(MONDAY + 30 * MINUTE)
    lose(world, replies=3)
    world.run_until(MONDAY + 2 * HOUR)
    assert len(world.dials()) == 4


@pytest.mark.parametrize(
    ("gate", "status"),
    [
        ("call_cap", ("skipped", "call_cap")),
        ("suppressed", ("skipped", "suppressed")),
        ("calling_window", ("skipped", "outside_calling_window")),
        ("live_session", ("waiting_retry", "live_session")),
        ("schedule_active", ("canceled", "schedule_canceled")),
        ("concurrency", ("waiting_retry", "concurrency")),
    ],
)
def test_it_passes_all_gates(world: World, gate: str, status: tuple[str, str]) -> None:
    lose(world)
    once = world.add({"at": "now"}, on_doubt="redial-after 5m")
    world.tick()
    match gate:
        case "call_cap":
            world.set("call_cap", "1/24h")
        case "suppressed":
            suppressions.add(world.desk, "ana", reason=None, lasting=None, created_by="test")
        case "calling_window":
            world.set("calling_window", "22:00-23:00")
        case "live_session":
            sessions.start(world.desk, "ana", channel=None, ttl=HOUR, session_id=None)
        case "schedule_active":
            book.cancel(world.desk, once.id, None)
        case "concurrency":
            world.phones.lasts = 2 * HOUR
            world.set("concurrency", "1")
            world.store.execute("delete from settings where key = 'concurrency'")
            world.add({"at": "now"}, to="+34600000101")
            world.tick()
            world.set("concurrency", "1")
    before = world.dials().count("+34600000001")
    world.run_until(MONDAY + 6 * MINUTE)
    assert (world.dials().count("+34600000001"), world.statuses(once)) == (before, [status])


def test_both_calls_count_in_the_cap(world: World) -> None:
    lose(world)
    world.set("call_cap", "2/24h")
    world.add({"at": "now"}, on_doubt="redial-after 5m")
    world.tick()
    world.run_until(MONDAY + 10 * MINUTE)
    after = world.add({"at": "now"})
    world.tick()
    assert (len(world.dials()), world.statuses(after)) == (2, [("skipped", "call_cap")])


def test_a_policy_given_while_in_doubt_is_followed(world: World) -> None:
    lose(world)
    once = world.add({"at": "now"})
    world.tick()
    world.run_until(MONDAY + 3 * HOUR)
    book.edit(world.desk, once.id, Request(on_doubt="redial-after 5m"))
    world.run_until(MONDAY + 3 * HOUR + MINUTE)
    assert len(world.dials()) == 2
    assert calls.in_doubt(world.store) == []
