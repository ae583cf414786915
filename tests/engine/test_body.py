"""What does a request body ask for? Every body of both guides, and everything else refused by the field's name."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from hyponema_cli.core.call import Outcome
from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.core.instant import maybe_text
from hyponema_cli.core.records import Agent, Schedule
from hyponema_cli.core.retry import Backoff
from hyponema_cli.core.when import WhenWords
from hyponema_cli.engine import body, book
from hyponema_cli.engine.request import Request, laid_over
from hyponema_cli.render import json as shapes
from hyponema_cli.store import agents
from tests import guides
from tests.world import STREAM_URL, World, at

THEN = at("2024-01-15 12:00")
"""A Monday, when the guides were written."""


@pytest.fixture
def in_the_guides(world: World) -> World:
    """The world of the guides: their agents, their user, their time."""
    world.clock.set(THEN)
    for name in ("agent_...", "agent-123", "special-occasion-agent"):
        agents.insert(world.store, Agent(name, name, None, STREAM_URL, None, THEN, THEN))
    world.user("user_...", "+34600000002", "America/New_York")
    return world


def book_it(world: World, text: str) -> Schedule:
    schedule, _ = book.add(world.desk, body.read(json.loads(text)), created_by="test")
    return schedule


@pytest.mark.parametrize(
    ("text", "next_run_at"),
    [
        (guides.GUIDE_A_WEEKLY, "2024-01-17T08:30:00Z"),
        (guides.GUIDE_B_SINGLE, "2024-02-01T19:30:00Z"),
        (guides.GUIDE_B_RECURRING, "2024-01-15T14:00:00Z"),
        (guides.GUIDE_B_ADVANCED, "2024-02-01T19:30:00Z"),
        (guides.GUIDE_B_RETRIES, "2024-02-01T19:30:00Z"),
        (guides.GUIDE_B_WEBHOOK, "2024-02-01T19:30:00Z"),
        (guides.GUIDE_B_CONVERTED, "2024-02-01T22:30:00Z"),
        (guides.GUIDE_B_FOREVER, "2024-02-29T15:00:00Z"),
    ],
    ids=list(guides.NEW),
)
def test_every_body_of_the_guides_is_booked(in_the_guides: World, text: str, next_run_at: str) -> None:
    booked = book_it(in_the_guides, text)
    said = json.loads(text)
    shown = shapes.schedule(booked, in_the_guides.desk.settings())
    assert maybe_text(booked.next_run_at) == next_run_at
    for name in said.keys() & shown.keys():
        assert shown[name] == said[name], name


def test_the_retry_policy_of_a_body_is_what_the_guide_says(in_the_guides: World) -> None:
    policy = book_it(in_the_guides, guides.GUIDE_B_RETRIES).retry
    assert (policy.max_attempts, policy.delay.total_seconds(), policy.backoff) == (4, 300, Backoff.EXPONENTIAL)
    assert policy.retry_on == {Outcome.TIMEOUT, Outcome.NO_ANSWER, Outcome.BUSY}


def test_the_body_of_a_change_changes_what_it_has_and_nothing_else(in_the_guides: World) -> None:
    before = book_it(in_the_guides, guides.GUIDE_B_ADVANCED)
    change = body.read(json.loads(guides.GUIDE_B_UPDATE), change=True)
    _, after = book.edit(in_the_guides.desk, before.id, change)
    assert maybe_text(after.next_run_at) == "2024-02-02T15:00:00Z"
    assert after.customer_context == {**before.customer_context, "notes": "Updated context"}
    assert after.retry == before.retry
    assert after.name == before.name


def test_a_null_in_a_change_unsets_its_field(in_the_guides: World) -> None:
    before = book_it(in_the_guides, guides.GUIDE_B_RECURRING)
    _, after = book.edit(in_the_guides.desk, before.id, body.read({"max_occurrences": None}, change=True))
    assert (before.max_occurrences, after.max_occurrences) == (12, None)
    assert after.next_run_at == before.next_run_at


def test_a_null_empties_context_and_metadata_and_what_comes_with_it_takes_their_place(in_the_guides: World) -> None:
    before = book_it(in_the_guides, guides.GUIDE_B_ADVANCED)
    assert before.customer_context and before.metadata
    change = body.read({"customer_context": None, "metadata": None}, change=True)
    _, after = book.edit(in_the_guides.desk, before.id, change)
    assert (after.customer_context, after.metadata) == ({}, {})


@pytest.mark.parametrize(
    "name",
    ["agent_id", "max_attempts", "retry_delay_seconds", "retry_policy", "retry_on", "backoff", "priority", "enabled"],
)
def test_what_is_always_set_cannot_be_unset(name: str) -> None:
    with pytest.raises(InvalidInput, match=f"{name} null: it cannot be unset"):
        body.read({name: None}, change=True)
    body.read({name: None, "phone_number": "+34600000001", "cron_expression": "0 9 * * MON"})


def test_enabled_false_pauses_and_enabled_true_resumes(in_the_guides: World) -> None:
    before = book_it(in_the_guides, guides.GUIDE_B_RECURRING)
    _, paused = book.edit(in_the_guides.desk, before.id, body.read({"enabled": False}, change=True))
    _, again = book.edit(in_the_guides.desk, before.id, body.read({"enabled": True}, change=True))
    assert (paused.status, again.status) == ("paused", "active")


def test_what_hyp_prints_of_a_schedule_books_the_same_one(in_the_guides: World) -> None:
    world = in_the_guides
    world.set("timezone", "Asia/Tokyo")
    world.set("calling_window", "09:00-21:00")
    world.user("bo", "+34600000003", None, "10:00:00")
    when: list[dict[str, Any]] = [
        {"weekdays": "1-5"},
        {"weekdays": "mon", "at": "07:00"},
        {"cron": "*/5 * * * *"},
        {"at": "2024-03-01T10:00Z"},
    ]
    for words in when:
        booked = world.add(words, "bo", on_doubt="redial-after 5m", paused=True, metadata={"a": [1]}, max_attempts=2)
        printed = json.loads(shapes.document(shapes.schedule(booked, world.desk.settings())))
        again, _ = book.add(world.desk, body.read(printed), created_by="test")
        assert replace(again, id=booked.id) == booked


# body | what the message must say
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"phone_nmber": "+1"}, "unknown field 'phone_nmber'; did you mean phone_number?"),
        ({"retry_policy": {"max_retry": 1}}, "unknown field of retry_policy 'max_retry'; did you mean max_retries?"),
        ({"name": 7}, "name 7 must be a text"),
        ({"max_attempts": "3"}, "max_attempts '3' must be a whole number"),
        ({"max_attempts": 2.5}, "max_attempts 2.5 must be a whole number"),
        ({"max_attempts": True}, "max_attempts True must be a whole number"),
        ({"single_shot": "no"}, "single_shot 'no' must be true or false"),
        ({"weekdays": [1.5]}, "weekdays [1.5] must be a list of ISO weekdays"),
        ({"weekdays": [True]}, "weekdays [True] must be a list of ISO weekdays"),
        ({"webhook_events": "started"}, "webhook_events 'started' must be a list of words"),
        ({"customer_context": [1]}, "customer_context [1] is not a JSON object"),
        ({"retry_delay_seconds": -1}, "retry_delay_seconds -1 must be 0 or more"),
        ({"single_shot": True, "weekdays": [1]}, "single_shot true and weekdays contradict"),
        ({"single_shot": False, "run_at": "2026-03-01T09:00:00Z"}, "single_shot false and run_at contradict"),
        ({"cron_expression": "0 9 * * *", "run_at": "2026-03-01"}, "cron_expression and run_at cannot be used"),
        ({"run_at": "2026-03-01", "scheduled_time": "2026-03-01"}, "run_at and scheduled_time cannot be used"),
        ({"run_at": "2026-03-01T09:00", "timezone": "Europe/Madrid"}, "could be UTC or on the clocks of"),
        ({"enabled": True, "status": "paused"}, "enabled true and status 'paused' contradict"),
        ({"status": "completed"}, "status 'completed'"),
        ({"retry_delay_seconds": 60, "retry_policy": {"retry_delay": 30}}, "disagree"),
        ({"name": "a\0b"}, "holds a NUL"),
        ({"name": "\ud800"}, "holds half a character"),
        ([], "[] is not a JSON object"),
    ],
)  # fmt: skip
def test_a_body_that_cannot_be_meant_is_refused_by_the_name_of_its_field(given: Any, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        body.read(given)
    assert message in f"{caught.value.message}; {caught.value.hint}"


def test_a_naive_run_at_is_utc_and_a_naive_scheduled_time_is_on_the_wall() -> None:
    assert body.read({"run_at": "2026-12-01T14:30:00"}).when.at == "2026-12-01T14:30:00Z"
    assert body.read({"scheduled_time": "2026-12-01T14:30:00"}).when.at == "2026-12-01T14:30:00"


def test_what_is_laid_over_wins_and_keeps_the_rest() -> None:
    lower = Request(to="+1", when=WhenWords(weekdays="1", at="09:30"), max_retries=2, context={"a": 1, "b": 1})
    upper = Request(user="ana", when=WhenWords(at="10:00"), max_attempts=2, context={"b": 2})
    both = laid_over(upper, lower)
    assert (both.user, both.to, both.when.weekdays, both.when.at) == ("ana", None, "1", "10:00")
    assert (both.max_attempts, both.max_retries, both.context) == (2, None, {"a": 1, "b": 2})
    assert laid_over(Request(when=WhenWords(cron="0 9 * * *")), lower).when == WhenWords(cron="0 9 * * *")
    assert laid_over(Request(when=WhenWords(at="2026-12-01 14:30")), lower).when.weekdays is None
    assert laid_over(Request(), lower) == lower
