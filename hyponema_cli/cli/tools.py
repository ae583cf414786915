"""hyp tools: what an agent may do during a conversation, for whatever holds the conversation to call."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable
from traceback import format_exc
from typing import Annotated, Any, TypeVar

import typer

from hyponema_cli.cli import output
from hyponema_cli.cli.command import Session, command, group
from hyponema_cli.cli.exits import BY_KIND, Exit
from hyponema_cli.core import tools as specs
from hyponema_cli.core.errors import HypError, Refused
from hyponema_cli.engine import toolbox
from hyponema_cli.render import json
from hyponema_cli.store import as_hyp_error

T = TypeVar("T")

app = group("What agents may do during a conversation: book, move and cancel calls to the caller.")

Talker = Annotated[
    str | None, typer.Option("--agent", metavar="AGENT", help="Who talks. [env: HYP_AGENT]", show_default=False)
]
Conversation = Annotated[
    str | None,
    typer.Option("--session", metavar="SESSION", help="In which session. [env: HYP_SESSION]", show_default=False),
]

_EXITS = {
    "bad_arguments": Exit.USAGE,
    "invalid_json": Exit.USAGE,
    "too_large": Exit.USAGE,
    "unknown_tool": Exit.USAGE,
    "unknown_proposal": Exit.NOT_FOUND,
    "unknown_callback": Exit.NOT_FOUND,
    "internal": Exit.INTERNAL,
}
"""By the kind of an error, where the state of things is not what forbids it."""


@command(app, "schema")
def schema(
    session: Session,
    form: Annotated[
        str, typer.Option("--format", metavar="openai|anthropic|mcp", help="Whose way of describing a tool.")
    ] = "openai",
) -> None:
    """Print the tools as a language model wants them described, in JSON.

    \b
    Examples:
      hyp tools schema
      hyp tools schema --format anthropic | jq '.[].input_schema'
    """
    output.data(json.document(specs.described(form)) + "\n")


@command(app, "call")
def call(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="TOOL", help="schedule_callback or manage_callback.")],
    agent: Talker = None,
    conversation: Conversation = None,
) -> int:
    """Call a tool with arguments as JSON on standard input. Always answers JSON on standard output.

    The caller is the session's: a tool reaches what calls them, and nobody else. What went wrong is
    {"error": {"kind", "message", "hint"}}; the kinds are listed in docs/tools.md.

    \b
    Examples:
      echo '{"when": "tomorrow at 10"}' | hyp tools call schedule_callback --agent agent-123 --session ses_1
      echo '{"action": "list"}' | hyp tools call manage_callback --agent agent-123 --session ses_1
    """
    answer = answered(lambda: _answer(session, name, agent, conversation))
    output.data(json.document(answer) + "\n")
    kind = answer.get("error", {}).get("kind")
    return Exit.OK if kind is None else _EXITS.get(kind) or BY_KIND.get(kind, Exit.CONFLICT)


def _answer(session: Session, name: str, agent: str | None, conversation: str | None) -> dict[str, Any]:
    named = {
        "--agent": agent or os.environ.get("HYP_AGENT"),
        "--session": conversation or os.environ.get("HYP_SESSION"),
    }
    for option, value in named.items():
        if not value:
            raise Refused("bad_arguments", f"{option} is missing", hint=f"give {option}")
    arguments = sys.stdin.buffer.read(toolbox.LARGEST + 1) if sys.stdin is not None else b""
    return ask(session, name, str(named["--agent"]), str(named["--session"]), arguments)


def ask(session: Session, name: str, agent: str, conversation: str, arguments: bytes) -> dict[str, Any]:
    """Ask a tool, in the workspace, which is opened for this one call."""
    with session.desk(actor=f"agent {agent}") as desk:
        return toolbox.call(desk, name, agent, conversation, arguments)


def answered(work: Callable[[], T]) -> T | dict[str, Any]:
    """Return what `work` answers; else, whatever happens, an error: a model must get an answer that it can read."""
    try:
        return work()
    except HypError as error:
        return toolbox.failure(error)
    except sqlite3.Error as error:
        return toolbox.failure(as_hyp_error(error))
    except Exception as error:
        if os.environ.get("HYP_DEBUG"):
            output.say_lines(format_exc())
        message = f"this is a bug in hyp: {type(error).__name__}: {error}"
        return {"error": {"kind": "internal", "message": message, "hint": "HYP_DEBUG=1 shows where"}}
