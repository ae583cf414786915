"""What a pass does, and what it never does."""

from __future__ import annotations

from datetime import timedelta
from itertools import takewhile
from pathlib import Path

import pytest

from hyponema_cli.carriers.base import PlaceCall, Throttled
from hyponema_cli.core.call import CallState
from hyponema_cli.core.errors import Conflict
from hyponema_cli.core.schedule import occurrences
from hyponema_cli.core.when import WhenWords
from hyponema_cli.engine import book
from hyponema_cli.engine.materialise import materialise, occurrences_ahead
from hyponema_cli.engine.report import TickReport
from hyponema_cli.engine.request import Request
from hyponema_cli.store import holds, schedules, settings, users
from tests.world import MONDAY, World, at


def test_a_due_call_is_dialled_once_and_followed_to_its_end(world: World) -> None:
    weekly = world.add({"weekdays": "1,3,5", "at": "09:30"})
    world.run_until("2026-03-02 08:40")
    (execution,) = world.history(weekly)
    assert world.dials() == ["+34600000001"]
    assert (execution.status, execution.reason) == ("completed", "answered")
    assert execution.scheduled_time == at("2026-03-02 08:30")
    assert execution.actual_time == at("2026-03-02 08:30")
    assert execution.last_call is not None
    assert execution.last_call.duration_seconds == 7
    assert world.schedule(weekly).next_run_at == at("2026-03-04 08:30")


def test_a_pass_repeated_at_the_same_instant_changes_nothing(world: World) -> None:
    world.add({"at": "now"})
    world.tick()
    before = list(world.store.connection.iterdump())
    report = world.tick()
    assert list(world.store.connection.iterdump()) == before
    assert (report.due, report.placed) == (0, 0)


def test_nothing_is_dialled_before_its_time(world: World) -> None:
    world.add({"at": "2026-03-02 09:30"})
    world.tick("2026-03-02 08:29:59")
    assert world.dials() == []
    world.tick("2026-03-02 08:30:00")
    assert len(world.dials()) == 1


@pytest.mark.parametrize(
    ("begin", "end", "cron", "expected"),
    [
        ("2026-10-24 20:00", "2026-10-25 12:00", "30 2 * * *", ["2026-10-25T00:30:00"]),
        ("2026-03-28 20:00", "2026-03-29 12:00", "30 2 * * *", ["2026-03-29T01:00:00"]),
        ("2026-03-28 20:00", "2026-03-29 12:00", "0,30 2 * * *", ["2026-03-29T01:00:00"]),
        (
            "2026-10-24 23:50",
            "2026-10-25 02:10",
            "*/30 2 * * *",
            ["2026-10-25T00:00:00", "2026-10-25T00:30:00", "2026-10-25T01:00:00", "2026-10-25T01:30:00"],
        ),
    ],
)
def test_on_a_night_with_a_clock_change_the_phone_rings_when_the_preview_says(
    tmp_path: Path, begin: str, end: str, cron: str, expected: list[str]
) -> None:
    world = World(tmp_path, at(begin))
    nightly = world.add({"cron": cron})
    upcoming = occurrences(nightly.rule(None), at(begin))
    preview = [each.at for each in takewhile(lambda each: each.at <= at(end), upcoming)]
    world.run_until(end)
    rang = [each.actual_time for each in world.history(nightly)]
    assert rang == preview == [at(text) for text in expected]
    assert len(world.dials()) == len(expected)


def test_nobody_is_called_twice_on_one_line_at_a_time(world: World) -> None:
    first = world.add({"at": "now"}, name="first")
    second = world.add({"at": "now"}, name="second", to="+34600000001")
    world.tick()
    assert len(world.dials()) == 1
    assert world.statuses(second) == [("pending", "line_busy")]
    world.run_until(MONDAY + timedelta(minutes=2), every=timedelta(seconds=10))
    assert world.statuses(first) == world.statuses(second) == [("completed", "answered")]
    assert len(world.dials()) == 2


