"""What does a help page say? What a command does, how it is typed, examples, and each of its options."""

from __future__ import annotations

from collections.abc import Sequence

from hyponema_cli.cli.tree import Command
from hyponema_cli.render import page as pages
from hyponema_cli.render.page import Lines, Paragraph, Section, Terms

OVERVIEW = {
    "Begin": {
        "demo": "a week of simulated calls in seconds; needs nothing",
        "init": "make a workspace, the file that holds everything",
        "doctor": "what is wrong here, and how to mend it",
        "config": "settings: live, timezone, calling_window, call_cap, ...",
        "setup": "lines for cron or units for systemd, that keep it going",
    },
    "Who calls whom": {
        "agents": "the voice agents that talk",
        "users": "the people who are called",
        "numbers": "the numbers that calls show",
        "carriers": "what rings phones, and how it is",
        "tools": "what agents may do in a conversation: book, move, cancel",
        "mcp": "the same, and what operators may look at, for models",
    },
    "When": {
        "schedules": "the rules: who calls whom, when",
        "occurrences": "when a rule fires, before it is stored or after",
        "simulate": "the coming days in seconds; nobody is dialled",
    },
    "When not": {
        "sessions": "conversations that no call may interrupt",
        "suppressions": "numbers that must not be dialled",
    },
    "Dial": {
        "tick": "one pass, for cron: dial what is due",
        "run-worker": "the same as a service, to the second",
        "reconcile": "settle calls of which nobody knows whether they were made",
    },
    "See": {
        "history": "what happened to every occurrence",
        "report": "days at a glance, as a page for people without a terminal",
        "promises": "calls that agents promised, and whether they were made",
        "why": "why it rang, why it did not, and when it will",
        "calls": "one call, with all that is known of it",
        "webhooks": "what others were told, and what waits for them",
    },
    "Over HTTP": {
        "serve": "the routes of both guides, as a service",
        "tokens": "who may use them",
    },
    "Look after it": {
        "health": "is all well? for monitors",
        "metrics": "the same and more, for Prometheus",
        "db": "back up, check, migrate, prune, vacuum",
    },
    "Help": {
        "help": "a command or a topic: exit-codes, environment, files, ...",
        "man": "manual pages",
        "completion": "what makes Tab work in bash, zsh and fish",
    },
}
"""Every command by what it is for, in a few words: a newcomer reads this first."""

_WIDEST_NAME = max(len(name) for commands in OVERVIEW.values() for name in commands)


def page(it: Command, width: int) -> str:
    """Write the help of a command for a window of `width` columns."""
    width = max(pages.LEAST_WIDTH, min(width, pages.WIDEST))
    start = f"Usage: {it.name} "
    usage = pages.fill(it.usage, width, " " * (len(start) if len(start) < width // 2 else 4), first=start)
    about = pages.blocks([Paragraph(each) for each in it.about], width)
    return "\n".join(["\n".join(usage) + "\n", about, pages.text(_sections(it), width)])


def _sections(it: Command) -> Sequence[Section]:
    found: list[Section] = []
    if it.examples:
        found.append(Section("Examples", [Lines(it.examples)]))
    found.extend(contents(it))
    if it.arguments:
        found.append(Section("Arguments", [Terms([(each.metavar, each.help) for each in it.arguments])]))
    found.extend(options(it))
    return found


def options(it: Command) -> Sequence[Section]:
    """Return a command's own options, and behind them those that every command takes."""
    own = [(each.usage, each.said) for each in it.options if not each.shared]
    shared = [(each.usage, each.said) for each in it.options if each.shared]
    heading = "Options of every command" if own else "Options"
    return [Section(title, [Terms(rows)]) for title, rows in (("Options", own), (heading, shared)) if rows]


def in_few_words(it: Command) -> str:
    """Return what a command is for, for a list."""
    told = {name: about for commands in OVERVIEW.values() for name, about in commands.items()}
    return told.get(it.path[-1], it.summary) if len(it.path) == 2 else it.summary


def contents(it: Command) -> Sequence[Section]:
    """Return what is in a group, by what it is for."""
    if len(it.path) > 1:
        rows = [(each.path[-1], each.summary) for each in it.commands]
        return [Section("Commands", [Terms(rows)])] if rows else []
    return [
        Section(heading, [Terms(list(commands.items()), widest=_WIDEST_NAME)])
        for heading, commands in OVERVIEW.items()
    ]
