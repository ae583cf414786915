"""How many requests does the server answer beside a running worker? Run: python -m benchmarks.serve

Requests a second over kept connections, by one client process on the same machine, in turns with a bare app of
FastAPI on uvicorn that reads and writes JSON of the same size, and does nothing. The targets are 1,000 a second of
`GET /api/scheduler/health` and 300 of `POST /api/scheduled-calls`, on two cores, the client's work included.

Then the page, of a workspace with as many schedules as are still gone through one by one: how large its first view
is (at most 100 KB), and how many a second.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import IO, Any, NamedTuple
from urllib.parse import urlencode

HYP = [sys.executable, "-m", "hyponema_cli"]
BARE = [sys.executable, "-m", "benchmarks.serve", "--bare"]
CONNECTIONS = 32
SECONDS = 5
ROUNDS = 3
AGENTS = 5
SCHEDULES = 200
BODY = {
    "agent_id": "agent-1",
    "phone_number": "+34600000001",
    "scheduled_time": "2199-02-01 14:30:00",
    "timezone": "America/New_York",
    "name": "Follow-up call for John",
}


class Asked(NamedTuple):
    """What is sent again and again, and what the answer begins with."""

    octets: bytes
    status: bytes


def asked(method: str, path: str, token: str, body: object = None, status: int = 200) -> Asked:
    content = json.dumps(body).encode() if body is not None else b""
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
    if content:
        head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
    return Asked(head.encode() + b"\r\n" + content, b"HTTP/1.1 %d" % status)


async def rate(port: int, what: Asked) -> float:
    """Return how many requests a second are answered."""
    loop = asyncio.get_running_loop()
    end = loop.time() + SECONDS

    async def one_after_the_other() -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        count = 0
        while loop.time() < end:
            writer.write(what.octets)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(what.status):
                raise SystemExit(head.decode())
            found = re.search(rb"content-length: (\d+)", head)
            assert found is not None
            await reader.readexactly(int(found[1]))
            count += 1
        writer.close()
        return count

    counts = await asyncio.gather(*(one_after_the_other() for _ in range(CONNECTIONS)))
    return sum(counts) / SECONDS


@contextmanager
def started(words: list[str], line: str) -> Iterator[int]:
    """Start a program; give the port that it says it listens on, or 0."""
    with tempfile.TemporaryFile("a+") as log:
        process = subprocess.Popen(words, stderr=log, text=True)
        try:
            while not (said := [each for each in _read(log) if line in each]):
                assert process.poll() is None, "it does not start"
                time.sleep(0.05)
            found = re.search(r":(\d+)(;|$)", said[0])
            yield int(found[1]) if found else 0
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def _read(log: IO[str]) -> list[str]:
    log.seek(0)
    return log.readlines()


def hyp(*words: str, stdin: str = "") -> str:
    return subprocess.run([*HYP, *words], check=True, capture_output=True, text=True, input=stdin).stdout.strip()


def page(port: int, token: str) -> tuple[Asked, int]:
    """Sign in; return what asks for the first view, and how many bytes it has."""
    here = HTTPConnection("127.0.0.1", port)
    origin = {"Origin": f"http://127.0.0.1:{port}", "Content-Type": "application/x-www-form-urlencoded"}
    here.request("POST", "/page/sign-in", urlencode({"token": token, "then": "/"}), origin)
    answer = here.getresponse()
    answer.read()
    cookie = (answer.getheader("Set-Cookie") or "").partition(";")[0]
    here.request("GET", "/", headers={"Cookie": cookie})
    view = here.getresponse()
    size = len(view.read())
    assert view.status == 200, view.status
    return Asked(
        f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n".encode(), b"HTTP/1.1 200"
    ), size


def board() -> str:
    """Write calls in the next hours and days for several agents, as `hyp schedules import` reads them."""
    return "\n".join(
        json.dumps(
            {
                "agent_id": f"agent-{1 + number % AGENTS}",
                "phone_number": f"+346000{number:05}",
                "name": f"Check-in {number}",
                "weekdays": [1, 2, 3, 4, 5, 6, 7],
                "local_time": f"{number % 24:02}:{number % 60:02}",
                "timezone": "Europe/Madrid",
            }
        )
        for number in range(SCHEDULES)
    )


def bare() -> None:
    """Serve an app that does nothing."""
    from fastapi import FastAPI

    from hyponema_cli.serve.listening import bound, server_of

    app = FastAPI(docs_url=None, redoc_url=None)
    answer = {f"field_{number}": f"value {number}" for number in range(12)}

    @app.get("/health")
    async def health() -> dict[str, str]:
        return answer

    @app.post("/calls", status_code=201)
    async def calls(body: dict[str, Any]) -> dict[str, Any]:
        return {**body, **{f"field_{number}": f"value {number}" for number in range(30)}}

    socket = bound("127.0.0.1", 0)
    print(f"listening on http://127.0.0.1:{socket.getsockname()[1]}", file=sys.stderr, flush=True)
    server = server_of(app)  # type: ignore[arg-type]
    signal.signal(signal.SIGTERM, lambda *_: setattr(server, "should_exit", True))
    server.run([socket])


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as opened:
        os.environ["HYP_DB"] = str(Path(folder, "w.db"))
        hyp("init")
        for number in range(AGENTS):
            hyp("agents", "add", f"Check-in {number + 1}", "--id", f"agent-{number + 1}")
        hyp("schedules", "import", "-", "--format", "jsonl", stdin=board())
        token = hyp("tokens", "add", "bench", "--scope", "read,write")
        opened.enter_context(started([*HYP, "run-worker", "--log-format", "text"], "watching"))
        ours = opened.enter_context(
            started([*HYP, "serve", "--port", "0", "--rate", "1000000", "--log-format", "text"], "listening")
        )
        theirs = opened.enter_context(started(BARE, "listening"))
        for title, target, mine, other in (
            ("GET health", 1000, asked("GET", "/api/scheduler/health", token), asked("GET", "/health", token)),
            (
                "POST scheduled-calls",
                300,
                asked("POST", "/api/scheduled-calls", token, BODY, 201),
                asked("POST", "/calls", token, BODY, 201),
            ),
        ):
            rates = []
            for _ in range(ROUNDS):
                time.sleep(0.5)
                rates.append((asyncio.run(rate(ours, mine)), asyncio.run(rate(theirs, other))))
            hyps, bares = (sorted(each)[ROUNDS // 2] for each in zip(*rates, strict=True))
            print(
                f"{title:22} {hyps:8,.0f}/s   bare {bares:8,.0f}/s   ratio {hyps / bares:.2f}   (target {target:,}/s)"
            )
        view, size = page(ours, token)
        views = sorted(asyncio.run(rate(ours, view)) for _ in range(ROUNDS))[ROUNDS // 2]
        empty = sorted(asyncio.run(rate(theirs, asked("GET", "/health", token))) for _ in range(ROUNDS))[ROUNDS // 2]
        print(
            f"{'GET / (the page)':22} {views:8,.0f}/s   bare {empty:8,.0f}/s   ratio {views / empty:.3f}   "
            f"{size / 1000:.0f} KB   (target at most 100 KB)"
        )


if __name__ == "__main__":
    bare() if sys.argv[1:] == ["--bare"] else main()
