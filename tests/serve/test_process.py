"""The server as a process: it starts only where that is safe, ends as it is told to, and works beside all others."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Hyp
from tests.processes.waiting import until

EVERYWHERE = "0.0.0.0"  # noqa: S104 - what must be refused
CALL = {"phone_number": "+34600000001", "scheduled_time": "2199-02-01 14:30:00", "timezone": "Europe/Madrid"}


class Running:
    """A server that answers."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        assert process.stderr is not None
        for line in process.stderr:
            self.lines.append(line)
            found = re.search(r"listening on http://\S+:(\d+)", line)
            if found:
                break
        else:
            raise AssertionError(self.lines)
        self.port = int(found[1])
        self._reader = threading.Thread(target=lambda: self.lines.extend(process.stderr or ()), daemon=True)
        self._reader.start()

    def ask(self, method: str, path: str, body: Any = None, token: str | None = None) -> tuple[int, Any]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        status, shape = answer.status, json.loads(answer.read())
        connection.close()
        return status, shape

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        code = self.process.wait(timeout=20)
        self._reader.join(timeout=10)
        return code


@contextmanager
def serving(hyp: Hyp, *words: str, **env: str) -> Iterator[Running]:
    process = hyp.start("serve", "--port", "0", *words, **env)
    try:
        yield Running(process)
    finally:
        process.kill()
        process.communicate()


def test_nothing_is_served_that_nobody_could_get_into_or_everybody(hyp: Hyp) -> None:
    cases: list[tuple[tuple[str, ...], int, str]] = [
        ((), 5, "workspace 'default' has no token"),
        (("--host", EVERYWHERE), 5, "no token"),
        (("--host", EVERYWHERE, "--no-auth"), 2, "other machines would get in"),
        (("--host", "::", "--no-auth"), 2, "other machines"),
        (("--port", "99999"), 2, "99999"),
        (("--rate", "0"), 2, "--rate 0"),
        (("--allow-workspace", "dev"), 10, "no database"),
        (("--allow-workspace", "../dev"), 2, "is not a name"),
        (("--public-url", "calls.example.org"), 2, "calls.example.org"),
        (("--log-format", "xml"), 2, "xml"),
    ]
    for words, code, says in cases:
        answer = hyp("serve", *words)
        assert (answer.code, answer.out) == (code, ""), answer
        assert says in answer.err
        assert "hint: " in answer.err
    hyp.ok("tokens", "add", "crm")
    assert "no address of this machine" in hyp("serve", "--host", "nowhere.invalid").err


def test_a_file_given_by_its_path_goes_by_its_own_name(hyp: Hyp) -> None:
    clinic = {"HYP_DB": str(hyp.home / "clinic.db")}
    hyp.ok("init", **clinic)
    with serving(hyp, "--no-auth", **clinic) as server:
        assert server.ask("GET", "/workspaces/clinic/schedules") == (200, [])
        assert server.ask("GET", "/workspaces/default/schedules")[0] == 404
    hyp.ok("init", "--workspace", "clinic")
    answer = hyp("serve", "--no-auth", "--allow-workspace", "clinic", **clinic)
    assert (answer.code, answer.out) == (2, "")
    assert "another file" in answer.err


def test_it_says_at_its_start_that_callbacks_could_not_be_verified(hyp: Hyp) -> None:
    hyp.ok("numbers", "add", "+34910000077", "--carrier", "twilio:eu")
    hyp.ok("numbers", "attach", "+34910000077", "agent-123")
    hyp.ok("config", "set", "callback_url", "https://calls.example.org")
    for secret, warned in (("", True), ("00000000000000000000000000000000", False)):
        with serving(hyp, "--no-auth", TWILIO_EU_AUTH_TOKEN=secret) as server:
            server.end()
        assert any("TWILIO_EU_AUTH_TOKEN is not set" in line for line in server.lines) is warned


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_well(hyp: Hyp, number: signal.Signals) -> None:
    token = hyp.ok("tokens", "add", "crm", "--scope", "read,write").out.strip()
    with serving(hyp) as server:
        assert server.ask("GET", "/api/scheduled-calls", token=token) == (200, [])
        assert server.ask("GET", "/api/scheduled-calls")[0] == 401
        assert server.end(number) == 0
        assert server.process.stdout is not None and server.process.stdout.read() == ""
    assert [line for line in server.lines if "Traceback" in line or token in line] == []
    assert any("status=200" in line and "who=crm" in line for line in server.lines)
    assert server.lines[-1] == "hyp serve: stopped\n"


