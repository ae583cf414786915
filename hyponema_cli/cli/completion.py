"""hyp completion: what makes Tab complete commands, options, ids and names in bash, zsh and fish."""

from __future__ import annotations

from typing import Annotated

import typer

from hyponema_cli.cli import output
from hyponema_cli.cli.command import Session, command, single
from hyponema_cli.core.errors import InvalidInput, suggestion
from hyponema_cli.render import json

app = single()


@command(app, "completion")
def completion(
    session: Session,
    shell: Annotated[str, typer.Argument(metavar="bash|zsh|fish", help="Which shell.", show_default=False)],
) -> None:
    """Print the completion script of a shell. A package of hyp brings them along; pip's goes where the shells look.

    Names and ids are looked up in the workspace that the line names, or the environment of the shell; nothing is
    written there, and nothing is waited for.

    \b
    Examples:
      d=~/.local/share/bash-completion/completions; mkdir -p $d && hyp completion bash > $d/hyp
      mkdir -p ~/.zfunc && hyp completion zsh > ~/.zfunc/_hyp  # with fpath+=~/.zfunc before compinit in ~/.zshrc
      mkdir -p ~/.config/fish/completions && hyp completion fish > ~/.config/fish/completions/hyp.fish
      source <(hyp completion bash)  # for this shell only; zsh takes it, too
    """
    from hyponema_cli.cli.shells import SHELLS, script

    if shell not in SHELLS:
        raise InvalidInput(f"shell {shell!r} is not known", hint=suggestion(shell, SHELLS))
    text = script(shell)
    output.data(json.document({"shell": shell, "script": text}) + "\n" if session.json else text)
