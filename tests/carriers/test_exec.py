"""Any program can be a carrier; none can make hyp wait, believe what nobody said, or tell what is not to be told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from shlex import quote

import pytest

from hyponema_cli.carriers import exec_program, installed, load
from hyponema_cli.carriers.base import (
    CallView,
    Capabilities,
    Carrier,
    CarrierError,
    CarrierSetup,
    NotFound,
    NotSent,
    OutcomeUnknown,
    PlaceCall,
    Rejected,
    Throttled,
    checked,
)
from hyponema_cli.carriers.contract import CarrierContract, Lab, Trouble
from hyponema_cli.carriers.exec import ExecCarrier, open_carrier
from hyponema_cli.clock import VirtualClock
from hyponema_cli.core.call import CallState
from hyponema_cli.core.connect import Connection
from hyponema_cli.core.errors import InvalidInput

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TO, FROM = "+34600000001", "+34910000001"
CALL = PlaceCall(
    "call_1",
    TO,
    FROM,
    "exe_1",
    2,
    Connection(stream_url="wss://agent.example/session", ring_timeout_seconds=30, call_reason="Your check-in"),
    {"direction": "outbound", "customer_context": '{"name":"Ana & \'Bo\' é"}'},
)
GOOD = {
    "carrier_call_id": "c1",
    "status": "ringing",
    "to_number": TO,
    "from_number": FROM,
    "created_at": "2026-03-02T13:00:01+01:00",
}
OPERATIONS = ("place_call", "fetch_call", "find_calls", "hang_up", "check", "capabilities")
FOLDER_PBX = Path(__file__).with_name("folder_pbx.py")
PYTHON = f"{sys.executable} -IS"

Made = Callable[..., ExecCarrier]


@pytest.fixture(autouse=True)
def in_time() -> Iterator[None]:
    """Let a test that waits for what never comes fail, and not the others wait with it."""

    def fail(*_: object) -> None:
        pytest.fail("waited in vain")

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def sh(tmp_path: Path) -> Made:
    """Make a carrier of a shell script. What it can do is answered for it, unless it says that itself."""

    def make(script: str, *, place_within: float = 20, ask_within: float = 10) -> ExecCarrier:
        known = "" if "capabilities" in script else '[ "$1" != capabilities ] || exit 64\n'
        program = tmp_path / "program"
        program.write_text(f"#!/bin/sh\n{known}cd {quote(str(tmp_path))}\n{script}\n")
        program.chmod(0o755)
        setup = CarrierSetup("exec", tmp_path / "w.db", VirtualClock(NOON), {"PATH": os.environ["PATH"]})
        return ExecCarrier(setup, [str(program)], place_within=place_within, ask_within=ask_within)

    return make


def printing(value: object) -> str:
    return f"printf %s {quote(value if isinstance(value, str) else json.dumps(value))}"


def ask(carrier: ExecCarrier, operation: str) -> object:
    match operation:
        case "place_call":
            return carrier.place_call(CALL)
        case "find_calls":
            return carrier.find_calls(to_number=TO, from_number=FROM, since=NOON)
        case "fetch_call" | "hang_up":
            return getattr(carrier, operation)("c1")
        case _:
            return getattr(carrier, operation)()


def error_of(carrier: ExecCarrier, operation: str) -> CarrierError:
    with pytest.raises(CarrierError) as raised:
        ask(carrier, operation)
    return raised.value


# What the program is told, and what it says.


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_operation_is_the_last_argument_and_no_number_is_in_any_argument_or_variable(
    sh: Made, tmp_path: Path, operation: str
) -> None:
    look = 'cat "/proc/$$/cmdline" "/proc/$$/environ" >> seen; cat > "asked.$1"'
    carrier = sh(f'{look}; [ "$1" != capabilities ] || exit 64; exit 1')
    if operation != "capabilities":
        with pytest.raises(CarrierError):
            ask(carrier, operation)
    else:
        carrier.capabilities()
    seen = (tmp_path / "seen").read_bytes()
    assert operation.encode() in seen
    assert b"34600000001" not in seen
    assert b"34910000001" not in seen
    document = json.loads((tmp_path / f"asked.{operation}").read_text())
    assert (document["version"], document["operation"], document["account"]) == (1, operation, "exec")


def test_place_call_is_told_all_that_is_known_of_the_call(sh: Made, tmp_path: Path) -> None:
    sh(f"cat > asked; {printing(GOOD)}").place_call(CALL)
    text = (tmp_path / "asked").read_text()
    assert text.isascii()
    assert text.endswith("}\n")
    assert text.count("\n") == 1
    assert json.loads(text)["call"] == {
        "call_id": "call_1",
        "to_number": TO,
        "from_number": FROM,
        "execution_id": "exe_1",
        "attempt": 2,
        "connection": {
            "answer_url": None,
            "stream_url": "wss://agent.example/session",
            "application_sid": None,
            "ring_timeout_seconds": 30,
            "time_limit_seconds": None,
            "machine_detection": "off",
            "call_reason": "Your check-in",
        },
        "facts": {"direction": "outbound", "customer_context": '{"name":"Ana & \'Bo\' é"}'},
    }


def test_the_others_are_told_what_they_ask_about(sh: Made, tmp_path: Path) -> None:
    carrier = sh('cat > "asked.$1"; exit 1')
    for operation in ("fetch_call", "hang_up", "find_calls"):
        error_of(carrier, operation)
    told = [json.loads((tmp_path / f"asked.{operation}").read_text()) for operation in ("fetch_call", "find_calls")]
    assert told[0]["carrier_call_id"] == "c1"
    assert (told[1]["to_number"], told[1]["from_number"], told[1]["since"]) == (TO, FROM, "2026-03-02T12:00:00Z")


def test_a_call_comes_back_with_all_that_the_program_says_of_it(sh: Made) -> None:
    more = {
        "answered_by": "human",
        "duration_seconds": 61.5,
        "price": 0.013,
        "currency": "EUR",
        "status": "completed",
    }
    view = sh(printing({**GOOD, **more})).fetch_call("c1")
    assert view == CallView(
        "c1",
        CallState.COMPLETED,
        "completed",
        TO,
        FROM,
        NOON + timedelta(seconds=1),
        "human",
        61,
        Decimal("0.013"),
        "EUR",
    )


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("queued", CallState.QUEUED),
        ("ringing", CallState.RINGING),
        ("in_progress", CallState.IN_PROGRESS),
        ("completed", CallState.COMPLETED),
        ("busy", CallState.BUSY),
        ("no_answer", CallState.NO_ANSWER),
        ("canceled", CallState.CANCELED),
        ("failed", CallState.FAILED),
        ("on hold", None),
        # Words of hyp's own that are no carrier's to say.
        ("placing", None),
        ("in_doubt", None),
        ("rejected", None),
        ("not_placed", None),
    ],
)
def test_a_word_that_hyp_does_not_know_is_kept_and_is_no_end(sh: Made, word: str, state: CallState | None) -> None:
    view = sh(printing({**GOOD, "status": word})).fetch_call("c1")
    assert (view.state, view.raw_status) == (state, word)


@pytest.mark.parametrize(
    "more", [{}, {"created_at": None}, {"created_at": "yesterday"}, {"status": 7, "price": "much", "answered_by": []}]
)
def test_a_placed_call_needs_its_id_and_nothing_else(sh: Made, more: dict[str, object]) -> None:
    view = checked(sh(printing({"carrier_call_id": "c1", **more})).place_call(CALL))
    assert (view.carrier_call_id, view.to_number, view.from_number, view.created_at) == ("c1", TO, FROM, NOON)
    assert (view.state, view.price, view.answered_by) == (None, None, None)


@pytest.mark.parametrize(
    ("said", "price"),
    [
        ("0.0130", "0.0130"),
        (0.013, "0.013"),
        (2, "2"),
        ("1e-7", "1E-7"),
        *(
            (nonsense, None)
            for nonsense in ("much", "", -1, "NaN", "Infinity", True, [], "1e-999999999", "0e999999999")
        ),
    ],
)
def test_a_price_is_an_exact_number_of_a_sensible_size_or_not_known(
    sh: Made, said: object, price: str | None
) -> None:
    view = checked(sh(printing({**GOOD, "price": said, "currency": "EUR"})).fetch_call("c1"))
    assert (view.price, view.currency) == ((Decimal(price), "EUR") if price else (None, None))


@pytest.mark.parametrize("said", [-1, "61", True, 1_000_000_000, {}])
def test_a_duration_that_cannot_be_is_not_known(sh: Made, said: object) -> None:
    assert sh(printing({**GOOD, "duration_seconds": said})).fetch_call("c1").duration_seconds is None


@pytest.mark.parametrize("operation", ["fetch_call", "hang_up"])
@pytest.mark.parametrize(
    "wrong", [{"carrier_call_id": "c2"}, {"created_at": None}, {"created_at": "2026-03-02T13:00:00"}]
)
def test_an_answer_about_another_call_or_none_in_time_is_no_answer(
    sh: Made, operation: str, wrong: dict[str, object]
) -> None:
    assert type(error_of(sh(printing({**GOOD, **wrong})), operation)) is CarrierError


def test_only_the_calls_that_were_asked_for_are_found(sh: Made) -> None:
    others = [{"to_number": "+34600000002"}, {"from_number": "+34910000002"}, {"created_at": "2026-03-02T11:59:59Z"}]
    listed = [{**GOOD, "carrier_call_id": f"c{number}", **other} for number, other in enumerate([{}, *others])]
    assert [view.carrier_call_id for view in ask(sh(printing(listed)), "find_calls")] == ["c0"]
    assert ask(sh("printf '[]'"), "find_calls") == []


@pytest.mark.parametrize("number", ["600000001", "sip:ana@example.com", "", None])
def test_a_list_with_a_call_that_cannot_be_told_from_the_one_looked_for_is_no_answer(
    sh: Made, number: str | None
) -> None:
    assert "E.164" in str(error_of(sh(printing([{**GOOD, "to_number": number}])), "find_calls"))


@pytest.mark.parametrize(
    ("script", "can"),
    [
        ("[ $1 != capabilities ] || exit 64", Capabilities("none", 1.0)),
        (f": capabilities; {printing({'find': 'live'})}", Capabilities("live", 1.0)),
        (
            f": capabilities; {printing({'find': 'history', 'calls_per_second': None, 'tells_price': True})}",
            Capabilities("history", None, tells_price=True),
        ),
        (f": capabilities; {printing({'find': 'none', 'calls_per_second': 2.5})}", Capabilities("none", 2.5)),
    ],
)
def test_a_program_says_what_it_can_do_or_can_little(sh: Made, script: str, can: Capabilities) -> None:
    assert sh(script).capabilities() == can


@pytest.mark.parametrize(
    "said",
    [
        {},
        [],
        {"find": True},
        {"find": []},
        {"find": "none", "calls_per_second": 0},
        {"find": "none", "calls_per_second": "fast"},
        {"find": "none", "calls_per_second": 10**30},
    ],
)
def test_capabilities_that_make_no_sense_are_an_error(sh: Made, said: object) -> None:
    assert type(error_of(sh(f": capabilities; {printing(said)}"), "capabilities")) is CarrierError


def test_capabilities_are_asked_for_once_and_before_the_first_look_at_a_call(sh: Made, tmp_path: Path) -> None:
    carrier = sh(f"echo $1 >> asked; [ $1 != capabilities ] || exit 64; {printing(GOOD)}")
    carrier.fetch_call("c1")
    carrier.capabilities()
    carrier.fetch_call("c1")
    assert (tmp_path / "asked").read_text().split() == ["capabilities", "fetch_call", "fetch_call"]


def test_a_check_is_a_line_for_people(sh: Made) -> None:
    assert sh(printing({"found": "trunk is up,\n\x1b[2J3 lines\u202e."})).check() == "trunk is up, [2J3 lines"
    assert sh("exit 64").check() == "the program runs; it knows no check"
    for nothing in ({}, {"found": ""}, {"found": 3}, []):
        assert type(error_of(sh(printing(nothing)), "check")) is CarrierError


# How it ends.

REFUSED = {
    64: (Rejected, "account"),
    65: (Rejected, "call"),
    67: (Rejected, "destination"),
    69: (NotSent, None),
    75: (Throttled, None),
    77: (Rejected, "account"),
    78: (Rejected, "account"),
}


@pytest.mark.parametrize("code", range(1, 256))
@pytest.mark.parametrize("operation", ["place_call", "find_calls"])
def test_an_exit_code_means_what_the_table_says_and_any_other_one_nothing(
    sh: Made, operation: str, code: int
) -> None:
    error = error_of(sh(f"{printing(GOOD)}; exit {code}"), operation)
    kind, scope = REFUSED.get(code, (OutcomeUnknown if operation == "place_call" else CarrierError, None))
    assert type(error) is kind
    assert getattr(error, "scope", None) == scope
    assert f"exit code {code}" in str(error)


@pytest.mark.parametrize("operation", ["fetch_call", "hang_up"])
def test_68_says_that_there_is_no_such_call(sh: Made, operation: str) -> None:
    assert type(error_of(sh("exit 68"), operation)) is NotFound


@pytest.mark.parametrize(
    ("words", "scope"),
    [
        ('{"scope": "sender"}', "sender"),
        ('{"scope": "destination"}', "destination"),
        ('{"scope": "account"}', "account"),
        ('{"scope": "everything"}', "call"),
        ('{"scope": []}', "call"),
        ("sender", "call"),
        ("", "call"),
    ],
)
def test_a_refusal_can_say_whose_it_is(sh: Made, words: str, scope: str) -> None:
    error = error_of(sh(f"{printing(words)}; exit 65"), "place_call")
    assert isinstance(error, Rejected)
    assert error.scope == scope


@pytest.mark.parametrize(
    ("words", "wait"),
    [
        ('{"retry_after_seconds": 30}', timedelta(seconds=30)),
        ('{"retry_after_seconds": 0.5}', timedelta(seconds=0.5)),
        ('{"retry_after_seconds": 1e999}', timedelta(days=1)),
        ('{"retry_after_seconds": -1}', None),
        ('{"retry_after_seconds": "30"}', None),
        ("later", None),
        ("", None),
    ],
)
def test_75_can_say_when_to_come_again(sh: Made, words: str, wait: timedelta | None) -> None:
    error = error_of(sh(f"{printing(words)}; exit 75"), "place_call")
    assert isinstance(error, Throttled)
    assert error.retry_after == wait


GARBAGE = {
    "nothing": ":",
    "words": "echo queued",
    "two answers": f"{printing(GOOD)}; {printing(GOOD)}",
    "a log line first": f"echo dialling; {printing(GOOD)}",
    "an array": "printf '[]'",
    "no id": "printf '{}'",
    "an id that is no text": printing({**GOOD, "carrier_call_id": 7}),
    "an empty id": printing({**GOOD, "carrier_call_id": " "}),
    "an id that goes on": printing({**GOOD, "carrier_call_id": "c" * 1000}),
    "an id that clears the screen": printing({**GOOD, "carrier_call_id": "c\x1b[2J"}),
    "half a character": r"""printf '{"carrier_call_id": "\\ud800"}'""",
    "bytes": r"printf '\377\376\000'",
    "NaN": """printf '{"carrier_call_id": "c1", "price": NaN}'""",
    "a number without end": """printf '{"carrier_call_id": "c1", "price": 1%05000d}' 0""",
    "an exponent without end": """printf '{"carrier_call_id": "c1", "price": 1e99999999999999999999}'""",
    "a deep pit": "head -c 500000 /dev/zero | tr '\\0' '['",
    "a megabyte": f"{printing(GOOD)}; head -c 1000000 /dev/zero | tr '\\0' ' '",
    "cut off": """printf '{"carrier_call_id": "c1"'""",
    "killed": f"{printing(GOOD)}; kill -9 $$",
    "terminated": f"{printing(GOOD)}; kill -15 $$",
    "never there": "no-such-program-anywhere",
}


@pytest.mark.parametrize("operation", ["place_call", "fetch_call", "hang_up", "check"])
@pytest.mark.parametrize("script", GARBAGE.values(), ids=GARBAGE)
def test_whatever_is_no_answer_is_a_doubt_after_a_dial_and_an_error_else(
    sh: Made, operation: str, script: str
) -> None:
    assert type(error_of(sh(script), operation)) is (OutcomeUnknown if operation == "place_call" else CarrierError)


@pytest.mark.parametrize("script", ["printf 3", "printf '{}'", f"printf '[3]'; : {quote('[')}", "printf '[{}]'"])
def test_a_list_that_is_none_is_an_error_and_not_an_empty_list(sh: Made, script: str) -> None:
    assert type(error_of(sh(script), "find_calls")) is CarrierError


# What it must not be able to do.


class Fifo:
    """A pipe with a name, by which a program can be watched without a look at any clock."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self._end = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def read(self) -> bytes:
        """Return what was written, as soon as nobody is left who could write more."""
        os.set_blocking(self._end, True)
        with os.fdopen(self._end, "rb") as reader:
            return reader.read()


