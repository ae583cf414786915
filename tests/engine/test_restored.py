"""An older copy of the file is put back: it has forgotten its last dials, and must not make them again."""

from __future__ import annotations

import fcntl
import json
import os
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from hyponema_cli.carriers.base import NotSent, OutcomeUnknown, PlaceCall
from hyponema_cli.core.call import CallState
from hyponema_cli.core.errors import Conflict, Unusable
from hyponema_cli.core.records import Schedule
from hyponema_cli.engine import book
from hyponema_cli.engine.recover import Recovered, recover
from hyponema_cli.engine.tick import tick
from hyponema_cli.store import Store, calls, create, journal, open_store
from tests.world import MONDAY, World

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
ANA = "+34600000001"


def answers(*ends: CallState | Exception) -> Callable[[PlaceCall], CallState]:
    left = list(ends)

    def answer(call: PlaceCall) -> CallState:
        end = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(end, Exception):
            raise end
        return end

    return answer


def lost_and_made(world: World) -> Callable[[PlaceCall], CallState]:
    def answer(call: PlaceCall) -> CallState:
        world.phones.accept_silently(call)
        raise OutcomeUnknown("lost")

    return answer


def call_states(world: World) -> list[tuple[str, str | None]]:
    rows = world.store.execute("select status, reason from calls order by created_at, id")
    return [(status, reason) for status, reason in rows]


def lines(world: World) -> list[list[Any]]:
    """Return what the journal says, a line that cannot be read left out."""
    found = []
    for raw in journal.path_of(world.store.path).read_bytes().splitlines():
        try:
            found.append(json.loads(raw))
        except ValueError:
            continue
    return found


def brought_back(world: World) -> dict[str, int]:
    """Recover, and return how many calls came back as what."""
    found: Recovered = recover(world.desk, world.clock.now())
    kinds = ("followed", "in_doubt", "not_placed", "over", "lost")
    counts = {kind: len(getattr(found, kind)) for kind in kinds}
    assert found.count == sum(counts.values())
    return {kind: count for kind, count in counts.items() if count}


class TestNothingIsDialled:
    def put_back(self, world: World) -> Schedule:
        """Put a copy back from before a call to Ana."""
        once = world.add({"at": "now"})
        copy = world.keep_a_copy()
        world.tick()
        world.put_back(copy)
        return once

    def test_until_the_file_is_reconciled(self, world: World) -> None:
        once = self.put_back(world)
        other = world.add({"delay": "1m"}, to="+34600000101")
        world.run_until(MONDAY + 10 * MINUTE)
        assert world.dials() == [ANA]
        for schedule in (once, other):
            assert world.statuses(schedule) == [("pending", "database_behind")]
            assert "database_behind" in {gate["reason"] for gate in world.history(schedule)[0].gates}
        assert brought_back(world) == {"followed": 1}
        world.run_until(MONDAY + 12 * MINUTE)
        assert world.dials() == [ANA, "+34600000101"]
        assert world.statuses(once) == [("completed", "answered")]

    def test_by_hand_either(self, world: World) -> None:
        once = self.put_back(world)
        execution_id, _ = book.run_now(world.desk, once.id)
        assert world.dials() == [ANA]
        assert [each.reason for each in world.history() if each.id == execution_id] == ["database_behind"]

    def test_by_another_process_that_had_the_file_open(self, world: World) -> None:
        self.put_back(world)
        tick(world.another_desk())
        assert world.dials() == [ANA]

    def test_and_what_it_keeps_waiting_too_long_is_missed_and_says_why(self, world: World) -> None:
        self.put_back(world)
        other = world.add({"at": "now"}, to="+34600000101")
        world.run_until(MONDAY + 20 * MINUTE)
        assert world.statuses(other) == [("missed", "too_late")]
        (execution,) = world.history(other)
        assert "database_behind" in {gate["reason"] for gate in execution.gates}

    def test_calls_that_the_copy_knows_are_followed_meanwhile(self, world: World) -> None:
        first = world.add({"at": "now"})
        world.tick()
        copy = world.keep_a_copy()
        world.add({"at": "now"}, to="+34600000101")
        world.tick()
        world.put_back(copy)
        world.run_until(MONDAY + MINUTE)
        assert world.statuses(first) == [("completed", "answered")]


