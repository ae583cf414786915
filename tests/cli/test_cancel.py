"""Ending several schedules is asked about at a terminal, and needs --yes elsewhere; one is ended as it is said."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Hyp
from tests.cli.test_ask import talk


@pytest.fixture
def two(hyp: Hyp) -> Hyp:
    for name in ("first", "second"):
        hyp.ok("schedules", "add", "--weekdays", "1", "--at", "09:30", "--name", name)
    return hyp


def states(hyp: Hyp) -> list[str]:
    return [row[0] for row in hyp.query("select status from schedules order by name")]


@pytest.mark.parametrize(
    ("answer", "code", "after"),
    [("n\n", 1, "active"), ("\n", 1, "active"), ("\x04", 130, "active"), ("y\n", 0, "canceled")],
)
def test_several_are_named_and_asked_about_at_a_terminal(two: Hyp, answer: str, code: int, after: str) -> None:
    told = talk(two, "schedules", "cancel", "first", "second", answers=answer)
    assert (told.code, states(two)) == (code, [after] * 2)
    assert "  'first' (sch_" in told.seen
    assert "Cancel these 2 schedules for good? [y/N] " in told.seen


def test_several_need_yes_in_a_pipe(two: Hyp) -> None:
    refused = two("schedules", "cancel", "first", "second")
    assert (refused.code, states(two)) == (2, ["active"] * 2)
    assert "--yes" in refused.err
    two.ok("schedules", "cancel", "first", "second", "--dry-run")
    assert states(two) == ["active"] * 2
    two.ok("schedules", "cancel", "first", "second", "--yes")
    assert states(two) == ["canceled"] * 2


def test_one_is_ended_without_a_question(two: Hyp) -> None:
    two.ok("schedules", "cancel", "first")
    told = talk(two, "schedules", "cancel", "second", answers="")
    assert (told.code, "?" in told.seen, states(two)) == (0, False, ["canceled"] * 2)


def test_many_are_not_all_named(hyp: Hyp) -> None:
    for _ in range(12):
        hyp.ok("schedules", "add", "--weekdays", "1", "--at", "09:30")
    ids = hyp.ok("schedules", "list", "--ids").out.split()
    told = talk(hyp, "schedules", "cancel", *ids, answers="n\n")
    assert (told.seen.count("  sch_"), "and 2 more" in told.seen) == (10, True)