@pytest.fixture
def fifo(tmp_path: Path) -> Fifo:
    return Fifo(tmp_path / "fifo")


@pytest.mark.parametrize("operation", ["place_call", "fetch_call"])
@pytest.mark.parametrize(
    "script",
    [
        "exec 3> fifo; echo started >&3; while :; do sleep 60; done",
        "exec 3> fifo; echo started >&3; sleep 60 & sleep 60",
        "exec 3> fifo; echo started >&3; trap '' TERM INT HUP; sleep 60",
        f"exec 3> fifo; echo started >&3; {printing(GOOD)}; sleep 60",
    ],
    ids=["hangs", "hangs with a child", "ignores signals", "answers and hangs"],
)
def test_a_program_that_does_not_end_in_time_is_killed_with_all_that_it_started(
    sh: Made, fifo: Fifo, operation: str, script: str
) -> None:
    carrier = sh(script, place_within=1, ask_within=1)
    error = error_of(carrier, operation)
    assert type(error) is (OutcomeUnknown if operation == "place_call" else CarrierError)
    assert "no end within 1 s" in str(error)
    assert fifo.read() == b"started\n"
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_somebody_left_behind_who_keeps_stdout_open_makes_nobody_wait_and_lives_on(
    sh: Made, fifo: Fifo, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "go")
    carrier = sh(f"exec 3> fifo; {{ read _ < go; echo lives; echo lives >&3; }} & {printing(GOOD)}")
    try:
        assert carrier.place_call(CALL).carrier_call_id == "c1"
    finally:
        (tmp_path / "go").write_text("\n")
    assert fifo.read() == b"lives\n"


