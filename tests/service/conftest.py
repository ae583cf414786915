from __future__ import annotations

import ast
import inspect
import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from hyponema_cli.core.records import Agent, Number
from hyponema_cli.store import agents, create, numbers
from tests.world import MONDAY, STREAM_URL

AGENTS = ("agent-123", "reminder-agent", "special-occasion-agent", "followup-agent", "account-manager-agent")
"""Those of the guide."""


@pytest.fixture
def db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with the agents of the guide, one of them with a number; it is the one that HYP_DB names."""
    path = tmp_path / "calls.db"
    store, _ = create(path)
    with store.transaction():
        for name in AGENTS:
            agents.insert(store, Agent(name, name, None, STREAM_URL, None, MONDAY, MONDAY))
        numbers.insert(store, Number("num_1", "+34910000001", "simulated", None, None, MONDAY, MONDAY))
        numbers.attach(store, "num_1", "agent-123", MONDAY)
    store.close()
    monkeypatch.setenv("HYP_DB", str(path))
    return path


@pytest.fixture
def in_new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose own clocks are New York's."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield
    os.environ.pop("TZ")
    time.tzset()


async def run(text: str, names: dict[str, Any]) -> dict[str, Any]:
    """Run Python as `python -m asyncio` does, with `await` outside of functions; return the names that there are."""
    code = compile(text, "example", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    assert isinstance(code, CodeType)
    outcome = eval(code, names)  # noqa: S307 - our own text
    if inspect.isawaitable(outcome):
        await outcome
    return names
