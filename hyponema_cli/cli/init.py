"""hyp init: make a workspace."""

from __future__ import annotations

from hyponema_cli.cli import output
from hyponema_cli.cli.command import Session, command, single

app = single()


@command(app, "init")
def init(session: Session) -> None:
    """Make the workspace file. Safe to repeat.

    \b
    Examples:
      hyp init
      hyp --workspace dev init  # another one, for trying things
      hyp --db ./calls.db init  # a file of your own
    """
    from hyponema_cli import zonedata
    from hyponema_cli.store import create, settings

    store, is_new = create(session.path())
    with store.transaction():
        if is_new:
            settings.put_zone_edition(store, zonedata.version())
    store.close()
    path = str(session.path())
    if is_new:
        sentence = (
            f"Created {path}.\n"
            "Calls are simulated until you arm it: hyp config set live true\n"
            'Next: hyp agents add "Check-in" --id agent-123'
        )
    else:
        sentence = f"{path} is there already; nothing was changed."
    output.say_lines(sentence)
    if session.json:
        session.show_one([], {"path": path, "created": is_new})
