"""A carrier that refuses an account, or a number, is left alone for a while: by every pass, and by every process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from hyponema_cli.carriers.base import CarrierError, NotSent, PlaceCall, Rejected, Throttled
from hyponema_cli.core.call import CallState
from hyponema_cli.core.errors import HypError, MissingCredentials, Unavailable, Unusable
from hyponema_cli.engine.check import check
from hyponema_cli.engine.record import LONGEST_BACK_OFF
from hyponema_cli.engine.tick import tick
from hyponema_cli.engine.why import why
from hyponema_cli.store import holds
from tests.world import MONDAY, Phones, World

SECOND = timedelta(seconds=1)
NUMBER, SECOND_NUMBER = "+15005550006", "+15005550007"


@pytest.fixture
def twilio(world: World) -> Phones:
    """An account with one number, of agent-2, in a workspace that is armed."""
    world.set("live", "true")
    return world.account("twilio", NUMBER, "agent-2")


def raising(error: Exception) -> Callable[[PlaceCall], CallState]:
    def answer(call: PlaceCall) -> CallState:
        raise error

    return answer


def refusing(number: str, error: Exception) -> Callable[[PlaceCall], CallState]:
    """Refuse the calls that show this number, and take the others."""

    def answer(call: PlaceCall) -> CallState:
        if call.from_number == number:
            raise error
        return CallState.COMPLETED

    return answer


def well(call: PlaceCall) -> CallState:
    return CallState.COMPLETED


def book_list(world: World, count: int, agent: str = "agent-2", **fields: object) -> None:
    for index in range(count):
        world.add({"at": "now"}, to=f"+346001000{index:02}", agent=agent, **fields)


def in_force(world: World) -> list[tuple[str, str | None, str, timedelta]]:
    """Return each hold, and for how much longer it is in force."""
    now = world.clock.now()
    return [(it.account, it.from_number, it.problem, it.until - now) for it in holds.in_force(world.store, now)]


def pass_by_pass(world: World, end: datetime, every: timedelta = timedelta(seconds=10)) -> None:
    """Let two processes make their passes in turn."""
    other = world.another_desk()
    while world.clock.now() < end:
        world.clock.set(min(world.clock.now() + every, end))
        tick(world.desk)
        tick(other)


def trail(world: World) -> list[tuple[str, str | None]]:
    rows = world.store.execute("select name, reason from events where name like 'carrier.%' order by rowid")
    return [(name, reason) for name, reason in rows]


REFUSED = Rejected("Authenticate (HTTP 401, error 20003)", "account", "20003")
NOT_OURS = Rejected("not yet verified (HTTP 400, error 21210)", "sender", "21210")


def test_a_refused_account_costs_a_list_of_fifty_one_request_across_passes_and_processes(
    world: World, twilio: Phones
) -> None:
    twilio.answer = raising(REFUSED)
    book_list(world, 50)
    pass_by_pass(world, MONDAY + LONGEST_BACK_OFF - SECOND)
    assert len(twilio.placed) == 1
    assert {status for status, _ in world.statuses()} == {"pending"}
    assert {reason for _, reason in world.statuses()} == {"carrier_held", "account_refused"}


def test_a_refused_account_holds_no_other_account(world: World, twilio: Phones) -> None:
    twilio.answer = raising(REFUSED)
    eu = world.account("twilio:eu", "+15005550009", "agent-3")
    book_list(world, 5)
    for index in range(5):
        world.add({"at": "now"}, to=f"+346002000{index:02}", agent="agent-3")
        world.add({"at": "now"}, to=f"+346003000{index:02}", agent="agent-1")
    pass_by_pass(world, MONDAY + timedelta(minutes=1))
    assert (len(twilio.placed), len(eu.placed), len(world.phones.placed)) == (1, 5, 5)


def test_a_refused_account_loses_no_call_and_uses_up_no_attempt(world: World, twilio: Phones) -> None:
    twilio.answer = raising(REFUSED)
    book_list(world, 20, catch_up_window="1h")
    pass_by_pass(world, MONDAY + timedelta(minutes=2))
    twilio.answer = well
    world.run_until(MONDAY + timedelta(minutes=10), every=timedelta(seconds=10))
    assert world.statuses() == [("completed", "answered")] * 20
    assert {each.attempts for each in world.history()} == {1}
    assert len(twilio.placed) == 21


def test_a_hold_ends_by_itself_and_one_request_finds_out_whether_it_is_over(world: World, twilio: Phones) -> None:
    twilio.answer = raising(REFUSED)
    book_list(world, 20, catch_up_window="2h")
    world.tick(MONDAY + SECOND)
    assert in_force(world) == [("twilio", None, f"account_refused: {REFUSED}", LONGEST_BACK_OFF)]
    for round_ in range(2, 7):
        pass_by_pass(world, MONDAY + SECOND + LONGEST_BACK_OFF * (round_ - 1) - SECOND)
        assert len(twilio.placed) == round_ - 1
        pass_by_pass(world, world.clock.now() + timedelta(seconds=20))
        assert len(twilio.placed) == round_


def test_those_who_waited_too_long_for_a_hold_are_missed_and_it_says_why(world: World, twilio: Phones) -> None:
    twilio.answer = raising(REFUSED)
    book_list(world, 3, catch_up_window="2m")
    pass_by_pass(world, MONDAY + timedelta(minutes=3))
    assert world.statuses() == [("missed", "too_late")] * 3
    first, *others = world.history()
    assert [(each.reason, each.error) for each in first.calls] == [("account_refused", str(REFUSED))]
    for each in others:
        (in_time,) = [gate for gate in each.gates if gate["gate"] == "in_time"]
        assert "after waiting for carrier_held" in in_time["datum"]


def test_a_refused_number_holds_that_number_only(world: World, twilio: Phones) -> None:
    twilio.answer = refusing(NUMBER, NOT_OURS)
    world.account("other", SECOND_NUMBER, "agent-3")
    world.store.execute("update numbers set carrier = 'twilio' where phone_number = ?", (SECOND_NUMBER,))
    book_list(world, 10)
    for index in range(10):
        world.add({"at": "now"}, to=f"+346002000{index:02}", agent="agent-3")
    pass_by_pass(world, MONDAY + LONGEST_BACK_OFF - SECOND)
    shown = [call.from_number for call in twilio.placed]
    assert (shown.count(NUMBER), shown.count(SECOND_NUMBER)) == (1, 10)
    (hold,) = holds.in_force(world.store, world.clock.now())
    assert (hold.account, hold.from_number) == ("twilio", NUMBER)


def test_an_account_that_says_when_to_come_back_is_left_alone_until_then_and_not_longer(
    world: World, twilio: Phones
) -> None:
    twilio.answer = raising(Throttled("429", timedelta(seconds=90)))
    book_list(world, 20)
    world.tick(MONDAY)
    assert in_force(world) == [("twilio", None, "throttled: 429", timedelta(seconds=90))]
    twilio.answer = well
    pass_by_pass(world, MONDAY + timedelta(seconds=89))
    assert len(twilio.placed) == 1
    pass_by_pass(world, MONDAY + timedelta(seconds=91), every=SECOND)
    assert len(twilio.placed) == 21


@pytest.mark.parametrize("wait", [timedelta(0), timedelta(seconds=-5), timedelta(milliseconds=1), 5 * SECOND])
def test_no_wait_is_shorter_than_the_shortest_back_off(world: World, twilio: Phones, wait: timedelta) -> None:
    twilio.answer = raising(Throttled("429", wait))
    book_list(world, 5)
    pass_by_pass(world, MONDAY + 4 * SECOND, every=SECOND)
    assert len(twilio.placed) == 1


@pytest.mark.parametrize("wait", [timedelta(days=2), timedelta(days=1, seconds=1), timedelta(weeks=1)])
def test_an_account_that_asks_for_more_than_a_day_is_not_asked_again_at_once(
    world: World, twilio: Phones, wait: timedelta
) -> None:
    twilio.answer = raising(Throttled("429", wait))
    book_list(world, 5)
    pass_by_pass(world, MONDAY + timedelta(minutes=2))
    assert len(twilio.placed) == 1


def test_too_many_without_a_time_is_one_calls_matter(world: World, twilio: Phones) -> None:
    sent: list[str] = []

    def answer(call: PlaceCall) -> CallState:
        sent.append(call.to_number)
        if len(sent) == 1:
            raise Throttled("429")
        return CallState.COMPLETED

    twilio.answer = answer
    book_list(world, 5)
    world.tick(MONDAY)
    assert len(sent) == 5
    assert holds.in_force(world.store, MONDAY) == []
    world.tick(MONDAY + 5 * SECOND)
    assert sent[5] == sent[0]


def test_a_carrier_that_cannot_be_reached_is_no_hold_but_one_request_a_pass(world: World, twilio: Phones) -> None:
    twilio.answer = raising(NotSent("it refuses the connection"))
    book_list(world, 30)
    world.tick(MONDAY)
    assert len(twilio.placed) == 1
    assert holds.in_force(world.store, MONDAY) == []


def test_a_good_check_lifts_the_hold_and_the_waiting_calls_go_out(world: World, twilio: Phones) -> None:
    twilio.answer = raising(REFUSED)
    book_list(world, 20)
    world.tick(MONDAY)
    twilio.answer = well
    world.tick(MONDAY + 20 * SECOND)
    assert len(twilio.placed) == 1
    assert check(world.another_desk(), "twilio") == "well"
    assert holds.in_force(world.store, world.clock.now()) == []
    world.tick(MONDAY + 21 * SECOND)
    assert len(twilio.placed) == 21


def test_a_good_check_lifts_the_hold_on_a_number_too(world: World, twilio: Phones) -> None:
    twilio.answer = raising(NOT_OURS)
    book_list(world, 3)
    world.tick(MONDAY)
    twilio.answer = well
    check(world.desk, "twilio")
    world.tick(MONDAY + SECOND)
    assert len(twilio.placed) == 4


def test_a_good_check_of_one_account_lifts_no_hold_of_another(world: World, twilio: Phones) -> None:
    world.account("twilio:eu", "+15005550009", "agent-3")
    twilio.answer = raising(REFUSED)
    book_list(world, 3)
    world.tick(MONDAY)
    check(world.desk, "twilio:eu")
    world.tick(MONDAY + SECOND)
    assert len(twilio.placed) == 1
    assert [account for account, *_ in in_force(world)] == ["twilio"]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (REFUSED, MissingCredentials),
        (NOT_OURS, MissingCredentials),
        (NotSent("it refuses the connection"), Unavailable),
        (Throttled("429", 9 * SECOND), Unavailable),
        (CarrierError("its answer cannot be read"), Unavailable),
        (ZeroDivisionError("a bug"), Unusable),
    ],
)
def test_a_bad_check_lifts_nothing_and_says_what_is_wrong(
    world: World, twilio: Phones, monkeypatch: pytest.MonkeyPatch, error: Exception, kind: type[HypError]
) -> None:
    twilio.answer = raising(REFUSED)
    book_list(world, 3)
    world.tick(MONDAY)
    before = in_force(world)

    def fails() -> str:
        raise error

    monkeypatch.setattr(twilio, "check", fails)
    with pytest.raises(kind) as raised:
        check(world.desk, "twilio")
    assert str(error) in raised.value.message
    assert raised.value.hint
    assert in_force(world) == before
    world.tick(MONDAY + SECOND)
    assert len(twilio.placed) == 1


def test_a_check_places_no_call(world: World, twilio: Phones) -> None:
    check(world.desk, "twilio")
    assert twilio.placed == []
    assert trail(world) == []


def test_why_and_the_trail_name_the_hold_its_reason_and_its_end(world: World, twilio: Phones) -> None:
    twilio.answer = raising(REFUSED)
    first = world.add({"at": "now"}, agent="agent-2")
    second = world.add({"at": "now"}, to="+34600000002", agent="agent-2")
    world.tick(MONDAY)
    for schedule in (second, first):
        (because,) = why(world.desk, schedule.id, None)
        assert because.verdict == "wait"
        (gate,) = [each for each in because.gates if each["verdict"] != "pass"]
        assert (gate["gate"], gate["reason"]) == ("carrier_live", "carrier_held")
        assert "error 20003" in gate["datum"]
        assert "hyp carriers check twilio" in gate["remedy"]
        assert (gate["source"], gate["until"]) == ("carrier twilio", "2026-03-02T08:05:00Z")
    assert trail(world) == [
        ("carrier.held", f"account until 2026-03-02T08:05:00Z: account_refused: {REFUSED}"),
    ]
    check(world.desk, "twilio")
    assert [name for name, _ in trail(world)] == ["carrier.held", "carrier.released"]


def test_the_trail_names_a_held_number_without_showing_it_whole(world: World, twilio: Phones) -> None:
    twilio.answer = raising(NOT_OURS)
    book_list(world, 1)
    world.tick(MONDAY)
    ((name, reason),) = trail(world)
    assert name == "carrier.held"
    assert reason is not None
    assert reason.startswith("+150…006 until 2026-03-02T08:05:00Z: sender_refused: not yet verified")


def test_a_held_call_that_gets_another_caller_id_goes_out(world: World, twilio: Phones) -> None:
    """The hold is the number's: with a number that is not held, nothing stands in the way."""
    twilio.answer = refusing(NUMBER, NOT_OURS)
    book_list(world, 1)
    world.tick(MONDAY)
    world.store.execute("update numbers set agent_id = null, attached_at = null where phone_number = ?", (NUMBER,))
    world.number(SECOND_NUMBER, "twilio", "agent-2")
    world.run_until(MONDAY + LONGEST_BACK_OFF + timedelta(minutes=1), every=timedelta(seconds=10))
    assert [call.from_number for call in twilio.placed] == [NUMBER, SECOND_NUMBER]