@pytest.mark.parametrize("passes", [0, 1, 30])
class TestEveryForgottenCallComesBack:
    """Whether passes were made on the copy before it was reconciled, and how many minutes of them."""

    def put_back(self, world: World, copy: Path, passes: int) -> None:
        world.put_back(copy)
        world.run_until(world.clock.now() + passes * MINUTE)

    def test_and_is_followed_when_its_carrier_took_it(self, world: World, passes: int) -> None:
        once = world.add({"at": "now"})
        copy = world.keep_a_copy()
        world.tick()
        self.put_back(world, copy, passes)
        assert brought_back(world) == {"followed": 1}
        world.run_until(MONDAY + HOUR)
        assert (world.dials(), world.statuses(once)) == ([ANA], [("completed", "answered")])
        assert world.history(once)[0].actual_time == MONDAY

    def test_and_is_in_doubt_when_nobody_knows_and_found_where_it_was_made(self, world: World, passes: int) -> None:
        made, lost = world.add({"at": "now"}, priority=1), world.add({"at": "now"}, to="+34600000101")
        copy = world.keep_a_copy()
        world.phones.answer = lost_and_made(world)
        book.run_now(world.desk, world.add({"weekdays": "1", "at": "12:00"}, to="+34600000102").id)
        world.tick()
        self.put_back(world, copy, passes)
        world.phones._views = {
            known: view for known, view in world.phones._views.items() if view[0].to_number != "+34600000101"
        }
        world.phones.answer = answers(CallState.COMPLETED)
        assert brought_back(world) == {"in_doubt": 3}
        world.run_until(MONDAY + 3 * HOUR)
        assert len(world.dials()) == len(set(world.dials())) == 3
        assert world.statuses(made) == [("completed", "answered")]
        assert world.statuses(lost) == [("in_doubt", "database_restored")]

    def test_and_is_not_placed_when_that_is_known_and_dialled_while_in_time(self, world: World, passes: int) -> None:
        once = world.add({"at": "now"})
        copy = world.keep_a_copy()
        world.phones.answer = answers(NotSent("no route"))
        world.tick()
        self.put_back(world, copy, passes)
        world.phones.answer = answers(CallState.COMPLETED)
        assert brought_back(world) == {"not_placed": 1}
        world.run_until(MONDAY + HOUR)
        if passes < 15:
            assert (len(world.dials()), world.statuses(once)) == (2, [("completed", "answered")])
        else:
            assert (len(world.dials()), world.statuses(once)) == (1, [("missed", "too_late")])

    def test_and_of_the_attempts_of_one_execution_the_last_is_followed(self, world: World, passes: int) -> None:
        once = world.add({"at": "now"}, max_attempts=4, retry_delay="2m")
        copy = world.keep_a_copy()
        world.phones.answer = answers(CallState.BUSY)
        world.tick()
        world.run_until(MONDAY + 5 * MINUTE)
        dialled = len(world.dials())
        self.put_back(world, copy, passes)
        assert brought_back(world) == {"over": dialled - 1, "followed": 1}
        world.run_until(MONDAY + 3 * HOUR)
        assert len(world.dials()) == 4
        assert world.statuses(once) == [("exhausted", "busy")]
        assert [call.number for call in world.history(once)[0].calls] == [1, 2, 3, 4]

    def test_and_of_the_calls_to_one_callee_the_last_is_followed(self, world: World, passes: int) -> None:
        schedules = [world.add({"delay": f"{minute}m"}, to=ANA) for minute in (1, 3, 5)]
        copy = world.keep_a_copy()
        world.run_until(MONDAY + 5 * MINUTE)
        assert len(world.dials()) == 3
        self.put_back(world, copy, passes)
        assert brought_back(world) == {"over": 2, "followed": 1}
        world.run_until(MONDAY + 3 * HOUR)
        assert len(world.dials()) == 3
        assert [world.statuses(each)[0] for each in schedules] == [
            ("failed", "end_lost_in_restore"),
            ("failed", "end_lost_in_restore"),
            ("completed", "answered"),
        ]

    def test_and_the_slots_of_a_regular_schedule_are_not_called_again(self, world: World, passes: int) -> None:
        often = world.add({"cron": "*/10 * * * *"}, until="2026-03-02T10:00:00Z")
        by_hand = world.add({"weekdays": "2", "at": "12:00"}, to="+34600000102")
        copy = world.keep_a_copy()
        world.tick()
        book.run_now(world.desk, by_hand.id)
        world.run_until(MONDAY + 30 * MINUTE)
        dialled = len(world.dials())
        assert dialled == 5
        self.put_back(world, copy, passes)
        assert brought_back(world) == {"over": 3, "followed": 2}
        world.run_until(MONDAY + 3 * HOUR)
        slots = [each.slot for each in world.history(often) if each.attempts]
        assert len(slots) == len(set(slots))
        assert len(world.dials()) == 1 + len(slots)
        assert len(world.phones.placed) > dialled or passes


