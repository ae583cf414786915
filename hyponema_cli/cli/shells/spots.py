"""What can be typed where? The tree of commands, as the completion of a shell needs it.

A kind says what a word can be, in letters that every shell reads alike:

    any                nobody knows
    files              a path
    one:a,b            one of these words
    each:a,b           these words, with commas between them
    commands, topics   the words of a command, as behind `hyp man`; and the topics, as behind `hyp help`
    ask:users,phones   what `hyp _complete` finds
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hyponema_cli.cli import usage
from hyponema_cli.cli.config import SETTINGS
from hyponema_cli.cli.tree import Command, Option
from hyponema_cli.core import tools
from hyponema_cli.core.call import ExecutionState
from hyponema_cli.core.gates import GATES
from hyponema_cli.core.webhook import EVENTS
from hyponema_cli.core.window import PROFILES
from hyponema_cli.engine.request import CLEARABLE

ANY = "any"


@dataclass(frozen=True, slots=True)
class Word:
    """An option, and the kind of each word that follows it."""

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    about: str


@dataclass(frozen=True, slots=True)
class Spot:
    """A command, and what can stand behind it."""

    path: str
    commands: Mapping[str, str]
    """What is in a group, and what it is for."""
    options: Sequence[Word]
    arguments: Sequence[str]
    """The kind of each."""
    goes_on: bool
    """True when the last argument can be given again and again."""


_OF_A_METAVAR = {
    "AGENT": "ask:agents",
    "USER": "ask:users",
    "USER|+E164": "ask:users,phones",
    "+E164|USER": "ask:users,phones",
    "NUMBER": "ask:numbers",
    "SCHEDULE": "ask:schedules",
    "SCHEDULE|EXECUTION|USER|+E164": "ask:schedules,users,phones,executions",
    "CALL": "ask:calls",
    "SESSION": "ask:sessions",
    "ZONE": "ask:zones",
    "TOOL": "one:" + ",".join(tools.NAMES),
    "FILE": "files",
    "FILE|-": "files",
    "PATH": "files",
    "PATH|-": "files",
    "KEY": "one:" + ",".join(SETTINGS),
    "GATE": "one:" + ",".join(GATES),
    "EVENT": "each:" + ",".join(EVENTS),
    "HOURS": "one:" + ",".join(PROFILES),
    "COMMAND": "commands",
    "COMMAND...|TOPIC": "topics",
}
_OF_A_COMMAND = {
    ("hyp carriers check", "NAME"): "ask:carriers",
    ("hyp numbers add", "--carrier"): "ask:carriers",
    ("hyp suppressions remove", "+E164|USER"): "ask:suppressed,users",
    ("hyp webhooks list", "ID"): "ask:messages,schedules,executions",
    ("hyp webhooks retry", "ID|all"): "ask:messages,schedules,executions",
    ("hyp reconcile", "CALL"): "ask:doubts",
    ("hyp history", "--status"): "each:" + ",".join([*ExecutionState, "all"]),
    ("hyp schedules edit", "--clear"): "each:" + ",".join(sorted(CLEARABLE)),
    ("hyp schedules add", "--ref"): ANY,
    ("hyp numbers add", "+E164"): ANY,
}
"""Where a metavar does not say enough."""
_OF_AN_OPTION = {"--workspace": "ask:workspaces", "--to": "ask:phones"}
_CHOICE = re.compile(r"[a-z][a-z-]*(\|[a-z][a-z-]*)+")
_LISTED = re.compile(r"([a-z_]+(?:, ?[a-z_]+)+)(?: or (all))?\.")
"""A help text that begins with all that can be said: `active,paused or all.`"""


def spots(whole: Command) -> list[Spot]:
    """Return every command with what can stand behind it."""
    return [
        Spot(
            path=it.name,
            commands={each.path[-1]: usage.in_few_words(each) for each in it.commands},
            options=[Word(each.names, _kinds(it, each), each.help) for each in it.options],
            arguments=[_OF_A_COMMAND.get((it.name, each.metavar), _of(each.metavar)) for each in it.arguments],
            goes_on=any(each.repeatable for each in it.arguments[-1:]),
        )
        for it in whole.walk()
    ]


def _kinds(command: Command, it: Option) -> tuple[str, ...]:
    if it.metavar is None:
        return ()
    long = it.names[-1]
    if (command.name, long) in _OF_A_COMMAND:
        return (_OF_A_COMMAND[command.name, long],)
    if long in _OF_AN_OPTION:
        return (_OF_AN_OPTION[long],)
    if (listed := _LISTED.match(it.help)) is not None:
        words = [*listed[1].replace(" ", "").split(","), *([listed[2]] if listed[2] else [])]
        return ("each:" + ",".join(words),)
    metavars = it.metavar.split(" ")[: it.values]
    return tuple(_OF_A_COMMAND.get((command.name, each), _of(each)) for each in metavars)


def _of(metavar: str) -> str:
    if _CHOICE.fullmatch(metavar):
        return "one:" + metavar.replace("|", ",")
    return _OF_A_METAVAR.get(metavar, ANY)
