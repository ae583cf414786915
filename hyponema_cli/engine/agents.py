"""How does an agent come to be, and change? Its name, and how a carrier connects a call to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, get_args

from hyponema_cli.carriers.instructions import room_for_context
from hyponema_cli.core import timewords
from hyponema_cli.core.connect import MachineDetection
from hyponema_cli.core.errors import InvalidInput, suggestion
from hyponema_cli.core.records import Agent
from hyponema_cli.engine import find
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.request import is_address
from hyponema_cli.engine.told import refuse_unreachable, refuse_untellable_to
from hyponema_cli.store import agents, events, executions, tools

LONGEST_ADDRESS = 1_000
"""Beside it, the facts of a call have room in what a carrier takes; see `carriers/instructions.py`."""
LONGEST_RING = timedelta(minutes=10)
"""Twilio's own (its API description, CreateCall: Timeout)."""
LONGEST_TALK = timedelta(days=1)
LONGEST_REASON = 50
"""Twilio's own (CreateCall: CallReason)."""
CLEARABLE = ("ring_timeout", "time_limit", "call_reason")
_STORED_AS = {"ring_timeout": "ring_timeout_seconds", "time_limit": "time_limit_seconds"}


@dataclass(frozen=True, slots=True)
class Words:
    """What somebody says of an agent; None: not said."""

    name: str | None = None
    answer_url: str | None = None
    stream_url: str | None = None
    application_sid: str | None = None
    ring_timeout: str | None = None
    time_limit: str | None = None
    machine_detection: str | None = None
    call_reason: str | None = None
    clear: tuple[str, ...] = ()
    """Names of CLEARABLE fields to unset."""


def add(desk: Desk, agent_id: str | None, words: Words) -> Agent:
    """Add an agent; raises InvalidInput for words that cannot be used, Conflict when the id is taken."""
    now = desk.clock.now()
    blank = Agent(agent_id or desk.new_id("agent", now), words.name or "", None, None, None, now, now)
    agent = _changed(blank, words)
    room_for_context(agent.connection)
    with desk.store.transaction():
        agents.insert(desk.store, agent)
        events.add(desk.store, now, desk.actor, "agent.added", subject_id=agent.id)
    return agent


def edit(desk: Desk, word: str, words: Words) -> tuple[Agent, Agent]:
    """Change what is said and nothing else; return the agent before and after.

    A new way to connect takes the place of the old one. Raises InvalidInput when calls that are planned could not
    tell the agent all that they must by the new one.
    """
    with desk.store.transaction():
        now = desk.clock.now()
        before = find.agent(desk.store, word)
        after = _changed(before, words)
        if after == before:
            return before, before
        refuse_unreachable(desk.store, after)
        if after.connection.way != before.connection.way:
            refuse_untellable_to(desk.store, after)
        agents.update(desk.store, after, now)
        events.add(desk.store, now, desk.actor, "agent.edited", subject_id=after.id)
        executions.wake(desk.store, now, agent_id=after.id)
        return before, find.agent(desk.store, before.id)


def allow(desk: Desk, agent_id: str, tool: str, *, allow: bool) -> None:
    """Let an agent use a tool, or no more; nothing happens when it is so already."""
    now = desk.clock.now()
    with desk.store.transaction():
        changed = (
            tools.enable(desk.store, agent_id, tool, now) if allow else tools.disable(desk.store, agent_id, tool)
        )
        if changed:
            name = "agent.tool_enabled" if allow else "agent.tool_disabled"
            events.add(desk.store, now, desk.actor, name, subject_id=agent_id, reason=tool)


def _changed(agent: Agent, words: Words) -> Agent:
    ways = (words.answer_url, words.stream_url, words.application_sid)
    if sum(way is not None for way in ways) > 1:
        raise InvalidInput(
            "an agent is connected in one way", hint="give one of --answer-url, --stream-url, --application-sid"
        )
    if any(way is not None for way in ways):
        agent = replace(
            agent,
            answer_url=_address("--answer-url", words.answer_url, ("http", "https")),
            stream_url=_address("--stream-url", words.stream_url, ("ws", "wss")),
            application_sid=_line("--application-sid", words.application_sid, 64),
        )
    changes: dict[str, Any] = {_STORED_AS.get(name, name): None for name in words.clear}
    said = {
        "name": words.name,
        "ring_timeout_seconds": _seconds("--ring-timeout", words.ring_timeout, LONGEST_RING),
        "time_limit_seconds": _seconds("--time-limit", words.time_limit, LONGEST_TALK),
        "machine_detection": _detection(words.machine_detection),
        "call_reason": _line("--call-reason", words.call_reason, LONGEST_REASON),
    }
    changes |= {name: value for name, value in said.items() if value is not None}
    return replace(agent, **changes)


def _address(option: str, url: str | None, schemes: tuple[str, ...]) -> str | None:
    if url is None:
        return None
    if not is_address(url, schemes) or not url.isprintable() or " " in url:
        raise InvalidInput(
            f"{option} {url!r} is not a {schemes[-1]}:// address", hint=f"as in {schemes[-1]}://agent.example/session"
        )
    if len(url) > LONGEST_ADDRESS:
        raise InvalidInput(
            f"{option} is {len(url):,} characters long; {LONGEST_ADDRESS:,} at most",
            hint="what differs from call to call belongs into --context",
        )
    return url


def _seconds(option: str, text: str | None, most: timedelta) -> int | None:
    if text is None:
        return None
    span = timewords.parse_duration(text)
    if not timedelta(seconds=1) <= span <= most:
        raise InvalidInput(
            f"{option} {text} must be from 1s to {timewords.duration_text(most)}", hint="as in 30s or 5m"
        )
    return int(span.total_seconds())


def _detection(word: str | None) -> MachineDetection | None:
    if word is None:
        return None
    known: tuple[MachineDetection, ...] = get_args(MachineDetection)
    for each in known:
        if each == word.strip().casefold().replace("_", "-"):
            return each
    raise InvalidInput(f"--machine-detection {word!r} is not known", hint=suggestion(word, known))


def _line(option: str, text: str | None, most: int) -> str | None:
    if text is None:
        return None
    if not text.strip() or not text.isprintable() or len(text) > most:
        raise InvalidInput(f"{option} {text[:60]!r} cannot be used", hint=f"one line of up to {most} characters")
    return text
