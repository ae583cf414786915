"""Rare meetings of clocks, copies, waits and late news, each of which broke a promise once."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from hyponema_cli.carriers.base import CallView, OutcomeUnknown, PlaceCall, Throttled
from hyponema_cli.core.call import CallState
from hyponema_cli.core.errors import HypError
from hyponema_cli.engine import book, reconcile, sessions, suppressions
from hyponema_cli.engine.recover import recover
from hyponema_cli.store import calls, journal
from tests.world import MONDAY, World

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


def lost(call: PlaceCall) -> CallState:
    raise OutcomeUnknown("lost")


def test_a_redial_from_doubt_is_one_more_call_and_the_passes_go_on(world: World) -> None:
    world.phones.answer = lost
    world.add({"at": "now"}, on_doubt="redial-after 5m")
    world.tick()
    world.phones.answer = lambda call: CallState.COMPLETED
    world.run_until(MONDAY + 10 * MINUTE, every=10 * SECOND)
    assert len(world.dials()) == 2


def test_a_torn_line_of_the_journal_does_not_swallow_the_next_one(world: World) -> None:
    world.add({"at": "now"})
    world.run_until(MONDAY + MINUTE)
    with journal.path_of(world.store.path).open("ab") as file:
        file.write(b'["dial",2,"call_0')  # a full disk, or a power cut
    copy = world.keep_a_copy()
    world.add({"at": "now"}, to="+34600000009")
    copy = world.keep_a_copy()
    world.tick()
    assert len(world.dials()) == 2
    world.put_back(copy)
    assert journal.is_behind(world.store)
    recover(world.desk, world.clock.now())
    world.run_until(MONDAY + 5 * MINUTE)
    assert len(world.dials()) == 2


def test_a_forgotten_doubt_that_another_call_followed_comes_back(world: World) -> None:
    """Doubt of attempt 1, resolved as placed; the next day's call to the same number. All forgotten."""
    world.add({"cron": "0 9 * * *"}, timezone="UTC")
    copy = world.keep_a_copy()
    world.phones.answer = lost
    world.tick("2026-03-02 09:00")
    (doubt,) = calls.in_doubt(world.store)
    reconcile.resolve(world.desk, doubt.id, placed=True)
    world.phones.answer = lambda call: CallState.COMPLETED
    world.tick("2026-03-03 09:00")
    world.tick("2026-03-03 09:05")
    assert len(world.dials()) == 2
    world.put_back(copy)
    recover(world.desk, world.clock.now())


def test_a_doubt_in_the_copy_whose_attempt_was_made_again_was_not_placed(world: World) -> None:
    world.add({"at": "now"}, catch_up_window="1h")
    world.phones.answer = lost
    world.tick()
    copy = world.keep_a_copy()
    (doubt,) = calls.in_doubt(world.store)
    reconcile.resolve(world.desk, doubt.id, placed=False)
    world.phones.answer = lambda call: CallState.COMPLETED
    world.tick(MONDAY + MINUTE)
    assert len(world.dials()) == 2
    world.put_back(copy)
    recover(world.desk, world.clock.now())
    world.run_until(MONDAY + 5 * MINUTE)
    assert len(world.dials()) == 2


def test_a_call_in_the_copy_that_was_throttled_later_was_not_placed(world: World) -> None:
    """The copy was taken while the first request was under way; it was throttled, the second one went through."""
    copies = []

    def throttle(call: PlaceCall) -> CallState:
        copies.append(world.keep_a_copy())
        raise Throttled("429")

    world.phones.answer = throttle
    world.add({"at": "now"})
    world.tick()
    world.phones.answer = lambda call: CallState.COMPLETED
    world.run_until(MONDAY + 10 * SECOND, every=SECOND)
    assert len(world.dials()) == 2
    world.put_back(copies[0])
    recover(world.desk, world.clock.now())


def test_a_retry_that_waits_for_a_session_is_dialled_after_its_end(world: World) -> None:
    world.phones.answer = lambda call: CallState.BUSY
    once = world.add({"at": "now"}, max_attempts=2, retry_delay="5m")
    world.tick()
    session = sessions.start(world.desk, "ana", channel="web", ttl=HOUR, session_id=None)
    world.run_until(MONDAY + 7 * MINUTE)
    assert world.statuses(once) == [("waiting_retry", "live_session")]
    sessions.end(world.desk, session.id)
    world.run_until(MONDAY + 8 * MINUTE)
    assert len(world.dials()) == 2