def test_a_busy_line_is_tried_again_by_policy_and_the_one_shot_is_then_exhausted(world: World) -> None:
    world.phones.answer = lambda call: CallState.BUSY
    once = world.add({"at": "now"}, max_attempts=3, retry_delay="5m")
    world.run_until("2026-03-02 08:30")
    assert world.statuses(once) == [("exhausted", "busy")]
    assert world.schedule(once).status == "exhausted"
    placed = [each.created_at for each in world.history(once)[0].calls]
    assert [each - placed[0] for each in placed] == [timedelta(0), timedelta(minutes=6), timedelta(minutes=12)]


def test_a_recurring_schedule_goes_on_after_an_exhausted_execution(world: World) -> None:
    world.phones.answer = lambda call: CallState.NO_ANSWER
    daily = world.add({"cron": "30 9 * * *"}, max_retries=1, retry_delay="5m")
    world.run_until("2026-03-03 08:45")
    assert world.statuses(daily) == [("exhausted", "no_answer"), ("exhausted", "no_answer")]
    assert world.schedule(daily).status == "active"
    assert len(world.dials()) == 4


def test_an_outcome_that_is_not_to_be_retried_fails_at_once(world: World) -> None:
    world.phones.answer = lambda call: CallState.BUSY
    once = world.add({"at": "now"}, max_attempts=3, retry_on=["no_answer"])
    world.run_until("2026-03-02 08:30")
    assert world.statuses(once) == [("failed", "busy")]
    assert world.schedule(once).status == "completed"


def test_every_attempt_shows_the_number_of_the_first(world: World) -> None:
    world.phones.answer = lambda call: CallState.BUSY
    world.add({"at": "now"}, max_attempts=2, retry_delay="5m")
    world.tick()
    first = world.desk.store.execute("select id from numbers").fetchone()[0]
    world.number("+34910000002")
    world.store.execute("update numbers set attached_at = '2027-01-01T00:00:00Z' where id = ?", (first,))
    world.run_until("2026-03-02 08:10")
    assert [call.from_number for call in world.phones.placed] == ["+34910000001", "+34910000001"]


def test_after_two_days_asleep_at_most_one_call_is_made_and_every_other_slot_has_its_row(world: World) -> None:
    minutely = world.add({"cron": "* * * * *"})
    world.tick()
    world.phones.placed.clear()
    woke_at = at("2026-03-04 08:00:30")
    world.tick(woke_at)
    assert len(world.dials()) == 1
    slots = [each.scheduled_time for each in world.history(minutely)]
    assert slots == [MONDAY + timedelta(minutes=minute) for minute in range(2 * 24 * 60 + 1)]
    missed = [each.reason for each in world.history(minutely) if each.status == "missed"]
    assert len(missed) == 2 * 24 * 60 - 1
    assert set(missed) == {"too_late", "overtaken"}
    assert missed.count("overtaken") == 14
    assert world.tick().placed == 0


def test_a_call_that_is_later_than_its_window_is_missed(world: World) -> None:
    once = world.add({"at": "2026-03-02 10:00"}, catch_up_window="5m")
    world.tick("2026-03-02 09:05:01")
    assert world.statuses(once) == [("missed", "too_late")]
    assert world.dials() == []
    assert world.schedule(once).status == "completed"


def test_a_call_in_the_last_second_of_its_window_is_made(world: World) -> None:
    once = world.add({"at": "2026-03-02 10:00"}, catch_up_window="5m")
    world.tick("2026-03-02 09:05:00")
    assert world.statuses(once) == [("dialing", None)]


def test_while_an_execution_is_open_the_next_is_skipped(world: World) -> None:
    world.phones.answer = lambda call: CallState.BUSY
    often = world.add({"cron": "*/5 * * * *"}, max_attempts=2, retry_delay="7m", until="2026-03-02T08:06:00Z")
    world.run_until("2026-03-02 08:20")
    assert world.statuses(often) == [("exhausted", "busy"), ("skipped", "overlap")]
    assert [answer["verdict"] for answer in world.history(often)[1].gates if answer["gate"] == "overlap"] == ["stop"]


def test_what_comes_due_while_paused_is_skipped_and_resuming_brings_no_burst(world: World) -> None:
    daily = world.add({"cron": "30 9 * * *"})
    book.pause(world.desk, daily.id, "INC-88")
    world.run_until("2026-03-02 08:31")
    book.resume(world.desk, daily.id, None)
    world.run_until("2026-03-02 08:45")
    assert world.statuses(daily) == [("skipped", "paused")]
    assert world.dials() == []


