"""How is an answer typed? With the keys that move and delete, where Python has them; nothing of it is kept."""

from __future__ import annotations

import select
import sys

from hyponema_cli.cli import output


def line(prompt: str) -> str:
    """Show a prompt and return the line that is typed behind it. Raises KeyboardInterrupt at the end of the input."""
    if _can_be_edited():
        try:
            # It writes the prompt itself, to know in which column the answer begins.
            return input(output.as_shown(prompt, sys.stdout.encoding))
        except EOFError:
            raise KeyboardInterrupt from None
    output.prompt(prompt)
    typed = sys.stdin.readline()
    if not typed:
        raise KeyboardInterrupt  # Ctrl-D
    return typed.rstrip("\n")


def _can_be_edited() -> bool:
    """True where a line can be edited: it is drawn on stdout, so that has to be the terminal, too."""
    if not output.for_people() or _is_typed_ahead():
        return False
    try:
        import readline
    except ImportError:  # not every Python is built with it
        return False
    readline.set_auto_history(False)
    return True


def _is_typed_ahead() -> bool:
    """True when something was typed before it was asked for: the terminal has read its Ctrl-D and rubouts."""
    return bool(select.select([sys.stdin], [], [], 0)[0])