def test_a_second_server_on_the_port_is_refused_and_the_first_works_on(hyp: Hyp) -> None:
    token = hyp.ok("tokens", "add", "crm").out.strip()
    with serving(hyp) as server:
        second = hyp("serve", "--port", str(server.port))
        assert (second.code, second.out) == (5, "")
        assert "listens on 127.0.0.1 port" in second.err
        assert f"--port {server.port + 1}" in second.err
        assert server.ask("GET", "/api/scheduler/health", token=token)[0] == 200
        assert server.end() == 0


def test_without_tokens_it_must_be_told_so_and_says_so(hyp: Hyp) -> None:
    with serving(hyp, "--no-auth") as server:
        assert server.ask("POST", "/api/scheduled-calls", CALL)[0] == 201
        assert server.end() == 0
    assert any("no token is asked for" in line for line in server.lines)


def test_on_other_addresses_it_warns_that_it_speaks_no_tls(hyp: Hyp) -> None:
    token = hyp.ok("tokens", "add", "crm").out.strip()
    with serving(hyp, "--host", EVERYWHERE) as server:
        assert server.ask("GET", "/api/scheduled-calls", token=token)[0] == 200
        assert server.end() == 0
    assert any("TLS" in line for line in server.lines)


def test_log_lines_are_json_where_that_is_asked_for(hyp: Hyp) -> None:
    token = hyp.ok("tokens", "add", "crm").out.strip()
    process = hyp.start("serve", "--port", "0", "--log-format", "json")
    assert process.stderr is not None
    first = json.loads(process.stderr.readline())
    port = int(first["message"].split(";")[0].rpartition(":")[2])
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/api/scheduled-calls/x", headers={"Authorization": f"Bearer {token}"})
    assert connection.getresponse().status == 404
    connection.close()
    line = json.loads(process.stderr.readline())
    assert {**line, "at": "", "ms": ""} == {
        "at": "", "level": "info", "event": "http.answered", "method": "GET",
        "path": "/api/scheduled-calls/{schedule_id}", "status": "404", "ms": "", "who": "crm",
    }  # fmt: skip
    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == 0


def test_with_a_worker_it_calls_too_and_both_end_at_once(hyp: Hyp) -> None:
    token = hyp.ok("tokens", "add", "crm", "--scope", "read,write").out.strip()
    with serving(hyp, "--with-worker") as server:
        status, made = server.ask("POST", "/api/scheduled-calls", {**CALL, "scheduled_time": "now"}, token)
        assert status == 201

        def is_over() -> bool:
            _, history = server.ask("GET", f"/api/scheduled-calls/{made['id']}/history", token=token)
            return [run["status"] for run in history["executions"]] == ["completed"]

        until(is_over)
        assert server.ask("GET", "/api/scheduler/health", token=token)[1]["status"] == "healthy"
        assert server.end() == 0
    assert hyp.rung() == ["+34600000001"]


