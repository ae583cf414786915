"""The gates on a real file: who is not rung, when they are rung after all, and what is written down of it."""

from __future__ import annotations

import contextlib
import random
import re
import sqlite3
from collections.abc import Callable, Mapping
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from hyponema_cli.carriers.base import CarrierError, NotSent, OutcomeUnknown, PlaceCall, Rejected
from hyponema_cli.core.call import CallState
from hyponema_cli.core.decide import decide
from hyponema_cli.core.errors import Conflict
from hyponema_cli.core.gates import GATES
from hyponema_cli.core.records import Schedule, Session
from hyponema_cli.engine import book, dial, reconcile, sessions, suppressions
from hyponema_cli.engine.request import Request
from hyponema_cli.engine.tick import tick
from hyponema_cli.store import calls
from tests.world import MONDAY, Phones, World, at

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ANA = "+34600000001"


def talk(world: World, who: str = "ana", ttl: timedelta = HOUR) -> str:
    return sessions.start(world.desk, who, channel="web", ttl=ttl, session_id=None).id


def suppress(world: World, who: str = "ana", lasting: timedelta | None = None) -> None:
    suppressions.add(world.desk, who, reason="asked", lasting=lasting, created_by="test")


def end_with(end: CallState | Exception) -> Callable[[PlaceCall], CallState]:
    def answer(call: PlaceCall) -> CallState:
        if isinstance(end, Exception):
            raise end
        return end

    return answer


def gate_of(world: World, schedule: Schedule, name: str) -> Mapping[str, Any]:
    """Return what a gate said to the only execution of a schedule, as it is stored."""
    (execution,) = world.history(schedule)
    return next(gate for gate in execution.gates if gate["gate"] == name)


def gaps(phones: Phones) -> list[float]:
    """Return the seconds between requests, as the carrier sees them."""
    return [(later - earlier).total_seconds() for earlier, later in pairwise(sorted(phones.placed_at))]


def strangers(count: int) -> list[str]:
    return [f"+346000001{last:02}" for last in range(count)]


