from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A small world that begins on Monday 2 March 2026 at 09:00 in Madrid."""
    made = World(tmp_path)
    yield made
    made.close()