@pytest.mark.parametrize("script", ["exec 0<&-", "exit_early=1", "head -c 1 > /dev/null"])
def test_a_program_need_not_read_what_it_is_told(sh: Made, script: str) -> None:
    call = replace(CALL, facts={"customer_context": "x" * 500_000})
    assert sh(f"{script}; {printing(GOOD)}").place_call(call).carrier_call_id == "c1"


@pytest.mark.parametrize("stream", [1, 2])
def test_a_program_that_prints_too_much_is_stopped_long_before_its_time_is_over(sh: Made, stream: int) -> None:
    error = error_of(sh(f"head -c 10000000 /dev/zero >&{stream}; exec sleep 30"), "place_call")
    assert type(error) is OutcomeUnknown
    assert "more than a megabyte" in str(error)


@pytest.mark.parametrize("code", [0, 69, 75])
def test_ten_megabytes_are_no_answer_however_the_program_ends(sh: Made, code: int) -> None:
    error = error_of(sh(f"{printing(GOOD)}; head -c 10000000 /dev/zero; exit {code}"), "place_call")
    assert type(error) is OutcomeUnknown
    assert "more than a megabyte" in str(error)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("first\nsecond\n\n", "second (exit code 3)"),
        ("no route to +34600000001 via 34910000001", "no route to +346…001 via …001 (exit code 3)"),
        ("tel:+34 600 000 001; 0034600000001", "tel:+34 …001; …001 (exit code 3)"),
        ("2026-03-02 09:00:01 10.0.0.15 is down", "2026-03-02 09:00:01 10.0.0.15 is down (exit code 3)"),
        ("\x1b[31mred\x07\u202e\x00", "[31mred (exit code 3)"),
        ("+346000\u200b00001", "+346…001 (exit code 3)"),
        ("x" * 5000, "x" * 200 + " (exit code 3)"),
        ("x" * 193 + " +34600000001", "x" * 193 + " +346…0 (exit code 3)"),
        ("", "exit code 3"),
    ],
)
def test_the_last_line_of_stderr_is_told_without_numbers_and_without_control_characters(
    sh: Made, tmp_path: Path, said: str, shown: str
) -> None:
    (tmp_path / "said").write_text(said)
    assert str(error_of(sh("cat said >&2; exit 3"), "place_call")) == shown