def test_many_clients_book_beside_ticks_and_a_worker_and_each_is_called_once(hyp: Hyp) -> None:
    token = hyp.ok("tokens", "add", "crm", "--scope", "read,write").out.strip()
    numbers = [f"+346001{each:03}01" for each in range(60)]
    answers: list[int] = []
    worker = hyp.start("run-worker")
    try:
        with serving(hyp) as server:

            def book(some: list[str]) -> None:
                for number in some:
                    body = {**CALL, "phone_number": number, "scheduled_time": "now", "ref": number}
                    answers.extend(server.ask("POST", "/api/scheduled-calls", body, token)[0] for _ in range(2))

            threads = [threading.Thread(target=book, args=(numbers[each::6],)) for each in range(6)]
            for thread in threads:
                thread.start()
            for _ in range(3):
                assert hyp("tick").code in (0, 3)
            for thread in threads:
                thread.join()
            assert answers == [201] * 2 * len(numbers)
            until(lambda: len(hyp.rung()) >= len(numbers))
            assert server.end() == 0
    finally:
        worker.terminate()
        worker.communicate()
    assert sorted(hyp.rung()) == numbers


def test_without_the_extra_it_says_what_to_install(hyp: Hyp, tmp_path: Path) -> None:
    (tmp_path / "fastapi.py").write_text("raise ModuleNotFoundError(\"No module named 'fastapi'\", name='fastapi')\n")
    answer = hyp("serve", PYTHONPATH=f"{tmp_path}{os.pathsep}{hyp.env['PYTHONPATH']}")
    assert answer.code == 1
    assert "fastapi, which is not installed" in answer.err
    assert "pip install 'hyponema-cli[serve]'" in answer.err


def test_a_client_that_sends_half_a_request_keeps_nobody_waiting(hyp: Hyp) -> None:
    token = hyp.ok("tokens", "add", "crm").out.strip()
    with serving(hyp) as server, socket.create_connection(("127.0.0.1", server.port)) as half:
        half.sendall(b"POST /api/scheduled-calls HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
        assert server.ask("GET", "/api/scheduled-calls", token=token)[0] == 200
        half.close()
        assert server.end() == 0


def test_a_head_without_an_end_is_refused_before_it_fills_the_memory(hyp: Hyp) -> None:
    with (
        serving(hyp, "--no-auth") as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=10) as endless,
    ):
        endless.sendall(b"GET /api/scheduled-calls HTTP/1.1\r\nHost: localhost\r\nX-Long: ")
        with suppress(OSError):
            for _ in range(2_000):
                endless.sendall(b"x" * 10_000)
        with suppress(ConnectionResetError):
            assert endless.recv(100).startswith(b"HTTP/1.1 400 ")
        large = {**CALL, "metadata": {"note": "x" * 900_000}}
        assert server.ask("POST", "/api/scheduled-calls", large)[0] in (201, 422), "a body may be large"
        assert server.ask("GET", "/api/scheduled-calls")[0] == 200
        assert server.end() == 0


def test_a_token_that_is_revoked_gets_in_no_more_after_a_second(hyp: Hyp) -> None:
    token = hyp.ok("tokens", "add", "crm").out.strip()
    with serving(hyp) as server:
        assert server.ask("GET", "/api/scheduled-calls", token=token)[0] == 200
        hyp.ok("tokens", "revoke", "crm")
        until(lambda: server.ask("GET", "/api/scheduled-calls", token=token)[0] == 401, seconds=3)
        assert server.end() == 0


def test_what_was_answered_stands_when_the_server_is_killed(hyp: Hyp) -> None:
    token = hyp.ok("tokens", "add", "crm", "--scope", "read,write").out.strip()
    booked: list[str] = []
    with serving(hyp) as server:

        def book(first: int) -> None:
            with suppress(OSError, HTTPException):
                for each in range(1000):
                    body = {**CALL, "phone_number": f"+3460{first}{each:04}01"}
                    booked.append(server.ask("POST", "/api/scheduled-calls", body, token)[1]["id"])

        threads = [threading.Thread(target=book, args=(first,)) for first in range(4)]
        for thread in threads:
            thread.start()
        until(lambda: len(booked) >= 40)
        server.process.kill()
        for thread in threads:
            thread.join()
    kept = {row[0] for row in hyp.query("select id from schedules")}
    assert set(booked) <= kept
    assert len(kept) - len(booked) <= 4, "of each client, one may have been booked and not answered"
    assert hyp.query("pragma integrity_check") == [("ok",)]
