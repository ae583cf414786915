"""hyp run-worker as systemd and a log see it, and how it ends while a carrier hangs."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND, Hyp
from tests.processes.waiting import for_seconds
from tests.twilio_network import HANG, TwilioNetwork

Until = Callable[[Callable[[], bool]], None]
NAME, CONTEXT = "Hortensia Q.", "her late husband's pills"
NUMBER = "+34600123401"


@contextmanager
def worker(hyp: Hyp, *words: str, **env: str) -> Iterator[subprocess.Popen[str]]:
    """Run a worker beside us; end it for certain."""
    process = hyp.start("run-worker", *words, **env)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ended(process: subprocess.Popen[str], seconds: float = 20) -> tuple[int, str]:
    """Wait for its end; return its exit code and what it wrote to stderr."""
    out, err = process.communicate(timeout=seconds)
    assert out == ""
    return process.returncode, err


# -- systemd


class Manager:
    """systemd's end of the socket of sd_notify."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._socket.settimeout(20)

    def hear(self) -> dict[str, str]:
        """Wait for a message; fail when none comes."""
        lines = self._socket.recv(4096).decode().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def hear_until(self, word: str) -> list[dict[str, str]]:
        """Return all messages up to the first one with that word."""
        heard = [self.hear()]
        while word not in heard[-1]:
            heard.append(self.hear())
        return heard

    def drain(self) -> None:
        """Forget what has come so far."""
        self._socket.setblocking(False)
        try:
            while self._socket.recv(4096):
                pass
        except BlockingIOError:
            self._socket.settimeout(20)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    # A path of 108 bytes at most: pytest's folders are longer.
    address = f"@hyp-test-{os.getpid()}" if request.param == "abstract" else f"/tmp/hyp-notify-{os.getpid()}"  # noqa: S108
    made = Manager(address)
    yield made
    made.close()
    if request.param == "path":
        Path(address).unlink()


def test_systemd_hears_that_it_is_ready_that_it_lives_and_that_it_stops(hyp: Hyp, manager: Manager) -> None:
    with worker(hyp, NOTIFY_SOCKET=manager.address) as process:
        assert manager.hear()["READY"] == "1"
        # Ready means that a signal is heeded from now on.
        assert manager.hear_until("WATCHDOG")[-1]["WATCHDOG"] == "1"
        assert manager.hear_until("WATCHDOG")[-1]["STATUS"]
        process.terminate()
        assert manager.hear_until("STOPPING")[-1]["STOPPING"] == "1"
        assert ended(process)[0] == 0


def test_a_signal_in_the_moment_that_it_is_ready_is_heeded(hyp: Hyp, manager: Manager) -> None:
    with worker(hyp, NOTIFY_SOCKET=manager.address) as process:
        assert manager.hear()["READY"] == "1"
        process.terminate()
        assert ended(process)[0] == 0


@pytest.mark.parametrize("address", ["/nowhere/at/all", "@nobody-is-there", "", "relative", "/" + "x" * 300])
def test_it_works_where_nobody_listens_to_it(hyp: Hyp, until: Until, address: str) -> None:
    with worker(hyp, NOTIFY_SOCKET=address) as process:
        hyp.ok("schedules", "add", "--at", "now")
        until(lambda: hyp.query("select status from calls where placed_at is not null") != [])
        process.terminate()
        assert ended(process)[0] == 0


def test_it_works_when_systemd_goes_away(hyp: Hyp, manager: Manager, until: Until) -> None:
    with worker(hyp, NOTIFY_SOCKET=manager.address) as process:
        manager.hear_until("WATCHDOG")
        manager.close()
        hyp.ok("schedules", "add", "--at", "now")
        until(lambda: hyp.query("select status from calls where placed_at is not null") != [])
        process.terminate()
        assert ended(process)[0] == 0


def carrier_file(hyp: Hyp) -> Path:
    return Path(f"{hyp.db}.simulated")


# -- Its log


PATTERNS = {
    "text": r"(hyp worker: |\d{4}-\d\d-\d\dT\S+Z (debug|info|warning) [a-z_]+\.[a-z_]+( |$))",
    "journal": r"<[467]>[a-z_]+\.[a-z_]+( |$)",
}


def is_line(form: str, line: str) -> bool:
    """True for a line that programs can take apart."""
    if form == "json":
        return {"at", "level", "event"} <= json.loads(line).keys()
    return re.match(PATTERNS[form], line) is not None


