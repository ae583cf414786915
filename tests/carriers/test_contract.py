"""Every carrier of hyp's own keeps the contract, and the suite notices one that does not."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import ClassVar

import pytest

from hyponema_cli.carriers.base import CallView, Carrier, NotFound, NotSent, OutcomeUnknown, PlaceCall
from hyponema_cli.carriers.contract import CarrierContract, Lab, Trouble
from hyponema_cli.carriers.simulated import SimulatedCarrier
from hyponema_cli.carriers.twilio import TwilioCarrier
from hyponema_cli.carriers.twilio_account import account_of
from hyponema_cli.clock import VirtualClock
from hyponema_cli.http_once import Limits
from tests import twilio_network
from tests.twilio_network import TwilioNetwork, error_after_accept, refused, throttled

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class SimulatedLab(Lab):
    """The callee decides what happens; the network is a file."""

    from_number = "+34910000001"
    endings: ClassVar = {
        Trouble.THROTTLED: "97",
        Trouble.CALLEE_REFUSED: "96",
        Trouble.ANSWER_LOST: "98",
        Trouble.REQUEST_LOST: "99",
    }

    def __init__(self, folder: Path) -> None:
        self.clock = self._time = VirtualClock(NOON)
        self.file = folder / "simulated"
        self.carrier: Carrier = SimulatedCarrier(self.file, self.clock)
        self._numbers = count(1000)
        self._ending = "01"

    def callee(self) -> str:
        return f"+34600{next(self._numbers)}{self._ending}"

    def creates(self) -> int:
        with closing(sqlite3.connect(self.file)) as memory:
            (rows,) = memory.execute("select count(*) from calls").fetchone()
        return int(rows)

    @contextmanager
    def meet(self, trouble: Trouble) -> Iterator[None]:
        self._ending = self.endings[trouble]
        yield
        self._ending = "01"

    def wait(self, seconds: float) -> None:
        self._time.set(self._time.now() + timedelta(seconds=seconds))


class TestSimulated(CarrierContract):
    # Nothing lies between it and its network, and it knows no accounts.
    impossible = frozenset(Trouble) - frozenset(SimulatedLab.endings)

    @pytest.fixture
    def lab(self, tmp_path: Path) -> Lab:
        return SimulatedLab(tmp_path)


class TwilioLab(Lab):
    """Real HTTP to a stand-in for Twilio."""

    from_number = "+15005550006"
    faults: ClassVar = {
        Trouble.THROTTLED: throttled(7),
        Trouble.CALL_REFUSED: refused(400, 21205, "Url is not a valid URL"),
        Trouble.CALLEE_REFUSED: refused(400, 21211, "The 'To' number is not a valid phone number"),
        Trouble.CALLER_REFUSED: refused(400, 21210, "The source phone number provided is not yet verified"),
        Trouble.ACCOUNT_REFUSED: refused(401, 20003, "Authenticate"),
        Trouble.ANSWER_LOST: twilio_network.DROP_AFTER_ACCEPT,
        Trouble.REQUEST_LOST: twilio_network.HANG_WITHOUT_CALL,
        Trouble.ERROR_AFTER_ALL: error_after_accept(503),
        Trouble.HANGS: twilio_network.HANG,
        Trouble.UNREADABLE: twilio_network.BROKEN_JSON,
        Trouble.NO_ID: twilio_network.NO_SID_201,
    }

    def __init__(self, network: TwilioNetwork, clock: VirtualClock) -> None:
        self._network = network
        self.clock = self._time = clock
        environ = {
            "TWILIO_ACCOUNT_SID": network.account,
            "TWILIO_AUTH_TOKEN": network.token,
            "HYP_TWILIO_BASE_URL": network.base_url,
        }
        self.secrets = (network.token, network.account)
        limits = Limits(connect=1, read=0.5, answer=1)
        self.carrier: Carrier = TwilioCarrier(account_of("twilio", environ), clock, limits)
        self._numbers = count(100)

    def callee(self) -> str:
        return f"+34600000{next(self._numbers)}"

    def creates(self) -> int:
        return len(self._network.creates)

    @contextmanager
    def meet(self, trouble: Trouble) -> Iterator[None]:
        if trouble is not Trouble.UNREACHABLE:
            self._network.fail(self.faults[trouble])
            yield
            return
        self._network.close()
        yield
        self._network.start()

    def wait(self, seconds: float) -> None:
        self._time.set(self._time.now() + timedelta(seconds=seconds))


class TestTwilio(CarrierContract):
    @pytest.fixture
    def lab(self) -> Iterator[Lab]:
        clock = VirtualClock(NOON)
        with TwilioNetwork(clock=lambda: clock.now().timestamp()) as network:
            yield TwilioLab(network, clock)


class TestTwilioCompatible(TestTwilio):
    """A service whose base URL has a path, and that leaves dates out of the answer to a create."""

    @pytest.fixture
    def lab(self) -> Iterator[Lab]:
        clock = VirtualClock(NOON)
        with TwilioNetwork(clock=lambda: clock.now().timestamp(), prefix="/api/laml") as network:
            network.dated_creates = False
            yield TwilioLab(network, clock)


class Twice(SimulatedCarrier):
    """Asks again when the answer is lost, as some SDKs do."""

    def place_call(self, call: PlaceCall, /) -> CallView:
        try:
            return super().place_call(call)
        except OutcomeUnknown:
            return super().place_call(call)


class Sure(SimulatedCarrier):
    """Takes a lost answer for a request that was never sent."""

    def place_call(self, call: PlaceCall, /) -> CallView:
        try:
            return super().place_call(call)
        except OutcomeUnknown as error:
            raise NotSent(str(error)) from error


class Forgetful(SimulatedCarrier):
    """Finds nothing, whatever was made."""

    def find_calls(self, *, to_number: str, from_number: str, since: datetime) -> Sequence[CallView]:
        return []


class Generous(SimulatedCarrier):
    """Finds other people's calls too."""

    def find_calls(self, *, to_number: str, from_number: str, since: datetime) -> Sequence[CallView]:
        return [self.fetch_call(f"SIM{number:08}") for number in range(1, 3)]