def test_a_shorter_touch_wakes_who_waits_for_the_longer_one(world: World) -> None:
    session = sessions.start(world.desk, "ana", channel="web", ttl=10 * MINUTE, session_id=None)
    world.add({"at": "now"})
    world.tick()
    sessions.touch(world.desk, session.id, MINUTE)
    world.run_until(MONDAY + 2 * MINUTE)
    assert len(world.dials()) == 1


def test_a_shorter_suppression_wakes_who_waits_for_the_longer_one(world: World) -> None:
    suppressions.add(world.desk, "ana", reason=None, lasting=10 * MINUTE, created_by="t")
    world.add({"at": "now"})
    world.tick()
    suppressions.add(world.desk, "ana", reason=None, lasting=MINUTE, created_by="t")
    world.run_until(MONDAY + 2 * MINUTE)
    assert len(world.dials()) == 1


def test_stale_news_hangs_up_on_no_conversation(world: World) -> None:
    world.phones.meanwhile = CallState.IN_PROGRESS
    world.phones.lasts = HOUR
    world.add({"at": "now"}, catch_up_window="5m")
    world.tick()
    world.tick(MONDAY + 2 * SECOND)
    assert [str(each.status) for each in world.history()[0].calls] == ["in_progress"]
    world.phones.meanwhile = CallState.QUEUED  # another of the carrier's machines, which lags behind
    world.run_until(MONDAY + 10 * MINUTE)
    assert world.phones.hung_up == []


def test_a_turn_of_before_the_clock_was_put_back_is_not_waited_for(world: World) -> None:
    world.set("pace", "1")
    world.add({"at": "now"}, to="+34600000101")
    world.tick()
    world.clock.set(MONDAY - HOUR)
    world.add({"at": "now"}, to="+34600000102")
    world.run_until(MONDAY - 50 * MINUTE)
    assert len(world.dials()) == 2


def test_after_a_slow_commit_the_pace_holds_all_the_same(world: World) -> None:
    world.set("pace", "1")
    for last in range(3):
        world.add({"at": "now"}, to=f"+3460000010{last}")
    insist = world.store._insist
    waited = []

    def wait(statement: str, patience: int) -> None:
        insist(statement, patience)
        (placing,) = world.store.execute("select count(*) from calls where status = 'placing'").fetchone()
        if statement == "commit" and placing and not waited:  # a slow disk
            waited.append(statement)
            world.clock.set(world.clock.now() + timedelta(seconds=3))

    world.store._insist = wait  # type: ignore[method-assign]
    world.tick()
    times = [(each - MONDAY).total_seconds() for each in world.phones.placed_at]
    assert all(b - a >= 1 for a, b in itertools.pairwise(times)), times


def test_a_carrier_that_takes_no_calls_a_second_stops_nobody_else(world: World) -> None:
    world.account("odd", "+34910000009", "agent-2", calls_per_second=0)
    world.set("live", "true")
    world.add({"at": "now"}, to="+34600000101", agent="agent-2")
    world.add({"at": "now"}, to="+34600000102")
    world.tick()
    assert world.dials() == ["+34600000102"]


def test_a_line_that_is_free_is_used_by_the_next_who_waits(world: World) -> None:
    world.phones.lasts = 2 * SECOND
    world.set("concurrency", "1")
    for last in range(30):
        world.add({"at": "now"}, to=f"+346000001{last:02}", catch_up_window="3m")
    world.run_until(MONDAY + 4 * MINUTE, every=SECOND)
    assert len(world.dials()) == 30


def test_a_cap_sees_that_a_bare_number_is_a_user_with_a_former_one(world: World) -> None:
    world.set("call_cap", "1/24h")
    world.add({"at": "now"})
    world.run_until(MONDAY + MINUTE)
    world.edit_user("ana", phone_number="+34600000002")
    world.add({"at": "now"}, to="+34600000002")
    world.run_until(MONDAY + 3 * MINUTE)
    assert len(world.dials()) == 1


def test_a_session_protects_a_bare_number_that_became_the_users(world: World) -> None:
    sessions.start(world.desk, "ana", channel="web", ttl=HOUR, session_id=None)
    world.edit_user("ana", phone_number="+34600000002")
    world.add({"at": "now"}, to="+34600000002")
    world.tick()
    assert world.dials() == []


