"""Which row did somebody mean? A word is an id, or an exact name; a misspelt one gets the nearest for an answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from hyponema_cli.core.call import LIVE_SCHEDULES, ScheduleState
from hyponema_cli.core.errors import Ambiguous, InvalidInput, NotFound, nearest
from hyponema_cli.core.names import statuses
from hyponema_cli.core.records import Agent, Call, Number, Schedule, User
from hyponema_cli.store import Store, agents, calls, numbers, schedules, users

T = TypeVar("T")

_LISTS = {"call": "history --json"}
"""Where a noun is listed, if not under its own name."""


def agent(store: Store, word: str) -> Agent:
    """Return the agent of that id or exact name."""
    return _one(word, "agent", agents.find(store, word), lambda: agents.words(store))


def user(store: Store, word: str) -> User:
    """Return the user of that id, exact name or phone number."""
    return _one(word, "user", users.find(store, word), lambda: users.words(store, word))


def number(store: Store, word: str) -> Number:
    """Return the number of that id or E.164 form."""
    return _one(
        word, "number", numbers.find(store, word), lambda: [each.phone_number for each in numbers.select(store, 1000)]
    )


def schedule(store: Store, word: str) -> Schedule:
    """Return the schedule of that id or exact name."""
    return _one(word, "schedule", schedules.find(store, word), lambda: schedules.words(store, word))


def schedules_of(
    store: Store,
    option: str,
    status: Sequence[str],
    agent_word: str | None,
    user_word: str | None,
    *,
    limit: int = 0,
    offset: int = 0,
) -> Iterator[Schedule]:
    """Yield the schedules of an agent, a user or all, in the statuses that `option` says; else, those that are live.

    By agent, then next firing; `limit` 0 is all. Passes over `offset`.
    """
    return schedules.at_leisure(
        store,
        statuses=statuses(option, status, tuple(ScheduleState), sorted(LIVE_SCHEDULES)),
        agent_id=agent(store, agent_word).id if agent_word is not None else None,
        user_id=user(store, user_word).id if user_word is not None else None,
        limit=limit,
        offset=offset,
    )


def call(store: Store, word: str) -> Call:
    """Return the call of that id, ours or its carrier's."""
    return _one(word, "call", calls.find(store, word), tuple)


def only(found: Sequence[T], noun: str, option: str, how: str) -> T:
    """Return the single row there is, which therefore need not be named; `how` says how to add a first one."""
    if len(found) == 1:
        return found[0]
    if found:
        raise InvalidInput(f"there are several {noun}s", hint=f"name one with {option}; see: hyp {noun}s list")
    raise NotFound(f"there is no {noun} yet", hint=how)


def _one(word: str, noun: str, found: Sequence[T], known: Callable[[], Sequence[str]]) -> T:
    if len(found) == 1:
        return found[0]
    if found:
        raise Ambiguous(f"{len(found)} {noun}s bear the name {word!r}", hint=f"use the id; see: hyp {noun}s list")
    match = meant(word, known())
    hint = f"did you mean {match!r}?" if match else f"see: hyp {_LISTS.get(noun, f'{noun}s list')}"
    raise NotFound(f"no {noun} {word!r}", hint=hint)


_MADE = re.compile(r"[a-z]+_[0-9A-Z]{26}", re.IGNORECASE)


def meant(word: str, known: Sequence[str]) -> str | None:
    """Return what was most likely meant; None when nothing is close.

    Ids that hyp made are pasted, and not typed: one that is nearly the same is another one.
    """
    if _MADE.fullmatch(word):
        return next((each for each in known if each.casefold() == word.casefold()), None)
    return nearest(word, [each for each in known if not _MADE.fullmatch(each)])
