"""What makes Tab work? A script for each shell, written from the tree of commands."""

from __future__ import annotations

from collections.abc import Callable

from hyponema_cli.cli.shells import bash, fish, zsh
from hyponema_cli.cli.shells.spots import Spot

SHELLS: dict[str, tuple[str, Callable[[list[Spot]], str]]] = {
    "bash": ("hyp.bash", bash.script),
    "zsh": ("_hyp", zsh.script),
    "fish": ("hyp.fish", fish.script),
}
"""Each shell, what its script is called, and who writes it."""

OTHER_NAME = {
    "hyponema.bash": '# The same program under its other name.\n. "${BASH_SOURCE[0]%/*}/hyp"\n',
    "hyponema.fish": "# The same program under its other name.\ncomplete -c hyponema -w hyp\n",
}
"""What bash and fish look for when `hyponema` is completed; zsh reads in `_hyp` that it is for both."""


def script(shell: str) -> str:
    """Return the script for a shell."""
    from hyponema_cli.cli import tree
    from hyponema_cli.cli.shells.spots import spots

    return SHELLS[shell][1](spots(tree.whole()))
