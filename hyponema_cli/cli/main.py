"""The program: finds the command, runs it, and turns what went wrong into words and an exit code.

Commands are imported when they are called: `hyp tick` runs every minute and pays for nothing else.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Annotated, Any

import typer

from hyponema_cli import __version__
from hyponema_cli.cli import output
from hyponema_cli.cli.command import BEHIND, take_shared
from hyponema_cli.cli.exits import BY_KIND, Exit
from hyponema_cli.cli.plain import Group
from hyponema_cli.core.errors import HypError, nearest

COMMANDS = {
    "init": "init",
    "demo": "demo",
    "doctor": "doctor",
    "health": "health",
    "metrics": "metrics",
    "report": "report",
    "agents": "agents",
    "users": "users",
    "numbers": "numbers",
    "carriers": "carriers",
    "schedules": "schedules",
    "occurrences": "occurrences",
    "why": "why",
    "simulate": "simulate",
    "tick": "tick",
    "run-worker": "worker",
    "serve": "serve",
    "history": "history",
    "calls": "calls",
    "reconcile": "reconcile",
    "sessions": "sessions",
    "tools": "tools",
    "mcp": "mcp",
    "promises": "promises",
    "suppressions": "suppressions",
    "webhooks": "webhooks",
    "tokens": "tokens",
    "config": "config",
    "db": "db",
    "setup": "setup",
    "help": "help",
    "man": "man",
    "completion": "completion",
}
"""Each command and the module of this folder that holds it. `hyp --help` has them by their use: see `usage.py`."""


class _LazyCommands(dict[str, Any]):
    """The commands by name; each is imported when it is looked at."""

    def __init__(self) -> None:
        super().__init__(dict.fromkeys(COMMANDS))

    def __getitem__(self, name: str) -> Any:
        app = import_module(f"hyponema_cli.cli.{COMMANDS[name]}").app
        loaded = typer.main.get_command(app)
        loaded.name = name
        return loaded

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in self else default  # noqa: SIM401 - this is the get of that mapping

    def items(self) -> Any:
        return ((name, self[name]) for name in self)

    def values(self) -> Any:
        return (self[name] for name in self)

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)


class _Root(Group):
    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = _LazyCommands()

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)


def _show_version(wanted: bool) -> None:
    if wanted:
        output.data(f"hyp {__version__}\n")
        raise typer.Exit


app = typer.Typer(
    cls=_Root,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Scheduled phone calls for voice agents: at the right local time, dialled exactly once, explained.",
    add_completion=False,  # Typer's own; ours is quicker, knows names, and is safe with them: see `completion.py`
)


@app.callback()
def root(
    context: typer.Context,
    db: Annotated[str | None, typer.Option("--db", metavar="PATH", help="The workspace file. [env: HYP_DB]")] = None,
    workspace: Annotated[
        str | None, typer.Option("--workspace", "-w", metavar="NAME", help="A named workspace. [env: HYP_WORKSPACE]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
    no_input: Annotated[bool, typer.Option("--no-input", help="Ask nothing. [env: HYP_NO_INPUT]")] = False,
    version: Annotated[
        bool,
        typer.Option("--version", "-V", help="Show the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Take the shared options that stand before the command."""
    take_shared(context, db=db, workspace=workspace, as_json=as_json, no_input=no_input)


def root_command() -> Any:
    """Return the whole program as Typer runs it."""
    return typer.main.get_command(app)


def main(arguments: list[str] | None = None) -> int:
    """Run hyp; return its exit code."""
    words = _joined(sys.argv[1:] if arguments is None else arguments)
    try:
        outcome = root_command().main(args=words, prog_name="hyp", standalone_mode=False)
        output.flush()
        if outcome == Exit.INTERRUPTED and output.is_attended():
            output.say("")  # the line holds a question, or the terminal's ^C: the shell wants one of its own
        return Exit(outcome) if isinstance(outcome, int) else Exit.OK
    except output.ReaderGone:
        return Exit.BROKEN_PIPE
    except HypError as error:
        if os.environ.get("HYP_DEBUG") and error.__cause__ is not None:
            # A plugin's own fault: its author wants to see where.
            from traceback import format_exception

            output.say_lines("".join(format_exception(error.__cause__)))
        return _report(error.kind, BY_KIND[error.kind], error.message, error.hint, words)
    except SystemExit as ending:
        # Typer's own way out of writing help to somebody who has gone.
        return Exit.BROKEN_PIPE if ending.code == 1 else Exit.USAGE
    except (typer.Abort, KeyboardInterrupt):
        output.say("hyp: interrupted")
        return Exit.INTERRUPTED
    except Exception as error:
        return _report_other(error, words)