def test_a_program_that_was_killed_is_told_from_one_that_has_ended(sh: Made) -> None:
    assert str(error_of(sh("kill -9 $$"), "place_call")) == "signal 9"


def test_it_runs_at_the_root_whoever_starts_hyp_and_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert exec_program.run(["/bin/pwd"], b"", {}, 10).out == b"/\n"


def test_nothing_that_a_program_was_told_is_in_an_error(sh: Made) -> None:
    for script in ("exit 3", ":", "printf '{}'", "exit 65", "exit 75"):
        text = str(error_of(sh(script), "place_call"))
        assert not any(word in text for word in (TO, FROM, "Ana", "agent.example", "exe_1"))


# When it cannot run.


def test_a_program_that_is_gone_or_cannot_run_any_more_has_sent_nothing(tmp_path: Path, sh: Made) -> None:
    carrier, program = sh(printing(GOOD)), tmp_path / "program"
    program.chmod(0o644)
    assert "Permission denied" in str(error_of(carrier, "place_call")) or os.geteuid() == 0
    for content in (b"no interpreter", b"\x7fELF", b"#!/no/such/interpreter\n"):
        program.write_bytes(content)
        program.chmod(0o755)
        assert type(error_of(carrier, "place_call")) is NotSent
    program.unlink()
    for operation in OPERATIONS:
        error = error_of(carrier, operation)
        assert type(error) is NotSent
        assert "cannot be started: No such file or directory" in str(error)