def test_resuming_before_any_pass_has_seen_the_slot_brings_no_burst_either(world: World) -> None:
    often = world.add({"cron": "*/5 * * * *"}, paused=True, start="2026-03-02T08:05:00Z")
    world.clock.set(at("2026-03-02 08:12"))
    book.resume(world.desk, often.id, None)
    world.run_until("2026-03-02 08:14")
    assert world.dials() == []
    assert {status for status, _ in world.statuses(often)} == {"missed", "skipped"}


def test_a_resumed_one_shot_is_looked_at_at_once(world: World) -> None:
    once = world.add({"at": "now"}, paused=True)
    world.tick()
    book.resume(world.desk, once.id, None)
    world.tick(MONDAY + timedelta(seconds=1))
    assert len(world.dials()) == 1


def test_a_paused_one_shot_waits_while_it_is_in_time(world: World) -> None:
    once = world.add({"at": "2026-03-02 09:30"}, paused=True)
    world.run_until("2026-03-02 08:35")
    assert world.statuses(once) == [("pending", "paused")]
    book.resume(world.desk, once.id, None)
    world.run_until("2026-03-02 08:37")
    assert world.statuses(once) == [("completed", "answered")]


def test_run_now_uses_up_no_slot(world: World) -> None:
    daily = world.add({"cron": "30 9 * * *"}, max_occurrences=2)
    book.run_now(world.desk, daily.id)
    world.run_until("2026-03-04 09:00", every=timedelta(minutes=5))
    assert [(each.kind, str(each.status)) for each in world.history(daily)] == [
        ("manual", "completed"),
        ("scheduled", "completed"),
        ("scheduled", "completed"),
    ]
    assert world.schedule(daily).status == "completed"


def test_whoever_asks_again_while_a_schedule_is_called_gets_no_second_call(world: World) -> None:
    daily = world.add({"cron": "30 9 * * *"})
    for asked_again in ("2026-03-02 08:00", "2026-03-02 08:30"):  # by hand; then, while the rule's own call goes on
        world.clock.set(at(asked_again))
        if asked_again.endswith("08:00"):
            book.run_now(world.desk, daily.id)
        else:
            world.tick()
        before = len(world.phones.placed)
        with pytest.raises(Conflict, match="is being called already"):
            book.run_now(world.desk, daily.id)
        world.run_until(asked_again.replace("00", "10").replace("30", "40"), every=timedelta(minutes=1))
        assert len(world.phones.placed) == before
    book.run_now(world.desk, daily.id)
    assert len(world.phones.placed) == 3


def test_a_run_that_waits_for_its_retry_is_not_joined_by_another(world: World) -> None:
    world.phones.answer = lambda *_: CallState.NO_ANSWER
    daily = world.add({"cron": "30 9 * * *"}, max_attempts=2)
    book.run_now(world.desk, daily.id)
    world.clock.set(world.clock.now() + timedelta(minutes=2))
    world.tick()
    assert world.statuses(daily) == [("waiting_retry", "no_answer")]
    with pytest.raises(Conflict, match="waiting retry"):
        book.run_now(world.desk, daily.id)


def test_max_occurrences_counts_what_reached_a_dial_only(world: World) -> None:
    daily = world.add({"cron": "30 9 * * *"}, max_occurrences=2)
    book.pause(world.desk, daily.id, None)
    world.run_until("2026-03-02 09:00", every=timedelta(minutes=5))
    book.resume(world.desk, daily.id, None)
    world.run_until("2026-03-06 09:00", every=timedelta(minutes=5))
    assert [status for status, _ in world.statuses(daily)] == ["skipped", "completed", "completed"]
    assert world.schedule(daily).next_run_at is None


def test_an_agent_without_a_number_waits_for_one_while_in_time(world: World) -> None:
    world.store.execute("delete from numbers")
    world.add({"at": "now"}, name="saved")
    world.run_until("2026-03-02 08:05")
    assert world.statuses() == [("pending", "no_caller_id")]
    world.number("+34910000009")
    world.run_until("2026-03-02 08:06")
    assert [call.from_number for call in world.phones.placed] == ["+34910000009"]


