"""A copy is put back, and doubts have a past: meetings that broke a promise once."""

import shutil
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from hyponema_cli.carriers.base import CallView, OutcomeUnknown, PlaceCall, Rejected
from hyponema_cli.core.call import CallState
from hyponema_cli.core.when import WhenWords
from hyponema_cli.engine import book, reconcile
from hyponema_cli.engine.materialise import materialise
from hyponema_cli.engine.recover import Recovered, recover
from hyponema_cli.engine.report import TickReport
from hyponema_cli.engine.request import Request
from hyponema_cli.store import calls, open_store, settings
from tests.world import World, at

SECOND = timedelta(seconds=1)
ANA = "+34600000001"


def lose(call: PlaceCall) -> CallState:
    raise OutcomeUnknown("no answer")


def answer(call: PlaceCall) -> CallState:
    return CallState.COMPLETED


def copy(world: World) -> Path:
    path = world.store.path.with_name("copy.db")
    target = sqlite3.connect(path)
    world.store.connection.backup(target)
    target.close()
    return path


def put_back(world: World, copied: Path) -> None:
    path = world.store.path
    world.store.close()
    shutil.copyfile(copied, path)
    world.store = world.desk.store = open_store(path)


def hyp_reconcile(world: World) -> Recovered:
    now = world.clock.now()
    recovered = recover(world.desk, now)
    reconcile.reconcile(world.desk, now, TickReport(now), all_doubts=True)
    return recovered


def next_second(world: World) -> None:
    world.tick(world.clock.now() + SECOND)


def resolve(world: World, *, placed: bool) -> None:
    (doubt,) = calls.in_doubt(world.store)
    reconcile.resolve(world.desk, doubt.id, placed=placed)


def test_a_doubt_is_redialled_when_its_schedule_asks_for_it(world: World) -> None:
    world.phones.answer = lose
    world.add({"at": "now"}, on_doubt="redial-after 2m")
    next_second(world)
    world.phones.answer = answer
    world.run_until("2026-03-02 08:05")
    assert world.dials() == [ANA, ANA]


def test_a_doubt_in_the_copy_that_was_said_not_to_be_placed_and_dialled_again(world: World) -> None:
    world.phones.answer = lose
    world.add({"at": "now"})
    next_second(world)
    copied = copy(world)
    resolve(world, placed=False)
    world.phones.answer = answer
    next_second(world)
    put_back(world, copied)
    assert len(hyp_reconcile(world).followed) == 1


def test_a_forgotten_doubt_that_was_said_not_to_be_placed_and_dialled_again(world: World) -> None:
    world.phones.answer = lose
    world.add({"at": "now"})
    copied = copy(world)
    next_second(world)
    resolve(world, placed=False)
    world.phones.answer = answer
    next_second(world)
    put_back(world, copied)
    assert hyp_reconcile(world).count == 2


def test_a_doubt_in_the_copy_and_a_second_request_that_was_refused(world: World) -> None:
    world.phones.answer = lose
    world.add({"at": "now"})
    next_second(world)
    copied = copy(world)
    resolve(world, placed=False)

    def refuse(call: PlaceCall) -> CallState:
        raise Rejected("no", "call", "1")

    world.phones.answer = refuse
    next_second(world)
    put_back(world, copied)
    assert len(hyp_reconcile(world).not_placed) == 1


@pytest.mark.parametrize("copied_in_doubt", [True, False])
def test_a_doubt_that_was_placed_and_a_later_call_to_the_same_number(world: World, copied_in_doubt: bool) -> None:
    world.phones.answer = lose
    world.add({"at": "now"})
    world.add({"delay": "5m"})
    copied = copy(world)
    next_second(world)
    if copied_in_doubt:
        copied.unlink()
        copied = copy(world)
    resolve(world, placed=True)
    world.phones.answer = answer
    world.run_until("2026-03-02 08:06")
    put_back(world, copied)
    assert len(hyp_reconcile(world).followed) == 1


