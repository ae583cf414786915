"""What is wrong here, and how is it mended? Every check is a small function that returns a value; this runs them.

A check that fails itself says that of itself, and the others go on: a doctor is called when things are broken.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from hyponema_cli.core.errors import HypError
from hyponema_cli.core.finding import Answer, Finding, fail
from hyponema_cli.engine import doctor_calls, doctor_file, doctor_machine
from hyponema_cli.engine.patient import Machine, Patient
from hyponema_cli.store import as_hyp_error

T = TypeVar("T")


def examine(patient: Patient) -> Iterator[Finding]:
    """Run every check on a workspace that could be opened, and on its machine."""
    yield from _run(doctor_file.CHECKS, patient)
    try:
        accounts = doctor_calls.of_carriers(patient)
    except Exception as error:
        yield Finding("carriers", *_broken(error))
    else:
        yield from _run(accounts, patient)
    yield from _run(doctor_calls.CHECKS, patient)
    yield from _run(doctor_machine.CHECKS, patient.machine)


def examine_without(machine: Machine, trouble: HypError) -> Iterator[Finding]:
    """Say why a workspace could not be opened, and run the checks that do without one."""
    yield Finding("database", *_broken(trouble))
    yield from _run(doctor_machine.CHECKS, machine)


def _run(checks: Mapping[str, Callable[[T], Answer]], subject: T) -> Iterator[Finding]:
    for name, check in checks.items():
        try:
            answer = check(subject)
        except Exception as error:
            answer = _broken(error)
        yield Finding(name, *answer)


def _broken(error: Exception) -> Answer:
    if isinstance(error, sqlite3.Error):
        error = as_hyp_error(error)
    if isinstance(error, HypError):
        return fail(error.message, error.hint or "see the other findings")
    return fail(f"the check failed: {type(error).__name__}: {error}", "see the other findings; then report it")