def test_nobody_is_dialled_again_from_a_doubt_that_could_not_be_looked_for(world: World) -> None:
    def unreachable(**_: object) -> list[CallView]:
        raise ConnectionError

    world.phones.answer = lost
    world.phones.find_calls = unreachable  # type: ignore[method-assign,assignment]
    world.add({"at": "now"}, on_doubt="redial-after 1m")
    world.tick()
    world.run_until(MONDAY + 10 * MINUTE, every=10 * SECOND)
    assert len(world.dials()) == 1


def test_nobody_is_dialled_again_from_a_doubt_at_its_first_look(world: World) -> None:
    world.phones.answer = lost
    world.add({"at": "now"}, on_doubt="redial-after 1m")
    world.tick()
    looks = []
    find = world.phones.find_calls
    world.phones.find_calls = lambda **k: looks.append(world.clock.now()) or find(**k)  # type: ignore
    world.phones.answer = lambda call: CallState.COMPLETED
    world.run_until(MONDAY + 10 * MINUTE, every=5 * MINUTE)
    assert len(looks) > 1


def test_a_journal_that_cannot_be_read_is_told_in_words(world: World) -> None:
    world.add({"at": "now"})
    journal.path_of(world.store.path).mkdir()
    with pytest.raises(HypError):
        world.tick()


def test_what_a_resume_skips_keeps_every_gates_answer(world: World) -> None:
    daily = world.add({"cron": "0 9 * * *"}, timezone="UTC")
    book.pause(world.desk, daily.id, None)
    world.clock.set(MONDAY + 61 * MINUTE)
    book.resume(world.desk, daily.id, None)
    (execution,) = world.history(daily)
    assert execution.status == "skipped"
    assert execution.gates


def test_a_one_shot_that_was_moved_after_the_copy_is_not_called_twice(world: World) -> None:
    once = world.add({"at": "2026-03-02 10:00"}, timezone="UTC")
    copy = world.keep_a_copy()
    from hyponema_cli.core.when import WhenWords
    from hyponema_cli.engine.request import Request

    book.edit(world.desk, once.id, Request(when=WhenWords(at="2026-03-02 09:00")))
    world.tick("2026-03-02 09:00")
    world.tick("2026-03-02 09:01")
    assert len(world.dials()) == 1
    world.put_back(copy)
    recover(world.desk, world.clock.now())
    world.run_until("2026-03-02 10:05")
    assert len(world.dials()) == 1


def test_nobody_is_called_when_the_window_closes_between_claim_and_request(world: World) -> None:
    world.set("calling_window", "08:00-09:01")
    world.add({"at": "now"})
    world.clock.set(MONDAY + 59 * SECOND)
    insist = world.store._insist

    def wait(statement: str, patience: int) -> None:
        insist(statement, patience)
        (placing,) = world.store.execute("select count(*) from calls where status = 'placing'").fetchone()
        if statement == "commit" and placing:
            world.clock.set(max(world.clock.now(), MONDAY + 80 * SECOND))

    world.store._insist = wait  # type: ignore[method-assign]
    world.tick()
    assert world.dials() == []


def test_a_queued_call_is_withdrawn_when_its_window_closes(world: World) -> None:
    world.set("calling_window", "08:00-09:30")
    world.phones.meanwhile = CallState.QUEUED
    world.add({"at": "now"}, catch_up_window="2h")
    world.run_until(MONDAY + 30 * MINUTE, every=SECOND)
    world.run_until(MONDAY + 30 * MINUTE + 2 * SECOND, every=SECOND)
    assert len(world.phones.hung_up) == 1


def test_a_call_that_was_brought_back_counts_though_its_schedule_is_unknown(world: World) -> None:
    """A call of a schedule that the copy does not know still holds its callee's line and counts in their cap."""
    world.set("call_cap", "1/24h")
    copy = world.keep_a_copy()
    world.add({"at": "now"})
    world.tick()
    world.put_back(copy)
    recover(world.desk, world.clock.now())
    world.add({"at": "now"})
    world.tick()
    assert len(world.dials()) == 1


def test_a_missed_call_names_the_pace_that_it_waited_for(world: World) -> None:
    world.set("pace", "0.02")
    for last in range(30):
        world.add({"at": "now"}, to=f"+346000001{last:02}")
    world.run_until(MONDAY + 20 * MINUTE)
    missed = [each for each in world.history() if each.status == "missed"]
    assert missed
    for execution in missed:
        assert any("after waiting for pace" in (gate["datum"] or "") for gate in execution.gates)