def test_where_nobody_can_know_how_a_program_ends_none_is_started(sh: Made, tmp_path: Path) -> None:
    carrier = sh(f"echo > started; {printing(GOOD)}; exit 69")
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        error = error_of(carrier, "place_call")
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert type(error) is NotSent
    assert "SIGCHLD is ignored" in str(error)
    assert not (tmp_path / "started").exists()


def test_without_room_for_the_question_nothing_is_sent(
    sh: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    carrier = sh(f"echo > started; {printing(GOOD)}")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "no" / "such" / "folder"))
    assert type(error_of(carrier, "place_call")) is NotSent
    assert not (tmp_path / "started").exists()


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (None, "HYP_EXEC_PROGRAM is not set"),
        ("  ", "HYP_EXEC_PROGRAM is not set"),
        ("dial --now", "'dial' is not an absolute path"),
        ("~/dial", "'~/dial' is not an absolute path"),
        ("/no/such/dial --password secret", "'/no/such/dial' is not a file"),
        ("/", "'/' is not a file"),
        ("/etc/passwd", "'/etc/passwd' is not executable"),
        ("/bin/sh 'oops", "HYP_EXEC_PROGRAM cannot be split into words: No closing quotation"),
        ("/" + "x" * 5000, "cannot be looked at"),
    ],
)
def test_a_program_that_cannot_be_meant_is_named_with_its_variable(
    tmp_path: Path, value: str | None, problem: str
) -> None:
    environ = {} if value is None else {"HYP_EXEC_PROGRAM": value}
    with pytest.raises(InvalidInput, match="HYP_EXEC_PROGRAM") as wrong:
        open_carrier(CarrierSetup("exec", tmp_path / "w.db", VirtualClock(NOON), environ))
    assert problem in wrong.value.message
    assert "secret" not in wrong.value.message
    assert wrong.value.hint