WAITING = """
    select 1 from executions where status in ('pending', 'dialing')
    union all select 1 from calls where status in ('placing', 'queued', 'ringing', 'in_progress')
"""


def work_on_everything(hyp: Hyp, until: Until, *words: str, **env: str) -> list[str]:
    """Let a worker call people of every fate, whose data must not be told; return its log."""
    hyp.ok("users", "add", NAME, "--id", "user-2", "--phone", NUMBER, "--tz", "Europe/Madrid")
    hyp.ok("schedules", "add", "--user", "user-2", "--at", "now", "--context", f"note={CONTEXT}")
    for last in ("90", "92", "95", "96", "98", "99"):
        hyp.ok("schedules", "add", "--at", "now", "--to", f"+346001234{last}", "--tz", "Europe/Madrid")
    with worker(hyp, *words, **env) as process:
        until(lambda: hyp.query(WAITING) == [] and len(hyp.query("select 1 from executions")) == 7)
        process.terminate()
        code, err = ended(process)
    assert code == 0, err
    return err.splitlines()


@pytest.mark.parametrize("form", ["text", "json", "journal"])
def test_each_line_of_the_log_can_be_taken_apart_and_holds_nobodys_data(hyp: Hyp, until: Until, form: str) -> None:
    lines = work_on_everything(hyp, until, HYP_LOG_FORMAT=form, HYP_LOG_LEVEL="debug")
    assert len(lines) > 20
    assert [line for line in lines if not is_line(form, line)] == []
    text = "\n".join(lines)
    assert "call.placed" in text
    for secret in (NAME, CONTEXT, "Hortensia", "husband", "346001234", "600123401", "34910000001", "Ana"):
        assert secret not in text


@pytest.mark.parametrize(
    ("level", "told", "untold"),
    [
        ("debug", {"debug", "info", "warning"}, set()),
        ("info", {"info", "warning"}, {"debug"}),
        ("warning", {"warning"}, {"debug", "info"}),
    ],
)
def test_the_level_says_what_is_left_out(
    hyp: Hyp, until: Until, level: str, told: set[str], untold: set[str]
) -> None:
    lines = work_on_everything(hyp, until, "--log-format", "json", HYP_LOG_LEVEL=level)
    events = [json.loads(line) for line in lines]
    seen = {each["level"] for each in events if not each["event"].startswith("worker.")}
    assert seen == told
    assert not seen & untold


@pytest.mark.parametrize(
    ("words", "env", "said"),
    [
        (("--log-format", "jsn"), {}, "json"),
        ((), {"HYP_LOG_FORMAT": "xml"}, "text, json, journal"),
        ((), {"HYP_LOG_LEVEL": "loud"}, "debug, info, warning"),
        (("--concurrency", "0"), {}, "from 1 to 64"),
        (("--concurrency", "65"), {}, "from 1 to 64"),
        (("--interval", "100ms"), {}, ""),
        (("--drain-timeout", "soon"), {}, ""),
    ],
)
def test_what_it_does_not_know_it_refuses(hyp: Hyp, words: tuple[str, ...], env: dict[str, str], said: str) -> None:
    answer = hyp("run-worker", *words, **env)
    assert answer.code == 2
    assert said in answer.err
    assert "Traceback" not in answer.err


def test_a_log_that_nobody_reads_keeps_nobody_from_being_called(hyp: Hyp, until: Until) -> None:
    """A pipe takes 64 KiB, and then holds up whoever writes."""
    numbers = [f"+34600{each:04}01" for each in range(5)]
    reading, writing = os.pipe()
    with closing(os.fdopen(reading, "rb")) as unread:
        with os.fdopen(writing, "wb") as full:
            os.set_blocking(writing, False)
            full.raw.write(b"x" * 1_000_000)  # as much as fits
            os.set_blocking(writing, True)
            process = subprocess.Popen(
                [*COMMAND, "run-worker", "--log-format", "json"], env=hyp.env, stdin=subprocess.DEVNULL, stderr=full
            )
        try:
            for number in numbers:
                hyp.ok("schedules", "add", "--at", "now", "--to", number, "--tz", "Europe/Madrid")
            until(lambda: carrier_file(hyp).exists() and set(hyp.rung()) == set(numbers))
            process.terminate()
            assert process.wait(20) == 0
        finally:
            process.kill()
            process.wait()
        assert unread


# -- Its end, while a carrier hangs


