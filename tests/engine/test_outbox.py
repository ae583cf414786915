"""Whoever asked is told of each change of an execution, once, in the transaction of the change; nobody else is."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from hyponema_cli.carriers.base import NotSent, OutcomeUnknown, PlaceCall, Rejected
from hyponema_cli.core.call import CallState
from hyponema_cli.core.records import Schedule
from hyponema_cli.core.when import WhenWords
from hyponema_cli.engine import book, outbox, record, sessions, suppressions
from hyponema_cli.engine.reconcile import ORPHANED_AFTER, resolve
from hyponema_cli.engine.recover import recover
from hyponema_cli.engine.request import Request
from hyponema_cli.engine.tick import tick
from hyponema_cli.store import calls, executions, schedules
from tests.world import MONDAY, World

SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=seconds) for seconds in (1, 60, 3600, 86400))
OURS, THEIRS = "https://workspace.example/hook", "https://schedule.example/hook"
CLOSING = ("completed", "failed", "exhausted", "missed", "skipped")


@pytest.fixture
def heard(world: World) -> World:
    """A world whose workspace wants to hear of everything."""
    world.set("webhook_url", OURS)
    return world


def messages(world: World, schedule: Schedule | None = None) -> list[dict[str, Any]]:
    """Return what is in the outbox about a schedule, in order."""
    rows = world.store.execute(
        "select body from webhooks where ?1 is null or schedule_id = ?1 order by seq", (schedule and schedule.id,)
    )
    return [json.loads(body) for (body,) in rows]


def told(world: World, schedule: Schedule | None = None) -> list[str]:
    return [each["data"]["event"] for each in messages(world, schedule)]


def receivers(world: World) -> list[tuple[str, str]]:
    return list(world.store.execute("select url, event from webhooks order by seq"))


def answers(*ends: CallState | Exception) -> Callable[[PlaceCall], CallState]:
    """Answer each request by the next of these, the last one ever after."""
    left = list(ends)

    def answer(call: PlaceCall) -> CallState:
        end = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(end, Exception):
            raise end
        return end

    return answer


LOST = OutcomeUnknown("lost")

# --- each change, once --------------------------------------------------------------------------------------------


def reached(world: World) -> Schedule:
    once = world.add({"at": "now"})
    world.run_until(MONDAY + MINUTE, every=10 * SECOND)
    return once


def rejected(world: World) -> Schedule:
    world.phones.answer = answers(Rejected("no such number", scope="destination"))
    return reached(world)


def ended(*ends: CallState | Exception, **fields: Any) -> Callable[[World], Schedule]:
    def play(world: World) -> Schedule:
        world.phones.answer = answers(*ends)
        once = world.add({"at": "now"}, **{"retry_delay": "1m", **fields})
        world.run_until(MONDAY + 10 * MINUTE, every=10 * SECOND)
        return once

    return play


def missed_while_down(world: World) -> Schedule:
    once = world.add({"delay": "1m"})
    world.tick(MONDAY + HOUR)
    return once


def skipped_for_a_session(world: World) -> Schedule:
    weekly = world.add({"weekdays": "1", "at": "09:01"})
    sessions.start(world.desk, "ana", channel="web", ttl=HOUR, session_id=None)
    world.tick(MONDAY + MINUTE)
    return weekly


def skipped_for_a_suppression(world: World) -> Schedule:
    once = world.add({"at": "now"})
    suppressions.add(world.desk, "ana", reason="asked", lasting=None, created_by="test")
    world.tick()
    return once


def skipped_for_an_overlap(world: World) -> Schedule:
    world.phones.lasts = 90 * SECOND
    often = world.add({"cron": "* * * * *"})
    world.tick()
    world.tick(MONDAY + MINUTE)
    return often


def skipped_by_a_resume(world: World) -> Schedule:
    weekly = world.add({"weekdays": "1", "at": "09:01"})
    book.pause(world.desk, weekly.id, None)
    world.clock.set(MONDAY + MINUTE)
    book.resume(world.desk, weekly.id, None)
    return weekly


def canceled_while_waiting(world: World) -> Schedule:
    world.phones.answer = answers(NotSent("down"))
    once = world.add({"at": "now"})
    world.tick()
    book.cancel(world.desk, once.id, None)
    return once


def rescheduled(world: World) -> Schedule:
    world.phones.answer = answers(NotSent("down"))
    once = world.add({"at": "now"})
    world.tick()
    book.edit(world.desk, once.id, Request(when=WhenWords(delay="2h")))
    return once


def withdrawn_from_the_carriers_queue(world: World) -> Schedule:
    world.phones.meanwhile = CallState.QUEUED
    once = world.add({"at": "now"}, catch_up_window="5m")
    world.run_until(MONDAY + 6 * MINUTE, every=10 * SECOND)
    return once


def run_by_hand(world: World) -> Schedule:
    later = world.add({"delay": "3h"})
    book.run_now(world.desk, later.id)
    world.run_until(MONDAY + MINUTE)
    return later


def lost_reply(world: World, made: bool = False) -> Schedule:
    def answer(call: PlaceCall) -> CallState:
        if made:
            world.phones.accept_silently(call)
        raise LOST

    world.phones.answer = answer
    once = world.add({"at": "now"})
    world.tick()
    return once


def lost_process(world: World) -> Schedule:
    def answer(call: PlaceCall) -> CallState:
        raise KeyboardInterrupt

    world.phones.answer = answer
    once = world.add({"at": "now"})
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("hyponema_cli.engine.send.record_all", lambda *_: None)
        with pytest.raises(KeyboardInterrupt):
            world.tick()
    world.phones.answer = answers(CallState.COMPLETED)
    world.tick(MONDAY + ORPHANED_AFTER + SECOND)
    return once


def adopted(world: World) -> Schedule:
    once = lost_reply(world, made=True)
    world.run_until(MONDAY + 2 * MINUTE, every=5 * SECOND)
    return once


def redialled(world: World) -> Schedule:
    world.phones.answer = answers(LOST, CallState.COMPLETED)
    once = world.add({"at": "now"}, on_doubt="redial-after 5m")
    world.run_until(MONDAY + 10 * MINUTE, every=10 * SECOND)
    return once


def settled(placed: bool) -> Callable[[World], Schedule]:
    def play(world: World) -> Schedule:
        once = lost_reply(world)
        world.phones.answer = answers(CallState.COMPLETED)
        (doubt,) = calls.in_doubt(world.store)
        resolve(world.desk, doubt.id, placed=placed)
        world.run_until(MONDAY + MINUTE, every=10 * SECOND)
        return once

    return play


def never_told(world: World) -> Schedule:
    world.phones.lasts = 100 * HOUR
    once = world.add({"at": "now"})
    world.tick()
    world.run_until(MONDAY + 50 * HOUR, every=HOUR)
    return once


STORIES: dict[str, tuple[Callable[[World], Schedule], list[str]]] = {
    "reached": (reached, ["started", "completed"]),
    "rejected": (rejected, ["failed"]),
    "failed, and not retried": (ended(CallState.FAILED), ["started", "failed"]),
    "busy, then reached": (
        ended(CallState.BUSY, CallState.COMPLETED, max_attempts=2),
        ["started", "started", "completed"],
    ),
    "busy until its attempts are used up": (
        ended(CallState.BUSY, max_attempts=2, retry_on=("busy",)),
        ["started", "started", "exhausted"],
    ),
    "not taken at first": (ended(NotSent("down"), CallState.COMPLETED), ["started", "completed"]),
    "not taken in time": (ended(NotSent("down"), catch_up_window="2m"), ["missed"]),
    "missed while nobody was at work": (missed_while_down, ["missed"]),
    "skipped, because a session is going on": (skipped_for_a_session, ["skipped"]),
    "skipped, because its number is suppressed": (skipped_for_a_suppression, ["skipped"]),
    "skipped, because the one before goes on": (skipped_for_an_overlap, ["started", "skipped"]),
    "skipped, because it was paused": (skipped_by_a_resume, ["skipped"]),
    "canceled while it waits": (canceled_while_waiting, ["failed"]),
    "moved while it waits": (rescheduled, ["failed"]),
    "withdrawn from its carrier's queue": (withdrawn_from_the_carriers_queue, ["started", "missed"]),
    "run by hand": (run_by_hand, ["started", "completed"]),
    "in doubt": (lost_reply, ["in_doubt"]),
    "in doubt, because its process was lost": (lost_process, ["in_doubt"]),
    "in doubt, then found": (adopted, ["in_doubt", "started", "completed"]),
    "in doubt, then dialled again": (redialled, ["in_doubt", "started", "completed"]),
    "in doubt, then settled as placed": (settled(placed=True), ["in_doubt", "completed"]),
    "in doubt, then settled as not placed": (settled(placed=False), ["in_doubt", "started", "completed"]),
    "one whose end nobody tells": (never_told, ["started", "failed"]),
}


@pytest.mark.parametrize("story", STORIES)
def test_each_change_of_an_execution_is_told_once_and_in_order(heard: World, story: str) -> None:
    play, events = STORIES[story]
    schedule = play(heard)
    assert told(heard, schedule) == events


@pytest.mark.parametrize("story", STORIES)
def test_nothing_is_written_when_nobody_wants_to_hear_of_it(world: World, story: str) -> None:
    STORIES[story][0](world)
    assert messages(world) == []


@pytest.mark.parametrize("story", STORIES)
def test_who_knows_the_guides_three_words_hears_those_and_no_other(world: World, story: str) -> None:
    world.set("webhook_url", OURS)
    world.set("webhook_events", "started,completed,failed")
    play, events = STORIES[story]
    known = ["failed" if event == "exhausted" else event for event in events]
    schedule = play(world)
    assert told(world, schedule) == [event for event in known if event in ("started", "completed", "failed")]


@pytest.mark.parametrize("story", STORIES)
def test_what_is_told_is_how_the_execution_stands_after_the_change(heard: World, story: str) -> None:
    schedule = STORIES[story][0](heard)
    by_execution = {each.id: each for each in heard.history(schedule)}
    last = {each["data"]["execution_id"]: each for each in messages(heard, schedule)}
    for execution_id, said in last.items():
        execution, data = by_execution[execution_id], said["data"]
        if data["event"] in CLOSING:
            assert data["status"] == execution.status
            assert data["reason"] == execution.reason
        assert set(data["customer_context"]) == set(schedule.customer_context)
    for said in messages(heard, schedule):
        assert refusals(said) == []
        assert said["type"] == f"execution.{said['data']['event']}"


TYPES: dict[str, tuple[type, ...]] = {
    "event": (str,),
    "schedule_id": (str,),
    "schedule_name": (str, type(None)),
    "ref": (str, type(None)),
    "execution_id": (str,),
    "kind": (str,),
    "call_id": (str, type(None)),
    "agent_id": (str,),
    "user_id": (str, type(None)),
    "phone_number": (str,),
    "scheduled_time": (str,),
    "actual_time": (str, type(None)),
    "status": (str,),
    "reason": (str, type(None)),
    "error": (str, type(None)),
    "attempts": (int,),
    "duration": (int, type(None)),
    "answered_by": (str, type(None)),
    "customer_context": (dict,),
    "metadata": (dict,),
}


def refusals(said: dict[str, Any]) -> list[str]:
    """Return what is wrong with the form of a message."""
    wrong = [name for name in said if name not in ("type", "timestamp", "data")]
    data = said["data"]
    wrong += sorted(set(data) ^ set(TYPES))
    wrong += [name for name, kinds in TYPES.items() if name in data and type(data[name]) not in kinds]
    for name, text in [("timestamp", said["timestamp"]), *((each, data[each]) for each in TYPES if "_time" in each)]:
        if text is not None and not (len(text) == 20 and text.endswith("Z") and text[10] == "T"):
            wrong.append(name)
    return wrong


def test_a_message_carries_whom_it_is_about_and_what_came_of_it(heard: World) -> None:
    once = heard.add(
        {"at": "now"}, name="Follow-up", ref="order-456", context={"order_id": "ORD-456"}, metadata={"campaign": "é"}
    )
    heard.tick()
    heard.tick(MONDAY + MINUTE)
    (execution,) = heard.history(once)
    started, completed = messages(heard)
    common = {
        "schedule_id": once.id,
        "schedule_name": "Follow-up",
        "ref": "order-456",
        "execution_id": execution.id,
        "kind": "scheduled",
        "call_id": execution.calls[0].id,
        "agent_id": "agent-1",
        "user_id": "ana",
        "phone_number": "+34600000001",
        "scheduled_time": "2026-03-02T08:00:00Z",
        "actual_time": "2026-03-02T08:00:00Z",
        "error": None,
        "attempts": 1,
        "answered_by": None,
        "customer_context": {"order_id": "ORD-456"},
        "metadata": {"campaign": "é"},
    }
    assert started == {
        "type": "execution.started",
        "timestamp": "2026-03-02T08:00:00Z",
        "data": {**common, "event": "started", "status": "dialing", "reason": None, "duration": None},
    }
    assert completed == {
        "type": "execution.completed",
        "timestamp": "2026-03-02T08:01:00Z",
        "data": {**common, "event": "completed", "status": "completed", "reason": "answered", "duration": 7},
    }


def test_each_attempt_that_starts_is_told_with_its_own_call(heard: World) -> None:
    schedule = ended(CallState.BUSY, max_attempts=3, retry_on=("busy",))(heard)
    (execution,) = heard.history(schedule)
    started = [each["data"]["call_id"] for each in messages(heard) if each["data"]["event"] == "started"]
    assert started == [call.id for call in execution.calls]
    assert [each["data"]["attempts"] for each in messages(heard)] == [1, 2, 3, 3]


def test_a_message_of_a_bare_number_and_without_a_call_says_so(heard: World) -> None:
    once = heard.add({"delay": "1m"}, to="+34600000101")
    heard.tick(MONDAY + HOUR)
    (missed,) = messages(heard, once)
    data = missed["data"]
    assert (data["phone_number"], data["user_id"], data["call_id"]) == ("+34600000101", None, None)
    assert (data["attempts"], data["actual_time"], data["duration"]) == (0, None, None)


# --- who hears of it ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("workspace", "schedule", "expected"),
    [
        ({}, {}, []),
        ({"webhook_events": "completed"}, {"webhook_events": ["failed"]}, []),
        ({"webhook_url": OURS}, {}, [(OURS, "started"), (OURS, "completed")]),
        ({}, {"webhook_url": THEIRS}, [(THEIRS, "started"), (THEIRS, "completed")]),
        ({"webhook_url": OURS}, {"webhook_url": THEIRS}, [(THEIRS, "started"), (THEIRS, "completed")]),
        ({"webhook_url": OURS, "webhook_events": "completed"}, {}, [(OURS, "completed")]),
        ({"webhook_url": OURS, "webhook_events": "failed"}, {}, []),
        ({"webhook_url": OURS}, {"webhook_events": ["started"]}, [(OURS, "started")]),
        ({"webhook_url": OURS, "webhook_events": "failed"}, {"webhook_events": ["started"]}, [(OURS, "started")]),
        ({"webhook_events": "completed"}, {"webhook_url": THEIRS}, [(THEIRS, "completed")]),
    ],
)
def test_the_schedules_receiver_and_events_come_before_the_workspaces(
    world: World, workspace: dict[str, str], schedule: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    for key, value in workspace.items():
        world.set(key, value)
    world.add({"at": "now"}, **schedule)
    world.tick()
    world.tick(MONDAY + MINUTE)
    assert receivers(world) == expected


def test_what_is_written_goes_where_it_was_meant_to_go_whatever_is_changed_later(world: World) -> None:
    once = world.add({"at": "now"}, webhook_url=THEIRS)
    world.tick()
    with world.store.transaction():
        book.edit(world.desk, once.id, Request(webhook_url="https://new.example/"))
    world.run_until(MONDAY + MINUTE)
    assert receivers(world) == [(THEIRS, "started"), ("https://new.example/", "completed")]


# --- one transaction ----------------------------------------------------------------------------------------------


def test_what_is_rolled_back_is_told_to_nobody(heard: World) -> None:
    once = heard.add({"at": "now"})
    with pytest.raises(RuntimeError), heard.store.transaction():
        heard.desk.log(MONDAY, "execution.missed", schedule_id=once.id, execution_id="exe_none")
        executions.record_manual(heard.store, "exe_1", once.id, deadline_at=MONDAY, priority=0, now=MONDAY)
        heard.desk.log(MONDAY, "execution.missed", schedule_id=once.id, execution_id="exe_1")
        assert told(heard) == ["missed"]
        raise RuntimeError("the power is cut")
    assert told(heard) == []


def test_a_batch_that_falls_back_to_one_by_one_tells_each_once(heard: World) -> None:
    """Three answers in one transaction; the second cannot be written, and is a doubt."""
    heard.user("eva", "+34600000002", "Europe/Madrid")
    heard.user("leo", "+34600000003", "Europe/Madrid")
    people = [heard.add({"at": "now"}, user=user) for user in ("ana", "eva", "leo")]
    views = iter(["T1", "T1", "T3"])
    place, heard.phones.find_calls = heard.phones.place_call, lambda **_: []  # type: ignore[method-assign]

    def place_call(call: PlaceCall) -> Any:
        from dataclasses import replace

        return replace(place(call), carrier_call_id=next(views))

    heard.phones.place_call = place_call  # type: ignore[method-assign]
    heard.desk.requests_at_once = 3
    heard.tick()
    events = sorted(told(heard, each)[0] for each in people)
    assert events == ["in_doubt", "started", "started"]
    assert sum(len(told(heard, each)) for each in people) == 3


@pytest.mark.parametrize("bad", [0, 1, 2])
def test_of_a_batch_that_is_rolled_back_nothing_is_told_twice(
    heard: World, monkeypatch: pytest.MonkeyPatch, bad: int
) -> None:
    heard.user("eva", "+34600000002", "Europe/Madrid")
    heard.user("leo", "+34600000003", "Europe/Madrid")
    people = [heard.add({"at": "now"}, user=user) for user in ("ana", "eva", "leo")]
    write, seen = record._record, list[str]()

    def fail_after(desk: Any, intent: Any, *rest: Any) -> None:
        write(desk, intent, *rest)
        if intent.due.schedule_id == people[bad].id:
            seen.append(intent.call.id)
            raise ValueError("planted")

    monkeypatch.setattr(record, "_record", fail_after)
    heard.tick()
    assert seen, "it fell back"
    assert [told(heard, each) for each in people] == [
        ["in_doubt"] if each == bad else ["started"] for each in range(3)
    ]


def test_a_message_that_cannot_be_written_harms_no_call(heard: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A phone has rung: whatever is wrong with the outbox, the ledger must say so."""

    def payload(*_: Any) -> dict[str, Any]:
        raise RecursionError("too deep")

    monkeypatch.setattr(outbox, "payload", payload)
    once = heard.add({"at": "now"})
    heard.tick()
    heard.tick(MONDAY + MINUTE)
    assert heard.statuses(once) == [("completed", "answered")]


