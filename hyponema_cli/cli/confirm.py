"""May it be done? Asked of a person at a terminal, before what cannot be undone; of nobody else."""

from __future__ import annotations

from hyponema_cli.cli import answer, output
from hyponema_cli.cli.command import Session
from hyponema_cli.core.errors import InvalidInput


def refuse_unattended(session: Session, *, yes: bool) -> None:
    """Raise InvalidInput unless `--yes` was said or there is somebody to ask; before any work is done."""
    if yes or session.is_attended:
        return
    raise InvalidInput(
        "this cannot be undone, and nobody is there to be asked",
        hint="see what it would do: --dry-run; then say --yes",
    )


def confirm(question: str, *, yes: bool, usual: str = "n") -> None:
    """Ask; raises Failed when the answer is no. `usual`, y or n, is what Return alone says."""
    if yes:
        return
    typed = answer.line(f"{question} [{'Y/n' if usual == 'y' else 'y/N'}] ")
    if (typed.strip().casefold() or usual) not in ("y", "yes"):
        raise output.Failed("nothing was changed")
