"""The simulated carrier does what its table says, and remembers it."""

from __future__ import annotations

import errno
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from hyponema_cli.carriers import installed, load, require, simulated
from hyponema_cli.carriers.base import (
    Carrier,
    CarrierSetup,
    NotFound,
    OutcomeUnknown,
    PlaceCall,
    Rejected,
    Throttled,
)
from hyponema_cli.carriers.simulated import SimulatedCarrier
from hyponema_cli.clock import VirtualClock
from hyponema_cli.core.call import CallState
from hyponema_cli.core.errors import InvalidInput, Unusable

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOON)


@pytest.fixture
def carrier(tmp_path: Path, clock: VirtualClock) -> SimulatedCarrier:
    return SimulatedCarrier(tmp_path / "memory", clock)


def call_to(last_digits: str) -> PlaceCall:
    return PlaceCall("call_1", f"+346000000{last_digits}", "+34910000001", "exe_1", 1)


def states_of(carrier: SimulatedCarrier, clock: VirtualClock, carrier_call_id: str) -> list[str]:
    """Return the states of a call in its first five seconds, each once."""
    seen: dict[str, None] = {}
    for half_seconds in range(11):
        clock.set(NOON + timedelta(seconds=half_seconds / 2))
        seen.setdefault(str(carrier.fetch_call(carrier_call_id).state))
    return list(seen)


@pytest.mark.parametrize(
    ("last_digits", "states"),
    [
        ("01", ["queued", "ringing", "in_progress", "completed"]),
        ("90", ["queued", "ringing", "busy"]),
        ("92", ["queued", "ringing", "no_answer"]),
        ("94", ["queued", "ringing", "in_progress", "completed"]),
        ("95", ["queued", "ringing", "failed"]),
    ],
)
def test_the_last_two_digits_decide(
    carrier: SimulatedCarrier, clock: VirtualClock, last_digits: str, states: list[str]
) -> None:
    view = carrier.place_call(call_to(last_digits))
    assert states_of(carrier, clock, view.carrier_call_id) == states


@pytest.mark.parametrize(("last_digits", "first"), [("91", CallState.BUSY), ("93", CallState.NO_ANSWER)])
def test_some_numbers_answer_every_second_time(
    carrier: SimulatedCarrier, clock: VirtualClock, last_digits: str, first: CallState
) -> None:
    ids = [carrier.place_call(call_to(last_digits)).carrier_call_id for _ in range(4)]
    clock.set(NOON + timedelta(seconds=5))
    assert [carrier.fetch_call(each).state for each in ids] == [first, CallState.COMPLETED] * 2


def test_a_machine_is_told_from_a_person(carrier: SimulatedCarrier, clock: VirtualClock) -> None:
    machine, person = (carrier.place_call(call_to(digits)).carrier_call_id for digits in ("94", "01"))
    clock.set(NOON + timedelta(seconds=5))
    assert carrier.fetch_call(machine).answered_by == "machine_start"
    assert carrier.fetch_call(person).answered_by is None


def test_refusals_and_lost_replies(carrier: SimulatedCarrier) -> None:
    with pytest.raises(Rejected) as refused:
        carrier.place_call(call_to("96"))
    assert refused.value.scope == "destination"
    with pytest.raises(Throttled):
        carrier.place_call(call_to("97"))
    assert carrier.place_call(call_to("97")).carrier_call_id
    for digits, made in (("98", 1), ("99", 0)):
        with pytest.raises(OutcomeUnknown):
            carrier.place_call(call_to(digits))
        found = carrier.find_calls(to_number=f"+346000000{digits}", from_number="+34910000001", since=NOON)
        assert len(found) == made


def test_it_remembers_its_calls_across_processes(
    tmp_path: Path, carrier: SimulatedCarrier, clock: VirtualClock
) -> None:
    placed = carrier.place_call(call_to("01"))
    again = SimulatedCarrier(tmp_path / "memory", clock)
    assert again.fetch_call(placed.carrier_call_id) == placed
    assert again.find_calls(to_number="+34600000001", from_number="+34910000001", since=NOON) == [placed]


def test_hanging_up_withdraws_a_call_that_rings_and_ends_one_that_was_answered(
    carrier: SimulatedCarrier, clock: VirtualClock
) -> None:
    ringing, talking = (carrier.place_call(call_to("01")).carrier_call_id for _ in range(2))
    clock.set(NOON + timedelta(seconds=0.5))
    assert carrier.hang_up(ringing).state is CallState.CANCELED
    clock.set(NOON + timedelta(seconds=1.5))
    assert carrier.hang_up(talking).state is CallState.COMPLETED
    assert carrier.hang_up(talking).state is CallState.COMPLETED
    assert carrier.fetch_call(ringing).state is CallState.CANCELED


def test_an_unknown_call_is_not_found(carrier: SimulatedCarrier) -> None:
    for word in ("SIM00000099-0", "nonsense", ""):
        with pytest.raises(NotFound):
            carrier.fetch_call(word)


def test_a_seed_draws_the_same_history_every_time(tmp_path: Path, clock: VirtualClock) -> None:
    histories = []
    for attempt in range(2):
        carrier = SimulatedCarrier(tmp_path / f"memory{attempt}", clock, seed="a")
        clock.set(NOON)
        ids = [carrier.place_call(call_to(f"{digits:02}")).carrier_call_id for digits in range(60)]
        clock.set(NOON + timedelta(minutes=10))
        histories.append([(view.state, view.duration_seconds) for view in map(carrier.fetch_call, ids)])
    assert histories[0] == histories[1]
    assert len({state for state, _ in histories[0]}) > 2


def test_carriers_are_found_by_entry_point_and_opened_by_name(tmp_path: Path, clock: VirtualClock) -> None:
    assert "simulated" in installed()
    opened = load(CarrierSetup("simulated", tmp_path / "w.db", clock))
    assert isinstance(opened, Carrier)
    with pytest.raises(InvalidInput, match="unknown carrier 'simulatd'") as unknown:
        require("simulatd")
    assert unknown.value.hint == "did you mean simulated?"


class BusyTwice(sqlite3.Connection):
    """What SQLite is to one of several processes that open a new file at once: it does not let them wait."""

    refused = 0

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        if sql == "pragma journal_mode = wal" and self.refused < 2:
            self.refused += 1
            raise sqlite3.OperationalError("database is locked")
        return super().execute(sql, *values)


def test_processes_that_open_a_new_network_at_once_wait_for_each_other(
    tmp_path: Path, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(simulated.sqlite3, "connect", partial(sqlite3.connect, factory=BusyTwice))
        SimulatedCarrier(tmp_path / "memory", clock)
    with closing(sqlite3.connect(tmp_path / "memory")) as memory:
        assert memory.execute("pragma journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize(
    ("error", "said", "hint"),
    [
        (sqlite3.OperationalError("database or disk is full"), "the disk is full", "free some space"),
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full", "free some space"),
        (sqlite3.OperationalError("attempt to write a readonly database"), "a readonly database", "owner and mode"),
        (PermissionError(errno.EACCES, "Permission denied"), "Permission denied", "owner and mode"),
    ],
)
def test_a_memory_that_cannot_be_written_is_the_disks_fault_and_not_the_plugins(
    error: Exception, said: str, hint: str, tmp_path: Path, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(simulated, "_use_a_wal", fails)
    with pytest.raises(Unusable) as caught:
        load(CarrierSetup("simulated", tmp_path / "calls.db", clock))
    assert said in caught.value.message
    assert str(tmp_path / "calls.db.simulated") in caught.value.message
    assert hint in (caught.value.hint or "")