class TestWhatTheCopyBelieves:
    def test_of_a_call_that_was_followed_by_another_is_over(self, world: World) -> None:
        once = world.add({"at": "now"}, max_attempts=3, retry_delay="1m")
        world.phones.answer = answers(CallState.BUSY, CallState.COMPLETED)
        world.tick()
        copy = world.keep_a_copy()  # the first attempt rings
        world.run_until(MONDAY + 2 * MINUTE)
        assert len(world.dials()) == 2
        world.put_back(copy)
        assert brought_back(world) == {"followed": 1}
        assert call_states(world) == [("failed", "end_lost_in_restore"), ("queued", None)]
        world.run_until(MONDAY + HOUR)
        assert (len(world.dials()), world.statuses(once)) == (2, [("completed", "answered")])

    def test_of_a_call_of_another_schedule_to_that_callee_is_over_too(self, world: World) -> None:
        first = world.add({"at": "now"})
        world.tick()
        second = world.add({"delay": "2m"}, to=ANA)
        copy = world.keep_a_copy()
        world.run_until(MONDAY + 2 * MINUTE)
        world.put_back(copy)
        assert brought_back(world) == {"followed": 1}
        world.run_until(MONDAY + HOUR)
        assert world.statuses(first) == [("failed", "end_lost_in_restore")]
        assert world.statuses(second) == [("completed", "answered")]
        assert len(world.dials()) == 2

    def test_of_calls_to_others_stands(self, world: World) -> None:
        first = world.add({"at": "now"}, to="+34600000101")
        world.tick()
        second = world.add({"at": "now"})
        copy = world.keep_a_copy()
        world.tick()
        world.put_back(copy)
        assert brought_back(world) == {"followed": 1}
        world.run_until(MONDAY + MINUTE)
        assert world.statuses(first) == world.statuses(second) == [("completed", "answered")]

    def test_of_a_number_that_changed_since_does_not_hide_a_call(self, world: World) -> None:
        once = world.add({"at": "now"}, max_attempts=2, retry_delay="1m")
        copy = world.keep_a_copy()
        world.phones.answer = answers(CallState.BUSY, CallState.COMPLETED)
        world.tick()
        world.edit_user("ana", phone_number="+34600000002")
        world.run_until(MONDAY + 2 * MINUTE)
        assert world.dials() == [ANA, "+34600000002"]
        world.put_back(copy)
        assert brought_back(world) == {"over": 1, "followed": 1}
        world.run_until(MONDAY + HOUR)
        assert (len(world.dials()), world.statuses(once)) == (2, [("completed", "answered")])


def test_what_came_back_counts_in_caps_budgets_and_occurrences(world: World) -> None:
    twice = world.add({"cron": "*/5 * * * *"}, max_occurrences=2)
    copy = world.keep_a_copy()
    world.tick()
    world.run_until(MONDAY + 6 * MINUTE)
    assert len(world.dials()) == 2
    world.put_back(copy)
    brought_back(world)
    world.set("call_cap", "2/24h")
    world.set("daily_budget", "2")
    after = world.add({"at": "now"})
    world.run_until(MONDAY + 10 * MINUTE)
    (execution,) = world.history(after)
    assert {gate["reason"] for gate in execution.gates} == {None, "call_cap", "daily_budget"}
    world.run_until(MONDAY + HOUR)
    assert len(world.dials()) == 2
    assert str(world.schedule(twice).status) == "completed"


def test_a_copy_that_is_put_back_twice_comes_back_twice(world: World) -> None:
    once = world.add({"at": "now"})
    copy = world.keep_a_copy()
    world.tick()
    for _ in range(2):
        world.put_back(copy)
        assert brought_back(world) == {"followed": 1}
        assert brought_back(world) == {}
    later = world.add({"at": "now"}, to="+34600000101")
    world.tick()
    world.put_back(copy)
    assert brought_back(world) == {"followed": 2}
    world.run_until(MONDAY + HOUR)
    assert (world.dials(), world.statuses(once)) == ([ANA, "+34600000101"], [("completed", "answered")])
    assert world.statuses(later) == [("completed", "answered")], "by a schedule that stands in for the unknown one"


