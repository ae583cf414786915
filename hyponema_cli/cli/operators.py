"""What may an operator's model ask? Four tools that look, change nothing, and answer as the commands' `--json`.

None of them dials, and none is there in a conversation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hyponema_cli.cli import occurrences, schedules, why
from hyponema_cli.cli.command import Session
from hyponema_cli.cli.options import WhenOptions
from hyponema_cli.core import timewords
from hyponema_cli.core.call import ScheduleState
from hyponema_cli.core.errors import InvalidInput, Refused, suggestion
from hyponema_cli.core.gates import GATES
from hyponema_cli.core.health import Limits
from hyponema_cli.core.tools import NAMES as IN_CONVERSATIONS
from hyponema_cli.core.tools import conforming
from hyponema_cli.engine.health import judged
from hyponema_cli.render import json

MOST_LISTED = 500
USUALLY_LISTED = 50


@dataclass(frozen=True, slots=True)
class Said:
    """What a tool answers: JSON, and a remark for whoever reads it."""

    value: Any
    failed: bool = False
    remark: str | None = None


@dataclass(frozen=True, slots=True)
class _Tool:
    description: str
    properties: Mapping[str, Any]
    answer: Callable[[Session, Mapping[str, Any]], Said]
    required: tuple[str, ...] = ()

    @property
    def schema(self) -> dict[str, Any]:
        """Return what its arguments are checked by, and what a model is told."""
        return {
            "type": "object",
            "properties": dict(self.properties),
            "required": list(self.required),
            "additionalProperties": False,
        }


def described() -> list[dict[str, Any]]:
    """Return every tool as the protocol wants it described."""
    return [
        {"name": name, "description": tool.description, "inputSchema": tool.schema} for name, tool in _TOOLS.items()
    ]


def ask(session: Session, name: str, arguments: Mapping[str, Any]) -> Said:
    """Return what a tool answers; raises HypError."""
    tool = _TOOLS.get(name)
    if tool is None:
        hint = suggestion(name, _TOOLS)
        if name in IN_CONVERSATIONS:
            hint = "it belongs to a conversation: hyp mcp --agent AGENT --session SESSION"
        raise Refused("unknown_tool", f"there is no tool {name[:60]!r}", hint=hint)
    given = conforming(name, tool.schema, arguments)
    for key in tool.required:
        if key not in given:
            raise InvalidInput(f"{key} is missing", hint=tool.properties[key]["description"])
    return tool.answer(session, given)


def _list_schedules(session: Session, given: Mapping[str, Any]) -> Said:
    most = given.get("limit", USUALLY_LISTED)
    session = replace(session, limit=most)
    listed, workspace = schedules.listed(session, given.get("agent"), given.get("user"), given.get("status", ()))
    found = list(listed)
    cut = f"Only {most} are shown; there are more." if len(found) > most else None
    return Said([json.schedule(each, workspace) for each in session.cut(found)], remark=cut)


def _preview_occurrences(session: Session, given: Mapping[str, Any]) -> Said:
    options = WhenOptions(
        weekdays=",".join(map(str, given["weekdays"])) if "weekdays" in given else None,
        at=given.get("at"),
        cron=given.get("cron"),
        delay=given.get("in"),
        timezone=given.get("timezone"),
    )
    count = given.get("count", occurrences.DEFAULT_COUNT)
    coming = occurrences.firings(
        session, options, given.get("schedule"), count, given.get("after"), given.get("until")
    )
    return Said([occurrences.shape(each) for each in coming])


def _why(session: Session, given: Mapping[str, Any]) -> Said:
    answers, workspace = why.explained(session, given["what"], given.get("at"), given.get("gates"))
    return Said(why.shape(answers, workspace))


def _health(session: Session, given: Mapping[str, Any]) -> Said:
    limits = Limits(
        timewords.parse_duration(given.get("max_lag", "5m")),
        timewords.parse_duration(given.get("max_heartbeat", "3m")),
    )
    with session.store() as store:
        return Said(json.health(*judged(store, session.clock.now(), limits)))


def _text(description: str) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": 200, "description": description}


def _number(most: int, description: str) -> dict[str, Any]:
    return {"type": "integer", "minimum": 1, "maximum": most, "description": description}


def _words(known: tuple[str, ...], description: str) -> dict[str, Any]:
    items = {"type": "string", "enum": list(known)}
    return {"type": "array", "items": items, "minItems": 1, "maxItems": len(known), "description": description}


_TOOLS: Mapping[str, _Tool] = {
    "list_schedules": _Tool(
        "List the schedules: who calls whom, when, with the next firing and the last run.",
        {
            "agent": _text("Only this agent's: its id or exact name."),
            "user": _text("Only this user's: their id, exact name or phone number."),
            "status": _words(tuple(ScheduleState), "Only these; active and paused when left out."),
            "limit": _number(MOST_LISTED, f"How many at most; {USUALLY_LISTED} when left out."),
        },
        _list_schedules,
    ),
    "preview_occurrences": _Tool(
        "Tell when a stored schedule fires next, and whether it would ring as things stand. Or when a rule does: "
        "give weekdays and at, cron, at alone, or in, instead of a schedule.",
        {
            "schedule": _text("A stored schedule: its id or exact name."),
            "weekdays": {
                "type": "array",
                "items": {"type": "integer", "minimum": 1, "maximum": 7},
                "minItems": 1,
                "maxItems": 7,
                "description": "Of a weekly rule; 1 is Monday, 7 is Sunday.",
            },
            "at": _text("HH:MM with weekdays; else an instant, such as 2026-12-01 14:30."),
            "cron": _text("Five fields: 0 9 * * MON-FRI."),
            "in": _text("Once, after this long: 15m."),
            "timezone": _text("The clocks that the rule is on, as in Europe/Madrid; the workspace's when left out."),
            "after": _text("Only later than this instant; now when left out."),
            "until": _text("Not later than this instant or date."),
            "count": _number(MOST_LISTED, f"How many; {occurrences.DEFAULT_COUNT} when left out."),
        },
        _preview_occurrences,
    ),
    "why": _Tool(
        "Explain a call, past or to come: what every rule says, what would change it, and when it would ring.",
        {
            "what": _text(
                "A schedule, an execution, a user (by id or exact name) or a phone number such as +34600000001."
            ),
            "at": _text("For the call at or before a past instant, or after a coming one."),
            "gates": _words(tuple(GATES), "Only what these say."),
        },
        _why,
        ("what",),
    ),
    "health": _Tool(
        "Tell whether the queue is driven and nothing is wrong, with the reasons when something is.",
        {
            "max_lag": _text("How long a call may be due unseen, as in 5m; 0 is any time."),
            "max_heartbeat": _text("How old the last pass may be, as in 3m; 0 is any age."),
        },
        _health,
    ),
}