@pytest.fixture
def network() -> Iterator[TwilioNetwork]:
    with TwilioNetwork() as made:
        yield made


@pytest.fixture
def twilio(hyp: Hyp, network: TwilioNetwork) -> Hyp:
    """The program, armed, with its number on a stand-in for Twilio."""
    hyp.env.update(
        TWILIO_ACCOUNT_SID=network.account, TWILIO_AUTH_TOKEN=network.token, HYP_TWILIO_BASE_URL=network.base_url
    )
    hyp.ok("numbers", "release", "+34910000001")
    hyp.ok("numbers", "add", "+34910000001", "--carrier", "twilio")
    hyp.ok("numbers", "attach", "+34910000001", "agent-123")
    hyp.ok("config", "set", "live", "true")
    return hyp


def add(hyp: Hyp, count: int) -> None:
    for each in range(count):
        hyp.ok("schedules", "add", "--at", "now", "--to", f"+3460000{each:03}01", "--tz", "Europe/Madrid")


def statuses(hyp: Hyp) -> list[str]:
    return [status for (status,) in hyp.query("select status from calls")]


def test_a_stop_waits_for_a_hanging_carrier_as_long_as_it_may_and_leaves_a_doubt(
    twilio: Hyp, network: TwilioNetwork, until: Until
) -> None:
    network.fail(HANG)
    with worker(twilio, "--drain-timeout", "1s") as process:
        add(twilio, 1)
        until(lambda: len(network.creates) == 1)
        process.terminate()
        code, err = ended(process, seconds=10)  # a whole request may hang for twenty
    assert code == 0, err
    assert statuses(twilio) == ["in_doubt"]
    assert twilio("health", "--max-heartbeat", "0").err.startswith("doubts: ")
    assert len(network.creates) == 1


@pytest.mark.parametrize(("signals", "code"), [((signal.SIGTERM,) * 2, 143), ((signal.SIGINT,) * 2, 130)])
def test_a_second_signal_ends_it_at_once(
    twilio: Hyp, network: TwilioNetwork, until: Until, signals: tuple[signal.Signals, ...], code: int
) -> None:
    network.fail(HANG)
    with worker(twilio, "--drain-timeout", "1m") as process:
        add(twilio, 1)
        until(lambda: len(network.creates) == 1)
        process.send_signal(signals[0])
        assert process.stderr is not None
        for line in process.stderr:
            if "finishing what is in hand" in line:
                break
        process.send_signal(signals[1])
        assert process.wait(5) == code
    assert statuses(twilio) == ["placing"]
    twilio("tick")
    assert len(network.creates) == 1, "nobody dials what was in hand"


@pytest.mark.parametrize("most", [1, 3])
def test_no_more_requests_are_under_way_than_it_may_have(
    twilio: Hyp, network: TwilioNetwork, until: Until, most: int
) -> None:
    network.fail(HANG, times=8)
    add(twilio, 8)
    with worker(twilio, "--concurrency", str(most), "--drain-timeout", "1s") as process:
        until(lambda: len(network.creates) >= most)
        for_seconds(1, lambda: None)
        assert len(network.creates) == most
        process.terminate()
        code, err = ended(process, 40)
    assert code == 0, err
    assert statuses(twilio).count("in_doubt") == most
    assert statuses(twilio).count("placing") == 0


def test_systemd_hears_that_it_lives_while_it_dials(
    twilio: Hyp, network: TwilioNetwork, manager: Manager, until: Until
) -> None:
    network.fail(HANG, times=8)
    with worker(twilio, "--concurrency", "2", NOTIFY_SOCKET=manager.address) as process:
        manager.hear_until("READY")
        add(twilio, 4)
        until(lambda: len(network.creates) == 2)
        manager.drain()
        assert "WATCHDOG" in manager.hear_until("WATCHDOG")[-1]
        process.kill()


def test_nothing_is_left_behind_after_a_stop(hyp: Hyp, until: Until) -> None:
    with worker(hyp) as process:
        hyp.ok("schedules", "add", "--at", "now")
        until(lambda: hyp.query("select status from calls where placed_at is not null") != [])
        process.terminate()
        assert ended(process)[0] == 0
    shutil.copy(hyp.db, hyp.home / "copy.db")  # nobody holds it
    names = {each.name.removeprefix(hyp.db.name) for each in hyp.db.parent.iterdir()}
    assert names <= {"", "-journal", ".dialled", ".heartbeat", ".simulated", ".simulated-wal", ".simulated-shm"}
