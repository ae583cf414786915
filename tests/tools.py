"""Other people's programs that tests need. Where they may be missing, a test says so; in CI none is missing."""

from __future__ import annotations

import os
import shutil

import pytest


def needed(program: str) -> str:
    """Return the path of a program; skip the test where there is none, but fail it in CI, which installs them all."""
    path = shutil.which(program)
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"there is no {program} here")
    return path