def test_a_context_however_deep_harms_no_call(heard: World) -> None:
    deep: Any = "deep"
    for _ in range(900):
        deep = [deep]
    once = heard.add({"at": "now"}, metadata={"deep": deep})
    heard.tick()
    heard.tick(MONDAY + MINUTE)
    assert heard.statuses(once) == [("completed", "answered")]


# --- after a restore ----------------------------------------------------------------------------------------------


def put_back(world: World, answer: Callable[[PlaceCall], CallState]) -> Schedule:
    """Put a copy back from before a call to Ana, and recover."""
    once = world.add({"at": "now"})
    copy = world.keep_a_copy()
    world.phones.answer = answer
    world.tick()
    world.put_back(copy)
    recover(world.desk, world.clock.now())
    return once


def test_a_call_that_a_restored_database_follows_again_is_told_from_its_start(heard: World) -> None:
    once = put_back(heard, answers(CallState.COMPLETED))
    heard.run_until(MONDAY + 2 * MINUTE)
    assert told(heard, once) == ["started", "completed"]


def test_a_doubt_that_a_restored_database_learns_of_is_told(heard: World) -> None:
    once = put_back(heard, answers(LOST))
    assert heard.statuses(once) == [("in_doubt", "database_restored")]
    assert told(heard, once) == ["in_doubt"]