def test_an_agent_that_never_gets_a_number_misses_the_call_and_the_gates_say_why(world: World) -> None:
    world.store.execute("delete from numbers")
    once = world.add({"at": "now"})
    world.run_until("2026-03-02 08:20")
    (execution,) = world.history(once)
    assert (execution.status, execution.reason) == ("missed", "too_late")
    assert {answer["gate"]: answer["verdict"] for answer in execution.gates}["caller_id"] == "wait"


def test_only_the_simulated_carrier_dials_until_the_workspace_is_armed(world: World) -> None:
    world.store.execute("update numbers set carrier = 'real'")
    world.add({"at": "now"})
    world.run_until("2026-03-02 08:05")
    assert world.dials() == []
    assert world.statuses() == [("pending", "not_live")]
    settings.put(world.store, "live", "true")
    world.run_until("2026-03-02 08:06")
    assert len(world.dials()) == 1


def test_calls_go_out_by_due_time_and_then_by_priority(world: World) -> None:
    for index, priority in enumerate((0, 5, -1)):
        world.add({"at": "2026-03-02 09:30"}, to=f"+3460000010{index}", priority=priority)
    world.add({"at": "2026-03-02 09:29"}, to="+34600000109", priority=-9)
    world.tick("2026-03-02 08:31")
    assert [number[-1] for number in world.dials()] == ["9", "1", "0", "2"]


def test_a_rule_that_can_be_read_no_more_is_set_aside_and_stops_nobody_else(world: World) -> None:
    world.user("ben", "+34600000002", None, None)
    broken = world.add({"cron": "30 9 * * *"}, user="ben", timezone="Europe/Madrid")
    world.store.execute("update schedules set timezone = null where id = ?", (broken.id,))
    world.add({"cron": "30 9 * * *"})
    world.tick("2026-03-02 08:30")
    assert world.dials() == ["+34600000001"]
    assert world.schedule(broken).next_run_at is None


class TestWhenTheZoneDataChange:
    def test_cached_instants_are_derived_anew(self, world: World) -> None:
        daily = world.add({"cron": "30 9 * * *"})
        world.store.execute("update schedules set next_run_at = '2026-03-02T07:30:00Z'")
        world.desk.zone_edition = "edition-2"
        world.tick()
        assert world.dials() == []
        assert world.schedule(daily).next_run_at == at("2026-03-02 08:30")

    def test_a_one_shot_that_they_put_into_the_past_is_missed(self, world: World) -> None:
        once = world.add({"at": "2026-03-02 12:00"})
        world.tick("2026-03-02 09:00")
        # As if the new data had moved Madrid to where Tokyo is.
        world.store.execute("update users set timezone = 'Asia/Tokyo' where id = 'ana'")
        world.desk.zone_edition = "edition-2"
        world.tick()
        assert world.statuses(once) == [("missed", "moved_into_the_past")]
        assert world.schedule(once).status == "completed"

    def test_an_older_edition_does_not_undo_a_newer_ones_work(self, world: World) -> None:
        daily = world.add({"cron": "30 9 * * *"})
        world.store.execute("update schedules set next_run_at = '2026-03-02T09:30:00Z'")
        world.desk.zone_edition = "edition-0"
        world.tick()
        assert world.schedule(daily).next_run_at == at("2026-03-02 09:30")
        assert not world.store.has_work(world.clock.now(), "edition-0")

    def test_a_slot_that_was_called_is_not_called_again_at_its_new_instant(self, world: World) -> None:
        daily = world.add({"cron": "30 9 * * *"})
        # As if the old data had put 09:30 forty minutes earlier.
        world.store.execute(
            "update schedules set next_run_at = '2026-03-02T07:50:00Z', accounted_until = '2026-03-01T08:30:00Z'"
        )
        world.tick()
        assert len(world.dials()) == 1
        world.desk.zone_edition = "edition-2"
        world.run_until("2026-03-02 09:00")
        assert len(world.dials()) == 1
        assert world.schedule(daily).next_run_at == at("2026-03-03 08:30")


def test_schedules_bound_to_a_user_move_with_their_clocks(world: World) -> None:
    world.user("ben", "+34600000002", "Europe/Madrid", "10:00:00")
    weekly = world.add({"weekdays": "mon-fri"}, user="ben")
    assert weekly.next_run_at == at("2026-03-02 09:00")
    world.edit_user("ben", timezone="America/New_York", local_time="09:00:00")
    assert world.schedule(weekly).next_run_at == at("2026-03-02 14:00")


