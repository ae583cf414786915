"""`python -m hyponema_cli`, and what the scripts `hyp` and `hyponema` call."""

from __future__ import annotations

import sys

from hyponema_cli.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