def test_a_refusal_that_a_restored_database_learns_of_is_told(heard: World) -> None:
    once = put_back(heard, answers(Rejected("no", scope="destination")))
    assert told(heard, once) == ["failed"]


def test_what_a_restored_database_took_for_missed_is_told_as_what_it_was(heard: World) -> None:
    """It dials nobody until it has learned of its last dials; what it believes until then is told to nobody."""
    once = heard.add({"delay": "1m"})
    copy = heard.keep_a_copy()
    heard.tick(MONDAY + MINUTE)
    heard.put_back(copy)
    heard.tick(MONDAY + HOUR)
    recover(heard.desk, heard.clock.now())
    heard.run_until(MONDAY + HOUR + 2 * MINUTE)
    assert heard.statuses(once) == [("completed", "answered")]
    assert [event for event in told(heard, once) if event in CLOSING] == ["completed"]


def test_of_several_forgotten_attempts_the_end_of_an_execution_is_told_once(heard: World) -> None:
    heard.phones.answer = answers(CallState.BUSY, CallState.BUSY, CallState.COMPLETED)
    once = heard.add({"at": "now"}, max_attempts=3, retry_on=("busy",), retry_delay="1m")
    copy = heard.keep_a_copy()
    heard.tick()
    heard.run_until(MONDAY + 5 * MINUTE, every=10 * SECOND)
    other = heard.add({"at": "now"})
    heard.tick()
    assert len(heard.dials()) == 4
    heard.put_back(copy)
    recover(heard.desk, heard.clock.now())
    assert heard.statuses(once) == [("failed", "end_lost_in_restore")]
    assert [event for event in told(heard, once) if event in CLOSING] == ["failed"]
    assert other.id != once.id


