"""How does any program become a carrier? hyp runs it: the question is JSON on its stdin, the answer on its stdout.

`HYP_EXEC_PROGRAM` names the program, by an absolute path, and its fixed arguments, if it takes any; for the account
`exec:pbx` it is `HYP_EXEC_PBX_PROGRAM`. Each question runs it once, without a shell. Its last argument is the
operation, named as the methods below; everything else, phone numbers above all, stands on its stdin only, because
everybody on the machine can read arguments. Its exit code is a part of the answer, in the words of sysexits(3):

====  ==============  =================================================================================
   0  EX_OK           the answer is on stdout
  64  EX_USAGE        it does not know the operation
  65  EX_DATAERR      the call is refused; with `{"scope": "sender"}` on stdout, the number that it shows
  67  EX_NOUSER       the number that is called is refused
  68  EX_NOHOST       there is no such call (of fetch_call and hang_up)
  69  EX_UNAVAILABLE  the telephone system cannot be reached, and nothing was sent to it
  75  EX_TEMPFAIL     not now; `{"retry_after_seconds": 30}` on stdout keeps all calls back for so long
  77  EX_NOPERM       the account is refused
  78  EX_CONFIG       the account is not set up
====  ==============  =================================================================================

Whatever else happens says nothing: another code, a signal, no end in time, a megabyte of output, an answer that
cannot be read. After place_call, that is a doubt. `docs/writing-a-carrier.md` has the protocol, and an example.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from hyponema_cli.carriers import exec_answer
from hyponema_cli.carriers.base import (
    CallView,
    Capabilities,
    CarrierError,
    CarrierSetup,
    NotFound,
    NotSent,
    OutcomeUnknown,
    PlaceCall,
    Rejected,
    Throttled,
)
from hyponema_cli.carriers.exec_program import End, NotStarted, run
from hyponema_cli.core.errors import InvalidInput

VERSION = 1
"""Of the protocol; each question bears it."""
PLACE_WITHIN = 20.0
ASK_WITHIN = 10.0
"""Seconds from the program's start to its end."""
DOES_NOT_SAY = Capabilities(find="none", calls_per_second=1.0)
"""What a program can do that does not know `capabilities`."""

EXITS: dict[int, Callable[[End], CarrierError]] = {
    os.EX_USAGE: lambda end: Rejected(_said(end), "account"),
    os.EX_DATAERR: lambda end: Rejected(_said(end), exec_answer.scope(end.out)),
    os.EX_NOUSER: lambda end: Rejected(_said(end), "destination"),
    os.EX_NOHOST: lambda end: NotFound(_said(end)),
    os.EX_UNAVAILABLE: lambda end: NotSent(_said(end)),
    os.EX_TEMPFAIL: lambda end: Throttled(_said(end), exec_answer.retry_after(end.out)),
    os.EX_NOPERM: lambda end: Rejected(_said(end), "account"),
    os.EX_CONFIG: lambda end: Rejected(_said(end), "account"),
}
"""What is raised for an exit code; for any other one, that nothing is known."""
ASK_BY_ID = ("fetch_call", "hang_up")
"""The operations that can find that there is no such call."""

T = TypeVar("T")


def open_carrier(setup: CarrierSetup) -> ExecCarrier:
    """Open an account; its program is not run yet."""
    return ExecCarrier(setup, command_of(setup))


def command_of(setup: CarrierSetup) -> list[str]:
    """Return the program of an account, and its fixed arguments.

    Raises InvalidInput, naming the variable, when it is not set, or is nothing that can be run.
    """
    word = setup.account.partition(":")[2].upper().replace("-", "_")
    variable = f"HYP_EXEC_{word}_PROGRAM" if word else "HYP_EXEC_PROGRAM"
    hint = f"{variable}='/opt/pbx/dial --trunk main': an absolute path, and fixed arguments if it takes any"
    try:
        command = shlex.split(setup.environ.get(variable) or "")
    except ValueError as error:
        raise InvalidInput(f"{variable} cannot be split into words: {error}", hint=hint) from None
    if not command:
        raise InvalidInput(
            f"carrier {setup.account!r} has no program: {variable} is not set",
            hint=f"{hint}; where hyp runs, because cron has an environment of its own",
        )
    problem = _problem_with(command)
    if problem is not None:
        # The arguments are not shown: one may be a secret.
        raise InvalidInput(f"{variable}: {command[0]!r} {problem}", hint=hint)
    return command


