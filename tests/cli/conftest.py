"""Runs the program as its users do: another process, a built environment, its own data folder.

`HYP_BIN` names the program to try, such as the one that was installed from the wheel.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

COMMAND = [os.environ["HYP_BIN"]] if "HYP_BIN" in os.environ else [sys.executable, "-m", "hyponema_cli"]
PATH = f"{Path(COMMAND[0]).parent}{os.pathsep}{os.environ['PATH']}"
"""With the program that is tried in front: whatever else is called hyp on this machine must not matter."""


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Hyp:
    """The program, in a home of its own."""

    home: Path
    env: dict[str, str]

    def __call__(self, *words: str, stdin: str | None = None, **env: str) -> Answer:
        done = subprocess.run(
            [*COMMAND, *words],
            env={**self.env, **env},
            cwd=self.home,
            input=stdin if stdin is not None else "",
            capture_output=True,
            text=True,
            timeout=60,
            errors="surrogateescape",
            check=False,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def start(self, *words: str, **env: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*COMMAND, *words],
            env={**self.env, **env},
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ok(self, *words: str, **env: str) -> Answer:
        """Run it, and expect nothing to be wrong."""
        answer = self(*words, **env)
        assert answer.code == 0, answer
        return answer

    @property
    def db(self) -> Path:
        return self.home / "data" / "hyp" / "default.db"

    def query(self, sql: str, path: Path | None = None) -> list[Any]:
        connection = sqlite3.connect(path or self.db)
        rows = connection.execute(sql).fetchall()
        connection.close()
        return rows

    def dump(self) -> list[str]:
        """Return all that the workspace holds, as SQL."""
        connection = sqlite3.connect(self.db)
        lines = list(connection.iterdump())
        connection.close()
        return lines

    def rung(self) -> list[str]:
        """Return each number that the simulated network was asked to call, from its own memory."""
        rows = self.query("select to_number from calls order by number", Path(f"{self.db}.simulated"))
        return [row[0] for row in rows]


@pytest.fixture
def bare_hyp(tmp_path: Path) -> Hyp:
    """The program on a machine where it has never run."""
    home = tmp_path / "home"
    home.mkdir()
    env = {
        "HOME": str(home),
        "XDG_DATA_HOME": str(home / "data"),
        "PATH": PATH,
        "LANG": "C.UTF-8",
        "PYTHONPATH": "" if "HYP_BIN" in os.environ else str(Path(__file__).parents[2]),
    }
    return Hyp(home, env)


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with an agent, its number and Ana, made once and copied for each test."""
    home = tmp_path_factory.mktemp("furnished")
    env = {"HOME": str(home), "XDG_DATA_HOME": str(home / "data"), "PATH": PATH, "LANG": "C.UTF-8"}
    hyp = Hyp(home, env)
    hyp.ok("init")
    hyp.ok("agents", "add", "Check-in", "--id", "agent-123", "--stream-url", "wss://agent.example/session")
    hyp.ok("numbers", "add", "+34910000001", "--carrier", "simulated")
    hyp.ok("numbers", "attach", "+34910000001", "agent-123")
    hyp.ok("users", "add", "Ana", "--id", "user-1", "--phone", "+34600000001", "--tz", "Europe/Madrid")
    return hyp.db


@pytest.fixture
def hyp(bare_hyp: Hyp, furnished: Path) -> Hyp:
    """The program in a workspace with an agent, its number and Ana."""
    bare_hyp.db.parent.mkdir(parents=True)
    shutil.copy(furnished, bare_hyp.db)
    return bare_hyp


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    """Wait for something to become true; fail when it does not within twenty seconds."""
    from time import monotonic, sleep

    def wait(condition: Callable[[], bool]) -> None:
        end = monotonic() + 20
        while not condition():
            assert monotonic() < end, "waited in vain"
            sleep(0.05)

    return wait