# --- all in all ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_who_is_over_has_one_closing_message_and_it_is_the_last(heard: World, seed: int) -> None:
    """An hour of everything at once: each execution's messages say what the ledger says, in its order."""
    dice = random.Random(seed)
    ends = [*CallState.__members__.values()]
    over = [end for end in ends if end in ("completed", "busy", "no_answer", "failed")]

    def answer(call: PlaceCall) -> CallState:
        what = dice.random()
        if what < 0.1:
            raise NotSent("down")
        if what < 0.2:
            raise Rejected("no", scope="destination")
        if what < 0.35:
            if what < 0.3:
                heard.phones.accept_silently(call)
            raise LOST
        return dice.choice(over)

    heard.phones.answer = answer
    other = heard.another_desk()
    for minute in range(60):
        if dice.random() < 0.5:
            when = dice.choice([{"at": "now"}, {"cron": "*/3 * * * *"}, {"delay": "2m"}])
            policy = {"max_attempts": dice.randint(1, 3), "retry_on": ("busy", "failed"), "retry_delay": "1m"}
            heard.add(when, to=f"+3460000{dice.randrange(20):04}", **policy)
        live = schedules.select(heard.store, statuses=("active", "paused"))
        if live and dice.random() < 0.4:
            act = dice.choice([book.pause, book.resume, book.cancel])
            act(heard.desk, dice.choice(live).id, None)
        for doubt in calls.in_doubt(heard.store):
            if dice.random() < 0.1:
                resolve(heard.desk, doubt.id, placed=dice.random() < 0.5)
        heard.clock.set(MONDAY + (minute + 1) * MINUTE)
        tick(dice.choice([heard.desk, other]))
    by_execution: dict[str, list[str]] = {}
    for said in messages(heard):
        by_execution.setdefault(said["data"]["execution_id"], []).append(said["data"]["event"])
    rows = heard.store.execute("select id, status, finished_at is not null from executions").fetchall()
    assert len(rows) > 20
    for execution_id, status, is_over in rows:
        events = by_execution.get(execution_id, [])
        closing = [event for event in events if event in CLOSING]
        assert closing == ([{"canceled": "failed"}.get(status, status)] if is_over else [])
        assert not is_over or events[-1] == closing[0]
