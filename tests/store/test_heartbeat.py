"""A sign of life costs next to nothing, and is never in the way."""

from __future__ import annotations

import os
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from hyponema_cli import __version__
from hyponema_cli.store import heartbeat
from tests.world import MONDAY


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "calls.db"


def test_the_last_beat_says_when_and_whose_it_was_and_is_for_its_owner_only(workspace: Path) -> None:
    assert heartbeat.last(workspace) is None
    assert heartbeat.beat(workspace, MONDAY, "worker")
    assert heartbeat.last(workspace) == (MONDAY, f"worker {os.getpid()} {__version__}")
    file = heartbeat.path_of(workspace)
    assert file.name == "calls.db.heartbeat"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(file.read_text().splitlines()) == 1


def test_a_shorter_line_leaves_nothing_of_a_longer_one(workspace: Path) -> None:
    heartbeat.beat(workspace, MONDAY, "a-very-long-word-for-who-it-was")
    heartbeat.beat(workspace, MONDAY + timedelta(microseconds=1), "tick")
    assert heartbeat.last(workspace) == (
        MONDAY + timedelta(microseconds=1),
        f"tick {os.getpid()} {__version__}",
    )


@pytest.mark.parametrize("kind", ["a folder", "a pipe", "nowhere"])
def test_where_no_beat_can_be_left_it_is_said_and_nobody_waits(workspace: Path, kind: str) -> None:
    match kind:
        case "a folder":
            heartbeat.path_of(workspace).mkdir()
        case "a pipe":
            os.mkfifo(heartbeat.path_of(workspace))
        case "nowhere":
            workspace = workspace.parent / "gone" / "calls.db"
    assert not heartbeat.beat(workspace, MONDAY, "tick")
    assert heartbeat.last(workspace) is None
    assert "cannot be written" in (heartbeat.obstacle(workspace) or "")


def test_to_ask_for_an_obstacle_leaves_no_beat(workspace: Path) -> None:
    assert heartbeat.obstacle(workspace) is None
    assert heartbeat.last(workspace) is None
    heartbeat.beat(workspace, MONDAY, "tick")
    assert heartbeat.obstacle(workspace) is None
    assert heartbeat.last(workspace) == (MONDAY, f"tick {os.getpid()} {__version__}")