def test_moving_a_daily_call_to_an_earlier_hour_that_has_passed_calls_nobody_today(world: World) -> None:
    daily = world.add({"cron": "30 9 * * *"})
    world.run_until("2026-03-02 09:00")
    book.edit(world.desk, daily.id, Request(when=WhenWords(cron="45 9 * * *")))
    world.run_until("2026-03-02 12:00", every=timedelta(minutes=5))
    assert len(world.dials()) == 1
    assert world.schedule(daily).next_run_at == at("2026-03-03 08:45")


def test_a_slot_that_was_due_but_not_yet_seen_is_recorded_before_its_rule_changes(world: World) -> None:
    daily = world.add({"cron": "30 9 * * *"})
    world.clock.set(at("2026-03-02 08:30:20"))
    book.edit(world.desk, daily.id, Request(when=WhenWords(cron="0 15 * * *")))
    world.tick()
    assert world.statuses(daily) == [("canceled", "rescheduled")]
    assert world.dials() == []
    assert world.schedule(daily).next_run_at == at("2026-03-02 14:00")


def test_canceling_stops_what_waits_and_records_what_was_due(world: World) -> None:
    daily = world.add({"cron": "30 9 * * *"})
    world.clock.set(at("2026-03-02 08:30:20"))
    book.cancel(world.desk, daily.id, "moved away")
    world.run_until("2026-03-04 09:00", every=timedelta(minutes=5))
    assert world.statuses(daily) == [("canceled", "schedule_canceled")]
    assert world.dials() == []
    assert world.schedule(daily).status_reason == "moved away"


def test_a_canceled_schedule_is_not_tried_again(world: World) -> None:
    world.phones.answer = lambda call: CallState.BUSY
    once = world.add({"at": "now"}, max_attempts=5, retry_delay="2m")
    world.run_until("2026-03-02 08:01")
    book.cancel(world.desk, once.id, None)
    world.run_until("2026-03-02 08:20")
    assert len(world.dials()) == 1
    assert world.statuses(once) == [("canceled", "schedule_canceled")]


def test_no_schedule_is_listed_as_due_for_ever(world: World) -> None:
    for when in ({"at": "now"}, {"cron": "* * * * *"}, {"weekdays": "1", "at": "09:01"}):
        world.add(when, to="+34600000050")
    world.run_until("2026-03-02 08:30")
    assert schedules.due(world.store, world.clock.now(), 10) == []
    assert not world.store.has_work(world.clock.now(), "edition-1")


