"""What does an idle pass load? Cron starts one every minute, on machines that do other work."""

from __future__ import annotations

import subprocess
import sys

from tests.cli.conftest import Hyp

LOADED = """
import sys
from hyponema_cli.cli.main import main

code = main(["tick"])
print(*sorted(name for name in sys.modules if not name.startswith("_")))
sys.exit(code)
"""


def test_an_idle_tick_loads_neither_the_engine_nor_what_only_the_engine_needs(hyp: Hyp) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED], env=hyp.env, cwd=hyp.home, capture_output=True, text=True, check=True
    )
    loaded = done.stdout.split()
    heavy = {"rich", "sqlite_utils", "apscheduler", "twilio", "croniter", "dateutil", "phonenumbers", "decimal"}
    assert heavy.isdisjoint(name.partition(".")[0] for name in loaded)
    rooms = ("hyponema_cli.engine", "hyponema_cli.carriers", "hyponema_cli.service")
    assert [name for name in loaded if name.startswith(rooms)] == []
    # What the core works with takes longer to load than the whole question takes to answer.
    assert [name for name in loaded if name.startswith("hyponema_cli.core.")] == [
        "hyponema_cli.core.errors",
        "hyponema_cli.core.instant",
    ]
