"""What can be typed? The commands of hyp with their arguments and options, read from what Typer runs.

Help, the manual, completion and `hyp help --json` are all written from these values, so that they cannot disagree.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hyponema_cli.cli.command import SHARED

_TAIL = re.compile(r"\s*\[((?:default: |env: |env var: |required)[^\[\]]*)\]\s*$")
"""What Typer, or the text itself, says of an option in brackets at the end."""
_EXAMPLES = "Examples:"


@dataclass(frozen=True, slots=True)
class Argument:
    """A word that a command takes by its place."""

    metavar: str
    help: str
    required: bool
    repeatable: bool

    @property
    def usage(self) -> str:
        """Return it as it stands in a usage line."""
        name = self.metavar + ("..." if self.repeatable and not self.metavar.endswith("...") else "")
        return name if self.required else f"[{name}]"


@dataclass(frozen=True, slots=True)
class Option:
    """A word that begins with a dash, and its value if it takes one."""

    names: tuple[str, ...]
    """The short one first."""
    metavar: str | None
    """None for a switch."""
    values: int
    """How many words follow it."""
    help: str
    default: str | None
    environment: str | None
    required: bool
    repeatable: bool
    shared: bool
    """True for what every command takes."""

    @property
    def usage(self) -> str:
        """Return its names and what follows them."""
        names = ", ".join(self.names)
        return f"{names} {self.metavar}" if self.metavar else names

    @property
    def said(self) -> str:
        """Return all that is to be said of it."""
        marks = ["required"] if self.required else []
        marks += [f"default: {self.default}"] if self.default else []
        marks += [f"env: {self.environment}"] if self.environment else []
        return " ".join([self.help, *(f"[{mark}]" for mark in marks)])


@dataclass(frozen=True, slots=True)
class Command:
    """A command, or a group of commands."""

    path: tuple[str, ...]
    """From `hyp` on."""
    about: tuple[str, ...]
    """Paragraphs."""
    examples: tuple[str, ...]
    arguments: tuple[Argument, ...]
    options: tuple[Option, ...]
    is_group: bool
    commands: tuple[Command, ...]
    """What is in a group, if that was asked for; nothing in a leaf."""

    @property
    def name(self) -> str:
        """Return what is typed for it."""
        return " ".join(self.path)

    @property
    def summary(self) -> str:
        """Return its first sentence, without the full stop."""
        first, _, _ = f"{self.about[0]} ".partition(". ")
        return first.strip().rstrip(".")

    @property
    def usage(self) -> str:
        """Return what stands behind its name in a usage line."""
        words = ["[OPTIONS]", *(each.usage for each in self.arguments)]
        return " ".join([*words, "COMMAND ..."] if self.is_group else words)

    def walk(self) -> Iterator[Command]:
        """Yield it and all that is in it."""
        yield self
        for each in self.commands:
            yield from each.walk()


def whole() -> Command:
    """Return hyp, with everything that is in it. Imports every command."""
    from hyponema_cli.cli.main import root_command

    return read(root_command(), ("hyp",))


def read(loaded: Any, path: Sequence[str], *, inside: bool = True) -> Command:
    """Return the command that Typer has loaded, as a value; with what is in it, if it is a group."""
    context = loaded.context_class(loaded, info_name=path[-1], **loaded.context_settings)
    parameters = [each for each in loaded.get_params(context) if not getattr(each, "hidden", False)]
    about, examples = _paragraphs(loaded.help or "")
    commands: Mapping[str, Any] | None = getattr(loaded, "commands", None)
    within = (commands or {}).items() if inside else ()
    return Command(
        path=tuple(path),
        about=about,
        examples=examples,
        arguments=tuple(_argument(each, context) for each in parameters if each.param_type_name == "argument"),
        options=tuple(_option(each, context) for each in parameters if each.param_type_name == "option"),
        is_group=commands is not None,
        commands=tuple(read(each, (*path, name)) for name, each in within if not each.hidden),
    )


def as_document(it: Command) -> dict[str, Any]:
    """Return a command as JSON has it."""
    return {
        "name": it.name,
        "summary": it.summary,
        "description": list(it.about),
        "usage": f"{it.name} {it.usage}",
        "arguments": [
            {
                "metavar": each.metavar,
                "help": each.help,
                "required": each.required,
                "repeatable": each.repeatable,
            }
            for each in it.arguments
        ],
        "options": [
            {
                "names": list(each.names),
                "metavar": each.metavar,
                "help": each.help,
                "required": each.required,
                "repeatable": each.repeatable,
                "default": each.default,
                "environment": each.environment,
            }
            for each in it.options
        ],
        "examples": list(it.examples),
        "commands": [as_document(each) for each in it.commands],
    }


def _paragraphs(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    r"""Return the paragraphs of a docstring, and the lines of its examples; `\b` marks what keeps its lines."""
    about: list[str] = []
    examples: list[str] = []
    for block in re.split(r"\n\s*\n", inspect.cleandoc(text)):
        lines = [line for line in block.splitlines() if line.strip() != "\b"]
        if lines and lines[0].strip() == _EXAMPLES:
            examples += [line.strip() for line in lines[1:]]
        elif lines:
            about.append(" ".join(line.strip() for line in lines))
    return tuple(about), tuple(examples)


def _argument(it: Any, context: Any) -> Argument:
    metavar = it.make_metavar(context).strip("[]")
    repeatable = it.nargs != 1 or metavar.endswith("...")
    name = metavar.removesuffix("...")
    if it.metavar is None:
        name = it.name.upper()
    return Argument(name, _without_marks(it.help or "")[0], it.required, repeatable)


def _option(it: Any, context: Any) -> Option:
    said = "Show this page." if it.name == "help" else it.get_help_record(context)[1]
    text, marks = _without_marks(said)
    metavar = None
    if not it.is_flag:
        # Where nobody has named the value: as in `--limit N`, `--id ID`.
        metavar = it.metavar or ("N" if it.type.name == "int" else it.opts[0].lstrip("-").upper())
    return Option(
        # Typer gives those of --help in no order.
        names=tuple(sorted(it.opts, key=len)),
        metavar=metavar,
        values=0 if it.is_flag else it.nargs,
        help=text,
        default=marks.get("default"),
        environment=marks.get("env") or marks.get("env var"),
        required=it.required,
        repeatable=it.multiple,
        shared=it.name in SHARED or it.name == "help",
    )


def _without_marks(text: str) -> tuple[str, dict[str, str]]:
    """Take what stands in brackets at the end of a help text off it.

    >>> _without_marks("How many; 0 is all.  [default: 50]")
    ('How many; 0 is all.', {'default': '50'})
    """
    marks: dict[str, str] = {}
    while (found := _TAIL.search(text)) is not None:
        for mark in found[1].split("; "):
            name, _, value = mark.partition(": ")
            marks[name] = value
        text = text[: found.start()]
    return text.strip(), marks