def test_the_longer_of_two_holds_stays(world: World) -> None:
    now = world.clock.now()
    holds.put(world.store, holds.Hold("twilio", None, "first", now + 90 * SECOND), now)
    holds.put(world.store, holds.Hold("twilio", None, "shorter", now + 5 * SECOND), now)
    assert in_force(world) == [("twilio", None, "first", 90 * SECOND)]
    holds.put(world.store, holds.Hold("twilio", None, "longer", now + 120 * SECOND), now)
    assert in_force(world) == [("twilio", None, "longer", 120 * SECOND)]


def test_a_hold_that_is_over_makes_room_for_a_shorter_one(world: World) -> None:
    now = world.clock.now()
    holds.put(world.store, holds.Hold("twilio", None, "first", now + 90 * SECOND), now)
    world.clock.set(now + 90 * SECOND)
    assert in_force(world) == []
    holds.put(world.store, holds.Hold("twilio", None, "second", now + 95 * SECOND), now)
    assert in_force(world) == [("twilio", None, "second", 5 * SECOND)]


def test_a_clock_that_was_put_back_does_not_make_a_hold_last_for_ever(world: World, twilio: Phones) -> None:
    """A hold is at most a day long when it is made; one that ends later than that means nothing any more."""
    world.clock.set(MONDAY + timedelta(days=300))
    twilio.answer = raising(REFUSED)
    book_list(world, 1)
    world.tick()
    twilio.answer = well
    world.clock.set(MONDAY)
    world.add({"at": "now"}, to="+34600200001", agent="agent-2")
    world.tick(MONDAY + SECOND)
    assert [call.to_number for call in twilio.placed][1:] == ["+34600200001"]


