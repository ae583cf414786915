"""Where nobody watches, what takes long says now and then how far it is, and what does not says nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hyponema_cli.cli.progress import progress
from hyponema_cli.clock import VirtualClock


def test_a_line_comes_after_ten_seconds_and_then_after_twice_the_time(capsys: pytest.CaptureFixture[str]) -> None:
    began = datetime(2026, 3, 2, tzinfo=UTC)
    clock = VirtualClock(began)
    with progress("simulating", clock) as on_progress:
        for second in range(100):
            clock.set(began + timedelta(seconds=second))
            on_progress(second / 100)
    out, said = capsys.readouterr()
    assert out == ""
    assert said.splitlines() == ["simulating: 10%", "simulating: 20%", "simulating: 40%", "simulating: 80%"]


def test_what_is_done_at_once_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("copying") as on_progress:
        on_progress(0.5)
        on_progress(1.0)
    assert capsys.readouterr().err == ""