class Stubborn(SimulatedCarrier):
    """Never hangs up."""

    def hang_up(self, carrier_call_id: str, /) -> CallView:
        return self.fetch_call(carrier_call_id)


class Inventive(SimulatedCarrier):
    """Knows every call that it is asked about."""

    def fetch_call(self, carrier_call_id: str, /) -> CallView:
        try:
            return super().fetch_call(carrier_call_id)
        except NotFound:
            return super().fetch_call("SIM00000001")


class Leaky(SimulatedCarrier):
    """Says whom it was to call."""

    def place_call(self, call: PlaceCall, /) -> CallView:
        try:
            return super().place_call(call)
        except OutcomeUnknown as error:
            raise OutcomeUnknown(f"{call.to_number}: {error}") from error


def meets_a_lost_answer(lab: Lab) -> None:
    SUITE.test_trouble_is_told_for_what_it_is_and_nothing_is_sent_twice(lab, Trouble.ANSWER_LOST)


def finds_what_was_made(lab: Lab) -> None:
    SUITE.test_a_call_whose_answer_was_lost_is_found_if_it_was_made(lab, Trouble.ANSWER_LOST)


def knows_only_its_calls(lab: Lab) -> None:
    lab.carrier.place_call(PlaceCall("call_0", lab.callee(), lab.from_number, "exe_0", 1))
    SUITE.test_a_call_that_nobody_made_is_not_found(lab)


SUITE = CarrierContract()
BREACHES: list[tuple[type[SimulatedCarrier], Callable[[Lab], None]]] = [
    (Twice, meets_a_lost_answer),
    (Sure, meets_a_lost_answer),
    (Leaky, meets_a_lost_answer),
    (Forgetful, finds_what_was_made),
    (Forgetful, SUITE.test_a_call_is_found_again_by_its_two_numbers),
    (Generous, SUITE.test_a_call_is_found_again_by_its_two_numbers),
    (Inventive, knows_only_its_calls),
    (Stubborn, SUITE.test_a_call_that_is_hung_up_at_once_is_never_answered_and_may_be_hung_up_again),
]


@pytest.mark.parametrize(("breach", "test"), BREACHES, ids=lambda value: value.__name__)
def test_a_breach_is_noticed_and_a_carrier_without_it_is_not_blamed(
    tmp_path: Path, breach: type[SimulatedCarrier], test: Callable[[Lab], None]
) -> None:
    (tmp_path / "good").mkdir()
    test(SimulatedLab(tmp_path / "good"))
    lab = SimulatedLab(tmp_path)
    lab.carrier = breach(lab.file, lab.clock)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        test(lab)
