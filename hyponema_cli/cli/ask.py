"""What does a new schedule still lack? Somebody at a terminal is asked for it, one question at a time.

A question shows the answer that Return alone gives; who talks and who is called has none. An answer is read as the
option is that it stands for, and asked for again when it cannot be read; so that what is asked for can be typed as
options the next time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from hyponema_cli.cli import answer, output
from hyponema_cli.core import phone, timewords
from hyponema_cli.core.errors import HypError
from hyponema_cli.core.records import Agent, Settings, User
from hyponema_cli.core.when import WhenWords, parse
from hyponema_cli.engine import find
from hyponema_cli.engine.request import Request
from hyponema_cli.render.safe import visible
from hyponema_cli.store import Store, agents, users

T = TypeVar("T")

_WHEN = """\
When?
  mon-fri or 1,3,5   every week on these days
  2026-12-01 14:30   once
  in 15m             once, after that long
  0 9 1 * *          by cron's five fields"""
_FEW = 9
"""As many agents or users are listed, to be chosen by a digit."""
_USUAL_DAYS, _USUAL_TIME = "mon-fri", "09:30"


def is_lacking(store: Store, request: Request) -> bool:
    """True when a person must say more before a request makes a schedule."""
    if not agents.select(store, 1):
        return False  # nothing that is typed here makes one
    return not request.when or _must_choose_agent(store, request) or _must_choose_callee(store, request)


def complete(store: Store, workspace: Settings, request: Request, now: datetime) -> Request:
    """Ask for what a request lacks, and return it with that. Raises KeyboardInterrupt at the end of the input."""
    if _must_choose_agent(store, request):
        request = replace(request, agent=_ask_agent(store).id)
    if _must_choose_callee(store, request):
        chosen = _ask_callee(store)
        request = replace(request, to=chosen) if isinstance(chosen, str) else replace(request, user=chosen.id)
    if request.when:
        return request
    user, number = _callee_of(store, request)
    known = request.timezone or (user.timezone if user else None) or workspace.timezone
    if known is None:
        known = _ask_zone(number)
        request = replace(request, timezone=known)
    usual_time = user.local_time if user else None
    request = replace(request, when=_ask_when(usual_time, timewords.parse_zone(known), request.when, now))
    if request.name is None:
        request = replace(request, name=_ask("What is it called?", "no name", lambda word: word or None))
    return request


def _must_choose_agent(store: Store, request: Request) -> bool:
    return request.agent is None and len(agents.select(store, 2)) > 1


def _must_choose_callee(store: Store, request: Request) -> bool:
    return request.user is None and request.to is None and len(users.select(store, 2)) != 1


def _callee_of(store: Store, request: Request) -> tuple[User | None, str]:
    if request.to is not None:
        return None, phone.parse(request.to)
    user = find.user(store, request.user) if request.user is not None else users.select(store, 1)[0]
    return user, user.phone_number


def _ask_agent(store: Store) -> Agent:
    few = agents.select(store, _FEW + 1)
    return _ask(
        "Who talks?" + _listed([f"{each.name} ({each.id})" for each in few]),
        None,
        lambda word: _numbered(few, word) or find.agent(store, word),
    )


def _ask_callee(store: Store) -> User | str:
    few = users.select(store, _FEW + 1)

    def read(word: str) -> User | str:
        if word.startswith("+") or not few:
            return phone.parse(word)
        return _numbered(few, word) or find.user(store, word)

    lines = _listed([f"{each.name} ({each.id})" for each in few])
    return _ask(f"Who is called? {'A user, or a' if few else 'A'} number such as +34600000001.{lines}", None, read)


def _ask_when(usual_time: str | None, zone: ZoneInfo, said: WhenWords, now: datetime) -> WhenWords:
    def read(word: str) -> WhenWords:
        words = replace(_when_of(word or _USUAL_DAYS), fold=said.fold, allow_past=said.allow_past)
        parse(words, zone, now)
        return words

    words = _ask(
        _WHEN,
        _USUAL_DAYS,
        read,
    )
    if words.weekdays is None:
        return words
    at = _ask(
        "At what time of the day?",
        usual_time or _USUAL_TIME,
        lambda word: timewords.parse_time_of_day(word).isoformat("minutes") if word else None,
    )
    return replace(words, at=at or (None if usual_time else _USUAL_TIME))


def _when_of(word: str) -> WhenWords:
    """Tell by its shape which option an answer stands for."""
    if word.casefold().startswith("in "):
        return WhenWords(delay=word[3:].strip())
    if len(word.split()) == 5:
        return WhenWords(cron=word)
    if ("-" in word and word[:4].isdecimal()) or word.casefold() == "now":
        return WhenWords(at=word)
    if word[0].isdecimal() and word[-1] in "smhdw":
        return WhenWords(delay=word)
    return WhenWords(weekdays=word)


def _ask_zone(number: str) -> str:
    zones = phone.zones_of(number)
    usual = zones[0] if len(zones) == 1 else None
    return _ask(
        "On whose clocks is the time? An IANA zone such as Europe/Madrid.",
        usual,
        lambda word: timewords.parse_zone(word or usual or "").key,
    )


def _listed(choices: Sequence[str]) -> str:
    if len(choices) > _FEW:
        return ""
    return "".join(f"\n  {number}  {visible(each)}" for number, each in enumerate(choices, 1))


def _numbered(choices: Sequence[T], word: str) -> T | None:
    """Return what a digit stands for in a list that was shown."""
    shown = len(choices) <= _FEW and word.isdecimal() and 1 <= int(word) <= len(choices)
    return choices[int(word) - 1] if shown else None


def _ask(question: str, usual: str | None, read: Callable[[str], T]) -> T:
    """Ask until the answer can be read; `read` gets "" for Return alone, where `usual` says what that means."""
    while True:
        output.say_lines(question)
        typed = answer.line(f"[{usual}] " if usual else "> ").strip()
        if not typed and usual is None:
            continue
        try:
            return read(typed)
        except HypError as error:
            output.say(f"{error.message}{f'; {error.hint}' if error.hint else ''}")
