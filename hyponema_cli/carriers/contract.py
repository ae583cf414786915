"""Does a carrier keep its contract? A suite of tests that every carrier of hyp's own passes, for plugin authors too.

Say what your test network is, by a `Lab`, and subclass the suite:

    from hyponema_cli.carriers.contract import CarrierContract, Lab

    class TestMyCarrier(CarrierContract):
        @pytest.fixture
        def lab(self) -> Lab:
            return MyLab()

It needs pytest, which hyp itself does not install. For readable failures, put this into your `conftest.py`:
`pytest.register_assert_rewrite("hyponema_cli.carriers.contract")`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from enum import Enum
from math import isfinite
from typing import ClassVar

import pytest

from hyponema_cli.carriers.base import (
    CallView,
    Carrier,
    CarrierError,
    ManyFetcher,
    NotFound,
    NotSent,
    PlaceCall,
    Rejected,
    Throttled,
    checked,
    in_words,
)
from hyponema_cli.carriers.instructions import facts
from hyponema_cli.clock import Clock
from hyponema_cli.core.call import CALL_MOVES, CallState
from hyponema_cli.core.connect import Connection

PLACE_WITHIN_SECONDS = 60
"""hyp takes an intent for lost that has no answer after 90 seconds, of which 30 may pass before it is sent."""
CLOCK_SKEW = timedelta(minutes=2)
"""How far a carrier's clock may differ from ours; calls in doubt are looked for within it."""
KNOWN = (NotSent, Throttled, Rejected)
"""What says for certain that no call was made. Everything else says that nobody knows."""


class Trouble(Enum):
    """What a request for a call can meet; the value says what the network does then."""

    UNREACHABLE = "nobody listens: no byte of the request arrives"
    THROTTLED = "it refuses, because of too many requests"
    CALL_REFUSED = "it refuses the request itself"
    CALLEE_REFUSED = "it refuses the number that is called"
    CALLER_REFUSED = "it refuses the number that the call shows"
    ACCOUNT_REFUSED = "it refuses the credentials"
    ANSWER_LOST = "it makes the call, and the connection breaks before the answer"
    REQUEST_LOST = "it makes no call, and the connection breaks before the answer"
    ERROR_AFTER_ALL = "it makes the call, and answers that it failed, as a server in trouble does"
    HANGS = "it makes the call, and never answers"
    UNREADABLE = "it makes the call, and answers garbage"
    NO_ID = "it makes the call, and its answer names no id"


REFUSALS = {
    Trouble.CALL_REFUSED: "call",
    Trouble.CALLEE_REFUSED: "destination",
    Trouble.CALLER_REFUSED: "sender",
    Trouble.ACCOUNT_REFUSED: "account",
}
"""The scope of `Rejected` by what was refused."""
MAKES_THE_CALL = frozenset(
    {Trouble.ANSWER_LOST, Trouble.ERROR_AFTER_ALL, Trouble.HANGS, Trouble.UNREADABLE, Trouble.NO_ID}
)


class Lab(ABC):
    """A carrier of yours on a network of the tests, on which no real phone rings."""

    carrier: Carrier
    clock: Clock
    """The clock that the carrier was given."""
    from_number: str
    """A number that calls may show."""
    secrets: Collection[str] = ()
    """What must not be in any error's text: tokens, keys."""

    @abstractmethod
    def callee(self) -> str:
        """Return a number that was not called before, and would be answered."""

    @abstractmethod
    def creates(self) -> int:
        """Return how many requests for a call have arrived whole, whatever became of them."""

    @abstractmethod
    def meet(self, trouble: Trouble) -> AbstractContextManager[None]:
        """Let the one request for a call that is made meanwhile meet trouble; its callee is named meanwhile, too."""

    @abstractmethod
    def wait(self, seconds: float) -> None:
        """Let time pass on the network: by its clock if that is one of the tests, else in truth."""