def test_each_account_has_a_program_of_its_own_and_never_that_of_another(tmp_path: Path) -> None:
    assert "exec" in installed()
    environ = {"HYP_EXEC_PROGRAM": "/bin/false", "HYP_EXEC_PBX_TWO_PROGRAM": f"/bin/sh -c {quote('exit 77')}"}
    clock = VirtualClock(NOON)
    assert isinstance(load(CarrierSetup("exec", tmp_path / "w.db", clock, environ)), Carrier)
    two = load(CarrierSetup("exec:pbx-two", tmp_path / "w.db", clock, environ))
    with pytest.raises(Rejected):
        two.place_call(CALL)
    with pytest.raises(InvalidInput, match="HYP_EXEC_PBX_PROGRAM is not set"):
        load(CarrierSetup("exec:pbx", tmp_path / "w.db", clock, environ))


# When hyp is told to stop.

STOPPED = """
import os, sys, threading
from pathlib import Path
from hyponema_cli.carriers.base import CarrierSetup, PlaceCall
from hyponema_cli.carriers import exec_program
from hyponema_cli.carriers.exec import ExecCarrier
from hyponema_cli.clock import SystemClock

look = exec_program._is_too_much
def first_look(*files):
    exec_program._is_too_much = look
    print("waiting", flush=True)
    return look(*files)
exec_program._is_too_much = first_look

carrier = ExecCarrier(CarrierSetup("exec", Path("w.db"), SystemClock(), dict(os.environ)), [sys.argv[1]])
call = PlaceCall("call_1", "+34600000001", "+34910000001", "exe_1", 1)
try:
    carrier.place_call(call) if sys.argv[2] == "place_call" else carrier.hang_up("c1")
except KeyboardInterrupt:
    print("stopped", flush=True)
sys.stdin.readline()
for thread in threading.enumerate():
    if thread is not threading.current_thread():
        thread.join(20)
try:
    os.waitpid(-1, os.WNOHANG)
    print("somebody is left")
except ChildProcessError:
    print("nobody is left")
"""


