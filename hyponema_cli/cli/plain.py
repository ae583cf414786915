"""What does Typer leave to us? How `--help` looks, and what is said of a command that there is not.

Help is plain text in the window's width, from the same values as the manual. No boxes, no markup, no colour: it can
be searched, piped and read aloud, and nothing in it can fool a terminal.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from typer.core import TyperCommand, TyperGroup

from hyponema_cli.core.errors import InvalidInput, nearest


class Leaf(TyperCommand):
    """A command that writes its own help."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """Read what was typed behind it."""
        with _named(ctx):
            return super().parse_args(ctx, args)

    def get_help(self, ctx: Any) -> str:
        """Return the help page."""
        return _help(self, ctx)


class Group(TyperGroup):
    """A group of commands that writes its own help."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """Read what was typed behind it."""
        with _named(ctx):
            return super().parse_args(ctx, args)

    def get_help(self, ctx: Any) -> str:
        """Return the help page."""
        return _help(self, ctx)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that the first word names; raises InvalidInput with the nearest."""
        if args[0] not in self.commands:
            match = nearest(args[0], self.commands)
            raise InvalidInput(
                f"no such command {args[0]!r}",
                hint=f"did you mean {ctx.command_path} {match}?" if match else f"{ctx.command_path} --help",
            )
        return super().resolve_command(ctx, args)


@contextmanager
def _named(context: Any) -> Iterator[None]:
    """Let an error say in which command it was made; of an option without its value Typer does not."""
    try:
        yield
    except Exception as error:
        if getattr(error, "ctx", context) is None:
            error.ctx = context  # type: ignore[attr-defined]
        raise


def _help(command: Any, context: Any) -> str:
    from hyponema_cli.cli import output, usage
    from hyponema_cli.cli.tree import read

    path = context.command_path.split()
    # What is in the whole program is told by `usage` in fewer words, and without importing it.
    return usage.page(read(command, path, inside=len(path) > 1), output.width()).rstrip("\n")
