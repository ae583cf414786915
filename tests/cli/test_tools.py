"""Whatever holds a conversation asks hyp by a process, and always gets an answer that it can read."""

from __future__ import annotations

import json
import sqlite3
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hyponema_cli.clock import SystemClock
from tests.cli.conftest import Answer, Hyp

WHO = ("--agent", "agent-123", "--session", "talk")


@pytest.fixture
def talking(hyp: Hyp) -> Hyp:
    """Ana talks with an agent that may use both tools."""
    hyp.ok("agents", "tools", "agent-123", "enable", "schedule_callback", "manage_callback")
    hyp.ok("sessions", "start", "user-1", "--id", "talk")
    return hyp


def ask(hyp: Hyp, tool: str, **arguments: Any) -> Answer:
    return hyp("tools", "call", tool, *WHO, stdin=json.dumps(arguments))


def test_a_conversation_books_moves_and_cancels_and_leaves_a_trace(talking: Hyp) -> None:
    # By its date: after midnight, "pasado mañana" has two readings, and is asked back about.
    day = (SystemClock().now().astimezone(ZoneInfo("Europe/Madrid")) + timedelta(days=2)).strftime("%d/%m/%Y")
    proposed = ask(talking, "schedule_callback", when=f"el {day} a las once de la mañana", about="la factura").json
    assert proposed["say"].endswith("a las 11:00, hora de Madrid")
    booked = ask(talking, "schedule_callback", confirm=proposed["proposal"]).json
    moved = ask(
        talking, "manage_callback", action="reschedule", callback=booked["callback"], when=proposed["run_at"]
    ).json
    assert (moved["status"], moved["run_at"]) == ("proposed", booked["run_at"])
    (listed,) = ask(talking, "manage_callback", action="list").json["callbacks"]
    assert (listed["callback"], listed["about"]) == (booked["callback"], "la factura")
    canceled = ask(talking, "manage_callback", action="cancel", callback=booked["callback"]).json
    assert ask(talking, "manage_callback", confirm=canceled["proposal"]).json["status"] == "canceled"
    traced = talking.ok("history", "--session", "talk", "--json").json
    assert [each["status"] for each in traced] == ["proposed", "booked", "proposed", "listed", "proposed", "canceled"]
    assert traced[1]["schedule_id"] == booked["callback"]
    assert traced[0]["run_at"] == traced[1]["run_at"] == booked["run_at"]
    assert talking.ok("sessions", "show", "talk", "--json").json["tool_calls"] == traced
    (promise,) = talking.ok("promises", "--json").json
    assert (promise["kept"], promise["reason"]) == ("withdrawn", "the caller")


@pytest.mark.parametrize(
    ("words", "stdin", "kind", "code"),
    [
        (("schedule_callback", *WHO), "", "invalid_json", 2),
        (("schedule_callback", *WHO), "x" * 10_000_000, "too_large", 2),
        (("schedule_callback", *WHO), '{"wen": 1}', "bad_arguments", 2),
        (("schedule_callbak", *WHO), "{}", "unknown_tool", 2),
        (("schedule_callback", "--agent", "agent-123"), "{}", "bad_arguments", 2),
        (("schedule_callback", "--session", "talk"), "{}", "bad_arguments", 2),
        (("manage_callback", *WHO), '{"confirm": "prop_1"}', "unknown_proposal", 4),
        (("manage_callback", "--agent", "agent-123", "--session", "tolk"), "{}", "not_found", 4),
        (("manage_callback", "--db", "nothing.db", *WHO), "{}", "no_database", 10),
    ],
)
def test_what_goes_wrong_is_json_on_stdout_with_a_stable_kind(
    talking: Hyp, words: tuple[str, ...], stdin: str, kind: str, code: int
) -> None:
    answer = talking("tools", "call", *words, stdin=stdin)
    assert (answer.code, answer.json["error"]["kind"], answer.err) == (code, kind, "")
    assert set(answer.json["error"]) == {"kind", "message", "hint"}
    assert answer.json["error"]["hint"]


def test_an_agent_may_do_nothing_until_an_operator_lets_it(hyp: Hyp) -> None:
    hyp.ok("sessions", "start", "user-1", "--id", "talk")
    assert hyp.ok("agents", "tools", "agent-123").out == ""
    assert ask(hyp, "manage_callback", action="list").json["error"]["kind"] == "tool_not_enabled"
    hyp.ok("agents", "tools", "agent-123", "enable", "manage_callback")
    assert ask(hyp, "manage_callback", action="list").json == {"status": "listed", "callbacks": [], "more": 0}
    assert hyp.ok("agents", "tools", "agent-123").out == "manage_callback\n"
    hyp.ok("agents", "tools", "agent-123", "disable", "manage_callback")
    assert ask(hyp, "manage_callback", action="list").code == 5
    trail = [each["event"] for each in hyp.ok("history", "agent-123", "--events", "--json").json]
    assert trail[:2] == ["agent.tool_disabled", "agent.tool_enabled"]


def test_a_workspace_that_another_process_holds_is_told_as_busy(talking: Hyp) -> None:
    holder = sqlite3.connect(talking.db, isolation_level=None)
    holder.execute("begin immediate")
    answer = ask(talking, "manage_callback", action="list")
    holder.close()
    assert (answer.code, answer.json["error"]["kind"]) == (11, "busy")


@pytest.mark.parametrize("form", ["openai", "anthropic", "mcp"])
def test_every_form_of_schema_has_both_tools_and_the_same_properties(bare_hyp: Hyp, form: str) -> None:
    described = bare_hyp.ok("tools", "schema", "--format", form).json
    inner = [each.get("function", each) for each in described]
    assert [each["name"] for each in inner] == ["schedule_callback", "manage_callback"]
    where = {"openai": "parameters", "anthropic": "input_schema", "mcp": "inputSchema"}[form]
    assert set(inner[0][where]["properties"]) == {"when", "about", "confirm"}


def test_an_unknown_form_is_named(bare_hyp: Hyp) -> None:
    answer = bare_hyp("tools", "schema", "--format", "opnai")
    assert (answer.code, "'opnai'" in answer.err) == (2, True)
