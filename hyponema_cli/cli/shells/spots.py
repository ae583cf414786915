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
FIELDS = {
    "hyp agents list": (
        "id,name,answer_url,stream_url,application_sid,ring_timeout_seconds,time_limit_seconds,"
        "machine_detection,call_reason,created_at,updated_at"
    ),
    "hyp users list": "id,name,phone_number,timezone,local_time,calling_window,context,created_at,updated_at",
    "hyp numbers list": "id,phone_number,carrier,label,agent_id,created_at,updated_at",
    "hyp schedules list": (
        "id,kind,single_shot,agent_id,user_id,phone_number,weekdays,local_time,local_time_from,"
        "cron_expression,run_at,timezone,timezone_from,enabled,status,status_reason,name,"
        "description,customer_context,metadata,max_occurrences,start_at,until_at,max_attempts,"
        "retry_delay_seconds,backoff,retry_on,catch_up_window_seconds,calling_window,"
        "calling_window_from,on_doubt,redial_after_seconds,webhook_url,webhook_events,priority,ref,"
        "last_run_at,next_run_at,trouble,last_status,created_by,created_at,updated_at"
    ),
    "hyp history": (
        "execution_id,schedule_id,scheduled_time,actual_time,call_id,status,duration,error,"
        "reason,kind,note,attempts,due_at,deadline_at,finished_at,from_number,gates,calls"
    ),
    "hyp sessions list": "id,user_id,phone_number,channel,status,started_at,touched_at,expires_at,ended_at",
    "hyp suppressions list": "phone_number,reason,created_by,created_at,expires_at",
    "hyp webhooks list": (
        "id,event,execution_id,schedule_id,url,status,attempts,next_try_at,last_error,created_at,finished_at"
    ),
    "hyp promises": (
        "id,run_at,kept,reason,called_at,promised_at,agent_id,user_id,phone_number,session_id,"
        "schedule_id,execution_id"
    ),
    "hyp tokens list": "id,name,scopes,created_at",
}
"""What `--fields` of each long list can name."""
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
    if long == "--fields" and command.name in FIELDS:
        return ("each:" + FIELDS[command.name],)
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