class CarrierContract:
    """The tests. Subclass it, give it a fixture `lab`, and name the troubles that your network cannot make."""

    impossible: ClassVar[Collection[Trouble]] = ()
    """Troubles that cannot happen to such a carrier; say why beside them."""

    @pytest.fixture
    def lab(self) -> Lab:
        """Return the laboratory; every subclass has its own."""
        raise NotImplementedError("give your subclass of CarrierContract a fixture `lab`")

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run the tests of trouble once for each that can happen."""
        if "trouble" in metafunc.fixturenames:
            possible = [each for each in Trouble if each not in self.impossible]
            metafunc.parametrize("trouble", possible, ids=[each.name.casefold() for each in possible])

    def test_it_says_what_it_can_do(self, lab: Lab) -> None:
        """`capabilities` asks nobody, and is sane."""
        assert isinstance(lab.carrier, Carrier)
        can = lab.carrier.capabilities()
        assert can.find in ("none", "live", "history")
        assert can.calls_per_second is None or (isfinite(can.calls_per_second) and can.calls_per_second > 0)
        assert isinstance(can.tells_price, bool)

    def test_checking_it_says_in_a_line_what_was_found_and_places_no_call(self, lab: Lab) -> None:
        """`check` returns a line for people, without a secret."""
        found = lab.carrier.check()
        assert found
        assert "\n" not in found
        assert not [secret for secret in lab.secrets if secret in found]
        assert lab.creates() == 0

    def test_a_call_is_asked_for_once_and_comes_back_with_its_id_its_numbers_and_its_time(self, lab: Lab) -> None:
        """`place_call` sends one request, and what it returns fits what was asked."""
        call = _call(lab)
        before = lab.clock.now()
        view = checked(lab.carrier.place_call(call))
        assert lab.creates() == 1
        assert view.carrier_call_id
        assert (view.to_number, view.from_number) == (call.to_number, call.from_number)
        assert before - CLOCK_SKEW <= view.created_at <= lab.clock.now() + CLOCK_SKEW

    def test_each_call_has_an_id_of_its_own(self, lab: Lab) -> None:
        """An id that comes twice would make two calls one."""
        ids = [lab.carrier.place_call(_call(lab)).carrier_call_id for _ in range(3)]
        assert len(set(ids)) == 3

    def test_a_call_that_is_asked_about_is_the_same_one(self, lab: Lab) -> None:
        """`fetch_call` tells of the call that was placed, and of no other."""
        placed, other = (lab.carrier.place_call(_call(lab)) for _ in range(2))
        for view in (placed, other):
            asked = checked(lab.carrier.fetch_call(view.carrier_call_id))
            assert (asked.carrier_call_id, asked.to_number) == (view.carrier_call_id, view.to_number)
            assert abs(asked.created_at - view.created_at) <= CLOCK_SKEW

    def test_a_call_comes_to_its_end(self, lab: Lab) -> None:
        """Asked about for long enough, a call is over, and stays so."""
        view = lab.carrier.place_call(_call(lab))
        end = _end_of(lab, view)
        lab.wait(1)
        assert lab.carrier.fetch_call(view.carrier_call_id).state is end.state

    def test_a_call_that_nobody_made_is_not_found(self, lab: Lab) -> None:
        """An unknown id is told from trouble: `NotFound`."""
        with pytest.raises(NotFound):
            lab.carrier.fetch_call("no-such-call-0123456789")

    def test_a_call_is_found_again_by_its_two_numbers(self, lab: Lab) -> None:
        """`find_calls` lists it, no other, and none from before; a carrier that lists none says so."""
        call, before = _call(lab), lab.clock.now()
        placed = lab.carrier.place_call(call)
        lab.carrier.place_call(_call(lab))
        since = before - CLOCK_SKEW
        if lab.carrier.capabilities().find == "none":
            with pytest.raises(CarrierError):
                lab.carrier.find_calls(to_number=call.to_number, from_number=call.from_number, since=since)
            return
        assert _found(lab, call, since) == [placed.carrier_call_id]
        assert _found(lab, _call(lab), since) == []
        assert _found(lab, call, placed.created_at + timedelta(minutes=5)) == []

    def test_a_call_that_is_hung_up_at_once_is_never_answered_and_may_be_hung_up_again(self, lab: Lab) -> None:
        """`hang_up` withdraws a call that does not ring yet; repeated, it changes nothing."""
        view = lab.carrier.place_call(_call(lab))
        checked(lab.carrier.hang_up(view.carrier_call_id))
        end = _end_of(lab, view)
        assert end.state is not CallState.COMPLETED
        assert lab.carrier.hang_up(view.carrier_call_id).state is end.state
        assert lab.carrier.fetch_call(view.carrier_call_id).state is end.state

    def test_asking_places_no_call(self, lab: Lab) -> None:
        """Whatever is asked, however often: there is the one call that was placed."""
        call, since = _call(lab), lab.clock.now() - CLOCK_SKEW
        view = lab.carrier.place_call(call)
        for _ in range(2):
            lab.carrier.fetch_call(view.carrier_call_id)
            if lab.carrier.capabilities().find != "none":
                _found(lab, call, since)
            lab.carrier.hang_up(view.carrier_call_id)
        assert lab.creates() == 1

    def test_many_calls_are_told_as_each_by_itself(self, lab: Lab) -> None:
        """`fetch_calls`, where a carrier has it, tells the same; it may leave some out, and adds none."""
        if not isinstance(lab.carrier, ManyFetcher):
            return
        placed = [lab.carrier.place_call(_call(lab)) for _ in range(5)]
        for view in placed:
            _end_of(lab, view)
        wanted = [view.carrier_call_id for view in placed[:4]]
        told = lab.carrier.fetch_calls(wanted, since=placed[0].created_at - CLOCK_SKEW)
        assert {view.carrier_call_id for view in told} <= set(wanted)
        for view in told:
            assert view.state is lab.carrier.fetch_call(view.carrier_call_id).state

    def test_trouble_is_told_for_what_it_is_and_nothing_is_sent_twice(self, lab: Lab, trouble: Trouble) -> None:
        """Only what is certain is said to be; the rest is a doubt. And the carrier goes on working."""
        with lab.meet(trouble):
            call = _call(lab)
            error = _error_of(lab, call)
        assert lab.creates() == (0 if trouble is Trouble.UNREACHABLE else 1)
        match trouble:
            case Trouble.UNREACHABLE:
                assert isinstance(error, NotSent)
            case Trouble.THROTTLED:
                assert isinstance(error, Throttled)
            case _ if trouble in REFUSALS:
                assert isinstance(error, Rejected)
                assert error.scope == REFUSALS[trouble]
            case _:
                assert not isinstance(error, KNOWN), "nobody can know whether a call was made"
        text = in_words(error)
        assert not [secret for secret in (*lab.secrets, call.to_number) if secret in text]
        assert lab.carrier.place_call(_call(lab)).carrier_call_id

    def test_a_call_whose_answer_was_lost_is_found_if_it_was_made(self, lab: Lab, trouble: Trouble) -> None:
        """That is how a doubt ends: exactly the call that was made is listed, or none."""
        if trouble in REFUSALS or lab.carrier.capabilities().find == "none":
            return
        since = lab.clock.now() - CLOCK_SKEW
        with lab.meet(trouble):
            call = _call(lab)
            _error_of(lab, call)
        assert len(_found(lab, call, since)) == (trouble in MAKES_THE_CALL)


def _call(lab: Lab) -> PlaceCall:
    told = facts(
        agent_id="agent-1",
        user_id=None,
        schedule_id="sch_1",
        execution_id="exe_1",
        call_id="call_1",
        attempt=1,
        scheduled_time="2026-03-02T08:00:00Z",
        customer_context={"name": "Ana & 'Bo' \"<é>\""},
    )
    connection = Connection(stream_url="wss://agent.example/session", ring_timeout_seconds=30)
    return PlaceCall("call_1", lab.callee(), lab.from_number, "exe_1", 1, connection, told)


def _error_of(lab: Lab, call: PlaceCall) -> Exception:
    """Return what placing a call raises; it must be over in time, whatever the network does."""
    with ThreadPoolExecutor(1) as pool:
        error = pool.submit(lab.carrier.place_call, call).exception(PLACE_WITHIN_SECONDS)
    assert isinstance(error, Exception), "a request that met trouble was taken for a good one"
    return error


def _end_of(lab: Lab, view: CallView) -> CallView:
    """Ask about a call until it is over."""
    for _ in range(200):
        view = checked(lab.carrier.fetch_call(view.carrier_call_id))
        if view.state is not None and not CALL_MOVES[view.state]:
            return view
        lab.wait(0.5)
    pytest.fail(f"the call has no end: {view.raw_status}")


def _found(lab: Lab, call: PlaceCall, since: datetime) -> list[str]:
    found = lab.carrier.find_calls(to_number=call.to_number, from_number=call.from_number, since=since)
    return [checked(view).carrier_call_id for view in found]
