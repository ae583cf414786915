"""hyp carriers: what rings phones."""

from __future__ import annotations

from hyponema_cli import carriers
from hyponema_cli.cli.command import Session, command, group
from hyponema_cli.render.tables import Column

app = group("The carriers that are installed.")


@command(app, "list")
def list_(session: Session) -> None:
    """List the carriers that numbers can be added on.

    \b
    Examples:
      hyp carriers list
    """
    session.show(
        carriers.names(),
        [Column[str]("name", lambda name: name)],
        lambda name: {"name": name},
        "No carriers installed.",
    )