class TestWhenTheClocksOfAUserOrTheWorkspaceChange:
    def test_what_was_due_and_not_yet_seen_is_still_called(self, world: World) -> None:
        once = world.add({"at": "2026-03-02 09:01"})
        world.clock.set(at("2026-03-02 08:01:30"))
        world.edit_user("ana", name="Anna")
        world.tick()
        assert world.statuses(once) == [("dialing", None)]

    def test_what_was_due_under_the_old_clocks_has_its_row(self, world: World) -> None:
        daily = world.add({"cron": "30 9 * * *"})
        world.clock.set(at("2026-03-02 08:31"))
        world.edit_user("ana", timezone="America/New_York")
        world.tick()
        assert world.statuses(daily) == [("dialing", None)]
        assert world.schedule(daily).next_run_at == at("2026-03-03 14:30")

    def test_a_one_shot_moved_into_the_past_is_missed_and_over(self, world: World) -> None:
        world.user("ben", "+34600000002", "America/New_York")
        once = world.add({"at": "2026-03-02 14:30"}, user="ben")
        world.tick("2026-03-02 10:00")
        world.edit_user("ben", timezone="Asia/Tokyo")
        assert world.statuses(once) == [("missed", "moved_into_the_past")]
        assert world.schedule(once).status == "completed"

    def test_moving_there_and_back_loses_no_slot(self, world: World) -> None:
        world.user("ben", "+34600000002", "Asia/Tokyo")
        twice = world.add({"cron": "0 9,21 * * *"}, user="ben", start="2026-03-03")
        world.run_until("2026-03-03 00:05", every=timedelta(minutes=5))
        world.clock.set(at("2026-03-03 03:00"))
        world.edit_user("ben", timezone="America/New_York")
        world.clock.set(at("2026-03-03 03:01"))
        world.edit_user("ben", timezone="Asia/Tokyo")
        assert world.schedule(twice).next_run_at == at("2026-03-03 12:00")

    def test_a_slot_of_a_recurring_rule_that_moves_into_the_past_is_missed(self, world: World) -> None:
        world.user("ben", "+34600000002", "America/New_York")
        weekly = world.add({"weekdays": "mon", "at": "09:30"}, user="ben")
        world.tick("2026-03-02 13:30")
        world.edit_user("ben", timezone="Asia/Tokyo")
        assert world.statuses(weekly) == [("missed", "moved_into_the_past")]
        assert world.schedule(weekly).next_run_at == at("2026-03-09 00:30")

    def test_a_one_shot_moved_past_its_end_is_missed(self, world: World) -> None:
        once = world.add({"at": "2026-03-02 12:00"}, until="2026-03-02T11:30Z")
        world.edit_user("ana", timezone="America/New_York")
        assert world.statuses(once) == [("missed", "moved_past_its_end")]
        assert world.schedule(once).status == "completed"

    def test_a_slot_that_was_called_is_not_promised_again_on_the_new_clocks(self, world: World) -> None:
        daily = world.add({"cron": "30 9 * * *"}, timezone="Europe/Madrid")
        world.run_until("2026-03-02 09:00", every=timedelta(minutes=5))
        _, after = book.edit(world.desk, daily.id, Request(timezone="America/New_York"))
        assert after.next_run_at == at("2026-03-03 14:30")
        preview = next(occurrences_ahead(world.store, world.schedule(daily), settings.load(world.store)))
        assert preview.at == after.next_run_at

    def test_a_call_taken_back_frees_its_slot_for_the_new_clocks(self, world: World) -> None:
        world.store.execute("delete from numbers")
        once = world.add({"at": "2026-03-02 09:30"}, timezone="Europe/Madrid")
        world.tick("2026-03-02 08:30:05")
        world.number("+34910000001")
        book.edit(world.desk, once.id, Request(timezone="America/New_York"))
        world.run_until("2026-03-02 14:31", every=timedelta(minutes=5))
        assert world.statuses(once) == [("canceled", "rescheduled"), ("completed", "answered")]

    def test_the_workspaces_zone_cannot_go_while_schedules_need_it(self, world: World) -> None:
        world.user("ben", "+34600000002", None)
        settings.put(world.store, "timezone", "Europe/Madrid")
        daily = world.add({"cron": "30 9 * * *"}, user="ben")
        with pytest.raises(Conflict, match=daily.id):
            book.set_workspace_zone(world.desk, lambda: settings.drop(world.store, "timezone"))
        assert settings.load(world.store).timezone == "Europe/Madrid"
        book.set_workspace_zone(world.desk, lambda: settings.put(world.store, "timezone", "America/New_York"))
        assert world.schedule(daily).next_run_at == at("2026-03-02 14:30")

    def test_a_rule_without_a_zone_is_not_over_and_fires_again_when_it_has_one(self, world: World) -> None:
        world.user("ben", "+34600000002", "Europe/Madrid")
        daily = world.add({"cron": "30 9 * * *"}, user="ben")
        world.tick("2026-03-02 08:30")
        world.edit_user("ben", timezone=None)
        world.run_until("2026-03-02 08:40")
        lost = world.schedule(daily)
        assert (lost.status, lost.next_run_at) == ("active", None)
        assert lost.trouble is not None
        world.edit_user("ben", timezone="Europe/Madrid")
        assert world.schedule(daily).next_run_at == at("2026-03-03 08:30")


def test_editing_an_end_that_lies_ahead_keeps_todays_call(world: World) -> None:
    world.store.execute("delete from numbers")
    daily = world.add({"cron": "30 9 * * *"})
    world.tick("2026-03-02 08:30")
    book.edit(world.desk, daily.id, Request(until="2026-12-31"))
    assert world.statuses(daily) == [("pending", "no_caller_id")]


