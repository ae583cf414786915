"""docs/library.md: what it shows works as it is shown."""

from __future__ import annotations

import asyncio
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import hyponema_cli
from hyponema_cli import HypError, ScheduledCallService
from hyponema_cli.engine.body import GRACE
from hyponema_cli.service.words import MoreFields
from tests.cli.conftest import Hyp, bare_hyp
from tests.service.conftest import run

__all__ = ["bare_hyp"]

PAGE = (Path(__file__).parents[2] / "docs" / "library.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)


def test_the_page_can_be_followed_from_an_empty_machine(
    bare_hyp: Hyp, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for line in blocks("sh")[0].splitlines():
        for command in line.split(" && "):
            bare_hyp.ok(*shlex.split(command)[1:])
    first, *others = blocks("python")
    done = subprocess.run(
        [sys.executable, "-c", first], env=bare_hyp.env, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"sch_\w{26} 2090-12-01 13:30:00\+00:00\n", done.stdout)

    monkeypatch.setenv("HYP_DB", str(bare_hyp.db))
    asyncio.run(run("\n".join(others), {"asyncio": asyncio}))
    assert capsys.readouterr().out.splitlines() == [
        "['Weekly check-in']",
        "dialing None",
        "True",
        "usage: '2090-12-01 14:30' has no timezone "
        "(add timezone='Europe/Madrid', or an offset as in 2026-12-01T14:30+01:00)",
    ]


def test_what_the_page_names_is_there() -> None:
    table = PAGE.partition("## The methods")[2].partition("\n\nEverything")[0]
    for method in re.findall(r"`(\w+)\(", table):
        assert hasattr(ScheduledCallService, method), method
    methods = {name for name in vars(ScheduledCallService) if not name.startswith("_")} - {"close"}
    assert set(re.findall(r"`(\w+)\(", table)) == methods
    more = PAGE.partition("Beside what the examples show there are ")[2].partition(" and the other")[0]
    assert set(re.findall(r"`(\w+)`", more)) - {"max_occurrences"} <= set(MoreFields.__annotations__)
    errors = PAGE.partition("| error | when |")[2].partition("\n\n")[0]
    named = {name for name in re.findall(r"`(\w+)`", errors) if name[0].isupper()}
    told = {name for name in hyponema_cli.__all__ if _is_error(name)}
    assert named == told - {"HypError"}
    assert GRACE.total_seconds() == 60


def _is_error(name: str) -> bool:
    kind = getattr(hyponema_cli, name)
    return isinstance(kind, type) and issubclass(kind, HypError)