def test_two_answers_with_one_id(world: World) -> None:
    world.user("bea", "+34600000002", "Europe/Madrid")
    world.add({"at": "now"})
    world.add({"at": "now"}, user="bea")
    copied = copy(world)
    place = world.phones.place_call

    def same_id(call: PlaceCall) -> CallView:
        place(call)
        return world.phones.fetch_call("T1")

    world.phones.place_call = same_id  # type: ignore[method-assign]
    next_second(world)
    next_second(world)
    put_back(world, copied)
    assert hyp_reconcile(world).count == 2


def test_an_execution_that_was_rescheduled_before_it_was_recovered(world: World) -> None:
    schedule = world.add({"cron": "30 9 * * *"}, timezone="Europe/Madrid")
    world.phones.answer = answer
    world.clock.set(at("2026-03-02 08:30"))
    materialise(world.desk, world.clock.now(), TickReport(world.clock.now()))
    copied = copy(world)
    next_second(world)
    put_back(world, copied)
    book.edit(world.desk, schedule.id, Request(when=WhenWords(cron="45 9 * * *")))
    assert hyp_reconcile(world).count == 1


def test_no_pass_ends_with_a_bug_after_a_later_call_of_an_unknown_schedule(world: World) -> None:
    world.phones.answer = lose
    world.add({"at": "now"}, max_attempts=2, retry_delay="1s", retry_on=["failed"])
    next_second(world)
    copied = copy(world)
    (doubt,) = calls.in_doubt(world.store)
    world.phones.accept_silently(PlaceCall(doubt.id, ANA, "+34910000001", doubt.execution_id, 1), CallState.FAILED)
    world.clock.set(world.clock.now() + 6 * SECOND)
    world.tick()  # adopted
    world.phones.answer = lambda call: CallState.BUSY
    world.run_until("2026-03-02 08:02")  # and called again
    world.phones.answer = answer
    world.add({"at": "now"})
    world.run_until("2026-03-02 08:03")
    assert len(world.dials()) == 3
    put_back(world, copied)
    hyp_reconcile(world)
    world.run_until("2026-03-02 08:10")
    live = calls.all_live(world.store)
    assert not [each for each in world.history() if each.finished_at and each.id in {row[1] for row in live}]


def test_the_call_after_a_redialled_doubt_is_not_taken_for_the_doubt(world: World) -> None:
    world.phones.answer = lose
    world.add({"at": "now"}, on_doubt="redial-after 1m")
    next_second(world)
    (first,) = calls.in_doubt(world.store)
    world.run_until("2026-03-02 08:02")
    (second,) = calls.in_doubt(world.store)
    assert second.id != first.id
    # Only now does the carrier list a call: the first one's, as late as it may.
    world.phones.accept_silently(PlaceCall(first.id, ANA, "+34910000001", first.execution_id, 1))
    world.run_until("2026-03-02 08:10")
    assert calls.status_of(world.store, second.id) is CallState.IN_DOUBT


def test_a_phone_is_not_called_during_the_call_of_an_unknown_schedule(world: World) -> None:
    world.add({"delay": "2m"})
    copied = copy(world)
    world.add({"at": "now"})
    next_second(world)
    put_back(world, copied)
    hyp_reconcile(world)
    call, end, _ = world.phones._views["T1"]
    world.phones._views["T1"] = (call, end, at("2026-03-02 09:00"))  # it goes on
    world.run_until("2026-03-02 08:03")
    assert world.dials() == [ANA]


def test_a_second_redial_after_a_restore(world: World) -> None:
    world.phones.answer = lose
    world.add({"at": "now"}, on_doubt="redial-after 2m")
    copied = copy(world)
    next_second(world)
    world.run_until("2026-03-02 08:05")
    assert len(world.dials()) == 2
    put_back(world, copied)
    hyp_reconcile(world)
    world.run_until("2026-03-02 08:14")
    assert len(world.dials()) == 2


def test_a_cap_follows_a_person_who_is_called_by_number(world: World) -> None:
    settings.put(world.store, "call_cap", "1/24h")
    world.add({"at": "now"})
    world.run_until("2026-03-02 08:01")
    world.edit_user("ana", phone_number="+34600000077")
    world.add({"at": "now"}, to="+34600000077")
    world.run_until("2026-03-02 08:02")
    assert world.dials() == [ANA]
