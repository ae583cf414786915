"""What may an agent do during a conversation? Two tools, described as language models want them, and checked by that.

What a model is told and what its arguments are checked by are one table, so that neither can promise what the other
refuses. The words are JSON Schema's (draft 2020-12), and of those only the few that every model's maker takes: no
`oneOf` beside an object's properties. What they cannot say, `callbacks` checks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hyponema_cli.core.errors import InvalidInput, suggestion

LONGEST_WHEN = 200
LONGEST_ABOUT = 500

_IN_WORDS = (
    "In the caller's own words, English or Spanish: 'tomorrow at 10', 'in two hours', 'el martes a las diez'; or an "
    "ISO time such as 2026-11-26T10:00. It is read on the caller's own clock. Do not work it out yourself."
)
_WHEN = {"type": "string", "minLength": 1, "maxLength": LONGEST_WHEN}
_CONFIRM = {
    "type": "string",
    "minLength": 1,
    "maxLength": 64,
    "description": (
        "The id of a proposal, once the caller has agreed to its `say` sentence, which you read to them. "
        "Give nothing else with it."
    ),
}

SCHEMAS: Mapping[str, Mapping[str, Any]] = {
    "schedule_callback": {
        "description": (
            "Promise the caller a call back. First give `when`: the answer has a sentence in `say`; read it to the "
            "caller. Only after they agreed, call this tool again with `confirm`; before that nothing is promised. "
            "If the answer asks something, or offers alternatives, put that to the caller."
        ),
        "parameters": {
            "type": "object",
            "properties": {
                "when": {**_WHEN, "description": "When to call back. " + _IN_WORDS},
                "about": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": LONGEST_ABOUT,
                    "description": "What the call will be about, in a sentence. Whoever calls back is told.",
                },
                "confirm": _CONFIRM,
            },
            "required": [],
            "additionalProperties": False,
        },
    },
    "manage_callback": {
        "description": (
            "List the calls that are planned to this caller, cancel one, or move one to another time. A change is "
            "proposed first: read the sentence in `say` to the caller, and after they agreed call this tool again "
            "with `confirm`. For a call that repeats, ask whether they mean one time or all of them, and say so in "
            "`scope`."
        ),
        "parameters": {
            "type": "object",
            "properties": {
                "action": {
                    "type": "string",
                    "enum": ["list", "cancel", "reschedule"],
                    "description": "What to do. Leave it out with `confirm`.",
                },
                "callback": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 64,
                    "description": "Which one: its `callback` in the list. Needed to cancel and to reschedule.",
                },
                "scope": {
                    "type": "string",
                    "enum": ["occurrence", "series"],
                    "description": "For a call that repeats: only its next time, or every time. Never assume either.",
                },
                "when": {**_WHEN, "description": "The new time of one call. " + _IN_WORDS},
                "at": {
                    "type": "string",
                    "minLength": 4,
                    "maxLength": 5,
                    "description": "The new time of day of a series, as HH:MM on the caller's clock.",
                },
                "weekdays": {
                    "type": "array",
                    "items": {"type": "integer", "minimum": 1, "maximum": 7},
                    "minItems": 1,
                    "maxItems": 7,
                    "description": "The new weekdays of a weekly series; 1 is Monday, 7 is Sunday.",
                },
                "confirm": _CONFIRM,
            },
            "required": [],
            "additionalProperties": False,
        },
    },
}
NAMES = tuple(SCHEMAS)
FORMS = ("openai", "anthropic", "mcp")
"""Whose way of describing a tool."""


def described(form: str) -> list[dict[str, Any]]:
    """Return every tool as a maker of models wants it described.

    `openai`: developers' guide "Function calling" (tools of Chat Completions). `anthropic`: Messages API, "Tool use".
    `mcp`: Model Context Protocol, `tools/list`.
    """
    return [_described(form, name, schema) for name, schema in SCHEMAS.items()]


def _described(form: str, name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    said = {"name": name, "description": schema["description"]}
    match form:
        case "openai":
            return {"type": "function", "function": {**said, "parameters": schema["parameters"]}}
        case "anthropic":
            return {**said, "input_schema": schema["parameters"]}
        case "mcp":
            return {**said, "inputSchema": schema["parameters"]}
    raise InvalidInput(f"--format {form!r} is not known", hint=f"one of: {', '.join(FORMS)}")


def check(name: str, arguments: object) -> Mapping[str, Any]:
    """Return the arguments if the tool's schema takes them; raises InvalidInput naming the first that it does not."""
    return conforming(name, SCHEMAS[name]["parameters"], arguments)


def conforming(name: str, schema: Mapping[str, Any], arguments: object) -> Mapping[str, Any]:
    """Return the arguments of a tool if that schema takes them; raises InvalidInput."""
    if not isinstance(arguments, dict):
        raise InvalidInput("the arguments are not a JSON object", hint=f"give {name} an object of its properties")
    properties: Mapping[str, Any] = schema["properties"]
    for key, value in arguments.items():
        if key not in properties:
            raise InvalidInput(f"{key[:60]!r} is not an argument of {name}", hint=suggestion(key, properties))
        trouble = _trouble(properties[key], value)
        if trouble is not None:
            raise InvalidInput(f"{key} {trouble}", hint=properties[key]["description"])
    return arguments


def _trouble(wanted: Mapping[str, Any], value: object) -> str | None:
    """Say what is wrong with a value; None when nothing is."""
    match wanted["type"]:
        case "string":
            return _trouble_of_text(wanted, value)
        case "integer":
            # JSON Schema counts 1.0 as an integer; Python's True is none.
            whole = isinstance(value, (int, float)) and not isinstance(value, bool) and value == int(value)
            if not whole or not wanted["minimum"] <= value <= wanted["maximum"]:
                return f"is not a whole number from {wanted['minimum']} to {wanted['maximum']}"
        case "array":
            if not isinstance(value, list):
                return "is not an array"
            if not wanted["minItems"] <= len(value) <= wanted["maxItems"]:
                return f"does not have from {wanted['minItems']} to {wanted['maxItems']} items"
            return next(
                (f"holds what {each}" for each in (_trouble(wanted["items"], it) for it in value) if each), None
            )
    return None


def _trouble_of_text(wanted: Mapping[str, Any], value: object) -> str | None:
    if not isinstance(value, str):
        return "is not a string"
    if "enum" in wanted and value not in wanted["enum"]:
        return f"{value[:60]!r} is not one of: {', '.join(wanted['enum'])}"
    if "maxLength" in wanted and not wanted["minLength"] <= len(value) <= wanted["maxLength"]:
        return f"does not have from {wanted['minLength']} to {wanted['maxLength']} characters"
    return None