def test_another_callee_is_not_called_for_the_retries_of_the_first(world: World) -> None:
    world.user("ben", "+34600000002", "Europe/Madrid")
    world.phones.answer = lambda call: CallState.BUSY
    daily = world.add({"cron": "1 9 * * *"}, max_attempts=3, retry_delay="5m")
    world.run_until("2026-03-02 08:02")
    book.edit(world.desk, daily.id, Request(user="ben"))
    world.run_until("2026-03-02 08:30")
    assert world.dials() == ["+34600000001"]
    assert world.statuses(daily) == [("canceled", "callee_changed")]


def test_a_one_shot_that_is_being_called_cannot_be_given_to_somebody_else(world: World) -> None:
    world.user("ben", "+34600000002", "Europe/Madrid")
    once = world.add({"at": "now"})
    world.tick()
    with pytest.raises(Conflict, match="being called"):
        book.edit(world.desk, once.id, Request(user="ben"))


def test_a_one_shot_that_waits_calls_whom_it_was_given_to(world: World) -> None:
    world.user("ben", "+34600000002", "Europe/Madrid")
    once = world.add({"at": "now"}, paused=True)
    world.tick()
    book.edit(world.desk, once.id, Request(user="ben"))
    book.resume(world.desk, once.id, None)
    world.tick(MONDAY + timedelta(seconds=1))
    assert world.dials() == ["+34600000002"]


def test_a_schedule_can_be_moved_to_now(world: World) -> None:
    once = world.add({"at": "2026-03-05 09:00"})
    book.edit(world.desk, once.id, Request(when=WhenWords(at="now")))
    world.tick()
    assert len(world.dials()) == 1


def test_a_user_who_was_removed_is_not_called_by_hand(world: World) -> None:
    once = world.add({"at": "now"})
    world.run_until("2026-03-02 08:02")
    with world.store.transaction():
        users.remove(world.store, "ana", world.clock.now())
    with pytest.raises(Conflict, match="removed"):
        book.run_now(world.desk, once.id)


def test_max_occurrences_holds_when_two_slots_wait_behind_a_slow_carrier(world: World) -> None:
    minutely = world.add({"cron": "* * * * *"}, max_occurrences=1, start="2026-03-02T08:01:00Z")
    world.store.execute("update numbers set carrier = 'real'")  # not armed: both wait
    world.tick("2026-03-02 08:01")
    world.store.execute("update executions set status = 'waiting_retry'")
    world.tick("2026-03-02 08:02")
    world.store.execute("update executions set status = 'pending' where status = 'waiting_retry'")
    world.store.execute("update numbers set carrier = 'simulated'")
    world.run_until("2026-03-02 08:10")
    assert len(world.dials()) == 1
    assert world.schedule(minutely).status == "completed"


def test_max_occurrences_does_not_count_a_request_that_was_not_taken(world: World) -> None:
    minutely = world.add({"cron": "* * * * *"}, max_occurrences=1, start="2026-03-02T08:01:00Z")

    def throttled_across_the_minute(call: PlaceCall) -> CallState:
        world.clock.set(at("2026-03-02 08:02:10"))
        materialise(world.desk, world.clock.now(), TickReport(world.clock.now()))
        world.phones.answer = lambda call: CallState.COMPLETED
        raise Throttled("429", timedelta(hours=1))

    world.phones.answer = throttled_across_the_minute
    world.tick("2026-03-02 08:01")
    holds.lift(world.store, "simulated")  # of that one request only
    world.run_until("2026-03-02 08:30")
    assert len(world.dials()) == 2
    assert world.schedule(minutely).status == "completed"


def test_a_day_asleep_with_many_minutely_rules_is_recorded_in_small_transactions(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hyponema_cli.engine.materialise.OCCURRENCES_A_TRANSACTION", 100)
    for last in range(4):
        world.add({"cron": "* * * * *"}, to=f"+3460000010{last}")
    commits: list[str] = []
    world.store.connection.set_trace_callback(lambda sql: commits.append(sql) if sql == "commit" else None)
    world.tick(MONDAY + timedelta(hours=5))
    world.store.connection.set_trace_callback(None)
    assert len(commits) >= 12
    assert len(world.history()) == 4 * 301
    assert len(world.dials()) == 4
