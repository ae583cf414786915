"""`python -m hyponema_cli`, and what the scripts `hyp` and `hyponema` call."""

from __future__ import annotations

import sys


def main() -> int:
    """Run hyp, or answer the completion of a shell, which must not wait for all of it to be imported."""
    if sys.argv[1:2] == ["_complete"]:
        from hyponema_cli.cli.complete import main as complete

        return complete(sys.argv[2:])
    from hyponema_cli.cli.main import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
