"""What does a tool answer? The one door of both tools: whoever asks, by whatever wire, asks here.

It always answers: with what the tool says, or with an error whose `kind` is stable. All that a call does, its trace
included, is one transaction: what the trace does not show was not done.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from hyponema_cli.core import document
from hyponema_cli.core import tools as specs
from hyponema_cli.core.errors import HypError, Refused, suggestion
from hyponema_cli.core.records import Agent, Session, ToolCall
from hyponema_cli.engine import find
from hyponema_cli.engine.callbacks import schedule_callback
from hyponema_cli.engine.conversation import Answer, Conversation
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.entries import manage_callback
from hyponema_cli.engine.sessions import named
from hyponema_cli.store import as_hyp_error, tools, users

LARGEST = 64 * 1024
"""Bytes of arguments that are read; the largest that a tool takes are a hundredth of that."""
LONGEST_KEPT = 2_000
"""Characters of arguments that are no JSON, or no arguments of the tool, that the trace keeps."""
PATIENCE_SECONDS = 2.0
"""How long another process is waited for: a caller on the phone hears the silence."""

_TOOLS: Mapping[str, Callable[[Conversation, Mapping[str, Any]], Answer]] = {
    "schedule_callback": schedule_callback,
    "manage_callback": manage_callback,
}


def call(desk: Desk, tool: str, agent: str, session: str, arguments: bytes) -> dict[str, Any]:
    """Ask a tool, as an agent in a session, with arguments as JSON; return its answer, or `{"error": …}`."""
    try:
        desk.store.wait_at_most(PATIENCE_SECONDS)
        with desk.store.transaction():
            return _in_session(desk, tool, agent, session, arguments)
    except HypError as error:
        return failure(error)
    except sqlite3.Error as error:
        return failure(as_hyp_error(error, desk.store.path))


def failure(error: HypError) -> dict[str, Any]:
    """Say in JSON what went wrong."""
    why = error.why if isinstance(error, Refused) else _KINDS.get(error.kind, error.kind)
    return {"error": {"kind": why, "message": error.message, "hint": error.hint}}


_KINDS = {"usage": "bad_arguments"}


def _in_session(desk: Desk, tool: str, agent_word: str, session_word: str, arguments: bytes) -> dict[str, Any]:
    if tool not in specs.NAMES:
        raise Refused("unknown_tool", f"there is no tool {tool[:60]!r}", hint=suggestion(tool, specs.NAMES))
    agent = find.agent(desk.store, agent_word)
    session = named(desk.store, session_word)
    given, answer = _ask(desk, tool, agent, session, arguments)
    now = desk.clock.now()
    tools.trace(
        desk.store,
        ToolCall(
            desk.new_id("tool", now),
            session.id,
            agent.id,
            tool,
            given,
            answer.status,
            answer.body,
            answer.run_at,
            answer.schedule_id,
            now,
        ),
    )
    return {"status": answer.status, **answer.body} if "error" not in answer.body else dict(answer.body)


def _ask(desk: Desk, tool: str, agent: Agent, session: Session, arguments: bytes) -> tuple[Any, Answer]:
    """Return the arguments as the trace keeps them, and the answer."""
    kept: Any = arguments[:LONGEST_KEPT].decode(errors="replace")
    try:
        with desk.store.savepoint():
            kept = given = specs.check(tool, _read(arguments))
            return given, _TOOLS[tool](_conversation(desk, tool, agent, session), given)
    except HypError as error:
        said = failure(error)
        return kept, Answer(said["error"]["kind"], said)


def _read(arguments: bytes) -> Any:
    if len(arguments) > LARGEST:
        raise Refused("too_large", f"the arguments have more than {LARGEST:,} bytes", hint="a sentence is enough")
    try:
        return document.parse(arguments.decode())
    except ValueError as error:
        raise Refused("invalid_json", f"the arguments are not JSON: {error}", hint='as in {"when": "…"}') from error


def _conversation(desk: Desk, tool: str, agent: Agent, session: Session) -> Conversation:
    """Return the conversation, if the agent may use the tool in it; raises Refused."""
    now = desk.clock.now().replace(microsecond=0)
    if tool not in tools.enabled(desk.store, agent.id):
        raise Refused(
            "tool_not_enabled",
            f"{agent.id} may not use {tool}",
            hint=f"an operator lets it: hyp agents tools {agent.id} enable {tool}",
        )
    if session.status(now) != "live":
        raise Refused("session_over", f"session {session.id} is over", hint="begin another: hyp sessions start")
    found = users.find(desk.store, session.user_id) if session.user_id is not None else []
    user = found[0] if found else None
    return Conversation(desk, agent, session, user, desk.settings(), now)