class ExecCarrier:
    """Satisfies `Carrier`; see the top of this file."""

    def __init__(
        self,
        setup: CarrierSetup,
        command: Sequence[str],
        *,
        place_within: float = PLACE_WITHIN,
        ask_within: float = ASK_WITHIN,
    ) -> None:
        self._setup = setup
        self._command = list(command)
        self._place_within = place_within
        self._ask_within = ask_within
        self._can: Capabilities | None = None

    def capabilities(self) -> Capabilities:
        """Ask the program, once."""
        if self._can is None:
            end = self._run("capabilities")
            self._can = DOES_NOT_SAY if end.code == os.EX_USAGE else _read(end, exec_answer.capabilities)
        return self._can

    def check(self) -> str:
        """Ask the program; if it knows no check, that it runs is all that can be told."""
        self.capabilities()
        end = self._run("check")
        return "the program runs; it knows no check" if end.code == os.EX_USAGE else _read(end, exec_answer.found)

    def place_call(self, call: PlaceCall, /) -> CallView:
        """Run the program once. From its start on, a phone may ring."""
        end = self._run("place_call", call=_told(call))
        now = self._setup.clock.now()
        return _read(end, lambda answer: exec_answer.placed(answer, call, now), "place_call")

    def fetch_call(self, carrier_call_id: str, /) -> CallView:
        """Ask about one call."""
        # Of a call that is over, hyp asks whether its price will be told, and holds the database's lock by then.
        self.capabilities()
        end = self._run("fetch_call", carrier_call_id=carrier_call_id)
        return _read(end, lambda answer: exec_answer.same(answer, carrier_call_id), "fetch_call")

    def find_calls(self, *, to_number: str, from_number: str, since: datetime) -> Sequence[CallView]:
        """Ask for the calls between two numbers; what a program lists besides is left out."""
        asked = since.astimezone(UTC).isoformat().replace("+00:00", "Z")
        end = self._run("find_calls", to_number=to_number, from_number=from_number, since=asked)
        return [
            view
            for view in _read(end, exec_answer.listed)
            if (view.to_number, view.from_number) == (to_number, from_number) and view.created_at >= since
        ]

    def hang_up(self, carrier_call_id: str, /) -> CallView:
        """Have a call ended; return what it has come to."""
        end = self._run("hang_up", carrier_call_id=carrier_call_id)
        return _read(end, lambda answer: exec_answer.same(answer, carrier_call_id), "hang_up")

    def _run(self, operation: str, **words: object) -> End:
        """Ask one question; raises NotSent when the program did not start."""
        dials = operation == "place_call"
        question = {"version": VERSION, "operation": operation, "account": self._setup.account, **words}
        try:
            return run(
                [*self._command, operation],
                # In ASCII and in one line: whatever it is written in, a program can read that.
                json.dumps(question).encode() + b"\n",
                self._setup.environ,
                self._place_within if dials else self._ask_within,
                # It may be ringing a phone. The call is a doubt then, and must not be one that was cut off as well.
                spare_when_stopped=dials,
            )
        except NotStarted as error:
            raise NotSent(f"{self._command[0]} cannot be started: {error}") from None


def _read(end: End, read: Callable[[Any], T], operation: str = "") -> T:
    """Return what an answer says, by `read`; raises what the exit code means, or that nothing is known."""
    unclear = OutcomeUnknown if operation == "place_call" else CarrierError
    if end.code == os.EX_OK:
        try:
            return read(exec_answer.value_of(end.out))
        except ValueError as error:
            raise unclear(f"its answer cannot be used: {error}") from None
    if end.code not in EXITS or (end.code == os.EX_NOHOST and operation not in ASK_BY_ID):
        raise unclear(_said(end))
    raise EXITS[end.code](end)


def _said(end: End) -> str:
    """Return how a program ended, with its last words."""
    line = exec_answer.last_line(end.tail)
    return f"{line} ({end.how})" if line else end.how


def _told(call: PlaceCall) -> dict[str, object]:
    return {
        "call_id": call.call_id,
        "to_number": call.to_number,
        "from_number": call.from_number,
        "execution_id": call.execution_id,
        "attempt": call.attempt,
        "connection": asdict(call.connection),
        "facts": dict(call.facts),
    }


def _problem_with(command: Sequence[str]) -> str | None:
    """Say why a command cannot be run; None when it can."""
    path = Path(command[0])
    if not path.is_absolute():
        return "is not an absolute path"
    try:
        if not path.is_file():
            return "is not a file"
    except OSError as error:
        return f"cannot be looked at: {error.strerror}"
    return None if os.access(path, os.X_OK) else "is not executable"
