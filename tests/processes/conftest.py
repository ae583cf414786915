"""Real processes, real signals, real files: what a cron job, a service and a machine in trouble do to `hyp`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Hyp, bare_hyp, furnished, hyp
from tests.processes.agenda import Agenda, Draft, draft

__all__ = ["agenda", "bare_hyp", "furnished", "hyp"]


@pytest.fixture(scope="session")
def called_before(furnished: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Draft]:
    """A workspace that has called Ana, so that its carrier has a file too; and the row of a due schedule."""
    home = tmp_path_factory.mktemp("called-before")
    made = Hyp(home, {"HOME": str(home), "XDG_DATA_HOME": str(home / "data"), "PATH": os.environ["PATH"]})
    made.db.parent.mkdir(parents=True)
    shutil.copy(furnished, made.db)
    made.ok("config", "set", "timezone", "Europe/Madrid")
    made.ok("schedules", "add", "--at", "now")
    made.ok("tick")
    return made.db, draft(made, "--at", "now")


@pytest.fixture
def agenda(bare_hyp: Hyp, called_before: tuple[Path, Draft]) -> Agenda:
    """A workspace that has called before, with nothing due."""
    db, once = called_before
    shutil.copytree(db.parent, bare_hyp.db.parent)
    return Agenda(bare_hyp, once)