class TestALiveConversation:
    def test_a_regular_call_is_skipped_and_the_next_one_made(self, world: World) -> None:
        daily = world.add({"weekdays": "1,2", "at": "09:30"})
        talk(world)
        world.tick("2026-03-02 08:30")
        assert world.statuses(daily) == [("skipped", "live_session")]
        assert gate_of(world, daily, "live_session")["verdict"] == "stop"
        world.tick("2026-03-03 08:30")
        assert world.dials() == [ANA]

    def test_a_single_call_waits_and_goes_out_in_the_pass_after_its_end(self, world: World) -> None:
        once = world.add({"at": "now"})
        session = talk(world)
        world.run_until(MONDAY + 5 * MINUTE)
        assert (world.dials(), world.statuses(once)) == ([], [("pending", "live_session")])
        sessions.end(world.desk, session)
        world.tick()
        assert world.dials() == [ANA]

    def test_a_manual_run_of_a_regular_schedule_waits_too(self, world: World) -> None:
        daily = world.add({"weekdays": "1", "at": "12:00"})
        session = talk(world)
        book.run_now(world.desk, daily.id)
        assert (world.dials(), world.statuses(daily)) == ([], [("pending", "live_session")])
        sessions.end(world.desk, session)
        world.tick()
        assert world.dials() == [ANA]

    def test_a_session_that_nobody_touches_is_over_at_its_second(self, world: World) -> None:
        world.add({"at": "now"})
        talk(world, ttl=5 * MINUTE)
        world.tick(MONDAY + 5 * MINUTE - SECOND)
        assert world.dials() == []
        world.tick(MONDAY + 5 * MINUTE)
        assert world.dials() == [ANA]

    def test_a_session_that_is_touched_lasts_longer(self, world: World) -> None:
        world.add({"at": "now"})
        session = talk(world, ttl=5 * MINUTE)
        world.tick(MONDAY + 4 * MINUTE)
        sessions.touch(world.desk, session, 5 * MINUTE)
        world.run_until(MONDAY + 9 * MINUTE - SECOND, every=MINUTE)
        assert world.dials() == []
        world.tick(MONDAY + 9 * MINUTE)
        assert world.dials() == [ANA]

    def test_a_session_that_outlasts_the_call_makes_it_missed(self, world: World) -> None:
        once = world.add({"at": "now"})
        talk(world)
        world.run_until(MONDAY + 20 * MINUTE)
        assert (world.dials(), world.statuses(once)) == ([], [("missed", "too_late")])
        assert gate_of(world, once, "live_session")["verdict"] == "wait"

    def test_of_two_sessions_both_must_end(self, world: World) -> None:
        world.add({"at": "now"})
        one, other = talk(world), talk(world, ANA, 2 * HOUR)
        for session in (other, one):
            world.tick()
            assert world.dials() == []
            sessions.end(world.desk, session)
        world.tick()
        assert world.dials() == [ANA]

    # who talks | who is called | rings
    @pytest.mark.parametrize(
        ("who", "callee", "rings"),
        [
            ("ana", {"user": "ana"}, False),
            ("ana", {"to": ANA}, False),
            ("ana", {"user": "bob"}, False),  # at the same number
            (ANA, {"user": "ana"}, False),
            (ANA, {"user": "bob"}, False),
            (ANA, {"to": ANA}, False),
            ("+34 600 000 001", {"to": ANA}, False),
            ("carl", {"user": "ana"}, True),
            ("+34600000099", {"to": "+34600000099"}, False),
            ("+34600000099", {"user": "ana"}, True),
        ],
    )
    def test_it_is_the_person_or_the_number_that_is_busy(
        self, world: World, who: str, callee: dict[str, str], rings: bool
    ) -> None:
        world.user("bob", ANA, "Europe/Madrid")
        world.user("carl", "+34600000003", "Europe/Madrid")
        talk(world, who)
        world.add({"at": "now"}, **callee)
        world.tick()
        assert bool(world.dials()) is rings

    @pytest.mark.parametrize("callee", [{"user": "ana"}, {"to": ANA}])
    def test_a_number_that_changes_meanwhile_ends_no_conversation(self, world: World, callee: dict[str, str]) -> None:
        talk(world)
        world.edit_user("ana", phone_number="+34600000002")
        world.add({"at": "now"}, **callee)
        world.tick()
        assert world.dials() == []

    def test_one_that_begins_while_a_call_waits_is_heeded(self, world: World) -> None:
        suppress(world, lasting=5 * MINUTE)
        once = world.add({"at": "now"})
        world.tick()
        talk(world)
        world.tick(MONDAY + 5 * MINUTE)
        assert (world.dials(), world.statuses(once)) == ([], [("pending", "live_session")])

    def test_one_that_begins_while_another_is_being_dialled_is_heeded(self, world: World) -> None:
        other = world.another_desk()

        def begin(call: PlaceCall) -> CallState:
            if call.to_number != ANA:
                sessions.start(other, "ana", channel="web", ttl=HOUR, session_id=None)
            return CallState.COMPLETED

        world.phones.answer = begin
        world.add({"at": "now"}, to="+34600000101", priority=1)
        world.add({"at": "now"})
        world.tick()
        assert world.dials() == ["+34600000101"]

    def test_one_that_begins_just_before_a_worker_takes_the_lock_is_heeded(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The facts are read in the transaction that claims, and not before it."""
        other, once = world.another_desk(), world.add({"at": "now"})
        insist, begun = world.store._insist, list[Session]()

        def begin_first(statement: str, patience: int) -> None:
            (waiting,) = world.store.execute("select count(*) from executions where status = 'pending'").fetchone()
            if statement == "begin immediate" and waiting and not begun:
                begun.append(sessions.start(other, "ana", channel="web", ttl=HOUR, session_id=None))
            insist(statement, patience)

        monkeypatch.setattr(world.store, "_insist", begin_first)
        world.tick()
        assert begun
        assert (world.dials(), world.statuses(once)) == ([], [("pending", "live_session")])

    def test_none_can_begin_between_the_look_and_the_claim(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = world.another_desk()
        other.store.execute("pragma busy_timeout = 0")
        refused: list[str] = []

        def try_to_begin(*args: Any) -> Any:
            made = decide(*args)
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                sessions.start(other, "ana", channel="web", ttl=HOUR, session_id=None)
            refused.append(type(made).__name__)
            return made

        monkeypatch.setattr(dial, "decide", try_to_begin)
        world.add({"at": "now"})
        world.tick()
        assert (world.dials(), refused) == ([ANA], ["Dial"])


class TestASuppressedNumber:
    def schedule(self, world: World, kind: str) -> Schedule:
        match kind:
            case "regular":
                return world.add({"weekdays": "1", "at": "09:01"})
            case "shared":
                world.user("bob", ANA, None)
                return world.add({"delay": "1m"}, user="bob", timezone="Europe/Madrid")
            case "bare":
                return world.add({"delay": "1m"}, to=ANA)
            case _:
                return world.add({"delay": "1m"})

    @pytest.mark.parametrize("who", ["ana", ANA, "+34 600-000-001"])
    @pytest.mark.parametrize("kind", ["once", "regular", "bare", "shared"])
    def test_is_not_dialled_whatever_asks(self, world: World, kind: str, who: str) -> None:
        if kind == "shared" and who == "ana":
            who = ANA
        suppress(world, who)
        schedule = self.schedule(world, kind)
        world.run_until(MONDAY + 30 * MINUTE)
        assert (world.dials(), world.statuses(schedule)) == ([], [("skipped", "suppressed")])
        assert gate_of(world, schedule, "suppressed")["source"] == "suppressions"

    def test_is_not_dialled_by_hand(self, world: World) -> None:
        daily = world.add({"weekdays": "1", "at": "12:00"})
        suppress(world)
        book.run_now(world.desk, daily.id)
        assert (world.dials(), world.statuses(daily)) == ([], [("skipped", "suppressed")])

    def test_is_not_dialled_again(self, world: World) -> None:
        world.phones.answer = end_with(CallState.BUSY)
        once = world.add({"at": "now"}, max_attempts=3, retry_delay="5m")
        world.run_until(MONDAY + MINUTE)
        suppress(world)
        world.run_until(MONDAY + 30 * MINUTE)
        assert (world.dials(), world.statuses(once)) == ([ANA], [("skipped", "suppressed")])

    def test_is_not_dialled_when_it_goes_on_the_list_while_a_call_waits(self, world: World) -> None:
        session, once = talk(world), world.add({"at": "now"})
        world.tick()
        suppress(world)
        sessions.end(world.desk, session)
        world.tick()
        assert (world.dials(), world.statuses(once)) == ([], [("skipped", "suppressed")])

    @pytest.mark.parametrize("kind", ["once", "regular", "bare"])
    def test_for_a_while_is_dialled_at_its_end(self, world: World, kind: str) -> None:
        self.schedule(world, kind)
        suppress(world, lasting=10 * MINUTE)
        world.run_until(MONDAY + 10 * MINUTE - SECOND)
        assert world.dials() == []
        world.tick(MONDAY + 10 * MINUTE)
        assert world.dials() == [ANA]

    def test_for_longer_than_a_call_may_wait_is_skipped_at_once(self, world: World) -> None:
        suppress(world, lasting=HOUR)
        once = world.add({"at": "now"})
        world.tick()
        assert world.statuses(once) == [("skipped", "suppressed")]
        assert gate_of(world, once, "suppressed")["until"] == "2026-03-02T09:00:00Z"

    def test_that_comes_off_the_list_is_dialled_in_the_next_pass(self, world: World) -> None:
        suppress(world, lasting=10 * MINUTE)
        world.add({"at": "now"})
        world.tick()
        suppressions.remove(world.desk, ANA, reason=None)
        world.tick()
        assert world.dials() == [ANA]

    def test_stays_so_when_it_is_said_again_for_longer(self, world: World) -> None:
        suppress(world, lasting=5 * MINUTE)
        once = world.add({"at": "now"})
        world.tick()
        suppress(world)
        world.run_until(MONDAY + 10 * MINUTE)
        assert (world.dials(), world.statuses(once)) == ([], [("skipped", "suppressed")])

    def test_of_old_does_not_follow_somebody_who_has_another(self, world: World) -> None:
        suppress(world, ANA)
        world.edit_user("ana", phone_number="+34600000002")
        world.add({"at": "now"})
        world.add({"at": "now"}, to=ANA)
        world.tick()
        assert world.dials() == ["+34600000002"]


class TestCallingWindows:
    def test_are_judged_on_the_clock_of_the_callee_and_not_of_the_schedule(self, world: World) -> None:
        world.user("nina", "+12125550100", "America/New_York")
        world.set("calling_window", "09:00-20:00")
        by_day = world.add({"cron": "30 9 * * *"}, user="nina", timezone="Europe/Madrid")
        by_night = world.add({"cron": "0 21 * * *"}, user="nina", timezone="Europe/Madrid")
        world.run_until("2026-03-02 08:31")  # 03:31 in New York
        assert world.statuses(by_day) == [("skipped", "outside_calling_window")]
        world.run_until("2026-03-02 20:01", every=10 * MINUTE)  # 15:01 in New York
        assert len(world.dials()) == 1
        assert gate_of(world, by_night, "calling_window")["datum"] == "09:00-20:00 in America/New_York"

    def test_are_judged_when_it_is_dialled_and_not_when_it_was_due(self, world: World) -> None:
        world.set("calling_window", "08:00-09:05")
        once, session = world.add({"at": "now"}), talk(world)
        world.tick()
        world.clock.set(MONDAY + 6 * MINUTE)
        sessions.end(world.desk, session)
        world.tick()
        assert (world.dials(), world.statuses(once)) == ([], [("skipped", "outside_calling_window")])

    OPEN, CLOSED = "00:00-24:00", "22:00-23:00"

    @pytest.mark.parametrize(
        ("schedule", "user", "workspace", "source"),
        [
            (None, None, None, None),
            (None, None, OPEN, "workspace"),
            (None, OPEN, CLOSED, "user"),
            (OPEN, CLOSED, CLOSED, "schedule"),
            (OPEN, None, CLOSED, "schedule"),
            ("always", CLOSED, None, "schedule"),
            (None, None, CLOSED, "workspace"),
            (None, CLOSED, OPEN, "user"),
            (CLOSED, OPEN, OPEN, "schedule"),
            (CLOSED, None, None, "schedule"),
        ],
    )
    def test_of_the_schedule_hold_over_the_users_and_these_over_the_workspaces(
        self, world: World, schedule: str | None, user: str | None, workspace: str | None, source: str | None
    ) -> None:
        if workspace is not None:
            world.set("calling_window", workspace)
        world.edit_user("ana", calling_window=user)
        once = world.add({"at": "now"}, window=schedule)
        world.tick()
        in_force = next((each for each in (schedule, user, workspace) if each is not None), self.OPEN)
        assert bool(world.dials()) is (in_force != self.CLOSED)
        assert gate_of(world, once, "calling_window")["source"] == source

    # local time in Madrid | rings
    @pytest.mark.parametrize(
        ("window", "instant", "rings"),
        [
            ("09:00-20:00", "2026-03-02 07:59:59", False),
            ("09:00-20:00", "2026-03-02 08:00:00", True),
            ("09:00-20:00", "2026-03-02 18:59:59", True),
            ("09:00-20:00", "2026-03-02 19:00:00", False),
            ("mon 22:00-02:00", "2026-03-02 20:59:59", False),
            ("mon 22:00-02:00", "2026-03-02 21:00:00", True),
            ("mon 22:00-02:00", "2026-03-02 23:30:00", True),  # Tuesday, 00:30
            ("mon 22:00-02:00", "2026-03-03 00:59:59", True),
            ("mon 22:00-02:00", "2026-03-03 01:00:00", False),
            ("mon 22:00-02:00", "2026-03-03 21:00:00", False),  # Tuesday
            # The night to 29 March has no 02:00-03:00.
            ("02:30-03:30", "2026-03-29 00:59:59", False),
            ("02:30-03:30", "2026-03-29 01:00:00", True),  # 03:00
            ("02:30-03:30", "2026-03-29 01:30:00", False),
            ("02:00-03:00", "2026-03-29 01:00:00", False),
            # The night to 25 October has it twice.
            ("02:00-02:30", "2026-10-24 23:59:59", False),
            ("02:00-02:30", "2026-10-25 00:00:00", True),
            ("02:00-02:30", "2026-10-25 00:30:00", False),
            ("02:00-02:30", "2026-10-25 01:00:00", True),
            ("02:00-02:30", "2026-10-25 01:30:00", False),
        ],
    )
    def test_are_open_to_the_second(self, world: World, window: str, instant: str, rings: bool) -> None:
        world.set("calling_window", window)
        world.clock.set(at(instant))
        world.add({"at": "now"}, catch_up_window="1s")
        world.tick()
        assert bool(world.dials()) is rings

    @pytest.mark.parametrize(
        ("begin", "window", "opens_at"),
        [
            ("2026-03-02 07:50:07", "09:00-20:00", "2026-03-02 08:00"),
            ("2026-03-29 00:10:00", "02:30-03:30", "2026-03-29 01:00"),
            ("2026-10-25 00:40:00", "02:00-02:30", "2026-10-25 01:00"),
        ],
    )
    def test_that_open_in_time_are_waited_for_to_the_second(
        self, world: World, begin: str, window: str, opens_at: str
    ) -> None:
        world.set("calling_window", window)
        world.clock.set(at(begin))
        once = world.add({"at": "now"}, catch_up_window="1h")
        world.tick()
        assert world.statuses(once) == [("pending", "outside_calling_window")]
        world.tick(at(opens_at) - SECOND)
        assert world.dials() == []
        world.tick(at(opens_at))
        assert world.dials() == [ANA]

    def test_of_a_bare_number_must_be_open_wherever_it_may_ring(self, world: World) -> None:
        # +34 is Madrid and the Canaries, an hour behind; the zone of the schedule says nothing of the callee.
        world.set("calling_window", "09:00-20:00")
        world.add({"at": "now"}, to="+34600000101", catch_up_window="2h")
        world.run_until(MONDAY + HOUR - SECOND, every=10 * MINUTE)
        assert world.dials() == []
        world.tick(MONDAY + HOUR)
        assert world.dials() == ["+34600000101"]
        world.clock.set(at("2026-03-02 19:00"))  # 20:00 in Madrid, 19:00 on the Canaries
        late = world.add({"at": "now"}, to="+34600000102")
        world.tick()
        assert world.statuses(late) == [("skipped", "outside_calling_window")]

    def test_of_a_user_without_a_zone_go_by_their_number(self, world: World) -> None:
        world.user("eva", "+34600000004", None)
        world.set("calling_window", "09:00-20:00")
        once = world.add({"at": "now"}, user="eva", timezone="Europe/Madrid", catch_up_window="2h")
        world.tick()
        assert world.dials() == []
        world.edit_user("eva", timezone="Europe/Madrid")
        world.tick()
        assert world.dials() == ["+34600000004"]
        assert gate_of(world, once, "calling_window")["datum"] == "09:00-20:00 in Europe/Madrid"

    @pytest.mark.parametrize("who", ["bare", "user", "user of a zone that is gone"])
    def test_on_clocks_that_nobody_knows_are_never_open(self, world: World, who: str) -> None:
        world.set("calling_window", "00:01-24:00")
        world.user("x", "+888123456", None)
        if who == "user of a zone that is gone":
            world.store.execute("update users set timezone = 'Europe/Atlantis' where id = 'x'")
        callee: dict[str, Any] = {"to": "+888123456"} if who == "bare" else {"user": "x", "timezone": "Europe/Madrid"}
        once = world.add({"at": "now"}, **callee)
        world.run_until(MONDAY + 20 * MINUTE)
        assert (world.dials(), world.statuses(once)) == ([], [("missed", "too_late")])
        assert gate_of(world, once, "calling_window")["reason"] == "zone_unknown"

    def test_stop_a_retry_that_would_come_after_hours(self, world: World) -> None:
        world.phones.answer = end_with(CallState.NO_ANSWER)
        world.set("calling_window", "08:00-09:30")
        once = world.add({"at": "now"}, max_attempts=3, retry_delay="20m")
        world.run_until(MONDAY + 3 * HOUR)
        assert world.statuses(once) == [("skipped", "outside_calling_window")]
        assert len(world.dials()) == 2

    def test_put_off_a_retry_that_comes_in_a_break(self, world: World) -> None:
        world.phones.answer = end_with(CallState.NO_ANSWER)
        world.set("calling_window", "08:00-09:10, 09:30-20:00")
        world.add({"at": "now"}, max_attempts=2, retry_delay="20m")
        world.tick()
        world.run_until(MONDAY + HOUR)
        assert [each - MONDAY for each in world.phones.placed_at] == [timedelta(0), 30 * MINUTE]

    def test_that_are_set_while_a_call_waits_hold_for_it(self, world: World) -> None:
        session, once = talk(world), world.add({"at": "now"})
        world.tick()
        book.edit(world.desk, once.id, Request(window="22:00-23:00"))
        sessions.end(world.desk, session)
        world.tick()
        assert (world.dials(), world.statuses(once)) == ([], [("skipped", "outside_calling_window")])

    def test_move_with_a_callee_who_moves_while_a_call_waits(self, world: World) -> None:
        world.set("calling_window", "10:00-20:00")
        world.add({"at": "now"}, catch_up_window="3h")
        world.tick()
        world.edit_user("ana", timezone="Europe/Athens")  # an hour ahead: 10:00 now
        world.tick()
        assert world.dials() == [ANA]


class TestCallCaps:
    """One dial is made in some way; then the cap of one in a day stops a call to Ana."""

    def dialled(self, world: World, how: str) -> None:
        match how:
            case "another schedule":
                world.add({"at": "now"})
            case "a regular schedule":
                world.add({"weekdays": "1", "at": "09:01"})
            case "a manual run":
                book.run_now(world.desk, world.add({"weekdays": "1", "at": "12:00"}).id)
            case "a bare number":
                world.add({"at": "now"}, to=ANA)
            case "somebody at the same number":
                world.user("bob", ANA, "Europe/Madrid")
                world.add({"at": "now"}, user="bob")
            case "a former number":
                world.add({"at": "now"})
                world.run_until(MONDAY + 2 * MINUTE)
                world.edit_user("ana", phone_number="+34600000002")
            case "a number before that, by hand":
                for last in "23":
                    world.edit_user("ana", phone_number=f"+3460000000{last}")
                book.run_now(world.desk, world.add({"weekdays": "1", "at": "12:00"}, to=ANA).id)
            case "a canceled schedule":
                once = world.add({"at": "now"}, max_attempts=2)
                world.phones.answer = end_with(CallState.BUSY)
                world.run_until(MONDAY + MINUTE)
                book.cancel(world.desk, once.id, None)
            case "a call that nobody took":
                world.phones.answer = end_with(CallState.NO_ANSWER)
                world.add({"at": "now"})
            case "a doubt that was resolved":
                world.phones.answer = end_with(OutcomeUnknown("lost"))
                world.add({"at": "now"})
                world.tick()
                reconcile.resolve(world.desk, calls.in_doubt(world.store)[0].id, placed=True)
        world.run_until(MONDAY + 2 * MINUTE)
        assert len(world.dials()) == 1

    @pytest.mark.parametrize(
        "how",
        [
            "another schedule",
            "a regular schedule",
            "a manual run",
            "a bare number",
            "somebody at the same number",
            "a former number",
            "a number before that, by hand",
            "a canceled schedule",
            "a call that nobody took",
            "a doubt that was resolved",
        ],
    )
    @pytest.mark.parametrize("then", ["once", "by hand"])
    def test_count_every_dial_wherever_it_came_from(self, world: World, how: str, then: str) -> None:
        world.set("call_cap", "1/24h")
        self.dialled(world, how)
        if then == "once":
            after = world.add({"at": "now"})
            world.tick()
        else:
            after = world.add({"weekdays": "1", "at": "12:00"})
            book.run_now(world.desk, after.id)
        assert (len(world.dials()), world.statuses(after)) == (1, [("skipped", "call_cap")])
        assert gate_of(world, after, "call_cap")["datum"] == "1 of 1/24h"

    def test_hold_for_a_bare_number_too(self, world: World) -> None:
        world.set("call_cap", "1/24h")
        self.dialled(world, "another schedule")
        after = world.add({"at": "now"}, to=ANA)
        world.tick()
        assert world.statuses(after) == [("skipped", "call_cap")]

    def test_hold_for_the_retries_of_one_execution(self, world: World) -> None:
        world.phones.answer = end_with(CallState.BUSY)
        world.set("call_cap", "2/24h")
        once = world.add({"at": "now"}, max_attempts=5, retry_delay="5m")
        world.run_until(MONDAY + HOUR)
        assert (len(world.dials()), world.statuses(once)) == (2, [("skipped", "call_cap")])

    def test_count_a_doubt(self, world: World) -> None:
        world.set("call_cap", "1/24h")
        world.phones.answer = end_with(OutcomeUnknown("lost"))
        world.add({"at": "now"})
        world.tick()
        after = world.add({"at": "now"})
        world.tick()
        assert world.statuses(after) == [("skipped", "call_cap")]

    @pytest.mark.parametrize("error", [NotSent("no route"), Rejected("not a number", "destination")])
    def test_do_not_count_what_rang_nobody(self, world: World, error: CarrierError) -> None:
        world.set("call_cap", "1/24h")
        world.phones.answer = end_with(error)
        first = world.add({"at": "now"})
        world.tick()
        book.cancel(world.desk, first.id, None) if isinstance(error, NotSent) else None
        world.phones.answer = end_with(CallState.COMPLETED)
        world.add({"at": "now"})
        world.tick(MONDAY + MINUTE)
        assert len(world.dials()) == 2

    def test_do_not_count_other_people(self, world: World) -> None:
        world.set("call_cap", "1/24h")
        for each in strangers(3):
            world.add({"at": "now"}, to=each)
        world.add({"at": "now"})
        world.tick()
        assert len(world.dials()) == 4

    def test_let_the_next_call_go_exactly_when_the_span_is_over(self, world: World) -> None:
        world.set("call_cap", "2/1h")
        for minute in (0, 10):
            world.clock.set(MONDAY + minute * MINUTE)
            world.add({"at": "now"})
            world.tick()
        world.clock.set(MONDAY + 20 * MINUTE)
        third = world.add({"at": "now"}, catch_up_window="2h")
        world.run_until(MONDAY + HOUR - SECOND)
        assert (len(world.dials()), world.statuses(third)) == (2, [("pending", "call_cap")])
        world.tick(MONDAY + HOUR)
        assert len(world.dials()) == 3
        world.clock.set(MONDAY + HOUR + 5 * MINUTE)
        fourth = world.add({"at": "now"}, catch_up_window="2h")
        world.tick()
        assert gate_of(world, fourth, "call_cap")["until"] == "2026-03-02T09:10:00Z"

    def test_of_several_spans_hold_all(self, world: World) -> None:
        world.set("call_cap", "1/10m, 2/1d")
        world.add({"cron": "*/5 * * * *"}, until="2026-03-03T12:00:00Z", catch_up_window="1s")
        world.tick()
        world.run_until("2026-03-03 12:00", every=5 * MINUTE)
        assert [f"{each:%d %H:%M}" for each in world.phones.placed_at] == [
            "02 08:00",
            "02 08:10",
            "03 08:00",
            "03 08:10",
        ]

    def test_do_not_begin_anew_when_the_clock_is_put_back(self, world: World) -> None:
        world.set("call_cap", "1/10m")
        world.add({"at": "now"})
        world.run_until(MONDAY + MINUTE)
        world.clock.set(MONDAY - HOUR)
        after = world.add({"at": "now"})
        world.tick()
        assert (len(world.dials()), world.statuses(after)) == (1, [("skipped", "call_cap")])

    def test_are_not_passed_by_two_calls_of_one_pass(self, world: World) -> None:
        world.edit_user("ana", phone_number="+34600000002")
        world.set("call_cap", "1/24h")
        world.add({"at": "now"}, to=ANA, priority=1)
        world.add({"at": "now"})
        for each in strangers(5):
            world.add({"at": "now"}, to=each, priority=2)
        world.tick()
        assert len({ANA, "+34600000002"} & set(world.dials())) == 1


class TestPace:
    @pytest.mark.parametrize(
        ("own", "setting", "gap"), [(2.0, None, 0.5), (1.0, "4", 0.25), (None, "0.5", 2.0), (10.0, "1", 1.0)]
    )
    def test_is_what_the_carrier_says_unless_it_is_set(
        self, world: World, own: float | None, setting: str | None, gap: float
    ) -> None:
        world.phones.calls_per_second = own
        if setting is not None:
            world.set("pace", setting)
        for each in strangers(8):
            world.add({"at": "now"}, to=each)
        world.tick()
        assert sorted(world.dials()) == strangers(8)
        assert gaps(world.phones) == pytest.approx([gap] * 7)

    def test_holds_from_one_pass_to_the_next(self, world: World) -> None:
        world.set("pace", "0.1")
        for each in strangers(3):
            world.add({"at": "now"}, to=each)
            world.tick()
        assert min(gaps(world.phones)) >= 10

    def test_holds_from_one_process_to_the_next(self, world: World) -> None:
        world.set("pace", "0.1")
        for each in strangers(4):
            world.add({"at": "now"}, to=each)
            tick(world.another_desk())
        assert len(world.dials()) == 4
        assert min(gaps(world.phones)) >= 10

    @pytest.mark.parametrize("pace", [0.5, 1.0, 4.0, 9.0])
    def test_holds_for_two_processes_at_once(self, world: World, pace: float) -> None:
        other, inside = world.another_desk(), list[PlaceCall]()

        def meanwhile(call: PlaceCall) -> CallState:
            if len(world.dials()) in (1, 4) and not inside:
                inside.append(call)
                tick(other)
                inside.clear()
            return CallState.COMPLETED

        world.phones.calls_per_second = pace
        world.phones.answer = meanwhile
        for each in strangers(10):
            world.add({"at": "now"}, to=each)
        world.run_until(MONDAY + MINUTE, every=MINUTE)
        assert sorted(world.dials()) == strangers(10)
        assert min(gaps(world.phones)) >= 1 / pace - 1e-6

    def test_is_taken_by_manual_runs_too(self, world: World) -> None:
        world.set("pace", "0.2")
        for each in strangers(3):
            book.run_now(world.desk, world.add({"weekdays": "1", "at": "12:00"}, to=each).id)
        assert len(world.dials()) == 3
        assert min(gaps(world.phones)) >= 5

    def test_of_one_account_is_not_that_of_another(self, world: World) -> None:
        one = world.account("one", "+34910000011", "agent-11", calls_per_second=1.0)
        two = world.account("two", "+34910000012", "agent-12", calls_per_second=0.5)
        world.set("live", "true")
        for number, each in enumerate(strangers(8)):
            world.add({"at": "now"}, to=each, agent=f"agent-1{1 + number % 2}")
        world.tick()
        assert gaps(one) == pytest.approx([1] * 3)
        assert gaps(two) == pytest.approx([2] * 3)
        assert one.placed_at[0] == two.placed_at[0] == MONDAY

    def test_of_a_slow_account_does_not_hold_up_another(self, world: World) -> None:
        slow = world.account("slow", "+34910000011", "agent-2", calls_per_second=0.1)
        world.set("live", "true")
        for each in strangers(40):
            world.add({"at": "now"}, to=each, agent="agent-2", priority=5)
        for last in range(5):
            world.add({"at": "now"}, to=f"+3460000020{last}")
        world.tick()
        assert world.phones.placed_at == [MONDAY] * 5
        assert min(gaps(slow)) >= 10

    @pytest.mark.parametrize(("pace", "people"), [(0.1, 60), (3.0, 300), (10.0, 1000), (150.0, 2000)])
    def test_lets_calls_go_in_due_and_priority_order_evenly(self, world: World, pace: float, people: int) -> None:
        world.set("pace", str(pace))
        numbers = strangers(people)
        for place, each in enumerate(numbers):
            world.add({"at": "now"}, to=each, priority=place % 3, catch_up_window="1h")
        # A pass ends after a minute; a worker's next one follows at once.
        world.run_until(MONDAY + timedelta(seconds=people / pace), every=timedelta(milliseconds=10))
        assert world.dials() == sorted(numbers, key=lambda each: -(numbers.index(each) % 3))
        assert gaps(world.phones) == pytest.approx([1 / pace] * (people - 1), abs=1e-6)

    def test_leaves_nobody_without_an_account_of_why(self, world: World) -> None:
        world.set("pace", "0.02")
        for each in strangers(30):
            world.add({"at": "now"}, to=each)
        world.run_until(MONDAY + 20 * MINUTE)
        ends = world.statuses()
        assert set(ends) == {("completed", "answered"), ("missed", "too_late")}
        assert len(world.dials()) == len(set(world.dials())) == ends.count(("completed", "answered"))
        assert 15 <= len(world.dials()) <= 19  # one in 50 seconds, for a quarter of an hour
        assert min(gaps(world.phones)) >= 50
        # What was waited for stands in the trail.
        waited = world.store.execute("select execution_id from events where reason = 'pace'").fetchall()
        assert {each.id for each in world.history() if each.status == "missed"} <= {row[0] for row in waited}


class TestConcurrency:
    def most_at_once(self, phones: Phones) -> int:
        """Return the most calls that were going on at once, as the carrier sees it."""
        return max(
            sum(begin <= each < begin + phones.lasts for begin in phones.placed_at) for each in phones.placed_at
        )

    def test_is_never_more_than_allowed_and_everybody_is_dialled(self, world: World) -> None:
        world.set("concurrency", "3")
        for each in strangers(12):
            world.add({"at": "now"}, to=each)
        world.run_until(MONDAY + 5 * MINUTE, every=5 * SECOND)
        assert sorted(world.dials()) == strangers(12)
        assert self.most_at_once(world.phones) == 3
        assert set(world.statuses()) == {("completed", "answered")}

    def test_is_counted_over_all_processes(self, world: World) -> None:
        desks = [world.desk, world.another_desk(), world.another_desk()]
        world.set("concurrency", "3")
        for number, each in enumerate(strangers(12)):
            world.add({"at": "now"}, to=each)
            tick(desks[number % 3])
        assert world.dials() == strangers(3)
        while world.clock.now() < MONDAY + 5 * MINUTE:
            world.clock.set(world.clock.now() + 5 * SECOND)
            for desk in desks:
                tick(desk)
        assert sorted(world.dials()) == strangers(12)
        assert self.most_at_once(world.phones) == 3

    def test_counts_what_another_process_is_about_to_dial(self, world: World) -> None:
        other = world.another_desk()

        def meanwhile(call: PlaceCall) -> CallState:
            if len(world.dials()) == 1:
                tick(other)
            return CallState.COMPLETED

        world.set("concurrency", "2")
        world.phones.answer = meanwhile
        for each in strangers(6):
            world.add({"at": "now"}, to=each)
        world.tick()
        assert len(world.dials()) == 2

    def test_is_free_again_when_a_call_ends(self, world: World) -> None:
        world.set("concurrency", "1")
        world.phones.lasts = MINUTE
        for each in strangers(2):
            world.add({"at": "now"}, to=each)
        world.run_until(MONDAY + MINUTE - SECOND, every=SECOND)
        assert len(world.dials()) == 1
        world.run_until(MONDAY + 2 * MINUTE, every=SECOND)
        assert len(world.dials()) == 2

    def test_holds_for_manual_runs_and_bare_numbers(self, world: World) -> None:
        world.set("concurrency", "1")
        world.add({"at": "now"})
        world.tick()
        other = world.add({"weekdays": "1", "at": "12:00"}, to="+34600000101")
        book.run_now(world.desk, other.id)
        assert (world.dials(), world.statuses(other)) == ([ANA], [("pending", "concurrency")])

    def test_counts_a_doubt_for_an_hour(self, world: World) -> None:
        world.set("concurrency", "1")
        world.phones.answer = end_with(OutcomeUnknown("lost"))
        world.add({"at": "now"})
        world.tick()
        world.phones.answer = end_with(CallState.COMPLETED)
        world.add({"at": "now"}, to="+34600000101", catch_up_window="2h")
        world.run_until(MONDAY + HOUR - SECOND)
        assert len(world.dials()) == 1
        world.run_until(MONDAY + HOUR + MINUTE)
        assert len(world.dials()) == 2

    def test_leaves_nobody_without_an_account_of_why(self, world: World) -> None:
        world.set("concurrency", "2")
        world.phones.lasts = 2 * MINUTE
        for each in strangers(30):
            world.add({"at": "now"}, to=each, catch_up_window="5m")
        world.run_until(MONDAY + 10 * MINUTE, every=20 * SECOND)
        assert set(world.statuses()) == {("completed", "answered"), ("missed", "too_late")}
        assert len(world.dials()) == len(set(world.dials())) == world.statuses().count(("completed", "answered"))
        for execution in world.history():
            assert execution.status == "completed" or execution.gates[-2]["reason"] == "concurrency"


class TestTheDailyBudget:
    @pytest.mark.parametrize(
        ("zone", "spent_at", "day_ends_at"),
        [
            (None, "2026-03-02 23:30", "2026-03-03 00:00"),
            ("America/New_York", "2026-03-03 04:30", "2026-03-03 05:00"),
            ("Europe/Madrid", "2026-03-29 21:30", "2026-03-29 22:00"),  # a day of 23 hours
            ("Europe/Madrid", "2026-10-25 22:30", "2026-10-25 23:00"),  # a day of 25
        ],
    )
    def test_is_new_at_midnight_in_the_zone_of_the_workspace(
        self, world: World, zone: str | None, spent_at: str, day_ends_at: str
    ) -> None:
        if zone is not None:
            world.set("timezone", zone)
        world.set("daily_budget", "2")
        world.clock.set(at(spent_at))
        for each in strangers(3):
            world.add({"at": "now"}, to=each, catch_up_window="1h")
        world.tick()
        assert len(world.dials()) == 2
        assert [reason for status, reason in world.statuses() if status == "pending"] == ["daily_budget"]
        world.tick(at(day_ends_at) - SECOND)
        assert len(world.dials()) == 2
        world.tick(at(day_ends_at))
        assert len(world.dials()) == 3

    def test_that_is_spent_stops_what_cannot_wait(self, world: World) -> None:
        world.set("daily_budget", "1")
        world.add({"at": "now"}, priority=1)
        world.tick()
        after = world.add({"at": "now"}, to="+34600000101")
        world.tick()
        assert world.statuses(after) == [("skipped", "daily_budget")]
        assert gate_of(world, after, "budget")["until"] == "2026-03-03T00:00:00Z"

    def test_counts_retries_and_manual_runs_and_not_what_was_not_placed(self, world: World) -> None:
        world.set("daily_budget", "3")
        world.phones.answer = end_with(NotSent("no route"))
        world.add({"at": "now"}, max_attempts=2, retry_delay="5m")
        world.tick()
        world.phones.answer = end_with(CallState.BUSY)
        world.run_until(MONDAY + 10 * MINUTE)
        assert len(world.dials()) == 3  # one of them was not placed
        for each, status in zip(strangers(2), ("dialing", "skipped"), strict=True):
            by_hand = world.add({"weekdays": "1", "at": "12:00"}, to=each)
            book.run_now(world.desk, by_hand.id)
            assert world.statuses(by_hand)[0][0] == status

    def test_is_counted_over_all_processes(self, world: World) -> None:
        other = world.another_desk()

        def meanwhile(call: PlaceCall) -> CallState:
            if len(world.dials()) == 1:
                tick(other)
            return CallState.COMPLETED

        world.set("daily_budget", "4")
        world.phones.answer = meanwhile
        for each in strangers(10):
            world.add({"at": "now"}, to=each)
        world.tick()
        assert len(world.dials()) == 4


class TestWhatIsWrittenDown:
    def dialled(self, world: World) -> Schedule:
        return world.add({"at": "now"})

    def deferred(self, world: World) -> Schedule:
        talk(world)
        return world.add({"at": "now"})

    def skipped(self, world: World) -> Schedule:
        suppress(world)
        return world.add({"at": "now"})

    def missed(self, world: World) -> Schedule:
        once = self.deferred(world)
        world.run_until(MONDAY + 20 * MINUTE)
        return once

    @pytest.mark.parametrize(
        ("what", "status", "reason"),
        [
            ("dialled", "dialing", None),
            ("deferred", "pending", "live_session"),
            ("skipped", "skipped", "suppressed"),
            ("missed", "missed", "too_late"),
        ],
    )
    def test_is_the_answer_of_every_gate(self, world: World, what: str, status: str, reason: str | None) -> None:
        schedule = getattr(self, what)(world)
        world.tick()
        (execution,) = world.history(schedule)
        assert (execution.status, execution.reason) == (status, reason)
        assert [gate["gate"] for gate in execution.gates] == list(GATES)
        assert {gate["reason"] for gate in execution.gates if gate["verdict"] != "pass"} >= ({reason} - {None})
        for gate in execution.gates:
            assert (gate["verdict"] == "pass") == (gate["reason"] is None)

    def test_of_a_wait_is_kept_until_the_next_look_and_of_a_dial_for_good(self, world: World) -> None:
        session, once = talk(world), world.add({"at": "now"})
        world.tick()
        assert gate_of(world, once, "live_session")["verdict"] == "wait"
        sessions.end(world.desk, session)
        world.tick()
        world.tick(MONDAY + MINUTE)
        assert {gate["verdict"] for gate in world.history(once)[0].gates} == {"pass"}


REASON = re.compile(r"[a-z]+(_[a-z]+)*")


@pytest.mark.parametrize("seed", range(4))
def test_on_a_day_when_everything_happens_nobody_is_rung_twice_or_at_a_wrong_moment(world: World, seed: int) -> None:
    """Two processes, five people, every limit, and whatever people do meanwhile, drawn by chance."""
    chance = random.Random(seed)
    world.set("calling_window", "08:30-13:00")
    world.set("call_cap", "2/30m, 5/3h")
    world.set("concurrency", "3")
    world.set("pace", "2")
    world.set("timezone", "Europe/Madrid")
    people = ["ana", "bob", "carl", "dora"]
    for last, each in enumerate(people[1:], 2):
        world.user(each, f"+3460000000{last}", chance.choice(["Europe/Madrid", "Europe/London", None]))
    world.user("twin", ANA, "Europe/Madrid")
    people.append("twin")
    for each in people:
        world.add({"cron": "*/20 * * * *"}, user=each, timezone="Europe/Madrid", max_attempts=3, retry_delay="4m")
        world.add({"delay": f"{chance.randrange(1, 90)}m"}, user=each, timezone="Europe/Madrid")
    by_hand = world.add({"cron": "5 * * * *"}, to=ANA, timezone="Europe/Madrid")
    ends: list[CallState | Exception] = [
        CallState.COMPLETED,
        CallState.BUSY,
        CallState.NO_ANSWER,
        NotSent("x"),
        OutcomeUnknown("x"),
    ]
    dialled_at: list[tuple[str, int]] = []

    def answer(call: PlaceCall) -> CallState:
        (live,) = world.store.execute(
            "select count(*) from sessions where ended_at is null and expires_at > ? and phone_number = ?",
            (world.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"), call.to_number),
        ).fetchone()
        (listed,) = world.store.execute(
            "select count(*) from suppressions where phone_number = ? and (expires_at is null or expires_at > ?)",
            (call.to_number, world.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")),
        ).fetchone()
        assert (live, listed) == (0, 0)
        end = chance.choices(ends, [10, 4, 4, 1, 1])[0]
        if not isinstance(end, NotSent):
            dialled_at.append((call.to_number, round((world.clock.now() - MONDAY).total_seconds() * 1000)))
        if isinstance(end, Exception):
            raise end
        return end

    world.phones.answer = answer
    world.phones.lasts = 40 * SECOND
    desks = [world.desk, world.another_desk()]
    open_sessions: list[str] = []
    while world.clock.now() < MONDAY + 4 * HOUR:
        match chance.randrange(12):
            case 0:
                open_sessions.append(talk(world, chance.choice(people), chance.randrange(1, 30) * MINUTE))
            case 1 if open_sessions:
                sessions.end(world.desk, open_sessions.pop())
            case 2:
                suppress(world, chance.choice(people), chance.randrange(1, 30) * MINUTE)
            case 3:
                with contextlib.suppress(Conflict):  # it is being called already
                    book.run_now(world.desk, by_hand.id)
            case 4:
                last = chance.randrange(2, 5)
                world.edit_user(people[last - 1], phone_number=f"+346000000{chance.randrange(2)}{last}")
            case 5:
                paused = chance.choice(["pause", "resume"])
                getattr(book, paused)(world.desk, by_hand.id, None)
        tick(chance.choice(desks))
        world.clock.set(world.clock.now() + chance.choice([SECOND, 20 * SECOND, MINUTE, 3 * MINUTE]))
    assert len(dialled_at) > 10
    for number in {number for number, _ in dialled_at}:
        times = [when for to, when in dialled_at if to == number]
        assert all(later - earlier >= 40_000 for earlier, later in pairwise(times)), "a phone that rang was rung"
        # A dial is kept to the second, and a cap may open that much early.
        assert all(third - first > 30 * 60_000 - 1000 for first, third in zip(times, times[2:], strict=False))
        assert all(sixth - first > 3 * 3600_000 - 1000 for first, sixth in zip(times, times[5:], strict=False))
    assert min(gaps(world.phones)) >= 0.5
    for execution in world.history():
        attempts = [call.number for call in execution.calls if call.status != "not_placed"]
        assert attempts == sorted(set(attempts))
        if execution.status in ("skipped", "missed", "canceled", "failed") or execution.reason is not None:
            assert REASON.fullmatch(execution.reason or "")
        if execution.status == "skipped" and execution.reason != "paused":
            assert [gate["gate"] for gate in execution.gates] == list(GATES)
    assert not [each for each in world.history() if each.status == "pending" and each.deadline_at < MONDAY + 3 * HOUR]
