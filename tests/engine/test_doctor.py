"""A doctor goes on when one of its checks fails; what only a broken machine shows is tried here."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfoNotFoundError

import pytest

from hyponema_cli.core.finding import Finding
from hyponema_cli.engine import doctor_calls, doctor_file, doctor_machine
from hyponema_cli.engine.doctor import examine
from hyponema_cli.engine.patient import Machine, Patient
from tests.world import World, at


@pytest.fixture
def patient(world: World) -> Patient:
    machine = Machine(world.store.path, world.clock.now(), {"PATH": ""}, Path("/opt/hyp/bin/hyp"), "edition-1")
    return Patient(machine, world.desk, online=False)


def finding(patient: Patient, check: str) -> Finding:
    (one,) = [each for each in examine(patient) if each.check == check]
    return one


@pytest.mark.parametrize(
    ("table", "name"), [(doctor_file, "disk"), (doctor_calls, "doubts"), (doctor_machine, "program")]
)
@pytest.mark.parametrize("error", [ZeroDivisionError("oh"), sqlite3.DatabaseError("malformed"), OSError(5, "I/O")])
def test_a_check_that_raises_is_a_failure_of_its_own_and_the_others_go_on(
    patient: Patient, monkeypatch: pytest.MonkeyPatch, table: Any, name: str, error: Exception
) -> None:
    healthy = [each.check for each in examine(patient)]

    def broken(subject: object) -> None:
        raise error

    monkeypatch.setitem(table.CHECKS, name, broken)
    findings = list(examine(patient))
    assert [each.check for each in findings] == healthy
    (failed,) = [each for each in findings if each.check == name]
    assert failed.verdict == "fail"
    assert failed.fix


@pytest.mark.parametrize(("free", "verdict"), [(0, "fail"), (100, "warn"), (10_000, "ok")])
def test_a_full_disk_is_told_before_it_stops_the_calls(
    patient: Patient, monkeypatch: pytest.MonkeyPatch, free: int, verdict: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=free * doctor_file.MEBIBYTE))
    assert finding(patient, "disk").verdict == verdict


def test_a_machine_without_zones_or_with_old_ones_is_told(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    old = replace(patient, machine=replace(patient.machine, zone_edition="2019c"))
    assert finding(old, "time zone data").verdict == "warn"

    def nothing(name: str) -> None:
        raise ZoneInfoNotFoundError(name)

    monkeypatch.setattr(doctor_machine, "ZoneInfo", SimpleNamespace(no_cache=nothing))
    assert finding(patient, "time zone data").verdict == "fail"


def test_a_journal_mode_that_is_not_safe_here_is_told(patient: Patient) -> None:
    patient.desk.store.execute("pragma journal_mode = delete")
    assert finding(patient, "sqlite journal").verdict == "warn"


def test_an_event_from_ahead_says_that_the_clock_was_put_back(world: World, patient: Patient) -> None:
    world.clock.set(at("2199-01-01 08:00"))  # after the dates that this machine gives to files
    assert finding(patient, "clock").verdict == "ok"
    world.desk.log(world.clock.now() + timedelta(hours=2), "schedule.added")
    assert finding(patient, "clock").verdict == "warn"


def test_every_check_has_a_word_of_its_own() -> None:
    names = [*doctor_file.CHECKS, *doctor_calls.CHECKS, *doctor_machine.CHECKS]
    assert len(names) == len(set(names))