def test_a_recovery_that_fails_in_the_middle_brings_back_nothing_and_can_be_had_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for last in range(4):
        world.add({"at": "now"}, to=f"+3460000010{last}")
    copy = world.keep_a_copy()
    world.tick()
    world.put_back(copy)
    bring_back, seen = calls.bring_back, list[str]()

    def fail_at_the_third(store: Store, call: Any, next_poll_at: Any) -> None:
        seen.append(call.id)
        if len(seen) == 3:
            raise KeyboardInterrupt
        bring_back(store, call, next_poll_at)

    with monkeypatch.context() as patch:
        patch.setattr(calls, "bring_back", fail_at_the_third)
        with pytest.raises(KeyboardInterrupt):
            recover(world.desk, world.clock.now())
    assert call_states(world) == []
    assert journal.is_behind(world.store)
    assert brought_back(world) == {"followed": 4}


class TestTheJournal:
    def test_has_every_intent_after_its_commit_and_before_its_request(self, world: World) -> None:
        def look(call: PlaceCall) -> CallState:
            noted = [line[2] for line in lines(world) if line[0] == "dial"]
            other = open_store(world.store.path)
            (committed,) = other.execute("select count(*) from calls where id = ?", (call.call_id,)).fetchone()
            behind = journal.is_behind(other)
            other.close()
            assert (call.call_id in noted, committed, behind) == (True, 1, False)
            return CallState.COMPLETED

        world.phones.answer = look
        for last in range(10):
            world.add({"at": "now"}, to=f"+3460000010{last}")
        world.tick()
        assert len(world.dials()) == 10
        assert call_states(world) == [("ringing", None)] * 10

    def test_is_on_disk_before_a_request(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        order: list[str] = []
        sync = os.fdatasync

        def note_sync(descriptor: int) -> None:
            order.append("sync")
            sync(descriptor)

        def note_request(call: PlaceCall) -> CallState:
            order.append("request")
            return CallState.COMPLETED

        monkeypatch.setattr(os, "fdatasync", note_sync)
        world.phones.answer = note_request
        world.add({"at": "now"})
        world.tick()
        assert order == ["sync", "request"]

    def test_that_is_missing_leaves_the_file_to_itself(self, world: World) -> None:
        world.add({"at": "now"})
        world.run_until(MONDAY + MINUTE)
        journal.path_of(world.store.path).unlink()
        world.add({"at": "now"}, to="+34600000101")
        world.tick()
        assert len(world.dials()) == 2
        assert [line[0] for line in lines(world)] == [journal.TITLE, "dial", "took"]

    @pytest.mark.parametrize("torn", [b'["dial",2,"call_0', b"[", b"\x00\x00\x00", b'["dial",9', b"\xff\n\n"])
    def test_whose_last_line_is_torn_says_nothing_by_it(self, world: World, torn: bytes) -> None:
        once = world.add({"at": "now"})
        copy = world.keep_a_copy()
        world.tick()
        with journal.path_of(world.store.path).open("ab") as file:
            file.write(torn)
        assert not journal.is_behind(world.store)
        world.put_back(copy)
        assert brought_back(world) == {"followed": 1}
        world.run_until(MONDAY + HOUR)
        assert (world.dials(), world.statuses(once)) == ([ANA], [("completed", "answered")])

    def test_that_has_lost_what_came_of_a_request_leaves_it_in_doubt(self, world: World) -> None:
        once = world.add({"at": "now"})
        copy = world.keep_a_copy()
        world.tick()
        path = journal.path_of(world.store.path)
        path.write_bytes(b"".join(line for line in path.read_bytes().splitlines(True) if b"took" not in line))
        world.put_back(copy)
        assert brought_back(world) == {"in_doubt": 1}
        world.run_until(MONDAY + HOUR)
        assert (world.dials(), world.statuses(once)) == ([ANA], [("completed", "answered")])

    def test_of_another_database_stops_the_file_until_it_is_reconciled(self, world: World, tmp_path: Path) -> None:
        (tmp_path / "other").mkdir()
        other = World(tmp_path / "other")
        other.add({"at": "now"})
        other.tick()
        other.close()
        for last in range(3):  # further than the other one
            world.add({"at": "now"}, to=f"+3460000010{last}")
        world.tick()
        journal.path_of(other.store.path).replace(journal.path_of(world.store.path))
        once = world.add({"at": "now"})
        world.tick()
        assert (len(world.dials()), world.statuses(once)) == (3, [("pending", "database_behind")])
        assert brought_back(world) == {"in_doubt": 1}, "its call to Ana: an id that is ours already says nothing"
        world.add({"at": "now"}, to="+34600000109")
        world.run_until(MONDAY + MINUTE)
        assert world.dials()[3:] == ["+34600000109"], "Ana's line is held by the doubt"
        assert not journal.is_behind(world.store)

    def test_of_another_database_that_dialled_nothing_stops_nothing(self, world: World) -> None:
        journal.path_of(world.store.path).write_text(json.dumps([journal.TITLE, 1, "another"]) + "\n")
        world.add({"at": "now"})
        world.tick()
        assert world.dials() == [ANA]

    def test_that_cannot_be_written_keeps_everything_from_being_sent_and_that_is_said(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(descriptor: int, content: bytes) -> None:
            raise OSError(28, "No space left on device")

        once = world.add({"at": "now"})
        with monkeypatch.context() as patch:
            patch.setattr(journal, "_write", full)
            for _ in range(3):
                with pytest.raises(Unusable, match="No space left"):
                    world.tick(world.clock.now() + 30 * SECOND)
        assert (world.dials(), world.statuses(once)) == ([], [("pending", "journal_unwritable")])
        assert call_states(world) == [("not_placed", "journal_unwritable")] * 3
        world.run_until(MONDAY + 10 * MINUTE)
        assert (world.dials(), world.statuses(once)) == ([ANA], [("completed", "answered")])
        assert world.history(once)[0].attempts == 1

    def test_that_cannot_be_written_after_a_request_loses_no_call(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write = journal._write

        def full_after_the_intent(descriptor: int, content: bytes) -> None:
            if world.dials():
                raise OSError(28, "No space left on device")
            write(descriptor, content)

        once = world.add({"at": "now"})
        copy = world.keep_a_copy()
        with monkeypatch.context() as patch:
            patch.setattr(journal, "_write", full_after_the_intent)
            world.tick()
        assert world.statuses(once) == [("dialing", None)]
        world.put_back(copy)
        assert brought_back(world) == {"in_doubt": 1}

    def test_that_grows_large_keeps_its_title_and_its_end(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(journal, "LARGEST", 6000)
        daily = world.add({"cron": "0 * * * *"}, to="+34600000199")
        copies = []
        for hour in range(30):
            copies.append(world.keep_a_copy())
            world.tick(MONDAY + hour * HOUR)
            world.tick(MONDAY + hour * HOUR + MINUTE)
        path = journal.path_of(world.store.path)
        assert path.stat().st_size <= 6000
        assert not path.with_name(path.name + ".new").exists()
        found = lines(world)
        assert found[0][0] == journal.TITLE
        numbers = [line[1] for line in found if line[0] == "dial"]
        assert numbers == list(range(numbers[0], 31))
        assert 5 < len(numbers) < 30
        for copy, forgotten in ((copies[27], 3), (copies[0], len(numbers))):
            world.put_back(copy)
            assert journal.is_behind(world.store)
            counts = brought_back(world)
            assert counts == {"over": forgotten - 1, "followed": 1}
        world.run_until(MONDAY + 32 * HOUR + 11 * MINUTE, every=10 * MINUTE)
        assert len(world.dials()) == 30 + 3  # at 14, 15 and 16 o'clock
        assert len([each for each in world.history(daily) if each.status == "completed"]) == 4

    def test_is_written_by_one_process_at_a_time(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        write, refused = journal._write, list[str]()

        def try_to_lock(descriptor: int, content: bytes) -> None:
            with (
                journal.path_of(world.store.path).open("rb") as other,
                pytest.raises(BlockingIOError),
            ):
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            refused.append("locked")
            write(descriptor, content)

        monkeypatch.setattr(journal, "_write", try_to_lock)
        world.add({"at": "now"})
        world.tick()
        assert (world.dials(), refused) == ([ANA], ["locked", "locked"])

    def test_that_is_shortened_while_another_process_waits_for_it_loses_no_line(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Who waited for the lock of the old file must not write into it: it is nowhere any more."""
        world.add({"at": "now"}, to="+34600000101")
        world.tick()
        lock, shortened = fcntl.flock, list[str]()

        def shorten_first(file: Any, operation: int) -> None:
            if not shortened:
                shortened.append("now")
                journal._shorten(journal.path_of(world.store.path))
            lock(file, operation)

        monkeypatch.setattr(fcntl, "flock", shorten_first)
        once = world.add({"at": "now"})
        copy = world.keep_a_copy()
        world.tick()
        world.put_back(copy)
        assert brought_back(world) == {"followed": 1}
        assert world.statuses(once) == [("dialing", None)]

    @pytest.mark.parametrize("largest", [journal.LARGEST, 3000])
    def test_takes_the_lines_of_two_processes_at_once(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, largest: int
    ) -> None:
        monkeypatch.setattr(journal, "LARGEST", largest)
        monkeypatch.setattr(os, "fdatasync", lambda descriptor: None)
        monkeypatch.setattr(os, "fsync", lambda descriptor: None)
        create(tmp_path / "two.db")[0].close()
        stores = [open_store(tmp_path / "two.db") for _ in range(2)]
        behind: list[bool] = []

        def dial(store: Store) -> list[int]:
            store.execute("pragma synchronous = off")
            mine = []
            for _ in range(40):
                with store.transaction(patience=10):
                    first = journal.take_numbers(store, 2)
                entries = [
                    journal.Entry(
                        n, f"call_{n}", "exe", "sch", "manual", None, "", "", 1, "simulated", "+1", "+2", ""
                    )
                    for n in (first, first + 1)
                ]
                behind.append(journal.is_behind(store))
                journal.note_intents(store, entries)
                behind.append(journal.is_behind(store))
                journal.note_fates(store, [journal.Fate(entry.call_id, "T") for entry in entries])
                mine += [first, first + 1]
            return mine

        with ThreadPoolExecutor(2) as pool:
            taken = sorted(n for mine in pool.map(dial, stores) for n in mine)
        for store in stores:
            store.close()
        assert taken == list(range(1, 161))
        assert not any(behind)
        found = [json.loads(raw) for raw in journal.path_of(tmp_path / "two.db").read_bytes().splitlines()]
        assert found[0][:2] == [journal.TITLE, 1]
        noted = [line[1] for line in found if line[0] == "dial"]
        assert len(noted) == len(set(noted))
        assert max(noted) == 160
        if largest > 3000:
            assert sorted(noted) == taken


@pytest.mark.parametrize("seed", range(4))
def test_whatever_copy_is_put_back_whenever_no_attempt_is_made_twice(world: World, seed: int) -> None:
    """Four hours in which copies are made and put back by chance.."""
    chance = random.Random(seed)
    people = ["ana", "bob", "carl"]
    for last, each in enumerate(people[1:], 2):
        world.user(each, f"+3460000000{last}", "Europe/Madrid")
    often = [world.add({"cron": "*/15 * * * *"}, user=each, max_attempts=3, retry_delay="3m") for each in people]
    for each in people:
        world.add({"delay": f"{chance.randrange(1, 150)}m"}, user=each, max_attempts=2, retry_delay="5m")
    ends: list[CallState | Exception] = [CallState.COMPLETED, CallState.BUSY, CallState.NO_ANSWER, NotSent("down")]
    dialled: list[tuple[str, str, int, float]] = []

    def answer(call: PlaceCall) -> CallState:
        end = chance.choices(ends, [6, 4, 4, 1])[0]
        if isinstance(end, Exception):
            raise end
        since = (world.clock.now() - MONDAY).total_seconds()
        dialled.append((call.to_number, call.execution_id, call.attempt, since))
        return end

    world.phones.answer = answer
    world.phones.lasts = 40 * SECOND
    copies, put_back = [world.keep_a_copy()], 0
    while world.clock.now() < MONDAY + 4 * HOUR:
        match chance.randrange(30):
            case 0:
                copies.append(world.keep_a_copy())
            case 1 | 2:
                put_back += 1
                world.put_back(chance.choice(copies))
                before, behind = len(world.phones.placed), journal.is_behind(world.store)
                for _ in range(chance.randrange(4)):
                    world.tick(world.clock.now() + 20 * SECOND)
                assert not behind or len(world.phones.placed) == before
                recover(world.desk, world.clock.now())
            case 3:
                with suppress(Conflict):  # it is being called already
                    book.run_now(world.desk, chance.choice(often).id)
        world.tick()
        world.clock.set(world.clock.now() + chance.choice([SECOND, 20 * SECOND, MINUTE, 3 * MINUTE]))
    attempts = [(execution_id, attempt) for _, execution_id, attempt, _ in dialled]
    assert len(attempts) == len(set(attempts))
    assert len(attempts) > 20
    assert put_back > 3
    for number in {each[0] for each in dialled}:
        times = [since for to, _, _, since in dialled if to == number]
        assert all(later - earlier >= 40 for earlier, later in pairwise(times)), "a phone that rang was rung"