def test_two_calls_refused_in_one_batch_are_one_hold_and_the_rest_is_put_back_unsent(
    world: World, twilio: Phones
) -> None:
    """Intents share a commit once the carrier has proved quick; the refusal may come in the middle of many."""

    def answer(call: PlaceCall) -> CallState:
        if len(twilio.placed) > 10:
            raise REFUSED
        return CallState.COMPLETED

    twilio.answer = answer
    book_list(world, 50)
    world.tick(MONDAY)
    assert len(twilio.placed) == 11
    twilio.answer = well
    check(world.desk, "twilio")
    pass_by_pass(world, MONDAY + timedelta(minutes=2), every=SECOND)
    assert sorted({call.to_number for call in twilio.placed}) == [f"+346001000{index:02}" for index in range(50)]
    assert len(twilio.placed) == 51


def test_a_manual_run_waits_for_the_hold_as_well(world: World, twilio: Phones) -> None:
    from hyponema_cli.engine import book

    twilio.answer = raising(REFUSED)
    book_list(world, 1)
    world.tick(MONDAY)
    later = world.add({"delay": "1h"}, to="+34600000009", agent="agent-2")
    book.run_now(world.desk, later.id)
    world.tick(MONDAY + SECOND)
    assert len(twilio.placed) == 1
