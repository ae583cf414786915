"""Whatever becomes of a request to Twilio, the ledger says what is known of it, and nobody is dialled twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

import pytest

from hyponema_cli.carriers.twilio import TwilioCarrier
from hyponema_cli.carriers.twilio_account import Account
from hyponema_cli.http_once import Limits
from tests.twilio_network import (
    BROKEN_JSON,
    DROP_AFTER_ACCEPT,
    EMPTY_201,
    HALF_BODY,
    HANG,
    HANG_WITHOUT_CALL,
    NO_SID_201,
    REDIRECT_302,
    REDIRECT_307,
    RESET_AFTER_ACCEPT,
    Fault,
    TwilioNetwork,
    error_after_accept,
    error_without_call,
    html_error,
    refused,
    slow_headers,
    throttled,
)
from tests.world import MONDAY, World

SECOND = timedelta(seconds=1)


class Line(NamedTuple):
    """What a call and its execution are, and why, after one pass."""

    call: str
    call_reason: str
    execution: str


class Case(NamedTuple):
    """A fault, what stands in the ledger after it, and what becomes of the execution in the end."""

    fault: Fault
    after: Line
    end: str


WAITS = "pending"
DOUBT = Line("in_doubt", "no_clean_answer", "in_doubt")

CASES = [
    Case(throttled(7), Line("not_placed", "throttled", WAITS), "completed"),
    Case(throttled(None), Line("not_placed", "throttled", WAITS), "completed"),
    Case(refused(400, 10004, "too many calls"), Line("not_placed", "throttled", WAITS), "completed"),
    Case(refused(401, 20003, "Authenticate"), Line("not_placed", "account_refused", WAITS), "completed"),
    Case(refused(401, 20005, "suspended"), Line("not_placed", "account_refused", WAITS), "completed"),
    Case(refused(403, 20008, "test account"), Line("not_placed", "account_refused", WAITS), "completed"),
    Case(refused(404, 20404, "no such account"), Line("not_placed", "account_refused", WAITS), "completed"),
    Case(html_error(403), Line("not_placed", "account_refused", WAITS), "completed"),
    Case(refused(400, 21210, "From"), Line("not_placed", "sender_refused", WAITS), "completed"),
    Case(refused(400, 21212, "From"), Line("not_placed", "sender_refused", WAITS), "completed"),
    Case(refused(400, 21213, "From"), Line("not_placed", "sender_refused", WAITS), "completed"),
    Case(refused(400, 573002, "From"), Line("not_placed", "sender_refused", WAITS), "completed"),
    *(
        Case(refused(400, code, "no"), Line("rejected", str(code), "failed"), "failed")
        for code in (
            21201,
            21205,
            21206,
            21208,
            21209,
            21218,
            21211,
            21214,
            21215,
            21216,
            21217,
            21219,
            573005,
            99999,
        )
    ),
    Case(html_error(418), Line("rejected", "418", "failed"), "failed"),
    *(Case(error_after_accept(status), DOUBT, "completed") for status in (500, 502, 503, 504)),
    *(Case(error_after_accept(status, html=True), DOUBT, "completed") for status in (500, 503)),
    Case(error_without_call(500), DOUBT, "in_doubt"),
    Case(html_error(408), DOUBT, "in_doubt"),
    *(
        Case(fault, DOUBT, "completed")
        for fault in (
            DROP_AFTER_ACCEPT,
            RESET_AFTER_ACCEPT,
            HANG,
            HALF_BODY,
            BROKEN_JSON,
            EMPTY_201,
            NO_SID_201,
            slow_headers(30, 0.2),
        )
    ),
    *(Case(fault, DOUBT, "in_doubt") for fault in (HANG_WITHOUT_CALL, REDIRECT_302, REDIRECT_307)),
]


@pytest.fixture
def twilio(world: World) -> Iterator[TwilioNetwork]:
    with TwilioNetwork(clock=lambda: world.clock.now().timestamp(), talk_seconds=10) as network:
        account = Account("twilio", network.account, network.account, network.token, network.base_url)
        limits = Limits(connect=1, read=0.4, answer=0.6)
        world.accounts["twilio"] = TwilioCarrier(account, world.clock, limits)  # type: ignore[assignment]
        world.store.execute("update numbers set carrier = 'twilio'")
        world.set("live", "true")
        yield network


def line_of(world: World) -> Line:
    (execution,) = world.history()
    call = execution.calls[-1]
    return Line(call.status, call.reason or "", execution.status)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.fault.name)
def test_each_fault_leads_to_its_state_and_one_request_an_attempt(
    world: World, twilio: TwilioNetwork, case: Case
) -> None:
    twilio.fail(case.fault)
    world.add({"at": "now"})
    world.tick()
    assert line_of(world) == case.after
    assert len(twilio.creates) == 1
    world.run_until(MONDAY + timedelta(minutes=6), every=5 * SECOND)
    (execution,) = world.history()
    assert execution.status == case.end
    assert len(twilio.creates) == (2 if case.after.execution == WAITS else 1)
    assert len(twilio.calls) == (case.end == "completed")


def test_nothing_listening_is_not_sent_and_is_tried_again(world: World, twilio: TwilioNetwork) -> None:
    twilio.close()
    world.add({"at": "now"})
    world.tick()
    assert line_of(world) == Line("not_placed", "not_sent", WAITS)
    twilio.start()
    world.run_until(MONDAY + timedelta(minutes=1), every=5 * SECOND)
    assert line_of(world)[2] == "completed"
    assert len(twilio.creates) == 1


def test_a_call_that_twilio_keeps_queued_past_its_time_is_canceled_there(world: World, twilio: TwilioNetwork) -> None:
    twilio.fates["+34600000001"] = "stays-queued"
    world.add({"at": "now"}, catch_up_window="1m")
    world.run_until(MONDAY + timedelta(minutes=2), every=5 * SECOND)
    assert line_of(world) == Line("canceled", "queued_past_deadline", "missed")
    assert twilio.calls[0].status(world.clock.now().timestamp()) == "canceled"


def test_a_call_that_never_ends_is_closed_with_a_reason(world: World, twilio: TwilioNetwork) -> None:
    twilio.fates["+34600000001"] = "never-ends"
    world.add({"at": "now"}, max_attempts=3)
    world.run_until(MONDAY + timedelta(minutes=5), every=10 * SECOND)
    world.run_until(MONDAY + timedelta(hours=50), every=timedelta(hours=1))
    assert line_of(world) == Line("failed", "end_never_told", "failed")
    assert len(twilio.creates) == 1


def test_many_calls_are_followed_by_one_list(world: World, twilio: TwilioNetwork) -> None:
    world.set("pace", "100")
    for last in range(20):
        world.add({"at": "now"}, to=f"+346000001{last:02}")
    world.tick()
    assert len(twilio.creates) == 20
    world.tick(MONDAY + 2 * SECOND)
    assert twilio.counts["list"] == 1
    assert twilio.counts["fetch"] == 0


@pytest.mark.parametrize(("fate", "outcome"), [("machine", "voicemail"), ("fax", "voicemail"), ("busy", "busy")])
def test_what_answered_decides_whether_it_is_tried_again(
    world: World, twilio: TwilioNetwork, fate: str, outcome: str
) -> None:
    twilio.fates["+34600000001"] = fate
    world.store.execute("update agents set machine_detection = 'on'")
    world.add({"at": "now"}, max_attempts=2, retry_delay="1m", retry_on=["voicemail", "busy"])
    world.run_until(MONDAY + timedelta(seconds=30), every=5 * SECOND)
    (execution,) = world.history()
    assert (execution.status, execution.reason) == ("waiting_retry", outcome)
    world.run_until(MONDAY + timedelta(minutes=3), every=5 * SECOND)
    assert len(twilio.creates) == 2
    assert world.history()[0].status == "exhausted"


def test_a_price_that_comes_later_is_kept(world: World, twilio: TwilioNetwork) -> None:
    world.add({"at": "now"})
    world.run_until(MONDAY + timedelta(minutes=3), every=5 * SECOND)
    (execution,) = world.history()
    assert execution.calls[0].price == "0.01300"
    assert execution.calls[0].currency == "USD"
    assert world.store.next_work_at() is None


def test_calls_carry_the_address_of_the_setting_each_with_its_own_id(world: World, twilio: TwilioNetwork) -> None:
    world.set("callback_url", "https://calls.example.org")
    world.add({"at": "now"})
    world.tick()
    (execution,) = world.history()
    assert [form["StatusCallback"] for form in twilio.creates] == [
        f"https://calls.example.org/callbacks/twilio?call_id={execution.calls[0].id}"
    ]
