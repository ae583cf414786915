"""Type checkers know the library as its users see it."""

from __future__ import annotations

from pathlib import Path

from mypy import api

TYPED = Path(__file__).with_name("typed_usage.py")


def test_a_strict_checker_takes_what_is_right_and_finds_what_is_wrong() -> None:
    said, trouble, code = api.run(["--strict", "--no-namespace-packages", str(TYPED)])
    assert (code, trouble) == (0, ""), said
