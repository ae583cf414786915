"""A dry run says what the pass would do, by making it on a copy; the workspace, its journal and the carrier rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from hyponema_cli.carriers.base import Capabilities, NotSent, OutcomeUnknown, PlaceCall
from hyponema_cli.core.call import CallState
from hyponema_cli.core.records import Schedule
from hyponema_cli.engine import book, sessions, suppressions
from hyponema_cli.engine.rehearse import Rehearsed, rehearse
from tests.world import MONDAY, Phones, World

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def everything_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def said(found: list[Rehearsed]) -> list[tuple[str, str, str | None]]:
    return [(each.phone_number, each.verdict, each.reason) for each in found]


@dataclass
class Untouched(Phones):
    """A carrier that may be asked what it can do, and nothing else."""

    def place_call(self, call: PlaceCall, /) -> None:  # type: ignore[override]
        raise AssertionError("asked to dial")

    fetch_call = find_calls = hang_up = check = place_call  # type: ignore[assignment]


def furnish_all_cases(world: World) -> None:
    """Make one call of each kind due: dial, wait, stop, missed; a retry, a doubt, a call in flight."""
    for number in range(2, 9):
        world.user(f"user-{number}", f"+3460000000{number}", "Europe/Madrid")
    world.add({"weekdays": "1-5", "at": "09:10"})
    world.add({"at": "2026-03-02 09:10"}, user="user-2")
    world.add({"at": "2026-03-02 09:10"}, user="user-2")
    world.add({"cron": "*/5 * * * *"}, user="user-3")
    world.add({"weekdays": "1-5", "at": "09:10"}, user="user-4", window="18:00-20:00")
    world.add({"at": "2026-03-02 09:20"}, user="user-5", catch_up_window="1m")
    suppressions.add(world.desk, "user-6", reason="asked", lasting=None, created_by="test")
    world.add({"at": "2026-03-02 09:10"}, user="user-6")
    world.phones.answer = lambda call: CallState.BUSY
    world.add({"at": "2026-03-02 09:00"}, user="user-7", max_attempts=2, retry_delay="10m")
    world.tick(MONDAY)
    world.tick(MONDAY + MINUTE)

    def lose(call: PlaceCall) -> CallState:
        raise OutcomeUnknown("lost")

    world.phones.answer = lose
    world.add({"delay": "1s"}, user="user-8")
    world.tick(MONDAY + MINUTE + 2 * SECOND)
    world.add({"at": "2026-03-02 09:10"}, user="user-8")
    sessions.start(world.desk, "ana", channel="web", ttl=HOUR, session_id=None)


def test_it_writes_nothing_and_asks_no_carrier_for_anything_but_what_it_can_do(world: World, tmp_path: Path) -> None:
    furnish_all_cases(world)
    world.clock.set(MONDAY + 20 * MINUTE)
    before, now = everything_of(tmp_path), world.clock.now()
    world.phones.__class__ = Untouched
    found = rehearse(world.desk)
    assert {each.verdict for each in found} == {"dial", "wait", "stop", "missed"}
    assert everything_of(tmp_path) == before
    assert world.clock.now() == now


def test_the_pass_then_does_what_was_said(world: World) -> None:
    furnish_all_cases(world)
    world.phones.answer = lambda call: CallState.COMPLETED
    world.clock.set(MONDAY + 20 * MINUTE)
    found = rehearse(world.desk)
    already = len(world.phones.placed)
    recorded_before = {each.id: (each.status, each.attempts, each.reason) for each in world.history()}
    world.tick()
    assert [each.phone_number for each in found if each.verdict == "dial"] == world.dials()[already:]
    became = sorted(
        (each.schedule_id, str(each.status), each.reason)
        for each in world.history()
        if recorded_before.get(each.id) != (each.status, each.attempts, each.reason)
        and "doubt" not in str(each.reason)
    )
    foretold = sorted((each.execution.schedule_id, str(each.execution.status), each.reason) for each in found)
    assert foretold == became


def test_each_call_that_would_go_out_counts_for_those_behind_it(world: World) -> None:
    world.add({"delay": "1s"}, name="first")
    world.add({"delay": "1s"}, name="second")
    world.set("concurrency", "2")
    for number in range(2, 4):
        world.user(f"user-{number}", f"+3460000000{number}", "Europe/Madrid")
        world.add({"delay": "1s"}, user=f"user-{number}")
    world.clock.set(MONDAY + SECOND)
    assert [(each.verdict, each.reason) for each in rehearse(world.desk)] == [
        ("dial", None),
        ("dial", None),
        ("wait", "line_busy"),
        ("wait", "concurrency"),
    ]


def test_a_pace_is_kept_and_those_behind_the_minute_wait_for_a_later_pass(world: World) -> None:
    phones = world.account("slow", "+34910000009", "agent-slow", calls_per_second=1)
    world.set("live", "true")
    for number in range(70):
        world.add({"delay": "1s"}, to=f"+346000001{number:02}", agent="agent-slow")
    world.clock.set(MONDAY + SECOND)
    found = rehearse(world.desk)
    dialled = [each for each in found if each.verdict == "dial"]
    assert [each.rings_at for each in dialled] == [MONDAY + (1 + n) * SECOND for n in range(len(dialled))]
    assert 59 <= len(dialled) <= 61
    assert {each.reason for each in found if each.verdict == "wait"} <= {"pace", "next_pass"}
    assert [each.rings_at for each in found] == [MONDAY + (1 + n) * SECOND for n in range(70)]
    assert phones.placed == []
    shorter = rehearse(world.desk, within=10 * SECOND)
    assert sum(each.verdict == "dial" for each in shorter) < 10
    assert len(shorter) == 70


def test_whose_turn_comes_too_late_rings_nowhere(world: World) -> None:
    world.account("slow", "+34910000009", "agent-slow", calls_per_second=1)
    world.set("live", "true")
    for number in range(80):
        world.add({"delay": "1s"}, to=f"+346000001{number:02}", agent="agent-slow", catch_up_window="70s")
    world.clock.set(MONDAY + SECOND)
    found = rehearse(world.desk)
    rings = [each.rings_at for each in found]
    assert 69 <= sum(at is not None and at <= MONDAY + 71 * SECOND for at in rings) <= 71
    assert sum(at is None for at in rings) == 80 - sum(at is not None for at in rings)
    assert {each.reason for each in found if each.rings_at is None} == {"pace"}


def test_an_occurrence_without_a_row_goes_by_its_schedule(world: World) -> None:
    schedule = world.add({"weekdays": "1-5", "at": "09:10"})
    world.clock.set(MONDAY + 11 * MINUTE)
    (found,) = rehearse(world.desk)
    assert (found.is_recorded, found.execution.schedule_id, found.verdict) == (False, schedule.id, "dial")
    world.phones.answer = _raise(NotSent("no route"))
    world.tick()
    (execution,) = world.history()
    world.clock.set(execution.due_at)
    (found,) = rehearse(world.desk)
    assert (found.is_recorded, found.execution.id) == (True, execution.id)


def test_after_an_outage_one_occurrence_is_dialled_and_the_others_are_missed(world: World) -> None:
    world.add({"cron": "*/10 * * * *"})
    world.clock.set(MONDAY + HOUR + MINUTE)
    found = rehearse(world.desk)
    assert [each.verdict for each in found] == ["dial"] + ["missed"] * 6
    assert {each.reason for each in found[1:]} == {"too_late", "overtaken"}


def test_a_carrier_that_cannot_be_used_is_said_with_no_ring(world: World) -> None:
    def broken(account: str) -> Phones:
        raise NotSent("TWILIO_ACCOUNT_SID is not set")

    world.account("twilio", "+34910000009", "agent-2")
    world.set("live", "true")
    world.add({"delay": "1s"}, agent="agent-2")
    world.desk.open_carrier = broken
    world.clock.set(MONDAY + SECOND)
    (found,) = rehearse(world.desk)
    assert (found.verdict, found.reason, found.rings_at) == ("wait", "carrier_unusable", None)


def test_a_window_tells_when_it_would_ring(world: World) -> None:
    world.add({"delay": "1s"}, window="09:30-20:00", catch_up_window="1h")
    world.clock.set(MONDAY + SECOND)
    (found,) = rehearse(world.desk)
    assert (found.verdict, found.reason) == ("wait", "outside_calling_window")
    assert found.rings_at == MONDAY + 30 * MINUTE


def test_a_restored_database_dials_nobody_and_the_journal_is_left_alone(world: World, tmp_path: Path) -> None:
    copy = world.keep_a_copy()
    world.add({"delay": "1s"})
    world.tick(MONDAY + SECOND)
    world.put_back(copy)
    world.add({"delay": "1s"})
    world.clock.set(MONDAY + MINUTE)
    before = everything_of(tmp_path)
    (found,) = rehearse(world.desk)
    assert (found.verdict, found.reason, found.rings_at) == ("wait", "database_behind", None)
    assert everything_of(tmp_path) == before


def test_a_doubt_that_is_to_be_dialled_again_is_told(world: World) -> None:
    phones = world.account("mute", "+34910000009", "agent-2")
    world.set("live", "true")
    phones.answer = _raise(OutcomeUnknown("lost"))
    schedule = world.add({"delay": "1s"}, agent="agent-2", on_doubt="redial-after 2m")
    world.tick(MONDAY + SECOND)
    world.run_until(MONDAY + 100 * SECOND, 10 * SECOND)
    world.clock.set(MONDAY + 5 * MINUTE)
    # In a rehearsal the carrier is not asked for the call: what lists its calls might show it.
    assert rehearse(world.desk) == []
    phones.capabilities = lambda: Capabilities("none", None)  # type: ignore[method-assign]
    (found,) = rehearse(world.desk)
    assert (found.verdict, found.execution.schedule_id, found.is_recorded) == ("dial", schedule.id, True)


def test_a_schedule_that_is_paused_is_told_so(world: World) -> None:
    once = world.add({"delay": "1s"})
    weekly = world.add({"weekdays": "1-5", "at": "09:10"})
    world.clock.set(MONDAY + SECOND)
    for schedule in (once, weekly):
        _pause(world, schedule)
    world.clock.set(MONDAY + 11 * MINUTE)
    assert [(each.verdict, each.reason) for each in rehearse(world.desk)] == _foretold_by_a_pass(world)


def _foretold_by_a_pass(world: World) -> list[tuple[str, str | None]]:
    world.tick()
    verdicts = {"pending": "wait", "skipped": "stop", "missed": "missed"}
    return sorted((verdicts[status], reason) for status, reason in world.statuses())[::-1]


def _pause(world: World, schedule: Schedule) -> None:
    book.pause(world.desk, schedule.id, None)


def _raise(error: Exception) -> Callable[[PlaceCall], CallState]:
    def answer(call: PlaceCall) -> CallState:
        raise error

    return answer


def test_nothing_due_is_an_empty_list(world: World) -> None:
    world.add({"weekdays": "1-5", "at": "09:10"})
    assert rehearse(world.desk) == []


@pytest.mark.parametrize("carrier", ["simulated"])
def test_the_simulated_carrier_makes_no_file(world: World, tmp_path: Path, carrier: str) -> None:
    world.desk.open_carrier = _raise(AssertionError(f"{carrier} was opened"))  # type: ignore[assignment]
    world.add({"delay": "1s"})
    world.clock.set(MONDAY + SECOND)
    assert [each.verdict for each in rehearse(world.desk)] == ["dial"]
