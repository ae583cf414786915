"""The schema says what the code says, and docs/schema.sql shows it as it is."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path

import pytest

from hyponema_cli.core.call import (
    FINAL_EXECUTIONS,
    LIVE_CALLS,
    CallState,
    ExecutionState,
    ScheduleState,
)
from hyponema_cli.store.migrations import CARRIERS, COUNTS, GATES, OUTBOX, SERVER, SPINE, TOOLS

DOCUMENT = Path(__file__).parents[2] / "docs" / "schema.sql"
SCHEMA = ";\n\n".join((SPINE, GATES, CARRIERS, OUTBOX, COUNTS, TOOLS, SERVER)) + ";\n"


def words_after(pattern: str) -> set[str]:
    """Return the quoted words of the first list in the schema that follows `pattern`."""
    match = re.search(pattern + r"[^(]*\(([^()]*)\)", SPINE)
    assert match is not None
    return set(re.findall(r"'(\w+)'", match[1]))


@pytest.mark.parametrize(
    ("table", "states"), [("schedules", ScheduleState), ("executions", ExecutionState), ("calls", CallState)]
)
def test_every_state_of_the_code_is_a_state_of_the_table(table: str, states: type[StrEnum]) -> None:
    assert words_after(rf"create table {table} \((?s:.*?)status text not null check \(status in ") == set(states)


def test_a_call_is_over_when_it_has_an_end_and_only_then() -> None:
    final = words_after(r"duration_seconds integer(?s:.*?)\(finished_at is not null\)\s*= \(status in")
    assert final == set(CallState) - LIVE_CALLS


def test_final_executions_and_only_they_have_an_end() -> None:
    assert words_after(r"gates is null(?s:.*?)\(finished_at is not null\)\s*= \(status in") == FINAL_EXECUTIONS


def test_the_page_of_the_schema_is_fresh() -> None:
    assert DOCUMENT.read_text() == SCHEMA, "run: python -m tests.store.test_schema"


if __name__ == "__main__":
    DOCUMENT.write_text(SCHEMA)
