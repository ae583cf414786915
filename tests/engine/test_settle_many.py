"""Many calls in flight are asked about together; what each cost is asked for later, and not for ever."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from hyponema_cli.carriers.base import CallView, Capabilities, CarrierError, NotFound, Throttled
from hyponema_cli.core.call import CallState
from hyponema_cli.engine.settle import CALLS_A_TRANSACTION, CLOCK_SKEW, PRICE_LOOKS
from hyponema_cli.engine.tick import tick
from tests.world import MONDAY, Phones, World

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@dataclass
class Exchange(Phones):
    """A carrier that can list many calls, and that tells a price."""

    lists: list[list[str]] = field(default_factory=list)
    """The ids of each list that was asked for."""
    sinces: list[datetime] = field(default_factory=list)
    fetches: list[str] = field(default_factory=list)
    left_out: set[str] = field(default_factory=set)
    list_error: Exception | None = None
    fetch_error: Exception | None = None
    price: Decimal | None = None
    currency: str | None = "USD"
    tells_price: bool = False

    def capabilities(self) -> Capabilities:
        return Capabilities("history", self.calls_per_second, tells_price=self.tells_price)

    def fetch_calls(self, carrier_call_ids: Sequence[str], /, *, since: datetime) -> Sequence[CallView]:
        self.lists.append(list(carrier_call_ids))
        self.sinces.append(since)
        if self.list_error is not None:
            raise self.list_error
        return [self.priced(each) for each in carrier_call_ids if each not in self.left_out]

    def fetch_call(self, carrier_call_id: str, /) -> CallView:
        self.fetches.append(carrier_call_id)
        if self.fetch_error is not None:
            raise self.fetch_error
        return self.priced(carrier_call_id)

    def priced(self, carrier_call_id: str) -> CallView:
        view = self._view(carrier_call_id)
        over = view.state is CallState.COMPLETED and self.price is not None
        return replace(view, price=self.price, currency=self.currency) if over else view

    def forget_questions(self) -> None:
        self.lists.clear()
        self.sinces.clear()
        self.fetches.clear()


@pytest.fixture
def exchange(world: World) -> Exchange:
    world.phones = Exchange(world.clock, lasts=MINUTE)
    return world.phones


def dial(world: World, count: int, first: int = 0, agent: str = "agent-1") -> None:
    """Place so many calls; each is asked about a second later."""
    for index in range(first, first + count):
        world.add({"at": "now"}, to=f"+3460010{index:04}", agent=agent)
    world.tick()


def prices(world: World) -> list[tuple[str | None, str | None]]:
    return [tuple(row) for row in world.store.execute("select price, currency from calls order by id")]


# -- Many at once


@pytest.mark.parametrize(("count", "lists", "fetches"), [(1, 0, 1), (3, 0, 3), (4, 1, 0), (50, 1, 0)])
def test_from_four_calls_of_an_account_on_one_list_takes_the_place_of_single_questions(
    world: World, exchange: Exchange, count: int, lists: int, fetches: int
) -> None:
    dial(world, count)
    world.tick(MONDAY + 2 * SECOND)
    assert (len(exchange.lists), len(exchange.fetches)) == (lists, fetches)
    states = world.store.execute("select distinct status from calls").fetchall()
    assert states == [("ringing",)]


def test_a_list_says_since_when_the_calls_were_made_with_room_for_clocks_that_differ(
    world: World, exchange: Exchange
) -> None:
    dial(world, 3)
    world.clock.set(MONDAY + 10 * SECOND)
    dial(world, 3, first=3)
    exchange.forget_questions()
    world.tick(MONDAY + 90 * SECOND)
    assert exchange.sinces == [MONDAY - CLOCK_SKEW]
    assert len(exchange.lists[0]) == 6


def test_each_account_is_asked_about_its_own_calls(world: World, exchange: Exchange) -> None:
    world.set("live", "true")
    twilio = world.accounts["twilio"] = Exchange(world.clock, lasts=MINUTE)
    world.account("eu", "+15005550009", "agent-2")
    world.accounts["eu"] = eu = Exchange(world.clock, lasts=MINUTE)
    for index in range(5):
        world.add({"at": "now"}, to=f"+3460020{index:04}", agent="agent-2")
    dial(world, 3)
    world.tick(MONDAY + 2 * SECOND)
    assert (len(eu.lists), len(eu.fetches)) == (1, 0)
    assert (len(exchange.lists), len(exchange.fetches)) == (0, 3)
    assert twilio.placed == []


def test_those_that_a_list_leaves_out_are_asked_about_one_by_one(world: World, exchange: Exchange) -> None:
    dial(world, 10)
    exchange.left_out = {"T3", "T7"}
    world.tick(MONDAY + 2 * MINUTE)
    assert len(exchange.lists) == 1
    assert sorted(exchange.fetches) == ["T3", "T7"]
    assert world.statuses() == [("completed", "answered")] * 10


def test_a_call_that_neither_the_list_nor_the_carrier_knows_is_asked_about_again(
    world: World, exchange: Exchange
) -> None:
    dial(world, 5)
    exchange.left_out = {"T3"}
    exchange.fetch_error = NotFound("T3")
    world.tick(MONDAY + 2 * MINUTE)
    assert exchange.fetches == ["T3"]
    live = world.store.execute("select carrier_call_id from calls where finished_at is null").fetchall()
    assert live == [("T3",)]
    exchange.fetch_error = None
    world.run_until(MONDAY + 5 * MINUTE)
    assert world.statuses() == [("completed", "answered")] * 5


@pytest.mark.parametrize(
    "error", [CarrierError("503"), Throttled("429", 9 * SECOND), NotFound("?"), TypeError(), ZeroDivisionError()]
)
def test_a_list_that_fails_silences_the_account_for_this_pass_and_loses_nothing(
    world: World, exchange: Exchange, error: Exception
) -> None:
    dial(world, 10)
    exchange.list_error = error
    world.tick(MONDAY + 2 * MINUTE)
    assert (len(exchange.lists), exchange.fetches) == (1, [])
    assert world.store.execute("select count(*) from calls where finished_at is null").fetchone() == (10,)
    exchange.list_error = None
    world.run_until(MONDAY + 6 * MINUTE)
    assert world.statuses() == [("completed", "answered")] * 10


def test_a_list_that_fails_silences_no_other_account(world: World, exchange: Exchange) -> None:
    world.set("live", "true")
    world.account("eu", "+15005550009", "agent-2")
    world.accounts["eu"] = eu = Exchange(world.clock, lasts=MINUTE, list_error=CarrierError("503"))
    for index in range(5):
        world.add({"at": "now"}, to=f"+3460020{index:04}", agent="agent-2")
    dial(world, 5)
    world.tick(MONDAY + 2 * MINUTE)
    assert (len(eu.lists), eu.fetches, len(exchange.lists)) == (1, [], 1)
    assert sorted(world.statuses()) == [("completed", "answered")] * 5 + [("dialing", None)] * 5


def test_a_list_with_one_call_that_cannot_be_is_not_believed_at_all(world: World, exchange: Exchange) -> None:
    dial(world, 5)
    whole = exchange.fetch_calls
    exchange.fetch_calls = lambda ids, *, since: [*whole(ids, since=since), "not a view"]  # type: ignore[method-assign]
    world.tick(MONDAY + 2 * MINUTE)
    assert exchange.fetches == []
    assert world.store.execute("select count(*) from calls where finished_at is null").fetchone() == (5,)


def test_a_list_may_tell_of_calls_that_nobody_asked_for(world: World, exchange: Exchange) -> None:
    dial(world, 5)
    stranger = replace(exchange.priced("T1"), carrier_call_id="STRANGER", state=CallState.BUSY)
    whole = exchange.fetch_calls
    exchange.fetch_calls = lambda ids, *, since: [stranger, *whole(ids, since=since)]  # type: ignore[method-assign]
    world.tick(MONDAY + 2 * MINUTE)
    assert world.statuses() == [("completed", "answered")] * 5


def test_very_many_calls_are_asked_about_in_batches(world: World, exchange: Exchange) -> None:
    dial(world, CALLS_A_TRANSACTION + 50)
    exchange.forget_questions()
    world.tick(MONDAY + 2 * MINUTE)
    assert sorted(map(len, exchange.lists)) == [50, CALLS_A_TRANSACTION]
    assert exchange.fetches == []
    assert world.statuses() == [("completed", "answered")] * (CALLS_A_TRANSACTION + 50)


def test_calls_that_the_list_says_are_still_queued_too_late_are_withdrawn(world: World, exchange: Exchange) -> None:
    exchange.meanwhile = CallState.QUEUED
    for index in range(5):
        world.add({"at": "now"}, to=f"+3460010{index:04}", catch_up_window="1m")
    world.tick()
    world.run_until(MONDAY + 3 * MINUTE, every=10 * SECOND)
    assert sorted(set(exchange.hung_up)) == ["T1", "T2", "T3", "T4", "T5"]
    assert world.statuses() == [("missed", "queued_past_deadline")] * 5


# -- What it cost


@pytest.fixture
def dear(exchange: Exchange) -> Exchange:
    """A carrier that tells prices, some time after the end."""
    exchange.tells_price = True
    exchange.lasts = 10 * SECOND
    return exchange


def asked_at(world: World, exchange: Exchange, end: datetime) -> list[timedelta]:
    """Go from work to work, and return how long after the end of the call it was asked about each time."""
    (finished,) = world.store.execute("select finished_at from calls").fetchone()
    over = datetime.fromisoformat(finished)
    exchange.forget_questions()
    seen = []
    while (at := world.store.next_work_at()) is not None and at <= end:
        before = len(exchange.fetches)
        world.tick(max(at, world.clock.now()))
        seen += [world.clock.now() - over] * (len(exchange.fetches) - before)
        assert (again := world.store.next_work_at()) is None or again > world.clock.now()
    return seen


def end_one(world: World) -> None:
    dial(world, 1)
    world.run_until(MONDAY + 20 * SECOND, every=SECOND)
    assert world.statuses() == [("completed", "answered")]


def test_a_price_is_asked_for_at_the_documented_times_and_then_no_more(world: World, dear: Exchange) -> None:
    end_one(world)
    assert asked_at(world, dear, MONDAY + timedelta(days=400)) == list(PRICE_LOOKS)
    assert prices(world) == [(None, None)]
    assert world.store.next_work_at() is None
    assert not world.store.has_work(MONDAY + timedelta(days=400), "edition-1")


def test_a_price_that_is_told_ends_the_questions(world: World, dear: Exchange) -> None:
    end_one(world)
    assert asked_at(world, dear, MONDAY + 2 * MINUTE) == [MINUTE]
    dear.price = Decimal("0.01300")
    assert asked_at(world, dear, MONDAY + timedelta(days=9)) == [5 * MINUTE]
    assert prices(world) == [("0.01300", "USD")]
    assert world.store.next_work_at() is None


@pytest.mark.parametrize(
    ("price", "currency", "stored"),
    [
        (Decimal("0.02600"), "USD", ("0.02600", "USD")),
        (Decimal("0"), "USD", ("0", "USD")),
        (Decimal("1E-7"), "EUR", ("0.0000001", "EUR")),
        (Decimal("1E+3"), "EUR", ("1000", "EUR")),
        (Decimal("0.013"), None, ("0.013", None)),
    ],
)
def test_a_price_that_is_told_with_the_end_is_kept_as_it_was_told_and_never_asked_for(
    world: World, dear: Exchange, price: Decimal, currency: str | None, stored: tuple[str, str | None]
) -> None:
    dear.price, dear.currency = price, currency
    end_one(world)
    assert prices(world) == [stored]
    assert world.store.next_work_at() is None
    (call,) = world.history()[0].calls
    assert (call.price, call.currency) == stored


@pytest.mark.parametrize(
    "end", [CallState.BUSY, CallState.NO_ANSWER, CallState.FAILED, CallState.CANCELED], ids=lambda end: str(end)
)
def test_a_call_that_nobody_took_has_no_price_to_ask_for(world: World, dear: Exchange, end: CallState) -> None:
    dear.answer = lambda call: end
    dial(world, 1)
    world.run_until(MONDAY + 20 * SECOND, every=SECOND)
    assert world.store.next_work_at() is None


def test_a_carrier_that_tells_no_price_is_not_asked(world: World, exchange: Exchange) -> None:
    exchange.lasts = 10 * SECOND
    end_one(world)
    assert world.store.next_work_at() is None


def test_the_process_sleeps_between_two_looks_for_a_price(world: World, dear: Exchange) -> None:
    end_one(world)
    (finished,) = world.store.execute("select finished_at from calls").fetchone()
    over = datetime.fromisoformat(finished)
    for look, following in zip(PRICE_LOOKS, [*PRICE_LOOKS[1:], None], strict=True):
        assert world.store.next_work_at() == over + look
        assert not world.store.has_work(over + look - SECOND, "edition-1")
        assert world.store.has_work(over + look, "edition-1")
        world.tick(over + look)
        assert world.store.next_work_at() == (over + following if following else None)


def test_a_price_that_is_asked_for_too_late_is_not_asked_for_all_at_once(world: World, dear: Exchange) -> None:
    """The machine was off for a week: each look still waits for a while for the one after it."""
    end_one(world)
    world.clock.set(MONDAY + timedelta(days=7))
    seen = asked_at(world, dear, MONDAY + timedelta(days=8))
    assert len(seen) == len(PRICE_LOOKS)
    assert all(later - earlier >= MINUTE for earlier, later in pairwise(seen))
    assert world.store.next_work_at() is None


@pytest.mark.parametrize("error", [CarrierError("503"), Throttled("429"), NotFound("?"), ValueError()])
def test_a_price_that_cannot_be_asked_for_is_asked_for_at_the_next_time(
    world: World, dear: Exchange, error: Exception
) -> None:
    end_one(world)
    dear.fetch_error = error
    assert asked_at(world, dear, MONDAY + 2 * MINUTE) == [MINUTE]
    dear.fetch_error, dear.price = None, Decimal("0.013")
    assert asked_at(world, dear, MONDAY + timedelta(days=2)) == [5 * MINUTE]
    assert prices(world) == [("0.013", "USD")]


def test_the_prices_of_many_calls_are_asked_for_with_one_list(world: World, dear: Exchange) -> None:
    dial(world, 20)
    world.run_until(MONDAY + 20 * SECOND, every=SECOND)
    dear.forget_questions()
    dear.price = Decimal("0.013")
    world.run_until(MONDAY + 3 * MINUTE)
    assert prices(world) == [("0.013", "USD")] * 20
    assert dear.fetches == []
    assert len(dear.lists) <= 2


def test_two_processes_that_ask_for_the_same_price_keep_one_answer(world: World, dear: Exchange) -> None:
    end_one(world)
    dear.price = Decimal("0.013")
    other = world.another_desk()
    world.clock.set(MONDAY + 2 * MINUTE)

    def meanwhile(carrier_call_id: str) -> CallView:
        dear.fetch_call = original  # type: ignore[method-assign]
        tick(other)
        dear.price = None  # the slower one was told nothing
        return original(carrier_call_id)

    original: Any = dear.fetch_call
    dear.fetch_call = meanwhile  # type: ignore[method-assign]
    tick(world.desk)
    assert prices(world) == [("0.013", "USD")]


def test_a_call_that_waits_for_its_price_holds_no_line(world: World, dear: Exchange) -> None:
    first = world.add({"at": "now"})
    world.run_until(MONDAY + 20 * SECOND, every=SECOND)
    again = world.add({"at": "now"})
    world.run_until(MONDAY + 60 * SECOND, every=SECOND)
    assert world.statuses(first) == world.statuses(again) == [("completed", "answered")]