@contextmanager
def ended(process: subprocess.Popen[str]) -> Iterator[None]:
    try:
        yield
    finally:
        process.kill()


@pytest.mark.parametrize(("operation", "lives"), [("place_call", True), ("hang_up", False)])
def test_a_ctrl_c_reaches_hyp_and_not_a_program_that_may_be_dialling(
    sh: Made, fifo: Fifo, tmp_path: Path, operation: str, lives: bool
) -> None:
    ready, go = (tmp_path / name for name in ("ready", "go"))
    os.mkfifo(ready)
    os.mkfifo(go)
    sh("trap 'echo interrupted > fifo' INT; exec 3> fifo; echo > ready; read _ < go; echo lives >&3")
    hyp = subprocess.Popen(
        [sys.executable, "-c", STOPPED, str(tmp_path / "program"), operation],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with hyp, ended(hyp):
        assert hyp.stdin is not None
        assert hyp.stdout is not None
        ready.read_text()
        assert hyp.stdout.readline() == "waiting\n"
        os.killpg(hyp.pid, signal.SIGINT)
        assert hyp.stdout.readline() == "stopped\n"
        if lives:
            go.write_text("\n")
        assert fifo.read() == (b"lives\n" if lives else b"")
        hyp.stdin.write("\n")
        hyp.stdin.close()
        assert hyp.stdout.read() == "nobody is left\n"


def test_a_program_that_prints_without_end_is_not_left_alone_with_the_disk(
    sh: Made, fifo: Fifo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = tmp_path / "ready"
    os.mkfifo(ready)

    def interrupted(*_: object) -> None:
        ready.read_text()
        raise KeyboardInterrupt

    monkeypatch.setattr(exec_program, "_wait", interrupted)
    carrier = sh("exec 3> fifo; head -c 2000000 /dev/zero; echo > ready; sleep 60")
    with pytest.raises(KeyboardInterrupt):
        carrier.place_call(CALL)
    assert fifo.read() == b""


# A whole telephone system.


class FolderLab(Lab):
    """A telephone system that is a folder; see folder_pbx.py."""

    from_number = FROM

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.clock = self._time = VirtualClock(NOON)
        self.wait(0)
        command = [*PYTHON.split(), str(FOLDER_PBX), str(folder)]
        setup = CarrierSetup("exec", folder / "w.db", self.clock)
        self.carrier: Carrier = ExecCarrier(setup, command, place_within=2)
        self._numbers = count(100)

    def callee(self) -> str:
        return f"+34600000{next(self._numbers)}"

    def creates(self) -> int:
        asked = self._folder / "asked"
        return len(asked.read_text().splitlines()) if asked.exists() else 0

    @contextmanager
    def meet(self, trouble: Trouble) -> Iterator[None]:
        (self._folder / "trouble").write_text(trouble.name)
        yield

    def wait(self, seconds: float) -> None:
        self._time.set(self._time.now() + timedelta(seconds=seconds))
        (self._folder / "now").write_text(str(self._time.now().timestamp()))


class TestFolder(CarrierContract):
    @pytest.fixture
    def lab(self, tmp_path: Path) -> Lab:
        return FolderLab(tmp_path)