def _joined(words: list[str]) -> list[str]:
    """Let `--on-doubt redial-after 10m` be typed without quotes: an option takes one word, and this value is two."""
    for index, word in enumerate(words[:-2]):
        if word == "--on-doubt" and words[index + 1].startswith("redial") and " " not in words[index + 1]:
            return [*words[: index + 1], " ".join(words[index + 1 : index + 3]), *words[index + 3 :]]
    return words


def _report_other(error: Exception, words: list[str]) -> int:
    """Sort what is left: a wrong word on the command line, SQLite's own trouble, or a bug."""
    if hasattr(error, "exit_code") and hasattr(error, "format_message"):
        return _report_usage(error, words)
    if type(error).__module__ == "sqlite3" and type(error).__name__ in ("OperationalError", "DatabaseError"):
        from hyponema_cli.store import as_hyp_error

        known = as_hyp_error(error)  # type: ignore[arg-type]
        return _report(known.kind, BY_KIND[known.kind], known.message, known.hint, words)
    if isinstance(error, UnicodeEncodeError):
        message = f"{error.object[: error.end]!r} holds bytes that are not UTF-8"
        return _report("usage", Exit.USAGE, message, "check the encoding of what was typed or read", words)
    if isinstance(error, OSError) and error.filename is None:
        # A stream, then, and not a file: help that could not be written.
        gone = output.cannot_leave(error)
        if isinstance(gone, output.ReaderGone):
            return Exit.BROKEN_PIPE
        return _report(gone.kind, Exit.FAILED, gone.message, gone.hint, words)
    if isinstance(error, OSError):
        message = f"{error.filename}: {error.strerror}"
        return _report("failed", Exit.FAILED, message, "check the path, its owner and its mode", words)
    if os.environ.get("HYP_DEBUG"):
        raise error
    message = f"this is a bug in hyp: {type(error).__name__}: {error}"
    return _report(
        "internal", Exit.INTERNAL, message, "run it again with HYP_DEBUG=1 and report what it prints", words
    )


def _clipped(text: str) -> str:
    """Keep the begin and the end of what would fill the window: the value that was typed may be a whole file."""
    return text if len(text) <= LONGEST_MESSAGE else f"{text[: LONGEST_MESSAGE // 2]} … {text[-200:]}"


def _report_usage(error: Any, words: list[str]) -> int:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "hyp"
    if type(error).__name__ == "NoArgsIsHelpError":
        output.say_lines(error.format_message())
        return Exit.USAGE
    message = error.format_message().strip().rstrip(".")
    hint = f"{path} --help"
    if type(error).__name__ == "NoSuchOption":
        known = [name for each in context.command.get_params(context) for name in each.opts] if context else []
        match = nearest(error.option_name, [name for name in known if name.startswith("-")])
        message = f"no such option {error.option_name!r}"
        hint = f"did you mean {match}?" if match else hint
        if context is not None and hasattr(context.command, "commands") and error.option_name in BEHIND:
            message = f"{error.option_name} stands before the command"
            hint = f"put it behind: {_with_option_behind(error.option_name, words)}"
    if message.startswith("Got unexpected extra argument"):
        message = message[:200]
        hint = "put what holds blanks or stars in quotes, as in --cron '0 9 * * MON'; " + hint
    return _report("usage", Exit.USAGE, message[:1].lower() + message[1:], hint, words)


def _with_option_behind(option: str, words: list[str]) -> str:
    """Return what was typed, with an option at its end that stood too early.

    >>> _with_option_behind("--limit", ["--limit", "5", "--db", "a b.db", "users", "list"])
    "hyp --db 'a b.db' users list --limit 5"
    """
    import shlex

    at = next((index for index, word in enumerate(words) if word.partition("=")[0] == option), None)
    if at is None or "--" in words:
        return f"hyp COMMAND {option}"
    behind = at + (2 if BEHIND[option] and "=" not in words[at] else 1)
    rest = [*words[:at], *words[behind:]]
    return shlex.join(["hyp", *(rest or ["COMMAND"]), *words[at:behind]])


LONGEST_MESSAGE = 1_000


def _report(kind: str, code: Exit, message: str, hint: str | None, words: list[str]) -> int:
    message, hint = _clipped(message), hint and _clipped(hint)
    if "--json" in words or "--jsonl" in words:
        from hyponema_cli.render.json import document

        said = {"error": {"kind": kind, "code": int(code), "message": message, "hint": hint}}
        output.say_lines(document(said))
        return code
    output.say(f"hyp: error: {message}")
    if hint:
        output.say(f"hint: {hint}")
    return code
