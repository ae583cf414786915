"""hyp help: what a command does, and what holds for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from hyponema_cli import __version__
from hyponema_cli.cli import output, topics, tree, usage
from hyponema_cli.cli.command import Session, command, single
from hyponema_cli.cli.exits import MEANINGS
from hyponema_cli.cli.main import root_command
from hyponema_cli.core.errors import InvalidInput, nearest
from hyponema_cli.render import json
from hyponema_cli.render import page as pages
from hyponema_cli.render.page import Section

app = single()


@command(app, "help")
def help_(
    session: Session,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="COMMAND...|TOPIC", help="A command, or a topic.", show_default=False),
    ] = None,
) -> None:
    """Tell what a command does, or one of the topics: exit-codes, environment, files, formatting, times.

    With --json it is the whole tree: every command with its arguments, options and examples.

    \b
    Examples:
      hyp help
      hyp help schedules add
      hyp help times
      hyp help --json | jq -r '.commands[].name'
    """
    asked = tuple(words or ())
    if asked and asked[0] in topics.TOPICS and len(asked) == 1:
        heading, said = topics.TOPICS[asked[0]]
        text = pages.text([Section(heading, said())], output.width())
        output.data(json.document({"topic": asked[0], "text": text}) + "\n" if session.json else text)
        return
    found = tree.read(find(asked, besides=list(topics.TOPICS)), ("hyp", *asked), inside=session.json or bool(asked))
    if session.json:
        document = tree.as_document(found)
        if not asked:
            document = {"version": __version__, **document, "topics": list(topics.TOPICS), **_tables()}
        output.data(json.document(document) + "\n")
    else:
        output.data(usage.page(found, output.width()))


def find(words: Sequence[str], asked_by: str = "help", besides: Sequence[str] = ()) -> Any:
    """Return the command of these words; raises InvalidInput with the nearest for any other word.

    `besides` is what may be asked for as well as a command.
    """
    found = root_command()
    for index, word in enumerate(words):
        known = getattr(found, "commands", {})  # imports what is looked up, and nothing else
        if word not in known:
            before = " ".join(["hyp", asked_by, *words[:index]])
            choices = [*known, *(besides if index == 0 else ())]
            match = nearest(word, choices)
            raise InvalidInput(
                f"there is no help on {' '.join(words[: index + 1])!r}",
                hint=f"did you mean {before} {match}?" if match else before,
            )
        found = known[word]
    return found


def _tables() -> dict[str, Any]:
    """Return what the manual says besides, for whoever writes a manual of their own."""
    return {
        "exit_codes": {str(int(code)): meaning for code, meaning in MEANINGS.items()},
        "environment": topics.ENVIRONMENT,
        "files": topics.FILES,
    }
