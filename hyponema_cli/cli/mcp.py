"""hyp mcp: the tools, for a client that speaks the Model Context Protocol. What is offered to whom is decided here.

Who launches it decides: with an agent and a session, the two tools of a conversation and nothing else, so that no
caller can make a model look at other people's calls; with neither, what operators may look at, and nothing that
changes anything. Nothing here dials.
"""

from __future__ import annotations

import json as plain
import os
import sys
from collections.abc import Mapping
from traceback import format_exc
from typing import Any

from hyponema_cli.cli import operators, output
from hyponema_cli.cli import tools as conversations
from hyponema_cli.cli.command import Session, command, single
from hyponema_cli.cli.exits import Exit
from hyponema_cli.cli.operators import Said
from hyponema_cli.cli.tools import Conversation, Talker
from hyponema_cli.core import tools as specs
from hyponema_cli.core.errors import InvalidInput, NotInstalled
from hyponema_cli.engine import find, sessions
from hyponema_cli.store import tools

app = single()

_IN_A_CONVERSATION = (
    "You talk with one caller. These tools reach the calls that are planned to this caller, and nobody else's. What "
    "they propose in `say` is read to the caller first, and confirmed only after they agreed."
)
_FOR_OPERATORS = (
    "hyp makes a voice agent's phone calls happen at the right local time. These tools look at its schedules and say "
    "why a call rang, did not ring or will ring. They change nothing and dial nobody."
)
_CHANGES: Mapping[str, Mapping[str, bool]] = {
    "schedule_callback": {"readOnlyHint": False, "destructiveHint": False, "idempotentHint": False},
    "manage_callback": {"readOnlyHint": False, "destructiveHint": True, "idempotentHint": False},
}
"""What a client may want to know before it lets a model call a tool: the protocol's own words. None reaches out."""


@command(app, "mcp")
def mcp(
    session: Session,
    agent: Talker = None,
    conversation: Conversation = None,
) -> None:
    """Serve tools to a language model's client: MCP on standard input and output.

    With --agent and --session: the tools that the agent may use in this conversation, for its caller alone; the model
    cannot choose another. With neither: tools for operators, which only look: list_schedules, preview_occurrences,
    why and health. Nothing here dials. It ends with 0 when its standard input does, and at Ctrl-C or SIGTERM.

    Needs an extra: pip install 'hyponema-cli[mcp]'.

    \b
    Examples:
      hyp mcp --agent agent-123 --session ses_1      (what a client is told to start)
      hyp --db /var/lib/hyp/calls.db mcp             (for operators)
    """
    bound = _bound(agent, conversation)
    offer = _Conversation(session, *bound) if bound else _Operators(session)
    try:
        from hyponema_cli.cli import mcp_server
    except ImportError as error:
        raise NotInstalled(
            f"hyp mcp needs the package mcp, version 2: {error}", hint="pip install 'hyponema-cli[mcp]'"
        ) from error
    if sys.stdin is None:  # closed before we began, as `<&-` does: its end has come
        return
    if sys.stdout is None:
        raise output.Failed("standard output is closed", hint="it is what a client reads")
    if session.is_attended:
        output.say("Waiting for a client on standard input; this is for programs. Ctrl-C ends it.")
    code = Exit.OK
    try:
        mcp_server.serve(offer)
    except* BrokenPipeError:
        code = Exit.BROKEN_PIPE
    except* OSError as group:
        code = Exit.FAILED
        output.say(f"hyp: error: standard output: {_first(group)}")
    except* Exception as group:
        code = Exit.INTERNAL
        output.say(f"hyp: error: this is a bug in hyp: {_first(group)!r}")
        if os.environ.get("HYP_DEBUG"):
            output.say_lines(format_exc())
    # Not by way of Python's end: a thread may still wait for standard input, and would be waited for.
    os._exit(code)


def _first(group: BaseExceptionGroup[Exception]) -> Exception:
    """Return what went wrong first, out of the groups that tasks wrap it in."""
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


def _bound(agent: str | None, conversation: str | None) -> tuple[str, str] | None:
    """Return the agent and the session that were named; None when neither was, by option or environment.

    One without the other is refused, and so is an empty one: a launcher that lost a variable must not get the
    operators' tools for its caller.
    """
    named = {
        "--agent": agent if agent is not None else os.environ.get("HYP_AGENT"),
        "--session": conversation if conversation is not None else os.environ.get("HYP_SESSION"),
    }
    if all(word is None for word in named.values()):
        return None
    for option, word in named.items():
        if not word:
            raise InvalidInput(
                f"{option} is {'missing' if word is None else 'empty'}",
                hint="a conversation needs --agent and --session; for operators, unset HYP_AGENT and HYP_SESSION",
            )
    return str(named["--agent"]), str(named["--session"])


class _Conversation:
    """The tools that an agent may use, bound to it and to one session for as long as this process lives."""

    instructions = _IN_A_CONVERSATION

    def __init__(self, session: Session, agent: str, conversation: str) -> None:
        self._session = session
        with session.store() as store:
            # By id from here on: names can be given to others meanwhile.
            self._agent = find.agent(store, agent).id
            self._conversation = sessions.named(store, conversation).id

    def listed(self) -> list[dict[str, Any]]:
        """Describe the tools that the agent may use now."""
        with self._session.store() as store:
            may = tools.enabled(store, self._agent)
        return [
            {**each, "annotations": _CHANGES[each["name"]]} for each in specs.described("mcp") if each["name"] in may
        ]

    def ask(self, name: str, arguments: Mapping[str, Any]) -> Said:
        """Ask a tool; the door of `hyp tools call`, with its trace."""
        # What JSON cannot say, such as half a surrogate pair, is refused there, as it is from a pipe.
        octets = plain.dumps(arguments, ensure_ascii=False).encode(errors="surrogatepass")
        answer = conversations.answered(
            lambda: conversations.ask(self._session, name, self._agent, self._conversation, octets)
        )
        return Said(answer, failed="error" in answer)


class _Operators:
    """What operators may look at."""

    instructions = _FOR_OPERATORS

    def __init__(self, session: Session) -> None:
        self._session = session
        with session.store():
            pass  # Said at once when there is no workspace there, and not to the model.

    def listed(self) -> list[dict[str, Any]]:
        """Describe the tools."""
        return [{**each, "annotations": {"readOnlyHint": True}} for each in operators.described()]

    def ask(self, name: str, arguments: Mapping[str, Any]) -> Said:
        """Ask a tool."""
        answer = conversations.answered(lambda: operators.ask(self._session, name, arguments))
        return answer if isinstance(answer, Said) else Said(answer, failed=True)
